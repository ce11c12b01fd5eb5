//! One connection for subscriptions: made, brought in line with what is wanted, kept so, and made again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::AsyncPushSender;
use redis::{Pipeline, PushInfo, Value};
use tokio::time::Instant;

use super::push::{Doubt, Hall};
use super::rooms::Change;
use crate::address::Address;
use crate::link::Link;
use crate::link::fault::{Fault, Said, said};
use crate::link::task::Pauses;
use crate::link::wire::{Dialer, Wire};
use chat_core::RoomId;

/// Channels that are brought in line at once.
const BATCH: usize = 512;

/// The ear on one server.
pub(super) struct Ear {
    pub(super) hall: Arc<Hall>,
    pub(super) link: Link,
    pub(super) dialer: Dialer,
    pub(super) address: Address,
    /// The shards that are there.
    pub(super) shards: Vec<u16>,
}

/// One connection, and what is subscribed to on it.
struct Hearing {
    wire: Wire,
    doubt: Arc<Doubt>,
    /// Channels whose end was asked for.
    ending: Arc<Mutex<HashSet<Vec<u8>>>>,
    heard: HashSet<RoomId>,
}

/// A connection that hears these shards as long as this is there.
struct Hears<'a>(&'a Hall, &'a [u16], Arc<Doubt>);

impl Drop for Hears<'_> {
    fn drop(&mut self) {
        self.0.is_deaf(self.1, &self.2);
    }
}

impl Ear {
    /// Hears until it is stopped. `ready` is told each time that everything is heard, or why it is not. `first`: nobody
    /// could have missed anything before.
    pub(super) async fn hear(self, first: bool, ready: impl Fn(Option<Fault>)) {
        let mut missed = !first;
        let mut pauses = Pauses::new(Duration::from_millis(10), Duration::from_secs(1));
        loop {
            match self.dial().await {
                Ok(hearing) => {
                    let why = self.follow(hearing, &mut missed, &mut pauses, &ready).await;
                    self.hall.stats.reconnecting();
                    ready(Some(why));
                }
                Err(fault) => ready(Some(fault)),
            }
            self.link.seek();
            tokio::time::sleep(pauses.next()).await;
        }
    }

    async fn dial(&self) -> Result<Hearing, Fault> {
        let doubt = Arc::new(Doubt::default());
        let ending = Arc::new(Mutex::new(HashSet::<Vec<u8>>::new()));
        let push = {
            let (hall, doubt, ending) =
                (Arc::clone(&self.hall), Arc::clone(&doubt), Arc::clone(&ending));
            move |info: PushInfo| {
                // A channel that ends without being asked to: its slot has moved. The client takes that for an answer to
                // something else, so nothing on this connection can be believed any more.
                if let Some(channel) = hall.take(info)
                    && !ending.lock().remove(&channel)
                {
                    doubt.cast();
                }
                Ok::<(), ()>(())
            }
        };
        let push: Arc<dyn AsyncPushSender> = Arc::new(push);
        let deadline = Instant::now() + self.dialer.within;
        let wire = self.dialer.dial(&self.address, Some(push), deadline).await?;
        Ok(Hearing { wire, doubt, ending, heard: HashSet::new() })
    }

    /// Brings channels in line as long as the connection is good; why it is not any more.
    async fn follow(
        &self,
        mut on: Hearing,
        missed: &mut bool,
        pauses: &mut Pauses,
        ready: &impl Fn(Option<Fault>),
    ) -> Fault {
        let (wire, doubt) = (on.wire.clone(), Arc::clone(&on.doubt));
        let why = tokio::select! {
            biased;
            () = doubt.until_cast() => Fault::Broken,
            () = wire.closed() => Fault::Broken,
            why = self.bring_in_line(&mut on, missed, pauses, ready) => why,
        };
        wire.close();
        why
    }

    async fn bring_in_line(
        &self,
        on: &mut Hearing,
        missed: &mut bool,
        pauses: &mut Pauses,
        ready: &impl Fn(Option<Fault>),
    ) -> Fault {
        let mut changes = self.hall.rooms.changes();
        let fixed: Vec<String> =
            self.shards.iter().flat_map(|shard| self.hall.fixed(*shard)).collect();
        if let Err(fault) = self.subscribe(on, &fixed).await {
            return fault;
        }
        self.hall.rooms.deafen(&self.shards);
        let _hears = Hears(&self.hall, &self.shards, Arc::clone(&on.doubt));
        self.hall.hears(&self.shards, &on.doubt);
        let mut all = false;
        loop {
            changes.borrow_and_update();
            // Not once nothing is left to do: where people come and go all the time, that may be never.
            if !all && self.hall.rooms.are_heard_again(&self.shards) {
                all = true;
                pauses.reset();
                if *missed {
                    self.hall.stats.has_missed();
                    self.hall.missed();
                }
                // From now on whatever is lost is lost from somebody.
                *missed = true;
                ready(None);
            }
            let batch = self.hall.rooms.take(&self.shards, BATCH);
            if batch.is_empty() {
                if changes.changed().await.is_err() {
                    return Fault::Broken;
                }
                continue;
            }
            match self.change(on, batch).await {
                Ok(true) => {}
                // Some are served elsewhere by now. Where it is known where, this ear is replaced.
                Ok(false) => {
                    all = false;
                    self.link.seek();
                    tokio::time::sleep(pauses.next()).await;
                }
                Err(fault) => return fault,
            }
        }
    }

    /// Subscribes to channels of which none may be missing.
    async fn subscribe(&self, on: &Hearing, channels: &[String]) -> Result<(), Fault> {
        let mut pipe = Pipeline::new();
        for channel in channels {
            pipe.cmd("SSUBSCRIBE").arg(channel);
        }
        for answer in self.send(on, &pipe).await? {
            if let Value::ServerError(error) = answer {
                return Err(crate::link::fault::said_so(&error));
            }
        }
        Ok(())
    }

    /// Brings some channels in line; whether all of them are.
    async fn change(&self, on: &mut Hearing, batch: Vec<Change>) -> Result<bool, Fault> {
        let mut pipe = Pipeline::new();
        let mut sent = Vec::with_capacity(batch.len());
        for change in batch {
            match (change.wanted, on.heard.contains(&change.room)) {
                (false, false) => {}
                // Also where it is heard already: whoever has come since is told what comes behind the answer, and not
                // what is still on its way.
                (wanted, _) => {
                    let channel = self.hall.layout.room_channel(&change.room);
                    pipe.cmd(if wanted { "SSUBSCRIBE" } else { "SUNSUBSCRIBE" }).arg(&channel);
                    if !wanted {
                        on.ending.lock().insert(channel.into_bytes());
                    }
                    sent.push(change);
                }
            }
        }
        if sent.is_empty() {
            return Ok(true);
        }
        let mut all = true;
        for (change, answer) in sent.into_iter().zip(self.send(on, &pipe).await?) {
            match answer {
                Value::ServerError(error) => match said(&error) {
                    Said::No(fault) if change.wanted => {
                        all &= !self.hall.rooms.refused(&change, &fault);
                    }
                    _ if change.wanted => {
                        self.hall.rooms.put_back(&change);
                        all = false;
                    }
                    _ => {
                        // It was not ended because of this; so an end that comes is one that nobody asked for.
                        let channel = self.hall.layout.room_channel(&change.room);
                        on.ending.lock().remove(channel.as_bytes());
                        on.heard.remove(&change.room);
                    }
                },
                _ if change.wanted => {
                    self.hall.rooms.heard(&change);
                    on.heard.insert(change.room);
                }
                _ => {
                    on.heard.remove(&change.room);
                }
            }
        }
        Ok(all)
    }

    async fn send(&self, on: &Hearing, pipe: &Pipeline) -> Result<Vec<Value>, Fault> {
        on.wire.send(pipe, Instant::now() + self.link.timeout()).await
    }
}
