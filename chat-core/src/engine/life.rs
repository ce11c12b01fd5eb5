//! The life of this node: when it begins, and what happens when it turns out to be over.

use std::sync::atomic::Ordering;

use super::Inner;
use crate::error::{Error, Result};
use crate::hub::{Hub, Seat};
use crate::id::Writer;
use crate::session::core::Core;
use crate::session::join::enter;
use crate::store::{Enter, Entered, Request, Sink};
use crate::why::ResetWhy;
use std::sync::Arc;

impl Inner {
    /// Under what name this node writes. The first time, its life begins.
    pub(crate) async fn writer(&self) -> Result<Writer> {
        let writer = *self.writer.lock();
        match writer {
            Some(by) => Ok(by),
            None => self.begin_life(None).await,
        }
    }

    /// The life `over` was judged to be over (the process was paused, or could not reach the store for longer than its lease):
    /// begins the next one, and enters the sessions of this node again, beside what is left of the old ones. What cannot be
    /// entered again is reset.
    pub(crate) async fn begin_next_life(&self, over: Writer) -> Result<()> {
        self.begin_life(Some(over)).await.map(|_| ())
    }

    async fn begin_life(&self, over: Option<Writer>) -> Result<Writer> {
        let _beginning = self.beginning.lock().await;
        let present = *self.writer.lock();
        if let Some(by) = present
            && present != over
        {
            return Ok(by);
        }
        // A life that a shutdown has ended is the last one.
        self.alive()?;
        let hub: Arc<Hub> = Arc::clone(&self.hub);
        let by = self.backend.expiry.attach(self.node, hub as Arc<dyn Sink>).await?;
        *self.writer.lock() = Some(by);
        self.told_online.store(0, Ordering::Relaxed);
        for tail in self.hub.tails() {
            if tail.root().subscribe(&*self.backend.rooms, by).await.is_err() {
                // The next thing that needs the room subscribes again; until then the heads are compared.
                continue;
            }
            self.hub.want_heal(tail.room());
        }
        for core in self.all_sessions() {
            for seat in core.outbox.seats() {
                self.enter_again(&core, &seat, by).await;
            }
            for request in core.requests() {
                let request = Request { session: core.key(by), ..request };
                // Where this fails, the mail tells nothing either: the user seeks again.
                let _ = self.backend.matching.submit(by, request).await;
            }
        }
        Ok(by)
    }

    async fn enter_again(&self, core: &Core, seat: &Seat, by: Writer) {
        if seat.tail.is_ended() {
            return;
        }
        let enter = Enter {
            epoch: seat.tail.epoch(),
            recent: 0,
            members: 0,
            ..enter(core, by, seat.tail.room(), None, None, 0, self)
        };
        match self.backend.presence.enter(by, enter).await {
            Ok(Entered::In(admission)) => {
                self.wrote(&admission.wrote);
                seat.tail.rekey(seat.slot, &core.outbox, core.key(by));
            }
            // Its last entry tells; healing brings it.
            Ok(Entered::Closed { .. }) => {}
            Ok(_) | Err(_) => seat.tail.reset(seat.slot, &core.outbox, ResetWhy::Fenced),
        }
    }

    /// Keeps the node's life going, and tells how many users are here.
    pub(crate) async fn renew(&self) -> Result<()> {
        let by = self.writer().await?;
        let online = self.users.len() as u64;
        match self.backend.expiry.renew(by, online).await {
            Ok(_) => {
                self.told_online.store(online, Ordering::Relaxed);
                Ok(())
            }
            Err(crate::error::StoreError::Fenced) => self.begin_next_life(by).await,
            Err(error) => Err(Error::from(error)),
        }
    }
}
