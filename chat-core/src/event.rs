//! What a session is told.

use std::sync::Arc;

use crate::entry::{Cursor, SharedEntry, Signal};
use crate::id::{PoolName, RoomId};
use crate::list::ListChange;
use crate::store::Snapshot;
use crate::text::Tag;
use crate::why::{ByeWhy, ResetWhy, UnmatchedWhy};

/// Something that a session is told.
///
/// More kinds will come: a `match` needs an arm for the rest.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The next entry of a room's log: said, joined, left, renamed or closed.
    Entry(SharedEntry),
    /// A signal from somebody in a room.
    Signal(Arc<Signal>),
    /// How many users are in a room that only counts.
    Count {
        /// The room.
        room: RoomId,
        /// Distinct users.
        live: u32,
    },
    /// A partner was found; the session is in their room.
    Matched(Box<Matched>),
    /// The session no longer waits.
    Unmatched {
        /// The pool.
        pool: PoolName,
        /// Why.
        why: UnmatchedWhy,
    },
    /// A watched list changed.
    List(Arc<ListChange>),
    /// Entries of a room were skipped and cannot be given. The session stays a member, and gets nothing more from the
    /// room until it joins again, with the cursor.
    Reset {
        /// The room.
        room: RoomId,
        /// The last entry that was given.
        cursor: Cursor,
        /// Why.
        why: ResetWhy,
    },
    /// The session was put out of a room.
    Kicked {
        /// The room.
        room: RoomId,
    },
    /// The session has ended; nothing follows.
    Bye {
        /// Why.
        why: ByeWhy,
    },
}

/// A partner was found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Matched {
    /// In which pool.
    pub pool: PoolName,
    /// The room of the two, as of its cursor.
    pub snapshot: Snapshot,
    /// Tags that the two share.
    pub shared: Vec<Tag>,
}

impl Matched {
    pub(crate) fn new(pool: PoolName, snapshot: Snapshot, shared: Vec<Tag>) -> Self {
        Self { pool, snapshot, shared }
    }

    /// The room of the two.
    #[must_use]
    pub fn room(&self) -> &RoomId {
        &self.snapshot.room.id
    }
}
