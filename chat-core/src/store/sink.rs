//! The way from a store to a node.

use crate::entry::{SharedEntry, Signal};
use crate::id::RoomId;
use std::sync::Arc;

/// What a node gives a store, to be told what happens in the rooms it has subscribed to.
///
/// *Order*: the entries of one room come in the order of the log. An entry may be missing or come twice
/// (a lost or repeated message of a network); the number tells, and the node heals from the log.
/// *Restraint*: a sink is called inside the store's step. It never calls the store, never waits,
/// and never fails.
pub trait Sink: Send + Sync + 'static {
    /// An entry was written in a subscribed room.
    fn entry(&self, entry: &SharedEntry);
    /// A signal was sent in a subscribed room.
    fn signal(&self, signal: &Arc<Signal>);
    /// The number of users in a subscribed room that only counts has changed: read it.
    fn count(&self, room: &RoomId);
    /// There is mail for this node: fetch it.
    fn mail(&self);
    /// Something may have been missed in every subscribed room (a lost connection): check the heads.
    fn missed(&self);
}
