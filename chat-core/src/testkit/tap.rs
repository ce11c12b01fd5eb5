//! A store around a store, which does some things otherwise.
//!
//! All operations of the five traits are listed here once. From the list come [`Twist`], in which each operation
//! is handed on unless a twist does something else, and [`Tap`], which is a store whose operations are a twist's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::body::Body;
use crate::entry::{Cursor, SharedEntry};
use crate::id::{MatchId, NodeId, PoolName, RoomId, SessionKey, UserId, Writer};
use crate::list::{Order, Page, RoomPage};
use crate::room::NewRoom;
use crate::store::{
    Appended, Backend, Blocked, Close, Closing, Confirmed, Departure, Due, Enter, Entered,
    Existing, ExpiryStore, History, HistoryPage, IndexRow, Mail, MatchStore, MembersPage, Next,
    Opened, PairBreak, Peeked, PresenceStore, RankingStore, Reaped, Request, Resumed, RoomStore,
    Say, Signalled, Sink, StoreResult, Submitted, Subscription, Versions, Withdrawn,
};
use crate::testkit::Stage;
use crate::text::Name;
use crate::why::ByeWhy;

macro_rules! operations {
    ($(
        $trait:ident by $part:ident {
            $( async $op:ident($($arg:ident: $ty:ty),*) -> $out:ty; )*
            $( plain $plain:ident() -> $plain_out:ty; )*
        }
    )*) => {
        /// What a store does otherwise than the one behind it: it counts, waits, fails, or is wrong.
        ///
        /// Each method that is named like an operation stands for it, is given the store behind, and hands the
        /// operation on to it unless it is overridden.
        #[async_trait]
        pub trait Twist: Send + Sync + 'static {
            /// What comes before each asynchronous operation, of which it is told the name; if it fails, so does the
            /// operation, and nothing else is done.
            async fn before(&self, _op: &'static str) -> StoreResult<()> {
                Ok(())
            }

            /// What comes between each asynchronous operation and its answer.
            async fn after(&self, _op: &'static str) {}

            $($(
                /// The operation of this name.
                async fn $op(&self, behind: &Backend $(, $arg: $ty)*) -> $out {
                    behind.$part.$op($($arg),*).await
                }
            )*)*
            $($(
                /// The operation of this name.
                fn $plain(&self, behind: &Backend) -> $plain_out {
                    behind.$part.$plain()
                }
            )*)*

            /// What moving the store's time does.
            async fn advance(&self, stage: &dyn Stage, by: Duration) {
                stage.advance(by).await;
            }
        }

        $(
            #[async_trait]
            impl $trait for Tap {
                $(
                    async fn $op(&self $(, $arg: $ty)*) -> $out {
                        self.twist.before(stringify!($op)).await?;
                        let answer = self.twist.$op(&self.behind $(, $arg)*).await;
                        self.twist.after(stringify!($op)).await;
                        answer
                    }
                )*
                $(
                    fn $plain(&self) -> $plain_out {
                        self.twist.$plain(&self.behind)
                    }
                )*
            }
        )*
    };
}

operations! {
    RoomStore by rooms {
        async open(by: Writer, room: NewRoom) -> StoreResult<Opened>;
        async get(rooms: &[RoomId]) -> StoreResult<Vec<Existing>>;
        async append(by: Writer, say: Say) -> StoreResult<Appended>;
        async resume(room: &RoomId, cursor: Cursor, max: u32) -> StoreResult<Resumed>;
        async history(room: &RoomId, page: HistoryPage) -> StoreResult<Option<History>>;
        async heads(rooms: &[RoomId]) -> StoreResult<Vec<Option<Cursor>>>;
        async signal(by: Writer, room: &RoomId, from: SessionKey, body: Body) -> StoreResult<Signalled>;
        async close(by: Writer, close: Close) -> StoreResult<Closing>;
        async subscribe(by: Writer, room: &RoomId) -> StoreResult<Subscription>;
        async unsubscribe(by: Writer, room: &RoomId, which: Subscription) -> StoreResult<()>;
    }
    PresenceStore by presence {
        async enter(by: Writer, enter: Enter) -> StoreResult<Entered>;
        async leave(by: Writer, room: &RoomId, session: SessionKey) -> StoreResult<Departure>;
        async lose(by: Writer, session: SessionKey, rooms: &[RoomId]) -> StoreResult<Vec<SharedEntry>>;
        async rename(by: Writer, user: &UserId, name: &Name, rooms: &[RoomId]) -> StoreResult<Vec<SharedEntry>>;
        async kick(by: Writer, room: &RoomId, user: &UserId) -> StoreResult<Departure>;
        async disconnect(by: Writer, user: &UserId, why: ByeWhy) -> StoreResult<()>;
        async members(room: &RoomId, after: Option<&UserId>, limit: u32) -> StoreResult<Option<MembersPage>>;
        async rooms_of(user: &UserId, limit: u32) -> StoreResult<Vec<RoomId>>;
        async index(by: Writer, after: Option<IndexRow>, limit: u32) -> StoreResult<Vec<IndexRow>>;
    }
    RankingStore by ranking {
        async page(order: Order, page: Page) -> StoreResult<RoomPage>;
        async versions() -> StoreResult<Versions>;
        async online() -> StoreResult<u64>;
    }
    MatchStore by matching {
        async submit(by: Writer, request: Request) -> StoreResult<Submitted>;
        async confirm(by: Writer, pool: &PoolName, which: MatchId, session: SessionKey) -> StoreResult<Confirmed>;
        async withdraw(by: Writer, pool: &PoolName, user: &UserId, session: SessionKey) -> StoreResult<Withdrawn>;
        async lose_place(by: Writer, session: SessionKey, user: &UserId, pools: &[PoolName]) -> StoreResult<()>;
        async next(by: Writer, leave: PairBreak, request: Request) -> StoreResult<Next>;
        async block(by: Writer, leave: PairBreak) -> StoreResult<Blocked>;
        async waiting(user: &UserId) -> StoreResult<Vec<PoolName>>;
        async mail(by: Writer) -> StoreResult<Vec<Mail>>;
    }
    ExpiryStore by expiry {
        async attach(node: NodeId, sink: Arc<dyn Sink>) -> StoreResult<Writer>;
        async renew(by: Writer, online: u64) -> StoreResult<u64>;
        async detach(by: Writer) -> StoreResult<()>;
        async peek(shard: u16, limit: u32) -> StoreResult<Peeked>;
        async reap(by: Writer, due: &Due) -> StoreResult<Reaped>;
        plain lease() -> Duration;
        plain shards() -> u16;
    }
}

/// A store whose operations are a twist's.
pub struct Tap {
    behind: Backend,
    twist: Arc<dyn Twist>,
}

impl Tap {
    /// A backend that is this one, with a twist.
    #[must_use]
    pub fn backend(behind: Backend, twist: Arc<dyn Twist>) -> Backend {
        Backend::of(&Arc::new(Self { behind, twist }))
    }
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tap")
    }
}
