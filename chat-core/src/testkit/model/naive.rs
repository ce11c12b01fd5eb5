//! The engine as plain lists: everything is looked for by going through all of it, every number is counted anew.
//!
//! What only the store can know (epochs, times, which two meet) is taken over from it, after a look at whether it may be
//! so.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::Epoch;
use crate::list::Order;
use crate::room::RoomKind;
use crate::store::Replay;
use crate::time::Timestamp;
use crate::why::{CloseWhy, LostWhy};

pub(super) type Code = Result<(), &'static str>;

/// Milliseconds since the schedule began. Schedules move by whole seconds, deadlines are at halves: so a store whose time
/// goes on by itself a little meanwhile comes to the same.
pub(super) type Millis = u64;

pub(super) const NOTICES: usize = 8;
pub(super) const CLOSED_KEPT: Millis = 20_500;
pub(super) const WINDOW: Millis = 25_500;
pub(super) const WIDEN: Millis = 2_500;
pub(super) const SOFT: Millis = 4_500;
pub(super) const PLACE_KEPT: Millis = 4_500;

/// What holds in a room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) kind: RoomKind,
    pub(super) counts: bool,
    pub(super) capacity: usize,
    pub(super) history: usize,
    pub(super) grace: Millis,
    pub(super) idle: Option<Millis>,
    pub(super) empty: Option<Millis>,
    pub(super) max_age: Option<Millis>,
}

const OPEN: Rules = Rules {
    kind: RoomKind::Public,
    counts: false,
    capacity: 3,
    history: 5,
    grace: 4_500,
    idle: None,
    empty: Some(20_500),
    max_age: None,
};

pub(super) const SPECS: [Rules; 4] = [
    OPEN,
    Rules { counts: true, capacity: 2, grace: 2_500, idle: Some(15_500), empty: None, ..OPEN },
    Rules {
        kind: RoomKind::Private,
        history: 500,
        grace: 0,
        empty: Some(10_500),
        max_age: Some(60_500),
        ..OPEN
    },
    Rules { capacity: 10, history: 0, idle: Some(30_500), empty: Some(1_500), ..OPEN },
];

pub(super) const PAIR: Rules = Rules {
    kind: RoomKind::Pair,
    capacity: 2,
    history: 500,
    grace: 3_500,
    idle: Some(40_500),
    empty: None,
    ..OPEN
};

/// A room in its present life, open or closed.
#[derive(Debug, Clone)]
pub(super) struct Room {
    pub(super) rules: Rules,
    pub(super) epoch: Epoch,
    pub(super) created: Timestamp,
    pub(super) owner: Option<u8>,
    pub(super) pair: Option<[u8; 2]>,
    pub(super) roster: Vec<Present>,
    /// Everything that was ever written: the line, and whether it was said.
    pub(super) log: Vec<(String, bool)>,
    /// The newest thing said: its number and its time.
    pub(super) last: Option<(u64, Timestamp)>,
    pub(super) closed: Option<(CloseWhy, Millis)>,
    /// Whose leaving ended it.
    left_by: Option<u8>,
    /// The life before, and how it ended.
    before: Option<(Epoch, CloseWhy)>,
    opened_at: Millis,
    said_at: Millis,
    empty_since: Millis,
    /// Who left, and when.
    gone: Vec<(u8, Millis)>,
    keys: Vec<(u8, u8, u64)>,
}

#[derive(Debug, Clone)]
pub(super) struct Present {
    pub(super) user: u8,
    pub(super) name: String,
    sessions: Vec<usize>,
    grace: Option<Millis>,
}

/// A connection.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) user: u8,
    pub(super) engine: usize,
    pub(super) name: String,
    pub(super) over: bool,
    pub(super) seats: Vec<Seat>,
    /// The pair rooms it has been in.
    pub(super) pairs: Vec<String>,
    /// What it is told beside rooms.
    pub(super) own: Vec<String>,
}

/// Where a connection reads.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) room: String,
    pub(super) epoch: Epoch,
    /// What it has not read yet.
    pub(super) pending: Vec<String>,
    /// Nothing follows.
    pub(super) ended: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Ticket {
    pub(super) user: u8,
    pub(super) slot: usize,
    pub(super) tags: u8,
    pub(super) entered: Millis,
    pub(super) lost: Option<Millis>,
}

#[derive(Debug, Default)]
pub(super) struct Naive {
    pub(super) now: Millis,
    pub(super) rooms: BTreeMap<String, Room>,
    pub(super) sessions: BTreeMap<usize, Session>,
    pub(super) tickets: Vec<Ticket>,
    blocks: BTreeSet<(u8, u8)>,
    partners: BTreeSet<(u8, u8)>,
}

/// What a join is answered with.
#[derive(Debug, PartialEq)]
pub(super) struct Came {
    pub(super) live: usize,
    pub(super) n: u64,
    pub(super) members: Vec<(u8, String)>,
    pub(super) entries: Vec<String>,
    pub(super) replay: Replay,
}

fn both(a: u8, b: u8) -> (u8, u8) {
    (a.min(b), a.max(b))
}

impl Room {
    fn new(rules: Rules, epoch: Epoch, created: Timestamp, now: Millis) -> Self {
        Self {
            rules,
            epoch,
            created,
            owner: None,
            pair: None,
            roster: Vec::new(),
            log: Vec::new(),
            last: None,
            closed: None,
            left_by: None,
            before: None,
            opened_at: now,
            said_at: now,
            empty_since: now,
            gone: Vec::new(),
            keys: Vec::new(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    pub(super) fn live(&self) -> usize {
        self.roster.len()
    }

    pub(super) fn visitors(&self, now: Millis) -> usize {
        let gone = |user: &u8| {
            let at = self.gone.iter().filter(|(u, _)| u == user).map(|(_, at)| *at).max();
            at.is_some_and(|at| at + WINDOW > now) && !self.has(*user)
        };
        let users: BTreeSet<u8> = self.gone.iter().map(|(user, _)| *user).collect();
        self.live() + users.iter().filter(|user| gone(user)).count()
    }

    pub(super) fn has(&self, user: u8) -> bool {
        self.roster.iter().any(|present| present.user == user)
    }

    fn has_session(&self, slot: usize) -> bool {
        self.roster.iter().any(|present| present.sessions.contains(&slot))
    }

    pub(super) fn members(&self) -> Vec<(u8, String)> {
        let mut members: Vec<_> =
            self.roster.iter().map(|present| (present.user, present.name.clone())).collect();
        members.sort();
        members
    }

    /// The numbers that the log still has.
    fn kept(&self) -> BTreeSet<u64> {
        let numbers = |said: bool, keep: usize| {
            let all = self.log.iter().zip(1u64..).filter(|((_, s), _)| *s == said);
            let all: Vec<u64> = all.map(|(_, n)| n).collect();
            all[all.len().saturating_sub(keep)..].to_vec()
        };
        numbers(true, self.rules.history).into_iter().chain(numbers(false, NOTICES)).collect()
    }

    fn line(&self, n: u64) -> String {
        self.log[n as usize - 1].0.clone()
    }

    fn after(&self, epoch: Epoch, n: u64) -> Result<Vec<String>, LostWhy> {
        let head = self.log.len() as u64;
        if epoch != self.epoch || n > head {
            return Err(LostWhy::Epoch);
        }
        let kept = self.kept();
        if (n + 1..=head).all(|n| kept.contains(&n)) {
            Ok((n + 1..=head).map(|n| self.line(n)).collect())
        } else {
            Err(LostWhy::Trimmed)
        }
    }

    /// The newest page of what was said, whatever its length.
    pub(super) fn newest(&self) -> Vec<String> {
        let kept = self.kept();
        let first = kept.iter().find(|n| self.log[**n as usize - 1].1).copied().unwrap_or(0);
        kept.into_iter().filter(|n| *n >= first).map(|n| self.line(n)).collect()
    }

    /// When it closes as things stand, and why.
    fn closes(&self) -> Option<(Millis, CloseWhy)> {
        let empty = self.rules.empty.filter(|_| self.roster.is_empty());
        let ends = [
            (self.rules.idle.map(|after| self.said_at + after), CloseWhy::Idle),
            (empty.map(|after| self.empty_since + after), CloseWhy::Empty),
            (self.rules.max_age.map(|after| self.opened_at + after), CloseWhy::MaxAge),
        ];
        let ends = ends.into_iter().filter_map(|(at, why)| at.map(|at| (at, why)));
        ends.min_by_key(|(at, _)| *at)
    }
}

impl Session {
    fn seat(&mut self, room: &str) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.room == room)
    }

    /// Nothing of the room reaches it after this, not even that it was matched there.
    fn stand_up(&mut self, room: &str) {
        if self.seat(room).is_some() {
            self.seats.retain(|seat| seat.room != room);
            self.own.retain(|line| *line != format!("matched {room}"));
        }
    }
}

impl Naive {
    /// The room, where it is open.
    fn open_room(&self, id: &str) -> Result<&Room, &'static str> {
        match self.rooms.get(id) {
            None => Err("no_such_room"),
            Some(room) if room.is_open() => Ok(room),
            Some(_) => Err("room_closed"),
        }
    }

    /// What a connection is told of a room that has closed: who left a pair room knows that it is no member any more.
    fn closed_to(&self, slot: usize, id: &str) -> &'static str {
        let session = &self.sessions[&slot];
        let left = self.rooms[id].left_by == Some(session.user);
        if left && session.pairs.iter().any(|pair| pair == id) {
            "not_member"
        } else {
            "room_closed"
        }
    }

    fn room(&mut self, id: &str) -> &mut Room {
        self.rooms.get_mut(id).expect("was looked for before")
    }

    /// The pair room in which a user is engaged.
    pub(super) fn engaged(&self, user: u8) -> Option<&String> {
        let engages = |room: &Room| room.is_open() && room.pair.is_some_and(|p| p.contains(&user));
        self.rooms.iter().find(|(_, room)| engages(room)).map(|(id, _)| id)
    }

    pub(super) fn rooms_of(&self, user: u8) -> Vec<String> {
        let open = self.rooms.iter().filter(|(_, room)| room.is_open() && room.has(user));
        open.map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn waits(&self, user: u8) -> bool {
        self.tickets.iter().any(|ticket| ticket.user == user)
    }

    /// A list: ids with their numbers.
    pub(super) fn list(&self, order: Order) -> Vec<(String, usize, usize)> {
        let listed = |room: &Room| room.is_open() && room.rules.kind == RoomKind::Public;
        let mut rows: Vec<_> = self.rooms.iter().filter(|(_, room)| listed(room)).collect();
        rows.sort_by_key(|(id, room)| {
            let value = match order {
                Order::Live => room.live() as u64,
                Order::Visitors => room.visitors(self.now) as u64,
                Order::Newest => room.created.0,
                Order::Active => room.last.map_or(0, |(_, at)| at.0),
            };
            (std::cmp::Reverse(value), room.created, (*id).clone())
        });
        let row = |(id, room): (&String, &Room)| (id.clone(), room.live(), room.visitors(self.now));
        rows.into_iter().map(row).collect()
    }

    /// Distinct users with a connection on an engine, over all engines.
    pub(super) fn online(&self) -> usize {
        let alive = self.sessions.values().filter(|session| !session.over);
        alive.map(|session| (session.engine, session.user)).collect::<BTreeSet<_>>().len()
    }

    fn write(&mut self, id: &str, line: &str, said: bool) -> u64 {
        let room = self.room(id);
        let n = room.log.len() as u64 + 1;
        let line = format!("{n} {line}");
        room.log.push((line.clone(), said));
        let epoch = room.epoch;
        for session in self.sessions.values_mut() {
            if let Some(seat) = session.seat(id)
                && seat.epoch == epoch
                && !seat.ended
            {
                seat.pending.push(line.clone());
            }
        }
        n
    }

    fn notice(&mut self, id: &str, line: &str) {
        if !self.room(id).rules.counts {
            self.write(id, line, false);
        }
    }

    /// A new room, or a new life of one that has closed.
    fn make(&mut self, id: &str, rules: Rules, owner: Option<u8>, epoch: Epoch, at: Timestamp) {
        let mut room = Room::new(rules, epoch, at, self.now);
        room.owner = owner;
        let before = self.rooms.get(id).and_then(|old| Some((old.epoch, old.closed?.0)));
        room.before = before;
        self.rooms.insert(id.to_owned(), room);
    }

    pub(super) fn may_open(&self, id: &str) -> Code {
        if self.open_room(id).is_ok() { Err("room_exists") } else { Ok(()) }
    }

    pub(super) fn open(&mut self, id: &str, rules: Rules, epoch: Epoch, at: Timestamp) {
        self.make(id, rules, None, epoch, at);
    }

    pub(super) fn may_join(&self, slot: usize, id: &str, create: bool) -> Code {
        let user = self.sessions[&slot].user;
        let room = match self.open_room(id) {
            Ok(room) => room,
            Err(_) if create => return Ok(()),
            Err(code) => return Err(code),
        };
        if room.pair.is_some_and(|pair| !pair.contains(&user)) {
            return Err("forbidden");
        }
        if room.live() >= room.rules.capacity && !room.has(user) {
            return Err("room_full");
        }
        Ok(())
    }

    pub(super) fn join(
        &mut self,
        slot: usize,
        id: &str,
        create: Option<Rules>,
        since: Option<(Epoch, u64)>,
        made: (Epoch, Timestamp),
    ) -> Came {
        let (user, name) = (self.sessions[&slot].user, self.sessions[&slot].name.clone());
        if let (Some(rules), Err(_)) = (create, self.open_room(id)) {
            self.make(id, rules, Some(user), made.0, made.1);
        }
        self.enter(slot, id, user, name);
        let room = &self.rooms[id];
        let (entries, replay) = match since.map(|(epoch, n)| room.after(epoch, n)) {
            None => (room.newest(), Replay::Recent),
            Some(Ok(entries)) => (entries, Replay::Resumed),
            Some(Err(why)) => (room.newest(), Replay::Lost(why)),
        };
        let came = Came {
            live: room.live(),
            n: room.log.len() as u64,
            members: room.members(),
            entries,
            replay,
        };
        self.sit(slot, id);
        came
    }

    /// A fresh place, from which what comes next is read.
    fn sit(&mut self, slot: usize, id: &str) {
        let (epoch, pair) = (self.rooms[id].epoch, self.rooms[id].pair.is_some());
        let session = self.sessions.get_mut(&slot).expect("is there");
        session.seats.retain(|seat| seat.room != id);
        session.seats.push(Seat { room: id.to_owned(), epoch, pending: Vec::new(), ended: false });
        if pair {
            session.pairs.push(id.to_owned());
        }
    }

    fn enter(&mut self, slot: usize, id: &str, user: u8, name: String) {
        let room = self.room(id);
        if let Some(present) = room.roster.iter_mut().find(|present| present.user == user) {
            present.grace = None;
            if !present.sessions.contains(&slot) {
                present.sessions.push(slot);
            }
            return;
        }
        let line = |live: usize| format!("joined {user} {name} {live}");
        let line = line(room.live() + 1);
        room.gone.retain(|(u, _)| *u != user);
        let sessions = vec![slot];
        room.roster.push(Present { user, name, sessions, grace: None });
        self.notice(id, &line);
    }

    /// Takes a user out of an open room.
    fn user_out(&mut self, id: &str, user: u8, why: &str) {
        let now = self.now;
        let room = self.room(id);
        let Some(at) = room.roster.iter().position(|present| present.user == user) else { return };
        let present = room.roster.remove(at);
        room.gone.push((user, now));
        if room.roster.is_empty() {
            room.empty_since = now;
        }
        let (live, pair) = (room.live(), room.pair.is_some());
        self.notice(id, &format!("left {user} {} {live} {why}", present.name));
        if why == "kicked" {
            for slot in present.sessions {
                if let Some(seat) = self.sessions.get_mut(&slot).and_then(|s| s.seat(id)) {
                    seat.pending.push("kicked".to_owned());
                    seat.ended = true;
                }
            }
        }
        if pair {
            self.room(id).left_by = Some(user).filter(|_| why == "left");
            self.close_room(id, CloseWhy::PartnerLeft);
        }
    }

    fn close_room(&mut self, id: &str, why: CloseWhy) {
        self.write(id, &format!("closed {why}"), false);
        let now = self.now;
        let room = self.room(id);
        room.closed = Some((why, now));
        room.roster.clear();
        let epoch = room.epoch;
        for session in self.sessions.values_mut() {
            if let Some(seat) = session.seat(id)
                && seat.epoch == epoch
            {
                seat.ended = true;
            }
        }
    }

    pub(super) fn leave(&mut self, slot: usize, id: &str) -> Code {
        self.sessions.get_mut(&slot).expect("is there").stand_up(id);
        let user = self.sessions[&slot].user;
        if self.rooms.get(id).is_some_and(|room| !room.is_open()) {
            return Err(self.closed_to(slot, id));
        }
        let room = self.open_room(id)?;
        if !room.has_session(slot) {
            return Err("not_member");
        }
        if room.pair.is_some() {
            self.user_out(id, user, "left");
            return Ok(());
        }
        let room = self.room(id);
        for present in &mut room.roster {
            present.sessions.retain(|s| *s != slot);
        }
        let still = room.roster.iter().any(|p| p.user == user && !p.sessions.is_empty());
        if !still {
            self.user_out(id, user, "left");
        }
        Ok(())
    }

    /// The number under which it is to be found, and whether it was there already.
    pub(super) fn say(
        &mut self,
        slot: usize,
        id: &str,
        body: &str,
        key: Option<u8>,
    ) -> Result<(u64, bool), &'static str> {
        let user = self.sessions[&slot].user;
        let seat = self.sessions[&slot].seats.iter().find(|seat| seat.room == id);
        let room = self.rooms.get(id).ok_or("no_such_room")?;
        if let Some(seat) = seat
            && seat.epoch != room.epoch
        {
            let known = room.before.is_some_and(|(epoch, _)| epoch == seat.epoch);
            return Err(if known || !room.is_open() { "room_closed" } else { "no_such_room" });
        }
        if !room.is_open() {
            return Err(self.closed_to(slot, id));
        }
        let Some(present) = room.roster.iter().find(|p| p.sessions.contains(&slot)) else {
            return Err("not_member");
        };
        let line = format!("said {user} {} {body}", present.name);
        Ok(self.speak(id, user, &line, key))
    }

    fn speak(&mut self, id: &str, user: u8, line: &str, key: Option<u8>) -> (u64, bool) {
        if let Some(key) = key {
            let known = self.rooms[id].keys.iter().find(|(u, k, _)| (*u, *k) == (user, key));
            if let Some((_, _, n)) = known {
                return (*n, true);
            }
        }
        let n = self.write(id, line, true);
        let now = self.now;
        let room = self.room(id);
        room.said_at = now;
        room.keys.extend(key.map(|key| (user, key, n)));
        (n, false)
    }

    pub(super) fn post(
        &mut self,
        id: &str,
        user: Option<u8>,
        body: &str,
    ) -> Result<u64, &'static str> {
        self.open_room(id)?;
        let line = match user {
            Some(user) => format!("said {user} host {body}"),
            None => format!("said - - {body}"),
        };
        Ok(self.speak(id, user.unwrap_or(u8::MAX), &line, None).0)
    }

    /// Takes over when something was said.
    pub(super) fn said(&mut self, id: &str, n: u64, at: Timestamp) {
        self.room(id).last = Some((n, at));
    }

    pub(super) fn rename(&mut self, slot: usize, name: &str) {
        let (user, engine) = (self.sessions[&slot].user, self.sessions[&slot].engine);
        for session in self.sessions.values_mut() {
            if session.user == user && session.engine == engine && !session.over {
                session.name = name.to_owned();
            }
        }
        for id in self.rooms_of(user) {
            let room = self.room(&id);
            if room.pair.is_some() {
                continue;
            }
            let present = room.roster.iter_mut().find(|present| present.user == user);
            if let Some(present) = present.filter(|present| present.name != name) {
                present.name = name.to_owned();
                self.notice(&id, &format!("renamed {user} {name}"));
            }
        }
    }

    pub(super) fn close_own(&mut self, slot: usize, id: &str) -> Code {
        let user = self.sessions[&slot].user;
        if self.open_room(id)?.owner != Some(user) {
            return Err("forbidden");
        }
        self.close_room(id, CloseWhy::Owner);
        Ok(())
    }

    pub(super) fn close(&mut self, id: &str) -> Code {
        self.open_room(id)?;
        self.close_room(id, CloseWhy::Admin);
        Ok(())
    }

    pub(super) fn kick(&mut self, id: &str, user: u8) -> Code {
        if !self.open_room(id)?.has(user) {
            return Err("not_member");
        }
        self.user_out(id, user, "kicked");
        Ok(())
    }

    /// A connection is lost: its places have a grace.
    pub(super) fn lose(&mut self, slot: usize) {
        let Some(session) = self.sessions.get_mut(&slot).filter(|session| !session.over) else {
            return;
        };
        session.over = true;
        session.seats.clear();
        let ids: Vec<String> = self.rooms.keys().cloned().collect();
        for id in ids {
            let now = self.now;
            let room = self.room(&id);
            let grace = room.rules.grace;
            let mut out = None;
            for present in &mut room.roster {
                if present.sessions.contains(&slot) {
                    present.sessions.retain(|s| *s != slot);
                    if present.sessions.is_empty() {
                        present.grace = Some(now + grace);
                        out = Some(present.user).filter(|_| grace == 0);
                    }
                }
            }
            if let Some(user) = out {
                self.user_out(&id, user, "lost");
            }
        }
        for ticket in &mut self.tickets {
            if ticket.slot == slot && ticket.lost.is_none() {
                ticket.lost = Some(self.now);
            }
        }
    }

    /// All connections of a user end, and are told.
    pub(super) fn disconnect(&mut self, user: u8) {
        let of_user = |s: &Session| s.user == user && !s.over;
        let slots: Vec<usize> =
            self.sessions.iter().filter(|(_, s)| of_user(s)).map(|(slot, _)| *slot).collect();
        for slot in slots {
            self.lose(slot);
            self.sessions.get_mut(&slot).expect("is there").own.push("bye kicked".to_owned());
        }
    }

    pub(super) fn seek(&mut self, slot: usize, tags: u8) -> Code {
        let user = self.sessions[&slot].user;
        if self.engaged(user).is_some() {
            return Err("already_matched");
        }
        let mut entered = self.now;
        if let Some(at) = self.tickets.iter().position(|ticket| ticket.user == user) {
            let old = self.tickets.remove(at);
            entered = old.entered;
            self.tell_replaced(&old, slot);
        }
        self.tickets.push(Ticket { user, slot, tags, entered, lost: None });
        Ok(())
    }

    fn tell_replaced(&mut self, old: &Ticket, by: usize) {
        if old.slot != by
            && old.lost.is_none()
            && let Some(session) = self.sessions.get_mut(&old.slot)
        {
            session.own.push("unmatched replaced".to_owned());
        }
    }

    pub(super) fn cancel(&mut self, slot: usize) -> Code {
        let user = self.sessions[&slot].user;
        if self.engaged(user).is_some() {
            return Err("already_matched");
        }
        let at = self.tickets.iter().position(|ticket| ticket.user == user).ok_or("not_waiting")?;
        let old = self.tickets.remove(at);
        self.tell_replaced(&old, slot);
        Ok(())
    }

    /// Leaves a pair room, the user with all connections, if it has not ended before.
    fn part(&mut self, slot: usize, id: &str) -> Code {
        let user = self.sessions[&slot].user;
        let room = self.rooms.get(id).ok_or("no_such_room")?;
        let theirs = room.pair.is_some_and(|pair| pair.contains(&user));
        if !theirs || (room.is_open() && !room.has_session(slot)) {
            return Err("not_member");
        }
        if room.is_open() {
            self.user_out(id, user, "left");
        }
        Ok(())
    }

    pub(super) fn next(&mut self, slot: usize, id: &str, tags: u8) -> Code {
        self.part(slot, id)?;
        self.seek(slot, tags)?;
        self.sessions.get_mut(&slot).expect("is there").stand_up(id);
        Ok(())
    }

    pub(super) fn block(&mut self, slot: usize, id: &str) -> Code {
        self.part(slot, id)?;
        let pair = self.rooms[id].pair.expect("is one");
        self.blocks.insert(both(pair[0], pair[1]));
        self.sessions.get_mut(&slot).expect("is there").stand_up(id);
        Ok(())
    }

    /// Two have met: takes it over if they may have. Gives the connections that are in their room.
    pub(super) fn met(&mut self, id: &str, users: [u8; 2], epoch: Epoch, at: Timestamp) {
        let sides = users.map(|user| {
            let at = self.tickets.iter().position(|ticket| ticket.user == user);
            self.tickets.remove(at.unwrap_or_else(|| panic!("{user} was matched without waiting")))
        });
        let [one, two] = &sides;
        assert!(one.user != two.user, "{one:?} was matched with themselves");
        assert!(one.lost.is_none() && two.lost.is_none(), "{one:?} {two:?}: one is lost");
        assert!(!self.blocks.contains(&both(one.user, two.user)), "{one:?} {two:?} are blocked");
        assert!(self.may_fit(one, two), "{one:?} {two:?} do not fit");
        self.partners.insert(both(one.user, two.user));
        self.make(id, PAIR, None, epoch, at);
        self.room(id).pair = Some(users);
        for ticket in &sides {
            self.enter(ticket.slot, id, ticket.user, "-".to_owned());
        }
        for ticket in &sides {
            self.sit(ticket.slot, id);
            let session = self.sessions.get_mut(&ticket.slot).expect("waits");
            session.own.push(format!("matched {id}"));
        }
    }

    fn is_open_to_all(&self, ticket: &Ticket, slack: Millis) -> bool {
        ticket.tags == 0 || ticket.entered + WIDEN <= self.now + slack
    }

    fn may_fit(&self, one: &Ticket, two: &Ticket) -> bool {
        let open = self.is_open_to_all(one, 500) && self.is_open_to_all(two, 500);
        one.tags & two.tags != 0 || open
    }

    /// No two who fit beyond doubt wait beside one another.
    pub(super) fn check_waiting(&self) {
        for (i, one) in self.tickets.iter().enumerate() {
            for two in &self.tickets[i + 1..] {
                let users = both(one.user, two.user);
                let open = self.is_open_to_all(one, 0) && self.is_open_to_all(two, 0);
                let waited = one.entered.max(two.entered) + SOFT <= self.now;
                let fit = (one.tags & two.tags != 0 || open)
                    && one.lost.is_none()
                    && two.lost.is_none()
                    && !self.blocks.contains(&users)
                    && (waited || !self.partners.contains(&users));
                assert!(!fit, "{one:?} and {two:?} fit, and wait");
            }
        }
    }

    /// A second goes by, and what is due is done.
    pub(super) fn tick(&mut self) {
        self.now += 1_000;
        let now = self.now;
        self.tickets.retain(|ticket| ticket.lost.is_none_or(|at| at + PLACE_KEPT > now));
        let forgotten = |room: &Room| room.closed.is_some_and(|(_, at)| at + CLOSED_KEPT <= now);
        self.rooms.retain(|_, room| !forgotten(room));
        let ids: Vec<String> = self.rooms.keys().cloned().collect();
        for id in ids {
            self.tick_room(&id);
        }
    }

    fn tick_room(&mut self, id: &str) {
        let now = self.now;
        while self.rooms[id].is_open() {
            let room = &self.rooms[id];
            let end = room.closes().map_or(Millis::MAX, |(at, _)| at);
            let graces = room.roster.iter().filter_map(|p| p.grace.map(|at| (at, p.user)));
            match graces.min() {
                Some((at, user)) if at <= now && at < end => self.user_out(id, user, "lost"),
                _ => break,
            }
        }
        if self.rooms[id].is_open()
            && let Some((_, why)) = self.rooms[id].closes().filter(|(at, _)| *at <= now)
        {
            self.close_room(id, why);
        }
    }
}
