//! A node: one engine's side of a store, without the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::build::{beginning, closing, name, notice, user_id};
use super::guest::Guest;
use super::recorder::Recorder;
use crate::entry::SharedEntry;
use crate::id::{NodeId, RoomId, SessionId, SessionKey, Writer};
use crate::room::{Member, NewRoom, RoomView};
use crate::store::{
    Appended, Backend, Closing, Existing, History, HistoryPage, Mail, Opened, Resumed, Sink,
};
use crate::why::CloseWhy;

/// A node in one of its lives: a way to the store, a writer and a sink, with the operations that a case takes
/// for granted. Those panic where their outcome is not the usual one; the others are on [`Node::backend`].
#[derive(Debug)]
pub struct Node {
    /// Its way to the store.
    pub backend: Backend,
    /// Who it is.
    pub writer: Writer,
    /// What it was told.
    pub sink: Arc<Recorder>,
    sessions: AtomicU64,
}

impl Node {
    /// A node begins a life on this backend.
    pub async fn attach(backend: Backend, node: NodeId) -> Arc<Self> {
        let sink = Arc::new(Recorder::default());
        let shared: Arc<dyn Sink> = Arc::<Recorder>::clone(&sink);
        let writer = backend.expiry.attach(node, shared).await.unwrap();
        assert_eq!(writer.node, node, "a writer is of the node that asked");
        Arc::new(Self { backend, writer, sink, sessions: AtomicU64::new(1) })
    }

    /// The next life of the same node.
    pub async fn reborn(&self) -> Arc<Self> {
        Self::attach(self.backend.clone(), self.writer.node).await
    }

    /// A session that was not there before.
    pub fn session(&self) -> SessionKey {
        self.writer.session(SessionId(self.sessions.fetch_add(1, Ordering::Relaxed)))
    }

    /// A user with a session here; the name is the id.
    pub fn guest(self: &Arc<Self>, id: &str) -> Guest {
        Guest { node: Arc::clone(self), user: user_id(id), name: name(id), session: self.session() }
    }

    /// Opens a room that is not there.
    pub async fn open(&self, room: NewRoom) -> RoomView {
        match self.backend.rooms.open(self.writer, room).await.unwrap() {
            Opened::Opened(view) => view,
            Opened::Exists(view) => panic!("{} is open already", view.id),
        }
    }

    /// What there is under this id.
    pub async fn get(&self, room: &RoomId) -> Existing {
        let mut found = self.backend.rooms.get(std::slice::from_ref(room)).await.unwrap();
        assert_eq!(found.len(), 1, "one answer for one id");
        found.remove(0)
    }

    /// A room that is open.
    pub async fn view(&self, room: &RoomId) -> RoomView {
        match self.get(room).await {
            Existing::Open(view) => *view,
            other => panic!("{room} is not open: {other:?}"),
        }
    }

    /// Why a room closed.
    pub async fn ended(&self, room: &RoomId) -> CloseWhy {
        match self.get(room).await {
            Existing::Closed { why } => why,
            other => panic!("{room} is not closed: {other:?}"),
        }
    }

    /// Whether a room is open.
    pub async fn is_open(&self, room: &RoomId) -> bool {
        matches!(self.get(room).await, Existing::Open(_))
    }

    /// The site itself says something.
    pub async fn post(&self, room: &RoomId, text: &str) -> SharedEntry {
        match self.backend.rooms.append(self.writer, notice(room, text)).await.unwrap() {
            Appended::Written(entry) => entry,
            other => panic!("nothing was written in {room}: {other:?}"),
        }
    }

    /// Closes a room as the host, and gives its last entry.
    pub async fn close(&self, room: &RoomId) -> SharedEntry {
        let close = closing(room, CloseWhy::Admin);
        match self.backend.rooms.close(self.writer, close).await.unwrap() {
            Closing::Closed(entry) => entry,
            other => panic!("{room} was not closed: {other:?}"),
        }
    }

    /// The whole log of a room's present epoch, of which nothing was dropped, or of the one that just closed.
    pub async fn log(&self, room: &RoomId) -> Vec<SharedEntry> {
        let head = self.backend.rooms.heads(std::slice::from_ref(room)).await.unwrap();
        let head = head[0].unwrap_or_else(|| panic!("{room} has a log"));
        match self.backend.rooms.resume(room, beginning(head.epoch), u32::MAX).await.unwrap() {
            Resumed::Entries { entries, .. } => entries,
            other => panic!("the log of {room} is not whole: {other:?}"),
        }
    }

    /// The newest page of a room's history.
    pub async fn history(&self, room: &RoomId, limit: u32) -> History {
        self.page(room, HistoryPage::Newest { limit }).await
    }

    /// A page of a room's history.
    pub async fn page(&self, room: &RoomId, page: HistoryPage) -> History {
        let history = self.backend.rooms.history(room, page).await.unwrap();
        history.unwrap_or_else(|| panic!("{room} has a history"))
    }

    /// All members of an open room.
    pub async fn members(&self, room: &RoomId) -> Vec<Member> {
        let page = self.backend.presence.members(room, None, u32::MAX).await.unwrap();
        let page = page.unwrap_or_else(|| panic!("{room} has members"));
        assert_eq!(page.count as usize, page.members.len(), "the count is the size of the set");
        page.members
    }

    /// Subscribes to a room.
    pub async fn subscribe(&self, room: &RoomId) {
        self.backend.rooms.subscribe(self.writer, room).await.unwrap();
    }

    /// The mail that came since it was last asked for.
    pub async fn mail(&self) -> Vec<Mail> {
        self.backend.matching.mail(self.writer).await.unwrap()
    }

    /// Keeps its life going.
    pub async fn renew(&self) {
        self.backend.expiry.renew(self.writer, 0).await.unwrap();
    }
}
