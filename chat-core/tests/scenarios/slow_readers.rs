//! Readers who do not keep up hold no memory: they fall off the tail, are healed once, then told.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chat_core::{Engine, Event, Limits, Replay, ResetWhy, RoomId, RoomSpec, Session, SharedEntry};
use futures_util::FutureExt;
use futures_util::future::join_all;

use crate::support::spy::Spy;
use crate::support::{Stage, connect, entries, events, numbers, secs, told};

const TAIL: usize = 16;

fn small_tails(stage: &Stage) -> (Engine, Arc<Spy>) {
    let (backend, faults) = Spy::on(&stage.backend);
    let limits = Limits { tail: TAIL, ..Limits::default() };
    (stage.builder().with_backend(backend).with_limits(limits).build().unwrap(), faults)
}

async fn opened(engine: &Engine) -> (Session, RoomId) {
    // A node that begins its life looks at its rooms once: that is not to be counted here.
    engine.sweep().await;
    let talker = connect(engine, "talker").await;
    let id = talker.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    (talker, id)
}

async fn talk(talker: &mut Session, id: &RoomId, times: usize) {
    for n in 0..times {
        talker.say(id, format!("{n}")).await.unwrap();
        events(talker);
    }
}

#[tokio::test(start_paused = true)]
async fn who_falls_off_the_tail_is_healed_and_misses_nothing() {
    let (engine, faults) = small_tails(&Stage::new());
    let (mut talker, id) = opened(&engine).await;
    let mut slow = connect(&engine, "slow").await;
    let from = slow.join(&id).await.unwrap().cursor.n + 1;
    talk(&mut talker, &id, 100).await;
    let read = numbers(&entries(&mut slow));
    assert_eq!(read, (from..from + 100).collect::<Vec<_>>());
    assert_eq!(faults.resumes.load(Ordering::SeqCst), 1);
    talk(&mut talker, &id, 10).await;
    assert_eq!(entries(&mut slow).len(), 10, "and reads on from the tail");
    assert_eq!(faults.resumes.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn who_falls_off_again_at_once_is_reset_and_comes_back_with_the_cursor() {
    let (engine, _) = small_tails(&Stage::new());
    let (mut talker, id) = opened(&engine).await;
    let mut slow = connect(&engine, "slow").await;
    slow.join(&id).await.unwrap();
    talk(&mut talker, &id, 100).await;
    let last = entries(&mut slow).last().unwrap().cursor();
    talk(&mut talker, &id, 100).await;
    let [Event::Reset { room, cursor, why }] = &events(&mut slow)[..] else { panic!("a reset") };
    assert_eq!((room, *cursor, *why), (&id, last, ResetWhy::Slow));
    talk(&mut talker, &id, 5).await;
    assert!(events(&mut slow).is_empty(), "nothing before it joins again");
    slow.say(&id, "still a member").await.unwrap();
    let snapshot = slow.join_since(&id, last).await.unwrap();
    assert_eq!((snapshot.replay, snapshot.entries.len()), (Replay::Resumed, 106));
    talk(&mut talker, &id, 1).await;
    assert_eq!(entries(&mut slow)[0].n, snapshot.cursor.n + 1);
}

#[tokio::test(start_paused = true)]
async fn who_falls_off_again_after_a_while_is_healed_again() {
    let (engine, faults) = small_tails(&Stage::new());
    let (mut talker, id) = opened(&engine).await;
    let mut slow = connect(&engine, "slow").await;
    slow.join(&id).await.unwrap();
    for round in 1..4 {
        talk(&mut talker, &id, 50).await;
        assert_eq!(entries(&mut slow).len(), 50);
        assert_eq!(faults.resumes.load(Ordering::SeqCst), round, "round {round}");
        tokio::time::sleep(secs(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_missed_more_than_is_given_or_kept_is_reset() {
    let (engine, _) = small_tails(&Stage::new());
    let mut talker = connect(&engine, "talker").await;
    let mut slow = connect(&engine, "slow").await;
    for (id, history, said) in [("long", 10_000, 1_001), ("trimmed", 20, 40)] {
        let spec = RoomSpec::public("r").with_id(id).with_history(history);
        let id = talker.join_or_open(spec).await.unwrap().room.id;
        slow.join(&id).await.unwrap();
        talk(&mut talker, &id, said).await;
        assert_eq!(told(&mut slow), ["reset 2 slow"]);
    }
}

#[tokio::test(start_paused = true)]
async fn healing_is_one_read_for_all_who_wait() {
    let (engine, faults) = small_tails(&Stage::new());
    let (mut talker, id) = opened(&engine).await;
    let mut slow = Vec::new();
    for n in 0..20 {
        let session = connect(&engine, &format!("slow{n}")).await;
        session.join(&id).await.unwrap();
        slow.push(session);
        // All have read up to here; all fall off at the same place.
        slow.iter_mut().for_each(|session| drop(events(session)));
        events(&mut talker);
    }
    talk(&mut talker, &id, 100).await;
    faults.resume.shut();
    for session in &mut slow {
        assert!(session.next().now_or_never().is_none(), "waits for the read");
    }
    assert_eq!(faults.resumes.load(Ordering::SeqCst), 1);
    faults.resume.open();
    let firsts = join_all(slow.iter_mut().map(Session::next)).await;
    let firsts: Vec<SharedEntry> = firsts
        .into_iter()
        .map(|event| match event {
            Some(Event::Entry(entry)) => entry,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(firsts.iter().all(|entry| Arc::ptr_eq(entry, &firsts[0])), "and one copy for all");
    for session in &mut slow {
        assert_eq!(entries(session).len(), 99);
    }
    assert_eq!(faults.resumes.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn one_who_stops_waiting_for_a_read_does_not_stop_the_others() {
    let (engine, faults) = small_tails(&Stage::new());
    let (mut talker, id) = opened(&engine).await;
    let (mut one, mut two) = (connect(&engine, "one").await, connect(&engine, "two").await);
    one.join(&id).await.unwrap();
    two.join(&id).await.unwrap();
    drop((events(&mut one), events(&mut two)));
    talk(&mut talker, &id, 100).await;
    faults.resume.shut();
    assert!(one.next().now_or_never().is_none());
    assert!(two.next().now_or_never().is_none());
    drop(one);
    faults.resume.open();
    assert!(two.next().await.is_some());
    assert_eq!(entries(&mut two).len(), 99);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_read_resets_whom_it_cannot_heal() {
    let (engine, faults) = small_tails(&Stage::new());
    let (mut talker, id) = opened(&engine).await;
    let mut slow = connect(&engine, "slow").await;
    slow.join(&id).await.unwrap();
    talk(&mut talker, &id, 100).await;
    faults.set_away(true);
    assert_eq!(told(&mut slow), ["reset 2 slow"]);
    faults.set_away(false);
    let snapshot = slow.join(&id).await.unwrap();
    assert_eq!(snapshot.room.live, 2);
}

#[tokio::test(start_paused = true)]
async fn leaving_while_a_read_is_under_way_ends_it_quietly() {
    let (engine, faults) = small_tails(&Stage::new());
    let (mut talker, id) = opened(&engine).await;
    let mut slow = connect(&engine, "slow").await;
    slow.join(&id).await.unwrap();
    talk(&mut talker, &id, 100).await;
    faults.resume.shut();
    assert!(slow.next().now_or_never().is_none());
    slow.leave(&id).await.unwrap();
    let snapshot = {
        // The read of the log that a join needs is the store's own: only healing is held up.
        let joined = slow.join(&id).now_or_never();
        joined.expect("a join does not wait for the old read").unwrap()
    };
    faults.resume.open();
    talk(&mut talker, &id, 3).await;
    let read = numbers(&entries(&mut slow));
    let from = snapshot.cursor.n + 1;
    assert_eq!(read, (from..from + 3).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn large_bodies_are_bounded_in_bytes() {
    let stage = Stage::new();
    let limits = Limits { tail_bytes: 64 * 1024, ..Limits::default() };
    let (backend, faults) = Spy::on(&stage.backend);
    let engine = stage.builder().with_backend(backend).with_limits(limits).build().unwrap();
    let (mut talker, id) = opened(&engine).await;
    let mut slow = connect(&engine, "slow").await;
    slow.join(&id).await.unwrap();
    for _ in 0..10 {
        talker.say(&id, "x".repeat(15_000)).await.unwrap();
        events(&mut talker);
    }
    assert_eq!(entries(&mut slow).len(), 10);
    assert_eq!(faults.resumes.load(Ordering::SeqCst), 1, "ten did not fit");
}

#[tokio::test]
async fn who_has_not_read_of_the_end_still_reads_it() {
    let (engine, _) = small_tails(&Stage::new());
    let (mut talker, id) = opened(&engine).await;
    let mut slow = connect(&engine, "slow").await;
    slow.join(&id).await.unwrap();
    talk(&mut talker, &id, 40).await;
    engine.close(&id).await.unwrap();
    engine.pass(secs(30)).await;
    let told = told(&mut slow);
    assert_eq!((told.len(), told.last().unwrap().as_str()), (41, "closed admin"));
}

#[tokio::test(start_paused = true)]
async fn signals_beyond_a_few_dozen_are_lost_and_nothing_else() {
    let engine = Stage::new().engine();
    let (mut talker, id) = opened(&engine).await;
    let mut slow = connect(&engine, "slow").await;
    slow.join(&id).await.unwrap();
    for n in 0..100 {
        talker.signal(&id, format!("{n}")).await.unwrap();
    }
    talker.say(&id, "said").await.unwrap();
    let told = told(&mut slow);
    assert_eq!(told[0], "said talker said");
    assert_eq!(told.len(), 33);
    assert_eq!(told[32], "signal talker 99");
    assert!(events(&mut talker).len() < 3);
}
