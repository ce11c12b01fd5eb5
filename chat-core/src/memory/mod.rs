//! The store in memory: one process, any number of nodes in it (an engine is one).
//!
//! It guarantees what the traits in [`crate::store`] ask for, exactly: each operation is one step under the lock of
//! the one room or pool it concerns, and sinks are told inside that step. All its futures complete when they are
//! polled first; nothing here waits, and nothing outlives the process.
//!
//! *What is bounded, and what happens at the bound*, by [`StoreOptions`]: rooms and pools (refused), each room's
//! history, notices, keys and visitors (the oldest go), a node's mailbox (the oldest goes, and is counted). Closed
//! rooms go after a minute, when somebody reaps. A room without users, talk or subscribers holds its record and
//! nothing else.
//!
//! # Order of locks
//!
//! ```text
//! pool ─► room ─┬─► lists, deadlines, users' rooms, a node's rooms, policies, clock   (one at a time, none inside another
//!               │                                                                      but deadlines inside a node's)
//!               └─► a node's sink ─► the node's own tails
//! ```
//!
//! A second pool or room is never locked inside a first one. Rooms and pools are handed to closures, so that neither a
//! lock nor a guard of a map can be held across an `await`.
//!
//! # Where things are
//!
//! One file per trait, named like the trait's: `room`, `presence`, `ranking`, `matching`, `expiry`. Below these:
//!
//! | file | keeps |
//! |---|---|
//! | `registry` | rooms by id |
//! | `record` | one room, and what can be decided from it alone: of `log`, `keys`, `roster` (of `few`), `visitors` |
//! | `step` | the one way of changing who is in a room, or ending it |
//! | `ranks`, `users`, `deadlines` | what is derived from all rooms: lists, the rooms of a user, what is due |
//! | `nodes`, `subscribers` | who writes, and who is told |
//! | `pools`, `pair` | the place of matching, and its rooms |
//! | `amnesty` | when nobody is judged |

mod amnesty;
mod deadlines;
mod expiry;
mod few;
mod keys;
mod log;
mod matching;
mod nodes;
mod pair;
mod policies;
mod pools;
mod presence;
mod ranking;
mod ranks;
mod record;
mod registry;
mod room;
mod roster;
mod sorted;
mod step;
mod subscribers;
mod users;
mod visitors;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use amnesty::Amnesty;
use deadlines::Deadlines;
use nodes::Nodes;
use policies::Policies;
use pools::Pools;
use ranks::Ranks;
use registry::Registry;
use users::Users;

use crate::error::StoreError;
use crate::limits::StoreOptions;
use crate::room::{NewRoom, RoomKind};
use crate::store::{Backend, StoreResult};
use crate::time::Clock;

/// A store in memory; see [the module](self).
///
/// ```
/// # use chat_core::{Clock, StoreOptions, memory::MemoryStore};
/// let backend = MemoryStore::backend(Clock::system(), StoreOptions::default());
/// # let _ = backend;
/// ```
pub struct MemoryStore {
    clock: Clock,
    options: StoreOptions,
    registry: Registry,
    nodes: Nodes,
    users: Users,
    ranks: Ranks,
    deadlines: Deadlines,
    pools: Pools,
    policies: Policies,
    amnesty: Amnesty,
    /// Over all rooms: a later subscription is greater.
    subscriptions: AtomicU64,
}

impl MemoryStore {
    /// A store with nothing in it.
    #[must_use]
    pub fn new(clock: Clock, options: StoreOptions) -> Arc<Self> {
        Arc::new(Self {
            registry: Registry::new(options.rooms),
            nodes: Nodes::default(),
            users: Users::default(),
            ranks: Ranks::default(),
            deadlines: Deadlines::default(),
            pools: Pools::new(options.pools, options.matching.clone()),
            policies: Policies::default(),
            amnesty: Amnesty::new(clock.now(), options.lease),
            subscriptions: AtomicU64::new(0),
            clock,
            options,
        })
    }

    /// The same as a backend, for an engine.
    #[must_use]
    pub fn backend(clock: Clock, options: StoreOptions) -> Backend {
        Backend::of(&Self::new(clock, options))
    }

    /// Rooms that it keeps: open ones, and closed ones that are remembered.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.registry.rooms()
    }

    /// Mail that was dropped because a living node did not fetch it in time.
    #[must_use]
    pub fn mail_lost(&self) -> u64 {
        self.nodes.mail_lost()
    }

    /// Pair rooms are made by matching alone.
    fn refuse_pair(op: &'static str, new: &NewRoom) -> StoreResult<()> {
        if new.kind == RoomKind::Pair || new.id.is_pair() {
            return Err(failed(op, "pair rooms are made by matching"));
        }
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} rooms)", self.rooms())
    }
}

/// What was asked for cannot be done here, however often it is tried.
fn failed(op: &'static str, why: &'static str) -> StoreError {
    StoreError::Failed { op, retryable: false, source: why.into() }
}
