//! Who could not be heard is not judged.
//!
//! Where nothing was reaped for half a lease, nobody could have renewed anything either: the machine was asleep, or
//! time stepped. From the moment at which reaping goes on, nothing that depends on somebody's sign of life is
//! judged for one lease.

use std::time::Duration;

use parking_lot::Mutex;

use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct Amnesty {
    lease: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    seen: Timestamp,
    until: Timestamp,
}

impl Amnesty {
    pub(super) fn new(now: Timestamp, lease: Duration) -> Self {
        Self { lease, state: Mutex::new(State { seen: now, until: now }) }
    }

    /// The first node is there. Before it nobody could have been silent.
    pub(super) fn begin(&self, now: Timestamp) {
        self.state.lock().seen = now;
    }

    /// Somebody reaps, or looks whether there is anything to reap. Says until when leases, graces, waiting places
    /// and proposed matches are not judged, if so.
    pub(super) fn seen(&self, now: Timestamp) -> Option<Timestamp> {
        let mut state = self.state.lock();
        if now.since(state.seen) > self.lease / 2 {
            state.until = now.after(self.lease);
        }
        state.seen = state.seen.max(now);
        (now < state.until).then_some(state.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_silence_is_followed_by_a_lease_of_amnesty() {
        let at = |seconds: u64| Timestamp(seconds * 1_000);
        let amnesty = Amnesty::new(at(0), Duration::from_secs(15));
        assert_eq!(amnesty.seen(at(7)), None);
        assert_eq!(amnesty.seen(at(14)), None);
        assert_eq!(amnesty.seen(at(30)), Some(at(45)));
        assert_eq!(amnesty.seen(at(37)), Some(at(45)));
        assert_eq!(amnesty.seen(at(44)), Some(at(45)));
        assert_eq!(amnesty.seen(at(45)), None);
        assert_eq!(amnesty.seen(at(53)), Some(at(68)));
    }
}
