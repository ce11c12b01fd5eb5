//! [`RankingStore`] on Redis.

use async_trait::async_trait;

use crate::store::RedisStore;
use crate::codec::{self, Corrupt};
use crate::keys::Whose;
use crate::link::failed;
use crate::reply;
use crate::store::unreadable;
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
        const OP: &str = "online";
        // Every shard has the same of every node; one is asked.
        let mut read = redis::cmd("HGETALL");
        read.arg(self.layout.key_named(0, "BOOK", Whose::default()));
        let mut answer = self.link.together(OP, 0, None, vec![read]).await?;
        let book = answer.pop().ok_or(Corrupt("the book")).and_then(reply::pairs);
        let mut online = 0u64;
        for (name, value) in book.map_err(unreadable(OP))? {
            if name.len() == 17 && name[0] == b'W' {
                let told = value.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
                let told: u64 = codec::read_number(told, "a lease").map_err(unreadable(OP))?;
                online = online.saturating_add(told);
            }
        }
        Ok(online)
    }
}
