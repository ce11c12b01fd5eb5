//! What a store must do: five small traits, named after what they keep.
//!
//! **Operations, not get and set.** Each method is one atomic step: one lock in memory, one script in
//! Redis. A caller that read and then wrote would race with another node; who feels the need to do so needs a
//! new operation here.
//!
//! **Outcomes are values.** What can be expected to happen (a full room, a closed one, a user who is
//! matched already) is in the operation's own result. `Err` means that the store could not do its
//! work, and then nothing is known about whether it did.
//!
//! **Every writing operation names its writer**, a node and its incarnation, and is refused with
//! [`StoreError::Fenced`] where that is over.
//!
//! **What an operation wrote it returns**, as the entries themselves, so that an observer sees each
//! exactly where it came about. To the rooms' readers they go through the [`Sink`] that each node
//! attaches: one path for one's own and for others' entries, in log order.
//!
//! **Whatever has to be kept can be taken apart and made again** by a crate of its own: ids and times are read from what
//! they are shown as, reasons and kinds from their words ([`CloseWhy`](crate::CloseWhy) and the like), texts by
//! [`Name::stored`](crate::Name::stored); [`Entry::new`](crate::Entry::new), [`Signal::new`](crate::Signal::new),
//! [`RoomView::new`](crate::RoomView::new) and [`Backend::new`] make what has no public literal.
//!
//! There are no default methods: a wrapper implements every one, and cannot forget any.
//! `testkit` (a feature) holds the suite that each store must pass; ARCHITECTURE.md tells how to go about writing one.

mod expiry;
mod matching;
mod presence;
mod ranking;
mod room;
mod sink;

use std::sync::Arc;

pub use expiry::{Due, ExpiryStore, Happened, Peeked, Reaped};
pub use matching::{
    Blocked, Confirmed, Mail, MatchStore, Next, PairBreak, Request, Submitted, Withdrawn,
};
pub use presence::{
    Admission, Departure, Enter, Entered, IndexRow, MembersPage, PresenceStore, Replay, Snapshot,
};
pub use ranking::{RankingStore, Versions};
pub use room::{
    Appended, Attempt, Close, Closing, Existing, History, HistoryPage, Opened, Resumed, RoomStore,
    Say, Signalled, Speaker, Subscription,
};
pub use sink::Sink;

use crate::error::StoreError;
pub use crate::id::{SessionKey, Writer};

/// The result of a store's operation.
pub type StoreResult<T> = Result<T, StoreError>;

/// A store, whole: the five traits behind one handle that an engine is built on.
#[derive(Clone)]
#[non_exhaustive]
pub struct Backend {
    /// Rooms and their logs.
    pub rooms: Arc<dyn RoomStore>,
    /// Who is in them.
    pub presence: Arc<dyn PresenceStore>,
    /// Lists of them.
    pub ranking: Arc<dyn RankingStore>,
    /// Who waits for a partner.
    pub matching: Arc<dyn MatchStore>,
    /// What ends with time.
    pub expiry: Arc<dyn ExpiryStore>,
}

impl Backend {
    /// A backend of five parts.
    #[must_use]
    pub fn new(
        rooms: Arc<dyn RoomStore>,
        presence: Arc<dyn PresenceStore>,
        ranking: Arc<dyn RankingStore>,
        matching: Arc<dyn MatchStore>,
        expiry: Arc<dyn ExpiryStore>,
    ) -> Self {
        Self { rooms, presence, ranking, matching, expiry }
    }

    /// A backend of one thing that is all five.
    #[must_use]
    pub fn of<S>(store: &Arc<S>) -> Self
    where
        S: RoomStore + PresenceStore + RankingStore + MatchStore + ExpiryStore + 'static,
    {
        Self {
            rooms: Arc::clone(store) as Arc<dyn RoomStore>,
            presence: Arc::clone(store) as Arc<dyn PresenceStore>,
            ranking: Arc::clone(store) as Arc<dyn RankingStore>,
            matching: Arc::clone(store) as Arc<dyn MatchStore>,
            expiry: Arc::clone(store) as Arc<dyn ExpiryStore>,
        }
    }
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Backend")
    }
}
