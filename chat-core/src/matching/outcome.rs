//! What a step of a pool comes to.

use crate::id::{RoomId, SessionKey, UserId};
use crate::room::RoomPolicy;
use crate::store::Mail;
use crate::time::Timestamp;
use std::sync::Arc;

/// An outcome, and what is to be told to whom because of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "mail that is not delivered leaves sessions waiting for it"]
pub struct Step<T> {
    /// What the caller asked about.
    pub outcome: T,
    /// News for sessions, in the order in which they came about.
    pub mail: Vec<Mail>,
}

impl<T> Step<T> {
    pub(super) fn new(outcome: T) -> Self {
        Self { outcome, mail: Vec::new() }
    }
}

/// What became of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirming {
    /// The other side has not confirmed yet.
    Half,
    /// The other side has: the caller sees whether both leases hold, opens the room with both inside, and then says
    /// [`opened`](super::Pool::opened). Until then nothing has changed.
    Ready(Pairing),
    /// The match is no more, or not this session's.
    Gone,
}

/// Two who are to get a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The room to come.
    pub room: RoomId,
    /// Who, and by which connection; whoever waited longer first.
    pub sides: [(UserId, SessionKey); 2],
    /// The policy that the first one asked for.
    pub policy: Arc<RoomPolicy>,
}

/// Whether places and proposed matches that ran out are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// They are.
    Now,
    /// They are not: the store was away, and so may have been those who wanted to come back or to confirm.
    PutOff {
        /// When they are looked at again.
        until: Timestamp,
    },
}

/// What a step over what is due has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Proposed matches that were not confirmed in time.
    pub lapsed: u32,
    /// Whether more is due at this very time.
    pub more: bool,
}
