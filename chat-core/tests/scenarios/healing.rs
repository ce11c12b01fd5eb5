//! Entries that get lost on their way from the store are read from the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chat_core::{CloseWhy, Engine, LeftWhy, Presence, RoomSpec, Session, What};

use crate::support::spy::Spy;
use crate::support::{Stage, connect, entries, numbers, room, secs, told};

fn lossy(stage: &Stage) -> (Engine, Arc<Spy>) {
    let (backend, faults) = Spy::on(&stage.backend);
    (stage.builder().with_backend(backend).build().unwrap(), faults)
}

async fn two(engine: &Engine) -> (Session, Session) {
    let (kim, lee) = (connect(engine, "kim").await, connect(engine, "lee").await);
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    lee.join(&id).await.unwrap();
    // A node that begins its life looks at its rooms once: that is not what is tested here.
    tokio::time::sleep(secs(1)).await;
    (kim, lee)
}

#[tokio::test(start_paused = true)]
async fn a_lost_entry_is_read_when_the_next_one_shows_the_gap() {
    let (engine, faults) = lossy(&Stage::new());
    let (mut kim, mut lee) = two(&engine).await;
    told(&mut kim);
    faults.lose(|entry| entry.n % 3 == 0);
    for n in 0..30 {
        lee.say(&room("r"), format!("{n}")).await.unwrap();
    }
    // Long before anything would be looked at by itself.
    tokio::time::sleep(Duration::from_millis(100)).await;
    for session in [&mut kim, &mut lee] {
        let read = numbers(&entries(session));
        assert!(read.len() >= 29, "{read:?}");
        assert_eq!(read, (3..3 + read.len() as u64).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_entry_is_read_although_nothing_follows_it() {
    let (engine, faults) = lossy(&Stage::new());
    let (mut kim, lee) = two(&engine).await;
    told(&mut kim);
    faults.lose(|_| true);
    lee.say(&room("r"), "last").await.unwrap();
    assert_eq!(told(&mut kim), Vec::<String>::new());
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(told(&mut kim), ["said lee last"], "its author's node knows that it must come");
}

#[tokio::test(start_paused = true)]
async fn the_last_entry_of_another_node_is_read_too() {
    let stage = Stage::new();
    let (here, faults) = lossy(&stage);
    let there = stage.engine();
    let mut kim = connect(&here, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    tokio::time::sleep(secs(1)).await;
    faults.lose(|_| true);
    let lee = connect(&there, "lee").await;
    lee.join(&id).await.unwrap();
    lee.say(&id, "last").await.unwrap();
    tokio::time::sleep(secs(11)).await;
    assert_eq!(told(&mut kim), ["joined lee 2", "said lee last"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_end_is_read_also_where_the_room_was_opened_again() {
    for again in [false, true] {
        let stage = Stage::new();
        let (here, faults) = lossy(&stage);
        let there = stage.engine();
        let mut kim = connect(&here, "kim").await;
        let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
        tokio::time::sleep(secs(1)).await;
        faults.lose(|entry| matches!(entry.what, What::Closed { why: CloseWhy::Admin }));
        there.close(&id).await.unwrap();
        if again {
            there.open(RoomSpec::public("again").with_id("r")).await.unwrap();
        }
        tokio::time::sleep(secs(11)).await;
        assert_eq!(told(&mut kim), ["closed admin"], "opened again: {again}");
        let snapshot = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap();
        assert_eq!(snapshot.room.live, 1);
        kim.say(&id, "on").await.unwrap();
        assert_eq!(told(&mut kim), ["said kim on"]);
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_was_put_out_learns_it_although_the_entry_was_lost() {
    let (engine, faults) = lossy(&Stage::new());
    let (mut kim, mut lee) = two(&engine).await;
    told(&mut kim);
    let lost =
        |entry: &chat_core::Entry| matches!(entry.what, What::Left { why: LeftWhy::Kicked, .. });
    faults.lose(lost);
    engine.kick(&room("r"), &crate::support::user("lee")).await.unwrap();
    tokio::time::sleep(secs(11)).await;
    assert_eq!(told(&mut lee).last().unwrap(), "kicked r");
    assert_eq!(told(&mut kim), ["left lee 1 kicked"]);
}

#[tokio::test(start_paused = true)]
async fn entries_that_come_twice_are_told_once() {
    let stage = Stage::new();
    let engine = stage.engine();
    let (mut kim, lee) = two(&engine).await;
    told(&mut kim);
    for n in 0..5 {
        lee.say(&room("r"), format!("{n}")).await.unwrap();
        engine.sweep().await;
    }
    tokio::time::sleep(secs(25)).await;
    assert_eq!(numbers(&entries(&mut kim)), [3, 4, 5, 6, 7]);
}

#[tokio::test(start_paused = true)]
async fn random_losses_are_all_healed() {
    for seed in 0..20u64 {
        let (engine, faults) = lossy(&Stage::new());
        let (mut kim, mut lee) = two(&engine).await;
        told(&mut kim);
        let state = AtomicU64::new(seed * 2 + 1);
        faults.lose(move |_| {
            let next = state.load(Ordering::Relaxed).wrapping_mul(6_364_136_223_846_793_005);
            state.store(next.wrapping_add(1), Ordering::Relaxed);
            next >> 62 == 0
        });
        let (mut one, mut two) = (Vec::new(), Vec::new());
        for n in 0..60 {
            lee.say(&room("r"), format!("{n}")).await.unwrap();
            if n % 7 == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                one.extend(numbers(&entries(&mut kim)));
            }
        }
        tokio::time::sleep(secs(2)).await;
        one.extend(numbers(&entries(&mut kim)));
        two.extend(numbers(&entries(&mut lee)));
        let all: Vec<u64> = (3..63).collect();
        assert_eq!((one, two), (all.clone(), all), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_count_that_changes_while_a_join_is_answered_is_not_missed() {
    let stage = Stage::new();
    let (engine, faults) = lossy(&stage);
    let spec = RoomSpec::public("r").with_id("r").with_presence(Presence::Count);
    let other = connect(&engine, "other").await;
    other.join_or_open(spec).await.unwrap();
    let mut kim = connect(&engine, "kim").await;
    faults.entered.shut();
    let handle = kim.handle();
    let joining = tokio::spawn(async move { handle.join(&room("r")).await });
    tokio::time::sleep(Duration::from_millis(10)).await;
    // Kim is in, but does not know yet; meanwhile somebody goes, and the node has read the number.
    other.leave(&room("r")).await.unwrap();
    tokio::time::sleep(secs(1)).await;
    faults.entered.open();
    let snapshot = joining.await.unwrap().unwrap();
    tokio::time::sleep(secs(1)).await;
    let told = told(&mut kim);
    let last = told.last().map_or(format!("count {}", snapshot.room.live), Clone::clone);
    assert_eq!(last, "count 1", "snapshot of {}, then {told:?}", snapshot.room.live);
}
