//! Entering rooms and leaving them.

use std::sync::Arc;

use super::SessionHandle;
use super::core::Core;
use crate::engine::{Inner, fenced};
use crate::entry::Cursor;
use crate::error::{Bound, Error, Result};
use crate::hub::Seat;
use crate::id::RoomId;
use crate::room::{NewRoom, Presence, RoomSpec};
use crate::store::{Admission, Departure, Enter, Entered, Snapshot};

/// A join with everything that can be asked of it.
///
/// ```
/// # use chat_core::{Join, RoomId, RoomSpec};
/// # fn main() -> Result<(), chat_core::Invalid> {
/// let join = Join::room(&RoomId::new("film-1")?).or_open(RoomSpec::public("Film 1")).recent(20);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Join {
    room: Option<RoomId>,
    create: Option<RoomSpec>,
    since: Option<Cursor>,
    recent: u32,
}

impl Join {
    /// Into this room.
    #[must_use]
    pub fn room(room: &RoomId) -> Self {
        Self { room: Some(room.clone()), create: None, since: None, recent: 50 }
    }

    /// Into the room of this spec, opened in the same step if there is none.
    #[must_use]
    pub fn opening(spec: RoomSpec) -> Self {
        Self { room: None, create: Some(spec), since: None, recent: 50 }
    }

    /// Opens the room in the same step if there is none. The spec's own id gives way to the room's.
    #[must_use]
    pub fn or_open(mut self, spec: RoomSpec) -> Self {
        self.create = Some(spec);
        self
    }

    /// With what was missed since this cursor.
    #[must_use]
    pub fn since(mut self, cursor: Cursor) -> Self {
        self.since = Some(cursor);
        self
    }

    /// With this many of the newest things said, where what was missed is not asked for or not known.
    #[must_use]
    pub fn recent(mut self, entries: u32) -> Self {
        self.recent = entries;
        self
    }
}

impl SessionHandle {
    /// Enters a room. The snapshot is the room at one moment, this session included; the stream goes on right behind
    /// its cursor.
    ///
    /// Cancel safe: a cancelled join is undone; in a pair room, where leaving would end the talk, as a connection that was
    /// lost. A session that was in the room before stays.
    ///
    /// # Errors
    /// `NoSuchRoom`, `RoomClosed`, `RoomFull`, `Forbidden` (a pair room of others, or a hook), `TooMany` rooms of one
    /// session, or a fault of the store.
    pub async fn join(&self, room: &RoomId) -> Result<Snapshot> {
        self.join_with(Join::room(room)).await.map(|(snapshot, _)| snapshot)
    }

    /// Enters a room with everything that was missed since a cursor; or, where that is not known any more, with the newest
    /// entries, [`replay`](Snapshot::replay) saying why.
    ///
    /// Cancel safe: a cancelled join is undone.
    pub async fn join_since(&self, room: &RoomId, cursor: Cursor) -> Result<Snapshot> {
        self.join_with(Join::room(room).since(cursor)).await.map(|(snapshot, _)| snapshot)
    }

    /// Enters a room, opening it in the same step if there is none: for rooms that belong to a site's own objects.
    ///
    /// Cancel safe: a cancelled join is undone; the room may have been opened.
    pub async fn join_or_open(&self, spec: RoomSpec) -> Result<Snapshot> {
        self.join_with(Join::opening(spec)).await.map(|(snapshot, _)| snapshot)
    }

    /// Enters a room in whichever way; tells with the snapshot whether the room was opened by this.
    ///
    /// Cancel safe: a cancelled join is undone; the room may have been opened.
    pub async fn join_with(&self, join: Join) -> Result<(Snapshot, bool)> {
        self.alive()?;
        let (engine, core) = (self.engine(), self.core());
        let limits = engine.limits();
        let create = match join.create {
            Some(spec) => {
                let spec = match &join.room {
                    Some(room) => spec.with_id(room.as_str()),
                    None => spec,
                };
                Some(spec.check(limits, engine.policies(), Some(&core.user))?)
            }
            None => None,
        };
        let room = match (&join.room, &create) {
            (Some(room), _) => room.clone(),
            (None, Some(new)) => new.id.clone(),
            // A join names its room or what to open: its constructors leave no other way.
            (None, None) => return Err(Error::NoSuchRoom),
        };
        engine.ask_may_join(core, &room).await?;
        let mut may_open = !engine.asks();
        loop {
            let create = create.as_ref();
            let (opens, asks) = if may_open { (create, None) } else { (None, create) };
            match (self.enter_room(&room, opens, join.since, join.recent).await, asks) {
                // There is none. Asked only now, so that no room is opened that was there when its opening was not
                // asked about.
                (Err(Error::NoSuchRoom | Error::RoomClosed { .. }), Some(new)) => {
                    engine.ask_may_open(core, new).await?;
                    may_open = true;
                }
                (answer, _) => return answer,
            }
        }
    }

    async fn enter_room(
        &self,
        room: &RoomId,
        create: Option<&NewRoom>,
        since: Option<Cursor>,
        recent: u32,
    ) -> Result<(Snapshot, bool)> {
        let (engine, core) = (self.engine(), self.core());
        let limits = engine.limits();
        let _changing = core.changing.lock().await;
        self.alive()?;
        let seat = core.outbox.seat_in(room).map(|(_, seat)| seat);
        if seat.is_none() && core.outbox.seated() >= limits.rooms_of_session {
            return Err(Error::TooMany {
                bound: Bound::RoomsOfSession,
                max: limits.rooms_of_session,
            });
        }
        if engine.errands().owed(core) >= limits.rooms_of_session {
            // The store has not answered for as many joins before: it is away.
            return Err(Error::Overloaded);
        }
        engine.errands().forget(core, room);
        let pin = engine.hub().pin(room);
        let mut under_way =
            UnderWay { engine, core, room, from: From::Join(seat), answered: false };
        under_way.hold();
        let (by, entered) = fenced!(engine, |by| {
            pin.root().subscribe(&*engine.backend().rooms, by).await?;
            let enter = enter(core, by, room, create.cloned(), since, recent, engine);
            engine.backend().presence.enter(by, enter).await.map(|entered| (by, entered))
        })?;
        under_way.answered = true;
        let admission = match entered {
            Entered::In(admission) => admission,
            Entered::Full => return Err(Error::RoomFull),
            Entered::Forbidden => return Err(Error::forbidden()),
            Entered::Closed { why } => return Err(Error::RoomClosed { why }),
            Entered::Missing => return Err(Error::NoSuchRoom),
        };
        let Admission { snapshot, created, wrote } = *admission;
        // In the order in which it happened, for who observes it.
        if created {
            engine.observe_opened(&snapshot.room);
        }
        engine.wrote(&wrote);
        engine.hub().expect(pin.tail(), snapshot.cursor.epoch, snapshot.cursor.n);
        if !engine.hub().sit(&pin, &core.outbox, core.key(by), &snapshot) {
            // The session ended meanwhile, and did not know of this room.
            under_way.answered = false;
            return Err(Error::SessionOver);
        }
        // In a room that only counts no entry tells of a kick, and its mail came before there was a seat. Whether it was meant
        // for this join cannot be known: then the session is out rather than in without being so.
        if core.outbox.joined()
            && snapshot.room.policy.presence == Presence::Count
            && let Some((_, seat)) = core.outbox.seat_in(room)
        {
            seat.tail.kick(seat.slot, &core.outbox);
        }
        if room.is_pair() {
            core.is_seen_as(room, &snapshot.you);
        }
        engine.reset_if_over(core, room, by);
        drop(under_way);
        engine.hub().release(room, &core.outbox);
        Ok((snapshot, created))
    }

    /// Leaves a room, without grace. Another session of the user stays. In a pair room, the user leaves with all sessions,
    /// and the room closes. When this is answered, nothing more of the room reaches this session; where the store cannot be
    /// reached, that holds, too, and the leaving is done later.
    ///
    /// Cancel safe in that it can be repeated: once begun, a cancelled leave is done later; while it waits for
    /// another join or leave of this session, nothing has happened.
    ///
    /// # Errors
    /// `NotMember`, `RoomClosed`, `NoSuchRoom`, or a fault of the store.
    pub async fn leave(&self, room: &RoomId) -> Result<()> {
        self.alive()?;
        let (engine, core) = (self.engine(), self.core());
        let _changing = core.changing.lock().await;
        let sat = engine.hub().stand_up(room, &core.outbox);
        let mut under_way = UnderWay { engine, core, room, from: From::Leave, answered: !sat };
        let departure =
            fenced!(engine, |by| engine.backend().presence.leave(by, room, core.key(by)).await)?;
        under_way.answered = true;
        match engine.departed(departure) {
            Ok(()) => Ok(()),
            Err(refused) => Err(self.unless_left(room, refused).await),
        }
    }
}

impl Inner {
    /// What became of somebody's leaving, as a result.
    pub(crate) fn departed(&self, departure: Departure) -> Result<()> {
        match departure {
            Departure::Out { wrote } => {
                self.wrote(&wrote);
                Ok(())
            }
            Departure::NotMember => Err(Error::NotMember),
            Departure::Closed { why } => Err(Error::RoomClosed { why }),
            Departure::Missing => Err(Error::NoSuchRoom),
        }
    }
}

/// The store's question for letting a session in.
pub(crate) fn enter(
    core: &Core,
    by: crate::id::Writer,
    room: &RoomId,
    create: Option<NewRoom>,
    since: Option<Cursor>,
    recent: u32,
    engine: &Inner,
) -> Enter {
    let limits = engine.limits();
    Enter {
        room: room.clone(),
        create,
        epoch: None,
        session: core.key(by),
        user: core.user.clone(),
        name: core.name(),
        since,
        recent: recent.min(limits.entries),
        resume_max: limits.resume,
        members: limits.members,
    }
}

/// A change of membership whose answer is not there yet. If it never comes (cancelled, timed out), the session may be in
/// the room without knowing: it is taken out, again and again until that is answered.
struct UnderWay<'a> {
    engine: &'a Arc<Inner>,
    core: &'a Arc<Core>,
    room: &'a RoomId,
    from: From,
    answered: bool,
}

/// What is under way.
enum From {
    /// A join. Where the session was in the room before, it stays there, whatever comes.
    Join(Option<Seat>),
    Leave,
}

impl UnderWay<'_> {
    /// Nothing of the room is given while a join is under way.
    fn hold(&self) {
        self.core.outbox.joins(self.room);
        if let From::Join(Some(seat)) = &self.from {
            seat.tail.hold(seat.slot, &self.core.outbox);
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let (outbox, errands) = (&self.core.outbox, self.engine.errands());
        outbox.joined();
        if let From::Join(Some(seat)) = &self.from {
            seat.tail.release(seat.slot, outbox);
        }
        if self.answered {
            return;
        }
        match &self.from {
            From::Leave => errands.leave(self.core, self.room),
            From::Join(Some(_)) if outbox.seat_in(self.room).is_some() => {}
            // It ended meanwhile, and is lost here as in its other rooms.
            From::Join(Some(_)) if outbox.is_over() => {
                errands.lose(self.core, vec![self.room.clone()], Vec::new());
            }
            From::Join(_) => errands.undo(self.core, self.room),
        }
    }
}
