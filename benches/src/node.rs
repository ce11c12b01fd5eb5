//! A node on a redis-server: the store without an engine, and what benches do with it.

use std::ops::Range;
use std::sync::Arc;

use chat_core::id::{PoolName, SessionId};
use chat_core::room::NewRoom;
use chat_core::store::{
    Backend, Confirmed, Enter, Entered, Mail, Request, Say, SessionKey, Speaker, Submitted, Writer,
};
use chat_core::{Body, Name, NodeId, RoomId, RoomKind, RoomPolicy, StoreOptions, Tag, Title};
use chat_testing::Server;
use futures_util::{StreamExt, stream};

use crate::{Bare, Deaf};

/// What is said.
pub const TEXT: &str = "something of an ordinary length";
/// Operations on their way at once.
pub const AT_ONCE: usize = 128;

/// A node on the server, under a prefix of its own.
#[derive(Debug)]
pub struct Node {
    /// The store.
    pub backend: Backend,
    /// The node.
    pub by: Writer,
}

#[allow(clippy::expect_used, reason = "a bench that does not do what it measures has to stop")]
impl Node {
    /// One that has just begun to live.
    ///
    /// # Panics
    /// If the server is not there; so does everything else here that is not done.
    pub async fn new(server: &Server, prefix: &str, options: StoreOptions) -> Self {
        let settings = chat_redis::Settings::from_url(&server.url()).expect("a URL");
        let settings = settings.with_prefix(prefix).with_store(options);
        let backend = settings.connect().await.expect("a store");
        let by = backend.expiry.attach(NodeId::random(), Arc::new(Deaf)).await.expect("a life");
        Self { backend, by }
    }

    /// The session of this number.
    #[must_use]
    pub fn session(&self, number: usize) -> SessionKey {
        self.by.session(SessionId(number as u64))
    }

    /// What lets a user into a room, in a session of the same number, and asks for all that a client shows.
    #[must_use]
    pub fn enter(&self, room: &RoomId, user: usize) -> Enter {
        Enter {
            room: room.clone(),
            create: None,
            epoch: None,
            session: self.session(user),
            user: Bare::user(user),
            name: Name::stored("Somebody"),
            since: None,
            recent: 50,
            resume_max: 1_000,
            members: 200,
        }
    }

    /// Opens a room as most are.
    ///
    /// # Panics
    /// If that fails.
    pub async fn open(&self, id: &str, kind: RoomKind) -> RoomId {
        self.open_with(id, kind, RoomPolicy::open_room()).await
    }

    /// Opens a room.
    ///
    /// # Panics
    /// If that fails.
    pub async fn open_with(&self, id: &str, kind: RoomKind, policy: RoomPolicy) -> RoomId {
        let id = Bare::room(id);
        let title = Title::stored("A room with a title");
        let new = NewRoom { id: id.clone(), kind, title, meta: None, owner: None, policy };
        self.backend.rooms.open(self.by, new).await.expect("is opened");
        id
    }

    /// A user who is in the room says something. `attempt` has to be another one each time.
    ///
    /// # Panics
    /// If it is not written.
    pub async fn say(&self, room: &RoomId, user: usize, attempt: u128) {
        let author = Speaker::Session { session: self.session(user), user: Bare::user(user) };
        let (room, body) = (room.clone(), Body::text(TEXT));
        let say = Say { room, epoch: None, author, body, key: None, attempt: attempt.into() };
        self.backend.rooms.append(self.by, say).await.expect("is written");
    }

    /// A user comes.
    ///
    /// # Panics
    /// If it is not let in.
    pub async fn come(&self, room: &RoomId, user: usize) {
        let entered = self.backend.presence.enter(self.by, self.enter(room, user)).await;
        assert!(matches!(entered.expect("an answer"), Entered::In(_)));
    }

    /// A user goes.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn go(&self, room: &RoomId, user: usize) {
        let session = self.session(user);
        self.backend.presence.leave(self.by, room, session).await.expect("an answer");
    }

    /// A user seeks a partner, any.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn submit(&self, pool: &PoolName, user: usize) {
        let request = Request {
            pool: pool.clone(),
            user: Bare::user(user),
            session: self.session(user),
            tags: Vec::<Tag>::new(),
            strict: false,
            blocked: Vec::new(),
            policy: RoomPolicy::pair(),
        };
        let submitted = self.backend.matching.submit(self.by, request).await.expect("an answer");
        assert_eq!(submitted, Submitted::Waiting);
    }

    /// Confirms what is proposed in this pool; how many rooms opened.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn confirm(&self, of: &PoolName) -> usize {
        let mail = self.backend.matching.mail(self.by).await.expect("the mail");
        let confirm = |mail| async move {
            let Mail::Proposed { pool, which, session, .. } = mail else { return false };
            if pool != *of {
                return false;
            }
            let confirmed = self.backend.matching.confirm(self.by, &pool, which, session).await;
            matches!(confirmed.expect("an answer"), Confirmed::Opened { .. })
        };
        let opened: Vec<bool> =
            stream::iter(mail).map(confirm).buffer_unordered(AT_ONCE).collect().await;
        opened.into_iter().filter(|opened| *opened).count()
    }
}

/// Does something for each number, many at once.
pub async fn each<F: Future<Output = ()>>(numbers: Range<usize>, act: impl Fn(usize) -> F) {
    stream::iter(numbers).map(act).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}
