//! One user who waits: what they asked for, where they stand, and what they wait for next.

use std::sync::Arc;

use super::keyed::Keyed;
use super::scan::Pause;
use crate::id::{SessionKey, UserId};
use crate::limits::MatchRules;
use crate::room::RoomPolicy;
use crate::time::Timestamp;

/// Where a ticket is kept. Valid as long as the ticket is.
pub(super) type Slot = u32;

/// Where a ticket stands in every queue: by time of entry, then in the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) entered: Timestamp,
    /// Different for each ticket, so that the slot never decides.
    pub(super) arrival: u64,
    pub(super) slot: Slot,
}

/// What a ticket is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// In the queues.
    Waiting,
    /// Its connection is lost: in no queue, until the place runs out or the user comes back.
    Dormant {
        /// When the place runs out.
        until: Timestamp,
    },
    /// In a proposed match, and in no queue.
    Proposed {
        /// The match.
        at: u32,
    },
}

#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) user: Keyed<UserId>,
    pub(super) session: SessionKey,
    pub(super) tags: TagIds,
    pub(super) strict: bool,
    /// Sorted.
    pub(super) blocked: Box<[UserId]>,
    /// Last partners as they were remembered when the ticket was made. A copy, so that whether two tickets fit
    /// does not change behind their back when that memory is turned over.
    pub(super) partners: Box<[UserId]>,
    pub(super) policy: Arc<RoomPolicy>,
    pub(super) entered: Timestamp,
    pub(super) arrival: u64,
    pub(super) state: State,
    /// Takes partners without a shared tag (unless strict). A flag and not a comparison of times: it changes
    /// only in a step that runs the rule, so two who fit never wait, however late that step comes.
    pub(super) widened: bool,
    /// Has waited long enough to meet a last partner again. A flag for the same reason.
    pub(super) released: bool,
    pub(super) queued: bool,
    pub(super) queued_general: bool,
    /// A scan that is to go on, and since when.
    pub(super) paused: Option<Box<(Timestamp, Pause)>>,
    /// The deadline under which it is among the timers.
    pub(super) timer: Option<Timestamp>,
    /// Neighbours among the tickets of the same writer.
    pub(super) before: Option<Slot>,
    pub(super) behind: Option<Slot>,
}

impl Ticket {
    /// Whether it takes partners without a shared tag.
    pub(super) fn is_open(&self) -> bool {
        self.widened && !self.strict
    }

    pub(super) fn place(&self, slot: Slot) -> Place {
        Place { entered: self.entered, arrival: self.arrival, slot }
    }

    /// Takes up what has come with time. The rule must be run behind it.
    pub(super) fn grow(&mut self, rules: &MatchRules, now: Timestamp) {
        self.widened |= self.tags.as_slice().is_empty() || self.entered.after(rules.widen) <= now;
        self.released |= self.entered.after(rules.soft) <= now;
    }

    /// When there is something to do for it.
    pub(super) fn deadline(&self, rules: &MatchRules) -> Option<Timestamp> {
        match self.state {
            State::Proposed { .. } => None,
            State::Dormant { until } => Some(until),
            State::Waiting => {
                let widen =
                    (!self.widened && !self.strict).then(|| self.entered.after(rules.widen));
                let release = (!self.released).then(|| self.entered.after(rules.soft));
                let scan = self.paused.as_ref().map(|paused| paused.0);
                [widen, release, scan].into_iter().flatten().min()
            }
        }
    }
}

/// The tags of a ticket, by number. In place for as many as usual limits allow.
#[derive(Debug, Clone)]
pub(super) enum TagIds {
    Few { len: u8, ids: [u32; 8] },
    Many(Box<[u32]>),
}

impl TagIds {
    pub(super) fn as_slice(&self) -> &[u32] {
        match self {
            Self::Few { len, ids } => &ids[..usize::from(*len)],
            Self::Many(ids) => ids,
        }
    }
}

impl FromIterator<u32> for TagIds {
    fn from_iter<I: IntoIterator<Item = u32>>(from: I) -> Self {
        let mut ids = [0; 8];
        let mut from = from.into_iter();
        for len in 0..8u8 {
            let Some(id) = from.next() else { return Self::Few { len, ids } };
            ids[usize::from(len)] = id;
        }
        let rest: Vec<u32> = from.collect();
        if rest.is_empty() {
            return Self::Few { len: 8, ids };
        }
        Self::Many(ids.into_iter().chain(rest).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_tags_is_kept_in_order() {
        for count in [0, 1, 7, 8, 9, 40] {
            let ids: TagIds = (0..count).collect();
            assert_eq!(ids.as_slice(), (0..count).collect::<Vec<_>>());
        }
    }
}
