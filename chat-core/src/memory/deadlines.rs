//! What is due when: one ordered set for rooms, pools and nodes.
//!
//! Each of them has one [`Timer`] in its own record, changed under that record's lock, so the set and the record
//! cannot disagree. The set's lock is taken inside that one, for one change. A deadline is set earlier at once, later
//! only when it came due: most of what happens in a room does not touch the set.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::store::{Due, Peeked};
use crate::time::Timestamp;

/// The place of one name in the set.
#[derive(Debug)]
pub(super) struct Timer {
    /// Tells names apart that are due at the same time, in the order in which they were made.
    number: u64,
    at: Option<Timestamp>,
}

/// The set.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    due: Mutex<BTreeMap<(Timestamp, u64), Due>>,
    next: AtomicU64,
}

impl Deadlines {
    /// A timer that is not set.
    pub(super) fn timer(&self) -> Timer {
        Timer { number: self.next.fetch_add(1, Ordering::Relaxed), at: None }
    }

    /// Sets a timer to a time, or to none.
    pub(super) fn set(&self, timer: &mut Timer, at: Option<Timestamp>, name: impl FnOnce() -> Due) {
        if timer.at == at {
            return;
        }
        let mut due = self.due.lock();
        let before = timer.at.and_then(|before| due.remove(&(before, timer.number)));
        if let Some(at) = at {
            due.insert((at, timer.number), before.unwrap_or_else(name));
        }
        timer.at = at;
    }

    /// Sets a timer if that is earlier than what it is set to.
    pub(super) fn set_earlier(
        &self,
        timer: &mut Timer,
        at: Option<Timestamp>,
        name: impl FnOnce() -> Due,
    ) {
        if let Some(at) = at
            && timer.at.is_none_or(|before| at < before)
        {
            self.set(timer, Some(at), name);
        }
    }

    /// The names that are due, the longest due first.
    pub(super) fn peek(&self, now: Timestamp, limit: u32) -> Peeked {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let all = self.due.lock();
        let mut rest = all.iter();
        let mut due = Vec::new();
        let next = loop {
            match rest.next() {
                Some(((at, _), name)) if *at <= now && due.len() < limit => due.push(name.clone()),
                Some(((at, _), _)) => break Some(at.since(now)),
                None => break None,
            }
        };
        Peeked { due, next }
    }
}

#[cfg(test)]
impl Timer {
    pub(super) fn at(&self) -> Option<Timestamp> {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::id::RoomId;

    fn room(n: u32) -> Due {
        Due::Room(RoomId::new(&n.to_string()).unwrap())
    }

    #[test]
    fn the_longest_due_comes_first_and_what_is_left_over_is_told() {
        let deadlines = Deadlines::default();
        let mut timers: Vec<_> = (0..4).map(|_| deadlines.timer()).collect();
        for (n, at) in [(0, 30), (1, 10), (2, 10), (3, 90)] {
            deadlines.set(&mut timers[n], Some(Timestamp(at)), || room(n as u32));
        }
        let peeked = deadlines.peek(Timestamp(30), 2);
        assert_eq!(peeked, Peeked { due: vec![room(1), room(2)], next: Some(Duration::ZERO) });
        let peeked = deadlines.peek(Timestamp(30), 3);
        assert_eq!(peeked.due, [room(1), room(2), room(0)]);
        assert_eq!(peeked.next, Some(Duration::from_millis(60)));
        assert_eq!(deadlines.peek(Timestamp(99), 9).next, None);
        assert_eq!(deadlines.peek(Timestamp(0), 0).next, Some(Duration::from_millis(10)));
    }

    #[test]
    fn a_name_is_in_the_set_once() {
        let deadlines = Deadlines::default();
        let mut timer = deadlines.timer();
        for at in [50, 20, 70] {
            deadlines.set(&mut timer, Some(Timestamp(at)), || room(1));
        }
        deadlines.set_earlier(&mut timer, Some(Timestamp(90)), || room(1));
        deadlines.set_earlier(&mut timer, None, || room(1));
        assert_eq!(timer.at(), Some(Timestamp(70)));
        assert_eq!(deadlines.due.lock().len(), 1);
        deadlines.set(&mut timer, None, || room(1));
        assert!(deadlines.due.lock().is_empty());
    }
}
