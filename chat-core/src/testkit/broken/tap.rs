//! A wrapper around a backend in which one thing can go wrong.
//!
//! All operations of the five traits are listed here once. From the list come [`Fault`], in which each operation
//! is handed on unless a fault does something else, and [`Tap`], which is a store whose operations are a fault's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::body::Body;
use crate::entry::{Cursor, SharedEntry};
use crate::id::{MatchId, NodeId, PoolName, RoomId, SessionKey, UserId, Writer};
use crate::limits::StoreOptions;
use crate::list::{Order, Page, RoomPage};
use crate::room::NewRoom;
use crate::store::{
    Appended, Backend, Blocked, Close, Closing, Confirmed, Departure, Due, Enter, Entered,
    Existing, ExpiryStore, History, HistoryPage, IndexRow, Mail, MatchStore, MembersPage, Next,
    Opened, PairBreak, Peeked, PresenceStore, RankingStore, Reaped, Request, Resumed, RoomStore,
    Say, Signalled, Sink, StoreResult, Submitted, Subscription, Versions, Withdrawn,
};
use crate::testkit::{Stage, Stand};
use crate::text::Name;
use crate::why::ByeWhy;

macro_rules! operations {
    ($(
        $trait:ident by $part:ident {
            $( async $op:ident($($arg:ident: $ty:ty),*) -> $out:ty; )*
            $( plain $plain:ident() -> $plain_out:ty; )*
        }
    )*) => {
        /// One thing that goes wrong in a store that is sound otherwise.
        ///
        /// Each method stands for the operation of the same name, is given the sound store, and hands the operation
        /// on to it unless it is overridden.
        #[async_trait]
        pub trait Fault: Send + Sync + 'static {
            $($(
                /// The operation of this name.
                async fn $op(&self, sound: &Backend $(, $arg: $ty)*) -> $out {
                    sound.$part.$op($($arg),*).await
                }
            )*)*
            $($(
                /// The operation of this name.
                fn $plain(&self, sound: &Backend) -> $plain_out {
                    sound.$part.$plain()
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
                        self.fault.$op(&self.sound $(, $arg)*).await
                    }
                )*
                $(
                    fn $plain(&self) -> $plain_out {
                        self.fault.$plain(&self.sound)
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

/// A store with a fault.
pub struct Tap {
    sound: Backend,
    fault: Arc<dyn Fault>,
}

impl Tap {
    /// A backend that is this one, with a fault.
    #[must_use]
    pub fn backend(sound: Backend, fault: Arc<dyn Fault>) -> Backend {
        Backend::of(&Arc::new(Self { sound, fault }))
    }
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tap")
    }
}

/// Makes the stores of another stand, with a fault in each.
pub struct BrokenStand {
    sound: Arc<dyn Stand>,
    fault: fn() -> Arc<dyn Fault>,
}

impl BrokenStand {
    /// Breaks the stores of this stand; what a fault remembers is of one store.
    #[must_use]
    pub fn new(sound: Arc<dyn Stand>, fault: fn() -> Arc<dyn Fault>) -> Self {
        Self { sound, fault }
    }
}

impl std::fmt::Debug for BrokenStand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrokenStand")
    }
}

#[async_trait]
impl Stand for BrokenStand {
    async fn stage(&self, options: StoreOptions) -> Arc<dyn Stage> {
        let sound = self.sound.stage(options).await;
        Arc::new(BrokenStage { sound, fault: (self.fault)() })
    }
}

struct BrokenStage {
    sound: Arc<dyn Stage>,
    fault: Arc<dyn Fault>,
}

#[async_trait]
impl Stage for BrokenStage {
    async fn backend(&self) -> Backend {
        Tap::backend(self.sound.backend().await, Arc::clone(&self.fault))
    }

    async fn advance(&self, by: Duration) {
        self.fault.advance(&*self.sound, by).await;
    }
}
