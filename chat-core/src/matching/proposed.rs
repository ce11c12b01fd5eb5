//! Matches that are proposed and not yet confirmed by both sides.

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

#[derive(Debug, Default)]
pub(super) struct Proposed {
    kept: Vec<Option<Match>>,
    free: Vec<u32>,
}

impl Proposed {
    /// A place for a match, and a name by which it is found there: the lower half of the name is the place, the upper
    /// half is random, so that a name from yesterday does not name today's match.
    pub(super) fn add(&mut self, make: impl FnOnce(MatchId) -> Match) -> u32 {
        let at = self.free.pop().unwrap_or_else(|| {
            self.kept.push(None);
            (self.kept.len() - 1) as u32
        });
        let which = MatchId((MatchId::random().0 << 32) | u64::from(at));
        self.kept[at as usize] = Some(make(which));
        at
    }

    pub(super) fn remove(&mut self, at: u32) -> Option<Match> {
        let gone = self.kept.get_mut(at as usize)?.take()?;
        self.free.push(at);
        Some(gone)
    }

    pub(super) fn get(&self, at: u32) -> Option<&Match> {
        self.kept.get(at as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut Match> {
        self.kept.get_mut(at as usize)?.as_mut()
    }

    pub(super) fn find(&self, which: MatchId) -> Option<u32> {
        let at = which.0 as u32;
        self.get(at).filter(|found| found.which == which).map(|_| at)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kept.len() - self.free.len()
    }
}
