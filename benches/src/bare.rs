//! A store without an engine.

use std::sync::Arc;

use chat_core::id::SessionId;
use chat_core::room::NewRoom;
use chat_core::store::{Enter, Opened, Say, SessionKey, Sink, Speaker, Writer};
use chat_core::{
    Backend, Body, Clock, MemoryStore, Name, NodeId, RoomId, RoomKind, RoomPolicy, SharedEntry,
    Signal, StoreOptions, Title, UserId,
};

use crate::now;

/// A store in memory, and a node that writes to it.
#[derive(Debug)]
pub struct Bare {
    /// The store.
    pub backend: Backend,
    /// The node.
    pub by: Writer,
}

impl Bare {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Clock::system())
    }

    /// The same in a time of one's own.
    #[must_use]
    pub fn with_clock(clock: Clock) -> Self {
        let backend = MemoryStore::backend(clock, StoreOptions::default());
        let by = now(backend.expiry.attach(NodeId::random(), Arc::new(Deaf)));
        Self { backend, by }
    }

    /// Opens a room.
    ///
    /// # Panics
    /// If there is one of this id.
    #[must_use]
    pub fn open(&self, id: &str, kind: RoomKind, policy: RoomPolicy) -> RoomId {
        let id = Self::room(id);
        let title = Title::stored("A room with a title");
        let new = NewRoom { id: id.clone(), kind, title, meta: None, owner: None, policy };
        assert!(matches!(now(self.backend.rooms.open(self.by, new)), Opened::Opened(_)), "{id}");
        id
    }

    /// What lets a user into a room, in a session of the same number, and asks for neither talk nor members.
    #[must_use]
    pub fn enter(&self, room: &RoomId, user: usize) -> Enter {
        Enter {
            room: room.clone(),
            create: None,
            epoch: None,
            session: self.session(user),
            user: Self::user(user),
            name: Name::stored("Somebody"),
            since: None,
            recent: 0,
            resume_max: 1_000,
            members: 0,
        }
    }

    /// The site says something. `attempt` has to be another one each time.
    pub fn say(&self, room: &RoomId, text: &str, attempt: u128) {
        let (room, body) = (room.clone(), Body::text(text));
        let say = Say {
            room,
            epoch: None,
            author: Speaker::System,
            body,
            key: None,
            attempt: attempt.into(),
        };
        now(self.backend.rooms.append(self.by, say));
    }

    /// The session of this number.
    #[must_use]
    pub fn session(&self, number: usize) -> SessionKey {
        self.by.session(SessionId(number as u64))
    }

    /// The user of this number.
    ///
    /// # Panics
    /// Never: the id is of the right form.
    #[must_use]
    #[allow(clippy::expect_used, reason = "letters, digits and a dash")]
    pub fn user(number: usize) -> UserId {
        UserId::new(&format!("user-{number:07}")).expect("a user's id")
    }

    /// A room's id.
    ///
    /// # Panics
    /// If the text is none.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a bench names its rooms itself")]
    pub fn room(id: &str) -> RoomId {
        RoomId::new(id).expect("a room's id")
    }
}

impl Default for Bare {
    fn default() -> Self {
        Self::new()
    }
}

/// A node that listens to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Deaf;

impl Sink for Deaf {
    fn entry(&self, _: &SharedEntry) {}
    fn signal(&self, _: &Arc<Signal>) {}
    fn count(&self, _: &RoomId) {}
    fn mail(&self) {}
    fn missed(&self) {}
}
