//! [`RankingStore`] in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::list::{Order, Page, RoomPage};
use crate::store::{RankingStore, StoreResult, Versions};

#[async_trait]
impl RankingStore for MemoryStore {
    async fn page(&self, order: Order, page: Page) -> StoreResult<RoomPage> {
        Ok(self.ranks.page(order, page))
    }

    async fn versions(&self) -> StoreResult<Versions> {
        Ok(self.ranks.versions())
    }

    async fn online(&self) -> StoreResult<u64> {
        Ok(self.nodes.online())
    }
}
