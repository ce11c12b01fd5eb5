//! Tasks that end with their owner, and the pauses between attempts.

use std::future::Future;
use std::time::Duration;

use tokio::task::AbortHandle;

/// A task that is stopped when this is dropped.
#[derive(Debug)]
pub(crate) struct Task(AbortHandle);

impl Task {
    /// Starts it.
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work).abort_handle())
    }

    /// Stops it.
    pub(crate) fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Pauses that grow, each of a random length, so that those who lost the same server do not come back in step.
#[derive(Debug)]
pub(crate) struct Pauses {
    first: Duration,
    next: Duration,
    most: Duration,
}

impl Pauses {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self { first, next: first, most }
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.most);
        jittered(pause)
    }

    /// Begins anew.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// Between half of this and all of it.
pub(crate) fn jittered(pause: Duration) -> Duration {
    // Without randomness there is no jitter, and nothing worse.
    let part = getrandom::u32().unwrap_or(u32::MAX);
    pause / 2 + (pause / 2).mul_f64(f64::from(part) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_differ() {
        let ms = Duration::from_millis;
        let mut pauses = Pauses::new(ms(10), ms(35));
        for most in [10, 20, 35, 35] {
            let pause = pauses.next();
            assert!(pause >= ms(most) / 2 && pause <= ms(most), "{pause:?}");
        }
        pauses.reset();
        assert!(pauses.next() <= ms(10));
        let lengths: std::collections::BTreeSet<_> = (0..8).map(|_| jittered(ms(1_000))).collect();
        assert!(lengths.len() > 1);
    }
}
