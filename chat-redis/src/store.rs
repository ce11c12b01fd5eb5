//! The store: what its five parts share.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use redis::Value;

use chat_core::store::StoreResult;
use chat_core::{PoolName, RoomId, StoreError, StoreOptions, Writer};

use crate::ears::Ears;
use crate::keys::{Layout, Whose};
use crate::link::{Link, unreadable};
use crate::lives::Lives;
use crate::proposals::Proposals;
use crate::reply::Parts;
use crate::script::{Call, Script, Scripts};
use crate::stats::Stats;

/// A store on Redis.
#[derive(Debug)]
pub(crate) struct RedisStore {
    pub(crate) layout: Layout,
    pub(crate) options: StoreOptions,
    pub(crate) scripts: Scripts,
    pub(crate) link: Link,
    pub(crate) lives: Arc<Lives>,
    pub(crate) ears: Ears,
    /// How many more rooms may be opened from here before they are counted again.
    pub(crate) credit: AtomicU64,
    pub(crate) proposals: Proposals,
    pub(crate) stats: Arc<Stats>,
}

impl RedisStore {
    /// A script's call in the shard of a room. Of a pair room the pool's keys come along.
    pub(crate) fn in_room(&self, script: &Script, room: &RoomId) -> Call {
        let pool = room.pool();
        let whose = Whose { room: Some(room), pool: pool.as_ref() };
        script.call(&self.layout, self.layout.shard_of(room), whose)
    }

    /// A script's call in the shard of a pool.
    pub(crate) fn in_pool(&self, script: &Script, pool: &PoolName, room: Option<&RoomId>) -> Call {
        let whose = Whose { room, pool: Some(pool) };
        script.call(&self.layout, self.layout.shard_of_pool(pool), whose)
    }

    /// Runs a script and takes its answer apart: its first word, and what is behind it. A writer whose life is over is
    /// refused here.
    pub(crate) async fn step(&self, op: &'static str, call: Call) -> StoreResult<(Bytes, Parts)> {
        let answer = self.link.run(op, call).await?;
        first_word(op, answer)
    }

    /// A life is over: its sink is told nothing more, and what it listened to is given up.
    pub(crate) fn over(&self, writer: Writer) {
        if self.lives.end(writer) {
            self.ears.sweep();
        }
    }

    /// A script's call in a shard, of no room and no pool.
    pub(crate) fn in_shard(&self, script: &Script, shard: u16) -> Call {
        script.call(&self.layout, shard, Whose::default())
    }
}

/// The first word of a script's answer, and what is behind it.
pub(crate) fn first_word(op: &'static str, answer: Value) -> StoreResult<(Bytes, Parts)> {
    let mut parts = Parts::of(answer).map_err(unreadable(op))?;
    let word = parts.bytes().map_err(unreadable(op))?;
    if word == "fenced" { Err(StoreError::Fenced) } else { Ok((word, parts)) }
}
