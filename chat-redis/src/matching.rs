//! [`MatchStore`] on Redis.

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
impl MatchStore for RedisStore {
    async fn submit(&self, _by: Writer, _request: Request) -> StoreResult<Submitted> {
        Err(failed("submit", "not written yet"))
    }
    async fn confirm(&self, _by: Writer, _pool: &PoolName, _which: MatchId, _session: SessionKey) -> StoreResult<Confirmed> {
        Err(failed("confirm", "not written yet"))
    }
    async fn withdraw(&self, _by: Writer, _pool: &PoolName, _user: &UserId, _session: SessionKey) -> StoreResult<Withdrawn> {
        Err(failed("withdraw", "not written yet"))
    }
    async fn lose_place(&self, _by: Writer, _session: SessionKey, _user: &UserId, _pools: &[PoolName]) -> StoreResult<()> {
        Err(failed("lose_place", "not written yet"))
    }
    async fn next(&self, _by: Writer, _leave: PairBreak, _request: Request) -> StoreResult<Next> {
        Err(failed("next", "not written yet"))
    }
    async fn block(&self, _by: Writer, _leave: PairBreak) -> StoreResult<Blocked> {
        Err(failed("block", "not written yet"))
    }
    async fn waiting(&self, _user: &UserId) -> StoreResult<Vec<PoolName>> {
        Err(failed("waiting", "not written yet"))
    }
    async fn mail(&self, _by: Writer) -> StoreResult<Vec<Mail>> {
        Err(failed("mail", "not written yet"))
    }
}

impl RedisStore {
    pub(crate) async fn reap_pool(&self, _by: Writer, _pool: &PoolName) -> StoreResult<Reaped> {
        Ok(Reaped::default())
    }
}
