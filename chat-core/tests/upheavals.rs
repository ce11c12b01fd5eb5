//! What must hold although a store is slow, fails or gives its node up, and although whoever asked no longer waits: the
//! engine's promises at the awaits in between.

#![allow(clippy::unwrap_used, reason = "a panic is how a test says that a claim does not hold")]

use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use chat_core::room::NewRoom;
use chat_core::store::{Next, PairBreak, Request, StoreResult, Writer};
use chat_core::testkit::{Tap, Twist};
use chat_core::{
    Backend, Clock, Engine, Error, Event, HookOptions, HookResult, Hooks, Identity, Limits,
    MemoryStore, Observation, Observer, ObserverOptions, Order, Presence, Reason, RoomId, RoomSpec,
    Seek, Session, StoreError, StoreOptions, Tag, Timestamp, User, Verdict,
};
use futures_util::FutureExt;
use parking_lot::Mutex;

/// A store whose operations can be kept waiting, before or after they are done, and can fail.
#[derive(Default)]
struct Moods {
    waits: Mutex<HashSet<&'static str>>,
    answers_late: Mutex<HashSet<&'static str>>,
    fails: Mutex<HashSet<&'static str>>,
    asked: Mutex<Vec<(Vec<Tag>, bool)>>,
}

impl Moods {
    /// Whoever waits is polled again by the test.
    async fn free(&self, kept: &Mutex<HashSet<&'static str>>, op: &'static str) {
        poll_fn(|_| if kept.lock().contains(op) { Poll::Pending } else { Poll::Ready(()) }).await;
    }
}

#[async_trait]
impl Twist for Moods {
    async fn before(&self, op: &'static str) -> StoreResult<()> {
        self.free(&self.waits, op).await;
        if self.fails.lock().contains(op) {
            return Err(StoreError::Failed { op, retryable: true, source: "in a mood".into() });
        }
        Ok(())
    }

    async fn after(&self, op: &'static str) {
        self.free(&self.answers_late, op).await;
    }

    async fn next(
        &self,
        behind: &Backend,
        by: Writer,
        leave: PairBreak,
        request: Request,
    ) -> StoreResult<Next> {
        self.asked.lock().push((request.tags.clone(), request.strict));
        behind.matching.next(by, leave, request).await
    }
}

/// Two nodes of one store; the first one's way to it has its moods. No runtime: nothing is done behind the test's back.
struct World {
    moods: Arc<Moods>,
    here: Engine,
    there: Engine,
}

fn world() -> World {
    world_of(&Limits::default())
}

fn world_of(limits: &Limits) -> World {
    let clock = Clock::manual(Timestamp(1_000_000));
    let backend = MemoryStore::backend(clock.clone(), StoreOptions::default());
    let moods = Arc::new(Moods::default());
    let tapped = Tap::backend(backend.clone(), Arc::<Moods>::clone(&moods));
    let engine = |backend| {
        let engine = Engine::builder().with_backend(backend).with_clock(clock.clone());
        engine.with_limits(limits.clone()).build().unwrap()
    };
    World { moods, here: engine(tapped), there: engine(backend) }
}

impl World {
    /// The first node sleeps through its lease, and the other one sees to what becomes of that.
    fn here_is_given_up(&self) {
        done(self.here.sweep());
        done(self.there.pass(Duration::from_secs(40)));
    }
}

fn done<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("complete at the first poll")
}

fn connect(engine: &Engine, user: &str) -> Session {
    done(engine.connect(User::named(user, user))).unwrap()
}

fn open(engine: &Engine, id: &str) -> RoomId {
    done(engine.open(RoomSpec::public(id).with_id(id))).unwrap().id
}

fn events(session: &mut Session) -> Vec<Event> {
    std::iter::from_fn(|| session.next().now_or_never().flatten()).collect()
}

fn entries(events: &[Event]) -> Vec<u64> {
    let number = |event: &Event| match event {
        Event::Entry(entry) => Some(entry.n),
        _ => None,
    };
    events.iter().filter_map(number).collect()
}

fn is_matched(event: &Event) -> bool {
    matches!(event, Event::Matched(_))
}

/// Two who were matched, and their room.
fn pair(engine: &Engine) -> (Session, Session, RoomId) {
    let (mut kim, mut lee) = (connect(engine, "kim"), connect(engine, "lee"));
    let seek = Seek::new("p").with_tags(["music"]).strict();
    done(kim.seek_with(&seek)).unwrap();
    done(lee.seek_with(&seek)).unwrap();
    let room = events(&mut kim).into_iter().find_map(|event| match event {
        Event::Matched(matched) => Some(matched.room().clone()),
        _ => None,
    });
    assert!(events(&mut lee).iter().any(is_matched));
    (kim, lee, room.unwrap())
}

#[test]
fn mail_is_not_lost_with_the_future_that_reads_it() {
    let world = world();
    let (mut kim, mut lee) = (connect(&world.here, "kim"), connect(&world.here, "lee"));
    done(kim.seek("p", &[])).unwrap();
    world.moods.waits.lock().insert("confirm");
    assert!(lee.seek("p", &[]).now_or_never().is_none(), "it reads the mail for both");
    world.moods.waits.lock().clear();
    done(world.here.sweep());
    assert!(events(&mut kim).iter().any(is_matched));
    assert!(events(&mut lee).iter().any(is_matched));
}

#[test]
fn a_life_that_a_cancelled_command_began_gets_all_its_sessions() {
    let world = world();
    let room = open(&world.here, "r");
    let sessions: Vec<Session> =
        ["a", "b", "c"].map(|user| connect(&world.here, user)).into_iter().collect();
    for session in &sessions {
        done(session.join(&room)).unwrap();
    }
    world.here_is_given_up();
    world.moods.waits.lock().insert("enter");
    assert!(sessions[0].say(&room, "x").now_or_never().is_none(), "it enters all of them again");
    world.moods.waits.lock().clear();
    done(world.here.sweep());
    for session in &sessions {
        done(session.say(&room, "still here")).unwrap();
    }
}

#[test]
fn who_leaves_while_the_next_life_begins_is_out() {
    let world = world();
    let room = open(&world.here, "r");
    let (kim, lee) = (connect(&world.here, "kim"), connect(&world.here, "lee"));
    done(kim.join(&room)).unwrap();
    world.here_is_given_up();
    world.moods.waits.lock().insert("enter");
    let mut renewing = pin!(world.here.sweep());
    assert!(renewing.as_mut().now_or_never().is_none());
    let _ = done(kim.leave(&room));
    // The question was on its way: whom it lets in is taken out again.
    world.moods.waits.lock().clear();
    done(renewing);
    done(world.here.sweep());
    let members = done(lee.join(&room)).unwrap().members;
    assert_eq!(members.len(), 1, "{members:?}");
}

#[test]
fn nothing_of_a_room_comes_before_the_reply_to_its_join_not_even_a_kick() {
    let world = world();
    let room = open(&world.here, "r");
    let mut kim = connect(&world.here, "kim");
    done(kim.join(&room)).unwrap();
    events(&mut kim);
    world.moods.waits.lock().insert("enter");
    let handle = kim.handle();
    let mut joining = pin!(handle.join(&room));
    assert!(joining.as_mut().now_or_never().is_none());
    done(world.here.kick(&room, kim.user())).unwrap();
    assert!(events(&mut kim).is_empty());
    world.moods.waits.lock().clear();
    let snapshot = done(joining).unwrap();
    done(kim.say(&room, "back")).unwrap();
    assert_eq!(entries(&events(&mut kim)), [snapshot.cursor.n + 1]);
}

#[test]
fn a_kick_is_told_although_the_join_it_came_in_was_given_up() {
    let world = world();
    let room = open(&world.here, "r");
    let mut kim = connect(&world.here, "kim");
    done(kim.join(&room)).unwrap();
    events(&mut kim);
    world.moods.waits.lock().insert("enter");
    {
        let mut joining = pin!(kim.join(&room));
        assert!(joining.as_mut().now_or_never().is_none());
        done(world.here.kick(&room, kim.user())).unwrap();
    }
    assert!(events(&mut kim).iter().any(|event| matches!(event, Event::Kicked { .. })));
}

#[test]
fn counts_of_many_rooms_outlast_a_store_that_fails() {
    const ROOMS: usize = 450;
    let world = world_of(&Limits { rooms_of_session: ROOMS, ..Limits::default() });
    let (mut kim, lee) = (connect(&world.here, "kim"), connect(&world.here, "lee"));
    let rooms: Vec<RoomId> = (0..ROOMS)
        .map(|n| {
            let spec = RoomSpec::public("r").with_id(format!("r{n}"));
            let spec = spec.with_presence(Presence::Count);
            done(world.here.open(spec)).unwrap().id
        })
        .collect();
    for room in &rooms {
        done(kim.join(room)).unwrap();
    }
    done(world.here.sweep());
    events(&mut kim);
    for room in &rooms {
        done(lee.join(room)).unwrap();
    }
    world.moods.fails.lock().insert("get");
    done(world.here.sweep());
    world.moods.fails.lock().clear();
    done(world.here.sweep());
    let counts = events(&mut kim);
    let told = counts.iter().filter(|event| matches!(event, Event::Count { live: 2, .. })).count();
    assert_eq!(told, ROOMS);
}

#[test]
fn two_lists_whose_first_watchers_come_at_once_both_go_on() {
    let world = world();
    let (mut kim, lee) = (connect(&world.here, "kim"), connect(&world.here, "lee"));
    world.moods.waits.lock().insert("page");
    let (of_kim, of_lee) = (kim.handle(), lee.handle());
    let mut live = pin!(of_kim.watch(Order::Live, 10));
    let mut newest = pin!(of_lee.watch(Order::Newest, 10));
    assert!(live.as_mut().now_or_never().is_none());
    assert!(newest.as_mut().now_or_never().is_none());
    world.moods.waits.lock().clear();
    done(live).unwrap();
    done(newest).unwrap();
    open(&world.here, "r");
    done(world.here.sweep());
    assert!(matches!(&events(&mut kim)[..], [Event::List(_)]));
}

#[test]
fn a_next_that_failed_forgets_neither_tags_nor_strictness() {
    let world = world();
    let (kim, _lee, room) = pair(&world.here);
    world.moods.fails.lock().insert("next");
    done(kim.seek_next(&room, None)).unwrap_err();
    world.moods.fails.lock().clear();
    assert!(matches!(done(kim.seek("p", &[])), Err(Error::AlreadyMatched { .. })));
    done(kim.seek_next(&room, None)).unwrap();
    let asked = world.moods.asked.lock().pop().unwrap();
    assert_eq!(asked, (vec![Tag::new("music", 32).unwrap()], true));
}

#[test]
fn a_join_of_a_pair_room_that_is_undone_does_not_end_the_talk() {
    let world = world();
    let (_kim, mut lee, room) = pair(&world.here);
    let again = connect(&world.here, "kim");
    world.moods.answers_late.lock().insert("enter");
    assert!(again.join(&room).now_or_never().is_none());
    world.moods.answers_late.lock().clear();
    done(world.here.sweep());
    assert!(done(world.here.room(&room)).is_ok());
    assert!(events(&mut lee).is_empty());
}

#[test]
fn nothing_of_a_pair_room_follows_the_reply_to_leaving_it() {
    let world = world();
    let (mut kim, lee) = (connect(&world.here, "kim"), connect(&world.here, "lee"));
    done(kim.seek("p", &[])).unwrap();
    done(lee.seek("p", &[])).unwrap();
    let Err(Error::AlreadyMatched { room }) = done(kim.cancel_seek("p")) else { panic!() };
    done(kim.leave(&room)).unwrap();
    assert!(events(&mut kim).is_empty());
}

#[test]
fn who_has_not_read_the_end_of_a_room_reads_it_though_the_room_was_opened_again() {
    let world = world();
    let room = open(&world.here, "r");
    let mut kim = connect(&world.here, "kim");
    done(kim.join(&room)).unwrap();
    done(world.here.close(&room)).unwrap();
    open(&world.there, "r");
    world.here_is_given_up();
    done(world.here.sweep());
    let last = events(&mut kim).pop();
    assert!(matches!(&last, Some(Event::Entry(entry)) if entry.is_closed()), "{last:?}");
}

#[test]
fn batches_of_nothing_are_batches_of_one() {
    let world = world_of(&Limits { batch: 0, ..Limits::default() });
    let room = open(&world.here, "r");
    let mut kim = connect(&world.here, "kim");
    done(kim.join(&room)).unwrap();
    let mut batch = Vec::new();
    assert!(kim.next_batch(&mut batch).now_or_never().is_none(), "there is nothing");
    done(kim.say(&room, "x")).unwrap();
    assert!(done(kim.next_batch(&mut batch)));
    assert_eq!(batch.len(), 1);
    let world = world_of(&Limits { batch: usize::MAX, ..Limits::default() });
    let mut kim = connect(&world.here, "kim");
    assert!(kim.next_batch(&mut batch).now_or_never().is_none());
}

#[test]
fn an_engine_that_was_shut_down_begins_no_other_life() {
    let world = world();
    let room = open(&world.here, "r");
    done(world.here.shutdown());
    let posted = done(world.here.post(&room, "x", chat_core::Author::System, None));
    assert!(matches!(posted, Err(Error::ShutDown)), "{posted:?}");
}

#[test]
fn the_background_tasks_of_a_runtime_that_has_gone_are_started_on_the_next() {
    let clock = Clock::manual(Timestamp(1_000_000));
    let engine = Engine::builder().with_clock(clock.clone()).build().unwrap();
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    runtime().block_on(async { engine.connect(User::anonymous()).await.map(drop).unwrap() });
    runtime().block_on(async {
        let _kim = engine.connect(User::anonymous()).await.unwrap();
        let spec = RoomSpec::public("r").with_idle(Duration::from_secs(1));
        let room = engine.open(spec).await.unwrap();
        clock.advance(Duration::from_secs(2));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(matches!(engine.room(&room.id).await, Err(Error::RoomClosed { .. })));
    });
}

#[test]
fn an_observer_that_panicked_is_told_what_comes_next() {
    struct Shaky(Arc<Mutex<Vec<usize>>>);
    #[async_trait]
    impl Observer for Shaky {
        async fn observe(&self, batch: Vec<Observation>, _: u64) {
            let mut seen = self.0.lock();
            seen.push(batch.len());
            let first = seen.len() == 1;
            drop(seen);
            assert!(!first, "the host's bug");
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observer = Shaky(Arc::clone(&seen));
    let engine =
        Engine::builder().with_observer(observer, ObserverOptions::default()).build().unwrap();
    open(&engine, "a");
    done(engine.sweep());
    open(&engine, "b");
    done(engine.sweep());
    assert_eq!(*seen.lock(), [1, 1]);
}

#[test]
fn no_room_is_opened_that_the_host_was_not_asked_about() {
    /// Closes each room that somebody is about to join, and lets nobody open one.
    struct Fickle(Arc<OnceLock<Engine>>);
    #[async_trait]
    impl Hooks for Fickle {
        async fn may_open(&self, _: &Identity, _: &NewRoom) -> HookResult<Verdict> {
            Ok(Verdict::Deny(Reason::new("not here")))
        }
        async fn may_join(&self, _: &Identity, room: &RoomId) -> HookResult<Verdict> {
            if let Some(engine) = self.0.get() {
                engine.close(room).await?;
            }
            Ok(Verdict::Allow)
        }
    }
    let own = Arc::new(OnceLock::new());
    let hooks = Fickle(Arc::clone(&own));
    let engine = Engine::builder().with_hooks(hooks, HookOptions::default()).build().unwrap();
    let _ = own.set(engine.clone());
    let room = open(&engine, "r");
    let kim = connect(&engine, "kim");
    let joined = done(kim.join_or_open(RoomSpec::public("r").with_id("r")));
    assert!(matches!(joined, Err(Error::Forbidden { .. })), "{joined:?}");
    assert!(matches!(done(engine.room(&room)), Err(Error::RoomClosed { .. })));
}

#[test]
fn a_kick_in_a_room_that_only_counts_is_not_lost_on_a_join_whose_answer_is_on_its_way() {
    let world = world();
    let spec = RoomSpec::public("r").with_id("r").with_presence(Presence::Count);
    let room = done(world.here.open(spec)).unwrap().id;
    let mut kim = connect(&world.here, "kim");
    world.moods.answers_late.lock().insert("enter");
    let handle = kim.handle();
    let mut joining = pin!(handle.join(&room));
    assert!(joining.as_mut().now_or_never().is_none());
    done(world.here.kick(&room, kim.user())).unwrap();
    world.moods.answers_late.lock().clear();
    done(joining).unwrap();
    assert!(matches!(&events(&mut kim)[..], [Event::Kicked { .. }]));
}
