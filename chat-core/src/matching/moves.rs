//! How a ticket moves: into its queues and out of them, into a proposed match and back.

use std::sync::Arc;

use super::keyed::Keyed;
use super::pool::{Pool, Whereabouts};
use super::proposed::{Match, Side};
use super::scan::{Field, Found, Pause};
use super::ticket::{Slot, State, Ticket};
use super::timers::Of;
use crate::id::{RoomId, UserId};
use crate::store::{Mail, Request};
use crate::time::Timestamp;
use crate::why::UnmatchedWhy;

impl Pool {
    /// Makes a ticket in the next slot, which stands in no queue yet. To put the slot into `users` is the caller's.
    pub(super) fn add(
        &mut self,
        user: Keyed<UserId>,
        request: Request,
        entered: Timestamp,
        arrival: u64,
    ) -> Slot {
        let Request { pool: _, user: _, session, tags, strict, mut blocked, policy } = request;
        blocked.sort_unstable();
        let policy = match &self.policy {
            Some(last) if **last == policy => Arc::clone(last),
            _ => Arc::clone(self.policy.insert(Arc::new(policy))),
        };
        let tags = tags.into_iter().map(|tag| self.tags.hold(self.hashing.key(tag))).collect();
        let partners = self.partners.of(&user);
        self.tickets.insert(Ticket {
            user,
            session,
            tags,
            strict,
            blocked: blocked.into(),
            partners,
            policy,
            entered,
            arrival,
            state: State::Waiting,
            widened: false,
            released: false,
            queued: false,
            queued_general: false,
            paused: None,
            timer: None,
            before: None,
            behind: None,
        })
    }

    /// Runs the rule for one who waits, from the start. The number is of those it looked at in vain.
    pub(super) fn settle(&mut self, slot: Slot, now: Timestamp, mail: &mut Vec<Mail>) -> usize {
        self.tickets[slot].grow(&self.rules, now);
        self.seek(slot, Pause::default(), now, mail)
    }

    pub(super) fn settle_user(
        &mut self,
        user: &Keyed<UserId>,
        now: Timestamp,
        mail: &mut Vec<Mail>,
    ) -> usize {
        match self.users.get(user) {
            Some(Whereabouts::Waiting(slot)) if self.tickets[*slot].state == State::Waiting => {
                self.settle(*slot, now, mail)
            }
            _ => 0,
        }
    }

    /// Looks for a partner; whoever finds none stands in the queues afterwards.
    pub(super) fn seek(
        &mut self,
        slot: Slot,
        from: Pause,
        now: Timestamp,
        mail: &mut Vec<Mail>,
    ) -> usize {
        let Self { tickets, tags, general, blocks, .. } = &*self;
        let field = Field { tickets, tags, general, blocks };
        let (found, looked) = field.scan(slot, from, self.rules.scan.max(1));
        self.tickets[slot].paused = match found {
            Found::Paused(at) => Some(Box::new((now, at))),
            Found::Nobody | Found::Partner(_) => None,
        };
        match found {
            Found::Partner(other) => self.propose(slot, other, now, mail),
            Found::Nobody | Found::Paused(_) => self.queue(slot),
        }
        looked
    }

    pub(super) fn propose(&mut self, one: Slot, other: Slot, now: Timestamp, mail: &mut Vec<Mail>) {
        let mut places = [one, other].map(|slot| self.tickets[slot].place(slot));
        places.sort_unstable();
        let sides = places.map(|place| Side { slot: place.slot, confirmed: false });
        let (until, began) = (now.after(self.rules.confirm), places[0].arrival);
        let room = RoomId::random_pair(&self.name);
        let at =
            self.proposed.add(|which| Match { which, room: room.clone(), sides, until, began });
        self.timers.set(until, began, Of::Match(at));
        for side in sides {
            self.unqueue(side.slot);
            self.tickets[side.slot].state = State::Proposed { at };
            self.arm(side.slot);
            let Some(pair) = self.proposed.get(at) else { continue };
            let ticket = &self.tickets[side.slot];
            mail.push(Mail::Proposed {
                pool: self.name.clone(),
                which: pair.which,
                room: pair.room.clone(),
                session: ticket.session,
                user: UserId::clone(&ticket.user),
            });
        }
    }

    /// Undoes a match. Its tickets wait, but stand in no queue: the caller drops or settles them.
    pub(super) fn take_apart(&mut self, at: u32) -> Option<Match> {
        let pair = self.proposed.remove(at)?;
        self.timers.clear(pair.until, pair.began, Of::Match(at));
        for side in pair.sides {
            self.tickets[side.slot].state = State::Waiting;
        }
        Some(pair)
    }

    /// Undoes the match that a ticket may be in; returns the ticket of the other side.
    pub(super) fn break_off(&mut self, slot: Slot) -> Option<Slot> {
        let State::Proposed { at } = self.tickets[slot].state else { return None };
        self.take_apart(at).map(|pair| pair.other(slot).slot)
    }

    /// Drops a ticket for its node's sake; returns the ticket of the other side of its match.
    pub(super) fn give_up(&mut self, slot: Slot, mail: &mut Vec<Mail>) -> Option<Slot> {
        let left = self.break_off(slot);
        self.tell_unmatched(slot, UnmatchedWhy::Lapsed, mail);
        self.remove(slot);
        left
    }

    /// Tells the session of a ticket that it waits no longer, unless its connection is lost.
    pub(super) fn tell_unmatched(&self, slot: Slot, why: UnmatchedWhy, mail: &mut Vec<Mail>) {
        let ticket = &self.tickets[slot];
        if !matches!(ticket.state, State::Dormant { .. }) {
            mail.push(Mail::Unmatched { pool: self.name.clone(), session: ticket.session, why });
        }
    }

    /// Drops a ticket, and with it the user.
    pub(super) fn remove(&mut self, slot: Slot) {
        let ticket = self.release_ticket(slot);
        self.users.remove(&ticket.user);
    }

    /// Takes a ticket out of everything but `users`.
    pub(super) fn release_ticket(&mut self, slot: Slot) -> Ticket {
        self.unqueue(slot);
        let Some(ticket) = self.tickets.remove(slot) else {
            unreachable!("`unqueue` has just looked at it")
        };
        if let Some(at) = ticket.timer {
            self.timers.clear(at, ticket.arrival, Of::Ticket(slot));
        }
        for id in ticket.tags.as_slice() {
            self.tags.let_go(*id);
        }
        ticket
    }

    /// Puts a ticket into the queues in which it belongs and does not stand yet.
    pub(super) fn queue(&mut self, slot: Slot) {
        let ticket = &mut self.tickets[slot];
        let place = ticket.place(slot);
        if !std::mem::replace(&mut ticket.queued, true) {
            for id in ticket.tags.as_slice() {
                if let Some(queue) = self.tags.queue_mut(*id) {
                    queue.insert(place);
                }
            }
        }
        if ticket.is_open() && !std::mem::replace(&mut ticket.queued_general, true) {
            self.general.insert(place);
        }
        self.arm(slot);
    }

    pub(super) fn unqueue(&mut self, slot: Slot) {
        let ticket = &mut self.tickets[slot];
        let place = ticket.place(slot);
        if std::mem::take(&mut ticket.queued) {
            for id in ticket.tags.as_slice() {
                if let Some(queue) = self.tags.queue_mut(*id) {
                    queue.remove(place);
                }
            }
        }
        if std::mem::take(&mut ticket.queued_general) {
            self.general.remove(place);
        }
        ticket.paused = None;
    }

    /// Brings the timer of a ticket up to date.
    pub(super) fn arm(&mut self, slot: Slot) {
        let ticket = &mut self.tickets[slot];
        let deadline = ticket.deadline(&self.rules);
        let before = std::mem::replace(&mut ticket.timer, deadline);
        if before == deadline {
            return;
        }
        let arrival = ticket.arrival;
        if let Some(at) = before {
            self.timers.clear(at, arrival, Of::Ticket(slot));
        }
        if let Some(at) = deadline {
            self.timers.set(at, arrival, Of::Ticket(slot));
        }
    }
}
