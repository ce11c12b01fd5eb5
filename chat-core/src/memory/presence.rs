//! [`PresenceStore`] in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;

use super::MemoryStore;
use super::nodes::Life;
use super::record::{Door, Over};
use super::registry::Cell;
use super::step::{Rearm, Step};
use crate::entry::SharedEntry;
use crate::id::{RoomId, SessionKey, UserId, Writer};
use crate::store::{
    Admission, Departure, Enter, Entered, IndexRow, Mail, MembersPage, PresenceStore, Snapshot,
    StoreResult,
};
use crate::text::Name;
use crate::why::{ByeWhy, LeftWhy};

#[async_trait]
impl PresenceStore for MemoryStore {
    async fn enter(&self, by: Writer, enter: Enter) -> StoreResult<Entered> {
        self.enter_now(by, enter)
    }

    async fn leave(
        &self,
        by: Writer,
        room: &RoomId,
        session: SessionKey,
    ) -> StoreResult<Departure> {
        let life = self.nodes.living(by)?;
        self.step(&life, room, |step| departure(step, |step| step.session_leaves(session)))
    }

    async fn lose(
        &self,
        by: Writer,
        session: SessionKey,
        rooms: &[RoomId],
    ) -> StoreResult<Vec<SharedEntry>> {
        self.in_each(by, rooms, |step| step.session_lost(session))
    }

    async fn rename(
        &self,
        by: Writer,
        user: &UserId,
        name: &Name,
        rooms: &[RoomId],
    ) -> StoreResult<Vec<SharedEntry>> {
        self.in_each(by, rooms, |step| step.rename(user, name))
    }

    async fn kick(&self, by: Writer, room: &RoomId, user: &UserId) -> StoreResult<Departure> {
        let life = self.nodes.living(by)?;
        self.step(&life, room, |step| {
            departure(step, |step| {
                let seen_as = step.room.seen_as_either(user);
                let out = seen_as.and_then(|user| step.user_out(&user, LeftWhy::Kicked));
                if let Some(sessions) = &out {
                    self.tell_kicked(room, sessions);
                }
                out.is_some()
            })
        })
    }

    async fn disconnect(&self, by: Writer, user: &UserId, why: ByeWhy) -> StoreResult<()> {
        self.nodes.living(by)?;
        self.nodes.post_all(&Mail::Disconnect { user: user.clone(), why });
        Ok(())
    }

    async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> StoreResult<Option<MembersPage>> {
        Ok(self.registry.with(room, |cell| {
            let room = cell?.room.as_ref().filter(|room| room.closed.is_none())?;
            let (members, more) = room.roster.page(after, limit);
            Some(MembersPage { members, count: room.live(), more, cursor: room.head() })
        }))
    }

    async fn rooms_of(&self, user: &UserId, limit: u32) -> StoreResult<Vec<RoomId>> {
        Ok(self.users.rooms_of(user, limit))
    }

    async fn index(
        &self,
        by: Writer,
        after: Option<IndexRow>,
        limit: u32,
    ) -> StoreResult<Vec<IndexRow>> {
        self.index_now(by, after.as_ref(), limit)
    }
}

impl MemoryStore {
    fn enter_now(&self, by: Writer, mut enter: Enter) -> StoreResult<Entered> {
        self.nodes.living(by)?;
        let life = self.nodes.living(enter.session.writer)?;
        let id = enter.room.clone();
        match enter.create.take() {
            None => self.registry.with(&id, |cell| match cell {
                Some(cell) => self.enter_open(&life, cell, &enter, false),
                None => life.check().map(|()| Entered::Missing),
            }),
            Some(mut new) => {
                new.id = id.clone();
                Self::refuse_pair("enter", &new)?;
                self.registry.with_or_new(&id, |cell| {
                    life.check()?;
                    let there = cell.room.as_ref().is_some_and(|room| room.closed.is_none());
                    if there || enter.epoch.is_some() {
                        return self.enter_open(&life, cell, &enter, false);
                    }
                    // First what may be refused, so that a room is not left behind that nobody came into.
                    life.sessions_in(&id)?;
                    if let Err(refused) = self.make(cell, new, self.clock.now()) {
                        life.no_sessions_in(&id);
                        return Err(refused);
                    }
                    self.enter_open(&life, cell, &enter, true)
                })
            }
        }
    }

    /// Takes a session into the room in a cell, which is locked.
    fn enter_open(
        &self,
        life: &Life,
        cell: &mut Cell,
        enter: &Enter,
        created: bool,
    ) -> StoreResult<Entered> {
        life.check()?;
        let Some(mut step) = self.begin(None, cell) else { return Ok(Entered::Missing) };
        match step.room.check(enter.epoch) {
            Ok(()) => {}
            Err(Over::Missing) => return Ok(Entered::Missing),
            Err(Over::Closed(why)) => return Ok(Entered::Closed { why }),
        }
        let you = match step.room.door(enter) {
            Door::Open(you) => you,
            Door::Full => return Ok(Entered::Full),
            Door::Forbidden => return Ok(Entered::Forbidden),
        };
        step.session_in(life, enter.session, &you, &enter.name)?;
        let wrote = step.done(if created { Rearm::Exactly } else { Rearm::Earlier });
        let Some(room) = cell.room.as_ref() else { return Ok(Entered::Missing) };
        let (entries, replay) = room.replay(enter);
        let (members, _) = room.roster.page(None, enter.members);
        let (view, cursor) = (room.view(), room.head());
        let snapshot = Snapshot { room: view, you, cursor, members, entries, replay };
        Ok(Entered::In(Box::new(Admission { snapshot, created, wrote })))
    }

    /// Runs a step in each of these rooms that is open, one after the other; what was written.
    fn in_each(
        &self,
        by: Writer,
        rooms: &[RoomId],
        run: impl Fn(&mut Step<'_>),
    ) -> StoreResult<Vec<SharedEntry>> {
        let life = self.nodes.living(by)?;
        let mut wrote = Vec::new();
        for room in rooms {
            self.step(&life, room, |step| {
                if let Ok(mut step) = step {
                    run(&mut step);
                    wrote.append(&mut step.done(Rearm::Earlier));
                }
            })?;
        }
        Ok(wrote)
    }

    /// Tells the nodes that have these sessions.
    fn tell_kicked(&self, room: &RoomId, sessions: &[SessionKey]) {
        let mut by_node: BTreeMap<Writer, Vec<SessionKey>> = BTreeMap::new();
        for session in sessions {
            by_node.entry(session.writer).or_default().push(*session);
        }
        for (writer, sessions) in by_node {
            self.nodes.post(writer, Mail::Kicked { room: room.clone(), sessions });
        }
    }

    fn index_now(
        &self,
        by: Writer,
        after: Option<&IndexRow>,
        limit: u32,
    ) -> StoreResult<Vec<IndexRow>> {
        let life = self.nodes.living(by)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut rows = Vec::new();
        let from = after.map_or(Bound::Unbounded, |row| Bound::Included(&row.room));
        let mut next = life.next_room(from);
        while let Some(room) = next.filter(|_| rows.len() < limit) {
            let behind = after.filter(|row| row.room == room).map(|row| row.session);
            self.registry.with(&room, |cell| {
                let Some(here) = cell.and_then(|cell| cell.room.as_ref()) else { return };
                let sessions = here.roster.sessions_of(by, behind).take(limit - rows.len());
                let row = |key: SessionKey| IndexRow { room: room.clone(), session: key.session };
                rows.extend(sessions.map(row));
            });
            next = life.next_room(Bound::Excluded(&room));
        }
        Ok(rows)
    }
}

/// Runs a departure and says what became of it; `go` says whether there was somebody to go.
pub(super) fn departure(
    step: Result<Step<'_>, Over>,
    go: impl FnOnce(&mut Step<'_>) -> bool,
) -> Departure {
    match step {
        Err(Over::Missing) => Departure::Missing,
        Err(Over::Closed(why)) => Departure::Closed { why },
        Ok(mut step) => {
            if go(&mut step) {
                Departure::Out { wrote: step.done(Rearm::Earlier) }
            } else {
                Departure::NotMember
            }
        }
    }
}
