//! Putting an engine together.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::{Engine, Inner};
use crate::error::Invalid;
use crate::hooks::{HookOptions, Hooks, Observer, ObserverOptions};
use crate::id::PoolName;
use crate::limits::{Limits, StoreOptions};
use crate::memory::MemoryStore;
use crate::room::PolicyDefaults;
use crate::store::Backend;
use crate::time::Clock;

/// What an engine is made of; start with [`Engine::builder`].
///
/// ```
/// # use chat_core::{Engine, Limits};
/// let engine = Engine::builder().with_limits(Limits { body: 4096, ..Limits::default() }).build()?;
/// # Ok::<(), chat_core::Invalid>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct EngineBuilder {
    backend: Option<Backend>,
    store: StoreOptions,
    clock: Clock,
    pub(super) limits: Limits,
    pub(super) policies: PolicyDefaults,
    pub(super) pools: Option<HashSet<PoolName>>,
    pub(super) hooks: Option<(Arc<dyn Hooks>, HookOptions)>,
    pub(super) observer: Option<(Arc<dyn Observer>, ObserverOptions)>,
}

impl EngineBuilder {
    /// Keeps everything in this store. Without it: in this process' memory.
    pub fn with_backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Times and bounds of the store in memory. A store that was given with [`with_backend`](Self::with_backend) has its own.
    pub fn with_store_options(mut self, options: StoreOptions) -> Self {
        self.store = options;
        self
    }

    /// The clock of the store in memory, and the one that [`Engine::pass`] moves.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Bounds of this engine.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What holds in rooms where a spec does not ask for something else.
    pub fn with_policies(mut self, policies: PolicyDefaults) -> Self {
        self.policies = policies;
        self
    }

    /// The pools in which users may look for a partner; in others they are refused. Without it: any, as many as the store
    /// takes ([`StoreOptions::pools`]), which is for hosts that name the pools themselves.
    pub fn with_pools(mut self, pools: impl IntoIterator<Item = PoolName>) -> Self {
        self.pools = Some(pools.into_iter().collect());
        self
    }

    /// The host's say in what users do.
    pub fn with_hooks(mut self, hooks: impl Hooks, options: HookOptions) -> Self {
        self.hooks = Some((Arc::new(hooks), options));
        self
    }

    /// Somebody who wants to know what happened.
    pub fn with_observer(mut self, observer: impl Observer, options: ObserverOptions) -> Self {
        self.observer = Some((Arc::new(observer), options));
        self
    }

    /// Makes the engine. Needs no runtime: its background tasks start with the first
    /// [`connect`](Engine::connect), or with [`start`](Engine::start).
    ///
    /// # Errors
    /// Where a default policy is outside its bounds.
    pub fn build(self) -> Result<Engine, Invalid> {
        for policy in [&self.policies.public, &self.policies.private, &self.policies.pair] {
            policy.check()?;
        }
        Ok(self.make())
    }

    /// Makes the engine, its policies being known to be right.
    pub(super) fn make(mut self) -> Engine {
        let backend = self
            .backend
            .take()
            .unwrap_or_else(|| MemoryStore::backend(self.clock.clone(), self.store.clone()));
        let clock = self.clock.clone();
        Engine::from_inner(Arc::new(Inner::new(backend, clock, self)))
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("backend", &self.backend)
            .field("store", &self.store)
            .field("clock", &self.clock)
            .field("limits", &self.limits)
            .field("policies", &self.policies)
            .field("pools", &self.pools)
            .field("hooks", &self.hooks.is_some())
            .field("observer", &self.observer.is_some())
            .finish()
    }
}
