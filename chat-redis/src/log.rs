//! What is decided about a log from what was read of it: what follows a cursor, and pages of history.
//!
//! Nothing here asks Redis. What was said and what was noticed are two streams with one numbering, each trimmed by itself.
//! What is dropped is not kept track of: numbers have no holes, so nothing behind a cursor is missing if as
//! many entries are there as numbers lie between it and the head.

use chat_core::store::HistoryPage;
use chat_core::{Cursor, LostWhy, SharedEntry};

use crate::codec::Record;

/// What was read of a room's log, ascending.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) said: Vec<SharedEntry>,
    pub(crate) notices: Vec<SharedEntry>,
}

/// A page, and whether there is more in its direction.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct LogPage {
    pub(crate) entries: Vec<SharedEntry>,
    pub(crate) more: bool,
}

impl Log {
    /// Takes out what the room does not keep: without a history the newest thing said is there for lists alone.
    pub(crate) fn kept(mut self, record: &Record) -> Self {
        if record.policy.history == 0 {
            self.said.clear();
        }
        self
    }

    /// Everything after a cursor: all of it, or why not. Read from the cursor's own entry on.
    pub(crate) fn after(
        self,
        record: &Record,
        cursor: Cursor,
        max: u32,
    ) -> Result<Vec<SharedEntry>, LostWhy> {
        let (n, head) = (cursor.n, record.head);
        if cursor.epoch != record.epoch || n > head {
            return Err(LostWhy::Epoch);
        }
        let known = if n == head {
            (n > 0).then_some(record.head_at)
        } else {
            self.said.iter().chain(&self.notices).find(|entry| entry.n == n).map(|entry| entry.at)
        };
        if cursor.at.zip(known).is_some_and(|(read, known)| read != known) {
            return Err(LostWhy::Epoch);
        }
        if head - n > u64::from(max) {
            return Err(LostWhy::Trimmed);
        }
        let mut entries = self.merged();
        entries.retain(|entry| entry.n > n && entry.n <= head);
        if entries.len() as u64 != head - n { Err(LostWhy::Trimmed) } else { Ok(entries) }
    }

    /// A page of what was said, of which one more than `limit` was read where there is more, with the notices between
    /// its first and its last; the newest page also with those after its last, and where nothing was said at all with
    /// all that are kept.
    pub(crate) fn page(mut self, page: HistoryPage) -> LogPage {
        let (HistoryPage::Newest { limit }
        | HistoryPage::Before { limit, .. }
        | HistoryPage::After { limit, .. }) = page;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = self.said.len() > limit;
        let newest = matches!(page, HistoryPage::Newest { .. });
        if matches!(page, HistoryPage::After { .. }) {
            self.said.truncate(limit);
        } else {
            self.said.drain(..self.said.len().saturating_sub(limit));
        }
        let entries = match (self.said.first(), self.said.last()) {
            _ if limit == 0 => Vec::new(),
            (Some(first), Some(last)) => {
                let (first, last) = (first.n, if newest { u64::MAX } else { last.n });
                self.notices.retain(|entry| entry.n > first && entry.n < last);
                self.merged()
            }
            _ if newest => self.notices,
            _ => Vec::new(),
        };
        LogPage { entries, more }
    }

    /// Whether the newest page of so many can be made from what was read, where of the notices only so many were.
    pub(crate) fn reaches(&self, limit: u32, notices: u64) -> bool {
        let Some(oldest) = self.notices.first().filter(|_| self.notices.len() as u64 >= notices)
        else {
            return true;
        };
        limit == 0 || self.said.first().is_some_and(|said| said.n > oldest.n)
    }

    /// Leaves out what was written behind entry `n`.
    pub(crate) fn cut(&mut self, n: u64) {
        self.said.retain(|entry| entry.n <= n);
        self.notices.retain(|entry| entry.n <= n);
    }

    /// Both, by their numbers.
    fn merged(mut self) -> Vec<SharedEntry> {
        self.said.append(&mut self.notices);
        self.said.sort_unstable_by_key(|entry| entry.n);
        self.said
    }
}

#[cfg(test)]
mod tests;
