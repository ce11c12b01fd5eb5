//! News for sessions of this node: matches, and being put out.

use std::sync::Arc;

use super::{Inner, fenced};
use crate::event::{Event, Matched};
use crate::hooks::Observation;
use crate::id::{MatchId, PoolName, RoomId, SessionKey, UserId};
use crate::session::core::Core;
use crate::session::join::enter;
use crate::store::{Confirmed, Entered, Mail};
use crate::text::Tag;
use crate::why::ByeWhy;

impl Inner {
    /// Reads mail until there is none, if the store said that there is some. With the store in memory this is done by whoever
    /// caused the mail, before their own operation is answered; otherwise a background task does it.
    pub(crate) async fn read_mail(&self) {
        while self.hub.take_mail_flag() {
            let _reading = self.reading_mail.lock().await;
            let Ok(by) = self.writer().await else { return };
            let Ok(mail) = self.backend.matching.mail(by).await else {
                // It is still there; the background task comes back to it with the next beat.
                self.hub.mail_later();
                return;
            };
            for news in mail {
                self.take_news(news).await;
            }
        }
    }

    async fn take_news(&self, news: Mail) {
        match news {
            Mail::Proposed { pool, which, room, session, user } => {
                self.take_proposal(&pool, which, &room, session, &user).await;
            }
            Mail::Matched { pool, room, session, shared } => {
                if let Some(core) = self.session(session) {
                    self.take_match(&core, pool, &room, shared).await;
                }
            }
            Mail::Unmatched { pool, session, why } => {
                if let Some(core) = self.session(session) {
                    core.seeks_no_more(&pool);
                    self.tell(&core, Event::Unmatched { pool, why });
                }
            }
            Mail::Kicked { room, sessions } => {
                for core in sessions.into_iter().filter_map(|key| self.session(key)) {
                    if let Some((_, seat)) = core.outbox.seat_in(&room) {
                        seat.tail.kick(seat.slot, &core.outbox);
                    }
                }
            }
            Mail::Disconnect { user, why } => {
                for core in self.sessions_of(&user) {
                    self.end_session(&core, why);
                }
            }
        }
    }

    /// Subscribes to the coming room, then confirms; or, where the session is gone, gives the place up, so that the other one
    /// need not wait for the match to lapse.
    async fn take_proposal(
        &self,
        pool: &PoolName,
        which: MatchId,
        room: &RoomId,
        session: SessionKey,
        user: &UserId,
    ) {
        let core = self.session(session).filter(|core| !core.outbox.is_over());
        let Some(core) = core else {
            let pools = std::slice::from_ref(pool);
            let _ = fenced!(self, |by| self
                .backend
                .matching
                .lose_place(by, session, user, pools)
                .await);
            return;
        };
        let pin = self.hub.pin(room);
        let confirmed = fenced!(self, |by| {
            pin.root().subscribe(&*self.backend.rooms, by).await?;
            self.backend.matching.confirm(by, pool, which, session).await
        });
        match confirmed {
            Ok(Confirmed::Half) => core.keep_pin(pool, pin),
            Ok(Confirmed::Opened { room, wrote, users }) => {
                core.keep_pin(pool, pin);
                self.wrote(&wrote);
                self.observe(|| Observation::Matched { room, users });
            }
            // Another side's doing, or a fault: the match lapses, and mail tells.
            Ok(Confirmed::Gone) | Err(_) => {}
        }
    }

    /// Seats a session in the room of its match, and tells it.
    async fn take_match(&self, core: &Arc<Core>, pool: PoolName, room: &RoomId, shared: Vec<Tag>) {
        let _changing = core.changing.lock().await;
        let pin = self.hub.pin(room);
        core.was_matched(&pool);
        let entered = fenced!(self, |by| {
            pin.root().subscribe(&*self.backend.rooms, by).await?;
            let enter = enter(core, by, room, None, None, self.limits.entries, self);
            self.backend.presence.enter(by, enter).await.map(|entered| (core.key(by), entered))
        });
        match entered {
            Ok((key, Entered::In(admission))) => {
                let snapshot = admission.snapshot;
                if !self.hub.sit(&pin, &core.outbox, key, &snapshot) {
                    self.errands.lose(core, vec![room.clone()], Vec::new());
                    self.try_errands();
                    return;
                }
                self.tell(core, Event::Matched(Box::new(Matched::new(pool, snapshot, shared))));
                self.hub.release(room, &core.outbox);
            }
            // The room ended before this node could tell of it: the session neither waits nor is in it.
            Ok(_) | Err(_) => {
                let why = crate::why::UnmatchedWhy::Lapsed;
                self.tell(core, Event::Unmatched { pool, why });
            }
        }
    }

    /// Queues an event for a session alone; one that lets too many wait is ended.
    pub(crate) fn tell(&self, core: &Arc<Core>, event: Event) {
        if !core.outbox.push(event, self.limits.queue) {
            self.end_session(core, ByeWhy::Slow);
        }
    }
}
