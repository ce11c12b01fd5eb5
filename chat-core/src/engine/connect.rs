//! Sessions come and go.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};

use super::{Engine, Inner};
use crate::error::{Bound, Error, Result};
use crate::id::SessionId;
use crate::session::Session;
use crate::session::core::Core;
use crate::user::User;
use crate::why::ByeWhy;

impl Engine {
    /// Begins a session: one connection of this user.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// `Invalid` for an id or name that is not allowed, `TooMany` sessions, `ShutDown`.
    #[allow(clippy::unused_async, reason = "a later version may ask the store")]
    pub async fn connect(&self, user: User) -> Result<Session> {
        self.0.start();
        self.0.connect(&user)
    }
}

impl Inner {
    fn connect(self: &Arc<Self>, user: &User) -> Result<Session> {
        self.alive()?;
        let identity = user.check(&self.limits)?;
        let too_many = |bound, max| Error::TooMany { bound, max };
        if self.sessions.len() >= self.limits.sessions {
            return Err(too_many(Bound::Sessions, self.limits.sessions));
        }
        let id = SessionId(self.next_session.fetch_add(1, Ordering::Relaxed));
        {
            let most = self.limits.sessions_of_user;
            if most == 0 {
                // Before there is a trace of a user who has no session.
                return Err(too_many(Bound::SessionsOfUser, most));
            }
            let mut ids = self.users.entry(identity.id.clone()).or_default();
            if ids.len() >= most {
                return Err(too_many(Bound::SessionsOfUser, most));
            }
            ids.reserve_exact(1);
            ids.push(id);
        }
        let core = Arc::new(Core::new(id, identity.id, identity.name));
        self.sessions.insert(id, Arc::clone(&core));
        if self.alive().is_err() {
            // The engine began to shut down in between, and may not have seen this session.
            self.end_session(&core, ByeWhy::Drain);
            return Err(Error::ShutDown);
        }
        Ok(Session::new(Arc::clone(self), core))
    }

    /// Ends a session, once: its places are given up at once, the store is told as soon as it can be.
    pub(crate) fn end_session(&self, core: &Arc<Core>, why: ByeWhy) {
        let Some((seats, watches)) = core.outbox.end(why) else { return };
        self.sessions.remove(&core.id);
        if let Some(mut ids) = self.users.get_mut(&core.user) {
            ids.retain(|id| *id != core.id);
        }
        self.users.remove_if(&core.user, |_, ids| ids.is_empty());
        for watch in watches {
            watch.feed.remove(watch.slot, &core.outbox);
        }
        let mut rooms = Vec::with_capacity(seats.len());
        for seat in seats {
            seat.tail.stand_up(seat.slot, &core.outbox);
            self.hub.maybe_quiet(&seat.tail);
            rooms.push(seat.tail.room().clone());
        }
        let pools = core.stop_seeking();
        if !rooms.is_empty() || !pools.is_empty() {
            self.errands.lose(core, rooms, pools);
            self.try_errands();
        }
    }

    /// Runs errands as far as that needs no waiting: with the store in memory, to their end. What is left is done by
    /// the background task.
    pub(crate) fn try_errands(&self) {
        let mut errands = pin!(self.run_errands());
        let _ = errands.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
}
