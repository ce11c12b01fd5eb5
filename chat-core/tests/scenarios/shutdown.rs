//! The end of an engine: everybody is told, everything ends, nothing hangs.

use std::time::Duration;

use chat_core::{Author, ByeWhy, Engine, Event, Order, RoomSpec, User};
use futures_util::FutureExt;

use crate::support::spy::Spy;
use crate::support::{Stage, code, connect, engine, secs, told, user};

#[tokio::test(start_paused = true)]
async fn every_session_is_told_and_every_stream_ends() {
    let stage = Stage::new();
    let (engine, other) = (stage.engine(), stage.engine());
    let mut sessions = Vec::new();
    let watcher = connect(&other, "watcher").await;
    let id = watcher.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    for n in 0..20 {
        let session = connect(&engine, &format!("u{n}")).await;
        session.join(&id).await.unwrap();
        sessions.push(session);
    }
    let waiting = tokio::spawn({
        let mut session = sessions.pop().unwrap();
        async move {
            let mut events = Vec::new();
            while let Some(event) = session.next().await {
                events.push(event);
            }
            events
        }
    });
    tokio::task::yield_now().await;
    engine.shutdown().await;
    let last = waiting.await.unwrap().pop();
    assert!(matches!(last, Some(Event::Bye { why: ByeWhy::Drain })));
    for session in &mut sessions {
        assert_eq!(told(session), ["bye drain"]);
        assert!(session.next().await.is_none());
        assert!(session.next().await.is_none(), "and stays ended");
        let mut batch = Vec::new();
        assert!(!session.next_batch(&mut batch).await && batch.is_empty());
    }
    // Their users have a grace, in which they may come back on the other node.
    assert_eq!(other.room(&id).await.unwrap().live, 21);
    let back = connect(&other, "u0").await;
    back.join(&id).await.unwrap();
    other.pass(secs(6)).await;
    assert_eq!(other.room(&id).await.unwrap().live, 2);
}

#[tokio::test(start_paused = true)]
async fn afterwards_every_command_is_refused() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    engine.shutdown().await;
    engine.shutdown().await;
    assert_eq!(code(engine.connect(User::anonymous()).await), "unavailable");
    assert_eq!(code(engine.open(RoomSpec::public("x")).await), "unavailable");
    assert_eq!(code(engine.post(&id, "x", Author::System, None).await), "unavailable");
    assert_eq!(code(engine.close(&id).await), "unavailable");
    assert_eq!(code(engine.kick(&id, &user("kim")).await), "unavailable");
    assert_eq!(code(engine.disconnect(&user("kim"), ByeWhy::Kicked).await), "unavailable");
    assert_eq!(code(kim.join(&id).await), "unavailable");
    assert_eq!(code(kim.leave(&id).await), "unavailable");
    assert_eq!(code(kim.say(&id, "x").await), "unavailable");
    assert_eq!(code(kim.signal(&id, "x").await), "unavailable");
    assert_eq!(code(kim.rename("x").await), "unavailable");
    assert_eq!(code(kim.close(&id).await), "unavailable");
    assert_eq!(code(kim.seek("random", &[]).await), "unavailable");
    assert_eq!(code(kim.cancel_seek("random").await), "unavailable");
    assert_eq!(code(kim.watch(Order::Live, 5).await), "unavailable");
    assert!(kim.is_over());
    assert_eq!(engine.stats().sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_ended_does_not_come_back_to_life() {
    let stage = Stage::new();
    let (engine, other) = (stage.engine(), stage.engine());
    let _watcher = connect(&other, "watcher").await;
    let _kim = connect(&engine, "kim").await;
    engine.sweep().await;
    other.sweep().await;
    assert_eq!(other.online().await.unwrap(), 2);
    engine.shutdown().await;
    engine.sweep().await;
    engine.pass(secs(5)).await;
    other.pass(secs(5)).await;
    assert_eq!(other.online().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_background_tasks_end_with_it() {
    let handle = tokio::runtime::Handle::current();
    let before = handle.metrics().num_alive_tasks();
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    kim.join_or_open(RoomSpec::public("r")).await.unwrap();
    tokio::time::sleep(secs(1)).await;
    assert!(handle.metrics().num_alive_tasks() > before);
    engine.shutdown().await;
    tokio::time::sleep(secs(1)).await;
    assert_eq!(handle.metrics().num_alive_tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_dropped_ends_like_a_node_that_dies() {
    let handle = tokio::runtime::Handle::current();
    let before = handle.metrics().num_alive_tasks();
    let stage = Stage::new();
    let other = stage.engine();
    let engine = stage.engine();
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    tokio::time::sleep(secs(1)).await;
    drop(engine);
    assert!(kim.say(&id, "the session keeps it").await.is_ok());
    drop(kim);
    tokio::time::sleep(secs(1)).await;
    assert_eq!(handle.metrics().num_alive_tasks(), before);
    other.pass(secs(20)).await;
    assert_eq!(other.room(&id).await.unwrap().live, 0);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_a_store_that_is_away_only_so_long() {
    let stage = Stage::new();
    let (backend, faults) = Spy::on(&stage.backend);
    let engine = stage.builder().with_backend(backend).build().unwrap();
    let mut kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    faults.left.shut();
    let leaving = tokio::spawn({
        let (handle, id) = (kim.handle(), id.clone());
        async move { handle.leave(&id).await }
    });
    tokio::time::sleep(secs(1)).await;
    faults.set_away(true);
    let began = tokio::time::Instant::now();
    engine.shutdown().await;
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert_eq!(told(&mut kim), ["bye drain"]);
    leaving.abort();
}

#[tokio::test]
async fn a_session_that_is_ended_by_the_host_is_told_and_its_rooms_begin_their_grace() {
    let engine = engine();
    let (mut one, mut two) = (connect(&engine, "kim").await, connect(&engine, "kim").await);
    let id = one.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    two.join(&id).await.unwrap();
    one.end();
    assert_eq!(told(&mut one), ["bye kicked"]);
    assert_eq!(code(one.say(&id, "x").await), "unavailable");
    two.say(&id, "still here").await.unwrap();
    engine.disconnect(two.user(), ByeWhy::Replaced).await.unwrap();
    assert_eq!(told(&mut two).last().unwrap(), "bye replaced");
    assert!(two.next().now_or_never().unwrap().is_none());
    assert_eq!(engine.room(&id).await.unwrap().live, 1);
    engine.pass(secs(5)).await;
    assert_eq!(engine.room(&id).await.unwrap().live, 0);
    let again: Engine = two.of_engine();
    assert_eq!(again.node(), engine.node());
}
