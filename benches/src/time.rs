//! The one place here that asks the system how late it is.

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
    #[allow(clippy::disallowed_methods, reason = "measuring is about the system's time, not the engine's")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// How long ago that was.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
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
