//! Coming back: exactly what was missed, or the reason why not.

use chat_core::{
    CloseWhy, Cursor, Epoch, Error, Join, LostWhy, Replay, RoomSpec, Session, Snapshot, Timestamp,
};

use crate::support::{code, connect, engine, entries, lines, numbers, room, secs, told};

async fn open(session: &Session, spec: RoomSpec) -> Snapshot {
    session.join_or_open(spec.with_id("r")).await.unwrap()
}

#[tokio::test]
async fn coming_back_gives_exactly_what_was_missed() {
    let engine = engine();
    let (mut kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let id = open(&kim, RoomSpec::public("r")).await.room.id;
    lee.join(&id).await.unwrap();
    lee.say(&id, "seen").await.unwrap();
    let cursor = entries(&mut kim).last().unwrap().cursor();
    drop(kim);
    lee.say(&id, "missed").await.unwrap();
    lee.rename("Lee").await.unwrap();
    let mut kim = connect(&engine, "kim").await;
    let snapshot = kim.join_since(&id, cursor).await.unwrap();
    assert_eq!(snapshot.replay, Replay::Resumed);
    assert_eq!(lines(&snapshot.entries), ["said lee missed", "renamed lee Lee"]);
    assert_eq!(numbers(&snapshot.entries), [cursor.n + 1, cursor.n + 2]);
    lee.say(&id, "on").await.unwrap();
    assert_eq!(entries(&mut kim)[0].n, snapshot.cursor.n + 1);
}

#[tokio::test]
async fn who_missed_nothing_gets_nothing() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let first = open(&kim, RoomSpec::public("r")).await;
    let again = kim.join_since(&first.room.id, first.cursor).await.unwrap();
    assert_eq!((again.replay, again.entries.len()), (Replay::Resumed, 0));
}

#[tokio::test]
async fn from_zero_is_everything() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let first = open(&kim, RoomSpec::public("r")).await;
    kim.say(&first.room.id, "x").await.unwrap();
    let zero = Cursor { epoch: first.cursor.epoch, n: 0, at: None };
    let again = kim.join_since(&first.room.id, zero).await.unwrap();
    assert_eq!(again.replay, Replay::Resumed);
    assert_eq!(lines(&again.entries), ["joined kim 1", "said kim x"]);
}

#[tokio::test]
async fn a_log_that_is_not_the_one_that_was_read_is_noticed() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let first = open(&kim, RoomSpec::public("r")).await;
    let id = first.room.id;
    let said = kim.say(&id, "x").await.unwrap().cursor();
    let wrong = [
        Cursor { epoch: Epoch(said.epoch.0 ^ 1), ..said },
        Cursor { n: said.n + 1, at: None, ..said },
        Cursor { n: u64::MAX, ..said },
        Cursor { at: Some(Timestamp(said.at.unwrap().0 - 1)), ..said },
        Cursor { at: Some(Timestamp(0)), ..said },
    ];
    for cursor in wrong {
        let snapshot = kim.join_since(&id, cursor).await.unwrap();
        assert_eq!(snapshot.replay, Replay::Lost(LostWhy::Epoch), "{cursor:?}");
        assert_eq!(lines(&snapshot.entries), ["said kim x"], "{cursor:?}");
    }
    let unknown_time = Cursor { at: None, ..said };
    assert_eq!(kim.join_since(&id, unknown_time).await.unwrap().replay, Replay::Resumed);
}

#[tokio::test]
async fn a_gap_that_is_not_kept_any_more_is_never_filled_in_part() {
    let engine = engine();
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let first = open(&kim, RoomSpec::public("r").with_history(3)).await;
    let id = first.room.id;
    lee.join(&id).await.unwrap();
    for n in 0..4 {
        lee.say(&id, format!("{n}")).await.unwrap();
    }
    let snapshot = kim.join_since(&id, first.cursor).await.unwrap();
    assert_eq!(snapshot.replay, Replay::Lost(LostWhy::Trimmed));
    assert_eq!(lines(&snapshot.entries), ["said lee 1", "said lee 2", "said lee 3"]);
    // From the first that is kept it works.
    let floor = Cursor { n: 3, at: None, ..first.cursor };
    assert_eq!(kim.join_since(&id, floor).await.unwrap().replay, Replay::Resumed);
}

#[tokio::test]
async fn a_gap_that_is_too_long_is_said_to_be_trimmed() {
    let engine = engine();
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let first = open(&kim, RoomSpec::public("r").with_history(5_000)).await;
    let id = first.room.id;
    lee.join(&id).await.unwrap();
    for n in 0..999 {
        lee.say(&id, format!("{n}")).await.unwrap();
    }
    let resumed = kim.join_since(&id, first.cursor).await.unwrap();
    assert_eq!((resumed.replay, resumed.entries.len()), (Replay::Resumed, 1_000));
    lee.say(&id, "one more").await.unwrap();
    let lost = kim.join_since(&id, first.cursor).await.unwrap();
    assert_eq!(lost.replay, Replay::Lost(LostWhy::Trimmed));
    assert_eq!(lost.entries.len(), 50);
}

#[tokio::test]
async fn an_id_that_is_opened_again_is_another_log() {
    let engine = engine();
    let mut kim = connect(&engine, "kim").await;
    let first = open(&kim, RoomSpec::public("r")).await;
    let id = first.room.id.clone();
    kim.say(&id, "old").await.unwrap();
    engine.close(&id).await.unwrap();
    assert_eq!(told(&mut kim), ["said kim old", "closed admin"]);
    assert!(matches!(kim.join(&id).await, Err(Error::RoomClosed { why: CloseWhy::Admin })));
    let join = Join::room(&id).or_open(RoomSpec::public("again")).since(first.cursor);
    let (second, created) = kim.join_with(join).await.unwrap();
    assert!(created);
    assert_ne!(second.cursor.epoch, first.cursor.epoch);
    assert_eq!(second.replay, Replay::Lost(LostWhy::Epoch));
    assert_eq!(lines(&second.entries), ["joined kim 1"]);
    kim.say(&id, "new").await.unwrap();
    assert_eq!(told(&mut kim), ["said kim new"]);
}

#[tokio::test]
async fn one_who_slept_through_the_end_does_not_write_into_the_next_life() {
    let engine = engine();
    let (mut kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let id = open(&kim, RoomSpec::public("r")).await.room.id;
    engine.close(&id).await.unwrap();
    open(&lee, RoomSpec::public("again")).await;
    // Kim's stream has not been read: she still believes to be in the old one.
    assert!(matches!(kim.say(&id, "x").await, Err(Error::RoomClosed { why: CloseWhy::Admin })));
    assert_eq!(told(&mut kim), ["closed admin"]);
    assert_eq!(code(kim.say(&id, "x").await), "not_member");
    assert_eq!(engine.room(&id).await.unwrap().live, 1);
}

#[tokio::test]
async fn latecomers_are_told_for_a_minute_why_a_room_closed() {
    let engine = engine();
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let id = open(&kim, RoomSpec::public("r")).await.room.id;
    kim.say(&id, "last words").await.unwrap();
    kim.close(&id).await.unwrap();
    assert!(matches!(lee.join(&id).await, Err(Error::RoomClosed { why: CloseWhy::Owner })));
    engine.pass(secs(59)).await;
    assert!(matches!(engine.room(&id).await, Err(Error::RoomClosed { why: CloseWhy::Owner })));
    let page = chat_core::HistoryPage::Newest { limit: 5 };
    let history = engine.history(&id, page).await.unwrap();
    assert_eq!(lines(&history.entries), ["said kim last words", "closed owner"]);
    engine.pass(secs(2)).await;
    assert_eq!(code(engine.room(&id).await), "no_such_room");
    assert_eq!(code(lee.join(&id).await), "no_such_room");
    assert_eq!(code(engine.history(&id, page).await), "no_such_room");
}

#[tokio::test]
async fn a_recent_of_none_gives_none() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let id = open(&kim, RoomSpec::public("r")).await.room.id;
    kim.say(&id, "x").await.unwrap();
    let (snapshot, _) = kim.join_with(Join::room(&id).recent(0)).await.unwrap();
    assert!(snapshot.entries.is_empty());
    let (snapshot, _) = kim.join_with(Join::room(&id).recent(u32::MAX)).await.unwrap();
    assert_eq!(lines(&snapshot.entries), ["said kim x"]);
    assert_eq!(code(kim.join(&room("other")).await), "no_such_room");
}
