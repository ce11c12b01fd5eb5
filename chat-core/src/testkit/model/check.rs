//! Everything that can be asked, compared.

use std::collections::BTreeSet;

use super::naive::Came;
use super::stream::text;
use super::{Play, ops, user_id};
use crate::error::Error;
use crate::id::{RoomId, UserId};
use crate::list::{Order, Page};
use crate::room::{Member, RoomKind};
use crate::store::{HistoryPage, Snapshot};

impl Play {
    pub(super) async fn check(&self) {
        self.naive.check_waiting();
        for room in 0..ops::ROOMS {
            self.check_room(&format!("r{room}")).await;
        }
        for id in self.naive.rooms.keys().filter(|id| id.contains('~')) {
            self.check_room(id).await;
        }
        self.check_users().await;
        self.check_lists().await;
        for engine in &self.engines {
            let online = engine.online().await.unwrap();
            self.same("online", &online, &(self.naive.online() as u64));
        }
    }

    async fn check_room(&self, id: &str) {
        let (engine, room) = (&self.engines[self.step % 2], RoomId::new(id).unwrap());
        let known = self.naive.rooms.get(id);
        let view = match (engine.room(&room).await, known) {
            (Ok(view), Some(known)) if known.is_open() => view,
            (Err(Error::RoomClosed { why }), Some(known)) => {
                self.same("why it closed", &Some(why), &known.closed.map(|(why, _)| why));
                self.check_log(id).await;
                return;
            }
            (Err(Error::NoSuchRoom), None) => return,
            (found, known) => panic!("{id} is {found:?}, {known:?} in the model: {}", self.context),
        };
        let known = known.unwrap();
        self.same("epoch", &view.epoch, &known.epoch);
        self.same("live", &(view.live as usize), &known.live());
        self.same("visitors", &(view.visitors as usize), &known.visitors(self.naive.now));
        self.same("last", &view.last.map(|entry| (entry.n, entry.at)), &known.last);
        let page = engine.members(&room, None, 200).await.unwrap();
        self.same("count", &(page.count as usize), &known.live());
        if known.pair.is_none() {
            self.same("members", &self.members(&page.members), &known.members());
            self.check_log(id).await;
        }
        self.same("the head", &page.cursor.n, &(known.log.len() as u64));
    }

    async fn check_log(&self, id: &str) {
        let known = &self.naive.rooms[id];
        if known.pair.is_some() {
            return;
        }
        let (engine, room) = (&self.engines[self.step % 2], RoomId::new(id).unwrap());
        let history = engine.history(&room, HistoryPage::Newest { limit: 200 }).await.unwrap();
        let lines: Vec<String> = history.entries.iter().map(|e| text(e, &self.aliases)).collect();
        self.same("the log", &lines, &known.newest());
    }

    fn members(&self, members: &[Member]) -> Vec<(u8, String)> {
        let member = |member: &Member| {
            let user = self.aliases.get(&member.user).copied();
            let user = user.unwrap_or_else(|| member.user.as_str()[1..].parse().unwrap());
            (user, member.name.to_string())
        };
        members.iter().map(member).collect()
    }

    async fn check_users(&self) {
        let backend = self.stage.backend().await;
        for user in 0..ops::USERS {
            let id = UserId::new(&user_id(user)).unwrap();
            let rooms = backend.presence.rooms_of(&id, 100).await.unwrap();
            let rooms: BTreeSet<String> = rooms.iter().map(ToString::to_string).collect();
            let known: BTreeSet<String> = self.naive.rooms_of(user).into_iter().collect();
            self.same("rooms of a user", &(user, rooms), &(user, known));
            let waiting = backend.matching.waiting(&id).await.unwrap();
            self.same("who waits", &(user, !waiting.is_empty()), &(user, self.naive.waits(user)));
        }
    }

    async fn check_lists(&self) {
        let engine = &self.engines[self.step % 2];
        for order in Order::ALL {
            let known = self.naive.list(order);
            let page = engine.rooms(order, Page::first(100)).await.unwrap();
            let row = |room: &crate::room::RoomView| {
                (room.id.to_string(), room.live as usize, room.visitors as usize)
            };
            let rows: Vec<_> = page.rooms.iter().map(row).collect();
            self.same(order.as_str(), &rows, &known);
            self.same("the total", &page.total, &(known.len() as u64));
            let offset = self.step as u32 % 3;
            let part = engine.rooms(order, Page::first(2).from(offset)).await.unwrap();
            let rows: Vec<_> = part.rooms.iter().map(row).collect();
            let known: Vec<_> = known.into_iter().skip(offset as usize).take(2).collect();
            self.same("a page", &rows, &known);
        }
    }

    pub(super) fn check_snapshot(&self, id: &str, user: u8, snapshot: &Snapshot, known: &Came) {
        let room = &self.naive.rooms[id];
        let lines: Vec<String> = snapshot.entries.iter().map(|e| text(e, &self.aliases)).collect();
        if snapshot.room.kind == RoomKind::Pair {
            // Who of the two came in first, and as whom the other one is seen, cannot be known.
            self.same("entries", &lines.len(), &known.entries.len());
        } else {
            self.same("you", &snapshot.you.as_str(), &user_id(user).as_str());
            self.same("entries", &lines, &known.entries);
            self.same("members", &self.members(&snapshot.members), &known.members);
        }
        self.same("the replay", &snapshot.replay, &known.replay);
        self.same("the cursor", &snapshot.cursor.n, &known.n);
        self.same("live", &(snapshot.room.live as usize), &known.live);
        self.same("visitors", &(snapshot.room.visitors as usize), &room.visitors(self.naive.now));
    }
}
