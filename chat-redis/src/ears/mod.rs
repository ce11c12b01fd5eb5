//! Hearing what is published: one connection of its own to each server, on which rooms and mail are subscribed to.
//!
//! *From a message to a sink*: a message is read and its sinks are called where it arrives, on the task that reads the
//! connection, in the order of the channel. There is no queue, and nothing that could grow.
//!
//! *What is missed*: whenever a connection was lost, everything is subscribed to again, and then each sink is told that it
//! may have missed something, and that there may be mail. A connection that is open and yet deaf is found by publishing
//! to oneself every few seconds: what is not heard in time ends the connection.
//!
//! *When the servers change*: the ear of each server whose shards are not what they were begins anew.

mod ear;
mod probe;
mod push;
mod rooms;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chat_core::store::{StoreResult, Subscription};
use chat_core::{RoomId, StoreError};
use tokio::sync::watch;

use self::ear::Ear;
use self::push::Hall;
use crate::address::Address;
use crate::keys::Layout;
use crate::link::Link;
use crate::link::fault::Fault;
use crate::link::task::Task;
use crate::link::wire::Dialer;
use crate::lives::{Life, Lives};
use crate::stats::Stats;

/// All subscriptions of a store.
#[derive(Debug)]
pub(crate) struct Ears {
    hall: Arc<Hall>,
    timeout: Duration,
    ready: watch::Receiver<Ready>,
    _steward: Task,
    _prober: Task,
}

/// How far the ears are.
#[derive(Debug, Default)]
struct Ready {
    /// How many there are to be; 0 before anybody knows.
    wanted: usize,
    /// By server: why it is not heard.
    ears: BTreeMap<Address, Option<Fault>>,
}

impl Ready {
    /// Whether all hear, or one never will.
    fn is_decided(&self) -> bool {
        let mut faults = self.ears.values().flatten();
        let all = self.wanted > 0 && self.ears.len() >= self.wanted;
        (all && self.ears.values().all(Option::is_none))
            || faults.any(|fault| !fault.is_retryable())
    }
}

/// A subscription that is given up again unless it is kept.
pub(crate) struct Tentative<'a> {
    hall: &'a Hall,
    life: &'a Arc<Life>,
    shard: u16,
    room: &'a RoomId,
    which: Option<Subscription>,
}

impl Tentative<'_> {
    /// It lasts until it is ended.
    pub(crate) fn keep(mut self) -> Option<Subscription> {
        self.which.take()
    }
}

impl Drop for Tentative<'_> {
    fn drop(&mut self) {
        if let Some(which) = self.which {
            self.hall.rooms.leave(self.life, self.shard, self.room, which);
        }
    }
}

impl Ears {
    /// Begins to listen; `probe`: how often it is made sure that anything is heard.
    pub(crate) fn open(
        layout: &Layout,
        lives: &Arc<Lives>,
        link: &Link,
        dialer: Dialer,
        stats: Arc<Stats>,
        probe: Duration,
    ) -> Self {
        let hall = Arc::new(Hall::new(layout, Arc::clone(lives), stats));
        let (says, ready) = watch::channel(Ready::default());
        let steward = Task::spawn(steward(Arc::clone(&hall), link.clone(), dialer, says));
        let prober = Task::spawn(probe::probe(Arc::clone(&hall), link.clone(), probe));
        Self { hall, timeout: link.timeout(), ready, _steward: steward, _prober: prober }
    }

    /// Until everything is heard for the first time, or cannot be.
    pub(crate) async fn until_ready(&self) -> Result<(), Fault> {
        let mut ready = self.ready.clone();
        let decided = async { ready.wait_for(Ready::is_decided).await.is_ok() };
        let decided = tokio::time::timeout(self.timeout, decided).await.unwrap_or(false);
        let ready = self.ready.borrow();
        match ready.ears.values().flatten().next() {
            Some(fault) => Err(fault.clone()),
            None if decided => Ok(()),
            None => Err(Fault::Late),
        }
    }

    /// A life listens to a room; answered once nothing that is published from then on is missed.
    pub(crate) async fn listen<'a>(
        &'a self,
        op: &'static str,
        life: &'a Arc<Life>,
        room: &'a RoomId,
    ) -> StoreResult<Tentative<'a>> {
        let shard = self.hall.layout.shard_of(room);
        let (which, told) = self.hall.rooms.listen(life, shard, room);
        let hall = &*self.hall;
        let tentative = Tentative { hall, life, shard, room, which: Some(which) };
        match tokio::time::timeout(self.timeout, told).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(fault))) => return Err(fault.of(op)),
            Ok(Err(_)) => return Err(Fault::Broken.of(op)),
            Err(_) => return Err(Fault::Late.of(op)),
        }
        if life.is_over() {
            return Err(StoreError::Fenced);
        }
        Ok(tentative)
    }

    /// Ends this very subscription.
    pub(crate) fn leave(&self, life: &Arc<Life>, room: &RoomId, which: Subscription) {
        self.hall.rooms.leave(life, self.hall.layout.shard_of(room), room, which);
    }

    /// Some life is over: what it listened to is given up.
    pub(crate) fn sweep(&self) {
        self.hall.rooms.sweep();
    }
}

/// Keeps one ear on each server, for the shards that are there.
async fn steward(hall: Arc<Hall>, link: Link, dialer: Dialer, says: watch::Sender<Ready>) {
    let mut places = link.places();
    let mut ears: BTreeMap<Address, (Vec<u16>, Task)> = BTreeMap::new();
    let (says, mut first) = (Arc::new(says), true);
    loop {
        let now = Arc::clone(&places.borrow_and_update());
        let mut wanted: BTreeMap<Address, Vec<u16>> = BTreeMap::new();
        for shard in 0..hall.layout.shards() {
            if let Some(server) = now.of(link.slot(shard)) {
                wanted.entry(server.address.clone()).or_default().push(shard);
            }
        }
        // First those go that have other shards now; so no two answer for one.
        ears.retain(|address, (shards, _)| wanted.get(address) == Some(shards));
        says.send_modify(|ready| {
            ready.wanted = wanted.len();
            ready.ears.retain(|address, _| ears.contains_key(address));
        });
        for (address, shards) in wanted {
            if ears.contains_key(&address) {
                continue;
            }
            let (says, of) = (Arc::clone(&says), address.clone());
            let ready = move |how: Option<Fault>| {
                says.send_modify(|ready| drop(ready.ears.insert(of.clone(), how)))
            };
            let ear = Ear {
                hall: Arc::clone(&hall),
                link: link.clone(),
                dialer: dialer.clone(),
                address: address.clone(),
                shards: shards.clone(),
            };
            ears.insert(address, (shards, Task::spawn(ear.hear(first, ready))));
        }
        first = false;
        if places.changed().await.is_err() {
            return;
        }
    }
}
