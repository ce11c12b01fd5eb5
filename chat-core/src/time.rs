//! Time as a parameter. This is the only file that asks the system for it.
//!
//! A [`Clock`] gives the time that is *stored* (of entries, deadlines, leases). *Waiting* is done in
//! tokio's time, so that tests may pause it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// A moment: milliseconds since 1970, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Later by this much; stays at the end of time rather than passing it.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Earlier by this much.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where the time of what is stored comes from.
#[derive(Clone)]
pub struct Clock(Arc<Source>);

enum Source {
    System(Steady),
    Manual(AtomicU64),
}

impl Clock {
    /// The system's clock. If it is set back, time here goes on at its usual pace from where it was.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Source::System(Steady::default())))
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Arc::new(Source::Manual(AtomicU64::new(start.0))))
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Source::System(steady) => Timestamp(steady.read(wall_millis)),
            Source::Manual(now) => Timestamp(now.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock. The system's clock cannot be moved: nothing happens.
    ///
    /// Whoever moves it by more than half a lease at once looks to the engine like a machine that was
    /// asleep: leases, graces and pending matches are then not judged for one lease. Move it in
    /// small steps, with [`crate::Engine::sweep`] after each, or use [`crate::Engine::pass`].
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &*self.0 {
            now.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
        }
    }

    /// Whether this is a manual clock.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        matches!(&*self.0, Source::Manual(_))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_manual() { "manual" } else { "system" };
        write!(f, "Clock({kind})")
    }
}

#[allow(clippy::disallowed_methods)]
fn wall_millis() -> u64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_1970.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

/// Makes a clock that may be set back into one that is not.
///
/// Every step of a store asks for the time, on all threads: as long as it goes forward no lock is taken.
#[derive(Debug, Default)]
struct Steady {
    /// The latest time that was told.
    last: AtomicU64,
    /// What all steps back so far add up to. Kept for good: without it, an hour's step back would
    /// be an hour in which nothing expires.
    correction: AtomicU64,
    /// Held while a step back is taken up, so that it is once.
    stepping: Mutex<()>,
}

impl Steady {
    fn read(&self, wall: impl Fn() -> u64) -> u64 {
        // The correction comes first: a look at the wall from before a step back, corrected by that step, would be a
        // leap ahead, and for good.
        let correction = self.correction.load(Ordering::Acquire);
        let now = wall().saturating_add(correction);
        let last = self.last.load(Ordering::Acquire);
        if now > last {
            self.last.fetch_max(now, Ordering::AcqRel);
        }
        if now >= last { now } else { self.step_back(wall) }
    }

    /// Somebody was told a later time: by another thread just now, or before the wall was set back.
    #[cold]
    fn step_back(&self, wall: impl Fn() -> u64) -> u64 {
        let _stepping = self.stepping.lock();
        let correction = self.correction.load(Ordering::Acquire);
        let last = self.last.load(Ordering::Acquire);
        let now = wall().saturating_add(correction);
        if now < last {
            self.correction.store(correction + (last - now), Ordering::Release);
            return last;
        }
        self.last.fetch_max(now, Ordering::AcqRel);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_is_taken_up_and_time_goes_on() {
        let steady = Steady::default();
        assert_eq!(steady.read(|| 1_000), 1_000);
        assert_eq!(steady.read(|| 400), 1_000);
        assert_eq!(steady.read(|| 450), 1_050);
        assert_eq!(steady.read(|| 5_000), 5_600);
    }

    #[test]
    fn a_step_back_that_many_notice_at_once_is_taken_up_once() {
        let (steady, wall) = (Steady::default(), AtomicU64::new(1_000_000));
        let read = || wall.load(Ordering::SeqCst);
        assert_eq!(steady.read(read), 1_000_000);
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    let mut before = 0;
                    for _ in 0..10_000 {
                        let now = steady.read(read);
                        assert!(now >= before, "{now} after {before}");
                        before = now;
                    }
                });
            }
            let goes_on = || (0..1_000).for_each(|_| _ = wall.fetch_add(2, Ordering::SeqCst));
            goes_on();
            wall.fetch_sub(900_000, Ordering::SeqCst);
            goes_on();
        });
        let now = steady.read(read);
        assert!((1_000_000..=1_004_000).contains(&now), "{now}");
    }

    #[test]
    fn a_manual_clock_moves_when_it_is_told() {
        let clock = Clock::manual(Timestamp(10));
        let same = clock.clone();
        clock.advance(Duration::from_secs(1));
        assert_eq!(same.now(), Timestamp(1_010));
    }
}
