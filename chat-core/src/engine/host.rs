//! What a host does without a session, from any node.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Engine, Inner, fenced};
use crate::body::Body;
use crate::error::{Bound, Error, Invalid, Problem, Result};
use crate::hub::Tail;
use crate::id::{Epoch, Key, RoomId, UserId, Writer};
use crate::list::{Order, Page, RoomPage};
use crate::room::{NewRoom, RoomSpec, RoomView};
use crate::session::Spoken;
use crate::store::{
    Appended, Attempt, Close, Closing, Existing, History, HistoryPage, MembersPage, Opened, Say,
    Speaker,
};
use crate::user::User;
use crate::why::{ByeWhy, CloseWhy};

/// In whose name a host says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// The site itself.
    System,
    /// A user, for whom the host vouches: in the room or not. In a pair room, one of the two.
    User(User),
}

impl Engine {
    /// Opens a room. Nobody is in it yet.
    ///
    /// Not cancel safe: a cancelled open may have happened.
    ///
    /// # Errors
    /// `RoomExists` where one of this id is open, `Invalid`, or a fault of the store.
    pub async fn open(&self, spec: RoomSpec) -> Result<RoomView> {
        let room = spec.check(&self.0.limits, &self.0.policies, None)?;
        self.0.open(room).await
    }

    /// A page of a list of rooms.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// `Invalid` for no rows at all or beyond [`Limits::list_depth`](crate::Limits::list_depth), or a fault of the store.
    pub async fn rooms(&self, order: Order, page: Page) -> Result<RoomPage> {
        let limits = self.limits();
        let range = |field, value: u32, min: u64, max: u32| {
            let max = u64::from(max);
            if (min..=max).contains(&u64::from(value)) {
                Ok(())
            } else {
                Err(Error::from(Invalid::new(field, Problem::OutOfRange { min, max })))
            }
        };
        range("limit", page.limit, 1, u32::MAX)?;
        range("offset", page.offset, 0, limits.list_depth)?;
        let page = Page { limit: page.limit.min(limits.list_rows), ..page };
        Ok(self.0.backend.ranking.page(order, page).await?)
    }

    /// Many rooms at once: those of these ids that are open, in the order asked. Private ones too.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// `TooMany` ids, or a fault of the store.
    pub async fn rooms_by_id(&self, rooms: &[RoomId]) -> Result<Vec<RoomView>> {
        let max = self.limits().ids;
        if rooms.len() > max {
            return Err(Error::TooMany { bound: Bound::Ids, max });
        }
        let found = self.0.backend.rooms.get(rooms).await?;
        let open = |existing| match existing {
            Existing::Open(room) => Some(*room),
            Existing::Closed { .. } | Existing::Missing => None,
        };
        Ok(found.into_iter().filter_map(open).collect())
    }

    /// One room.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// `NoSuchRoom`, `RoomClosed`, or a fault of the store.
    pub async fn room(&self, room: &RoomId) -> Result<RoomView> {
        self.0.must_exist(room).await
    }

    /// A page of what was said in a room, also in one that has closed as long as it is remembered. What the log no longer
    /// holds is asked of [`Hooks::older`](crate::Hooks::older).
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// `NoSuchRoom`, or a fault of the store.
    pub async fn history(&self, room: &RoomId, page: HistoryPage) -> Result<History> {
        self.0.history_with_older(room, page).await
    }

    /// Members of a room with an id above `after`, ascending.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// `NoSuchRoom`, `RoomClosed`, or a fault of the store.
    pub async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<MembersPage> {
        self.0.members(room, after, limit).await
    }

    /// How many users are online, on all nodes. One who is connected to two nodes counts twice here, and only here.
    ///
    /// Cancel safe.
    pub async fn online(&self) -> Result<u64> {
        self.0.online().await
    }

    /// Says something in a room, without a session.
    ///
    /// Not cancel safe: a cancelled post may have happened; repeat it with a key.
    ///
    /// # Errors
    /// `NoSuchRoom`, `RoomClosed`, `TooLarge`, `NotMember` (in a pair room, not one of the two), or a fault of the store.
    pub async fn post(
        &self,
        room: &RoomId,
        body: impl Into<Body>,
        author: Author,
        key: Option<&Key>,
    ) -> Result<Spoken> {
        let (engine, body) = (&self.0, body.into());
        engine.check_body(&body)?;
        let author = match author {
            Author::System => Speaker::System,
            Author::User(user) => {
                let identity = user.check(&engine.limits)?;
                Speaker::User { user: identity.id, name: identity.name }
            }
        };
        engine.append(room, None, |_| author.clone(), body, key.cloned()).await
    }

    /// Puts a user out of a room, with all sessions on all nodes. They may join again: keeping them out is for
    /// [`Hooks::may_join`](crate::Hooks::may_join).
    ///
    /// Cancel safe in that it can be repeated.
    ///
    /// # Errors
    /// `NotMember`, `NoSuchRoom`, `RoomClosed`, or a fault of the store.
    pub async fn kick(&self, room: &RoomId, user: &UserId) -> Result<()> {
        let engine = &self.0;
        let departure = fenced!(engine, |by| engine.backend.presence.kick(by, room, user).await)?;
        engine.read_mail().await;
        engine.departed(departure)
    }

    /// Ends all sessions of a user, on all nodes: their streams end with [`Event::Bye`](crate::Event::Bye) and this reason
    /// ([`ByeWhy::Kicked`] for one who was put out or logged out), their rooms begin their grace.
    ///
    /// Cancel safe in that it can be repeated.
    pub async fn disconnect(&self, user: &UserId, why: ByeWhy) -> Result<()> {
        let engine = &self.0;
        fenced!(engine, |by| engine.backend.presence.disconnect(by, user, why).await)?;
        engine.read_mail().await;
        Ok(())
    }

    /// Closes a room.
    ///
    /// Cancel safe in that it can be repeated.
    ///
    /// # Errors
    /// `NoSuchRoom`, `RoomClosed` where it was closed before, or a fault of the store.
    pub async fn close(&self, room: &RoomId) -> Result<()> {
        let close = Close { room: room.clone(), epoch: None, why: CloseWhy::Admin, owner: None };
        self.0.close(close).await
    }
}

impl Inner {
    pub(crate) async fn open(&self, room: NewRoom) -> Result<RoomView> {
        self.alive()?;
        match fenced!(self, |by| self.backend.rooms.open(by, room.clone()).await)? {
            Opened::Opened(view) => {
                self.observe_opened(&view);
                Ok(view)
            }
            Opened::Exists(_) => Err(Error::RoomExists),
        }
    }

    /// The room, or what is the matter with it.
    pub(crate) async fn must_exist(&self, room: &RoomId) -> Result<RoomView> {
        match self.backend.rooms.get(std::slice::from_ref(room)).await?.pop() {
            Some(Existing::Open(view)) => Ok(*view),
            Some(Existing::Closed { why }) => Err(Error::RoomClosed { why }),
            Some(Existing::Missing) | None => Err(Error::NoSuchRoom),
        }
    }

    /// A page of what the log holds.
    pub(crate) async fn history(&self, room: &RoomId, page: HistoryPage) -> Result<History> {
        let page = self.bounded(page);
        self.backend.rooms.history(room, page).await?.ok_or(Error::NoSuchRoom)
    }

    /// A page that is no longer than pages may be.
    pub(crate) fn bounded(&self, page: HistoryPage) -> HistoryPage {
        let most = self.limits.entries;
        match page {
            HistoryPage::Newest { limit } => HistoryPage::Newest { limit: limit.min(most) },
            HistoryPage::Before { n, limit } => HistoryPage::Before { n, limit: limit.min(most) },
            HistoryPage::After { n, limit } => HistoryPage::After { n, limit: limit.min(most) },
        }
    }

    pub(crate) async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<MembersPage> {
        let limit = limit.min(self.limits.members);
        if let Some(page) = self.backend.presence.members(room, after, limit).await? {
            return Ok(page);
        }
        self.must_exist(room).await?;
        Err(Error::NoSuchRoom)
    }

    pub(crate) async fn online(&self) -> Result<u64> {
        let told = self.told_online.load(Ordering::Relaxed);
        let all = self.backend.ranking.online().await?;
        // What the store knows of this node is as old as its last lease; the number itself is here.
        Ok(all.saturating_sub(told) + self.users.len() as u64)
    }

    pub(crate) async fn close(&self, close: Close) -> Result<()> {
        match fenced!(self, |by| self.backend.rooms.close(by, close.clone()).await)? {
            Closing::Closed(entry) => {
                self.wrote(std::slice::from_ref(&entry));
                Ok(())
            }
            Closing::Already { why } => Err(Error::RoomClosed { why }),
            Closing::NotOwner => Err(Error::forbidden()),
            Closing::Missing => Err(Error::NoSuchRoom),
        }
    }

    /// An entry that was written has to reach the room's readers here.
    fn expect(&self, room: &RoomId, known: Option<&Tail>, epoch: Epoch, n: u64) {
        if let Some(tail) = known {
            self.hub.expect(tail, epoch, n);
        } else if let Some(tail) = self.hub.tail(room) {
            self.hub.expect(&tail, epoch, n);
        }
    }

    /// Writes something said, once: where the store's answer is lost, the same attempt is made again, and the store
    /// recognises it.
    pub(crate) async fn append(
        &self,
        room: &RoomId,
        tail: Option<&Tail>,
        author: impl Fn(Writer) -> Speaker,
        body: Body,
        key: Option<Key>,
    ) -> Result<Spoken> {
        let attempt = Attempt::from((u128::from(self.node.0) << 64) | u128::from(next_attempt()));
        let epoch = tail.and_then(Tail::epoch);
        let say = |by| Say {
            room: room.clone(),
            epoch,
            author: author(by),
            body: body.clone(),
            key: key.clone(),
            attempt,
        };
        let mut appended = fenced!(self, |by| self.backend.rooms.append(by, say(by)).await);
        if matches!(&appended, Err(error @ Error::Store { .. }) if error.retry_after().is_some()) {
            appended = fenced!(self, |by| self.backend.rooms.append(by, say(by)).await);
        }
        match appended? {
            Appended::Written(entry) => {
                self.expect(room, tail, entry.epoch, entry.n);
                self.wrote(std::slice::from_ref(&entry));
                Ok(Spoken { epoch: entry.epoch, n: entry.n, at: entry.at, duplicate: false })
            }
            Appended::Duplicate { epoch, n, at } => {
                self.expect(room, tail, epoch, n);
                Ok(Spoken { epoch, n, at, duplicate: true })
            }
            Appended::NotMember => Err(Error::NotMember),
            Appended::Closed { why } => Err(Error::RoomClosed { why }),
            Appended::Missing => Err(Error::NoSuchRoom),
        }
    }
}

/// A number that no other attempt of this process has.
///
/// Threads take them by the thousand: a counter that all of them wrote to with each message would be on its way between them all
/// the time.
fn next_attempt() -> u64 {
    const AT_ONCE: u64 = 1_024;
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static OWN: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    }
    let take = || TAKEN.fetch_add(AT_ONCE, Ordering::Relaxed);
    let next = OWN.try_with(|own| {
        let (next, end) = own.get();
        let (next, end) = if next < end {
            (next, end)
        } else {
            let first = take();
            (first, first + AT_ONCE)
        };
        own.set((next + 1, end));
        next
    });
    // On a thread that ends.
    next.unwrap_or_else(|_| take())
}
