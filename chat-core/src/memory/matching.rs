//! [`MatchStore`] in memory.

use async_trait::async_trait;

use super::{MemoryStore, failed};
use crate::error::StoreError;
use crate::id::{MatchId, PoolName, UserId};
use crate::store::{
    Blocked, Confirmed, Mail, MatchStore, Next, PairBreak, Reaped, Request, SessionKey,
    StoreResult, Submitted, Withdrawn, Writer,
};
use crate::time::Timestamp;

fn not_yet(op: &'static str) -> StoreError {
    failed(op, "matching is not there yet")
}

/// Does what is due in a pool. `amnesty`: until then no waiting place and no proposed match is judged.
pub(super) fn reap_pool(
    _store: &MemoryStore,
    _pool: &PoolName,
    _amnesty: Option<Timestamp>,
) -> StoreResult<Reaped> {
    Err(not_yet("reap"))
}

/// Takes out what a life that is over has waiting or proposed, in any pool, at most a batch of it; whether there is
/// more.
pub(super) fn node_over(
    _store: &MemoryStore,
    _writer: Writer,
    _reaped: &mut Reaped,
) -> StoreResult<bool> {
    Ok(false)
}

#[async_trait]
impl MatchStore for MemoryStore {
    async fn submit(&self, by: Writer, _request: Request) -> StoreResult<Submitted> {
        self.nodes.living(by)?;
        Err(not_yet("submit"))
    }

    async fn confirm(
        &self,
        by: Writer,
        _pool: &PoolName,
        _which: MatchId,
        _session: SessionKey,
    ) -> StoreResult<Confirmed> {
        self.nodes.living(by)?;
        Err(not_yet("confirm"))
    }

    async fn withdraw(
        &self,
        by: Writer,
        _pool: &PoolName,
        _user: &UserId,
        _session: SessionKey,
    ) -> StoreResult<Withdrawn> {
        self.nodes.living(by)?;
        Err(not_yet("withdraw"))
    }

    async fn lose_place(
        &self,
        by: Writer,
        _session: SessionKey,
        _user: &UserId,
        pools: &[PoolName],
    ) -> StoreResult<()> {
        self.nodes.living(by)?;
        if pools.is_empty() { Ok(()) } else { Err(not_yet("lose_place")) }
    }

    async fn next(&self, by: Writer, _leave: PairBreak, _request: Request) -> StoreResult<Next> {
        self.nodes.living(by)?;
        Err(not_yet("next"))
    }

    async fn block(&self, by: Writer, _leave: PairBreak) -> StoreResult<Blocked> {
        self.nodes.living(by)?;
        Err(not_yet("block"))
    }

    async fn waiting(&self, _user: &UserId) -> StoreResult<Vec<PoolName>> {
        // Nobody waits: `hello` asks this of every user.
        Ok(Vec::new())
    }

    async fn mail(&self, by: Writer) -> StoreResult<Vec<Mail>> {
        Ok(self.nodes.living(by)?.take_mail())
    }
}
