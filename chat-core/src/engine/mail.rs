//! News for sessions of this node: matches, and being put out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Inner, fenced};
use crate::event::{Event, Matched};
use crate::hooks::Observation;
use crate::hub::Hub;
use crate::id::{MatchId, PoolName, RoomId, SessionId, SessionKey, UserId};
use crate::session::core::Core;
use crate::session::join::enter;
use crate::store::{Confirmed, Entered, IndexRow, Mail};
use crate::text::Tag;
use crate::why::ByeWhy;

impl Inner {
    /// Some session waits for a partner from now on.
    pub(crate) fn may_be_matched(&self) {
        self.seeking.store(true, Ordering::Release);
    }

    /// Where somebody here waits for a partner, there may be mail although nobody has said so: the store's word of it may be
    /// lost, and a proposed match lives for some seconds only.
    pub(crate) fn look_for_mail(&self) {
        if self.seeking.swap(false, Ordering::AcqRel)
            && self.sessions.iter().any(|core| core.waits())
        {
            self.may_be_matched();
            self.hub.mail_waits();
        }
    }

    /// Reads mail until there is none, if the store said that there is some. With the store in memory this is done by whoever
    /// caused the mail, before their own operation is answered; otherwise a background task does it.
    pub(crate) async fn read_mail(&self) {
        while self.hub.take_mail_flag() {
            let mut reading = Reading { hub: &self.hub, done: false };
            let mut fetched = self.reading_mail.lock().await;
            self.take_all(&mut fetched).await;
            if let Ok(by) = self.writer().await
                && let Ok(mail) = self.backend.matching.mail(by).await
            {
                fetched.extend(mail);
                self.take_all(&mut fetched).await;
                reading.done = true;
            } else {
                // It is still there; the background task comes back to it with the next beat.
                reading.done = true;
                self.hub.mail_later();
                return;
            }
        }
    }

    /// Deals with what was fetched. Each piece stays until that is done, and can be dealt with twice.
    async fn take_all(&self, fetched: &mut VecDeque<Mail>) {
        while let Some(news) = fetched.front() {
            self.take_news(news.clone()).await;
            fetched.pop_front();
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
                    self.take_kick(&core, &room).await;
                }
            }
            Mail::Disconnect { user, why } => {
                for core in self.sessions_of(&user) {
                    self.end_session(&core, why);
                }
            }
        }
    }

    /// Puts a session out; unless it came in again since, which the store knows, and mail may be late.
    async fn take_kick(&self, core: &Core, room: &RoomId) {
        // While a join is under way it cannot be asked yet what becomes of it: the join finds out itself.
        let unchanging = core.changing.try_lock();
        if unchanging.is_ok() && self.is_in(core, room).await {
            return;
        }
        core.outbox.put_out(room);
        if let Some((_, seat)) = core.outbox.seat_in(room) {
            seat.tail.kick(seat.slot, &core.outbox);
        }
    }

    /// Whether the store has this session in a room; not, where it cannot be asked.
    async fn is_in(&self, core: &Core, room: &RoomId) -> bool {
        let Ok(by) = self.writer().await else { return false };
        let row = IndexRow { room: room.clone(), session: core.id };
        let before = IndexRow { session: SessionId(core.id.0.saturating_sub(1)), ..row.clone() };
        let found = self.backend.presence.index(by, Some(before), 1).await;
        found.is_ok_and(|rows| rows.first() == Some(&row))
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
                core.is_seen_as(room, &snapshot.you);
                self.reset_if_over(core, room, key.writer);
                self.tell(core, Event::Matched(Box::new(Matched::new(pool, snapshot, shared))));
                self.hub.release(room, &core.outbox);
            }
            // The room ended before this node could tell of it, or the store does not answer, and the session is taken out
            // again: it neither waits nor is in it.
            not_in => {
                if not_in.is_err() {
                    self.errands.leave(core, room);
                }
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

/// Mail is being read. Whoever does so does it for all sessions of the node; if their own future is dropped meanwhile, the
/// background task goes on with it.
struct Reading<'a> {
    hub: &'a Hub,
    done: bool,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.hub.mail_waits();
        }
    }
}
