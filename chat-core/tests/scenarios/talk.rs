//! Talking: a room is a numbered log, and everybody reads the same one.

use std::collections::BTreeSet;

use chat_core::{
    Author, Body, Engine, Event, HistoryPage, Key, Limits, RoomSpec, SessionHandle, Snapshot, User,
};
use futures_util::FutureExt;

use crate::support::{code, connect, engine, entries, events, lines, numbers, room, secs, told};

#[tokio::test]
async fn everybody_reads_the_same_log_in_the_same_order() {
    let engine = engine();
    let (mut kim, mut lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let id = engine.open(RoomSpec::public("Rust")).await.unwrap().id;
    let first = kim.join(&id).await.unwrap();
    let second = lee.join(&id).await.unwrap();
    assert_eq!((first.cursor.n, second.cursor.n), (1, 2));
    assert_eq!(second.members.len(), 2);
    kim.say(&id, "one").await.unwrap();
    lee.say(&id, "two").await.unwrap();
    engine.post(&id, "three", Author::System, None).await.unwrap();
    assert_eq!(told(&mut kim), ["joined lee 2", "said kim one", "said lee two", "said - three"]);
    assert_eq!(told(&mut lee), ["said kim one", "said lee two", "said - three"]);
}

#[tokio::test]
async fn what_is_said_is_answered_with_its_number_and_comes_back_with_it() {
    let engine = engine();
    let mut kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    let spoken = kim.say(&id, "hello").await.unwrap();
    let [entry] = &entries(&mut kim)[..] else { panic!("one entry") };
    assert_eq!((entry.n, entry.at, entry.epoch), (spoken.n, spoken.at, spoken.epoch));
    assert_eq!(entry.said().unwrap().name.as_ref().unwrap(), "kim");
    assert_eq!(entry.cursor(), spoken.cursor());
}

#[tokio::test]
async fn the_same_key_is_said_once() {
    let engine = engine();
    let (mut kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    lee.join(&id).await.unwrap();
    let key = Key::new("k1").unwrap();
    let first = kim.say_once(&id, "hello", &key).await.unwrap();
    engine.pass(secs(299)).await;
    let again = kim.say_once(&id, "hello", &key).await.unwrap();
    assert_eq!((again.n, again.at, again.duplicate), (first.n, first.at, true));
    let other_user = lee.say_once(&id, "hello", &key).await.unwrap();
    assert!(!other_user.duplicate);
    let second_tab = connect(&engine, "kim").await;
    second_tab.join(&id).await.unwrap();
    assert!(second_tab.say_once(&id, "hello", &key).await.unwrap().duplicate);
    engine.pass(secs(601)).await;
    assert!(!kim.say_once(&id, "hello", &key).await.unwrap().duplicate);
    assert_eq!(told(&mut kim).iter().filter(|line| line.starts_with("said kim")).count(), 2);
}

#[tokio::test]
async fn a_key_belongs_to_its_user_and_room_and_the_sites_keys_to_the_site() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let key = Key::new("k1").unwrap();
    for id in ["a", "b"] {
        let id = kim.join_or_open(RoomSpec::public("r").with_id(id)).await.unwrap().room.id;
        assert!(!kim.say_once(&id, "x", &key).await.unwrap().duplicate);
        let post = |author| engine.post(&id, "x", author, Some(&key));
        assert!(!post(Author::System).await.unwrap().duplicate);
        assert!(post(Author::System).await.unwrap().duplicate);
        assert!(post(Author::User(User::named("kim", "Kim"))).await.unwrap().duplicate);
    }
}

#[tokio::test]
async fn a_host_speaks_for_users_who_are_not_there() {
    let engine = engine();
    let mut kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    let lee = Author::User(User::named("lee", "Lee"));
    engine.post(&id, "from afar", lee, None).await.unwrap();
    assert_eq!(told(&mut kim), ["said lee from afar"]);
    assert_eq!(engine.room(&id).await.unwrap().live, 1);
}

#[tokio::test]
async fn signals_reach_those_who_are_there_but_the_sender() {
    let engine = engine();
    let (mut kim, mut lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let mut tab = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    lee.join(&id).await.unwrap();
    tab.join(&id).await.unwrap();
    events(&mut kim);
    kim.signal(&id, "typing").await.unwrap();
    assert_eq!(told(&mut kim), Vec::<String>::new());
    assert_eq!(told(&mut lee), ["signal kim typing"]);
    assert_eq!(told(&mut tab), ["signal kim typing"]);
    let late = connect(&engine, "may").await;
    assert!(late.join(&id).await.unwrap().entries.iter().all(|entry| entry.said().is_none()));
    assert_eq!(code(connect(&engine, "x").await.signal(&id, "x").await), "not_member");
}

#[tokio::test]
async fn history_is_paged_in_both_directions_and_notices_do_not_push_it_out() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    for n in 0..10 {
        kim.say(&id, format!("m{n}")).await.unwrap();
    }
    for _ in 0..300 {
        let guest = connect(&engine, "lee").await;
        guest.join(&id).await.unwrap();
        guest.leave(&id).await.unwrap();
    }
    let said = |entries: &[chat_core::SharedEntry]| -> Vec<String> {
        lines(entries).into_iter().filter(|line| line.starts_with("said")).collect()
    };
    let newest = kim.history(&id, HistoryPage::Newest { limit: 4 }).await.unwrap();
    assert_eq!(said(&newest.entries), ["said kim m6", "said kim m7", "said kim m8", "said kim m9"]);
    assert!(newest.more);
    let n = newest.entries[0].n;
    let before = kim.history(&id, HistoryPage::Before { n, limit: 100 }).await.unwrap();
    assert_eq!((said(&before.entries).len(), before.more), (6, false));
    assert_eq!(before.first, before.entries[0].n);
    let n = before.first;
    let after = kim.history(&id, HistoryPage::After { n, limit: 2 }).await.unwrap();
    assert_eq!(said(&after.entries), ["said kim m1", "said kim m2"]);
    assert!(after.more);
    let snapshot = connect(&engine, "may").await.join(&id).await.unwrap();
    assert_eq!(said(&snapshot.entries).len(), 10);
}

#[tokio::test]
async fn only_members_talk_and_read() {
    let engine = engine();
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    let page = HistoryPage::Newest { limit: 5 };
    assert_eq!(code(lee.say(&id, "x").await), "not_member");
    assert_eq!(code(lee.history(&id, page).await), "not_member");
    assert_eq!(code(lee.members(&id, None, 5).await), "not_member");
    assert_eq!(code(lee.leave(&id).await), "not_member");
    // A second connection of one who is in is not in by itself.
    let tab = connect(&engine, "kim").await;
    assert_eq!(code(tab.say(&id, "x").await), "not_member");
    let missing = room("missing");
    assert_eq!(code(lee.say(&missing, "x").await), "no_such_room");
    assert_eq!(code(lee.join(&missing).await), "no_such_room");
    assert_eq!(code(lee.history(&missing, page).await), "no_such_room");
}

#[tokio::test]
async fn a_body_is_handed_on_as_it_is() {
    let engine = engine();
    let mut kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    let all: String = (0u32..0x500).filter_map(char::from_u32).chain("각😀".chars()).collect();
    kim.say(&id, all.as_str()).await.unwrap();
    kim.say(&id, Body::json(&br#"{"a":[1,null]}"#[..])).await.unwrap();
    let got = entries(&mut kim);
    let first: String = serde_json::from_slice(got[0].said().unwrap().body.as_bytes()).unwrap();
    assert_eq!(first, all);
    assert_eq!(got[1].said().unwrap().body.as_bytes(), br#"{"a":[1,null]}"#);
}

/// Joins while others talk, and reads on: the snapshot and what follows are one log without a seam.
async fn joins_in_the_middle(engine: Engine, id: chat_core::RoomId, name: String, until: u64) {
    let mut session = connect(&engine, &name).await;
    let snapshot = session.join(&id).await.unwrap();
    assert!(snapshot.members.iter().any(|member| member.user == name.as_str()), "the joiner");
    assert!(snapshot.entries.iter().all(|entry| entry.n <= snapshot.cursor.n));
    let mut next = snapshot.cursor.n + 1;
    while next <= until {
        let Some(event) = session.next().await else { panic!("the stream ended") };
        let Event::Entry(entry) = event else { panic!("{event:?}") };
        assert_eq!(entry.n, next, "behind the snapshot, without holes");
        next += 1;
    }
}

async fn talks(handle: SessionHandle, id: chat_core::RoomId, times: u64) {
    for n in 0..times {
        handle.say(&id, format!("{n}")).await.unwrap();
        if n % 16 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_goes_on_right_behind_its_snapshot_while_others_talk_at_full_speed() {
    const TALKERS: u64 = 3;
    const EACH: u64 = 400;
    // So many that nobody falls off it, however slow the machine.
    let limits = Limits { tail: 10_000, ..Limits::default() };
    for _ in 0..5 {
        let engine = Engine::builder().with_limits(limits.clone()).build().unwrap();
        let id = engine.open(RoomSpec::public("r")).await.unwrap().id;
        let talkers = {
            let mut talkers = Vec::new();
            for n in 0..TALKERS {
                let session = connect(&engine, &format!("talker{n}")).await;
                session.join(&id).await.unwrap();
                talkers.push(session);
            }
            talkers
        };
        let least = TALKERS * EACH;
        let mut tasks = Vec::new();
        for n in 0..8 {
            let joins = joins_in_the_middle(engine.clone(), id.clone(), format!("j{n}"), least);
            tasks.push(tokio::spawn(joins));
        }
        for talker in &talkers {
            tasks.push(tokio::spawn(talks(talker.handle(), id.clone(), EACH)));
        }
        for task in tasks {
            task.await.unwrap();
        }
        engine.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_talk_at_once_are_read_in_one_order_by_all() {
    let engine = Engine::in_memory();
    let id = engine.open(RoomSpec::public("r")).await.unwrap().id;
    let mut readers = Vec::new();
    for n in 0..4 {
        let session = connect(&engine, &format!("u{n}")).await;
        session.join(&id).await.unwrap();
        readers.push(session);
    }
    let mut tasks = Vec::new();
    for reader in &readers {
        tasks.push(tokio::spawn(talks(reader.handle(), id.clone(), 60)));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let mut orders = BTreeSet::new();
    for reader in &mut readers {
        let told: Vec<_> = entries(reader).into_iter().filter(|e| e.said().is_some()).collect();
        let first = told[0].n;
        assert_eq!(numbers(&told), (first..first + 240).collect::<Vec<_>>());
        orders.insert(lines(&told));
    }
    assert_eq!(orders.len(), 1);
    engine.shutdown().await;
}

#[tokio::test]
async fn joining_twice_is_a_fresh_snapshot_and_nothing_is_told_twice() {
    let engine = engine();
    let (mut kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    lee.join(&id).await.unwrap();
    lee.say(&id, "one").await.unwrap();
    let again: Snapshot = kim.join(&id).await.unwrap();
    assert_eq!(lines(&again.entries), ["joined kim 1", "joined lee 2", "said lee one"][2..]);
    assert_eq!((again.room.live, again.cursor.n), (2, 3));
    assert_eq!(told(&mut kim), Vec::<String>::new());
    lee.say(&id, "two").await.unwrap();
    assert_eq!(told(&mut kim), ["said lee two"]);
}

#[tokio::test]
async fn after_a_leave_nothing_more_of_the_room_is_told() {
    let engine = engine();
    let (mut kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    let other = kim.join_or_open(RoomSpec::public("s").with_id("s")).await.unwrap().room.id;
    lee.join(&id).await.unwrap();
    lee.say(&id, "undrained").await.unwrap();
    lee.signal(&id, "undrained").await.unwrap();
    kim.leave(&id).await.unwrap();
    lee.say(&id, "afterwards").await.unwrap();
    kim.say(&other, "here").await.unwrap();
    assert_eq!(told(&mut kim), ["said kim here"]);
    assert_eq!(code(kim.say(&id, "x").await), "not_member");
    // And a second time in, it is read from there on.
    let snapshot = kim.join(&id).await.unwrap();
    lee.say(&id, "again").await.unwrap();
    let [entry] = &entries(&mut kim)[..] else { panic!("one entry") };
    assert_eq!(entry.n, snapshot.cursor.n + 1);
}

#[tokio::test]
async fn a_batch_holds_what_is_new_of_all_rooms() {
    let engine = engine();
    let mut kim = connect(&engine, "kim").await;
    for id in ["a", "b", "c"] {
        let id = kim.join_or_open(RoomSpec::public("r").with_id(id)).await.unwrap().room.id;
        kim.say(&id, "1").await.unwrap();
        kim.say(&id, "2").await.unwrap();
    }
    let mut batch = Vec::new();
    assert!(kim.next_batch(&mut batch).await);
    assert_eq!(batch.len(), 6);
    assert!(kim.next_batch(&mut batch).now_or_never().is_none(), "nothing new");
    assert_eq!(batch.len(), 6);
}
