//! What outlives the epochs of a room on this node: the subscription to it, and who is about to come.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Mutex;

use crate::error::StoreError;
use crate::id::{RoomId, Writer};
use crate::store::{RoomStore, Subscription};

/// One room on this node, whichever life it is in.
#[derive(Debug)]
pub(crate) struct Root {
    room: RoomId,
    /// With the life of the node under which it was made: another life subscribes again.
    subscription: Mutex<Option<(Writer, Subscription)>>,
    /// Joins under way. While there are any, the room is not unsubscribed.
    pins: AtomicUsize,
}

impl Root {
    pub(super) fn new(room: RoomId) -> Self {
        Self { room, subscription: Mutex::default(), pins: AtomicUsize::new(0) }
    }

    pub(crate) fn room(&self) -> &RoomId {
        &self.room
    }

    /// Makes sure that this node is subscribed. Whoever comes first asks the store; the others wait for its answer.
    pub(crate) async fn subscribe(
        &self,
        rooms: &dyn RoomStore,
        by: Writer,
    ) -> Result<(), StoreError> {
        let mut subscription = self.subscription.lock().await;
        if subscription.is_none_or(|(under, _)| under != by) {
            *subscription = Some((by, rooms.subscribe(by, &self.room).await?));
        }
        Ok(())
    }

    /// Ends the subscription, if there is one.
    pub(crate) async fn unsubscribe(&self, rooms: &dyn RoomStore) -> Result<(), StoreError> {
        let subscription = self.subscription.lock().await.take();
        match subscription {
            Some((by, which)) => rooms.unsubscribe(by, &self.room, which).await,
            None => Ok(()),
        }
    }

    pub(super) fn pin(&self) {
        self.pins.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn unpin(&self) {
        self.pins.fetch_sub(1, Ordering::SeqCst);
    }

    pub(super) fn is_pinned(&self) -> bool {
        self.pins.load(Ordering::SeqCst) > 0
    }
}
