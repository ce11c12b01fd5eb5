//! What becomes of operations whose answer nobody waits for, or that never comes.

use std::sync::Arc;

use chat_core::store::Enter;
use chat_core::{Engine, RoomSpec, SessionId};
use futures_util::FutureExt;

use crate::support::spy::Spy;
use crate::support::{Stage, code, connect, room, secs, told, user};

fn spied(stage: &Stage) -> (Engine, Arc<Spy>) {
    let (backend, faults) = Spy::on(&stage.backend);
    (stage.builder().with_backend(backend).build().unwrap(), faults)
}

async fn opened(engine: &Engine) -> chat_core::RoomId {
    engine.open(RoomSpec::public("r").with_id("r")).await.unwrap().id
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_join_is_undone() {
    let (engine, faults) = spied(&Stage::new());
    let id = opened(&engine).await;
    let mut kim = connect(&engine, "kim").await;
    faults.entered.shut();
    assert!(kim.join(&id).now_or_never().is_none());
    assert_eq!(engine.room(&id).await.unwrap().live, 1, "the store has let it in");
    faults.entered.open();
    tokio::time::sleep(secs(2)).await;
    assert_eq!(engine.room(&id).await.unwrap().live, 0);
    assert_eq!(told(&mut kim), Vec::<String>::new());
    assert_eq!(code(kim.say(&id, "x").await), "not_member");
    assert_eq!(kim.join(&id).await.unwrap().room.live, 1);
    tokio::time::sleep(secs(70)).await;
    assert_eq!(engine.room(&id).await.unwrap().live, 1, "and is not undone afterwards");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_join_that_is_asked_for_again_counts_as_joined() {
    let (engine, faults) = spied(&Stage::new());
    let id = opened(&engine).await;
    let mut kim = connect(&engine, "kim").await;
    faults.entered.shut();
    assert!(kim.join(&id).now_or_never().is_none());
    faults.entered.open();
    kim.join(&id).await.unwrap();
    tokio::time::sleep(secs(2)).await;
    kim.say(&id, "here").await.unwrap();
    assert_eq!(told(&mut kim), ["said kim here"]);
    assert_eq!(engine.room(&id).await.unwrap().live, 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_second_join_leaves_the_first_as_it_was() {
    let (engine, faults) = spied(&Stage::new());
    let id = opened(&engine).await;
    let mut kim = connect(&engine, "kim").await;
    let lee = connect(&engine, "lee").await;
    kim.join(&id).await.unwrap();
    lee.join(&id).await.unwrap();
    told(&mut kim);
    faults.entered.shut();
    {
        let mut again = std::pin::pin!(kim.join(&id));
        assert!(again.as_mut().now_or_never().is_none());
        lee.say(&id, "meanwhile").await.unwrap();
    }
    faults.entered.open();
    tokio::time::sleep(secs(2)).await;
    assert_eq!(told(&mut kim), ["said lee meanwhile"]);
    kim.say(&id, "here").await.unwrap();
    assert_eq!(engine.room(&id).await.unwrap().live, 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_of_a_room_before_its_join_is_answered() {
    let (engine, faults) = spied(&Stage::new());
    let id = opened(&engine).await;
    let mut kim = connect(&engine, "kim").await;
    let lee = connect(&engine, "lee").await;
    lee.join(&id).await.unwrap();
    for round in 0..2 {
        faults.entered.shut();
        let handle = kim.handle();
        let joining = tokio::spawn({
            let id = id.clone();
            async move { handle.join(&id).await.unwrap() }
        });
        tokio::time::sleep(secs(1)).await;
        lee.say(&id, "meanwhile").await.unwrap();
        assert_eq!(told(&mut kim), Vec::<String>::new(), "round {round}");
        faults.entered.open();
        let snapshot = joining.await.unwrap();
        assert_eq!(told(&mut kim), ["said lee meanwhile"]);
        assert_eq!(snapshot.cursor.n, 2 + round, "the snapshot is older than that");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_during_its_join_is_not_left_behind() {
    let (engine, faults) = spied(&Stage::new());
    let id = opened(&engine).await;
    let kim = connect(&engine, "kim").await;
    let handle = kim.handle();
    faults.entered.shut();
    let joining = tokio::spawn({
        let id = id.clone();
        async move { handle.join(&id).await }
    });
    tokio::time::sleep(secs(1)).await;
    drop(kim);
    faults.entered.open();
    assert_eq!(code(joining.await.unwrap()), "unavailable");
    tokio::time::sleep(secs(2)).await;
    engine.pass(secs(6)).await;
    assert_eq!(engine.room(&id).await.unwrap().live, 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_leave_is_done_all_the_same() {
    let (engine, faults) = spied(&Stage::new());
    let id = opened(&engine).await;
    let mut kim = connect(&engine, "kim").await;
    let lee = connect(&engine, "lee").await;
    kim.join(&id).await.unwrap();
    lee.join(&id).await.unwrap();
    told(&mut kim);
    faults.left.shut();
    assert!(kim.leave(&id).now_or_never().is_none());
    lee.say(&id, "x").await.unwrap();
    assert_eq!(told(&mut kim), Vec::<String>::new());
    faults.left.open();
    tokio::time::sleep(secs(2)).await;
    assert_eq!(engine.room(&id).await.unwrap().live, 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_store_was_not_told_while_it_was_away_it_is_told_afterwards() {
    let (engine, faults) = spied(&Stage::new());
    let id = opened(&engine).await;
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let may = connect(&engine, "may").await;
    for session in [&kim, &lee, &may] {
        session.join(&id).await.unwrap();
    }
    faults.set_away(true);
    assert_eq!(code(kim.leave(&id).await), "unavailable");
    assert_eq!(code(may.say(&id, "x").await), "unavailable");
    assert_eq!(code(may.join(&room("s")).await), "unavailable");
    drop(lee);
    tokio::time::sleep(secs(3)).await;
    faults.set_away(false);
    tokio::time::sleep(secs(2)).await;
    assert_eq!(engine.room(&id).await.unwrap().live, 2, "kim has left, lee has a grace");
    engine.pass(secs(6)).await;
    assert_eq!(engine.room(&id).await.unwrap().live, 1);
    may.say(&id, "x").await.unwrap();
    assert!(may.rooms().await.unwrap() == [id]);
}

#[tokio::test(start_paused = true)]
async fn a_join_of_which_nobody_is_left_who_knows_is_undone() {
    let stage = Stage::new();
    let (engine, faults) = spied(&stage);
    let id = opened(&engine).await;
    let kim = connect(&engine, "kim").await;
    // The join happened, but everything that says so is lost: the session, too.
    faults.entered.shut();
    let handle = kim.handle();
    let joining = tokio::spawn({
        let id = id.clone();
        async move { handle.join(&id).await }
    });
    tokio::time::sleep(secs(1)).await;
    faults.set_away(true);
    joining.abort();
    drop(kim);
    tokio::time::sleep(secs(1)).await;
    faults.set_away(false);
    faults.entered.open();
    tokio::time::sleep(secs(61)).await;
    engine.pass(secs(6)).await;
    assert_eq!(engine.room(&id).await.unwrap().live, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_node_has_in_the_store_without_knowing_is_taken_out_within_a_minute() {
    let stage = Stage::new();
    let (engine, faults) = spied(&stage);
    let id = opened(&engine).await;
    let kim = connect(&engine, "kim").await;
    kim.join(&id).await.unwrap();
    let by = faults.writer.lock().unwrap();
    let ghost = Enter {
        room: id.clone(),
        create: None,
        epoch: None,
        session: by.session(SessionId(u64::MAX)),
        user: user("ghost"),
        name: kim.name(),
        since: None,
        recent: 0,
        resume_max: 0,
        members: 0,
    };
    stage.backend.presence.enter(by, ghost).await.unwrap();
    assert_eq!(engine.room(&id).await.unwrap().live, 2);
    tokio::time::sleep(secs(61)).await;
    engine.pass(secs(6)).await;
    assert_eq!(engine.room(&id).await.unwrap().live, 1);
    kim.say(&id, "still here").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_room_is_not_let_go_while_a_join_is_under_way() {
    let stage = Stage::new();
    let (engine, faults) = spied(&stage);
    let there = stage.engine();
    let id = opened(&engine).await;
    let (kim, mut lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    kim.join(&id).await.unwrap();
    faults.entered.shut();
    let handle = lee.handle();
    let joining = tokio::spawn({
        let id = id.clone();
        async move { handle.join(&id).await.unwrap() }
    });
    tokio::time::sleep(secs(1)).await;
    // The last reader goes; longer than a room is kept that nobody reads.
    kim.leave(&id).now_or_never();
    tokio::time::sleep(secs(8)).await;
    faults.entered.open();
    joining.await.unwrap();
    told(&mut lee);
    there.post(&id, "heard", chat_core::Author::System, None).await.unwrap();
    assert_eq!(told(&mut lee), ["said - heard"]);
}
