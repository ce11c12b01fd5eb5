//! The life of this node: when it begins, and what happens when it turns out to be over.

use std::sync::atomic::Ordering;

use super::Inner;
use crate::error::{Error, Result};
use crate::hub::{Hub, Seat};
use crate::id::{RoomId, Writer};
use crate::session::core::Core;
use crate::session::join::enter;
use crate::store::{Enter, Entered, Request, Sink};
use crate::why::ResetWhy;
use std::sync::Arc;

impl Inner {
    /// Under what name this node writes. The first time, its life begins.
    pub(crate) async fn writer(&self) -> Result<Writer> {
        match self.writing.get() {
            Some(by) => Ok(by),
            // Boxed, as what else is rare in what is called often: a future is as large as the largest that it may become.
            None => Box::pin(self.begin_life(None)).await,
        }
    }

    /// The life `over` was judged to be over (the process was paused, or could not reach the store for longer than its lease):
    /// begins the next one, and enters the sessions of this node again, beside what is left of the old ones. What cannot be
    /// entered again is reset.
    pub(crate) async fn begin_next_life(&self, over: Writer) -> Result<()> {
        Box::pin(self.begin_life(Some(over))).await.map(|_| ())
    }

    async fn begin_life(&self, over: Option<Writer>) -> Result<Writer> {
        let _beginning = self.beginning.lock().await;
        let present = self.writing.get();
        let by = match present {
            Some(by) if present != over => by,
            _ => {
                // After a shutdown nobody would keep the life going.
                self.alive()?;
                let hub: Arc<Hub> = Arc::clone(&self.hub);
                let by = self.backend.expiry.attach(self.node, hub as Arc<dyn Sink>).await?;
                self.coming_back.store(true, Ordering::Release);
                self.writing.set(by);
                self.told_online.store(0, Ordering::Relaxed);
                by
            }
        };
        if self.coming_back.load(Ordering::Acquire) {
            let whole = self.come_back(by).await;
            self.coming_back.store(!whole, Ordering::Release);
        }
        Ok(by)
    }

    /// Brings rooms and sessions into a life that began. Whoever does this may be cancelled, and a room may not be subscribed
    /// to: then it is gone on with at the next beat, passing over what is there already. `false` where something is left.
    async fn come_back(&self, by: Writer) -> bool {
        let mut whole = true;
        for tail in self.hub.tails() {
            if tail.root().subscribe(&*self.backend.rooms, by).await.is_err() {
                whole = false;
                continue;
            }
            self.hub.want_heal(tail.room());
        }
        for core in self.all_sessions() {
            for seat in core.outbox.seats() {
                self.enter_again(&core, &seat, by).await;
            }
            for request in core.requests() {
                if request.session != core.key(by) {
                    let request = Request { session: core.key(by), ..request };
                    // Where this fails, the mail tells nothing either: the user seeks again.
                    let _ = self.backend.matching.submit(by, request.clone()).await;
                    core.seeks_still(&request);
                }
            }
        }
        whole
    }

    /// Resets a session in a room that it entered in a life that has ended meanwhile, unless it is back there already.
    pub(crate) fn reset_if_over(&self, core: &Core, room: &RoomId, by: Writer) {
        if self.writing.get() != Some(by)
            && let Some((_, seat)) = core.outbox.seat_in(room)
            && seat.tail.key(seat.slot, &core.outbox) == Some(core.key(by))
        {
            seat.tail.reset(seat.slot, &core.outbox, ResetWhy::Fenced);
        }
    }

    async fn enter_again(&self, core: &Arc<Core>, seat: &Seat, by: Writer) {
        let key = seat.tail.key(seat.slot, &core.outbox);
        if key.is_none_or(|key| key.writer == by) || seat.tail.is_ended() {
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
                let room = seat.tail.room();
                if core.outbox.seat_in(room).is_none() {
                    // It left, or ended, while this was on its way.
                    if core.outbox.is_over() {
                        self.errands.lose(core, vec![room.clone()], Vec::new());
                    } else {
                        self.errands.undo(core, room);
                    }
                }
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
                if self.coming_back.load(Ordering::Acquire) {
                    self.begin_life(None).await?;
                }
                Ok(())
            }
            Err(crate::error::StoreError::Fenced) => self.begin_next_life(by).await,
            Err(error) => Err(Error::from(error)),
        }
    }
}
