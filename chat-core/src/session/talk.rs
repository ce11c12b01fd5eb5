//! Saying things, and reading what was said.

use super::SessionHandle;
use crate::body::Body;
use crate::engine::fenced;
use crate::entry::{Cursor, What};
use crate::error::{Error, Problem, Result};
use crate::id::{Epoch, Key, RoomId, UserId};
use crate::store::{History, HistoryPage, MembersPage, Signalled, Speaker};
use crate::text::Name;
use crate::time::Timestamp;
use crate::why::{CloseWhy, LeftWhy};

/// What became of something said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken {
    /// Which life of the room's log.
    pub epoch: Epoch,
    /// Its number there.
    pub n: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Whether it was there already, under the same key.
    pub duplicate: bool,
}

impl Spoken {
    /// The cursor of somebody who has seen everything up to this.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, n: self.n, at: Some(self.at) }
    }
}

impl SessionHandle {
    /// Says something in a room. The session is given its own entry too, in its place.
    ///
    /// Not cancel safe: a cancelled `say` may have happened. Where that matters, use
    /// [`say_once`](Self::say_once) and repeat it with its key.
    ///
    /// # Errors
    /// `NotMember`, `RoomClosed`, `NoSuchRoom`, `TooLarge`, `Forbidden` (a hook), or a fault of the store.
    pub async fn say(&self, room: &RoomId, body: impl Into<Body>) -> Result<Spoken> {
        self.speak(room, body.into(), None).await
    }

    /// As [`say`](Self::say), under a key: the same key from the same user in the same room, within 5 minutes at
    /// least, gives the first entry again.
    ///
    /// Cancel safe in that it can be repeated.
    pub async fn say_once(
        &self,
        room: &RoomId,
        body: impl Into<Body>,
        key: &Key,
    ) -> Result<Spoken> {
        self.speak(room, body.into(), Some(key.clone())).await
    }

    async fn speak(&self, room: &RoomId, body: Body, key: Option<Key>) -> Result<Spoken> {
        self.alive()?;
        let engine = self.engine();
        engine.check_body(&body)?;
        let body = if engine.asks() {
            // Boxed, as the refusal: nothing that most do not need is to be a part of what all do.
            Box::pin(engine.ask_may_say(self.core(), room, body)).await?
        } else {
            body
        };
        let seat = self.core().outbox.seat_in(room).map(|(_, seat)| seat);
        let tail = seat.as_ref().map(|seat| &*seat.tail);
        let core = self.core();
        let author = |by| Speaker::Session { session: core.key(by), user: core.user.clone() };
        match engine.append(room, tail, author, body, key).await {
            Ok(spoken) => Ok(spoken),
            Err(refused) => Err(Box::pin(self.unless_left(room, refused)).await),
        }
    }

    /// Sends something to those who are in the room now, this session excepted. Nothing is kept: who is not there, or
    /// does not keep up, does not get it.
    ///
    /// Cancel safe in that it matters little.
    pub async fn signal(&self, room: &RoomId, body: impl Into<Body>) -> Result<()> {
        self.alive()?;
        let (engine, body) = (self.engine(), body.into());
        engine.check_body(&body)?;
        let key = |by| self.core().key(by);
        match fenced!(engine, |by| engine
            .backend()
            .rooms
            .signal(by, room, key(by), body.clone())
            .await)?
        {
            Signalled::Sent => Ok(()),
            Signalled::NotMember => Err(Error::NotMember),
            Signalled::Closed { why } => {
                Err(self.unless_left(room, Error::RoomClosed { why }).await)
            }
            Signalled::Missing => Err(Error::NoSuchRoom),
        }
    }

    /// A page of what was said in a room this session is in. What the log no longer holds is asked of
    /// [`Hooks::older`](crate::Hooks::older).
    ///
    /// Cancel safe.
    pub async fn history(&self, room: &RoomId, page: HistoryPage) -> Result<History> {
        self.be_in(room).await?;
        self.engine().history_with_older(room, page).await
    }

    /// Members of a room this session is in, with an id above `after`.
    ///
    /// Cancel safe.
    pub async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<MembersPage> {
        self.be_in(room).await?;
        self.engine().members(room, after, limit).await
    }

    /// Takes another name, in all rooms the user is in but pair rooms, and for what comes. A room that another connection of the
    /// user is entering right now may keep the old one.
    ///
    /// Not cancel safe: the name may have changed in some rooms; repeating it does no harm.
    pub async fn rename(&self, name: &str) -> Result<Name> {
        self.alive()?;
        let (engine, user) = (self.engine(), &self.core().user);
        let name = Name::new(name, engine.limits().name)?;
        for core in engine.sessions_of(user) {
            core.set_name(name.clone());
        }
        // All of them: each of the user's sessions may be in as many rooms as one may.
        let limits = engine.limits();
        let most = limits.rooms_of_session.saturating_mul(limits.sessions_of_user);
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let rooms = engine.backend().presence.rooms_of(user, most).await?;
        let wrote =
            fenced!(engine, |by| engine.backend().presence.rename(by, user, &name, &rooms).await)?;
        engine.wrote(&wrote);
        Ok(name)
    }

    /// Refuses where this session is not in the room, saying what is the matter with it.
    async fn be_in(&self, room: &RoomId) -> Result<()> {
        self.alive()?;
        if self.core().outbox.seat_in(room).is_some_and(|(_, seat)| !seat.tail.is_ended()) {
            return Ok(());
        }
        match self.engine().must_exist(room).await {
            Ok(_) => Err(Error::NotMember),
            Err(refused) => Err(self.unless_left(room, refused).await),
        }
    }

    /// What a session is told of a room that has closed: where that was a pair room, and closed because this very user left
    /// it by whichever session, that it is not in there; as its partner is told why it closed.
    pub(super) async fn unless_left(&self, room: &RoomId, refused: Error) -> Error {
        if !matches!(refused, Error::RoomClosed { why: CloseWhy::PartnerLeft }) {
            return refused;
        }
        let Some(alias) = self.core().alias_in(room) else { return refused };
        let newest = HistoryPage::Newest { limit: 1 };
        let Ok(newest) = self.engine().history(room, newest).await else { return refused };
        let left = newest.entries.iter().any(|entry| match &entry.what {
            What::Left { user, why: LeftWhy::Left, .. } => *user == alias,
            _ => false,
        });
        if left { Error::NotMember } else { refused }
    }
}

impl crate::engine::Inner {
    pub(crate) fn check_body(&self, body: &Body) -> Result<()> {
        let max = self.limits().body;
        if body.is_empty() {
            return Err(crate::error::Invalid::new("body", Problem::Empty).into());
        }
        if body.len() > max { Err(Error::TooLarge { what: "body", max }) } else { Ok(()) }
    }
}
