//! Rooms and their logs.

use async_trait::async_trait;

use super::StoreResult;
use crate::body::Body;
use crate::entry::{Cursor, SharedEntry};
use crate::id::{Epoch, Key, RoomId, SessionKey, UserId, Writer};
use crate::room::{NewRoom, RoomView};
use crate::text::Name;
use crate::time::Timestamp;
use crate::why::{CloseWhy, LostWhy};

/// Keeps rooms and their logs.
#[async_trait]
pub trait RoomStore: Send + Sync {
    /// Opens a room under a new epoch, unless one of this id is open.
    ///
    /// *Atomicity*: of any number of callers, one opens it. *When it fails*: it may be open.
    async fn open(&self, by: Writer, room: NewRoom) -> StoreResult<Opened>;

    /// Looks rooms up, in one step each, answers in the order asked.
    async fn get(&self, rooms: &[RoomId]) -> StoreResult<Vec<Existing>>;

    /// Writes what somebody says: checks that they may, recognises a repeated key, gives it the next number,
    /// stores, trims, and hands it to the sinks.
    ///
    /// *Atomicity*: all of that in one step; an entry that a sink was given can be read from the log.
    /// *Order*: numbers follow on one another without holes; sinks get them in that order. *When it
    /// fails*: it may have been written; the same key or the same attempt finds out.
    async fn append(&self, by: Writer, say: Say) -> StoreResult<Appended>;

    /// Everything after a cursor, up to `max` entries; or why that cannot be given. Also on a room that has
    /// closed, as long as it is remembered.
    ///
    /// *To ensure correctness*: entry `n` itself is looked at. If its time is not the cursor's, or the log ends
    /// before it, this is not the log that was read.
    async fn resume(&self, room: &RoomId, cursor: Cursor, max: u32) -> StoreResult<Resumed>;

    /// A page of what was said, with the notices between; see [`HistoryPage`].
    async fn history(&self, room: &RoomId, page: HistoryPage) -> StoreResult<Option<History>>;

    /// The newest entry of each room, `None` where there is no such room; answers in the order asked.
    async fn heads(&self, rooms: &[RoomId]) -> StoreResult<Vec<Option<Cursor>>>;

    /// Hands a signal to the sinks of the room. Nothing is stored, nothing is numbered.
    async fn signal(
        &self,
        by: Writer,
        room: &RoomId,
        from: SessionKey,
        body: Body,
    ) -> StoreResult<Signalled>;

    /// Closes a room, writing `closed` as its last entry.
    ///
    /// *Atomicity*: of any number of callers exactly one is told [`Closing::Closed`]; after it nothing is written in
    /// that epoch by anybody.
    async fn close(&self, by: Writer, close: Close) -> StoreResult<Closing>;

    /// From now on, the sink of this node is told what happens in the room. When the answer is there, nothing
    /// that is written afterwards is missed.
    async fn subscribe(&self, by: Writer, room: &RoomId) -> StoreResult<Subscription>;

    /// Ends a subscription. One made later is not touched.
    async fn unsubscribe(&self, by: Writer, room: &RoomId, which: Subscription) -> StoreResult<()>;
}

/// Whether a room was opened.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// It was.
    Opened(RoomView),
    /// One of this id is open already.
    Exists(RoomView),
}

/// What there is under a room's id.
#[derive(Debug, Clone, PartialEq)]
pub enum Existing {
    /// An open room.
    Open(Box<RoomView>),
    /// A room that closed, and is still remembered.
    Closed {
        /// Why it closed.
        why: CloseWhy,
    },
    /// Nothing.
    Missing,
}

/// Something that is to be said.
#[derive(Debug, Clone)]
pub struct Say {
    /// Where.
    pub room: RoomId,
    /// In which life of the room; `None` in whichever there is. A writer that slept through the close cannot write
    /// into the next one.
    pub epoch: Option<Epoch>,
    /// By whom.
    pub author: Speaker,
    /// What.
    pub body: Body,
    /// The sender's name for it. The same key from the same user is written once.
    pub key: Option<Key>,
    /// The engine's own name for this `say`, the same when it tries again after an answer was lost. A
    /// store whose answers cannot be lost ignores it.
    pub attempt: Attempt,
}

/// The engine's own name for one `say`.
///
/// Bytes and not the number they are: what holds a number of sixteen bytes is aligned to sixteen, which makes every allocation of
/// it a slow one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt([u8; 16]);

impl Attempt {
    /// The name's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<u128> for Attempt {
    fn from(number: u128) -> Self {
        Self(number.to_be_bytes())
    }
}

/// Who says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speaker {
    /// A session; it must be in the room. Its user's name is the room's for them.
    Session {
        /// The session.
        session: SessionKey,
        /// Its user.
        user: UserId,
    },
    /// A user whom the host vouches for, in the room or not. In a pair room it must be one of the two.
    User {
        /// Who.
        user: UserId,
        /// Under what name.
        name: Name,
    },
    /// The site itself.
    System,
}

/// What became of a `say`.
#[derive(Debug, Clone, PartialEq)]
pub enum Appended {
    /// It is in the log.
    Written(SharedEntry),
    /// It was there already, under this number.
    Duplicate {
        /// Which life of the log.
        epoch: Epoch,
        /// Its number.
        n: u64,
        /// Its time.
        at: Timestamp,
    },
    /// The session, or the user in a pair room, is not in the room.
    NotMember,
    /// The room, or the epoch that was named, has closed.
    Closed {
        /// Why.
        why: CloseWhy,
    },
    /// There is no such room.
    Missing,
}

/// What follows a cursor.
#[derive(Debug, Clone, PartialEq)]
pub enum Resumed {
    /// Everything after it.
    Entries {
        /// The entries, in order, beginning right behind the cursor.
        entries: Vec<SharedEntry>,
        /// The newest entry of the log.
        head: Cursor,
    },
    /// It cannot be given.
    Lost {
        /// Why.
        why: LostWhy,
        /// The newest entry of the log.
        head: Cursor,
        /// The `closed` of the epoch that the cursor names, where the room was opened again since.
        ended: Option<SharedEntry>,
    },
    /// There is no such room.
    Missing,
}

/// Which page of what was said. Notices come with it that lie between its first and its last, and those after
/// its last where it is the newest page. `limit` counts what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryPage {
    /// The newest.
    Newest {
        /// How many.
        limit: u32,
    },
    /// The newest with a number below this one.
    Before {
        /// The number.
        n: u64,
        /// How many.
        limit: u32,
    },
    /// The oldest with a number above this one.
    After {
        /// The number.
        n: u64,
        /// How many.
        limit: u32,
    },
}

/// A page of a room's history.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Ascending.
    pub entries: Vec<SharedEntry>,
    /// Whether there is more in the direction of the page.
    pub more: bool,
    /// Which life of the log.
    pub epoch: Epoch,
    /// The oldest `said` that the log keeps; the number that comes next where it keeps none.
    pub first: u64,
}

/// What became of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signalled {
    /// It was handed on.
    Sent,
    /// The session is not in the room.
    NotMember,
    /// The room has closed.
    Closed {
        /// Why.
        why: CloseWhy,
    },
    /// There is no such room.
    Missing,
}

/// A room that is to be closed.
#[derive(Debug, Clone)]
pub struct Close {
    /// Which room.
    pub room: RoomId,
    /// Which life of it; `None`: whichever there is.
    pub epoch: Option<Epoch>,
    /// What is written as the reason.
    pub why: CloseWhy,
    /// Where given, the room is closed only if this user owns it.
    pub owner: Option<UserId>,
}

/// What became of a close.
#[derive(Debug, Clone, PartialEq)]
pub enum Closing {
    /// This call closed it, with this last entry.
    Closed(SharedEntry),
    /// It was closed before.
    Already {
        /// Why.
        why: CloseWhy,
    },
    /// The user who was named does not own it.
    NotOwner,
    /// There is no such room.
    Missing,
}

/// A node's subscription to a room; a later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subscription(pub u64);
