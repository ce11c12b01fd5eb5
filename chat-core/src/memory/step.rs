//! One step in one room: everything that changes who is in it, or ends it, goes through here.
//!
//! A step begins with the room's lock held (and, for a pair room, its pool's around that), changes the record, the
//! indexes and the log, and ends with [`Step::done`], which brings the lists and the deadline up to date and then
//! tells the sinks what was written, in the order of the log. Nobody sees anything in between.

use std::sync::Arc;

use super::MemoryStore;
use super::nodes::Life;
use super::pools::Pool;
use super::record::{Fixed, Over, Room};
use super::registry::Cell;
use super::roster::{Out, Roster};
use super::subscribers::Subscribers;
use crate::entry::{SharedEntry, What};
use crate::id::{Epoch, RoomId, SessionKey, UserId, Writer};
use crate::room::{NewRoom, Presence, RoomKind, RoomView};
use crate::store::{Due, StoreResult};
use crate::text::Name;
use crate::time::Timestamp;
use crate::why::{CloseWhy, LeftWhy};

/// A step in a room that is there, open or closed.
#[derive(Debug)]
pub(super) struct Step<'a> {
    store: &'a MemoryStore,
    pool: Option<&'a mut Pool>,
    subscribers: &'a Subscribers,
    pub(super) room: &'a mut Room,
    pub(super) now: Timestamp,
    /// Until when no grace is judged, where that is so.
    pub(super) amnesty: Option<Timestamp>,
    wrote: Vec<SharedEntry>,
    /// Whether the numbers that lists show may have changed.
    moved: bool,
    /// Whether the number of users of a room that only counts has changed.
    counted: bool,
}

/// What is done with the room's deadline at the end of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rearm {
    /// It is set if it is earlier now: the rule.
    Earlier,
    /// It is set to what it is: when the room begins, ends, or its deadline came due.
    Exactly,
}

impl MemoryStore {
    /// Runs a step in an open room, with the room's pool where it is a pair room; or is told why there is none.
    pub(super) fn step<R>(
        &self,
        life: &Life,
        id: &RoomId,
        run: impl FnOnce(Result<Step<'_>, Over>) -> R,
    ) -> StoreResult<R> {
        self.pools.with_pool_of(id, &self.deadlines, |pool| self.step_in(pool, life, id, run))
    }

    /// The same for one who holds the pool's lock already.
    pub(super) fn step_in<R>(
        &self,
        pool: Option<&mut Pool>,
        life: &Life,
        id: &RoomId,
        run: impl FnOnce(Result<Step<'_>, Over>) -> R,
    ) -> StoreResult<R> {
        self.registry.with(id, |cell| {
            life.check()?;
            let step = cell.and_then(|cell| self.begin(pool, cell)).ok_or(Over::Missing);
            Ok(run(step.and_then(|step| step.room.check(None).map(|()| step))))
        })
    }

    /// Begins a step on what is in a cell, which is locked.
    pub(super) fn begin<'a>(
        &'a self,
        pool: Option<&'a mut Pool>,
        cell: &'a mut Cell,
    ) -> Option<Step<'a>> {
        let room = cell.room.as_mut()?;
        Some(Step {
            store: self,
            pool,
            subscribers: &cell.subscribers,
            room,
            now: self.clock.now(),
            amnesty: None,
            wrote: Vec::new(),
            moved: false,
            counted: false,
        })
    }

    /// Puts a new room into a cell, which is locked, in place of none or of one that has closed. Its deadline is not
    /// set yet: the caller ends its step with [`Rearm::Exactly`].
    pub(super) fn make(
        &self,
        cell: &mut Cell,
        new: NewRoom,
        now: Timestamp,
    ) -> StoreResult<RoomView> {
        let (timer, ended) = match cell.room.take() {
            Some(before) => (before.timer, before.closed),
            None => {
                self.registry.reserve()?;
                (self.deadlines.timer(), None)
            }
        };
        // Where the room was opened before, its times go on from there, like those within a log.
        let created = ended.as_ref().map_or(now, |entry| now.max(entry.at));
        let policy = self.policies.share(&new.policy);
        let fixed = Arc::new(Fixed::new(new, policy, Epoch::random(), created));
        let mut room = Room::new(fixed, timer, ended);
        if room.fixed.kind == RoomKind::Public {
            room.rank = Some(self.ranks.add(&room.fixed, room.seen()));
        }
        let view = room.view();
        cell.room = Some(room);
        Ok(view)
    }
}

impl Step<'_> {
    /// Takes a session in, under the id and the name by which its user is seen here. Refused where the life of its
    /// node is over.
    pub(super) fn session_in(
        &mut self,
        life: &Life,
        session: SessionKey,
        seen_as: &UserId,
        name: &Name,
    ) -> StoreResult<()> {
        if self.room.roster.sessions_of(life.writer, None).next().is_none() {
            life.sessions_in(&self.room.fixed.id)?;
        }
        self.known_session_in(session, seen_as, name);
        Ok(())
    }

    /// The same where the life of its node knows already that it has sessions here.
    pub(super) fn known_session_in(&mut self, session: SessionKey, seen_as: &UserId, name: &Name) {
        if self.room.roster.enter(session, seen_as, name, self.now) {
            self.room.visitors.came(seen_as);
            self.store.users.add(&self.room.real(seen_as), &self.room.fixed.id);
            let (user, name, live) = (seen_as.clone(), name.clone(), self.room.live());
            self.notice(|| What::Joined { user, name, live });
            self.moved = true;
        }
    }

    /// Takes a session out because it says so: in a pair room with its user. Whether it was in.
    pub(super) fn session_leaves(&mut self, session: SessionKey) -> bool {
        if self.room.pair.is_some() {
            let user = self.room.roster.user_of(&session).cloned();
            return user.is_some_and(|user| self.user_out(&user, LeftWhy::Left).is_some());
        }
        match self.session_out(session) {
            Out::NotIn => return false,
            Out::Remains => {}
            Out::Last(user) => {
                self.user_out(&user, LeftWhy::Left);
            }
        }
        true
    }

    /// Takes a session out whose connection was lost. A user without another one stays for the grace, if there
    /// is any.
    pub(super) fn session_lost(&mut self, session: SessionKey) {
        let Out::Last(user) = self.session_out(session) else { return };
        let grace = self.room.fixed.policy.grace;
        if grace.is_zero() {
            self.user_out(&user, LeftWhy::Lost);
        } else {
            self.room.roster.grace(&user, self.now.after(grace));
        }
    }

    /// Takes a session out whose node is no more. A user without another one leaves at once: the lease was grace
    /// enough.
    pub(super) fn session_dead(&mut self, session: SessionKey) -> Out {
        let out = self.session_out(session);
        if let Out::Last(user) = &out {
            self.user_out(user, LeftWhy::Lost);
        }
        out
    }

    fn session_out(&mut self, session: SessionKey) -> Out {
        let out = self.room.roster.take_session(&session);
        if out != Out::NotIn {
            self.has_none_left(session.writer);
        }
        out
    }

    /// Takes a user out with all sessions, which are returned; a pair room closes with it. `None` where the user is not
    /// in.
    pub(super) fn user_out(&mut self, seen_as: &UserId, why: LeftWhy) -> Option<Vec<SessionKey>> {
        let (name, sessions) = self.room.roster.take_user(seen_as)?;
        for session in &sessions {
            self.has_none_left(session.writer);
        }
        self.store.users.remove(&self.room.real(seen_as), &self.room.fixed.id);
        self.room.visitors.left(self.now, seen_as, self.store.options.visitors_kept);
        if self.room.roster.is_empty() {
            self.room.empty_since = self.now;
        }
        self.moved = true;
        let (user, live) = (seen_as.clone(), self.room.live());
        self.notice(|| What::Left { user, name, live, why });
        if self.room.pair.is_some() {
            self.close(CloseWhy::PartnerLeft);
        }
        Some(sessions)
    }

    /// Gives a user another name.
    pub(super) fn rename(&mut self, user: &UserId, name: &Name) {
        if self.room.pair.is_none() && self.room.roster.rename(user, name) {
            let (user, name) = (user.clone(), name.clone());
            if self.room.fixed.policy.presence == Presence::Log {
                self.write(What::Renamed { user, name });
            }
        }
    }

    /// Visitors who left a window ago no longer count. How many went.
    pub(super) fn visitors_pass(&mut self) -> u32 {
        let capped = self.room.visitors.capped();
        let passed = self.room.visitors.pass(self.now, self.store.options.visitors_window);
        self.moved |= passed > 0 || capped != self.room.visitors.capped();
        passed
    }

    /// Ends the room: the last entry is written, and nobody is in it any more.
    pub(super) fn close(&mut self, why: CloseWhy) {
        if self.room.closed.is_some() {
            return;
        }
        let entry = self.write(What::Closed { why });
        let id = &self.room.fixed.id;
        for user in self.room.roster.users() {
            self.store.users.remove(&self.room.real(user), id);
        }
        for writer in self.room.roster.writers() {
            if let Some(life) = self.store.nodes.find(writer) {
                life.no_sessions_in(id);
            }
        }
        if let (Some(pair), Some(pool)) = (&self.room.pair, &mut self.pool) {
            pool.rules.closed(id, [&pair.0[0].0, &pair.0[1].0], self.now);
        }
        self.room.roster = Roster::default();
        self.room.visitors.clear();
        self.room.keys = None;
        self.room.closed = Some(entry);
    }

    /// Brings lists and deadline up to date, tells the sinks, and returns what was written.
    pub(super) fn done(self, rearm: Rearm) -> Vec<SharedEntry> {
        let room = self.room;
        match room.rank {
            Some(rank) if room.closed.is_some() => {
                self.store.ranks.remove(rank);
                room.rank = None;
            }
            Some(rank) if self.moved => {
                let (live, visitors) = (room.live(), room.visitors());
                self.store.ranks.count(rank, live, visitors, room.visitors.capped());
            }
            _ => {}
        }
        let due = room.due(&self.store.options, self.amnesty);
        let name = || Due::Room(room.fixed.id.clone());
        if rearm == Rearm::Exactly || room.closed.is_some() {
            self.store.deadlines.set(&mut room.timer, due, name);
        } else {
            self.store.deadlines.set_earlier(&mut room.timer, due, name);
        }
        for entry in &self.wrote {
            self.subscribers.entry(entry);
        }
        if self.counted && room.closed.is_none() {
            self.subscribers.count(&room.fixed.id);
        }
        self.wrote
    }

    /// Tells of a coming or going, in the way that is the room's.
    fn notice(&mut self, what: impl FnOnce() -> What) {
        match self.room.fixed.policy.presence {
            Presence::Log => {
                self.write(what());
            }
            Presence::Count => self.counted = true,
        }
    }

    fn write(&mut self, what: What) -> SharedEntry {
        let entry = self.room.write(self.now, what, self.store.options.notices);
        self.wrote.push(SharedEntry::clone(&entry));
        entry
    }

    /// A life that had a session here may have none now.
    fn has_none_left(&self, writer: Writer) {
        if self.room.roster.sessions_of(writer, None).next().is_none()
            && let Some(life) = self.store.nodes.find(writer)
        {
            life.no_sessions_in(&self.room.fixed.id);
        }
    }
}
