//! A store around a store: counts calls, loses what goes to sinks, keeps answers back, or is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chat_core::room::NewRoom;
use chat_core::store::*;
use chat_core::{
    Backend, Body, ByeWhy, Cursor, Entry, MatchId, NodeId, Order, Page, PoolName, RoomId, RoomPage,
    SharedEntry, Signal, StoreError, UserId,
};
use chat_core::{History, HistoryPage, MembersPage, Name};
use parking_lot::Mutex;
use tokio::sync::Notify;

type Lose = Box<dyn FnMut(&Entry) -> bool + Send>;

/// What is done to the store that is behind.
#[derive(Default)]
pub(crate) struct Faults {
    /// Calls of `resume`.
    pub(crate) resumes: AtomicU64,
    /// Calls of `page`.
    pub(crate) pages: AtomicU64,
    /// Calls of `versions`.
    pub(crate) looks: AtomicU64,
    /// Kept back before they are done.
    pub(crate) resume: Gate,
    pub(crate) page: Gate,
    /// Kept back after it was done: the answer is late.
    pub(crate) entered: Gate,
    pub(crate) left: Gate,
    /// Whether every operation fails.
    pub(crate) away: AtomicBool,
    /// Who entered last.
    pub(crate) writer: Mutex<Option<Writer>>,
    /// Which entries get lost on their way to sinks.
    pub(crate) lose: Arc<Mutex<Option<Lose>>>,
}

impl Faults {
    pub(crate) fn lose(&self, which: impl FnMut(&Entry) -> bool + Send + 'static) {
        *self.lose.lock() = Some(Box::new(which));
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn here(&self, op: &'static str) -> StoreResult<()> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Failed { op, retryable: true, source: "away".into() });
        }
        Ok(())
    }
}

/// Holds up whoever passes while it is shut.
#[derive(Default)]
pub(crate) struct Gate {
    shut: AtomicBool,
    changed: Notify,
}

impl Gate {
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) {
        self.shut.store(false, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    async fn pass(&self) {
        loop {
            let changed = self.changed.notified();
            if !self.shut.load(Ordering::SeqCst) {
                return;
            }
            changed.await;
        }
    }
}

/// The store with its faults.
pub(crate) struct Spy {
    inner: Backend,
    faults: Arc<Faults>,
}

impl Spy {
    pub(crate) fn on(inner: &Backend) -> (Backend, Arc<Faults>) {
        let faults = Arc::new(Faults::default());
        let spy = Arc::new(Self { inner: inner.clone(), faults: Arc::clone(&faults) });
        (Backend::of(&spy), faults)
    }
}

struct LossySink {
    inner: Arc<dyn Sink>,
    lose: Arc<Mutex<Option<Lose>>>,
}

impl Sink for LossySink {
    fn entry(&self, entry: &SharedEntry) {
        let lost = self.lose.lock().as_mut().is_some_and(|lose| lose(entry));
        if !lost {
            self.inner.entry(entry);
        }
    }

    fn signal(&self, signal: &Arc<Signal>) {
        self.inner.signal(signal);
    }

    fn count(&self, room: &RoomId) {
        self.inner.count(room);
    }

    fn mail(&self) {
        self.inner.mail();
    }

    fn missed(&self) {
        self.inner.missed();
    }
}

#[async_trait]
impl RoomStore for Spy {
    async fn open(&self, by: Writer, room: NewRoom) -> StoreResult<Opened> {
        self.faults.here("open")?;
        self.inner.rooms.open(by, room).await
    }

    async fn get(&self, rooms: &[RoomId]) -> StoreResult<Vec<Existing>> {
        self.faults.here("get")?;
        self.inner.rooms.get(rooms).await
    }

    async fn append(&self, by: Writer, say: Say) -> StoreResult<Appended> {
        self.faults.here("append")?;
        self.inner.rooms.append(by, say).await
    }

    async fn resume(&self, room: &RoomId, cursor: Cursor, max: u32) -> StoreResult<Resumed> {
        self.faults.resumes.fetch_add(1, Ordering::SeqCst);
        self.faults.resume.pass().await;
        self.faults.here("resume")?;
        self.inner.rooms.resume(room, cursor, max).await
    }

    async fn history(&self, room: &RoomId, page: HistoryPage) -> StoreResult<Option<History>> {
        self.faults.here("history")?;
        self.inner.rooms.history(room, page).await
    }

    async fn heads(&self, rooms: &[RoomId]) -> StoreResult<Vec<Option<Cursor>>> {
        self.faults.here("heads")?;
        self.inner.rooms.heads(rooms).await
    }

    async fn signal(
        &self,
        by: Writer,
        room: &RoomId,
        from: SessionKey,
        body: Body,
    ) -> StoreResult<Signalled> {
        self.faults.here("signal")?;
        self.inner.rooms.signal(by, room, from, body).await
    }

    async fn close(&self, by: Writer, close: Close) -> StoreResult<Closing> {
        self.faults.here("close")?;
        self.inner.rooms.close(by, close).await
    }

    async fn subscribe(&self, by: Writer, room: &RoomId) -> StoreResult<Subscription> {
        self.faults.here("subscribe")?;
        self.inner.rooms.subscribe(by, room).await
    }

    async fn unsubscribe(&self, by: Writer, room: &RoomId, which: Subscription) -> StoreResult<()> {
        self.faults.here("unsubscribe")?;
        self.inner.rooms.unsubscribe(by, room, which).await
    }
}

#[async_trait]
impl PresenceStore for Spy {
    async fn enter(&self, by: Writer, enter: Enter) -> StoreResult<Entered> {
        self.faults.here("enter")?;
        *self.faults.writer.lock() = Some(by);
        let entered = self.inner.presence.enter(by, enter).await;
        self.faults.entered.pass().await;
        entered
    }

    async fn leave(
        &self,
        by: Writer,
        room: &RoomId,
        session: SessionKey,
    ) -> StoreResult<Departure> {
        self.faults.here("leave")?;
        let left = self.inner.presence.leave(by, room, session).await;
        self.faults.left.pass().await;
        left
    }

    async fn lose(
        &self,
        by: Writer,
        session: SessionKey,
        rooms: &[RoomId],
    ) -> StoreResult<Vec<SharedEntry>> {
        self.faults.here("lose")?;
        self.inner.presence.lose(by, session, rooms).await
    }

    async fn rename(
        &self,
        by: Writer,
        user: &UserId,
        name: &Name,
        rooms: &[RoomId],
    ) -> StoreResult<Vec<SharedEntry>> {
        self.faults.here("rename")?;
        self.inner.presence.rename(by, user, name, rooms).await
    }

    async fn kick(&self, by: Writer, room: &RoomId, user: &UserId) -> StoreResult<Departure> {
        self.faults.here("kick")?;
        self.inner.presence.kick(by, room, user).await
    }

    async fn disconnect(&self, by: Writer, user: &UserId, why: ByeWhy) -> StoreResult<()> {
        self.faults.here("disconnect")?;
        self.inner.presence.disconnect(by, user, why).await
    }

    async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> StoreResult<Option<MembersPage>> {
        self.faults.here("members")?;
        self.inner.presence.members(room, after, limit).await
    }

    async fn rooms_of(&self, user: &UserId, limit: u32) -> StoreResult<Vec<RoomId>> {
        self.faults.here("rooms_of")?;
        self.inner.presence.rooms_of(user, limit).await
    }

    async fn index(
        &self,
        by: Writer,
        after: Option<IndexRow>,
        limit: u32,
    ) -> StoreResult<Vec<IndexRow>> {
        self.faults.here("index")?;
        self.inner.presence.index(by, after, limit).await
    }
}

#[async_trait]
impl RankingStore for Spy {
    async fn page(&self, order: Order, page: Page) -> StoreResult<RoomPage> {
        self.faults.pages.fetch_add(1, Ordering::SeqCst);
        self.faults.page.pass().await;
        self.faults.here("page")?;
        self.inner.ranking.page(order, page).await
    }

    async fn versions(&self) -> StoreResult<Versions> {
        self.faults.looks.fetch_add(1, Ordering::SeqCst);
        self.faults.here("versions")?;
        self.inner.ranking.versions().await
    }

    async fn online(&self) -> StoreResult<u64> {
        self.faults.here("online")?;
        self.inner.ranking.online().await
    }
}

#[async_trait]
impl MatchStore for Spy {
    async fn submit(&self, by: Writer, request: Request) -> StoreResult<Submitted> {
        self.faults.here("submit")?;
        self.inner.matching.submit(by, request).await
    }

    async fn confirm(
        &self,
        by: Writer,
        pool: &PoolName,
        which: MatchId,
        session: SessionKey,
    ) -> StoreResult<Confirmed> {
        self.faults.here("confirm")?;
        self.inner.matching.confirm(by, pool, which, session).await
    }

    async fn withdraw(
        &self,
        by: Writer,
        pool: &PoolName,
        user: &UserId,
        session: SessionKey,
    ) -> StoreResult<Withdrawn> {
        self.faults.here("withdraw")?;
        self.inner.matching.withdraw(by, pool, user, session).await
    }

    async fn lose_place(
        &self,
        by: Writer,
        session: SessionKey,
        user: &UserId,
        pools: &[PoolName],
    ) -> StoreResult<()> {
        self.faults.here("lose_place")?;
        self.inner.matching.lose_place(by, session, user, pools).await
    }

    async fn next(&self, by: Writer, leave: PairBreak, request: Request) -> StoreResult<Next> {
        self.faults.here("next")?;
        self.inner.matching.next(by, leave, request).await
    }

    async fn block(&self, by: Writer, leave: PairBreak) -> StoreResult<Blocked> {
        self.faults.here("block")?;
        self.inner.matching.block(by, leave).await
    }

    async fn waiting(&self, user: &UserId) -> StoreResult<Vec<PoolName>> {
        self.faults.here("waiting")?;
        self.inner.matching.waiting(user).await
    }

    async fn mail(&self, by: Writer) -> StoreResult<Vec<Mail>> {
        self.faults.here("mail")?;
        self.inner.matching.mail(by).await
    }
}

#[async_trait]
impl ExpiryStore for Spy {
    async fn attach(&self, node: NodeId, sink: Arc<dyn Sink>) -> StoreResult<Writer> {
        self.faults.here("attach")?;
        let lossy = LossySink { inner: sink, lose: Arc::clone(&self.faults.lose) };
        self.inner.expiry.attach(node, Arc::new(lossy)).await
    }

    async fn renew(&self, by: Writer, online: u64) -> StoreResult<u64> {
        self.faults.here("renew")?;
        self.inner.expiry.renew(by, online).await
    }

    async fn detach(&self, by: Writer) -> StoreResult<()> {
        self.faults.here("detach")?;
        self.inner.expiry.detach(by).await
    }

    fn lease(&self) -> Duration {
        self.inner.expiry.lease()
    }

    fn shards(&self) -> u16 {
        self.inner.expiry.shards()
    }

    async fn peek(&self, shard: u16, limit: u32) -> StoreResult<Peeked> {
        self.faults.here("peek")?;
        self.inner.expiry.peek(shard, limit).await
    }

    async fn reap(&self, by: Writer, due: &Due) -> StoreResult<Reaped> {
        self.faults.here("reap")?;
        self.inner.expiry.reap(by, due).await
    }
}
