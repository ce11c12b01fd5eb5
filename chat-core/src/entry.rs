//! The log of a room: its entries, their numbers, and cursors into it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::body::Body;
use crate::id::{Epoch, Key, RoomId, UserId};
use crate::text::Name;
use crate::time::Timestamp;
use crate::why::{CloseWhy, LeftWhy};

/// One entry of a room's log.
///
/// Entries are numbered 1, 2, 3 … without holes within an epoch, and every reader sees them in that
/// order.
#[derive(Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The room.
    pub room: RoomId,
    /// Which life of the room's log.
    pub epoch: Epoch,
    /// The number in it.
    pub n: u64,
    /// When it was written, by the store's clock.
    pub at: Timestamp,
    /// What it tells.
    pub what: What,
    /// Ready frames, so that an entry is encoded once per node and not once per reader.
    frames: Frames,
}

impl Entry {
    /// An entry, as a store writes or reads it.
    #[must_use]
    pub fn new(room: RoomId, epoch: Epoch, n: u64, at: Timestamp, what: What) -> Self {
        Self { room, epoch, n, at, what, frames: Frames::default() }
    }

    /// The cursor of somebody who has seen everything up to this entry.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, n: self.n, at: Some(self.at) }
    }

    /// What was said, where something was.
    #[must_use]
    pub fn said(&self) -> Option<&Said> {
        match &self.what {
            What::Said(said) => Some(said),
            _ => None,
        }
    }

    /// Whether this is the last entry of its epoch.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.what, What::Closed { .. })
    }

    /// The ready frame of this entry in an adapter's encoding, made by `encode` the first time it is
    /// asked for and kept as long as the entry.
    pub fn frame(&self, encoding: Encoding, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        self.frames.get_or_make(encoding, || encode(self))
    }

    /// About how many bytes it holds; what bounds in bytes are counted in.
    pub(crate) fn weight(&self) -> usize {
        const FIXED: usize = 160;
        FIXED + self.said().map_or(0, |said| said.body.len())
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.n == other.n
            && self.epoch == other.epoch
            && self.at == other.at
            && self.room == other.room
            && self.what == other.what
    }
}

/// What an entry tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// Somebody said something.
    Said(Said),
    /// A user came: their first connection.
    Joined {
        /// Who; in a pair room their alias.
        user: UserId,
        /// Under what name.
        name: Name,
        /// Distinct users in the room afterwards.
        live: u32,
    },
    /// A user went: their last connection.
    Left {
        /// Who; in a pair room their alias.
        user: UserId,
        /// Under what name.
        name: Name,
        /// Distinct users in the room afterwards.
        live: u32,
        /// How they went.
        why: LeftWhy,
    },
    /// A user took another name.
    Renamed {
        /// Who.
        user: UserId,
        /// The new name.
        name: Name,
    },
    /// The room closed. Always the last entry.
    Closed {
        /// What ended it.
        why: CloseWhy,
    },
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who said it; `None` for the site itself. In a pair room an alias.
    pub by: Option<UserId>,
    /// Under what name.
    pub name: Option<Name>,
    /// What.
    pub body: Body,
    /// The sender's own name for it, where one was given.
    pub key: Option<Key>,
}

/// How far somebody has read a room's log.
///
/// `at` is the time of entry `n`. After a failover that lost the end of a log, others may have written
/// on under the same numbers; the time tells the two apart, so that resuming never continues in a log
/// that is not the one that was read. Without `at` it is not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cursor {
    /// Which life of the log.
    pub epoch: Epoch,
    /// The newest entry that was read; 0 before the first.
    pub n: u64,
    /// The time of that entry.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub at: Option<Timestamp>,
}

/// Something sent to those who are in a room now: not stored, not numbered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Signal {
    /// The room.
    pub room: RoomId,
    /// Who sent it; in a pair room their alias.
    pub by: UserId,
    /// The connection that sent it and does not get it back.
    pub from: crate::id::SessionKey,
    /// What.
    pub body: Body,
    /// Ready frames, as an entry has them.
    frames: Frames,
}

impl Signal {
    /// A signal, as a store hands it on.
    #[must_use]
    pub fn new(room: RoomId, by: UserId, from: crate::id::SessionKey, body: Body) -> Self {
        Self { room, by, from, body, frames: Frames::default() }
    }

    /// The ready frame of this signal in an adapter's encoding, made once as [`Entry::frame`] is.
    pub fn frame(&self, encoding: Encoding, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        self.frames.get_or_make(encoding, || encode(self))
    }
}

impl PartialEq for Signal {
    fn eq(&self, other: &Self) -> bool {
        self.room == other.room
            && self.by == other.by
            && self.from == other.from
            && self.body == other.body
    }
}

/// One way of writing entries as bytes. An adapter registers its own once, in a `static`.
///
/// ```
/// # use chat_core::Encoding;
/// static MINE: std::sync::LazyLock<Encoding> = std::sync::LazyLock::new(Encoding::register);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding(u32);

impl Encoding {
    /// A new encoding, different from all others of this process.
    #[must_use]
    pub fn register() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Encode-once cells, a chain of one per encoding in use; most processes use one.
#[derive(Default)]
struct Frames(OnceLock<Box<Frame>>);

struct Frame {
    encoding: Encoding,
    bytes: OnceLock<Bytes>,
    next: Frames,
}

impl Frames {
    fn get_or_make(&self, encoding: Encoding, make: impl FnOnce() -> Bytes) -> Bytes {
        let frame = self.0.get_or_init(|| {
            Box::new(Frame { encoding, bytes: OnceLock::new(), next: Self::default() })
        });
        if frame.encoding == encoding {
            frame.bytes.get_or_init(make).clone()
        } else {
            frame.next.get_or_make(encoding, make)
        }
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "encoded" } else { "not encoded" })
    }
}

/// An entry as it is handed around: shared, never copied.
pub type SharedEntry = Arc<Entry>;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn entry() -> Entry {
        let room = RoomId::new("r").unwrap();
        Entry::new(room, Epoch(1), 1, Timestamp(5), What::Closed { why: CloseWhy::Idle })
    }

    #[test]
    fn an_entry_is_encoded_once_per_encoding() {
        let (entry, made) = (entry(), AtomicUsize::new(0));
        let (one, two) = (Encoding::register(), Encoding::register());
        for _ in 0..3 {
            for (encoding, text) in [(one, "one"), (two, "two")] {
                let frame = entry.frame(encoding, |_| {
                    made.fetch_add(1, Ordering::Relaxed);
                    Bytes::from_static(text.as_bytes())
                });
                assert_eq!(frame, text);
            }
        }
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }
}
