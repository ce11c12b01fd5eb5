//! Streams as they are read, and matches as they come about.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;

use super::{Play, ops, user_id};
use crate::entry::{Entry, What};
use crate::event::Event;
use crate::id::{RoomId, UserId};
use crate::store::HistoryPage;

/// How long something that must come may take, in tokio's time.
const LONGEST: Duration = Duration::from_secs(5);

/// An entry as a line of the model.
pub(super) fn text(entry: &Entry, aliases: &BTreeMap<UserId, u8>) -> String {
    let pair = entry.room.is_pair();
    let who = |user: &UserId| {
        let known = aliases.get(user).map(u8::to_string);
        known.unwrap_or_else(|| user.as_str().trim_start_matches('u').to_owned())
    };
    let name = |name: &str| if pair { "-".to_owned() } else { name.to_owned() };
    let told = match &entry.what {
        What::Said(said) => {
            let by = said.by.as_ref().map_or("-".to_owned(), &who);
            let name = said.name.as_ref().map_or("-".to_owned(), |n| name(n.as_str()));
            let body = String::from_utf8_lossy(said.body.as_bytes()).into_owned();
            format!("said {by} {name} {}", body.trim_matches('"'))
        }
        What::Joined { user, name: n, live } => {
            format!("joined {} {} {live}", who(user), name(n.as_str()))
        }
        What::Left { user, name: n, live, why } => {
            format!("left {} {} {live} {why}", who(user), name(n.as_str()))
        }
        What::Renamed { user, name: n } => format!("renamed {} {n}", who(user)),
        What::Closed { why } => format!("closed {why}"),
    };
    format!("{} {told}", entry.n)
}

/// What was read of one stream.
#[derive(Debug, Default, PartialEq)]
struct Told {
    rooms: BTreeMap<String, Vec<String>>,
    own: Vec<String>,
}

impl Told {
    fn len(&self) -> usize {
        self.rooms.values().map(Vec::len).sum::<usize>() + self.own.len()
    }
}

impl Play {
    /// Reads a stream to its end as of now.
    pub(super) async fn read(&mut self, slot: usize) {
        let Some(known) = self.naive.sessions.get_mut(&slot) else { return };
        let mut expected = Told { own: std::mem::take(&mut known.own), ..Told::default() };
        for seat in &mut known.seats {
            let pending = std::mem::take(&mut seat.pending);
            if !pending.is_empty() {
                expected.rooms.insert(seat.room.clone(), pending);
            }
        }
        known.seats.retain(|seat| !seat.ended);
        let (user, mut counts) = (known.user, BTreeMap::new());
        let mut told = Told::default();
        loop {
            let Some(session) = self.sessions.get_mut(&slot) else { break };
            let event = if told.len() < expected.len() {
                tokio::time::timeout(LONGEST, session.next()).await.ok().flatten()
            } else {
                session.next().now_or_never().flatten()
            };
            let Some(event) = event else { break };
            self.take(user, event, &mut told, &mut counts);
        }
        self.same("the stream", &told, &expected);
        for (id, live) in counts {
            let known = self.naive.rooms.get(&id).filter(|room| room.is_open());
            if let Some(known) = known.filter(|room| room.has(user)) {
                self.same("the last count", &(live as usize), &known.live());
            }
        }
    }

    fn take(
        &mut self,
        user: u8,
        event: Event,
        told: &mut Told,
        counts: &mut BTreeMap<String, u32>,
    ) {
        match event {
            Event::Entry(entry) => {
                let id = entry.room.to_string();
                self.cursors.insert((user, id.clone()), entry.cursor());
                told.rooms.entry(id).or_default().push(text(&entry, &self.aliases));
            }
            Event::Kicked { room } => {
                told.rooms.entry(room.to_string()).or_default().push("kicked".to_owned());
            }
            Event::Count { room, live } => {
                counts.insert(room.to_string(), live);
            }
            Event::Matched(matched) => {
                let (id, snapshot) = (matched.room().to_string(), &matched.snapshot);
                self.aliases.insert(snapshot.you.clone(), user);
                if let Some(other) = self.pairs[&id].into_iter().find(|other| *other != user) {
                    for member in snapshot.members.iter().filter(|m| m.user != snapshot.you) {
                        self.aliases.insert(member.user.clone(), other);
                    }
                }
                self.same("the two", &snapshot.members.len(), &2);
                self.cursors.insert((user, id.clone()), snapshot.cursor);
                told.own.push(format!("matched {id}"));
            }
            Event::Unmatched { why, .. } => told.own.push(format!("unmatched {}", why.as_str())),
            Event::Bye { why } => told.own.push(format!("bye {}", why.as_str())),
            other => panic!("{other:?}: {}", self.context),
        }
    }

    /// Takes over who has met.
    pub(super) async fn take_matches(&mut self) {
        let backend = self.stage.backend().await;
        let mut found: BTreeMap<RoomId, Vec<u8>> = BTreeMap::new();
        for user in 0..ops::USERS {
            let id = UserId::new(&user_id(user)).unwrap();
            for room in backend.presence.rooms_of(&id, 100).await.unwrap() {
                if room.is_pair() && !self.naive.rooms.contains_key(room.as_str()) {
                    assert_eq!(room.pool(), Some(Self::pool()));
                    found.entry(room).or_default().push(user);
                }
            }
        }
        for (room, users) in found {
            let users = <[u8; 2]>::try_from(users)
                .unwrap_or_else(|users| panic!("{users:?} are in {room}: {}", self.context));
            let view = self.engines[0].room(&room).await.unwrap();
            let history = self.engines[0].history(&room, HistoryPage::Newest { limit: 10 }).await;
            assert_eq!(history.unwrap().entries.len(), 2, "{}", self.context);
            self.pairs.insert(room.to_string(), users);
            self.naive.met(room.as_str(), users, view.epoch, view.created);
        }
    }
}
