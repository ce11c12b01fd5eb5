//! What is decided from what was read, against a list of everything that was ever written.

use std::sync::Arc;

use bytes::Bytes;
use chat_core::entry::{Entry, Said, What};
use chat_core::{Body, CloseWhy, Epoch, RoomId, Timestamp};
use proptest::prelude::{Strategy, any, proptest};

use super::*;

const EPOCH: Epoch = Epoch(7);

/// A room of which everything was written down, and what is kept of it.
struct Written {
    all: Vec<SharedEntry>,
    history: usize,
    notices: usize,
}

fn at(n: u64) -> Timestamp {
    Timestamp(1_000 + n * 10)
}

impl Written {
    fn new(history: usize, notices: usize, said: &[bool]) -> Self {
        let entry = |(n, said): (u64, &bool)| {
            let what = if *said {
                What::Said(Said { by: None, name: None, body: Body::text("x"), key: None })
            } else {
                What::Closed { why: CloseWhy::Idle }
            };
            Arc::new(Entry::new(RoomId::new("r").unwrap(), EPOCH, n, at(n), what))
        };
        Self { all: (1..).zip(said).map(entry).collect(), history, notices }
    }

    fn head(&self) -> u64 {
        self.all.len() as u64
    }

    fn record(&self) -> Record {
        let fixed = format!("{:016x} public 1000 9 0 0 {} 0 0 0", EPOCH.0, self.history);
        let (n, a) = (self.head().to_string(), at(self.head()).0.to_string());
        let fields = [("p", fixed), ("t", String::new()), ("n", n), ("a", a)];
        let fields = fields.map(|(name, value)| (Bytes::from(name), Bytes::from(value)));
        Record::read(&RoomId::new("r").unwrap(), &fields).unwrap().unwrap()
    }

    /// What a stream holds: of what was said at least one, which lists show.
    fn stream(&self, said: bool) -> Vec<SharedEntry> {
        let max = if said { self.history.max(1) } else { self.notices };
        let mut of: Vec<_> =
            self.all.iter().filter(|entry| entry.said().is_some() == said).cloned().collect();
        of.split_off(of.len().saturating_sub(max))
    }

    /// What a reader may count on.
    fn kept(&self) -> Vec<SharedEntry> {
        let said = if self.history == 0 { Vec::new() } else { self.stream(true) };
        let mut all = [said, self.stream(false)].concat();
        all.sort_by_key(|entry| entry.n);
        all
    }

    /// What is read for everything after entry `n`.
    fn read_from(&self, n: u64, max: u32) -> Log {
        let part = |said| -> Vec<SharedEntry> {
            let from = self.stream(said).into_iter().filter(|entry| entry.n >= n);
            from.take(max as usize + 2).collect()
        };
        Log { said: part(true), notices: part(false) }.kept(&self.record())
    }

    /// What is read for a page.
    fn read_page(&self, page: HistoryPage) -> Log {
        let part = |said, count: usize| -> Vec<SharedEntry> {
            let all = self.stream(said).into_iter();
            match page {
                HistoryPage::After { n, .. } => {
                    all.filter(|entry| entry.n > n).take(count).collect()
                }
                HistoryPage::Newest { .. } | HistoryPage::Before { .. } => {
                    let below = if let HistoryPage::Before { n, .. } = page { n } else { u64::MAX };
                    let mut all: Vec<_> = all.filter(|entry| entry.n < below).collect();
                    all.split_off(all.len().saturating_sub(count))
                }
            }
        };
        let (HistoryPage::Newest { limit }
        | HistoryPage::Before { limit, .. }
        | HistoryPage::After { limit, .. }) = page;
        let notices = part(false, self.notices.max(1));
        Log { said: part(true, limit as usize + 1), notices }.kept(&self.record())
    }

    fn after(&self, cursor: Cursor, max: u32) -> Result<Vec<SharedEntry>, LostWhy> {
        let (n, kept) = (cursor.n, self.kept());
        if cursor.epoch != EPOCH || n > self.head() {
            return Err(LostWhy::Epoch);
        }
        let known = n > 0 && (n == self.head() || kept.iter().any(|entry| entry.n == n));
        if known && cursor.at.is_some_and(|read| read != at(n)) {
            return Err(LostWhy::Epoch);
        }
        let missed: Vec<_> = self.all.iter().filter(|entry| entry.n > n).cloned().collect();
        if missed.len() > max as usize || !missed.iter().all(|entry| kept.contains(entry)) {
            return Err(LostWhy::Trimmed);
        }
        Ok(missed)
    }

    fn page(&self, page: HistoryPage) -> LogPage {
        let kept = self.kept();
        let said = |from: u64, to: u64| -> Vec<u64> {
            let of = kept.iter().filter(|e| e.said().is_some() && e.n > from && e.n < to);
            of.map(|entry| entry.n).collect()
        };
        let (picked, more, limit) = match page {
            HistoryPage::Newest { limit } | HistoryPage::Before { limit, .. } => {
                let below = if let HistoryPage::Before { n, .. } = page { n } else { u64::MAX };
                let mut all = said(0, below);
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
        let on_it = |entry: &&SharedEntry| match (picked.first(), picked.last()) {
            (Some(first), Some(last)) => entry.n >= *first && (newest || entry.n <= *last),
            _ => newest && none_said && limit > 0,
        };
        LogPage { entries: kept.iter().filter(on_it).cloned().collect(), more }
    }
}

fn cursor(n: u64, at: Option<Timestamp>) -> Cursor {
    Cursor { epoch: EPOCH, n, at }
}

fn numbers(entries: &[SharedEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.n).collect()
}

#[test]
fn a_gap_is_filled_whole_or_not_at_all() {
    let room = Written::new(100, 2, &[true, false, true, false, false, true]);
    let after = |n, max| room.read_from(n, max).after(&room.record(), cursor(n, None), max);
    // Entry 2 was dropped: nothing above it is missing.
    assert_eq!(numbers(&after(2, 10).unwrap()), [3, 4, 5, 6]);
    assert_eq!(after(1, 10), Err(LostWhy::Trimmed));
    assert_eq!(after(2, 3), Err(LostWhy::Trimmed));
    assert_eq!(after(6, 0), Ok(Vec::new()));
    assert_eq!(after(7, 10), Err(LostWhy::Epoch));
    assert_eq!(after(u64::MAX, u32::MAX), Err(LostWhy::Epoch));
}

#[test]
fn another_life_of_the_room_is_another_log() {
    let room = Written::new(9, 9, &[true, true]);
    let other = Cursor { epoch: Epoch(8), n: 1, at: Some(at(1)) };
    assert_eq!(room.read_from(1, 9).after(&room.record(), other, 9), Err(LostWhy::Epoch));
}

#[test]
fn a_room_without_history_gives_none_though_the_newest_is_kept_for_lists() {
    let room = Written::new(0, 5, &[false, true, true]);
    let page = HistoryPage::Newest { limit: 5 };
    assert_eq!(numbers(&room.read_page(page).page(page).entries), [1]);
    let after = |at| room.read_from(3, 9).after(&room.record(), cursor(3, Some(at)), 9);
    assert_eq!(after(at(3)), Ok(Vec::new()));
    assert_eq!(after(at(4)), Err(LostWhy::Epoch), "the head's time is in the record");
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
        said in proptest::collection::vec(any::<bool>(), 0..60),
        pages in proptest::collection::vec(a_page(), 20),
        cursors in proptest::collection::vec((0u64..64, 0u8..3, 0u32..64), 20),
    ) {
        let room = Written::new(bounds.0, bounds.1, &said);
        for page in pages {
            assert_eq!(room.read_page(page).page(page), room.page(page), "{page:?}");
        }
        for (n, time, max) in cursors {
            let read = match time {
                0 => None,
                1 => Some(at(n)),
                _ => Some(Timestamp(7)),
            };
            let cursor = cursor(n, read);
            let given = room.read_from(n, max).after(&room.record(), cursor, max);
            assert_eq!(given, room.after(cursor, max), "{cursor:?} {max}");
        }
    }

    #[test]
    fn a_newest_page_of_few_notices_is_the_whole_one_or_is_read_again(
        bounds in (0usize..12, 0usize..20),
        said in proptest::collection::vec(any::<bool>(), 0..60),
        limit in 0u32..20,
        few in 1usize..10,
    ) {
        let room = Written::new(bounds.0, bounds.1, &said);
        let page = HistoryPage::Newest { limit };
        let mut log = room.read_page(page);
        // With a snapshot only as many as are shown are read.
        log.said.drain(..log.said.len().saturating_sub(limit as usize));
        log.notices.drain(..log.notices.len().saturating_sub(few));
        if log.reaches(limit, few as u64) {
            assert_eq!(log.page(page).entries, room.page(page).entries);
        }
    }
}
