//! The newest entries of one epoch of a log: successive numbers, ending with the head.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::entry::{Cursor, SharedEntry};
use crate::id::Epoch;
use crate::limits::Limits;
use crate::time::Timestamp;

/// A bounded end of a log. It never jumps: what does not follow is refused.
#[derive(Debug, Default)]
pub(super) struct Ring {
    /// Not known before the first entry or the first reader.
    epoch: Option<Epoch>,
    entries: VecDeque<SharedEntry>,
    bytes: usize,
    head: u64,
    head_at: Option<Timestamp>,
    /// `closed` was seen, or the log cannot be continued: nothing follows.
    ended: bool,
}

/// What became of an entry that was given to a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// It is the newest now.
    Fresh,
    /// It was there.
    Known,
    /// Entries before it are missing: heal.
    Gap,
    /// Another one has its number: this is not the log that was read.
    Forked,
    /// It belongs to another life of the room.
    OtherEpoch,
}

impl Ring {
    pub(super) fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// The number of the newest entry.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn cursor(&self) -> Option<Cursor> {
        self.epoch.map(|epoch| Cursor { epoch, n: self.head, at: self.head_at })
    }

    /// Takes an entry in, if it is the next one.
    pub(super) fn publish(&mut self, entry: &SharedEntry, limits: &Limits) -> Published {
        match self.epoch {
            None => {
                self.epoch = Some(entry.epoch);
                self.head = entry.n.saturating_sub(1);
            }
            Some(epoch) if epoch != entry.epoch => return Published::OtherEpoch,
            Some(_) => {}
        }
        if entry.n <= self.head {
            return match self.get(entry.n) {
                Some(there) if there.at != entry.at => Published::Forked,
                _ => Published::Known,
            };
        }
        if entry.n > self.head + 1 {
            return Published::Gap;
        }
        if self.ended {
            return Published::Known;
        }
        self.head = entry.n;
        self.head_at = Some(entry.at);
        self.ended = entry.is_closed();
        self.bytes += entry.weight();
        self.entries.push_back(Arc::clone(entry));
        self.trim(limits);
        Published::Fresh
    }

    fn trim(&mut self, limits: &Limits) {
        let too_much = |ring: &Self| {
            let entries = ring.entries.len();
            entries > limits.tail.max(1) || (ring.bytes > limits.tail_bytes && entries > 1)
        };
        while too_much(self) {
            let Some(old) = self.entries.pop_front() else { return };
            self.bytes -= old.weight();
        }
    }

    /// The entry of this number, where it is kept.
    pub(super) fn get(&self, n: u64) -> Option<&SharedEntry> {
        let first = self.entries.front()?.n;
        self.entries.get(usize::try_from(n.checked_sub(first)?).ok()?)
    }

    /// Makes sure that this is the epoch of a reader's cursor; begins there, if nothing is known yet.
    pub(super) fn begin(&mut self, cursor: Cursor) -> bool {
        match self.epoch {
            None => {
                self.restart(cursor);
                true
            }
            // An ended log of the right epoch still has its end to give; one that could not be continued has not.
            Some(epoch) => epoch == cursor.epoch && !(self.ended && self.entries.is_empty()),
        }
    }

    /// Forgets everything, and goes on behind this cursor.
    pub(super) fn restart(&mut self, cursor: Cursor) {
        self.entries.clear();
        self.bytes = 0;
        self.epoch = Some(cursor.epoch);
        self.head = cursor.n;
        self.head_at = cursor.at;
        self.ended = false;
    }

    /// Forgets everything; nothing follows.
    pub(super) fn end(&mut self) {
        self.entries.clear();
        self.bytes = 0;
        self.ended = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Body;
    use crate::entry::{Entry, Said, What};
    use crate::id::RoomId;
    use crate::why::CloseWhy;

    fn entry(epoch: u64, n: u64, at: u64) -> SharedEntry {
        let said = Said { by: None, name: None, body: Body::text("hello"), key: None };
        let room = RoomId::new("r").unwrap();
        Arc::new(Entry::new(room, Epoch(epoch), n, Timestamp(at), What::Said(said)))
    }

    fn ring_of(limits: &Limits, numbers: std::ops::RangeInclusive<u64>) -> Ring {
        let mut ring = Ring::default();
        for n in numbers {
            assert_eq!(ring.publish(&entry(1, n, n), limits), Published::Fresh);
        }
        ring
    }

    #[test]
    fn it_begins_anywhere_and_never_jumps() {
        let limits = Limits::default();
        let mut ring = ring_of(&limits, 7..=9);
        assert_eq!(ring.publish(&entry(1, 11, 11), &limits), Published::Gap);
        assert_eq!(ring.head(), 9);
        assert_eq!(ring.publish(&entry(1, 8, 8), &limits), Published::Known);
        assert_eq!(ring.publish(&entry(1, 8, 80), &limits), Published::Forked);
        assert_eq!(ring.publish(&entry(2, 10, 10), &limits), Published::OtherEpoch);
        assert_eq!(ring.publish(&entry(1, 10, 10), &limits), Published::Fresh);
    }

    #[test]
    fn it_is_bounded_in_entries_and_in_bytes() {
        let few = Limits { tail: 4, ..Limits::default() };
        let ring = ring_of(&few, 1..=10);
        assert!(ring.get(6).is_none());
        assert_eq!(ring.get(7).map(|entry| entry.n), Some(7));
        let small = Limits { tail_bytes: 2 * entry(1, 1, 1).weight(), ..Limits::default() };
        let ring = ring_of(&small, 1..=10);
        assert!(ring.get(8).is_none());
        assert!(ring.get(9).is_some());
        let none = Limits { tail: 0, tail_bytes: 0, ..Limits::default() };
        assert!(
            ring_of(&none, 1..=3).get(3).is_some(),
            "the newest entry is always there to be read"
        );
    }

    #[test]
    fn nothing_follows_the_end() {
        let limits = Limits::default();
        let mut ring = ring_of(&limits, 1..=2);
        let room = RoomId::new("r").unwrap();
        let what = What::Closed { why: CloseWhy::Idle };
        let closed = Arc::new(Entry::new(room, Epoch(1), 3, Timestamp(3), what));
        assert_eq!(ring.publish(&closed, &limits), Published::Fresh);
        assert!(ring.is_ended());
        assert_eq!(ring.publish(&entry(1, 4, 4), &limits), Published::Known);
        assert_eq!(ring.head(), 3);
    }
}
