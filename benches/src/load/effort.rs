//! What a piece of work has cost: the server's CPU, the load's own, and time.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::cpu::Cpu;
use super::fault::Fault;
use super::target::Target;
use crate::Watch;

/// A measurement that has begun.
#[derive(Debug)]
pub(super) struct Begun {
    server: Cpu,
    load: Duration,
    watch: Watch,
}

/// What was used between beginning and end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// By all threads of the server.
    pub(super) server: Duration,
    /// By this process, which must not be what everything waits for.
    pub(super) load: Duration,
    /// By the clock on the wall.
    pub(super) wall: Duration,
}

impl Begun {
    pub(super) fn now(target: &Target) -> Result<Self, Fault> {
        Ok(Self { server: Cpu::of(target.pid)?, load: own_cpu(), watch: Watch::start() })
    }

    /// How long ago that was.
    pub(super) fn elapsed(&self) -> Duration {
        self.watch.elapsed()
    }

    /// Ends the measurement. The wall's clock was stopped before: by then all had arrived.
    pub(super) fn end(
        &self,
        target: &Target,
        wall: Duration,
        load: Duration,
    ) -> Result<Effort, Fault> {
        let server = Cpu::of(target.pid)?.since(&self.server);
        Ok(Effort { server, load: load.saturating_sub(self.load), wall })
    }

    /// The same, now.
    pub(super) fn end_now(&self, target: &Target) -> Result<Effort, Fault> {
        self.end(target, self.elapsed(), own_cpu())
    }
}

impl Effort {
    /// The server's CPU for each of so many, in microseconds.
    pub(super) fn each(&self, count: u64) -> f64 {
        per(self.server.as_secs_f64() * 1e6, count)
    }

    /// Of one core, how much this process has used.
    pub(super) fn load_share(&self) -> f64 {
        self.load.as_secs_f64() / self.wall.as_secs_f64().max(1e-9)
    }
}

/// A part, and nothing of nothing.
pub(super) fn per(what: f64, count: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count that long would take years")]
    let count = count as f64;
    if count > 0.0 { what / count } else { 0.0 }
}

pub(super) fn own_cpu() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_parts() {
        let effort = Effort {
            server: Duration::from_millis(2),
            load: Duration::from_millis(250),
            wall: Duration::from_secs(1),
        };
        assert!(
            (effort.each(1_000) - 2.0).abs() < 1e-9 && (effort.load_share() - 0.25).abs() < 1e-9
        );
        assert_eq!(per(1.0, 0), 0.0);
    }

    #[test]
    fn own_work_shows() {
        let before = own_cpu();
        let mut sum = 0_u64;
        while own_cpu() - before < Duration::from_micros(100) {
            sum = (0..1_000).fold(sum, |sum, number| sum.wrapping_mul(31).wrapping_add(number));
        }
        assert!(std::hint::black_box(sum) != 1);
    }
}
