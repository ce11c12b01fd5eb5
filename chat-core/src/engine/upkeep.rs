//! What is done now and then: each a step that the background tasks take when it is due, and
//! [`Engine::sweep`](crate::Engine::sweep) at once.

use std::sync::Arc;
use std::time::Duration;

use super::{Inner, fenced};
use crate::error::{Error, Result, StoreError};
use crate::hub::{Feed, Published, Tail};
use crate::id::RoomId;
use crate::list::{Page, Watched};
use crate::store::{Due, Existing, IndexRow, Resumed};
use crate::why::{LostWhy, ResetWhy};

/// Names taken in one look at a shard.
const PEEK: u32 = 256;
/// After so many names that the store was not there for, the others are left for later.
const AWAY: usize = 3;
/// Looks of one sweep; what is due beyond them waits for the next one.
const LOOKS: u32 = 100_000;
/// Rooms asked for at once.
const BATCH: usize = 200;

impl Inner {
    /// Everything, at once.
    pub(crate) async fn sweep(&self) {
        // What fails here is tried again at the next sweep; there is nobody to tell.
        let _ = self.renew().await;
        let _ = self.run_errands().await;
        for _ in 0..LOOKS {
            if self.reap().await != Some(Duration::ZERO) {
                break;
            }
        }
        self.read_mail().await;
        self.heal_tails().await;
        self.refresh_counts().await;
        self.refresh_lists().await;
        self.unsubscribe_quiet().await;
        if let Some(observing) = &self.observing {
            observing.give().await;
        }
    }

    /// Takes one step for each name that is due; returns how long until the next is, as far as is known.
    pub(crate) async fn reap(&self) -> Option<Duration> {
        let mut next: Option<Duration> = None;
        let (mut failed, mut away) = (false, 0);
        // At once: a part of the store that is away holds up none of the others, which would think that nobody was there.
        let expiry = &self.backend.expiry;
        let peeks = (0..expiry.shards()).map(|shard| expiry.peek(shard, PEEK));
        for peeked in futures_util::future::join_all(peeks).await.into_iter().flatten() {
            for due in &peeked.due {
                // One name that cannot be reaped keeps no other from it.
                let Err(error) = self.reap_name(due).await else { continue };
                failed = true;
                if matches!(error, Error::Store { retryable: true, .. }) {
                    away += 1;
                    if away >= AWAY {
                        // The store is away; whoever sees it first again goes on.
                        return None;
                    }
                }
            }
            if let Some(wait) = peeked.next {
                next = Some(next.map_or(wait, |least| least.min(wait)));
            }
        }
        // What failed is still due; it is not asked for at once.
        if failed { None } else { next }
    }

    async fn reap_name(&self, due: &Due) -> Result<()> {
        loop {
            let reaped = fenced!(self, |by| self.backend.expiry.reap(by, due).await)?;
            self.wrote(&reaped.wrote);
            if !reaped.more {
                return Ok(());
            }
            // A dead node with very many sessions is no reason to keep everybody else waiting.
            tokio::task::consume_budget().await;
        }
    }

    /// Fills the gaps of tails from the log.
    pub(crate) async fn heal_tails(&self) {
        if self.hub.take_missed() && self.compare_heads().await.is_err() {
            self.hub.missed_later();
        }
        let rooms = self.hub.take_heals();
        for (at, room) in rooms.iter().enumerate() {
            if let Some(tail) = self.hub.tail(room)
                && self.heal_tail(&tail).await.is_err()
            {
                // Later: the store cannot be read, and need not be asked for each of the others to find that out.
                rooms[at..].iter().for_each(|room| self.hub.heal_later(room));
                return;
            }
        }
    }

    async fn heal_tail(&self, tail: &Arc<Tail>) -> Result<(), StoreError> {
        // A tail that has its end lacks nothing, whatever became of the room since.
        if tail.is_ended() {
            return Ok(());
        }
        let Some(head) = tail.head() else { return Ok(()) };
        let resumed = self.backend.rooms.resume(tail.room(), head, self.limits.resume).await?;
        match resumed {
            Resumed::Entries { entries, .. } => {
                for entry in &entries {
                    // Into this very tail: the room's may be another one by now.
                    let published = tail.publish(entry, &self.limits);
                    if matches!(published, Published::Forked | Published::OtherEpoch) {
                        tail.begin_anew(Some(entry.cursor()), ResetWhy::Epoch);
                        self.hub.count_reset();
                        break;
                    }
                }
            }
            // The epoch ended while this node did not hear of it: readers who have everything but the end get that.
            Resumed::Lost { ended: Some(ended), .. } if ended.n == head.n + 1 => {
                tail.publish(&ended, &self.limits);
            }
            Resumed::Lost { why, head, .. } => {
                if tail.epoch() == Some(head.epoch) {
                    let why = if why == LostWhy::Epoch { ResetWhy::Epoch } else { ResetWhy::Slow };
                    tail.begin_anew(Some(head), why);
                } else {
                    tail.begin_anew(None, ResetWhy::Epoch);
                }
                self.hub.count_reset();
            }
            Resumed::Missing if !tail.is_ended() => {
                tail.begin_anew(None, ResetWhy::Epoch);
                self.hub.count_reset();
            }
            Resumed::Missing => {}
        }
        Ok(())
    }

    /// Compares what the tails have with the heads of the logs: a room's last entry may have been lost on the way, and
    /// nothing comes after it that would show the gap.
    pub(crate) async fn compare_heads(&self) -> Result<(), StoreError> {
        let tails = self.hub.tails();
        for batch in tails.chunks(BATCH) {
            let rooms: Vec<RoomId> = batch.iter().map(|tail| tail.room().clone()).collect();
            let heads = self.backend.rooms.heads(&rooms).await?;
            for (tail, head) in batch.iter().zip(heads) {
                let here = tail.head();
                let differs = here.is_some_and(|here| {
                    head.is_none_or(|head| {
                        head.epoch != here.epoch || head.n != here.n || head.at != here.at
                    })
                });
                if differs && !tail.is_ended() {
                    self.hub.want_heal(tail.room());
                }
            }
        }
        Ok(())
    }

    /// Reads the numbers of users that have changed.
    pub(crate) async fn refresh_counts(&self) {
        let rooms = self.hub.take_counts();
        for (at, batch) in rooms.chunks(BATCH).enumerate() {
            let Ok(found) = self.backend.rooms.get(batch).await else {
                // Not this batch alone: those behind it were taken, too.
                rooms[at * BATCH..].iter().for_each(|room| self.hub.want_count(room));
                return;
            };
            for (room, existing) in batch.iter().zip(found) {
                if let (Existing::Open(view), Some(tail)) = (existing, self.hub.tail(room)) {
                    tail.count(view.live);
                }
            }
        }
    }

    /// Refreshes the lists that are watched, where they may have changed. Called by the tick that gives lists their rhythm, so
    /// it does not ask whether it is too early.
    pub(crate) async fn refresh_lists(&self) {
        let feeds = self.hub.feeds();
        if feeds.is_empty() {
            return;
        }
        let Ok(versions) = self.backend.ranking.versions().await else { return };
        for feed in feeds {
            let stale = match feed.watched {
                Watched::Rooms { order, .. } => feed.is_stale(versions.of(order), versions.active),
                Watched::Online => true,
            };
            if stale {
                // Tried again at the next look.
                let _ = self.refresh(&feed).await;
            }
        }
    }

    /// Reads a watched list.
    pub(crate) async fn refresh(&self, feed: &Feed) -> Result<()> {
        // One at a time, or an older page could be taken in behind a newer one.
        let _reading = feed.reading.lock().await;
        match feed.watched {
            Watched::Rooms { order, limit } => {
                // The versions first: what changes behind them is seen at the next look.
                let versions = self.backend.ranking.versions().await?;
                let page = self.backend.ranking.page(order, Page::first(limit)).await?;
                feed.take_rows(versions.of(order), versions.active, page.rooms);
            }
            Watched::Online => feed.take_online(self.online().await?),
        }
        Ok(())
    }

    /// Ends subscriptions to rooms that nobody here has read for a while.
    pub(crate) async fn unsubscribe_quiet(&self) {
        for root in self.hub.take_quiet() {
            // One that stays costs a little; the next life of the node begins without it.
            let _ = root.unsubscribe(&*self.backend.rooms).await;
        }
    }

    /// Compares what the store believes of this node with the sessions it has, and takes out those that it does not: no ghost
    /// under a living lease, whatever answers were lost.
    pub(crate) async fn audit(&self) {
        let mut after: Option<IndexRow> = None;
        loop {
            let Ok(by) = self.writer().await else { return };
            let index = self.backend.presence.index(by, after.take(), BATCH as u32).await;
            let Ok(rows) = index else { return };
            let full = rows.len() == BATCH;
            after = rows.last().cloned();
            for row in rows {
                self.audit_row(row).await;
            }
            if !full {
                return;
            }
        }
    }

    async fn audit_row(&self, row: IndexRow) {
        let core = self.sessions.get(&row.session).map(|core| Arc::clone(&core));
        // A join may be under way: it is waited for before the seat is judged.
        let _changing = match &core {
            Some(core) => {
                if core.outbox.seat_in(&row.room).is_some() {
                    return;
                }
                let changing = core.changing.lock().await;
                if core.outbox.seat_in(&row.room).is_some() {
                    return;
                }
                Some(changing)
            }
            None => None,
        };
        let rooms = [row.room];
        let lost = fenced!(self, |by| {
            self.backend.presence.lose(by, by.session(row.session), &rooms).await
        });
        if let Ok(wrote) = lost {
            self.wrote(&wrote);
        }
    }
}
