//! Looking through the queues for a partner.

use super::blocks::Blocks;
use super::fit::apart;
use super::queue::{Merged, Queue, Tags};
use super::ticket::{Place, Slot};
use super::tickets::Tickets;

/// Where a scan has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pause {
    /// Whether it is through with those who share a tag.
    general: bool,
    /// The last one it looked at.
    after: Option<Place>,
}

/// What a scan has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Whom to pair with.
    Partner(Slot),
    /// Nobody.
    Nobody,
    /// Only misfits so far, as many as one scan may look at.
    Paused(Pause),
}

/// What a scan looks at.
pub(super) struct Field<'a> {
    pub(super) tickets: &'a Tickets,
    pub(super) tags: &'a Tags,
    pub(super) general: &'a Queue,
    pub(super) blocks: &'a Blocks,
}

impl Field<'_> {
    /// The oldest who fits, those with a shared tag before others; and at how many it looked in vain. In the queue of a
    /// tag, and in the general one for a ticket that is open itself, everybody fits who is not kept apart.
    pub(super) fn scan(&self, slot: Slot, from: Pause, most: usize) -> (Found, usize) {
        let me = &self.tickets[slot];
        let mut looked = 0;
        for general in [false, true] {
            if (!general && from.general) || (general && !me.is_open()) {
                continue;
            }
            let after = if general == from.general { from.after } else { None };
            let tags: &[u32] = if general { &[] } else { me.tags.as_slice() };
            let by_tag = tags.iter().filter_map(|id| self.tags.queue(*id));
            let all = general.then_some(self.general);
            let queues = by_tag.chain(all).filter(|queue| !queue.is_only(slot));
            for place in Merged::of(queues.map(|queue| queue.behind(after))) {
                if place.slot == slot {
                    continue;
                }
                if !apart(me, &self.tickets[place.slot], self.blocks) {
                    return (Found::Partner(place.slot), looked);
                }
                looked += 1;
                if looked >= most {
                    return (Found::Paused(Pause { general, after: Some(place) }), looked);
                }
            }
        }
        (Found::Nobody, looked)
    }
}
