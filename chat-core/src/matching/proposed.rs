//! Matches that are proposed and not yet confirmed by both sides.

use super::slab::Slab;
use super::ticket::Slot;
use crate::id::{MatchId, RoomId};
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct Match {
    pub(super) which: MatchId,
    pub(super) room: RoomId,
    /// Whoever waited longer first.
    pub(super) sides: [Side; 2],
    pub(super) until: Timestamp,
    /// The arrival of the first side, by which the timers order what is due at the same time.
    pub(super) began: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    pub(super) slot: Slot,
    pub(super) confirmed: bool,
}

impl Match {
    /// The side across from this ticket.
    pub(super) fn other(&self, slot: Slot) -> Side {
        self.sides[usize::from(self.sides[0].slot == slot)]
    }
}

#[derive(Debug)]
pub(super) struct Proposed {
    kept: Slab<Match>,
    /// Counts matches, from a random start.
    made: u32,
}

impl Proposed {
    pub(super) fn new() -> Self {
        Self { kept: Slab::default(), made: MatchId::random().0 as u32 }
    }

    /// A place for a match, and a name by which it is found there: the lower half of the name is the place, the upper
    /// half tells it from those that were there before, and in the pool of this name that was there before.
    pub(super) fn add(&mut self, make: impl FnOnce(MatchId) -> Match) -> u32 {
        self.made = self.made.wrapping_add(1);
        let which = MatchId((u64::from(self.made) << 32) | u64::from(self.kept.next()));
        self.kept.insert(make(which))
    }

    pub(super) fn remove(&mut self, at: u32) -> Option<Match> {
        self.kept.remove(at)
    }

    pub(super) fn get(&self, at: u32) -> Option<&Match> {
        self.kept.get(at)
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut Match> {
        self.kept.get_mut(at)
    }

    pub(super) fn find(&self, which: MatchId) -> Option<u32> {
        let at = which.0 as u32;
        self.get(at).filter(|found| found.which == which).map(|_| at)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }
}
