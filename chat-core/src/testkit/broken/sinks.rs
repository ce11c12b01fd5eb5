//! Faults on the way from a store to its nodes.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::entry::{SharedEntry, Signal};
use crate::id::{NodeId, RoomId, Writer};
use crate::store::{Appended, Backend, Say, Sink, StoreResult, Subscription};
use crate::testkit::Twist;

/// Tells sinks every other entry behind the one after it.
#[derive(Default)]
pub(super) struct OrderSwapped;

#[async_trait]
impl Twist for OrderSwapped {
    async fn attach(
        &self,
        sound: &Backend,
        node: NodeId,
        sink: Arc<dyn Sink>,
    ) -> StoreResult<Writer> {
        let swapping = Arc::new(Swapping { sink, held: Mutex::default() });
        sound.expiry.attach(node, swapping).await
    }
}

struct Swapping {
    sink: Arc<dyn Sink>,
    held: Mutex<HashMap<RoomId, SharedEntry>>,
}

impl Sink for Swapping {
    fn entry(&self, entry: &SharedEntry) {
        let mut held = self.held.lock();
        if let Some(earlier) = held.remove(&entry.room) {
            self.sink.entry(entry);
            self.sink.entry(&earlier);
        } else if entry.n.is_multiple_of(2) {
            held.insert(entry.room.clone(), Arc::clone(entry));
        } else {
            self.sink.entry(entry);
        }
    }

    fn signal(&self, signal: &Arc<Signal>) {
        self.sink.signal(signal);
    }

    fn count(&self, room: &RoomId) {
        self.sink.count(room);
    }

    fn mail(&self) {
        self.sink.mail();
    }

    fn missed(&self) {
        self.sink.missed();
    }
}

/// Answers a subscription before it holds.
#[derive(Default)]
pub(super) struct SubscribesLate(Mutex<Vec<(Writer, RoomId)>>);

#[async_trait]
impl Twist for SubscribesLate {
    async fn subscribe(&self, _: &Backend, by: Writer, room: &RoomId) -> StoreResult<Subscription> {
        self.0.lock().push((by, room.clone()));
        Ok(Subscription(self.0.lock().len() as u64))
    }

    async fn append(&self, sound: &Backend, by: Writer, say: Say) -> StoreResult<Appended> {
        let appended = sound.rooms.append(by, say).await;
        let late = std::mem::take(&mut *self.0.lock());
        for (by, room) in late {
            sound.rooms.subscribe(by, &room).await?;
        }
        appended
    }
}

/// Ends whatever subscription there is, also a later one than is meant.
#[derive(Default)]
pub(super) struct UnsubscribesTheLatest(Mutex<HashMap<(Writer, RoomId), Subscription>>);

#[async_trait]
impl Twist for UnsubscribesTheLatest {
    async fn subscribe(
        &self,
        sound: &Backend,
        by: Writer,
        room: &RoomId,
    ) -> StoreResult<Subscription> {
        let subscription = sound.rooms.subscribe(by, room).await?;
        self.0.lock().insert((by, room.clone()), subscription);
        Ok(subscription)
    }

    async fn unsubscribe(
        &self,
        sound: &Backend,
        by: Writer,
        room: &RoomId,
        which: Subscription,
    ) -> StoreResult<()> {
        let latest = self.0.lock().get(&(by, room.clone())).copied();
        sound.rooms.unsubscribe(by, room, latest.unwrap_or(which)).await
    }
}
