//! The pool: every operation, over everything that it keeps.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::blocks::Blocks;
use super::fit::shared;
use super::keyed::{Hashing, Map};
use super::outcome::{Confirming, Pairing, Step};
use super::partners::Partners;
use super::proposed::Proposed;
use super::queue::{Queue, Tags};
use super::ticket::{Slot, State};
use super::tickets::Tickets;
use super::timers::Timers;
use crate::error::{Bound, StoreError};
use crate::id::{MatchId, PoolName, RoomId, SessionKey, UserId, Writer};
use crate::limits::MatchRules;
use crate::room::RoomPolicy;
use crate::store::{Mail, Request, StoreResult, Submitted, Withdrawn};
use crate::time::Timestamp;
use crate::why::UnmatchedWhy;

/// Everybody who waits in one pool, is about to be paired, or is in one of its rooms. See the [module](super).
#[derive(Debug)]
pub struct Pool {
    pub(super) name: PoolName,
    pub(super) rules: MatchRules,
    /// Everybody is in exactly one place, so nobody can wait while in a room, or be in two matches.
    pub(super) users: Map<UserId, Whereabouts>,
    pub(super) hashing: Hashing,
    pub(super) tickets: Tickets,
    pub(super) tags: Tags,
    /// Those who take anybody.
    pub(super) general: Queue,
    pub(super) proposed: Proposed,
    pub(super) timers: Timers,
    pub(super) blocks: Blocks,
    pub(super) partners: Partners,
    pub(super) arrivals: u64,
    /// The policy that was asked for last: almost always the next one too, so all tickets share one copy.
    pub(super) policy: Option<Arc<RoomPolicy>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// Has a ticket.
    Waiting(Slot),
    /// In a pair room, until that is told to have closed.
    Engaged(RoomId),
}

impl Whereabouts {
    fn is_in(&self, room: &RoomId) -> bool {
        matches!(self, Self::Engaged(there) if there == room)
    }
}

impl Pool {
    /// A pool with nobody in it.
    #[must_use]
    pub fn new(name: PoolName, rules: MatchRules) -> Self {
        Self {
            name,
            rules,
            users: Map::default(),
            hashing: Hashing::default(),
            tickets: Tickets::default(),
            tags: Tags::default(),
            general: Queue::default(),
            proposed: Proposed::new(),
            timers: Timers::default(),
            blocks: Blocks::default(),
            partners: Partners::default(),
            arrivals: 0,
            policy: None,
        }
    }

    /// Takes a user in, or gives the ticket they have a new content at its old place, and runs the rule.
    ///
    /// # Errors
    /// [`Bound::Waiting`] where nobody more may wait; then nothing has changed.
    pub fn submit(&mut self, request: Request, now: Timestamp) -> StoreResult<Step<Submitted>> {
        let mut step = Step::new(Submitted::Waiting);
        let (user, max) = (self.hashing.key(request.user.clone()), self.most());
        let there = match self.users.entry(user.clone()) {
            Entry::Occupied(there) => there.get().clone(),
            Entry::Vacant(nowhere) => {
                if self.tickets.len() >= max {
                    return Err(StoreError::TooMany { bound: Bound::Waiting, max });
                }
                nowhere.insert(Whereabouts::Waiting(self.tickets.next()));
                self.arrivals += 1;
                let slot = self.add(user, request, now, self.arrivals);
                self.settle(slot, now, &mut step.mail);
                return Ok(step);
            }
        };
        match there {
            Whereabouts::Engaged(room) => step.outcome = Submitted::Engaged { room },
            Whereabouts::Waiting(slot) => {
                let left = self.break_off(slot);
                if self.tickets[slot].session != request.session {
                    self.tell_unmatched(slot, UnmatchedWhy::Replaced, &mut step.mail);
                }
                let old = self.release_ticket(slot);
                if let Some(left) = left {
                    self.settle(left, now, &mut step.mail);
                }
                let slot = self.add(user.clone(), request, old.entered, old.arrival);
                self.users.insert(user, Whereabouts::Waiting(slot));
                self.settle(slot, now, &mut step.mail);
            }
        }
        Ok(step)
    }

    /// Says for one side of a proposed match that it still waits. The second side is told whom to put into which room.
    #[must_use]
    pub fn confirm(&mut self, which: MatchId, session: SessionKey) -> Confirming {
        let Some(at) = self.proposed.find(which) else { return Confirming::Gone };
        let Some(found) = self.proposed.get_mut(at) else { return Confirming::Gone };
        let tickets = &self.tickets;
        let Some(side) = found.sides.iter().position(|s| tickets[s.slot].session == session) else {
            return Confirming::Gone;
        };
        if !found.sides[1 - side].confirmed {
            found.sides[side].confirmed = true;
            return Confirming::Half;
        }
        let sides =
            found.sides.map(|s| (UserId::clone(&tickets[s.slot].user), tickets[s.slot].session));
        let policy = Arc::clone(&tickets[found.sides[0].slot].policy);
        Confirming::Ready(Pairing { room: found.room.clone(), sides, policy })
    }

    /// The room of a match that was [`Ready`](Confirming::Ready) is open, with both inside.
    pub fn opened(&mut self, which: MatchId) -> Step<()> {
        let mut step = Step::new(());
        let Some(pair) = self.proposed.find(which).and_then(|at| self.take_apart(at)) else {
            return step;
        };
        let [a, b] = pair.sides.map(|side| &self.tickets[side.slot]);
        let mut tags: Vec<_> = shared(a, b).filter_map(|id| self.tags.name(id)).cloned().collect();
        tags.sort();
        for side in pair.sides {
            let ticket = self.release_ticket(side.slot);
            step.mail.push(Mail::Matched {
                pool: self.name.clone(),
                room: pair.room.clone(),
                session: ticket.session,
                shared: tags.clone(),
            });
            self.users.insert(ticket.user, Whereabouts::Engaged(pair.room.clone()));
        }
        step
    }

    /// A pair room of this pool has closed: its two may wait again, and remember one another for a while. Told again, or of
    /// others, it does nothing.
    pub fn closed(&mut self, room: &RoomId, users: [&UserId; 2], now: Timestamp) {
        let users = users.map(|user| self.hashing.key(user.clone()));
        let mut were = false;
        for user in &users {
            if self.users.get(user).is_some_and(|there| there.is_in(room)) {
                self.users.remove(user);
                were = true;
            }
        }
        if were {
            self.partners.note(&users[0], &users[1], &self.rules, now);
        }
    }

    /// Takes a user out who no longer wants to wait, whichever of their sessions says so.
    pub fn withdraw(
        &mut self,
        user: &UserId,
        session: SessionKey,
        now: Timestamp,
    ) -> Step<Withdrawn> {
        let slot = match self.whereabouts(user) {
            None => return Step::new(Withdrawn::NotWaiting),
            Some(Whereabouts::Engaged(room)) => {
                return Step::new(Withdrawn::Engaged { room: room.clone() });
            }
            Some(Whereabouts::Waiting(slot)) => *slot,
        };
        let mut step = Step::new(Withdrawn::Withdrawn);
        let left = self.break_off(slot);
        if self.tickets[slot].session != session {
            self.tell_unmatched(slot, UnmatchedWhy::Replaced, &mut step.mail);
        }
        self.remove(slot);
        if let Some(left) = left {
            self.settle(left, now, &mut step.mail);
        }
        step
    }

    /// The connection of one who waits was lost: the place is kept for a while, and matched with nobody. Another
    /// session of the user that waits is not meant.
    pub fn lose_place(&mut self, user: &UserId, session: SessionKey, now: Timestamp) -> Step<()> {
        let mut step = Step::new(());
        let Some(slot) = self.ticket_of(user).filter(|s| self.tickets[*s].session == session)
        else {
            return step;
        };
        if matches!(self.tickets[slot].state, State::Dormant { .. }) {
            return step;
        }
        let left = self.break_off(slot);
        self.unqueue(slot);
        self.tickets[slot].state = State::Dormant { until: now.after(self.rules.place_kept) };
        self.arm(slot);
        if let Some(left) = left {
            self.settle(left, now, &mut step.mail);
        }
        step
    }

    /// Takes out the ticket of a session whose node is dead, for the one who found that out.
    pub fn expel(&mut self, user: &UserId, session: SessionKey, now: Timestamp) -> Step<()> {
        let mut step = Step::new(());
        if let Some(slot) = self.ticket_of(user).filter(|s| self.tickets[*s].session == session) {
            let left = self.give_up(slot, &mut step.mail);
            if let Some(left) = left {
                self.settle(left, now, &mut step.mail);
            }
        }
        step
    }

    /// Takes out tickets of a dead node, at most `most`; the outcome is whether it has more.
    pub fn drop_writer(&mut self, writer: Writer, most: usize, now: Timestamp) -> Step<bool> {
        let mut step = Step::new(false);
        let mut left = Vec::new();
        for _ in 0..most {
            let Some(slot) = self.tickets.any_of(writer) else { break };
            let Some(other) = self.give_up(slot, &mut step.mail) else { continue };
            if self.tickets[other].session.writer == writer {
                let nobody = self.give_up(other, &mut step.mail);
                debug_assert!(nobody.is_none(), "a match has two sides");
            } else {
                left.push(other);
            }
        }
        // Only now, so that few of them meet somebody who is about to be taken out too.
        for slot in left {
            self.settle(slot, now, &mut step.mail);
        }
        step.outcome = self.tickets.any_of(writer).is_some();
        step
    }

    /// Never pairs these two again. A match that is proposed to them is broken.
    pub fn block(&mut self, by: &UserId, whom: &UserId, now: Timestamp) -> Step<()> {
        let mut step = Step::new(());
        if by == whom {
            return step;
        }
        let lost = self.blocks.add(&self.hashing.key(by.clone()), whom, &self.rules, now);
        if let Some(slot) = self.ticket_of(by)
            && let State::Proposed { at } = self.tickets[slot].state
            && let Some(other) = self.proposed.get(at).map(|pair| pair.other(slot).slot)
            && *self.tickets[other].user == *whom
        {
            self.take_apart(at);
            // Whoever waited longer chooses first.
            let mut both = [slot, other];
            both.sort_by_key(|slot| self.tickets[*slot].place(*slot));
            for slot in both {
                self.settle(slot, now, &mut step.mail);
            }
        }
        for user in lost {
            self.settle_user(&user, now, &mut step.mail);
        }
        step
    }

    /// Whether a user waits here, a lost connection's place and a proposed match included.
    #[must_use]
    pub fn is_waiting(&self, user: &UserId) -> bool {
        self.ticket_of(user).is_some()
    }

    /// The pair room of this pool that a user is in.
    #[must_use]
    pub fn engaged(&self, user: &UserId) -> Option<&RoomId> {
        match self.whereabouts(user)? {
            Whereabouts::Engaged(room) => Some(room),
            Whereabouts::Waiting(_) => None,
        }
    }

    /// How many wait, as [`is_waiting`](Self::is_waiting) counts.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.tickets.len()
    }

    /// Whether there is nothing in it that would be missed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_idle() && self.partners.is_empty()
    }

    /// Whether there is nobody in it and no block: what it may still remember is of last partners.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.users.is_empty() && self.blocks.is_empty()
    }

    /// Whether nobody more may wait.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.tickets.len() >= self.most()
    }

    fn most(&self) -> usize {
        self.rules.waiting.min(u32::MAX as usize)
    }

    fn whereabouts(&self, user: &UserId) -> Option<&Whereabouts> {
        self.users.get(&self.hashing.key(user.clone()))
    }

    fn ticket_of(&self, user: &UserId) -> Option<Slot> {
        match self.whereabouts(user)? {
            Whereabouts::Waiting(slot) => Some(*slot),
            Whereabouts::Engaged(_) => None,
        }
    }
}
