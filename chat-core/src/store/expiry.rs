//! What ends with time, and the leases of nodes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Sink, StoreResult};
use crate::entry::SharedEntry;
use crate::id::{NodeId, PoolName, RoomId, Writer};
use crate::why::CloseWhy;

/// Keeps what is due when, and which nodes live.
///
/// There is no scheduler. Each room and each pool has one deadline, the earliest of all that it waits for. Every
/// node reaps: it *peeks* at the names that are due, then takes one step per name, which **checks again**, does a
/// bounded amount of work and sets the next deadline. That something happens exactly once comes from that step,
/// not from locks between nodes; if all nodes die, the deadlines wait.
///
/// *Amnesty*: where nothing was reaped for half a lease (the store was away, the machine asleep, time stepped),
/// no lease, grace, waiting place or proposed match is judged for one lease.
#[async_trait]
pub trait ExpiryStore: Send + Sync {
    /// A node begins a life: what its earlier ones still write is refused from now on, and its subscriptions
    /// begin anew. Entries of the rooms it subscribes to go to this sink.
    async fn attach(&self, node: NodeId, sink: Arc<dyn Sink>) -> StoreResult<Writer>;

    /// Keeps the writer's life going for another lease, tells how many users it has online, and returns the sum
    /// over all living nodes.
    async fn renew(&self, by: Writer, online: u64) -> StoreResult<u64>;

    /// Ends the writer's life at once, as if its lease had run out; its sink is forgotten.
    async fn detach(&self, by: Writer) -> StoreResult<()>;

    /// How long a node that is not heard of is believed to live. It is to be renewed three times in that.
    fn lease(&self) -> Duration;

    /// Into how many shards names are divided.
    fn shards(&self) -> u16;

    /// Names of a shard that are due, the longest due first, at most `limit`.
    async fn peek(&self, shard: u16, limit: u32) -> StoreResult<Peeked>;

    /// Does what is due for one name, if it still is.
    ///
    /// *Atomicity*: one step; of any number of nodes that reap the same name, each thing is done by one of them, and
    /// only that one is told of it. *When it fails*: what was not done stays due.
    async fn reap(&self, by: Writer, due: &Due) -> StoreResult<Reaped>;
}

/// A name with a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Due {
    /// A room.
    Room(RoomId),
    /// A pool.
    Pool(PoolName),
    /// A life of a node.
    Node(Writer),
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    /// The names.
    pub due: Vec<Due>,
    /// How long until the next one is due; zero where some are left over, `None` where nothing waits.
    pub next: Option<Duration>,
}

/// What was done for a name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reaped {
    /// What happened.
    pub happened: Vec<Happened>,
    /// What was written in rooms.
    pub wrote: Vec<SharedEntry>,
    /// Whether there is more to do for this name right away.
    pub more: bool,
}

/// Something that came about with time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happened {
    /// A room closed.
    Closed {
        /// The room.
        room: RoomId,
        /// Why.
        why: CloseWhy,
    },
    /// Users did not come back in time.
    Gone {
        /// The room.
        room: RoomId,
        /// How many.
        users: u32,
    },
    /// Visitors left the window.
    Passed {
        /// The room.
        room: RoomId,
        /// How many.
        visitors: u32,
    },
    /// A closed room was forgotten.
    Forgotten {
        /// The room.
        room: RoomId,
    },
    /// A node's lease ran out; its sessions are being taken out.
    Dead {
        /// Which life of which node.
        writer: Writer,
    },
    /// A proposed match was not confirmed in time.
    Lapsed {
        /// The pool.
        pool: PoolName,
    },
}
