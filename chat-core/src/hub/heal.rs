//! Reading from the log what a reader has missed: one read at a time per room and node, its result for all who wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::{FutureExt, Shared};
use parking_lot::Mutex;

use crate::entry::Cursor;
use crate::id::RoomId;
use crate::store::{Resumed, RoomStore};

type Found = Option<Arc<Resumed>>;

/// A read that any number of readers wait for; whoever polls it drives it.
pub(crate) type Heal = Shared<Pin<Box<dyn Future<Output = Found> + Send>>>;

/// The read that is under way for one room.
#[derive(Default)]
pub(crate) struct Healing(Mutex<Option<(Cursor, Heal)>>);

impl Healing {
    /// A read of the log from this cursor: the one under way, where it covers it, else a new one. `None` comes out
    /// where the store could not be read.
    pub(crate) fn read(
        &self,
        rooms: &Arc<dyn RoomStore>,
        room: &RoomId,
        from: Cursor,
        max: u32,
    ) -> Heal {
        let mut under_way = self.0.lock();
        if let Some((covered, heal)) = &*under_way
            && covered.epoch == from.epoch
            && covered.n <= from.n
            && heal.peek().is_none()
        {
            return heal.clone();
        }
        let (rooms, room) = (Arc::clone(rooms), room.clone());
        let heal =
            async move { rooms.resume(&room, from, max).await.ok().map(Arc::new) }.boxed().shared();
        *under_way = Some((from, heal.clone()));
        heal
    }

    /// Lets go of a read that is done, so that its result is kept only by who still needs it.
    pub(crate) fn done(&self) {
        let mut under_way = self.0.lock();
        if under_way.as_ref().is_some_and(|(_, heal)| heal.peek().is_some()) {
            *under_way = None;
        }
    }
}

impl std::fmt::Debug for Healing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.lock().is_some() { "Healing(under way)" } else { "Healing(no)" })
    }
}
