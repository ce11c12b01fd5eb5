//! How much of everything there may be. Nothing is unbounded.

use std::time::Duration;

/// Bounds of one engine. Start from the default and change what has to be different:
///
/// ```
/// # use chat_core::Limits;
/// let limits = Limits { body: 4 * 1024, ..Limits::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body: usize,
    /// Bytes of a room's meta.
    pub meta: usize,
    /// Characters of a name.
    pub name: usize,
    /// Characters of a title.
    pub title: usize,
    /// Tags of one who seeks.
    pub tags: usize,
    /// Characters of a tag.
    pub tag: usize,
    /// Sessions on this engine.
    pub sessions: usize,
    /// Sessions of one user on this engine.
    pub sessions_of_user: usize,
    /// Rooms that one session may be in.
    pub rooms_of_session: usize,
    /// Pools in which one session may wait.
    pub pools_of_session: usize,
    /// Lists that one session may watch.
    pub watches_of_session: usize,
    /// Different lists (order and length) that this engine computes for watchers.
    pub lists: usize,
    /// Rows of a list, and of a page.
    pub list_rows: u32,
    /// How deep a list can be paged.
    pub list_depth: u32,
    /// Entries in one answer.
    pub entries: u32,
    /// Members in one answer.
    pub members: u32,
    /// Ids in one question.
    pub ids: usize,
    /// The longest gap that is resumed; a longer one is [`trimmed`](crate::LostWhy::Trimmed).
    pub resume: u32,
    /// Newest entries that a node keeps of each room it has members in. As many as users may come at once into a room that
    /// tells of each of them, so that nobody falls off because all came back together.
    pub tail: usize,
    /// The same in bytes.
    pub tail_bytes: usize,
    /// Events of its own (matches, ends of a search) that wait for one session; one that lets more wait is ended
    /// as too slow.
    pub queue: usize,
    /// Events handed out in one batch; one more where the last of them says that the session was put out of a room.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 16 * 1024,
            meta: 1024,
            name: 32,
            title: 100,
            tags: 8,
            tag: 32,
            sessions: 1_000_000,
            sessions_of_user: 64,
            rooms_of_session: 64,
            pools_of_session: 8,
            watches_of_session: 8,
            lists: 64,
            list_rows: 100,
            list_depth: 1_000,
            entries: 200,
            members: 200,
            ids: 200,
            resume: 1_000,
            tail: 1_024,
            tail_bytes: 1 << 20,
            queue: 256,
            batch: 1_024,
        }
    }
}

/// Bounds and times of a store. Every node of one store must use the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// How long a node that is not heard of is believed to live.
    pub lease: Duration,
    /// How long somebody who left a room counts among its visitors.
    pub visitors_window: Duration,
    /// The greatest delay with which visitors pass.
    pub visitors_step: Duration,
    /// Visitors kept by room; beyond that the number is a lower bound.
    pub visitors_kept: usize,
    /// How long a closed room is remembered.
    pub closed_kept: Duration,
    /// How long a key of `say` is remembered at least; at most twice this.
    pub keys_kept: Duration,
    /// Keys of one room in that time; beyond it the older half is forgotten early.
    pub keys: usize,
    /// Notices (joined, left, renamed) kept in a room's log.
    pub notices: usize,
    /// Rooms.
    pub rooms: usize,
    /// Pools.
    pub pools: usize,
    /// Mail kept for one node.
    pub mail: usize,
    /// Users handled in one step of the reaper.
    pub reap_batch: usize,
    /// The rules of matching.
    pub matching: MatchRules,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            visitors_window: Duration::from_secs(30 * 60),
            visitors_step: Duration::from_secs(15),
            visitors_kept: 100_000,
            closed_kept: Duration::from_secs(60),
            keys_kept: Duration::from_secs(300),
            keys: 65_536,
            notices: 256,
            rooms: 10_000_000,
            pools: 1_024,
            mail: 65_536,
            reap_batch: 100,
            matching: MatchRules::default(),
        }
    }
}

/// The times and bounds of matching; see [`crate::matching`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRules {
    /// After this long a ticket with tags also takes partners without a shared tag.
    pub widen: Duration,
    /// Last partners are not paired again before both have waited this long.
    pub soft: Duration,
    /// How long both nodes have to confirm a proposed match.
    pub confirm: Duration,
    /// How long a lost connection keeps its waiting place.
    pub place_kept: Duration,
    /// How long last partners are remembered at least; at most twice this.
    pub partners_kept: Duration,
    /// How long a block lasts.
    pub block_kept: Duration,
    /// Users that one user may block; the oldest block goes for a new one.
    pub blocks: usize,
    /// Blocks kept in one pool; the oldest goes for a new one.
    pub blocks_in_pool: usize,
    /// Candidates that one scan looks at before it goes on in a next step.
    pub scan: usize,
    /// Users waiting in one pool.
    pub waiting: usize,
}

impl Default for MatchRules {
    fn default() -> Self {
        Self {
            widen: Duration::from_secs(3),
            soft: Duration::from_secs(5),
            confirm: Duration::from_secs(3),
            place_kept: Duration::from_secs(5),
            partners_kept: Duration::from_secs(600),
            block_kept: Duration::from_secs(30 * 24 * 3600),
            blocks: 64,
            blocks_in_pool: 1_000_000,
            scan: 256,
            waiting: 1_000_000,
        }
    }
}
