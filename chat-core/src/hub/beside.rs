//! What readers are told beside the log, without numbers that anybody keeps: signals and counts.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::entry::Signal;

/// Signals kept for readers who are a little behind.
const SIGNALS: usize = 32;

/// The newest signals of a room, and the number of its users where it only counts.
#[derive(Debug, Default)]
pub(super) struct Beside {
    signals: VecDeque<Arc<Signal>>,
    /// How many signals were dropped before those that are kept.
    dropped: u64,
    count: u32,
    /// How many times the number was told.
    counted: u32,
}

/// How far a reader has heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    signals: u64,
    counted: u32,
    /// The number that it knows.
    count: u32,
}

impl Beside {
    pub(super) fn signal(&mut self, signal: &Arc<Signal>) {
        if self.signals.len() == SIGNALS {
            self.signals.pop_front();
            self.dropped += 1;
        }
        self.signals.push_back(Arc::clone(signal));
    }

    pub(super) fn count(&mut self, live: u32) {
        self.count = live;
        self.counted = self.counted.wrapping_add(1);
    }

    /// How many times the number was told so far.
    pub(super) fn counted(&self) -> u32 {
        self.counted
    }

    /// Where a reader begins who knows this number of users, and asked for it when it had been told so many times. What
    /// was told since may be newer than what the reader was answered.
    pub(super) fn heard(&self, live: u32, counted: u32) -> Heard {
        let signals = self.dropped + self.signals.len() as u64;
        Heard { signals, counted, count: live }
    }

    /// Whether there may be something for a reader.
    pub(super) fn has_news(&self, heard: &Heard) -> bool {
        heard.signals < self.dropped + self.signals.len() as u64 || heard.counted != self.counted
    }

    /// The next signal for a reader.
    pub(super) fn next_signal(&self, heard: &mut Heard) -> Option<&Arc<Signal>> {
        heard.signals = heard.signals.max(self.dropped);
        let index = usize::try_from(heard.signals - self.dropped).ok()?;
        let signal = self.signals.get(index)?;
        heard.signals += 1;
        Some(signal)
    }

    /// The number of users, where a reader does not know it. Numbers are compared, not only how often they were told: a
    /// reader's own snapshot may be newer than what was told last.
    pub(super) fn next_count(&self, heard: &mut Heard) -> Option<u32> {
        if heard.counted == self.counted {
            return None;
        }
        heard.counted = self.counted;
        (std::mem::replace(&mut heard.count, self.count) != self.count).then_some(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Body;
    use crate::id::{Incarnation, NodeId, RoomId, SessionId, UserId, Writer};

    fn signal(n: usize) -> Arc<Signal> {
        let from = Writer { node: NodeId(1), incarnation: Incarnation(1) }.session(SessionId(1));
        let (room, by) = (RoomId::new("r").unwrap(), UserId::new("u").unwrap());
        Arc::new(Signal::new(room, by, from, Body::text(&n.to_string())))
    }

    #[test]
    fn a_reader_far_behind_gets_the_newest_signals() {
        let mut beside = Beside::default();
        let mut heard = beside.heard(0, 0);
        let sent: Vec<Arc<Signal>> = (0..SIGNALS + 5).map(signal).collect();
        sent.iter().for_each(|signal| beside.signal(signal));
        let mut got = Vec::new();
        while let Some(signal) = beside.next_signal(&mut heard) {
            got.push(Arc::clone(signal));
        }
        assert_eq!(got, sent[5..]);
    }

    #[test]
    fn a_count_that_went_back_before_it_was_told_is_not_missed() {
        let mut beside = Beside::default();
        beside.count(4);
        // Came with 5 in the snapshot; one went before the 5 was told.
        let mut heard = beside.heard(5, beside.counted());
        assert_eq!(beside.next_count(&mut heard), None);
        beside.count(4);
        assert_eq!(beside.next_count(&mut heard), Some(4));
        beside.count(4);
        assert_eq!(beside.next_count(&mut heard), None);
    }

    #[test]
    fn a_count_that_was_told_while_a_reader_was_coming_is_not_missed() {
        let mut beside = Beside::default();
        let asked = beside.counted();
        // Came as the fifth, but before that was answered one went, and it was told.
        beside.count(4);
        let mut heard = beside.heard(5, asked);
        assert!(beside.has_news(&heard));
        assert_eq!(beside.next_count(&mut heard), Some(4));
    }
}
