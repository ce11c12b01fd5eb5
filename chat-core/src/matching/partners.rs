//! Who met whom a moment ago.

use std::collections::hash_map;

use super::keyed::{Keyed, Map};
use crate::id::UserId;
use crate::limits::MatchRules;
use crate::time::Timestamp;

/// Names remembered of one user.
const EACH: usize = 2;
/// Users forgotten in one step.
const STEP: usize = 1_000;

type Generation = Map<UserId, [Option<UserId>; EACH]>;

/// The last two partners of each user, newest first, in two generations: when the older one is full of age it goes
/// as a whole, so nothing is kept by time of its own.
#[derive(Debug, Default)]
pub(super) struct Partners {
    young: Generation,
    old: Generation,
    /// When the generations changed last; counts while there is one.
    turned: Timestamp,
    /// The generation that goes, a part at each step: freeing a million names at once would hold up everybody.
    going: Option<hash_map::IntoIter<Keyed<UserId>, [Option<UserId>; EACH]>>,
}

impl Partners {
    /// Two have met, and it is over.
    pub(super) fn note(
        &mut self,
        a: &Keyed<UserId>,
        b: &Keyed<UserId>,
        rules: &MatchRules,
        now: Timestamp,
    ) {
        if self.young.is_empty() && self.old.is_empty() {
            self.turned = now;
        }
        for (one, other) in [(a, b), (b, a)] {
            let last = self.young.entry(one.clone()).or_default();
            if last[0].as_ref() != Some(&**other) {
                last[1] = last[0].replace(UserId::clone(other));
            }
        }
        if self.young.len() > rules.waiting.max(EACH) {
            self.turn(now);
        }
    }

    /// The last partners of a user, newest first.
    pub(super) fn of(&self, user: &Keyed<UserId>) -> Box<[UserId]> {
        let mut last: Vec<UserId> = Vec::new();
        for generation in [&self.young, &self.old] {
            let Some(names) = (!generation.is_empty()).then(|| generation.get(user)).flatten()
            else {
                continue;
            };
            for name in names.iter().flatten() {
                if last.len() < EACH && !last.contains(name) {
                    last.push(name.clone());
                }
            }
        }
        last.into()
    }

    /// When there is something to forget.
    pub(super) fn next(&self, rules: &MatchRules) -> Option<Timestamp> {
        if self.going.is_some() {
            return Some(self.turned);
        }
        let some = !self.young.is_empty() || !self.old.is_empty();
        some.then(|| self.turned.after(rules.partners_kept))
    }

    /// Forgets, within bounds, what has come to be forgotten.
    pub(super) fn forget(&mut self, rules: &MatchRules, now: Timestamp) {
        if let Some(going) = &mut self.going {
            if going.by_ref().take(STEP).count() < STEP {
                self.going = None;
            }
        } else if self.next(rules).is_some_and(|at| at <= now) {
            self.turn(now);
        }
    }

    fn turn(&mut self, now: Timestamp) {
        let gone = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
        self.going = (!gone.is_empty()).then(|| gone.into_iter());
        self.turned = now;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty() && self.going.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::keyed::Hashing;
    use std::sync::LazyLock;
    use std::time::Duration;

    fn user(n: usize) -> Keyed<UserId> {
        static HASHING: LazyLock<Hashing> = LazyLock::new(Hashing::default);
        HASHING.key(UserId::new(&format!("u{n}")).unwrap())
    }

    fn names<const N: usize>(of: [usize; N]) -> [UserId; N] {
        of.map(|n| UserId::clone(&user(n)))
    }

    fn rules(waiting: usize) -> MatchRules {
        let partners_kept = Duration::from_millis(100);
        MatchRules { partners_kept, waiting, ..MatchRules::default() }
    }

    #[test]
    fn two_are_remembered_newest_first_each_once() {
        let (mut partners, rules) = (Partners::default(), rules(9));
        for (other, last) in [(2, [2, 2]), (3, [3, 2]), (3, [3, 2]), (4, [4, 3])] {
            partners.note(&user(1), &user(other), &rules, Timestamp(0));
            let mut last = names(last).to_vec();
            last.dedup();
            assert_eq!(*partners.of(&user(1)), last);
        }
        assert_eq!(*partners.of(&user(2)), names([1]));
        assert!(partners.of(&user(9)).is_empty());
    }

    #[test]
    fn a_partner_is_forgotten_after_one_to_two_times_and_nothing_stays() {
        let (mut partners, rules) = (Partners::default(), rules(9));
        partners.note(&user(1), &user(2), &rules, Timestamp(0));
        partners.forget(&rules, Timestamp(99));
        assert_eq!(partners.next(&rules), Some(Timestamp(100)));
        partners.forget(&rules, Timestamp(100));
        partners.note(&user(1), &user(3), &rules, Timestamp(150));
        assert_eq!(*partners.of(&user(1)), names([3, 2]));
        for _ in 0..2 {
            partners.forget(&rules, Timestamp(200));
        }
        assert_eq!(*partners.of(&user(1)), names([3]));
        for _ in 0..2 {
            partners.forget(&rules, Timestamp(300));
        }
        assert!(partners.is_empty());
        assert_eq!(partners.next(&rules), None);
    }

    #[test]
    fn too_many_are_forgotten_early_and_a_part_at_a_time() {
        let (mut partners, rules) = (Partners::default(), rules(2_000));
        for n in 0..3_100 {
            partners.note(&user(2 * n), &user(2 * n + 1), &rules, Timestamp(0));
        }
        assert_eq!(partners.of(&user(0)).len(), 0);
        assert_eq!(partners.of(&user(6_199)).len(), 1);
        let mut steps = 0;
        while partners.going.is_some() {
            partners.forget(&rules, Timestamp(0));
            steps += 1;
        }
        assert!((2..=4).contains(&steps), "{steps}");
    }
}
