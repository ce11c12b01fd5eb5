//! Rooms of one's own.

use super::SessionHandle;
use crate::error::Result;
use crate::id::RoomId;
use crate::room::{RoomSpec, RoomView};
use crate::store::Close;
use crate::why::CloseWhy;

impl SessionHandle {
    /// Opens a room that belongs to this user, unless the spec names another owner. Opening is not joining.
    ///
    /// Not cancel safe: a cancelled open may have happened.
    ///
    /// # Errors
    /// `RoomExists` where one of this id is open, `Invalid`, `Forbidden` (a hook), or a fault of the store.
    pub async fn open(&self, spec: RoomSpec) -> Result<RoomView> {
        self.alive()?;
        let (engine, core) = (self.engine(), self.core());
        let room = spec.check(engine.limits(), engine.policies(), Some(&core.user))?;
        engine.ask_may_open(core, &room).await?;
        engine.open(room).await
    }

    /// Closes a room that this user owns.
    ///
    /// Cancel safe in that it can be repeated.
    ///
    /// # Errors
    /// `Forbidden` where somebody else owns it, `RoomClosed`, `NoSuchRoom`, or a fault of the store.
    pub async fn close(&self, room: &RoomId) -> Result<()> {
        self.alive()?;
        let owner = Some(self.core().user.clone());
        let close = Close { room: room.clone(), epoch: None, why: CloseWhy::Owner, owner };
        self.engine().close(close).await
    }
}
