//! What was said before what the log still holds: asked of the host, and put in front of what the store gave.
//!
//! *When*: a page towards the past reaches the beginning of what is kept, and there may have been more. *Under pressure*: a page
//! holds no more than it was asked for, whatever the host answers. *When it fails*: the page is what the log has; an answer that is
//! no part of this log is a failure. Notices are not kept by hosts, so what comes from there has none between.

use std::sync::Arc;

use super::Inner;
use super::asking::ask;
use crate::entry::{Entry, SharedEntry};
use crate::error::{Error, Result};
use crate::hooks::Hooks;
use crate::id::RoomId;
use crate::store::{Existing, History, HistoryPage};

/// What is missing at the beginning of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Missing {
    /// Only what has a lower number.
    before: u64,
    /// So many are missing to a full page.
    entries: u32,
}

impl Inner {
    /// A page of what was said, by the store and the host.
    pub(crate) async fn history_with_older(
        &self,
        room: &RoomId,
        page: HistoryPage,
    ) -> Result<History> {
        let page = self.bounded(page);
        let found = self.history(room, page).await?;
        let Some((hooks, options)) = &self.hooks else { return Ok(found) };
        let Some(missing) = Missing::of(&found, page) else { return Ok(found) };
        if matches!(page, HistoryPage::Newest { .. }) && self.keeps_more(room, &found).await? {
            return Ok(found);
        }
        // One more than there is room for tells whether there is more.
        let limit = missing.entries.saturating_add(1);
        let asked = older(hooks.as_ref(), room, &found, missing.before, limit);
        match ask(options, asked, Vec::new()).await {
            Ok(older) => Ok(put_before(found, older, missing.entries)),
            Err(Error::Hook) => Ok(found),
            Err(other) => Err(other),
        }
    }

    /// Whether a room would keep more than all that was said in it, which this is: then nothing came before.
    async fn keeps_more(&self, room: &RoomId, all: &History) -> Result<bool> {
        let there = self.backend.rooms.get(std::slice::from_ref(room)).await?.pop();
        let Some(Existing::Open(view)) = there else { return Ok(false) };
        Ok(said(&all.entries).count() < view.policy.history as usize)
    }
}

impl Missing {
    fn of(found: &History, page: HistoryPage) -> Option<Self> {
        let (limit, end) = match page {
            HistoryPage::Newest { limit } => (limit, found.first),
            HistoryPage::Before { n, limit } => (limit, n.min(found.first)),
            HistoryPage::After { .. } => return None,
        };
        let before = said(&found.entries).next().map_or(end, |oldest| oldest.n);
        // Nothing has a number below 1.
        if found.more || before <= 1 {
            return None;
        }
        let given = u32::try_from(said(&found.entries).count()).unwrap_or(u32::MAX);
        Some(Self { before, entries: limit.saturating_sub(given) })
    }
}

/// What the host has, checked: the newest of it if it is more than was asked for.
async fn older(
    hooks: &dyn Hooks,
    room: &RoomId,
    log: &History,
    before: u64,
    limit: u32,
) -> crate::hooks::HookResult<Vec<Entry>> {
    let mut entries = hooks.older(room, log.epoch, before, limit).await?;
    let belongs = |entry: &Entry| {
        entry.said().is_some() && entry.room == *room && entry.epoch == log.epoch && entry.n > 0
    };
    let ascends = entries.is_sorted_by(|one, next| one.n < next.n);
    let below = entries.last().is_none_or(|last| last.n < before);
    if !ascends || !below || !entries.iter().all(belongs) {
        return Err("what is older is no part of this log, or not in its order".into());
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    entries.drain(..entries.len().saturating_sub(most));
    Ok(entries)
}

/// The page with what is older in front; `older` may be one more than there is room for.
fn put_before(mut found: History, mut older: Vec<Entry>, room_for: u32) -> History {
    let room_for = usize::try_from(room_for).unwrap_or(usize::MAX);
    found.more = older.len() > room_for;
    older.drain(..older.len().saturating_sub(room_for));
    if let Some(oldest) = older.first().map(|entry| entry.n) {
        // Where the log has nothing that was said, its notices lie before, between and behind.
        found.entries.retain(|entry| entry.n > oldest);
        found.entries.extend(older.into_iter().map(Arc::new));
        found.entries.sort_by_key(|entry| entry.n);
    }
    found
}

fn said(entries: &[SharedEntry]) -> impl Iterator<Item = &SharedEntry> {
    entries.iter().filter(|entry| entry.said().is_some())
}
