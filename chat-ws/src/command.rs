//! What a client can ask for.

use chat_core::{
    Body, HistoryPage, Join, Key, Order, Page, PoolName, RoomId, RoomSpec, Seek, UserId,
};

/// One command, its fields checked.
#[derive(Debug)]
pub(crate) enum Command {
    Hello {
        token: Option<String>,
        name: Option<String>,
    },
    Ping,
    /// Boxed, as the next one: every command is moved a few times, and these are several times as large as others.
    Open(Box<RoomSpec>),
    Join {
        room: RoomId,
        join: Box<Join>,
    },
    Leave(RoomId),
    Say {
        room: RoomId,
        body: Body,
        key: Option<Key>,
    },
    Signal {
        room: RoomId,
        body: Body,
    },
    History {
        room: RoomId,
        page: HistoryPage,
    },
    Members {
        room: RoomId,
        after: Option<UserId>,
        limit: u32,
    },
    Close(RoomId),
    Rename(String),
    Rooms(Order, Page),
    RoomsById(Vec<RoomId>),
    Watch(Order, u32),
    WatchOnline,
    Unwatch(Listed),
    Match {
        pool: PoolName,
        seek: Seek,
    },
    Unmatch(PoolName),
    Next {
        room: RoomId,
        tags: Option<Vec<String>>,
    },
    Block(RoomId),
}

/// What can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    Rooms(Order),
    Online,
}

/// What a command is counted as where rates are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `say` and `signal`: what others are given.
    Talk,
    /// What changes something: rooms, memberships, names, searches, watches.
    Change,
    /// What only reads: `history`, `members`, `rooms`.
    Read,
    /// `hello` and `ping`.
    Other,
}

/// What is carried out one after the other: commands of one lane, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Beside everything.
    Free,
    /// Behind everything, and before everything that comes later.
    All,
    Room(RoomId),
    /// A pool and its pair rooms: matching changes both.
    Pool(PoolName),
    List(Listed),
}

impl Lane {
    fn of_room(room: &RoomId) -> Self {
        room.pool().map_or_else(|| Self::Room(room.clone()), Self::Pool)
    }

    /// Whether a command of this lane has to wait for an earlier one of that lane.
    pub(crate) fn waits_for(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::All, _) | (_, Self::All) => true,
            (Self::Free, _) | (_, Self::Free) => false,
            (one, other) => one == other,
        }
    }
}

impl Command {
    /// The word for it.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Ping => "ping",
            Self::Open(_) => "open",
            Self::Join { .. } => "join",
            Self::Leave(_) => "leave",
            Self::Say { .. } => "say",
            Self::Signal { .. } => "signal",
            Self::History { .. } => "history",
            Self::Members { .. } => "members",
            Self::Close(_) => "close",
            Self::Rename(_) => "rename",
            Self::Rooms(..) | Self::RoomsById(_) => "rooms",
            Self::Watch(..) | Self::WatchOnline => "watch",
            Self::Unwatch(_) => "unwatch",
            Self::Match { .. } => "match",
            Self::Unmatch(_) => "unmatch",
            Self::Next { .. } => "next",
            Self::Block(_) => "block",
        }
    }

    /// What it is counted as.
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Hello { .. } | Self::Ping => Class::Other,
            Self::Say { .. } | Self::Signal { .. } => Class::Talk,
            Self::History { .. } | Self::Members { .. } | Self::Rooms(..) | Self::RoomsById(_) => {
                Class::Read
            }
            _ => Class::Change,
        }
    }

    /// What it has to wait for, and what waits for it.
    pub(crate) fn lane(&self) -> Lane {
        match self {
            Self::Ping | Self::Rooms(..) | Self::RoomsById(_) => Lane::Free,
            // A name holds for what is joined behind it.
            Self::Hello { .. } | Self::Rename(_) => Lane::All,
            Self::Open(spec) => match spec.id().map(RoomId::new) {
                Some(Ok(room)) => Lane::of_room(&room),
                _ => Lane::Free,
            },
            Self::Join { room, .. }
            | Self::Leave(room)
            | Self::Say { room, .. }
            | Self::Signal { room, .. }
            | Self::History { room, .. }
            | Self::Members { room, .. }
            | Self::Close(room)
            | Self::Next { room, .. }
            | Self::Block(room) => Lane::of_room(room),
            Self::Watch(order, _) => Lane::List(Listed::Rooms(*order)),
            Self::WatchOnline => Lane::List(Listed::Online),
            Self::Unwatch(listed) => Lane::List(*listed),
            Self::Match { pool, .. } | Self::Unmatch(pool) => Lane::Pool(pool.clone()),
        }
    }

    /// Whether its reply may be much larger than it is.
    pub(crate) fn is_large(&self) -> bool {
        matches!(self, Self::Join { .. } | Self::Watch(..)) || self.class() == Class::Read
    }

    /// Whether a partner may be found while it is under way, which is told behind its reply.
    pub(crate) fn seeks(&self) -> bool {
        matches!(self, Self::Match { .. } | Self::Next { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_the_same_room_goes_one_after_the_other() {
        let room = |id| Lane::of_room(&RoomId::new(id).unwrap());
        assert!(room("a").waits_for(&room("a")));
        assert!(!room("a").waits_for(&room("b")));
        let pool = Lane::Pool(PoolName::new("random").unwrap());
        assert!(room("random~x").waits_for(&pool) && pool.waits_for(&room("random~y")));
        assert!(Lane::All.waits_for(&Lane::Free) && Lane::Free.waits_for(&Lane::All));
        assert!(!Lane::Free.waits_for(&Lane::Free));
    }
}
