//! A store under test with its nodes and its time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;

use super::node::Node;
use super::stand::{Stage, Stand};
use crate::entry::SharedEntry;
use crate::id::{NodeId, RoomId};
use crate::limits::StoreOptions;
use crate::store::{Due, Happened};
use crate::why::CloseWhy;

/// More steps than any case needs; a store that always finds more to do is stopped here.
const STEPS: usize = 100_000;

/// A fresh store, the nodes that live on it, and its time.
///
/// One node is always there and does all the reaping; it has no sessions.
pub struct World {
    /// The store.
    pub stage: Arc<dyn Stage>,
    /// What it was made with.
    pub options: StoreOptions,
    /// The node that reaps.
    pub reaper: Arc<Node>,
    living: Mutex<Vec<Arc<Node>>>,
}

impl World {
    /// A fresh store with the default options.
    pub async fn new(stand: &dyn Stand) -> Self {
        Self::with(stand, StoreOptions::default()).await
    }

    /// A fresh store with these options.
    pub async fn with(stand: &dyn Stand, options: StoreOptions) -> Self {
        let stage = stand.stage(options.clone()).await;
        let reaper = Node::attach(stage.backend().await, NodeId::random()).await;
        let living = Mutex::new(vec![Arc::clone(&reaper)]);
        let world = Self { stage, options, reaper, living };
        world.sweep().await;
        world
    }

    /// A new node, on its own way to the store; it lives until [`World::kill`].
    pub async fn node(&self) -> Arc<Node> {
        let node = Node::attach(self.stage.backend().await, NodeId::random()).await;
        self.keep(&node);
        node
    }

    /// From now on this node's lease is renewed while time passes.
    pub fn keep(&self, node: &Arc<Node>) {
        self.living.lock().push(Arc::clone(node));
    }

    /// From now on this node's lease is not renewed.
    pub fn kill(&self, node: &Node) {
        self.living.lock().retain(|n| n.writer != node.writer);
    }

    /// Moves the store's time at once, without anybody looking meanwhile.
    pub async fn jump(&self, by: Duration) {
        self.stage.advance(by).await;
    }

    /// Lets time pass as it does for nodes that are awake: in steps of at most a quarter of a lease, in each of
    /// which leases are renewed and everything that is due is done.
    pub async fn pass(&self, by: Duration) -> Passed {
        let step = self.options.lease / 4;
        let end = self.stage.now().await.after(by);
        let mut left = by;
        let mut passed = Passed::default();
        while !left.is_zero() {
            let now = left.min(step);
            left -= now;
            self.stage.advance(now).await;
            self.renew().await;
            passed.add(self.sweep().await);
            // What has gone on by itself in many steps would add up to more than a second.
            left = left.min(end.since(self.stage.now().await));
        }
        passed
    }

    /// Renews the leases of the living.
    pub async fn renew(&self) {
        let living = self.living.lock().clone();
        for node in living {
            node.renew().await;
        }
    }

    /// Does everything that is due.
    pub async fn sweep(&self) -> Passed {
        sweep(&self.reaper).await
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("options", &self.options).finish_non_exhaustive()
    }
}

/// This node does everything that is due.
pub async fn sweep(node: &Node) -> Passed {
    let mut passed = Passed::default();
    let expiry = &node.backend.expiry;
    // All shards at once: there may be many, and most of the time nothing is due in any.
    let looks = join_all((0..expiry.shards()).map(|shard| expiry.peek(shard, 100))).await;
    for (shard, look) in (0..).zip(looks) {
        let mut peeked = look.unwrap();
        for round in 0.. {
            assert!(round < STEPS, "there is always something due in shard {shard}");
            assert!(peeked.due.len() <= 100, "no more names than were asked for");
            if peeked.due.is_empty() {
                break;
            }
            for due in &peeked.due {
                passed.add(reap(node, due).await);
            }
            peeked = expiry.peek(shard, 100).await.unwrap();
        }
    }
    passed
}

/// This node does everything there is to do for one name.
pub async fn reap(node: &Node, due: &Due) -> Passed {
    let mut passed = Passed::default();
    for step in 0.. {
        assert!(step < STEPS, "there is always more to do for {due:?}");
        let reaped = node.backend.expiry.reap(node.writer, due).await.unwrap();
        passed.happened.extend(reaped.happened);
        passed.wrote.extend(reaped.wrote);
        if !reaped.more {
            break;
        }
    }
    passed
}

/// What came about while time passed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Passed {
    /// What happened.
    pub happened: Vec<Happened>,
    /// What was written.
    pub wrote: Vec<SharedEntry>,
}

impl Passed {
    /// Takes the other behind this.
    pub fn add(&mut self, other: Self) {
        self.happened.extend(other.happened);
        self.wrote.extend(other.wrote);
    }

    /// Why the room closed, once for each time that it was told.
    #[must_use]
    pub fn closed(&self, room: &RoomId) -> Vec<CloseWhy> {
        let mut whys = Vec::new();
        for happened in &self.happened {
            if let Happened::Closed { room: closed, why } = happened
                && closed == room
            {
                whys.push(*why);
            }
        }
        whys
    }

    /// What was written in this room.
    #[must_use]
    pub fn wrote_in(&self, room: &RoomId) -> Vec<SharedEntry> {
        self.wrote.iter().filter(|entry| entry.room == *room).cloned().collect()
    }

    /// How many users did not come back to the room in time.
    #[must_use]
    pub fn gone(&self, room: &RoomId) -> u32 {
        let gone = |happened: &Happened| match happened {
            Happened::Gone { room: of, users } if of == room => *users,
            _ => 0,
        };
        self.happened.iter().map(gone).sum()
    }
}
