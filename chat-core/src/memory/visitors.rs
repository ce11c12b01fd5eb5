//! Who left a room within the visitors' window. Those who are in it are not kept here: together with the
//! roster these are the room's visitors.
//!
//! Bounded: where more leave than are kept the one who left first goes early, and until that one would have
//! gone anyway the number is known to be a lower bound.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::id::UserId;
use crate::time::Timestamp;

/// Those who left, by when.
#[derive(Debug, Default)]
pub(super) struct Visitors(Option<Box<Gone>>);

#[derive(Debug, Default)]
struct Gone {
    /// When each user left last. Its size is the number.
    users: HashMap<UserId, Timestamp>,
    /// The same in the order of leaving, with remains of users who came back or left again later; told
    /// apart by the time in `users`.
    queue: VecDeque<(Timestamp, UserId)>,
    /// When the last one who was dropped for want of room left.
    capped: Option<Timestamp>,
    /// When the last ones passed, since when the next ones wait for a step.
    passed: Option<Timestamp>,
}

impl Visitors {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |gone| gone.users.len())
    }

    /// Whether there were more than are kept.
    pub(super) fn capped(&self) -> bool {
        self.0.as_ref().is_some_and(|gone| gone.capped.is_some())
    }

    /// A user left; at most `max` are kept.
    pub(super) fn left(&mut self, now: Timestamp, user: &UserId, max: usize) {
        let gone = self.0.get_or_insert_default();
        gone.users.insert(user.clone(), now);
        gone.queue.push_back((now, user.clone()));
        while gone.users.len() > max {
            let Some((at, user)) = gone.queue.pop_front() else { break };
            if gone.users.get(&user) == Some(&at) {
                gone.users.remove(&user);
                gone.capped = gone.capped.max(Some(at));
            }
        }
        gone.compact();
    }

    /// A user came in.
    pub(super) fn came(&mut self, user: &UserId) {
        if let Some(gone) = &mut self.0 {
            gone.users.remove(user);
            gone.compact();
        }
        self.tidy();
    }

    /// When the number falls next: when the one who left first has been gone for the window, but not
    /// before a step after the last time it fell.
    pub(super) fn due(&self, window: Duration, step: Duration) -> Option<Timestamp> {
        let gone = self.0.as_ref()?;
        let oldest = gone.queue.iter().find(|(at, user)| gone.users.get(user) == Some(at));
        let first = match (oldest.map(|(at, _)| *at), gone.capped) {
            (Some(one), Some(two)) => one.min(two),
            (one, two) => one.or(two)?,
        };
        let first = first.after(window);
        Some(gone.passed.map_or(first, |passed| first.max(passed.after(step))))
    }

    /// Lets those go who have been gone for the window, and says how many.
    pub(super) fn pass(&mut self, now: Timestamp, window: Duration) -> u32 {
        let Some(gone) = &mut self.0 else { return 0 };
        let mut passed = 0;
        while let Some((at, _)) = gone.queue.front()
            && at.after(window) <= now
        {
            let Some((at, user)) = gone.queue.pop_front() else { break };
            if gone.users.get(&user) == Some(&at) {
                gone.users.remove(&user);
                passed += 1;
            }
        }
        if gone.capped.is_some_and(|at| at.after(window) <= now) {
            gone.capped = None;
        }
        if passed > 0 {
            gone.passed = Some(now);
        }
        self.tidy();
        passed
    }

    /// Nobody any more.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }

    /// A room without visitors holds no memory for them.
    fn tidy(&mut self) {
        if self.0.as_ref().is_some_and(|gone| gone.users.is_empty() && gone.capped.is_none()) {
            self.0 = None;
        }
    }
}

impl Gone {
    /// Keeps the remains of those who come and go all the time fewer than what counts.
    fn compact(&mut self) {
        if self.queue.len() > 2 * self.users.len() + 16 {
            let mut seen = std::collections::HashSet::new();
            let users = &self.users;
            self.queue
                .retain(|(at, user)| users.get(user) == Some(at) && seen.insert(user.clone()));
            self.queue.shrink_to_fit();
        } else {
            // The front is what `due` looks at, and comes to be looked at first.
            while let Some((at, user)) = self.queue.front()
                && self.users.get(user) != Some(at)
            {
                self.queue.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::proptest;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(1_800);
    const STEP: Duration = Duration::from_secs(15);

    fn user(n: u64) -> UserId {
        UserId::new(&n.to_string()).unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    #[test]
    fn who_comes_back_is_counted_once() {
        let mut visitors = Visitors::default();
        for round in 0..1_000 {
            visitors.left(at(round), &user(1), 10);
            assert_eq!(visitors.len(), 1);
            visitors.came(&user(1));
            assert_eq!(visitors.len(), 0);
        }
        assert!(visitors.0.is_none(), "holds memory for nobody");
    }

    #[test]
    fn they_pass_one_window_after_they_left_last() {
        let mut visitors = Visitors::default();
        visitors.left(at(0), &user(1), 10);
        visitors.came(&user(1));
        visitors.left(at(100), &user(1), 10);
        assert_eq!(visitors.due(WINDOW, STEP), Some(at(1_900)));
        assert_eq!(visitors.pass(at(1_899), WINDOW), 0);
        assert_eq!(visitors.pass(at(1_900), WINDOW), 1);
        assert_eq!(visitors.due(WINDOW, STEP), None);
        assert!(visitors.0.is_none(), "holds memory for nobody");
    }

    #[test]
    fn the_number_falls_at_most_once_a_step() {
        let mut visitors = Visitors::default();
        for n in 0..10 {
            visitors.left(at(n), &user(n), 100);
        }
        assert_eq!(visitors.due(WINDOW, STEP), Some(at(1_800)));
        assert_eq!(visitors.pass(at(1_800), WINDOW), 1);
        assert_eq!(visitors.due(WINDOW, STEP), Some(at(1_815)));
        assert_eq!(visitors.pass(at(1_815), WINDOW), 9);
    }

    #[test]
    fn beyond_the_bound_the_number_says_that_it_is_a_lower_bound() {
        let mut visitors = Visitors::default();
        for n in 0..5 {
            visitors.left(at(n), &user(n), 3);
        }
        assert_eq!((visitors.len(), visitors.capped()), (3, true));
        assert_eq!(visitors.due(WINDOW, STEP), Some(at(1_801)));
        visitors.pass(at(1_801), WINDOW);
        assert_eq!((visitors.len(), visitors.capped()), (3, false));
    }

    proptest! {
        #[test]
        fn it_counts_as_a_map_would(
            steps in proptest::collection::vec((0u8..3, 0u64..12, 0u64..400), 0..200)
        ) {
            let (mut visitors, mut naive) = (Visitors::default(), BTreeMap::new());
            let mut now = 0;
            for (kind, who, seconds) in steps {
                now += seconds;
                match kind {
                    0 => {
                        visitors.left(at(now), &user(who), 1_000);
                        naive.insert(who, now);
                    }
                    1 => {
                        visitors.came(&user(who));
                        naive.remove(&who);
                    }
                    _ => {
                        let before = naive.len();
                        naive.retain(|_, left| *left + 1_800 > now);
                        let passed = visitors.pass(at(now), WINDOW);
                        assert_eq!(passed as usize, before - naive.len());
                    }
                }
                assert_eq!(visitors.len(), naive.len());
                let due = naive.values().min().map(|left| at(*left + 1_800));
                assert_eq!(visitors.due(WINDOW, Duration::ZERO).is_some(), due.is_some());
                assert!(visitors.due(WINDOW, Duration::ZERO) >= due, "later than the last pass at most");
            }
        }
    }
}
