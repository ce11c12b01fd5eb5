//! The store: what its five parts share.

use std::sync::Arc;

use chat_core::store::{Backend, StoreResult};
use chat_core::{PoolName, RoomId, StoreError, StoreOptions};

use crate::codec::Corrupt;
use crate::keys::{Layout, Whose};
use crate::link::{Link, failed};
use crate::script::{Call, Script, Scripts};

/// A store on Redis.
#[derive(Debug)]
pub(crate) struct RedisStore {
    pub(crate) layout: Layout,
    pub(crate) options: StoreOptions,
    pub(crate) scripts: Scripts,
    pub(crate) link: Link,
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

    /// A script's call in a shard, of no room and no pool.
    pub(crate) fn in_shard(&self, script: &Script, shard: u16) -> Call {
        script.call(&self.layout, shard, Whose::default())
    }
}

/// What cannot be read is a fault of the store's, which asking again does not mend.
pub(crate) fn unreadable(op: &'static str) -> impl Fn(Corrupt) -> StoreError {
    move |corrupt| failed(op, corrupt)
}
