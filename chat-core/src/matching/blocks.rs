//! Who never meets whom again.

use std::collections::BTreeMap;

use super::keyed::{Keyed, Map};
use crate::id::UserId;
use crate::limits::MatchRules;
use crate::time::Timestamp;

/// Blocks that users of a pool have made. Kept by whoever made them, looked up in both directions.
///
/// A block is there until [`expire`](Self::expire) takes it out, not until a time has come: whether two users may
/// meet changes only in a step that can run the rule for them.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    by: Map<UserId, Vec<Block>>,
    /// In order of their end.
    order: BTreeMap<(Timestamp, u64), (Keyed<UserId>, UserId)>,
    made: u64,
}

#[derive(Debug)]
struct Block {
    whom: UserId,
    until: Timestamp,
    number: u64,
}

impl Blocks {
    /// Whether one of the two has blocked the other.
    pub(super) fn between(&self, a: &Keyed<UserId>, b: &Keyed<UserId>) -> bool {
        !self.by.is_empty() && (self.has(a, b) || self.has(b, a))
    }

    fn has(&self, by: &Keyed<UserId>, whom: &UserId) -> bool {
        self.by.get(by).is_some_and(|blocks| blocks.iter().any(|b| b.whom == *whom))
    }

    /// Adds a block, or makes one last anew. Returns users who lost one of theirs for it: the oldest goes.
    pub(super) fn add(
        &mut self,
        by: &Keyed<UserId>,
        whom: &UserId,
        rules: &MatchRules,
        now: Timestamp,
    ) -> Vec<Keyed<UserId>> {
        let mut lost = Vec::new();
        self.made += 1;
        let (until, number) = (now.after(rules.block_kept), self.made);
        let mine = self.by.entry(by.clone()).or_default();
        if let Some(at) = mine.iter().position(|b| b.whom == *whom) {
            let old = mine.remove(at);
            self.order.remove(&(old.until, old.number));
        }
        mine.push(Block { whom: whom.clone(), until, number });
        self.order.insert((until, number), (by.clone(), whom.clone()));
        if mine.len() > rules.blocks.max(1) {
            let old = mine.remove(0);
            self.order.remove(&(old.until, old.number));
            lost.push(by.clone());
        }
        if self.order.len() > rules.blocks_in_pool.max(1) {
            lost.extend(self.drop_first());
        }
        lost
    }

    /// When the next one ends.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.order.first_key_value().map(|((until, _), _)| *until)
    }

    /// Takes out one that has ended; returns whose it was.
    pub(super) fn expire(&mut self, now: Timestamp) -> Option<Keyed<UserId>> {
        if self.next()? <= now { self.drop_first() } else { None }
    }

    fn drop_first(&mut self) -> Option<Keyed<UserId>> {
        let (_, (by, whom)) = self.order.pop_first()?;
        if let Some(mine) = self.by.get_mut(&by) {
            mine.retain(|b| b.whom != whom);
            if mine.is_empty() {
                self.by.remove(&by);
            }
        }
        Some(by)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
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

    fn rules(blocks: usize, blocks_in_pool: usize) -> MatchRules {
        let block_kept = Duration::from_millis(100);
        MatchRules { blocks, blocks_in_pool, block_kept, ..MatchRules::default() }
    }

    #[test]
    fn a_block_holds_in_both_directions_until_it_ends() {
        let (mut blocks, rules) = (Blocks::default(), rules(9, 9));
        blocks.add(&user(1), &user(2), &rules, Timestamp(0));
        assert!(blocks.between(&user(1), &user(2)) && blocks.between(&user(2), &user(1)));
        assert!(!blocks.between(&user(1), &user(3)));
        assert_eq!(blocks.expire(Timestamp(99)), None);
        assert_eq!(blocks.expire(Timestamp(100)), Some(user(1)));
        assert!(!blocks.between(&user(1), &user(2)) && blocks.is_empty());
    }

    #[test]
    fn the_oldest_goes_and_one_made_anew_is_not_the_oldest() {
        let (mut blocks, rules) = (Blocks::default(), rules(2, 9));
        for (at, whom) in [(0, 2), (1, 3), (2, 2)] {
            assert!(blocks.add(&user(1), &user(whom), &rules, Timestamp(at)).is_empty());
        }
        assert_eq!(blocks.add(&user(1), &user(4), &rules, Timestamp(3)), [user(1)]);
        assert!(!blocks.between(&user(1), &user(3)));
        assert!(blocks.between(&user(1), &user(2)) && blocks.between(&user(1), &user(4)));
        assert_eq!(blocks.expire(Timestamp(101)), None);
        assert_eq!(blocks.expire(Timestamp(102)), Some(user(1)));
    }

    #[test]
    fn a_pool_keeps_no_more_than_it_may() {
        let (mut blocks, rules) = (Blocks::default(), rules(9, 3));
        for n in 0..3 {
            assert!(blocks.add(&user(n), &user(9), &rules, Timestamp(0)).is_empty());
        }
        assert_eq!(blocks.add(&user(3), &user(9), &rules, Timestamp(0)), [user(0)]);
        assert!(!blocks.between(&user(0), &user(9)) && blocks.between(&user(3), &user(9)));
    }
}
