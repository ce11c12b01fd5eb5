//! All tickets of a pool, each in a slot of its own, and those of one writer strung together.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};

use super::slab::Slab;
use super::ticket::{Slot, Ticket};
use crate::id::Writer;

#[derive(Debug, Default)]
pub(super) struct Tickets {
    slots: Slab<Ticket>,
    /// The first of each writer's tickets. The others follow through the tickets themselves, so that a dead node's
    /// are found without looking at everybody's.
    writers: HashMap<Writer, Slot>,
}

impl Tickets {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The slot that the next ticket gets.
    pub(super) fn next(&self) -> Slot {
        self.slots.next()
    }

    pub(super) fn insert(&mut self, mut ticket: Ticket) -> Slot {
        let slot = self.slots.next();
        let first = self.writers.insert(ticket.session.writer, slot);
        ticket.before = None;
        ticket.behind = first;
        if let Some(first) = first {
            self[first].before = Some(slot);
        }
        self.slots.insert(ticket)
    }

    pub(super) fn remove(&mut self, slot: Slot) -> Option<Ticket> {
        let ticket = self.slots.remove(slot)?;
        if let Some(behind) = ticket.behind {
            self[behind].before = ticket.before;
        }
        match (ticket.before, ticket.behind) {
            (Some(before), behind) => self[before].behind = behind,
            (None, Some(behind)) => {
                self.writers.insert(ticket.session.writer, behind);
            }
            (None, None) => {
                self.writers.remove(&ticket.session.writer);
            }
        }
        Some(ticket)
    }

    /// Some ticket of this writer.
    pub(super) fn any_of(&self, writer: Writer) -> Option<Slot> {
        self.writers.get(&writer).copied()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &Ticket)> {
        self.slots.iter()
    }
}

const TAKEN: &str = "whoever keeps a slot (users, queues, timers, matches, neighbours) lets go of it with the ticket";

impl Index<Slot> for Tickets {
    type Output = Ticket;
    fn index(&self, slot: Slot) -> &Ticket {
        match self.slots.get(slot) {
            Some(ticket) => ticket,
            None => unreachable!("{TAKEN}"),
        }
    }
}

impl IndexMut<Slot> for Tickets {
    fn index_mut(&mut self, slot: Slot) -> &mut Ticket {
        match self.slots.get_mut(slot) {
            Some(ticket) => ticket,
            None => unreachable!("{TAKEN}"),
        }
    }
}
