//! Watching lists.

use super::SessionHandle;
use crate::error::{Bound, Error, Invalid, Problem, Result};
use crate::hub::Feed;
use crate::list::{ListSnapshot, Order, Watched};

impl SessionHandle {
    /// Watches the first `limit` rows of a list: returns them as they are, and from then on the stream tells what
    /// changes ([`Event::List`](crate::Event::List)), at most four times a second. Watching the same order again, with whichever limit,
    /// replaces this.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// `Invalid` for no rows at all, `TooMany` lists, or a fault of the store.
    pub async fn watch(&self, order: Order, limit: u32) -> Result<ListSnapshot> {
        let rows = self.engine().limits().list_rows;
        if limit == 0 {
            return Err(
                Invalid::new("limit", Problem::OutOfRange { min: 1, max: rows.into() }).into()
            );
        }
        let same = move |feed: &Feed| matches!(feed.watched, Watched::Rooms { order: o, .. } if o == order);
        self.watch_feed(Watched::Rooms { order, limit: limit.min(rows) }, same).await
    }

    /// Watches the number of users online.
    ///
    /// Cancel safe.
    pub async fn watch_online(&self) -> Result<ListSnapshot> {
        self.watch_feed(Watched::Online, |feed| feed.watched == Watched::Online).await
    }

    /// Stops watching a list. `false` where it was not watched.
    pub fn unwatch(&self, order: Order) -> bool {
        self.core()
            .outbox
            .unwatch(|feed| matches!(feed.watched, Watched::Rooms { order: o, .. } if o == order))
    }

    /// Stops watching the number of users online. `false` where it was not watched.
    pub fn unwatch_online(&self) -> bool {
        self.core().outbox.unwatch(|feed| feed.watched == Watched::Online)
    }

    async fn watch_feed(
        &self,
        watched: Watched,
        same: impl Fn(&Feed) -> bool,
    ) -> Result<ListSnapshot> {
        self.alive()?;
        let (engine, core) = (self.engine(), self.core());
        let _changing = core.changing.lock().await;
        let most = engine.limits().watches_of_session;
        if core.outbox.watched_beside(&same) >= most {
            return Err(Error::TooMany { bound: Bound::WatchesOfSession, max: most });
        }
        let too_many = || Error::TooMany { bound: Bound::Lists, max: engine.limits().lists };
        let feed = engine.hub().feed(watched).ok_or_else(too_many)?;
        if !feed.is_fresh() {
            engine.refresh(&feed).await?;
        }
        core.outbox.unwatch(same);
        let mut snapshot = None;
        let watches = core.outbox.watch(|place| {
            let (watch, list) = feed.add(&core.outbox, place);
            snapshot = Some(list);
            watch
        });
        snapshot.filter(|_| watches).ok_or(Error::SessionOver)
    }
}
