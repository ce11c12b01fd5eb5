//! [`RankingStore`] on Redis.

use async_trait::async_trait;

use crate::store::RedisStore;
use crate::link::failed;
use std::sync::Arc;
use std::time::Duration;
use chat_core::*;
use chat_core::store::*;
use chat_core::room::NewRoom;
use chat_core::id::*;

#[async_trait]
impl RankingStore for RedisStore {
    async fn page(&self, _order: Order, _page: Page) -> StoreResult<RoomPage> {
        Err(failed("page", "not written yet"))
    }
    async fn versions(&self) -> StoreResult<Versions> {
        Err(failed("versions", "not written yet"))
    }
    async fn online(&self) -> StoreResult<u64> {
        Err(failed("online", "not written yet"))
    }
}
