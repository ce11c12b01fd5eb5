//! The keys of `say` that a room remembers, so that a repetition is recognised.
//!
//! Two generations, turned over at a steady pace: each key is remembered for one to two periods, whatever is
//! dropped from the log meanwhile. Where there are too many keys the older generation goes early.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use crate::id::{Key, UserId};
use crate::time::Timestamp;

/// Whose key; `None` for the site itself.
type Whose = (Option<UserId>, Key);

/// What was written under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) n: u64,
    pub(super) at: Timestamp,
}

/// The keys of one room.
#[derive(Debug)]
pub(super) struct Keys {
    fresh: HashMap<Whose, Written>,
    old: HashMap<Whose, Written>,
    /// When `fresh` began. It goes on in whole periods, however seldom it is looked at: otherwise a key
    /// of a quiet room would be remembered for longer than is promised.
    began: Timestamp,
}

impl Keys {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { fresh: HashMap::new(), old: HashMap::new(), began: now }
    }

    /// What was written under this key, if that is still known.
    pub(super) fn find(
        &mut self,
        now: Timestamp,
        kept: Duration,
        whose: &Whose,
    ) -> Option<Written> {
        self.turn(now, kept);
        self.fresh.get(whose).or_else(|| self.old.get(whose)).copied()
    }

    /// Remembers what was written under a key, with at most `max` keys in all.
    pub(super) fn remember(&mut self, now: Timestamp, max: usize, whose: Whose, what: Written) {
        if self.fresh.len() >= (max / 2).max(1) {
            self.old = mem::take(&mut self.fresh);
            self.began = now;
        }
        self.fresh.insert(whose, what);
    }

    /// Forgets what is too old.
    pub(super) fn turn(&mut self, now: Timestamp, kept: Duration) {
        let period = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX).max(1);
        let periods = now.0.saturating_sub(self.began.0) / period;
        if periods == 0 {
            return;
        }
        let fresh = mem::take(&mut self.fresh);
        self.old = if periods == 1 { fresh } else { HashMap::new() };
        self.began = Timestamp(self.began.0 + periods * period);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.old.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: Duration = Duration::from_secs(300);

    fn whose(key: u64) -> Whose {
        (Some(UserId::new("kim").unwrap()), Key::new(&key.to_string()).unwrap())
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    #[test]
    fn a_key_is_remembered_for_one_to_two_periods() {
        for written in [0, 1, 150, 299] {
            for asked in 0..1_000 {
                let mut keys = Keys::new(at(0));
                let what = Written { n: 1, at: at(written) };
                keys.turn(at(written), KEPT);
                keys.remember(at(written), 100, whose(1), what);
                let known = keys.find(at(written + asked), KEPT, &whose(1)).is_some();
                if asked < 300 {
                    assert!(known, "{written} {asked}");
                }
                if asked >= 600 {
                    assert!(!known, "{written} {asked}");
                }
            }
        }
    }

    #[test]
    fn looking_at_it_does_not_make_it_last_longer() {
        for (between, asked) in
            (1..1_000).flat_map(|at| (at..1_000).step_by(9).map(move |to| (at, to)))
        {
            let mut keys = Keys::new(at(0));
            keys.remember(at(1), 100, whose(1), Written { n: 1, at: at(1) });
            keys.find(at(between), KEPT, &whose(2));
            let known = keys.find(at(asked), KEPT, &whose(1)).is_some();
            assert!(known || asked > 300, "{between} {asked}");
            assert!(!known || asked < 601, "{between} {asked}");
        }
    }

    #[test]
    fn a_key_is_somebodys() {
        let mut keys = Keys::new(at(0));
        keys.remember(at(0), 100, whose(1), Written { n: 4, at: at(0) });
        assert_eq!(keys.find(at(0), KEPT, &whose(1)).unwrap().n, 4);
        let (_, key) = whose(1);
        assert_eq!(keys.find(at(0), KEPT, &(None, key)), None);
    }

    #[test]
    fn of_too_many_keys_the_older_half_goes() {
        let mut keys = Keys::new(at(0));
        for n in 0..1_000 {
            keys.remember(at(0), 10, whose(n), Written { n, at: at(0) });
            assert!(keys.fresh.len() + keys.old.len() <= 10);
            for recent in n.saturating_sub(4)..=n {
                assert!(keys.find(at(0), KEPT, &whose(recent)).is_some());
            }
        }
    }

    #[test]
    fn what_is_forgotten_takes_no_room() {
        let mut keys = Keys::new(at(0));
        keys.remember(at(0), 10, whose(1), Written { n: 1, at: at(0) });
        keys.turn(at(600), KEPT);
        assert!(keys.is_empty());
    }
}
