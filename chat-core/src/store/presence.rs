//! Who is in which room.

use async_trait::async_trait;

use super::StoreResult;
use crate::entry::{Cursor, SharedEntry};
use crate::id::{Epoch, RoomId, SessionId, SessionKey, UserId, Writer};
use crate::room::{Member, NewRoom, RoomView};
use crate::text::Name;
use crate::why::{ByeWhy, CloseWhy, LostWhy};

/// Keeps who is in which room: counted by user, kept by session.
///
/// The first session of a user writes `joined`, the last one `left`. Counts are the sizes of the sets
/// that are kept; nothing is ever added to or subtracted from a number, so nothing can drift.
#[async_trait]
pub trait PresenceStore: Send + Sync {
    /// Takes a session into a room, and returns the room as it is then.
    ///
    /// *Atomicity*: opening the room if that is asked for, the check of the capacity, whether this is the user's
    /// first session, the notice and the counts are one step. The snapshot may be of a moment right behind it, but is
    /// of one moment: members and entries are those of its cursor.
    /// *Order*: the session's own `joined` is at or before the cursor. *When it fails*: the session may be in; the
    /// caller takes it out until it is answered.
    /// Entering twice is no error. Entering ends any grace of that user in that room.
    async fn enter(&self, by: Writer, enter: Enter) -> StoreResult<Entered>;

    /// Takes a session out because it says so. In a pair room that takes out the user, with all sessions,
    /// and closes the room.
    ///
    /// *Atomicity*: with the notice, the counts and the close. *When it fails*: it may be out; once more does no
    /// harm.
    async fn leave(&self, by: Writer, room: &RoomId, session: SessionKey)
    -> StoreResult<Departure>;

    /// Takes a session out of rooms because its connection was lost: users without another session stay for the
    /// room's grace. Returns what was written where there is no grace.
    async fn lose(
        &self,
        by: Writer,
        session: SessionKey,
        rooms: &[RoomId],
    ) -> StoreResult<Vec<SharedEntry>>;

    /// Gives a user another name in rooms they are in. Pair rooms and rooms they are not in are passed over.
    /// Returns what was written.
    async fn rename(
        &self,
        by: Writer,
        user: &UserId,
        name: &Name,
        rooms: &[RoomId],
    ) -> StoreResult<Vec<SharedEntry>>;

    /// Puts a user out, with all sessions; the nodes that have these get
    /// [`Mail::Kicked`](super::Mail::Kicked). In a pair room the user may be given by id or alias, and the
    /// room closes.
    async fn kick(&self, by: Writer, room: &RoomId, user: &UserId) -> StoreResult<Departure>;

    /// Tells every node to end this user's sessions there, by [`Mail::Disconnect`](super::Mail::Disconnect).
    async fn disconnect(&self, by: Writer, user: &UserId, why: ByeWhy) -> StoreResult<()>;

    /// Members with an id above `after`, ascending by id; `None` where there is no open room.
    async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> StoreResult<Option<MembersPage>>;

    /// The rooms in which a user is, those in grace included; ascending, at most `limit`.
    async fn rooms_of(&self, user: &UserId, limit: u32) -> StoreResult<Vec<RoomId>>;

    /// What the store believes of this writer: its sessions by room, in a fixed order, those behind `after`. A
    /// node reads this to take out what it does not have.
    async fn index(
        &self,
        by: Writer,
        after: Option<IndexRow>,
        limit: u32,
    ) -> StoreResult<Vec<IndexRow>>;
}

/// A session that wants into a room.
#[derive(Debug, Clone)]
pub struct Enter {
    /// The room.
    pub room: RoomId,
    /// Opens the room in the same step if there is none. Its id is `room`.
    pub create: Option<NewRoom>,
    /// Only into this life of the room: for one who was in it.
    pub epoch: Option<Epoch>,
    /// Who.
    pub session: SessionKey,
    /// Whose.
    pub user: UserId,
    /// Under what name; where the user is in the room already, the name there stays.
    pub name: Name,
    /// What has been read of the log before.
    pub since: Option<Cursor>,
    /// How many of the newest things said are wanted, where `since` is not given or not known.
    pub recent: u32,
    /// The longest gap that is filled.
    pub resume_max: u32,
    /// How many members are wanted in the snapshot.
    pub members: u32,
}

/// Whether a session came in.
#[derive(Debug, Clone, PartialEq)]
pub enum Entered {
    /// It is in.
    In(Box<Admission>),
    /// The room holds as many users as it may.
    Full,
    /// A pair room of two others.
    Forbidden,
    /// The room, or the epoch that was named, has closed.
    Closed {
        /// Why.
        why: CloseWhy,
    },
    /// There is no such room.
    Missing,
}

/// What came with coming in.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// The room as it is.
    pub snapshot: Snapshot,
    /// Whether the room was opened by this.
    pub created: bool,
    /// What was written.
    pub wrote: Vec<SharedEntry>,
}

/// A room at one moment: everything in it is as of the cursor.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The room.
    pub room: RoomView,
    /// Under which id this user is in the room; in a pair room the alias.
    pub you: UserId,
    /// The newest entry at that moment. What is delivered afterwards begins right behind it.
    pub cursor: Cursor,
    /// The first members, ascending by id; `room.live` is their whole number.
    pub members: Vec<Member>,
    /// Entries up to the cursor.
    pub entries: Vec<SharedEntry>,
    /// What these entries are.
    pub replay: Replay,
}

impl Snapshot {
    /// The room's id.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.room.id
    }
}

/// What the entries of a snapshot are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// The newest, as was asked for.
    Recent,
    /// Exactly what was missed since the cursor that was given.
    Resumed,
    /// The newest, because what was missed cannot be given.
    Lost(LostWhy),
}

/// What became of a leave or a kick.
#[derive(Debug, Clone, PartialEq)]
pub enum Departure {
    /// Out. What was written: nothing where the user has another session, or the room only counts.
    Out {
        /// The entries.
        wrote: Vec<SharedEntry>,
    },
    /// Was not in.
    NotMember,
    /// The room has closed.
    Closed {
        /// Why.
        why: CloseWhy,
    },
    /// There is no such room.
    Missing,
}

/// Some members of a room.
#[derive(Debug, Clone, PartialEq)]
pub struct MembersPage {
    /// Ascending by id.
    pub members: Vec<Member>,
    /// Distinct users in the room.
    pub count: u32,
    /// Whether more come behind these.
    pub more: bool,
    /// The newest entry at that moment.
    pub cursor: Cursor,
}

/// One session in one room, as the store has it of a writer. Ordered by room, then session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexRow {
    /// The room.
    pub room: RoomId,
    /// The session.
    pub session: SessionId,
}
