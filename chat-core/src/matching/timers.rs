//! What is due when, within one pool.

use std::collections::BTreeSet;

use super::ticket::Slot;
use crate::time::Timestamp;

/// What a deadline is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Of {
    Ticket(Slot),
    Match(u32),
}

/// Deadlines in order; among equal ones whatever began first. Each is taken out when it no longer holds, so none
/// comes for nothing.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Timestamp, u64, Of)>);

impl Timers {
    pub(super) fn set(&mut self, at: Timestamp, began: u64, of: Of) {
        self.0.insert((at, began, of));
    }

    pub(super) fn clear(&mut self, at: Timestamp, began: u64, of: Of) {
        self.0.remove(&(at, began, of));
    }

    pub(super) fn first(&self) -> Option<(Timestamp, Of)> {
        self.0.first().map(|(at, _, of)| (*at, *of))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
