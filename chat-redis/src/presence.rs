//! [`PresenceStore`] on Redis.

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
impl PresenceStore for RedisStore {
    async fn enter(&self, _by: Writer, _enter: Enter) -> StoreResult<Entered> {
        Err(failed("enter", "not written yet"))
    }
    async fn leave(&self, _by: Writer, _room: &RoomId, _session: SessionKey) -> StoreResult<Departure> {
        Err(failed("leave", "not written yet"))
    }
    async fn lose(&self, _by: Writer, _session: SessionKey, _rooms: &[RoomId]) -> StoreResult<Vec<SharedEntry>> {
        Err(failed("lose", "not written yet"))
    }
    async fn rename(&self, _by: Writer, _user: &UserId, _name: &Name, _rooms: &[RoomId]) -> StoreResult<Vec<SharedEntry>> {
        Err(failed("rename", "not written yet"))
    }
    async fn kick(&self, _by: Writer, _room: &RoomId, _user: &UserId) -> StoreResult<Departure> {
        Err(failed("kick", "not written yet"))
    }
    async fn disconnect(&self, _by: Writer, _user: &UserId, _why: ByeWhy) -> StoreResult<()> {
        Err(failed("disconnect", "not written yet"))
    }
    async fn members(&self, _room: &RoomId, _after: Option<&UserId>, _limit: u32) -> StoreResult<Option<MembersPage>> {
        Err(failed("members", "not written yet"))
    }
    async fn rooms_of(&self, _user: &UserId, _limit: u32) -> StoreResult<Vec<RoomId>> {
        Err(failed("rooms_of", "not written yet"))
    }
    async fn index(&self, _by: Writer, _after: Option<IndexRow>, _limit: u32) -> StoreResult<Vec<IndexRow>> {
        Err(failed("index", "not written yet"))
    }
}
