//! What a host may decide, and what it may watch.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::body::Body;
use crate::entry::{Entry, SharedEntry};
use crate::error::Reason;
use crate::id::{Epoch, PoolName, RoomId, UserId};
use crate::room::{NewRoom, RoomView};
use crate::user::Identity;

/// What a hook answers; `Err` is its failure, handled as [`OnFailure`] says.
pub type HookResult<T> = Result<T, Box<dyn StdError + Send + Sync>>;

/// A host's say in what users do, and what it knows beyond the engine. Each is asked before the store is ([`Hooks::older`]
/// behind it); what sessions do is asked about, what the host does itself ([`Engine::post`](crate::Engine::post) and the like) is not.
///
/// A hook that takes longer than its budget, panics or fails counts as [`HookOptions::on_failure`] says.
#[async_trait]
pub trait Hooks: Send + Sync + 'static {
    /// Whether a user may open this room.
    async fn may_open(&self, user: &Identity, room: &NewRoom) -> HookResult<Verdict> {
        let _ = (user, room);
        Ok(Verdict::Allow)
    }

    /// Whether a user may join this room.
    async fn may_join(&self, user: &Identity, room: &RoomId) -> HookResult<Verdict> {
        let _ = (user, room);
        Ok(Verdict::Allow)
    }

    /// Whether a user may say this, or what is said in its place.
    async fn may_say(&self, user: &Identity, room: &RoomId, body: &Body) -> HookResult<SayVerdict> {
        let _ = (user, room, body);
        Ok(SayVerdict::Allow)
    }

    /// Whether a user may look for a partner in this pool.
    async fn may_seek(&self, user: &Identity, pool: &PoolName) -> HookResult<Verdict> {
        let _ = (user, pool);
        Ok(Verdict::Allow)
    }

    /// Users with whom this one is never paired, beside those blocked through the engine. Failing open here means none.
    async fn blocks(&self, user: &Identity) -> HookResult<Vec<UserId>> {
        let _ = user;
        Ok(Vec::new())
    }

    /// What was said in a room before what its log still holds, for a host that keeps it: the newest `limit` entries below
    /// `before` of this life of the log, ascending. Asked where somebody reads back to the beginning of what is kept, and the room
    /// may have dropped something. An answer that is anything else than that counts as a failure, and the page is then what the log
    /// has, however [`HookOptions::on_failure`] is set.
    async fn older(
        &self,
        room: &RoomId,
        epoch: Epoch,
        before: u64,
        limit: u32,
    ) -> HookResult<Vec<Entry>> {
        let _ = (room, epoch, before, limit);
        Ok(Vec::new())
    }
}

/// Whether something may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may not; the user is told why.
    Deny(Reason),
}

/// Whether something may be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SayVerdict {
    /// It may.
    Allow,
    /// It may not; the user is told why.
    Deny(Reason),
    /// This is said in its place.
    Replace(Body),
}

/// How hooks are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookOptions {
    /// How long one may take. Counted only inside a tokio runtime.
    pub budget: Duration,
    /// What holds when one fails.
    pub on_failure: OnFailure,
}

impl Default for HookOptions {
    fn default() -> Self {
        Self { budget: Duration::from_secs(2), on_failure: OnFailure::Refuse }
    }
}

/// What holds when a hook fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// It is as if it had allowed it: fail open.
    Allow,
    /// It is refused with the code `unavailable`: fail closed.
    Refuse,
}

/// A host that wants to know what happened on this node, in batches, behind the hot path.
///
/// What this node wrote is observed here, once; what other nodes wrote, there. A host that keeps an archive observes on every
/// node and stores by room, epoch and number. *Under pressure*: at most [`ObserverOptions::queue`] things wait; what comes
/// while they do is dropped and counted. One that panics loses that batch, and gets the next. *How it ends*:
/// [`shutdown`](crate::Engine::shutdown) gives what still waits.
#[async_trait]
pub trait Observer: Send + Sync + 'static {
    /// Takes note of what happened, oldest first. `dropped` counts what could not wait since the last batch.
    async fn observe(&self, batch: Vec<Observation>, dropped: u64);
}

/// How an observer is fed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObserverOptions {
    /// How much may wait.
    pub queue: usize,
    /// How much a batch holds at the most.
    pub batch: usize,
}

impl Default for ObserverOptions {
    fn default() -> Self {
        Self { queue: 65_536, batch: 1_024 }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Observation {
    /// An entry was written: said, joined, left, renamed or closed. In pair rooms under aliases.
    Entry(SharedEntry),
    /// A room was opened.
    Opened(Box<RoomView>),
    /// Two users were matched.
    Matched {
        /// Their room; its id begins with the pool.
        room: RoomId,
        /// Who they are, and as whom they are seen there.
        users: [(UserId, UserId); 2],
    },
}

/// Shared hooks are hooks, so that a host can keep a hold of its own.
#[async_trait]
impl<T: Hooks + ?Sized> Hooks for Arc<T> {
    async fn may_open(&self, user: &Identity, room: &NewRoom) -> HookResult<Verdict> {
        (**self).may_open(user, room).await
    }

    async fn may_join(&self, user: &Identity, room: &RoomId) -> HookResult<Verdict> {
        (**self).may_join(user, room).await
    }

    async fn may_say(&self, user: &Identity, room: &RoomId, body: &Body) -> HookResult<SayVerdict> {
        (**self).may_say(user, room, body).await
    }

    async fn may_seek(&self, user: &Identity, pool: &PoolName) -> HookResult<Verdict> {
        (**self).may_seek(user, pool).await
    }

    async fn blocks(&self, user: &Identity) -> HookResult<Vec<UserId>> {
        (**self).blocks(user).await
    }

    async fn older(
        &self,
        room: &RoomId,
        epoch: Epoch,
        before: u64,
        limit: u32,
    ) -> HookResult<Vec<Entry>> {
        (**self).older(room, epoch, before, limit).await
    }
}

/// A shared observer is an observer.
#[async_trait]
impl<T: Observer + ?Sized> Observer for Arc<T> {
    async fn observe(&self, batch: Vec<Observation>, dropped: u64) {
        (**self).observe(batch, dropped).await;
    }
}
