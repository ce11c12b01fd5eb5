//! Pair rooms, for matching: opening one with both inside, and ending it by the departure of one.
//!
//! All of it is called with the pool's lock held, as `&mut Pool`, so that the pool, who is engaged in it and the room
//! change in one step.

use super::MemoryStore;
use super::failed;
use super::nodes::Life;
use super::pools::Pool;
use super::presence::departure;
use super::record::Pair;
use super::step::Rearm;
use crate::entry::SharedEntry;
use crate::id::{RoomId, SessionKey, UserId};
use crate::room::{NewRoom, RoomKind, RoomPolicy};
use crate::store::{Departure, PairBreak, StoreResult};
use crate::text::Title;
use crate::user::Identity;
use crate::why::{CloseWhy, LeftWhy};

/// One of the two who are brought together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) user: UserId,
    pub(super) session: SessionKey,
}

/// Whether a pair room was opened.
#[derive(Debug, PartialEq)]
pub(super) enum PairOpened {
    /// It was, and both are inside.
    Opened {
        /// What was written.
        wrote: Vec<SharedEntry>,
        /// Who the two are, and as whom they are seen.
        users: [(UserId, UserId); 2],
    },
    /// Nothing was done: of these sides the node's life is over.
    Over([bool; 2]),
}

/// What is known of a pair room, open or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PairRoom {
    /// Who the two are, and as whom they are seen.
    pub(super) users: [(UserId, UserId); 2],
    /// Why it closed, where it has.
    pub(super) closed: Option<CloseWhy>,
}

impl MemoryStore {
    /// Opens a pair room with both sides inside, under aliases made for it. That both are engaged in it now is for the
    /// caller to tell the pool, in the same step.
    ///
    /// `room` is an id of this pool under which there is nothing yet; nodes may have subscribed to it. That both
    /// leases hold is checked in the same step.
    pub(super) fn open_pair(
        &self,
        pool: &mut Pool,
        room: &RoomId,
        policy: &RoomPolicy,
        sides: &[Side; 2],
    ) -> StoreResult<PairOpened> {
        let lives = [&sides[0], &sides[1]].map(|side| self.nodes.living(side.session.writer).ok());
        let [Some(one), Some(two)] = &lives else {
            return Ok(PairOpened::Over(lives.map(|life| life.is_none())));
        };
        let new = NewRoom {
            id: room.clone(),
            kind: RoomKind::Pair,
            title: Title::stored(""),
            meta: None,
            owner: None,
            policy: policy.clone(),
        };
        let users = [&sides[0], &sides[1]].map(|side| (side.user.clone(), UserId::alias()));
        self.registry.with_or_new(room, |cell| {
            if cell.room.is_some() {
                return Err(failed("confirm", "a room of this id is there already"));
            }
            // Under the room's lock: from here on a node that dies finds its session in here.
            let first = one.sessions_in(room).is_err();
            let second = two.sessions_in(room).is_err();
            let made = if first || second {
                Ok(Some(PairOpened::Over([first, second])))
            } else {
                self.make(cell, new, self.clock.now()).map(|_| None)
            };
            if !matches!(made, Ok(None)) {
                one.no_sessions_in(room);
                two.no_sessions_in(room);
            }
            if let Some(over) = made? {
                return Ok(over);
            }
            let Some(mut step) = self.begin(Some(pool), cell) else {
                return Err(failed("confirm", "a room was not made"));
            };
            step.room.pair = Some(Box::new(Pair(users.clone())));
            for (side, (_, alias)) in sides.iter().zip(&users) {
                step.known_session_in(side.session, alias, &Identity::made_name(alias));
            }
            let wrote = step.done(Rearm::Exactly);
            Ok(PairOpened::Opened { wrote, users })
        })
    }

    /// Takes a user out of a pair room with all sessions, at the word of one of them, which must be in it: the room
    /// closes and both are released. As [`leave`](crate::store::PresenceStore::leave), within a step of the pool.
    pub(super) fn leave_pair(
        &self,
        pool: &mut Pool,
        by: &Life,
        leave: &PairBreak,
    ) -> StoreResult<Departure> {
        self.step_in(Some(pool), by, &leave.room, |step| {
            departure(step, |step| {
                let alias = step.room.pair.as_ref().and_then(|pair| pair.alias_of(&leave.user));
                let alias =
                    alias.filter(|alias| step.room.roster.user_of(&leave.session) == Some(*alias));
                let alias = alias.cloned();
                alias.is_some_and(|alias| step.user_out(&alias, LeftWhy::Left).is_some())
            })
        })
    }

    /// Who the two of a pair room are, also after it closed, as long as it is remembered.
    pub(super) fn pair_room(&self, room: &RoomId) -> Option<PairRoom> {
        self.registry.with(room, |cell| {
            let room = cell?.room.as_ref()?;
            let Pair(users) = room.pair.as_deref()?.clone();
            Some(PairRoom { users, closed: room.closed_why() })
        })
    }
}
