//! Lists of rooms: their orders, pages of them, and what those who watch them are told.

use std::collections::HashSet;
use std::sync::OnceLock;

use bytes::Bytes;

use crate::entry::Encoding;
use crate::id::RoomId;
use crate::room::RoomView;
use crate::words::words;

/// By what rooms are ranked. Ties go by creation, the older first, then by id, so that pages do not flicker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Order {
    /// Distinct users now, most first.
    Live,
    /// Distinct users now and within the last half hour, most first.
    Visitors,
    /// The newest first.
    Newest,
    /// Where something was said last first; those where nothing was said at the end.
    Active,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Live, Self::Visitors, Self::Newest, Self::Active];
}

words!(Order, "order", {
    Live => "live",
    Visitors => "visitors",
    Newest => "newest",
    Active => "active",
});

/// Which rows of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many rows come before.
    pub offset: u32,
    /// How many rows at the most.
    pub limit: u32,
}

impl Page {
    /// The first rows.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { offset: 0, limit }
    }

    /// The rows from this one on.
    #[must_use]
    pub fn from(self, offset: u32) -> Self {
        Self { offset, ..self }
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::first(50)
    }
}

/// Some rows of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomPage {
    /// The rows.
    pub rooms: Vec<RoomView>,
    /// How many rows the list has in all.
    pub total: u64,
}

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Watched {
    /// The first rows of a list.
    Rooms {
        /// By what they are ranked.
        order: Order,
        /// How many rows.
        limit: u32,
    },
    /// The number of users online.
    Online,
}

impl Watched {
    /// The word for it on the wire: that of the order, or `online`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rooms { order, .. } => order.as_str(),
            Self::Online => "online",
        }
    }
}

/// One step of a watched list, shared by all who watch it.
///
/// The list of the version before becomes that of `version` by, first, dropping each room that is
/// [`Gone`](ListOp::Gone) or named in an [`At`](ListOp::At), then inserting the `At` rows in ascending order, then
/// cutting to the limit.
#[derive(Debug)]
#[non_exhaustive]
pub struct ListChange {
    /// Which list.
    pub watched: Watched,
    /// One more than that of the change before.
    pub version: u64,
    /// The steps, for a list of rooms.
    pub ops: Vec<ListOp>,
    /// The number, for [`Watched::Online`].
    pub online: Option<u64>,
    frame: OnceLock<(Encoding, Bytes)>,
}

impl ListChange {
    pub(crate) fn new(
        watched: Watched,
        version: u64,
        ops: Vec<ListOp>,
        online: Option<u64>,
    ) -> Self {
        Self { watched, version, ops, online, frame: OnceLock::new() }
    }

    /// The ready frame of this change in an adapter's encoding, made the first time it is asked for. A second
    /// encoding in the same process is encoded at each call.
    pub fn frame(&self, encoding: Encoding, encode: impl Fn(&Self) -> Bytes) -> Bytes {
        let (first, bytes) = self.frame.get_or_init(|| (encoding, encode(self)));
        if *first == encoding { bytes.clone() } else { encode(self) }
    }

    /// The list after this change, given the list before.
    #[must_use]
    pub fn apply(&self, before: &[RoomView]) -> Vec<RoomView> {
        let limit = match self.watched {
            Watched::Rooms { limit, .. } => limit as usize,
            Watched::Online => 0,
        };
        apply(before, &self.ops, limit)
    }
}

/// A list at the moment from which it is watched.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListSnapshot {
    /// Which list.
    pub watched: Watched,
    /// The version; changes go on from it.
    pub version: u64,
    /// The rows, for a list of rooms.
    pub rooms: Vec<RoomView>,
    /// The number, for [`Watched::Online`].
    pub online: Option<u64>,
}

/// One step from a list to its next version. See [`ListChange`] for how they are applied.
#[derive(Debug, Clone, PartialEq)]
pub enum ListOp {
    /// This room is no longer in the list.
    Gone(RoomId),
    /// This room is now at this place, new or moved or with other values.
    At {
        /// The place, from 0.
        at: u32,
        /// The row.
        room: Box<RoomView>,
    },
}

/// Applies steps to a list, as a watcher does.
#[must_use]
pub(crate) fn apply(list: &[RoomView], ops: &[ListOp], limit: usize) -> Vec<RoomView> {
    let named: HashSet<&RoomId> = ops
        .iter()
        .map(|op| match op {
            ListOp::Gone(id) => id,
            ListOp::At { room, .. } => &room.id,
        })
        .collect();
    let mut rows: Vec<RoomView> =
        list.iter().filter(|row| !named.contains(&row.id)).cloned().collect();
    for op in ops {
        if let ListOp::At { at, room } = op {
            rows.insert((*at as usize).min(rows.len()), (**room).clone());
        }
    }
    rows.truncate(limit);
    rows
}
