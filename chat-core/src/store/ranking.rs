//! Lists of rooms.

use async_trait::async_trait;

use super::StoreResult;
use crate::list::{Order, Page, RoomPage};

/// Keeps public rooms ranked.
///
/// Ranks change in the step that changes what they rank by, never behind it, so that two readers of the same
/// moment see the same list. Pair rooms, private rooms and rooms that have closed are never in it.
#[async_trait]
pub trait RankingStore: Send + Sync {
    /// Some rows of a list, with the list's whole length. Reading it costs by the rows read, not by the rooms
    /// there are.
    async fn page(&self, order: Order, page: Page) -> StoreResult<RoomPage>;

    /// Numbers that change whenever a list does; cheap, for asking often.
    async fn versions(&self) -> StoreResult<Versions>;

    /// How many users are online: the sum of what each living node has told with its lease.
    async fn online(&self) -> StoreResult<u64>;
}

/// By comparing two of these one sees whether a list may have changed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Versions {
    /// Of [`Order::Live`].
    pub live: u64,
    /// Of [`Order::Visitors`].
    pub visitors: u64,
    /// Of [`Order::Newest`].
    pub newest: u64,
    /// Of [`Order::Active`], and of the newest thing said in any public room.
    pub active: u64,
}

impl Versions {
    /// The number for this order.
    #[must_use]
    pub fn of(&self, order: Order) -> u64 {
        match order {
            Order::Live => self.live,
            Order::Visitors => self.visitors,
            Order::Newest => self.newest,
            Order::Active => self.active,
        }
    }
}
