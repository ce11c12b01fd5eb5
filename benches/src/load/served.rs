//! A server under test as it is talked to: its processes and its dialect.

use std::time::Duration;

use super::cpu::Cpu;
use super::dialect::Dialect;
use super::effort::{Begun, Effort, own_cpu};
use super::fault::Fault;
use super::memory::Memory;
use super::target::Target;

/// A server with the store that it stands on, if that is a process of its own. What the store uses is a part of what the
/// server costs.
#[derive(Debug)]
pub struct Served {
    /// The server.
    pub target: Target,
    /// Its store.
    pub store: Option<Target>,
    /// What it is spoken to in.
    pub dialect: Dialect,
}

/// A measurement that has begun.
#[derive(Debug)]
pub(super) struct Spending {
    begun: Begun,
    store: Option<Cpu>,
}

/// What was used until its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spent {
    /// By both, as the server's; by the load; and time.
    pub(super) all: Effort,
    /// By the store alone.
    pub(super) store: Option<Duration>,
}

impl Served {
    /// One that stands on itself.
    #[must_use]
    pub fn alone(target: Target, dialect: Dialect) -> Self {
        Self { target, store: None, dialect }
    }

    /// Ends both, the server first.
    ///
    /// # Errors
    /// Where one of them has ended by itself before, or does not end as it should.
    pub fn stop(self) -> Result<(), Fault> {
        self.target.stop()?;
        self.store.map_or(Ok(()), Target::stop)
    }

    /// What both hold in memory.
    pub(super) fn memory(&self) -> Result<Memory, Fault> {
        let own = Memory::of(self.target.pid)?;
        let Some(store) = &self.store else { return Ok(own) };
        let store = Memory::of(store.pid)?;
        Ok(Memory { rss: own.rss + store.rss, pss: own.pss + store.pss })
    }

    /// Begins a measurement.
    pub(super) fn spending(&self) -> Result<Spending, Fault> {
        Ok(Spending { begun: Begun::now(&self.target)?, store: self.store_cpu()? })
    }

    fn store_cpu(&self) -> Result<Option<Cpu>, Fault> {
        self.store.as_ref().map(|store| Cpu::of(store.pid)).transpose()
    }
}

impl Spending {
    /// How long ago it began.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Ends it. The wall's clock was stopped before: by then all had arrived.
    pub(super) fn end(
        &self,
        served: &Served,
        wall: Duration,
        load: Duration,
    ) -> Result<Spent, Fault> {
        let mut all = self.begun.end(&served.target, wall, load)?;
        let store = served.store_cpu()?.zip(self.store.as_ref());
        let store = store.map(|(now, before)| now.since(before));
        all.server += store.unwrap_or_default();
        Ok(Spent { all, store })
    }

    /// The same, now.
    pub(super) fn end_now(&self, served: &Served) -> Result<Spent, Fault> {
        self.end(served, self.elapsed(), own_cpu())
    }
}

impl Spent {
    /// The store's CPU for each of so many, in microseconds.
    pub(super) fn store_each(&self, count: u64) -> Option<f64> {
        let store = self.store?;
        Some(Effort { server: store, ..self.all }.each(count))
    }
}
