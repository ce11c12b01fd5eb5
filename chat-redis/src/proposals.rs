//! Which room is to come of a proposed match, as the mail has told.
//!
//! Whoever confirms a match names only the match; the script that may open the room needs the names of its keys. So the
//! rooms are remembered on their way through, a bounded number of them: what is not known any more is asked for.

use std::collections::{HashMap, VecDeque};

use chat_core::{MatchId, PoolName, RoomId};
use parking_lot::Mutex;

/// Matches are confirmed within moments, so more are hardly under way on one node. Of those that were forgotten the room costs
/// one question.
const KEPT: usize = 4_096;

/// The rooms of the matches that were proposed last.
#[derive(Debug, Default)]
pub(crate) struct Proposals(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    rooms: HashMap<(PoolName, MatchId), RoomId>,
    /// In the order in which they came.
    order: VecDeque<(PoolName, MatchId)>,
}

impl Proposals {
    /// A match was proposed. Where too many were, the oldest goes.
    pub(crate) fn add(&self, pool: &PoolName, which: MatchId, room: &RoomId) {
        let mut kept = self.0.lock();
        if kept.rooms.insert((pool.clone(), which), room.clone()).is_some() {
            return;
        }
        kept.order.push_back((pool.clone(), which));
        if kept.order.len() > KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.rooms.remove(&oldest);
        }
    }

    /// The room to come of a match, where it is known.
    pub(crate) fn room(&self, pool: &PoolName, which: MatchId) -> Option<RoomId> {
        self.0.lock().rooms.get(&(pool.clone(), which)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_known_and_not_too_many_are_kept() {
        let (proposals, pool) = (Proposals::default(), PoolName::new("p").unwrap());
        let room = |n: u64| RoomId::new(&format!("p~{n}")).unwrap();
        for n in 0..=KEPT as u64 {
            proposals.add(&pool, MatchId(n), &room(n));
            proposals.add(&pool, MatchId(n), &room(n));
        }
        assert_eq!(proposals.room(&pool, MatchId(0)), None);
        for n in [1, KEPT as u64] {
            assert_eq!(proposals.room(&pool, MatchId(n)), Some(room(n)));
        }
        let kept = proposals.0.lock();
        assert_eq!((kept.rooms.len(), kept.order.len()), (KEPT, KEPT));
    }
}
