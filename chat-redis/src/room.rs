//! [`RoomStore`] on Redis.

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
impl RoomStore for RedisStore {
    async fn open(&self, _by: Writer, _room: NewRoom) -> StoreResult<Opened> {
        Err(failed("open", "not written yet"))
    }
    async fn get(&self, _rooms: &[RoomId]) -> StoreResult<Vec<Existing>> {
        Err(failed("get", "not written yet"))
    }
    async fn append(&self, _by: Writer, _say: Say) -> StoreResult<Appended> {
        Err(failed("append", "not written yet"))
    }
    async fn resume(&self, _room: &RoomId, _cursor: Cursor, _max: u32) -> StoreResult<Resumed> {
        Err(failed("resume", "not written yet"))
    }
    async fn history(&self, _room: &RoomId, _page: HistoryPage) -> StoreResult<Option<History>> {
        Err(failed("history", "not written yet"))
    }
    async fn heads(&self, _rooms: &[RoomId]) -> StoreResult<Vec<Option<Cursor>>> {
        Err(failed("heads", "not written yet"))
    }
    async fn signal(&self, _by: Writer, _room: &RoomId, _from: SessionKey, _body: Body) -> StoreResult<Signalled> {
        Err(failed("signal", "not written yet"))
    }
    async fn close(&self, _by: Writer, _close: Close) -> StoreResult<Closing> {
        Err(failed("close", "not written yet"))
    }
    async fn subscribe(&self, by: Writer, room: &RoomId) -> StoreResult<Subscription> {
        self.listen(by, room).await
    }
    async fn unsubscribe(&self, by: Writer, room: &RoomId, which: Subscription) -> StoreResult<()> {
        self.leave_off(by, room, which)
    }
}
