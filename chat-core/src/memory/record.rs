//! The record of one room in one life of it, and what can be decided from it alone.
//!
//! Nothing here takes a lock, asks the time or tells anybody: [`Step`](super::step::Step) does, and is the only one
//! that changes who is in a room.

use std::sync::Arc;

use super::deadlines::Timer;
use super::keys::Keys;
use super::log::{Keep, Log};
use super::ranks::Rank;
use super::roster::Roster;
use super::visitors::Visitors;
use crate::body::Body;
use crate::entry::{Cursor, Entry, SharedEntry, What};
use crate::id::{Epoch, RoomId, UserId};
use crate::limits::StoreOptions;
use crate::room::{NewRoom, RoomKind, RoomPolicy, RoomView};
use crate::store::{Enter, HistoryPage, Replay};
use crate::text::Title;
use crate::time::Timestamp;
use crate::why::{CloseWhy, LostWhy};

/// A room in one of its lives.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) fixed: Arc<Fixed>,
    /// Who the two of a pair room are, and as whom they are seen.
    pub(super) pair: Option<Box<Pair>>,
    pub(super) log: Log,
    pub(super) keys: Option<Box<Keys>>,
    pub(super) roster: Roster,
    pub(super) visitors: Visitors,
    /// The newest thing said, also when the log does not keep it any more.
    pub(super) last: Option<SharedEntry>,
    /// The last entry, once there is one: nothing is written behind it.
    pub(super) closed: Option<SharedEntry>,
    /// How the life before this one ended, so that a reader of that one can be told.
    pub(super) ended: Option<SharedEntry>,
    /// Since when nobody is in; counts while that is so.
    pub(super) empty_since: Timestamp,
    pub(super) timer: Timer,
    /// Where it stands in the lists; public rooms only.
    pub(super) rank: Option<Rank>,
}

/// What of a room never changes in one life of it.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) id: RoomId,
    pub(super) epoch: Epoch,
    pub(super) kind: RoomKind,
    pub(super) title: Title,
    pub(super) meta: Option<Body>,
    pub(super) owner: Option<UserId>,
    pub(super) policy: Arc<RoomPolicy>,
    pub(super) created: Timestamp,
}

/// What of a room is seen in lists, and changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) live: u32,
    pub(super) visitors: u32,
    pub(super) capped: bool,
    pub(super) last: Option<SharedEntry>,
}

/// The two of a pair room: real id, alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair(pub(super) [(UserId, UserId); 2]);

/// The room, or the life of it that was asked for, is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Closed(CloseWhy),
    /// Nothing is known of it any more.
    Missing,
}

/// Where a user stands who wants in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Door {
    /// Comes in, as whom.
    Open(UserId),
    Full,
    Forbidden,
}

impl Fixed {
    pub(super) fn new(
        room: NewRoom,
        policy: Arc<RoomPolicy>,
        epoch: Epoch,
        created: Timestamp,
    ) -> Self {
        let NewRoom { id, kind, title, meta, owner, policy: _ } = room;
        Self { id, epoch, kind, title, meta, owner, policy, created }
    }

    /// The room as it is shown.
    pub(super) fn view(&self, seen: Seen) -> RoomView {
        RoomView {
            id: self.id.clone(),
            epoch: self.epoch,
            kind: self.kind,
            title: self.title.clone(),
            meta: self.meta.clone(),
            owner: self.owner.clone(),
            policy: Arc::clone(&self.policy),
            created: self.created,
            live: seen.live,
            visitors: seen.visitors,
            visitors_capped: seen.capped,
            last: seen.last,
        }
    }
}

impl Pair {
    /// As whom a real user is seen.
    pub(super) fn alias_of(&self, user: &UserId) -> Option<&UserId> {
        self.0.iter().find(|(real, _)| real == user).map(|(_, alias)| alias)
    }

    /// Who is seen under an alias.
    pub(super) fn user_of(&self, alias: &UserId) -> Option<&UserId> {
        self.0.iter().find(|(_, made)| made == alias).map(|(real, _)| real)
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Room {
    pub(super) fn new(fixed: Arc<Fixed>, timer: Timer, ended: Option<SharedEntry>) -> Self {
        let empty_since = fixed.created;
        Self {
            fixed,
            pair: None,
            log: Log::default(),
            keys: None,
            roster: Roster::default(),
            visitors: Visitors::default(),
            last: None,
            closed: None,
            ended,
            empty_since,
            timer,
            rank: None,
        }
    }

    /// Writes the next entry.
    pub(super) fn write(&mut self, now: Timestamp, what: What, notices: usize) -> SharedEntry {
        let (n, at) = self.log.next(now);
        let entry = Entry::new(self.fixed.id.clone(), self.fixed.epoch, n, at, what);
        let entry = Arc::new(entry);
        let said = usize::try_from(self.fixed.policy.history).unwrap_or(usize::MAX);
        self.log.push(&entry, Keep { said, notices });
        if entry.said().is_some() {
            self.last = Some(SharedEntry::clone(&entry));
        }
        entry
    }

    /// Why the room closed, where it has.
    pub(super) fn closed_why(&self) -> Option<CloseWhy> {
        self.closed.as_ref().and_then(|entry| why_of(entry))
    }

    /// The `closed` of the life before, where it is that one.
    pub(super) fn ended(&self, epoch: Epoch) -> Option<&SharedEntry> {
        self.ended.as_ref().filter(|entry| entry.epoch == epoch)
    }

    /// Whether the life that is meant goes on.
    pub(super) fn check(&self, epoch: Option<Epoch>) -> Result<(), Over> {
        if let Some(epoch) = epoch
            && epoch != self.fixed.epoch
        {
            let ended = self.ended(epoch).and_then(|entry| why_of(entry)).or(self.closed_why());
            return Err(ended.map_or(Over::Missing, Over::Closed));
        }
        self.closed_why().map_or(Ok(()), |why| Err(Over::Closed(why)))
    }

    /// Under which id a user is seen here; `None` in a pair room of two others.
    pub(super) fn seen_as(&self, user: &UserId) -> Option<UserId> {
        match &self.pair {
            None => Some(user.clone()),
            Some(pair) => pair.alias_of(user).cloned(),
        }
    }

    /// The same where the host may know the user by either id.
    pub(super) fn seen_as_either(&self, user: &UserId) -> Option<UserId> {
        let known = |pair: &Pair| pair.user_of(user).map(|_| user.clone());
        self.seen_as(user).or_else(|| self.pair.as_deref().and_then(known))
    }

    /// Who somebody is who is seen under this id.
    pub(super) fn real(&self, seen_as: &UserId) -> UserId {
        let real = self.pair.as_ref().and_then(|pair| pair.user_of(seen_as));
        real.unwrap_or(seen_as).clone()
    }

    /// Whether a session of this user may come in.
    pub(super) fn door(&self, enter: &Enter) -> Door {
        let Some(user) = self.seen_as(&enter.user) else { return Door::Forbidden };
        if self.roster.user_of(&enter.session).is_some_and(|other| *other != user) {
            // A session is one user's.
            return Door::Forbidden;
        }
        let full = self.live() >= self.fixed.policy.capacity;
        if full && !self.roster.contains(&user) { Door::Full } else { Door::Open(user) }
    }

    /// Distinct users now.
    pub(super) fn live(&self) -> u32 {
        count(self.roster.len())
    }

    /// Distinct users now and within the window.
    pub(super) fn visitors(&self) -> u32 {
        count(self.roster.len() + self.visitors.len())
    }

    /// What changes of what is shown.
    pub(super) fn seen(&self) -> Seen {
        Seen {
            live: self.live(),
            visitors: self.visitors(),
            capped: self.visitors.capped(),
            last: self.last.clone(),
        }
    }

    /// The room as it is shown.
    pub(super) fn view(&self) -> RoomView {
        self.fixed.view(self.seen())
    }

    pub(super) fn head(&self) -> Cursor {
        self.log.head(self.fixed.epoch)
    }

    /// Everything after a cursor, or why not.
    pub(super) fn after(&self, cursor: Cursor, max: u32) -> Result<Vec<SharedEntry>, LostWhy> {
        if cursor.epoch != self.fixed.epoch {
            return Err(LostWhy::Epoch);
        }
        self.log.after(cursor.n, cursor.at, max)
    }

    /// What one who comes in is given to read.
    pub(super) fn replay(&self, enter: &Enter) -> (Vec<SharedEntry>, Replay) {
        let recent = || self.log.page(HistoryPage::Newest { limit: enter.recent }).entries;
        match enter.since.map(|since| self.after(since, enter.resume_max)) {
            None => (recent(), Replay::Recent),
            Some(Ok(entries)) => (entries, Replay::Resumed),
            Some(Err(why)) => (recent(), Replay::Lost(why)),
        }
    }

    /// What closes the room first, and when, as things stand.
    pub(super) fn closes(&self) -> Option<(Timestamp, CloseWhy)> {
        let (policy, created) = (&self.fixed.policy, self.fixed.created);
        let said = self.last.as_ref().map_or(created, |entry| entry.at);
        let empty = policy.empty.filter(|_| self.roster.is_empty());
        let ends = [
            (policy.idle.map(|after| said.after(after)), CloseWhy::Idle),
            (empty.map(|after| self.empty_since.after(after)), CloseWhy::Empty),
            (policy.max_age.map(|after| created.after(after)), CloseWhy::MaxAge),
        ];
        let ends = ends.into_iter().filter_map(|(at, why)| at.map(|at| (at, why)));
        ends.min_by_key(|(at, _)| *at)
    }

    /// The one deadline: the earliest of all that the room waits for. `amnesty`: until then no grace is judged.
    pub(super) fn due(
        &self,
        options: &StoreOptions,
        amnesty: Option<Timestamp>,
    ) -> Option<Timestamp> {
        if let Some(closed) = &self.closed {
            return Some(closed.at.after(options.closed_kept));
        }
        let grace =
            self.roster.earliest_grace().map(|(at, _)| amnesty.map_or(*at, |to| to.max(*at)));
        let visitors = self.visitors.due(options.visitors_window, options.visitors_step);
        let ends = self.closes().map(|(at, _)| at);
        [ends, grace, visitors].into_iter().flatten().min()
    }
}

fn why_of(entry: &Entry) -> Option<CloseWhy> {
    match &entry.what {
        What::Closed { why } => Some(*why),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::entry::Said;
    use crate::id::{Incarnation, NodeId, SessionId, Writer};
    use crate::memory::deadlines::Deadlines;
    use crate::text::Name;

    fn room(change: impl FnOnce(&mut RoomPolicy)) -> Room {
        let mut policy = RoomPolicy::open_room();
        policy.empty = None;
        change(&mut policy);
        let new = NewRoom {
            id: RoomId::new("r").unwrap(),
            kind: RoomKind::Private,
            title: Title::stored("t"),
            meta: None,
            owner: None,
            policy,
        };
        let policy = Arc::new(new.policy.clone());
        let fixed = Fixed::new(new, policy, Epoch(7), at(0));
        Room::new(Arc::new(fixed), Deadlines::default().timer(), None)
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    fn seconds(n: u64) -> Option<Duration> {
        Some(Duration::from_secs(n))
    }

    fn say(room: &mut Room, now: Timestamp) {
        let said = Said { by: None, name: None, body: Body::text("x"), key: None };
        room.write(now, What::Said(said), 10);
    }

    fn join(room: &mut Room, id: u64) -> UserId {
        let user = UserId::new(&format!("u{id}")).unwrap();
        let writer = Writer { node: NodeId(1), incarnation: Incarnation(1) };
        room.roster.enter(writer.session(SessionId(id)), &user, &Name::stored("n"), at(0));
        user
    }

    #[test]
    fn idle_counts_from_what_was_said_last() {
        let mut room = room(|policy| policy.idle = seconds(60));
        assert_eq!(room.closes(), Some((at(60), CloseWhy::Idle)));
        say(&mut room, at(50));
        room.write(at(55), What::Closed { why: CloseWhy::Idle }, 10);
        assert_eq!(room.closes(), Some((at(110), CloseWhy::Idle)));
    }

    #[test]
    fn a_room_is_empty_only_while_nobody_is_in() {
        let mut room = room(|policy| policy.empty = seconds(60));
        assert_eq!(room.closes(), Some((at(60), CloseWhy::Empty)), "nobody ever came");
        let user = join(&mut room, 1);
        assert_eq!(room.closes(), None);
        room.roster.take_user(&user);
        room.empty_since = at(30);
        assert_eq!(room.closes(), Some((at(90), CloseWhy::Empty)));
    }

    #[test]
    fn the_earliest_end_is_the_reason() {
        let room = room(|policy| {
            policy.idle = seconds(70);
            policy.max_age = seconds(60);
            policy.empty = seconds(80);
        });
        assert_eq!(room.closes(), Some((at(60), CloseWhy::MaxAge)));
    }

    #[test]
    fn an_amnesty_puts_off_graces_and_nothing_else() {
        let (options, mut room) = (StoreOptions::default(), room(|p| p.idle = seconds(60)));
        let user = join(&mut room, 1);
        room.roster.take_user(&user);
        join(&mut room, 2);
        let session =
            room.roster.sessions_of(Writer { node: NodeId(1), incarnation: Incarnation(1) }, None);
        let session = session.last().unwrap();
        room.roster.take_session(&session);
        room.roster.grace(&UserId::new("u2").unwrap(), at(5));
        assert_eq!(room.due(&options, None), Some(at(5)));
        assert_eq!(room.due(&options, Some(at(15))), Some(at(15)));
        assert_eq!(room.due(&options, Some(at(100))), Some(at(60)));
    }

    #[test]
    fn an_epoch_that_is_over_is_told_its_own_end() {
        let mut room = room(|_| {});
        let end = |epoch, why| {
            let id = RoomId::new("r").unwrap();
            Arc::new(Entry::new(id, Epoch(epoch), 9, at(0), What::Closed { why }))
        };
        room.ended = Some(end(6, CloseWhy::Idle));
        assert_eq!(room.check(None), Ok(()));
        assert_eq!(room.check(Some(Epoch(7))), Ok(()));
        assert_eq!(room.check(Some(Epoch(6))), Err(Over::Closed(CloseWhy::Idle)));
        assert_eq!(room.check(Some(Epoch(5))), Err(Over::Missing));
        room.closed = Some(end(7, CloseWhy::Owner));
        assert_eq!(room.check(None), Err(Over::Closed(CloseWhy::Owner)));
        assert_eq!(room.check(Some(Epoch(6))), Err(Over::Closed(CloseWhy::Idle)));
    }
}
