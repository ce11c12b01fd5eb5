//! [`RoomStore`] in memory.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;

use super::MemoryStore;
use super::keys::{Keys, Written};
use super::record::{Over, Room};
use super::registry::Cell;
use super::step::Rearm;
use crate::body::Body;
use crate::entry::{Cursor, Said, Signal, What};
use crate::id::{RoomId, SessionKey, UserId, Writer};
use crate::room::NewRoom;
use crate::store::{
    Appended, Close, Closing, Existing, History, HistoryPage, Opened, Resumed, RoomStore, Say,
    Signalled, Speaker, StoreResult, Subscription,
};
use crate::text::Name;
use crate::user::Identity;
use crate::why::LostWhy;

#[async_trait]
impl RoomStore for MemoryStore {
    async fn open(&self, by: Writer, room: NewRoom) -> StoreResult<Opened> {
        self.open_now(by, room)
    }

    async fn get(&self, rooms: &[RoomId]) -> StoreResult<Vec<Existing>> {
        let existing = |room: &Room| match room.closed_why() {
            Some(why) => Existing::Closed { why },
            None => Existing::Open(Box::new(room.view())),
        };
        let one = |id| self.read(id, |room| room.map_or(Existing::Missing, existing));
        Ok(rooms.iter().map(one).collect())
    }

    async fn append(&self, by: Writer, say: Say) -> StoreResult<Appended> {
        self.append_now(by, say)
    }

    async fn resume(&self, room: &RoomId, cursor: Cursor, max: u32) -> StoreResult<Resumed> {
        Ok(self.read(room, |room| match room {
            None => Resumed::Missing,
            Some(room) => resume(room, cursor, max),
        }))
    }

    async fn history(&self, room: &RoomId, page: HistoryPage) -> StoreResult<Option<History>> {
        Ok(self.read(room, |room| {
            let room = room?;
            let (epoch, first) = (room.fixed.epoch, room.log.first());
            let page = room.log.page(page);
            Some(History { entries: page.entries, more: page.more, epoch, first })
        }))
    }

    async fn heads(&self, rooms: &[RoomId]) -> StoreResult<Vec<Option<Cursor>>> {
        Ok(rooms.iter().map(|id| self.read(id, |room| room.map(Room::head))).collect())
    }

    async fn signal(
        &self,
        by: Writer,
        room: &RoomId,
        from: SessionKey,
        body: Body,
    ) -> StoreResult<Signalled> {
        self.signal_now(by, room, from, body)
    }

    async fn close(&self, by: Writer, close: Close) -> StoreResult<Closing> {
        self.close_now(by, &close)
    }

    async fn subscribe(&self, by: Writer, room: &RoomId) -> StoreResult<Subscription> {
        let life = self.nodes.living(by)?;
        self.registry.with_or_new(room, |cell| {
            life.subscribed_to(room)?;
            let which = Subscription(self.subscriptions.fetch_add(1, Ordering::Relaxed) + 1);
            cell.subscribers.add(&life, which);
            Ok(which)
        })
    }

    async fn unsubscribe(&self, by: Writer, room: &RoomId, which: Subscription) -> StoreResult<()> {
        let life = self.nodes.living(by)?;
        self.registry.with(room, |cell| {
            if cell.is_some_and(|cell| cell.subscribers.remove(&life, which)) {
                life.not_subscribed_to(room);
            }
        });
        Ok(())
    }
}

impl MemoryStore {
    /// Looks at a room, open or closed, if there is one.
    fn read<R>(&self, id: &RoomId, look: impl FnOnce(Option<&Room>) -> R) -> R {
        self.registry.with(id, |cell| look(cell.and_then(|cell| cell.room.as_ref())))
    }

    fn open_now(&self, by: Writer, new: NewRoom) -> StoreResult<Opened> {
        let life = self.nodes.living(by)?;
        Self::refuse_pair("open", &new)?;
        self.registry.with_or_new(&new.id.clone(), |cell| {
            life.check()?;
            if let Some(room) = open_room(cell) {
                return Ok(Opened::Exists(room.view()));
            }
            let view = self.make(cell, new, self.clock.now())?;
            if let Some(step) = self.begin(None, cell) {
                step.done(Rearm::Exactly);
            }
            Ok(Opened::Opened(view))
        })
    }

    fn append_now(&self, by: Writer, say: Say) -> StoreResult<Appended> {
        self.registry.with(&say.room, |cell| {
            // With the room locked: whoever takes out what a life has left finds nothing behind itself. Nearly all who say something
            // somewhere are told what happens there: so their life is at hand, and what all nodes share need not be touched.
            match cell.as_ref().and_then(|cell| cell.subscribers.life(by)) {
                Some(life) => life.check()?,
                None => self.nodes.living(by)?.check()?,
            }
            let Some(Cell { room: Some(room), subscribers, .. }) = cell else {
                return Ok(Appended::Missing);
            };
            match room.check(say.epoch) {
                Ok(()) => {}
                Err(Over::Missing) => return Ok(Appended::Missing),
                Err(Over::Closed(why)) => return Ok(Appended::Closed { why }),
            }
            let Some((by, name)) = author(room, say.author) else {
                return Ok(Appended::NotMember);
            };
            let (now, kept) = (self.clock.now(), self.options.keys_kept);
            let whose = say.key.clone().map(|key| (by.clone(), key));
            if let (Some(whose), Some(keys)) = (&whose, &mut room.keys)
                && let Some(Written { n, at }) = keys.find(now, kept, whose)
            {
                return Ok(Appended::Duplicate { epoch: room.fixed.epoch, n, at });
            }
            let said = Said { by, name, body: say.body, key: say.key };
            let entry = room.write(now, What::Said(said), self.options.notices);
            if let Some(whose) = whose {
                let keys = room.keys.get_or_insert_with(|| Box::new(Keys::new(now)));
                keys.remember(now, self.options.keys, whose, Written { n: entry.n, at: entry.at });
            }
            if let Some(rank) = room.rank {
                self.ranks.said(rank, &entry);
            }
            subscribers.entry(&entry);
            Ok(Appended::Written(entry))
        })
    }

    fn signal_now(
        &self,
        by: Writer,
        id: &RoomId,
        from: SessionKey,
        body: Body,
    ) -> StoreResult<Signalled> {
        let life = self.nodes.living(by)?;
        self.registry.with(id, |cell| {
            life.check()?;
            let Some(Cell { room: Some(room), subscribers, .. }) = cell else {
                return Ok(Signalled::Missing);
            };
            if let Some(why) = room.closed_why() {
                return Ok(Signalled::Closed { why });
            }
            let Some(user) = room.roster.user_of(&from) else { return Ok(Signalled::NotMember) };
            subscribers.signal(&Arc::new(Signal::new(id.clone(), user.clone(), from, body)));
            Ok(Signalled::Sent)
        })
    }

    fn close_now(&self, by: Writer, close: &Close) -> StoreResult<Closing> {
        let life = self.nodes.living(by)?;
        self.pools.with_pool_of(&close.room, &self.deadlines, |pool| {
            self.registry.with(&close.room, |cell| {
                life.check()?;
                let Some(mut step) = cell.and_then(|cell| self.begin(pool, cell)) else {
                    return Ok(Closing::Missing);
                };
                match step.room.check(close.epoch) {
                    Ok(()) => {}
                    Err(Over::Missing) => return Ok(Closing::Missing),
                    Err(Over::Closed(why)) => return Ok(Closing::Already { why }),
                }
                if close.owner.is_some() && close.owner != step.room.fixed.owner {
                    return Ok(Closing::NotOwner);
                }
                step.close(close.why);
                // The last entry is the only one that closing writes.
                let wrote = step.done(Rearm::Exactly).pop();
                Ok(wrote.map_or(Closing::Already { why: close.why }, Closing::Closed))
            })
        })
    }
}

/// The room in a cell, where it is open.
fn open_room(cell: &Cell) -> Option<&Room> {
    cell.room.as_ref().filter(|room| room.closed.is_none())
}

/// As whom something is said, and under what name; `None` where the author is not in the room as they must be.
fn author(room: &Room, author: Speaker) -> Option<(Option<UserId>, Option<Name>)> {
    match author {
        Speaker::System => Some((None, None)),
        Speaker::Session { session, user } => {
            let seen_as = room.roster.user_of(&session)?;
            let theirs = match &room.pair {
                None => *seen_as == user,
                Some(pair) => pair.alias_of(&user) == Some(seen_as),
            };
            theirs.then(|| (Some(seen_as.clone()), room.roster.name(seen_as).cloned()))
        }
        Speaker::User { user, name } if room.pair.is_none() => Some((Some(user), Some(name))),
        Speaker::User { user, .. } => {
            let alias = room.seen_as_either(&user)?;
            let name = Identity::made_name(&alias);
            Some((Some(alias), Some(name)))
        }
    }
}

fn resume(room: &Room, cursor: Cursor, max: u32) -> Resumed {
    let head = room.head();
    match room.after(cursor, max) {
        Ok(entries) => Resumed::Entries { entries, head },
        Err(why) => {
            let ended = (why == LostWhy::Epoch).then(|| room.ended(cursor.epoch).cloned());
            Resumed::Lost { why, head, ended: ended.flatten() }
        }
    }
}
