//! How many rooms there may be, over all shards.
//!
//! No step sees more than its own shard, so a step that may open a room is told whether there is a place for one more. Far
//! from the bound what was counted some time ago is good enough, and costs nothing. Where nothing is left of that the step
//! says whether it wants a place at all: a room that is there, or is opened again, takes none. Only then it is counted.
//! Nodes that open rooms in the same instant may pass the bound by as many.

use std::sync::atomic::Ordering;

use chat_core::store::StoreResult;
use chat_core::{Bound, StoreError};

use crate::codec::Corrupt;
use crate::keys::Whose;
use crate::link::unreadable;
use crate::reply;
use crate::store::RedisStore;

/// The largest part of what is left that one node opens without counting again: there may be this many nodes, and more.
const SHARE: u64 = 64;

impl RedisStore {
    /// Whether a step may open a room that takes a place, as far as is known here.
    pub(crate) fn has_place(&self) -> bool {
        let take = |credit: u64| credit.checked_sub(1);
        self.credit.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).is_ok()
    }

    /// A step wants a place and was given none: makes sure that there is one.
    pub(crate) async fn find_place(&self, op: &'static str) -> StoreResult<()> {
        let there = self.count_rooms(op).await?;
        let max = self.options.rooms as u64;
        self.credit.store(max.saturating_sub(there) / SHARE, Ordering::Release);
        if there >= max {
            return Err(StoreError::TooMany { bound: Bound::Rooms, max: self.options.rooms });
        }
        Ok(())
    }

    async fn count_rooms(&self, op: &'static str) -> StoreResult<u64> {
        let read = |shard| {
            let mut cmd = redis::cmd("HGET");
            cmd.arg(self.layout.key_named(shard, "BOOK", Whose::default())).arg("r");
            (shard, vec![cmd])
        };
        let answers = self.link.together_all(op, (0..self.layout.shards()).map(read).collect());
        let mut sum: u64 = 0;
        for answer in answers.await? {
            let value = answer.into_iter().next().ok_or(Corrupt("how many rooms there are"));
            // What is no number bounds nothing; nobody is to be locked out by it.
            let rooms = reply::number(&value.map_err(unreadable(op))?).unwrap_or(0);
            sum = sum.saturating_add(rooms);
        }
        Ok(sum)
    }
}
