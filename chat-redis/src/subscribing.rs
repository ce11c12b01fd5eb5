//! Subscribing, as the store's operation.

use chat_core::store::{StoreResult, Subscription};
use chat_core::{RoomId, StoreError, Writer};

use crate::codec;
use crate::keys::Whose;
use crate::link::unreadable;
use crate::reply;
use crate::store::RedisStore;

impl RedisStore {
    /// A life listens to a room. That it goes on is asked while the answer is awaited.
    pub(crate) async fn listen(&self, by: Writer, room: &RoomId) -> StoreResult<Subscription> {
        const OP: &str = "subscribe";
        let life = self.lives.living(by).ok_or(StoreError::Fenced)?;
        let shard = self.layout.shard_of(room);
        let mut goes_on = redis::cmd("HEXISTS");
        goes_on.arg(self.layout.key_named(shard, "BOOK", Whose::default()));
        goes_on.arg([&b"W"[..], &codec::writer(by)].concat());
        let (which, goes_on) =
            tokio::join!(self.ears.listen(OP, &life, room), self.link.read(OP, shard, goes_on));
        let goes_on = goes_on.and_then(|answer| reply::number(&answer).map_err(unreadable(OP)));
        match (which, goes_on) {
            (Ok(which), Ok(1..)) => which.keep().ok_or(StoreError::Fenced),
            (_, Ok(0)) => {
                self.over(by);
                Err(StoreError::Fenced)
            }
            (which, goes_on) => Err(goes_on.err().or(which.err()).unwrap_or(StoreError::Fenced)),
        }
    }

    /// Ends this very subscription.
    pub(crate) fn leave_off(
        &self,
        by: Writer,
        room: &RoomId,
        which: Subscription,
    ) -> StoreResult<()> {
        let life = self.lives.living(by).ok_or(StoreError::Fenced)?;
        self.ears.leave(&life, room, which);
        Ok(())
    }
}
