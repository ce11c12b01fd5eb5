//! The whole engine against a naive model, along random schedules.
//!
//! A few users with several connections each, over two engines on one store, do everything that sessions and hosts can
//! do; time passes in between. After each step everything that can be asked is compared with `Naive`: who
//! is where under what name, numbers, logs, lists in all orders, who waits for a partner, who is online, why rooms
//! closed, and how each command was answered. Each stream is compared when it is read: every entry exactly once, in
//! order, from its snapshot's cursor on.
//!
//! Time moves by whole seconds and everything comes due at half ones, so it runs on stores whose time goes on by itself,
//! too.
//!
//! `schedules` makes the schedules, for a `proptest!` of one's own; `play` plays one on a store, and panics where engine and
//! model differ.

mod check;
mod naive;
mod ops;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use naive::{NOTICES, Naive, PAIR, Rules, SPECS, Session as Known};
use ops::{At, Op};
pub use ops::{Schedule, schedules};

use super::stand::{Stage, Stand};
use crate::body::Body;
use crate::engine::{Author, Engine};
use crate::entry::Cursor;
use crate::id::{Key, PoolName, RoomId, UserId};
use crate::limits::{MatchRules, StoreOptions};
use crate::room::{PolicyDefaults, Presence, RoomKind, RoomPolicy, RoomSpec};
use crate::session::{Join, Session};
use crate::user::User;
use crate::why::ByeWhy;

const POOL: &str = "pool";

/// Plays a schedule on a fresh store of this stand.
///
/// # Panics
/// Where engine and model differ.
pub async fn play(stand: &dyn Stand, schedule: &Schedule) {
    let mut play = Play::new(stand).await;
    for (step, op) in schedule.0.iter().enumerate() {
        play.step = step;
        play.context = format!("step {step}, {op:?}");
        play.act(op).await;
        play.settle().await;
        play.check().await;
    }
    for slot in 0..usize::from(ops::SLOTS) {
        play.context = format!("at the end, slot {slot}");
        play.read(slot).await;
    }
    for engine in &play.engines {
        engine.shutdown().await;
    }
}

/// A schedule that is being played.
struct Play {
    stage: Arc<dyn Stage>,
    engines: [Engine; 2],
    sessions: BTreeMap<usize, Session>,
    naive: Naive,
    /// How far a user has read a room.
    cursors: BTreeMap<(u8, String), Cursor>,
    /// Who is behind which alias.
    aliases: BTreeMap<UserId, u8>,
    /// All who have ever met, by their rooms.
    pairs: BTreeMap<String, [u8; 2]>,
    step: usize,
    context: String,
}

fn options() -> StoreOptions {
    let millis = Duration::from_millis;
    StoreOptions {
        lease: millis(15_000),
        visitors_window: millis(naive::WINDOW),
        visitors_step: millis(100),
        closed_kept: millis(naive::CLOSED_KEPT),
        keys_kept: Duration::from_secs(24 * 3600),
        notices: NOTICES,
        matching: MatchRules {
            widen: millis(naive::WIDEN),
            soft: millis(naive::SOFT),
            confirm: millis(6_500),
            place_kept: millis(naive::PLACE_KEPT),
            ..MatchRules::default()
        },
        ..StoreOptions::default()
    }
}

fn user_id(user: u8) -> String {
    format!("u{user}")
}

fn tags(tags: u8) -> Vec<&'static str> {
    ["music", "films"]
        .into_iter()
        .enumerate()
        .filter(|(n, _)| tags >> n & 1 == 1)
        .map(|(_, t)| t)
        .collect()
}

fn spec(id: &str, rules: &Rules) -> RoomSpec {
    let millis = Duration::from_millis;
    let spec = if rules.kind == RoomKind::Private {
        RoomSpec::private("t")
    } else {
        RoomSpec::public("t")
    };
    spec.with_id(id)
        .with_presence(if rules.counts { Presence::Count } else { Presence::Log })
        .with_capacity(rules.capacity as u32)
        .with_history(rules.history as u32)
        .with_grace(millis(rules.grace))
        .with_idle(rules.idle.map(millis))
        .with_empty(rules.empty.map(millis))
        .with_max_age(rules.max_age.map(millis))
}

impl Play {
    async fn new(stand: &dyn Stand) -> Self {
        let stage = stand.stage(options()).await;
        let mut engines = Vec::new();
        for _ in 0..2 {
            let pair = RoomPolicy {
                grace: Duration::from_millis(PAIR.grace),
                idle: PAIR.idle.map(Duration::from_millis),
                ..RoomPolicy::pair()
            };
            let policies = PolicyDefaults { pair, ..PolicyDefaults::default() };
            let builder = Engine::builder().with_backend(stage.backend().await);
            engines.push(builder.with_policies(policies).build().unwrap());
        }
        let [one, two] = <[Engine; 2]>::try_from(engines).unwrap();
        let play = Self {
            stage,
            engines: [one, two],
            sessions: BTreeMap::new(),
            naive: Naive::default(),
            cursors: BTreeMap::new(),
            aliases: BTreeMap::new(),
            pairs: BTreeMap::new(),
            step: 0,
            context: String::new(),
        };
        play.sweep().await;
        play
    }

    async fn sweep(&self) {
        // News may go to and fro between the two: a proposal, a confirmation, a match.
        for _ in 0..3 {
            for engine in &self.engines {
                engine.sweep().await;
            }
        }
    }

    async fn settle(&mut self) {
        self.sweep().await;
        self.take_matches().await;
    }

    /// The id of a room: by name, or the pair room that a user was in last.
    fn id(&self, at: At, user: Option<u8>) -> Option<String> {
        match at {
            At::Named(n) => Some(format!("r{n}")),
            At::Pair => {
                let of = |pair: &[u8; 2]| user.is_none_or(|user| pair.contains(&user));
                let pairs =
                    self.naive.rooms.iter().filter(|(_, room)| room.pair.as_ref().is_some_and(of));
                pairs
                    .max_by_key(|(_, room)| (room.is_open(), room.created))
                    .map(|(id, _)| id.clone())
            }
        }
    }

    fn same<T: PartialEq + std::fmt::Debug>(&self, what: &str, engine: &T, naive: &T) {
        assert_eq!(engine, naive, "{what} differs (engine, model): {}", self.context);
    }

    /// Both were done, or refused with the same code.
    fn agree<T, U>(&self, engine: &crate::error::Result<T>, naive: &Result<U, &'static str>) {
        let code = engine.as_ref().err().map(crate::error::Error::code);
        self.same("the answer", &code, &naive.as_ref().err().copied());
    }

    async fn act(&mut self, op: &Op) {
        match *op {
            Op::Connect { slot, user, engine } => {
                self.connect(slot.into(), user, engine.into()).await
            }
            Op::Drop { slot } => self.drop_session(slot.into()),
            Op::Read { slot } => self.read(slot.into()).await,
            Op::Pass { seconds } => self.pass(seconds).await,
            Op::Open { engine, room, spec } => self.open(engine, room, spec).await,
            Op::Post { engine, room, user } => self.post(engine, room, user).await,
            Op::Close { engine, room } => {
                let Some(id) = self.id(room, None) else { return };
                let closed =
                    self.engines[usize::from(engine)].close(&RoomId::new(&id).unwrap()).await;
                let expected = self.naive.close(&id);
                self.agree(&closed, &expected);
            }
            Op::Kick { engine, room, user } => {
                let Some(id) = self.id(room, None) else { return };
                let (room, who) = (RoomId::new(&id).unwrap(), UserId::new(&user_id(user)).unwrap());
                let kicked = self.engines[usize::from(engine)].kick(&room, &who).await;
                let expected = self.naive.kick(&id, user);
                self.agree(&kicked, &expected);
            }
            Op::Disconnect { engine, user } => {
                let who = UserId::new(&user_id(user)).unwrap();
                self.engines[usize::from(engine)].disconnect(&who, ByeWhy::Kicked).await.unwrap();
                self.naive.disconnect(user);
            }
            Op::Join { slot, room, create, since } => {
                self.join(slot.into(), room, create, since).await;
            }
            Op::Leave { slot, .. }
            | Op::Say { slot, .. }
            | Op::Rename { slot, .. }
            | Op::CloseOwn { slot, .. }
            | Op::Seek { slot, .. }
            | Op::Cancel { slot }
            | Op::Next { slot, .. }
            | Op::Block { slot } => self.command(slot.into(), op).await,
        }
    }

    async fn connect(&mut self, slot: usize, user: u8, engine: usize) {
        self.drop_session(slot);
        let name = format!("n{user}");
        let who = User::named(user_id(user), name.clone());
        let session = self.engines[engine].connect(who).await.unwrap();
        self.sessions.insert(slot, session);
        let (seats, pairs, own) = (Vec::new(), Vec::new(), Vec::new());
        let known = Known { user, engine, name, over: false, seats, pairs, own };
        self.naive.sessions.insert(slot, known);
    }

    fn drop_session(&mut self, slot: usize) {
        if self.sessions.remove(&slot).is_some() {
            self.naive.lose(slot);
            self.naive.sessions.remove(&slot);
        }
    }

    async fn pass(&mut self, seconds: u8) {
        for second in 0..seconds {
            self.stage.advance(Duration::from_secs(1)).await;
            self.naive.tick();
            self.settle().await;
            if second + 1 < seconds {
                self.check().await;
            }
        }
    }

    async fn open(&mut self, engine: u8, room: u8, n: u8) {
        let (id, rules) = (format!("r{room}"), SPECS[usize::from(n)]);
        let opened = self.engines[usize::from(engine)].open(spec(&id, &rules)).await;
        let expected = self.naive.may_open(&id);
        self.agree(&opened, &expected);
        if let Ok(view) = opened {
            self.naive.open(&id, rules, view.epoch, view.created);
        }
    }

    async fn post(&mut self, engine: u8, room: u8, user: Option<u8>) {
        let (id, body) = (format!("r{room}"), format!("b{}", self.step));
        let author = match user {
            Some(user) => Author::User(User::named(user_id(user), "host")),
            None => Author::System,
        };
        let room = RoomId::new(&id).unwrap();
        let posted =
            self.engines[usize::from(engine)].post(&room, body.as_str(), author, None).await;
        let expected = self.naive.post(&id, user, &body);
        self.agree(&posted, &expected);
        if let Ok(spoken) = posted {
            self.same("the number", &Ok(spoken.n), &expected);
            self.naive.said(&id, spoken.n, spoken.at);
        }
    }

    async fn join(&mut self, slot: usize, at: At, create: Option<u8>, since: bool) {
        let Some(session) = self.sessions.get(&slot) else { return };
        let user = self.naive.sessions[&slot].user;
        let Some(id) = self.id(at, None) else { return };
        let room = RoomId::new(&id).unwrap();
        let create = create.filter(|_| matches!(at, At::Named(_))).map(|n| SPECS[usize::from(n)]);
        let cursor = self.cursors.get(&(user, id.clone())).copied().filter(|_| since);
        let mut join = Join::room(&room);
        if let Some(rules) = &create {
            join = join.or_open(spec(&id, rules));
        }
        if let Some(cursor) = cursor {
            join = join.since(cursor);
        }
        let joined = session.join_with(join).await;
        if self.naive.sessions[&slot].over {
            return self.agree(&joined, &Err::<(), _>("unavailable"));
        }
        self.agree(&joined, &self.naive.may_join(slot, &id, create.is_some()));
        let Ok((snapshot, created)) = joined else { return };
        self.same(
            "created",
            &created,
            &self.naive.rooms.get(&id).is_none_or(|room| !room.is_open()),
        );
        if room.is_pair() {
            self.learn(user, &snapshot);
        }
        let made = (snapshot.cursor.epoch, snapshot.room.created);
        let since = cursor.map(|cursor| (cursor.epoch, cursor.n));
        let expected = self.naive.join(slot, &id, create, since, made);
        self.check_snapshot(&id, user, &snapshot, &expected);
        self.cursors.insert((user, id), snapshot.cursor);
    }

    /// What a session does that is not there is passed over; one that has ended is refused.
    async fn command(&mut self, slot: usize, op: &Op) {
        let Some(session) = self.sessions.get(&slot).map(Session::handle) else { return };
        let Known { user, over, .. } = self.naive.sessions[&slot];
        let refused = Err::<(), _>("unavailable");
        let at = match *op {
            Op::Leave { room, .. } | Op::Say { room, .. } | Op::CloseOwn { room, .. } => room,
            _ => At::Pair,
        };
        let own = matches!(op, Op::Next { .. } | Op::Block { .. });
        let id = self.id(at, Some(user).filter(|_| own));
        let room = id.as_ref().map(|id| RoomId::new(id).unwrap());
        let (answer, expected) = match (op, &room, &id) {
            (Op::Rename { name, .. }, ..) => {
                let name = format!("m{name}");
                let answer = session.rename(&name).await.map(|_| ());
                if !over {
                    self.naive.rename(slot, &name);
                }
                (answer, if over { refused } else { Ok(()) })
            }
            (Op::Seek { tags: n, .. }, ..) => {
                let answer = session.seek(POOL, &tags(*n)).await;
                (answer, if over { refused } else { self.naive.seek(slot, *n) })
            }
            (Op::Cancel { .. }, ..) => {
                let answer = session.cancel_seek(POOL).await;
                (answer, if over { refused } else { self.naive.cancel(slot) })
            }
            (Op::Leave { .. }, Some(room), Some(id)) => {
                let answer = session.leave(room).await;
                (answer, if over { refused } else { self.naive.leave(slot, id) })
            }
            (Op::CloseOwn { .. }, Some(room), Some(id)) => {
                let answer = session.close(room).await;
                (answer, if over { refused } else { self.naive.close_own(slot, id) })
            }
            (Op::Next { tags: n, .. }, Some(room), Some(id)) => {
                let answer = session.seek_next(room, Some(&tags(*n))).await;
                (answer, if over { refused } else { self.naive.next(slot, id, *n) })
            }
            (Op::Block { .. }, Some(room), Some(id)) => {
                let answer = session.block(room).await;
                (answer, if over { refused } else { self.naive.block(slot, id) })
            }
            (Op::Say { key, .. }, Some(room), Some(id)) => {
                let body = Body::text(&format!("b{}", self.step));
                let spoken = match key {
                    Some(key) => {
                        let key = Key::new(&format!("k{key}")).unwrap();
                        session.say_once(room, body, &key).await
                    }
                    None => session.say(room, body).await,
                };
                if over {
                    (spoken.map(|_| ()), refused)
                } else {
                    let expected = self.naive.say(slot, id, &format!("b{}", self.step), *key);
                    if let (Ok(spoken), Ok(expected)) = (&spoken, &expected) {
                        self.same("what was said", &(spoken.n, spoken.duplicate), expected);
                        if !spoken.duplicate {
                            self.naive.said(id, spoken.n, spoken.at);
                        }
                    }
                    (spoken.map(|_| ()), expected.map(|_| ()))
                }
            }
            _ => return,
        };
        self.agree(&answer, &expected);
    }

    fn pool() -> PoolName {
        PoolName::new(POOL).unwrap()
    }
}
