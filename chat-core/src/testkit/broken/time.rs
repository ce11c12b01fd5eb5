//! Faults in what ends with time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::error::StoreError;
use crate::id::{NodeId, Writer};
use crate::room::NewRoom;
use crate::store::{
    Appended, Backend, Close, Closing, Due, Enter, Entered, Opened, Reaped, Say, Sink, StoreResult,
};
use crate::testkit::{Recorder, Stage, Twist};

/// Takes writes from nodes whose life is over.
#[derive(Default)]
pub(super) struct FencingIgnored;

impl FencingIgnored {
    /// A writer that nobody refuses.
    async fn fresh(sound: &Backend) -> StoreResult<Writer> {
        let sink: Arc<dyn Sink> = Arc::new(Recorder::default());
        sound.expiry.attach(NodeId::random(), sink).await
    }
}

#[async_trait]
impl Twist for FencingIgnored {
    async fn open(&self, sound: &Backend, by: Writer, room: NewRoom) -> StoreResult<Opened> {
        match sound.rooms.open(by, room.clone()).await {
            Err(StoreError::Fenced) => sound.rooms.open(Self::fresh(sound).await?, room).await,
            opened => opened,
        }
    }

    async fn append(&self, sound: &Backend, by: Writer, say: Say) -> StoreResult<Appended> {
        match sound.rooms.append(by, say.clone()).await {
            Err(StoreError::Fenced) => sound.rooms.append(Self::fresh(sound).await?, say).await,
            appended => appended,
        }
    }

    async fn close(&self, sound: &Backend, by: Writer, close: Close) -> StoreResult<Closing> {
        match sound.rooms.close(by, close.clone()).await {
            Err(StoreError::Fenced) => sound.rooms.close(Self::fresh(sound).await?, close).await,
            closed => closed,
        }
    }

    async fn enter(&self, sound: &Backend, by: Writer, enter: Enter) -> StoreResult<Entered> {
        match sound.presence.enter(by, enter.clone()).await {
            Err(StoreError::Fenced) => sound.presence.enter(Self::fresh(sound).await?, enter).await,
            entered => entered,
        }
    }
}

/// Judges leases and graces after a pause as if there had been none.
#[derive(Default)]
pub(super) struct AmnestyIgnored;

#[async_trait]
impl Twist for AmnestyIgnored {
    async fn advance(&self, stage: &dyn Stage, by: Duration) {
        // To the sound store it looks as if somebody had been looking all the time.
        let expiry = stage.backend().await.expiry;
        let mut left = by;
        while !left.is_zero() {
            let step = left.min(Duration::from_secs(1));
            left -= step;
            stage.advance(step).await;
            for shard in 0..expiry.shards() {
                let _ = expiry.peek(shard, 0).await;
            }
        }
    }
}

/// Tells each reaper what the one before it did.
#[derive(Default)]
pub(super) struct ToldTwice(Mutex<HashMap<Due, Reaped>>);

#[async_trait]
impl Twist for ToldTwice {
    async fn reap(&self, sound: &Backend, by: Writer, due: &Due) -> StoreResult<Reaped> {
        let reaped = sound.expiry.reap(by, due).await?;
        let mut done = self.0.lock();
        if reaped.happened.is_empty() {
            return Ok(done.remove(due).unwrap_or(reaped));
        }
        done.insert(due.clone(), Reaped { more: false, ..reaped.clone() });
        Ok(reaped)
    }
}

/// Leaves a dead node's users where they are.
#[derive(Default)]
pub(super) struct GhostsStay;

#[async_trait]
impl Twist for GhostsStay {
    async fn reap(&self, sound: &Backend, by: Writer, due: &Due) -> StoreResult<Reaped> {
        match due {
            Due::Node(_) => Ok(Reaped::default()),
            _ => sound.expiry.reap(by, due).await,
        }
    }

    async fn peek(
        &self,
        sound: &Backend,
        shard: u16,
        limit: u32,
    ) -> StoreResult<crate::store::Peeked> {
        let mut peeked = sound.expiry.peek(shard, limit).await?;
        peeked.due.retain(|due| !matches!(due, Due::Node(_)));
        Ok(peeked)
    }
}
