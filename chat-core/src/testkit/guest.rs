//! A user with one session, as a case plays them.

use std::sync::Arc;

use super::build::attempt;
use super::node::Node;
use crate::body::Body;
use crate::entry::SharedEntry;
use crate::id::{Key, PoolName, RoomId, SessionKey, UserId};
use crate::room::RoomPolicy;
use crate::store::{
    Admission, Appended, Departure, Enter, Entered, PairBreak, Request, Say, Speaker, Submitted,
};
use crate::text::{Name, Tag};

/// A user with one session on one node. As with [`Node`], what panics where its outcome is not the usual one has
/// a plain name, and what builds the request for it ends in `-ing`.
#[derive(Debug, Clone)]
pub struct Guest {
    /// Where the session is.
    pub node: Arc<Node>,
    /// Who.
    pub user: UserId,
    /// Under what name.
    pub name: Name,
    /// The session.
    pub session: SessionKey,
}

impl Guest {
    /// The same user with another session on the same node.
    #[must_use]
    pub fn tab(&self) -> Self {
        self.on(&self.node)
    }

    /// The same user with another session, there.
    #[must_use]
    pub fn on(&self, node: &Arc<Node>) -> Self {
        Self { node: Arc::clone(node), session: node.session(), ..self.clone() }
    }

    /// A request to enter: the newest 50, up to 200 members, nothing resumed, nothing opened.
    #[must_use]
    pub fn entering(&self, room: &RoomId) -> Enter {
        Enter {
            room: room.clone(),
            create: None,
            epoch: None,
            session: self.session,
            user: self.user.clone(),
            name: self.name.clone(),
            since: None,
            recent: 50,
            resume_max: 1_000,
            members: 200,
        }
    }

    /// Enters, or is told why not.
    pub async fn try_enter(&self, enter: Enter) -> Entered {
        self.node.backend.presence.enter(self.node.writer, enter).await.unwrap()
    }

    /// Enters in this way.
    pub async fn enter_by(&self, enter: Enter) -> Admission {
        match self.try_enter(enter).await {
            Entered::In(admission) => *admission,
            other => panic!("{} did not come in: {other:?}", self.user),
        }
    }

    /// Enters.
    pub async fn enter(&self, room: &RoomId) -> Admission {
        self.enter_by(self.entering(room)).await
    }

    /// A request to say something.
    #[must_use]
    pub fn saying(&self, room: &RoomId, text: &str) -> Say {
        Say {
            room: room.clone(),
            epoch: None,
            author: Speaker::Session { session: self.session, user: self.user.clone() },
            body: Body::text(text),
            key: None,
            attempt: attempt(),
        }
    }

    /// A request to say something under a key.
    #[must_use]
    pub fn saying_once(&self, room: &RoomId, text: &str, key: &Key) -> Say {
        Say { key: Some(key.clone()), ..self.saying(room, text) }
    }

    /// Says something, or is told why not.
    pub async fn try_say(&self, say: Say) -> Appended {
        self.node.backend.rooms.append(self.node.writer, say).await.unwrap()
    }

    /// Says something.
    pub async fn say(&self, room: &RoomId, text: &str) -> SharedEntry {
        match self.try_say(self.saying(room, text)).await {
            Appended::Written(entry) => entry,
            other => panic!("{} said nothing in {room}: {other:?}", self.user),
        }
    }

    /// Leaves, or is told why not.
    pub async fn try_leave(&self, room: &RoomId) -> Departure {
        self.node.backend.presence.leave(self.node.writer, room, self.session).await.unwrap()
    }

    /// Leaves; gives what was written.
    pub async fn leave(&self, room: &RoomId) -> Vec<SharedEntry> {
        match self.try_leave(room).await {
            Departure::Out { wrote } => wrote,
            other => panic!("{} did not leave {room}: {other:?}", self.user),
        }
    }

    /// Loses the connection, as far as this room is concerned; gives what was written.
    pub async fn lose(&self, room: &RoomId) -> Vec<SharedEntry> {
        let rooms = std::slice::from_ref(room);
        self.node.backend.presence.lose(self.node.writer, self.session, rooms).await.unwrap()
    }

    /// The rooms in which this user is.
    pub async fn rooms(&self) -> Vec<RoomId> {
        self.node.backend.presence.rooms_of(&self.user, u32::MAX).await.unwrap()
    }

    /// A request for a partner: no tags, nobody blocked.
    #[must_use]
    pub fn seeking(&self, pool: &PoolName) -> Request {
        Request {
            pool: pool.clone(),
            user: self.user.clone(),
            session: self.session,
            tags: Vec::new(),
            strict: false,
            blocked: Vec::new(),
            policy: RoomPolicy::pair(),
        }
    }

    /// A request for a partner who likes one of these.
    #[must_use]
    pub fn seeking_tags(&self, pool: &PoolName, tags: Vec<Tag>) -> Request {
        Request { tags, ..self.seeking(pool) }
    }

    /// A request for a partner who is none of these.
    #[must_use]
    pub fn seeking_but(&self, pool: &PoolName, blocked: &[&Self]) -> Request {
        let blocked = blocked.iter().map(|guest| guest.user.clone()).collect();
        Request { blocked, ..self.seeking(pool) }
    }

    /// Asks for a partner, or is told why not.
    pub async fn try_seek(&self, request: Request) -> Submitted {
        self.node.backend.matching.submit(self.node.writer, request).await.unwrap()
    }

    /// Asks for a partner in this way.
    pub async fn seek_by(&self, request: Request) {
        let submitted = self.try_seek(request).await;
        assert_eq!(submitted, Submitted::Waiting, "{} waits", self.user);
    }

    /// Asks for any partner.
    pub async fn seek(&self, pool: &PoolName) {
        self.seek_by(self.seeking(pool)).await;
    }

    /// The pools in which this user waits.
    pub async fn waiting(&self) -> Vec<PoolName> {
        self.node.backend.matching.waiting(&self.user).await.unwrap()
    }

    /// This session's way out of a pair room.
    #[must_use]
    pub fn breaking(&self, room: &RoomId) -> PairBreak {
        PairBreak { room: room.clone(), session: self.session, user: self.user.clone() }
    }
}
