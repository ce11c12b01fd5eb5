//! Stop watches. The one place here that asks the system for the time.

use std::time::Duration;

/// Runs something and says how long it took.
pub fn timed<R>(run: impl FnOnce() -> R) -> (R, Duration) {
    let watch = Watch::start();
    let result = run();
    (result, watch.elapsed())
}

/// A stop watch.
#[derive(Debug, Clone, Copy)]
pub struct Watch(std::time::Instant);

impl Watch {
    /// Starts one.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "measuring is about the system's time, not the engine's"
    )]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// How long ago that was.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The time of day, in Unix milliseconds.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "as above")]
pub fn unix_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// What is added up piece by piece, between pieces of work that are not to be counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span(Duration);

impl Span {
    /// Runs something that counts.
    pub fn add<R>(&mut self, run: impl FnOnce() -> R) -> R {
        let (result, took) = timed(run);
        self.0 += took;
        result
    }

    /// All of it so far.
    #[must_use]
    pub fn total(self) -> Duration {
        self.0
    }
}

/// The CPU time of this process so far, in steps of 10 ms; zero where the system does not tell it this way.
#[must_use]
pub fn cpu_time() -> Duration {
    // Fields 14 and 15, in hundredths of a second; the second field, a name in brackets, may hold anything.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks =
        behind_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}
