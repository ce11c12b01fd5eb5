//! The log of one life of one room: numbered entries under two bounds.
//!
//! What was said and what was noticed (comings, goings, the close) share one numbering, and are kept in two
//! queues of their own, each the newest so many: five hundred comings and goings do not push the talk out. Below
//! the newest entry that was dropped from either, the log has holes and cannot be resumed from.
//!
//! Nothing here knows of rooms, locks or time; entries come in with ascending numbers.

use std::collections::VecDeque;

use crate::entry::{Cursor, SharedEntry};
use crate::id::Epoch;
use crate::store::HistoryPage;
use crate::time::Timestamp;
use crate::why::LostWhy;

/// How many of each are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    pub(super) said: usize,
    pub(super) notices: usize,
}

/// The entries that are kept, and where the log stands.
#[derive(Debug, Default)]
pub(super) struct Log {
    said: VecDeque<SharedEntry>,
    notices: VecDeque<SharedEntry>,
    /// The newest number; 0 before the first.
    head: u64,
    /// Its time, kept apart from the entry: that may have been dropped at once (a history of 0), and a cursor
    /// at the head is compared all the same.
    head_at: Timestamp,
    /// The newest number that was dropped; 0 before the first.
    dropped: u64,
}

/// What was said, and the notices with it.
#[derive(Debug, PartialEq)]
pub(super) struct LogPage {
    pub(super) entries: Vec<SharedEntry>,
    pub(super) more: bool,
}

impl Log {
    /// The number of the next entry, and its time: times in a log never decrease.
    pub(super) fn next(&self, now: Timestamp) -> (u64, Timestamp) {
        (self.head + 1, now.max(self.head_at))
    }

    /// Takes the next entry in and drops what is too much.
    pub(super) fn push(&mut self, entry: &SharedEntry, keep: Keep) {
        debug_assert_eq!(entry.n, self.head + 1, "a hole in the numbering");
        self.head = entry.n;
        self.head_at = entry.at;
        let (queue, max) = match entry.said() {
            Some(_) => (&mut self.said, keep.said),
            None => (&mut self.notices, keep.notices),
        };
        while queue.len() >= max.max(1) {
            if let Some(oldest) = queue.pop_front() {
                self.dropped = self.dropped.max(oldest.n);
            }
        }
        if max == 0 {
            self.dropped = entry.n;
        } else {
            queue.push_back(SharedEntry::clone(entry));
        }
    }

    /// The cursor of somebody who has read everything.
    pub(super) fn head(&self, epoch: Epoch) -> Cursor {
        Cursor { epoch, n: self.head, at: (self.head > 0).then_some(self.head_at) }
    }

    /// The number of the oldest thing said that is kept; the next number where there is none.
    pub(super) fn first(&self) -> u64 {
        self.said.front().map_or(self.head + 1, |entry| entry.n)
    }

    /// Everything after entry `n`, whose time was `at`: all of it, or why not.
    pub(super) fn after(
        &self,
        n: u64,
        at: Option<Timestamp>,
        max: u32,
    ) -> Result<Vec<SharedEntry>, LostWhy> {
        if n > self.head {
            return Err(LostWhy::Epoch);
        }
        if let (Some(at), Some(kept)) = (at, self.time_of(n))
            && at != kept
        {
            return Err(LostWhy::Epoch);
        }
        if n < self.dropped || self.head - n > u64::from(max) {
            return Err(LostWhy::Trimmed);
        }
        Ok(self.between(n, self.head))
    }

    /// A page of what was said, with the notices between its first and its last; the newest page also with those
    /// after its last, and where nothing was said at all with all that are kept.
    pub(super) fn page(&self, page: HistoryPage) -> LogPage {
        let clip = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        let len = self.said.len();
        let (from, to, limit) = match page {
            HistoryPage::Newest { limit } => (len.saturating_sub(clip(limit)), len, limit),
            HistoryPage::Before { n, limit } => {
                let to = self.said.partition_point(|entry| entry.n < n);
                (to.saturating_sub(clip(limit)), to, limit)
            }
            HistoryPage::After { n, limit } => {
                let from = self.said.partition_point(|entry| entry.n <= n);
                (from, from.saturating_add(clip(limit)).min(len), limit)
            }
        };
        let newest = matches!(page, HistoryPage::Newest { .. });
        let more = if matches!(page, HistoryPage::After { .. }) { to < len } else { from > 0 };
        let entries = if limit == 0 {
            Vec::new()
        } else if from < to {
            let last = if newest { self.head } else { self.said[to - 1].n };
            self.between(self.said[from].n - 1, last)
        } else if newest {
            self.notices.iter().cloned().collect()
        } else {
            Vec::new()
        };
        LogPage { entries, more }
    }

    /// The time of an entry, where it is still known.
    fn time_of(&self, n: u64) -> Option<Timestamp> {
        if n == 0 {
            return None;
        }
        if n == self.head {
            return Some(self.head_at);
        }
        [&self.said, &self.notices].into_iter().find_map(|queue| {
            let place = queue.binary_search_by_key(&n, |entry| entry.n).ok()?;
            Some(queue[place].at)
        })
    }

    /// Everything kept with numbers above `after` and up to `to`, of both queues, ascending.
    fn between(&self, after: u64, to: u64) -> Vec<SharedEntry> {
        let part = |queue: &VecDeque<SharedEntry>| {
            let from = queue.partition_point(|entry| entry.n <= after);
            // Reading up to the head, which is the rule, there is nothing to search for.
            let end = match queue.back() {
                Some(last) if last.n <= to => queue.len(),
                _ => queue.partition_point(|entry| entry.n <= to),
            };
            from..end
        };
        let (said, notices) = (part(&self.said), part(&self.notices));
        let mut entries = Vec::with_capacity(said.len() + notices.len());
        let mut notices = self.notices.range(notices).peekable();
        for said in self.said.range(said) {
            while let Some(notice) = notices.next_if(|notice| notice.n < said.n) {
                entries.push(SharedEntry::clone(notice));
            }
            entries.push(SharedEntry::clone(said));
        }
        entries.extend(notices.cloned());
        entries
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::{Strategy, any, proptest};

    use super::*;
    use crate::body::Body;
    use crate::entry::{Entry, Said, What};
    use crate::id::RoomId;
    use crate::why::CloseWhy;

    fn entry(log: &Log, said: bool) -> SharedEntry {
        let (n, at) = log.next(Timestamp(1_000 + log.head * 10));
        let what = if said {
            What::Said(Said { by: None, name: None, body: Body::text("x"), key: None })
        } else {
            What::Closed { why: CloseWhy::Idle }
        };
        Arc::new(Entry::new(RoomId::new("r").unwrap(), Epoch(1), n, at, what))
    }

    fn push(log: &mut Log, said: bool, keep: Keep) -> SharedEntry {
        let entry = entry(log, said);
        log.push(&entry, keep);
        entry
    }

    /// Everything that was ever written, and the rules by going through all of it.
    #[derive(Default)]
    struct Naive {
        all: Vec<SharedEntry>,
    }

    impl Naive {
        fn kept(&self, keep: Keep) -> Vec<SharedEntry> {
            let newest = |said: bool, max: usize| {
                let mut of: Vec<_> =
                    self.all.iter().filter(|e| e.said().is_some() == said).cloned().collect();
                of.split_off(of.len().saturating_sub(max))
            };
            let mut kept = newest(true, keep.said);
            kept.extend(newest(false, keep.notices));
            kept.sort_by_key(|e| e.n);
            kept
        }

        fn after(
            &self,
            keep: Keep,
            n: u64,
            at: Option<Timestamp>,
            max: u32,
        ) -> Result<Vec<SharedEntry>, LostWhy> {
            let head = self.all.len() as u64;
            if n > head {
                return Err(LostWhy::Epoch);
            }
            let kept = self.kept(keep);
            let entry = self.all.iter().find(|e| e.n == n);
            let known = entry.filter(|e| e.n == head || kept.contains(e));
            if let (Some(at), Some(known)) = (at, known)
                && known.at != at
            {
                return Err(LostWhy::Epoch);
            }
            let missed: Vec<_> = self.all.iter().filter(|e| e.n > n).cloned().collect();
            if missed.len() > max as usize || !missed.iter().all(|e| kept.contains(e)) {
                return Err(LostWhy::Trimmed);
            }
            Ok(missed)
        }

        fn page(&self, keep: Keep, page: HistoryPage) -> LogPage {
            let kept = self.kept(keep);
            let said = |from: u64, to: u64| -> Vec<u64> {
                let of = kept.iter().filter(|e| e.said().is_some() && e.n > from && e.n < to);
                of.map(|e| e.n).collect()
            };
            let (picked, more, limit) = match page {
                HistoryPage::Newest { limit } | HistoryPage::Before { limit, .. } => {
                    let before = match page {
                        HistoryPage::Before { n, .. } => n,
                        _ => u64::MAX,
                    };
                    let mut all = said(0, before);
                    let picked = all.split_off(all.len().saturating_sub(limit as usize));
                    (picked, !all.is_empty(), limit)
                }
                HistoryPage::After { n, limit } => {
                    let mut all = said(n, u64::MAX);
                    let rest = all.split_off(all.len().min(limit as usize));
                    (all, !rest.is_empty(), limit)
                }
            };
            let newest = matches!(page, HistoryPage::Newest { .. });
            let none_said = said(0, u64::MAX).is_empty();
            let entries = kept
                .iter()
                .filter(|e| match (picked.first(), picked.last()) {
                    (Some(first), Some(last)) => e.n >= *first && (newest || e.n <= *last),
                    _ => newest && none_said && limit > 0,
                })
                .cloned()
                .collect();
            LogPage { entries, more }
        }
    }

    fn numbers(entries: &[SharedEntry]) -> Vec<u64> {
        entries.iter().map(|e| e.n).collect()
    }

    #[test]
    fn notices_never_push_the_talk_out() {
        let (mut log, keep) = (Log::default(), Keep { said: 2, notices: 3 });
        push(&mut log, true, keep);
        for _ in 0..100 {
            push(&mut log, false, keep);
        }
        let page = log.page(HistoryPage::Newest { limit: 10 });
        assert_eq!(numbers(&page.entries), [1, 99, 100, 101]);
        assert_eq!(log.first(), 1);
    }

    #[test]
    fn a_gap_is_filled_whole_or_not_at_all() {
        let (mut log, keep) = (Log::default(), Keep { said: 100, notices: 2 });
        for said in [true, false, true, false, false, true] {
            push(&mut log, said, keep);
        }
        // Entry 2 was dropped: nothing at or above it is missing.
        assert_eq!(numbers(&log.after(2, None, 10).unwrap()), [3, 4, 5, 6]);
        assert_eq!(log.after(1, None, 10), Err(LostWhy::Trimmed));
        assert_eq!(log.after(2, None, 3), Err(LostWhy::Trimmed));
        assert_eq!(log.after(6, None, 0), Ok(Vec::new()));
        assert_eq!(log.after(7, None, 10), Err(LostWhy::Epoch));
        assert_eq!(log.after(u64::MAX, None, 10), Err(LostWhy::Epoch));
    }

    #[test]
    fn the_heads_time_is_compared_although_nothing_is_kept() {
        let (mut log, keep) = (Log::default(), Keep { said: 0, notices: 0 });
        let entry = push(&mut log, true, keep);
        assert_eq!(log.after(1, Some(entry.at), 10), Ok(Vec::new()));
        assert_eq!(log.after(1, Some(Timestamp(1)), 10), Err(LostWhy::Epoch));
        assert_eq!(log.after(0, None, 10), Err(LostWhy::Trimmed));
        assert_eq!(log.first(), 2);
    }

    #[test]
    fn times_never_decrease() {
        let (mut log, keep) = (Log::default(), Keep { said: 9, notices: 9 });
        let first = push(&mut log, true, keep);
        assert_eq!(log.next(Timestamp(3)), (2, first.at));
    }

    fn a_page() -> impl Strategy<Value = HistoryPage> {
        (0u8..3, 0u64..70, 0u32..20).prop_map(|(kind, n, limit)| match kind {
            0 => HistoryPage::Newest { limit },
            1 => HistoryPage::Before { n, limit },
            _ => HistoryPage::After { n, limit },
        })
    }

    proptest! {
        #[test]
        fn it_answers_as_a_list_of_everything_would(
            bounds in (0usize..12, 0usize..8),
            written in proptest::collection::vec(any::<bool>(), 0..60),
            pages in proptest::collection::vec(a_page(), 20),
            cursors in proptest::collection::vec((0u64..64, 0u8..3, 0u32..64), 20),
        ) {
            let keep = Keep { said: bounds.0, notices: bounds.1 };
            let (mut log, mut naive) = (Log::default(), Naive::default());
            for said in written {
                naive.all.push(push(&mut log, said, keep));
            }
            for page in pages {
                assert_eq!(log.page(page), naive.page(keep, page), "{page:?}");
            }
            for (n, time, max) in cursors {
                let right = naive.all.iter().find(|e| e.n == n).map(|e| e.at);
                let at = match time {
                    0 => None,
                    1 => right,
                    _ => Some(Timestamp(7)),
                };
                // Before the first entry there is no time to compare.
                assert_eq!(log.after(n, at, max), naive.after(keep, n, at, max), "{n} {at:?} {max}");
            }
            let kept = naive.kept(keep);
            let first = kept.iter().find(|e| e.said().is_some()).map(|e| e.n);
            assert_eq!(log.first(), first.unwrap_or(naive.all.len() as u64 + 1));
        }
    }
}
