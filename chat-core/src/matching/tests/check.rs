//! What must hold in a pool after each step, whatever the step was.

use std::collections::{BTreeMap, BTreeSet};

use crate::matching::Pool;
use crate::matching::fit::fits;
use crate::matching::pool::Whereabouts;
use crate::matching::ticket::State;

impl Pool {
    /// Looks at everything: no two who fit wait, everybody is in one place, and every index agrees with the tickets.
    pub(super) fn check(&self) {
        let tickets: Vec<_> = self.tickets.iter().collect();
        let waits = |state| state == State::Waiting;
        for (i, (_, a)) in tickets.iter().enumerate() {
            for (_, b) in &tickets[i + 1..] {
                assert_ne!(a.user, b.user, "two tickets of one user");
                assert_ne!(a.arrival, b.arrival);
                let still = a.paused.is_none() && b.paused.is_none();
                if still && waits(a.state) && waits(b.state) {
                    assert!(!fits(a, b, &self.blocks), "{a:?} and {b:?} fit, and wait");
                }
            }
        }
        self.check_places(&tickets.iter().map(|(slot, _)| *slot).collect::<Vec<_>>());
        self.check_queues();
        self.check_timers();
    }

    fn check_places(&self, slots: &[u32]) {
        let mut seen = BTreeSet::new();
        for (user, place) in &self.users {
            if let Whereabouts::Waiting(slot) = place {
                assert_eq!(self.tickets[*slot].user, *user);
                assert!(seen.insert(*slot));
            }
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), slots, "tickets without a user");
        assert_eq!(self.tickets.len(), slots.len());

        let mut in_matches = BTreeMap::new();
        for slot in slots {
            if let State::Proposed { at } = self.tickets[*slot].state {
                let pair = self.proposed.get(at).unwrap();
                assert!(pair.sides.iter().any(|side| side.slot == *slot));
                assert_ne!(pair.other(*slot).slot, *slot);
                assert!(!pair.sides.iter().all(|side| side.confirmed));
                *in_matches.entry(at).or_insert(0) += 1;
            }
        }
        assert!(in_matches.values().all(|sides| *sides == 2));
        assert_eq!(in_matches.len(), self.proposed.len());

        let mut strung = BTreeSet::new();
        for slot in slots {
            let mut next = self.tickets.any_of(self.tickets[*slot].session.writer);
            let mut found = false;
            while let Some(here) = next {
                found |= here == *slot;
                strung.insert(here);
                next = self.tickets[here].behind;
                assert!(next.is_none_or(|next| self.tickets[next].before == Some(here)));
            }
            assert!(found, "not among its writer's");
        }
        assert_eq!(strung.len(), slots.len());
    }

    fn check_queues(&self) {
        let (mut tags, mut general) = (BTreeMap::new(), BTreeSet::new());
        let mut held = BTreeMap::new();
        for (slot, ticket) in self.tickets.iter() {
            let waits = ticket.state == State::Waiting;
            for id in ticket.tags.as_slice() {
                *held.entry(*id).or_insert(0u32) += 1;
                if waits {
                    tags.entry(*id).or_insert_with(BTreeSet::new).insert(ticket.place(slot));
                }
            }
            if waits && ticket.is_open() {
                general.insert(ticket.place(slot));
            }
            assert!(waits || ticket.paused.is_none());
        }
        assert_eq!(self.tags.len(), held.len(), "tags that nobody has");
        for (id, holders) in held {
            assert_eq!(self.tags.holders(id), holders);
            let queue = self.tags.queue(id).unwrap();
            let there: BTreeSet<_> = queue.behind(None).collect();
            assert_eq!(there, tags.remove(&id).unwrap_or_default());
        }
        assert_eq!(self.general.behind(None).collect::<BTreeSet<_>>(), general);
    }

    fn check_timers(&self) {
        let mut count = self.proposed.len();
        for (_, ticket) in self.tickets.iter() {
            assert_eq!(ticket.timer, ticket.deadline(&self.rules));
            count += usize::from(ticket.timer.is_some());
        }
        assert_eq!(self.timers.len(), count);
    }
}
