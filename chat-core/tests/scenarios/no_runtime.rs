//! With the store in memory and no hooks nothing needs a runtime: every operation completes at its first poll.

use std::time::Duration;

use chat_core::{
    Author, ByeWhy, Clock, Engine, Event, HistoryPage, Join, Key, Order, Page, RoomSpec, Timestamp,
    User,
};
use futures_util::FutureExt;

use crate::support::{told, user};

/// An operation's result at its first poll.
macro_rules! now {
    ($operation:expr) => {
        $operation.now_or_never().expect("completes at its first poll")
    };
}

fn manual() -> Engine {
    Engine::builder().with_clock(Clock::manual(Timestamp(1_700_000_000_000))).build().unwrap()
}

#[test]
fn every_operation_completes_at_its_first_poll() {
    let engine = Engine::in_memory();
    engine.start();
    let mut kim = now!(engine.connect(User::named("kim", "Kim"))).unwrap();
    let lee = now!(engine.connect(User::anonymous())).unwrap();
    let id = now!(engine.open(RoomSpec::public("Rust"))).unwrap().id;
    let cursor = now!(kim.join(&id)).unwrap().cursor;
    now!(lee.join(&id)).unwrap();
    now!(kim.join_since(&id, cursor)).unwrap();
    now!(kim.join_with(Join::room(&id).recent(1))).unwrap();
    now!(kim.join_or_open(RoomSpec::private("p").with_id("p"))).unwrap();
    now!(kim.open(RoomSpec::public("mine"))).unwrap();
    now!(kim.say(&id, "hello")).unwrap();
    now!(kim.say_once(&id, "hello", &Key::new("k").unwrap())).unwrap();
    now!(kim.signal(&id, "typing")).unwrap();
    now!(kim.rename("Kimmy")).unwrap();
    now!(kim.history(&id, HistoryPage::Newest { limit: 5 })).unwrap();
    now!(kim.members(&id, None, 5)).unwrap();
    now!(kim.rooms()).unwrap();
    now!(kim.waiting()).unwrap();
    now!(kim.watch(Order::Live, 10)).unwrap();
    now!(kim.watch_online()).unwrap();
    now!(engine.rooms(Order::Active, Page::default())).unwrap();
    now!(engine.rooms_by_id(std::slice::from_ref(&id))).unwrap();
    now!(engine.room(&id)).unwrap();
    assert_eq!(now!(engine.online()).unwrap(), 2);
    now!(engine.post(&id, "from the site", Author::System, None)).unwrap();
    assert!(matches!(now!(kim.next()), Some(Event::Entry(_))));
    let mut batch = Vec::new();
    assert!(now!(kim.next_batch(&mut batch)));
    now!(engine.kick(&id, &user("kim"))).unwrap();
    now!(engine.disconnect(&user("nobody"), ByeWhy::Kicked)).unwrap();
    now!(lee.leave(&id)).unwrap();
    now!(engine.close(&id)).unwrap();
    now!(engine.sweep());
    now!(engine.shutdown());
}

#[test]
fn matching_completes_at_its_first_poll_too() {
    let engine = manual();
    let mut kim = now!(engine.connect(User::named("kim", "Kim"))).unwrap();
    let mut lee = now!(engine.connect(User::named("lee", "Lee"))).unwrap();
    now!(kim.seek("random", &[])).unwrap();
    now!(kim.cancel_seek("random")).unwrap();
    now!(kim.seek("random", &["music"])).unwrap();
    now!(lee.seek("random", &["music"])).unwrap();
    let Some(Event::Matched(matched)) = now!(kim.next()) else { panic!("matched") };
    assert_eq!(told(&mut lee), ["matched random"]);
    now!(kim.seek_next(matched.room(), None)).unwrap();
    now!(lee.block(matched.room())).unwrap();
}

#[test]
fn dropping_a_session_outside_a_runtime_begins_the_grace() {
    let engine = manual();
    let mut lee = now!(engine.connect(User::named("lee", "Lee"))).unwrap();
    let id = now!(lee.join_or_open(RoomSpec::public("r"))).unwrap().room.id;
    let kim = now!(engine.connect(User::named("kim", "Kim"))).unwrap();
    now!(kim.join(&id)).unwrap();
    drop(kim);
    now!(engine.pass(Duration::from_secs(4)));
    assert_eq!(told(&mut lee), ["joined kim 2"]);
    now!(engine.pass(Duration::from_secs(1)));
    assert_eq!(told(&mut lee), ["left kim 1 lost"]);
}

#[test]
fn a_session_may_be_dropped_after_its_runtime() {
    let engine = manual();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (kim, id) = runtime.block_on(async {
        let kim = engine.connect(User::named("kim", "Kim")).await.unwrap();
        let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
        (kim, id)
    });
    drop(runtime);
    drop(kim);
    now!(engine.pass(Duration::from_secs(5)));
    assert_eq!(now!(engine.room(&id)).unwrap().live, 0);
    now!(engine.shutdown());
}

#[test]
fn an_engine_that_began_without_a_runtime_starts_its_tasks_with_the_first_session_inside_one() {
    let clock = Clock::manual(Timestamp(1_700_000_000_000));
    let engine = Engine::builder().with_clock(clock.clone()).build().unwrap();
    let lee = now!(engine.connect(User::named("lee", "Lee"))).unwrap();
    let id = now!(lee.join_or_open(RoomSpec::public("r"))).unwrap().room.id;
    drop(lee);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let _kim = engine.connect(User::named("kim", "Kim")).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        clock.advance(Duration::from_secs(5));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(engine.room(&id).await.unwrap().live, 0, "reaped without being asked to");
        engine.shutdown().await;
    });
}
