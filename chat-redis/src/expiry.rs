//! [`ExpiryStore`] on Redis.

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
impl ExpiryStore for RedisStore {
    async fn attach(&self, _node: NodeId, _sink: Arc<dyn Sink>) -> StoreResult<Writer> {
        Err(failed("attach", "not written yet"))
    }
    async fn renew(&self, _by: Writer, _online: u64) -> StoreResult<u64> {
        Err(failed("renew", "not written yet"))
    }
    async fn detach(&self, _by: Writer) -> StoreResult<()> {
        Err(failed("detach", "not written yet"))
    }
    async fn peek(&self, _shard: u16, _limit: u32) -> StoreResult<Peeked> {
        Err(failed("peek", "not written yet"))
    }
    async fn reap(&self, _by: Writer, _due: &Due) -> StoreResult<Reaped> {
        Err(failed("reap", "not written yet"))
    }
    fn lease(&self) -> Duration {
        self.options.lease
    }
    fn shards(&self) -> u16 {
        self.layout.shards()
    }
}
