//! Who waits for a partner.

use async_trait::async_trait;

use super::StoreResult;
use crate::entry::SharedEntry;
use crate::id::{MatchId, PoolName, RoomId, SessionKey, UserId, Writer};
use crate::room::RoomPolicy;
use crate::text::Tag;
use crate::why::{ByeWhy, UnmatchedWhy};

/// Keeps pools of users who wait for a partner. The rules are those of [`crate::matching`].
///
/// *Without a tick*: the rule runs when a ticket is added, widens, is released or goes back into the queue, in the
/// same step, so no two who fit ever wait at once.
/// *Atomicity*: a pool and its pair rooms are one place: each operation is one step over both.
#[async_trait]
pub trait MatchStore: Send + Sync {
    /// Waits for a partner, or proposes a match at once. Replaces a ticket that the user has in the
    /// pool, and takes its time of entry along; the session that waited gets
    /// [`Mail::Unmatched`]. While that ticket is in a proposed match, the match is broken.
    ///
    /// *When it fails*: the user may be waiting; the same once more does no harm.
    async fn submit(&self, by: Writer, request: Request) -> StoreResult<Submitted>;

    /// Says for one side of a proposed match that its session still waits, and that its node is subscribed to
    /// the coming room. The second side's confirmation opens the room with both sessions inside, if both leases hold.
    async fn confirm(
        &self,
        by: Writer,
        pool: &PoolName,
        which: MatchId,
        session: SessionKey,
    ) -> StoreResult<Confirmed>;

    /// Stops waiting, for the user, from whichever of their sessions. Breaks a proposed match: the other one goes
    /// back into the queue with their time of entry.
    async fn withdraw(
        &self,
        by: Writer,
        pool: &PoolName,
        user: &UserId,
        session: SessionKey,
    ) -> StoreResult<Withdrawn>;

    /// A waiting session's connection was lost: its user keeps the place for a while, and is matched with nobody
    /// meanwhile. Only tickets of this very session are meant.
    async fn lose_place(
        &self,
        by: Writer,
        session: SessionKey,
        user: &UserId,
        pools: &[PoolName],
    ) -> StoreResult<()>;

    /// Leaves a pair room, the user with all sessions, which closes it, and submits, as one step.
    async fn next(&self, by: Writer, leave: PairBreak, request: Request) -> StoreResult<Next>;

    /// Leaves a pair room as [`next`](Self::next) does, and never pairs these two again, in either
    /// direction. Also from a room that has closed, as long as it is remembered.
    async fn block(&self, by: Writer, leave: PairBreak) -> StoreResult<Blocked>;

    /// The pools in which a user waits, ascending.
    async fn waiting(&self, user: &UserId) -> StoreResult<Vec<PoolName>>;

    /// The news for this node that it has not had, oldest first; each is given at least once.
    async fn mail(&self, by: Writer) -> StoreResult<Vec<Mail>>;
}

/// Somebody who wants a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// In which pool.
    pub pool: PoolName,
    /// Who.
    pub user: UserId,
    /// The connection that waits.
    pub session: SessionKey,
    /// What they like: folded, without repetitions.
    pub tags: Vec<Tag>,
    /// Only partners with a shared tag, ever.
    pub strict: bool,
    /// Users with whom they are never paired, beside those the pool knows of.
    pub blocked: Vec<UserId>,
    /// The policy of the room to come; where the two differ, that of whoever waited longer. Names are not asked for: in a
    /// pair room both go by made ones.
    pub policy: RoomPolicy,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// In the queue, or proposed to somebody: mail tells.
    Waiting,
    /// The user is in a pair room of this pool.
    Engaged {
        /// The room.
        room: RoomId,
    },
}

/// What became of a confirmation.
#[derive(Debug, Clone, PartialEq)]
pub enum Confirmed {
    /// The other side has not confirmed yet.
    Half,
    /// The room is open and both are in it; both sides get [`Mail::Matched`].
    Opened {
        /// The room.
        room: RoomId,
        /// What was written.
        wrote: Vec<SharedEntry>,
        /// The two: who they are, and as whom they are seen.
        users: [(UserId, UserId); 2],
    },
    /// The match is no more, or not this session's.
    Gone,
}

/// What became of a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawn {
    /// The user no longer waits.
    Withdrawn,
    /// The user is in a pair room of this pool.
    Engaged {
        /// The room.
        room: RoomId,
    },
    /// The user did not wait.
    NotWaiting,
}

/// Who leaves which pair room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairBreak {
    /// The room.
    pub room: RoomId,
    /// The connection that says so; it must be in the room.
    pub session: SessionKey,
    /// Whose.
    pub user: UserId,
}

/// What became of a [`next`](MatchStore::next).
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Out of the room, and waiting.
    Waiting {
        /// What was written in the old room; nothing if it had closed before.
        wrote: Vec<SharedEntry>,
    },
    /// The user is in another pair room of the pool already.
    Engaged {
        /// The room.
        room: RoomId,
    },
    /// The session is not in the room.
    NotMember,
    /// There is no such room.
    Missing,
}

/// What became of a [`block`](MatchStore::block).
#[derive(Debug, Clone, PartialEq)]
pub enum Blocked {
    /// Out of the room, and blocked.
    Blocked {
        /// What was written in the room; nothing if it had closed before.
        wrote: Vec<SharedEntry>,
    },
    /// The session is not in the room.
    NotMember,
    /// There is no such room, or it is remembered no longer.
    Missing,
}

/// News for a node about one of its sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mail {
    /// A match is proposed: subscribe to the room, then confirm.
    Proposed {
        /// The pool.
        pool: PoolName,
        /// The match.
        which: MatchId,
        /// The room to come.
        room: RoomId,
        /// The session that waits.
        session: SessionKey,
        /// Whose.
        user: UserId,
    },
    /// A match came about: the session is in the room.
    Matched {
        /// The pool.
        pool: PoolName,
        /// The room.
        room: RoomId,
        /// The session.
        session: SessionKey,
        /// Tags that the two share.
        shared: Vec<Tag>,
    },
    /// A session no longer waits.
    Unmatched {
        /// The pool.
        pool: PoolName,
        /// The session.
        session: SessionKey,
        /// Why.
        why: UnmatchedWhy,
    },
    /// Sessions were put out of a room.
    Kicked {
        /// The room.
        room: RoomId,
        /// The sessions.
        sessions: Vec<SessionKey>,
    },
    /// All sessions of a user are to be ended.
    Disconnect {
        /// Who.
        user: UserId,
        /// What they are told.
        why: ByeWhy,
    },
}
