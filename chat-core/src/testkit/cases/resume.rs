//! Resuming from a cursor gives exactly what was missed, or says why that cannot be.

use crate::entry::{Cursor, SharedEntry};
use crate::id::{Epoch, RoomId};
use crate::limits::StoreOptions;
use crate::store::{Replay, Resumed};
use crate::testkit::build::{beginning, public, public_with, secs};
use crate::testkit::{Node, Stand, World, numbers, told};
use crate::time::Timestamp;
use crate::why::LostWhy;

async fn resume(node: &Node, room: &RoomId, cursor: Cursor, max: u32) -> Resumed {
    node.backend.rooms.resume(room, cursor, max).await.unwrap()
}

/// What was missed, which can be given, with the log's head being its newest.
async fn missed(node: &Node, room: &RoomId, cursor: Cursor) -> Vec<SharedEntry> {
    match resume(node, room, cursor, 1_000).await {
        Resumed::Entries { entries, head } => {
            let newest = entries.last().map_or(cursor.n, |entry| entry.n);
            assert_eq!((head.epoch, head.n), (cursor.epoch, newest), "given up to the head");
            entries
        }
        other => panic!("cannot be given: {other:?}"),
    }
}

/// Why it cannot be given.
async fn lost(node: &Node, room: &RoomId, cursor: Cursor, max: u32) -> LostWhy {
    match resume(node, room, cursor, max).await {
        Resumed::Lost { why, .. } => why,
        other => panic!("should not be given: {other:?}"),
    }
}

/// From any entry on, everything behind it is given, notices included, each once and in order.
pub(super) async fn resuming_gives_what_was_missed(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let opened = one.open(public("tea")).await;
    let room = opened.id;
    let (kim, lee) = (one.guest("kim"), one.guest("lee"));
    kim.enter(&room).await;
    kim.say(&room, "a").await;
    lee.enter(&room).await;
    world.pass(secs(1)).await;
    lee.say(&room, "b").await;
    lee.leave(&room).await;
    kim.say(&room, "c").await;
    let log = one.log(&room).await;
    assert_eq!(numbers(&log), [1, 2, 3, 4, 5, 6]);
    assert_eq!(missed(&two, &room, beginning(opened.epoch)).await, log);
    for (seen, entry) in log.iter().enumerate() {
        assert_eq!(missed(&two, &room, entry.cursor()).await, log[seen + 1..]);
        let untimed = Cursor { at: None, ..entry.cursor() };
        assert_eq!(missed(&two, &room, untimed).await, log[seen + 1..]);
    }
}

/// A cursor into another life of the log is noticed, and nothing is continued.
pub(super) async fn another_epoch_is_noticed(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let entry = node.post(&room, "a").await;
    let other = Cursor { epoch: Epoch(entry.epoch.0 ^ 1), ..entry.cursor() };
    match resume(&node, &room, other, 10).await {
        Resumed::Lost { why, head, ended } => {
            assert_eq!((why, head, ended), (LostWhy::Epoch, entry.cursor(), None));
        }
        continued => panic!("{continued:?}"),
    }
    assert_eq!(lost(&node, &room, beginning(other.epoch), 10).await, LostWhy::Epoch);
}

/// A log with the same numbers but another entry at the cursor's place is not the one that was read.
pub(super) async fn the_cursors_time_is_compared(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let first = node.post(&room, "a").await;
    let second = node.post(&room, "b").await;
    for entry in [&first, &second] {
        for at in [entry.at.0 - 1, entry.at.0 + 1, 0] {
            let other = Cursor { at: Some(Timestamp(at)), ..entry.cursor() };
            assert_eq!(lost(&node, &room, other, 10).await, LostWhy::Epoch);
        }
    }
    let nothing = Cursor { at: Some(Timestamp(7)), ..beginning(first.epoch) };
    assert_eq!(numbers(&missed(&node, &room, nothing).await), [1, 2], "0 is no entry: no time");
}

/// The head's time is known, and compared, also where the entry itself was dropped.
pub(super) async fn the_heads_time_outlives_the_entry(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.history = 0)).await.id;
    let entry = node.post(&room, "a").await;
    assert!(missed(&node, &room, entry.cursor()).await.is_empty());
    let other = Cursor { at: Some(entry.at.after(secs(1))), ..entry.cursor() };
    assert_eq!(lost(&node, &room, other, 10).await, LostWhy::Epoch);
}

/// A cursor beyond the head is of another log: this one has lost its end, or is not the one that was read.
pub(super) async fn a_cursor_from_the_future_is_of_another_log(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let entry = node.post(&room, "a").await;
    for n in [2, 1_000, u64::MAX - 1, u64::MAX] {
        for at in [None, Some(entry.at)] {
            let future = Cursor { n, at, ..entry.cursor() };
            assert_eq!(lost(&node, &room, future, 10).await, LostWhy::Epoch, "{n}");
        }
    }
}

/// Where something behind the cursor was dropped, nothing is given; where it was not, all is.
pub(super) async fn a_gap_older_than_what_is_kept_is_trimmed(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.history = 3)).await.id;
    let mut said = Vec::new();
    for n in 0..8 {
        said.push(node.post(&room, &format!("{n}")).await);
    }
    for early in &said[..4] {
        assert_eq!(lost(&node, &room, early.cursor(), 10).await, LostWhy::Trimmed);
    }
    assert_eq!(lost(&node, &room, beginning(said[0].epoch), 10).await, LostWhy::Trimmed);
    assert_eq!(missed(&node, &room, said[4].cursor()).await, said[5..], "right before the oldest");
    assert_eq!(missed(&node, &room, said[6].cursor()).await, said[7..]);
}

/// A notice that was dropped is missing too, though everything said is still there.
pub(super) async fn a_dropped_notice_is_missed(stand: &dyn Stand) {
    let options = StoreOptions { notices: 2, ..StoreOptions::default() };
    let world = World::with(stand, options).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    let joined = kim.enter(&room).await.wrote[0].cursor();
    let said = kim.say(&room, "a").await.cursor();
    lee.enter(&room).await;
    assert_eq!(numbers(&missed(&node, &room, joined).await), [2, 3]);
    lee.leave(&room).await;
    assert_eq!(lost(&node, &room, beginning(said.epoch), 10).await, LostWhy::Trimmed);
    assert_eq!(numbers(&missed(&node, &room, joined).await), [2, 3, 4], "nothing behind it went");
    lee.enter(&room).await;
    assert_eq!(lost(&node, &room, joined, 10).await, LostWhy::Trimmed);
    assert_eq!(lost(&node, &room, said, 10).await, LostWhy::Trimmed);
    let history = node.history(&room, 50).await;
    assert_eq!(told(&history.entries), ["said kim a", "left lee 1 left", "joined lee 2"]);
}

/// A gap longer than is asked for is not filled in part.
pub(super) async fn a_long_gap_is_never_filled_in_part(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let first = node.post(&room, "0").await;
    for n in 1..=4 {
        node.post(&room, &format!("{n}")).await;
    }
    let head = node.log(&room).await[4].cursor();
    match resume(&node, &room, first.cursor(), 3).await {
        Resumed::Lost { why: LostWhy::Trimmed, head: at, .. } => assert_eq!(at, head),
        other => panic!("{other:?}"),
    }
    match resume(&node, &room, first.cursor(), 4).await {
        Resumed::Entries { entries, head: at } => assert_eq!((entries.len(), at), (4, head)),
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(resume(&node, &room, head, 0).await, Resumed::Entries { .. }),
        "no gap at all"
    );
}

/// A log that has ended is read to its end as long as it is remembered.
pub(super) async fn a_closed_log_is_read_to_its_end(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let entry = node.post(&room, "a").await;
    let closed = node.close(&room).await;
    assert_eq!(missed(&node, &room, entry.cursor()).await, std::slice::from_ref(&closed));
    world.pass(world.options.closed_kept - secs(5)).await;
    assert_eq!(missed(&node, &room, entry.cursor()).await, [closed]);
    world.pass(secs(6)).await;
    assert_eq!(resume(&node, &room, entry.cursor(), 10).await, Resumed::Missing);
}

/// Who reads a life of the log that was followed by another is told how theirs ended.
pub(super) async fn an_ended_epoch_is_told_by_its_last_entry(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let entry = node.post(&room, "a").await;
    let closed = node.close(&room).await;
    let opened = node.open(public("tea")).await;
    for cursor in [entry.cursor(), closed.cursor(), beginning(entry.epoch)] {
        match resume(&node, &room, cursor, 10).await {
            Resumed::Lost { why, head, ended } => {
                assert_eq!((why, head.epoch, head.n), (LostWhy::Epoch, opened.epoch, 0));
                assert_eq!(ended.as_ref(), Some(&closed));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Entering with a cursor is entering and resuming at one moment.
pub(super) async fn entering_with_a_cursor_resumes(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.history = 4)).await.id;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.enter(&room).await;
    let seen = kim.say(&room, "a").await.cursor();
    kim.say(&room, "b").await;
    let mut enter = lee.entering(&room);
    enter.since = Some(seen);
    let snapshot = lee.enter_by(enter.clone()).await.snapshot;
    assert_eq!(snapshot.replay, Replay::Resumed);
    assert_eq!(told(&snapshot.entries), ["said kim b", "joined lee 2"]);
    assert_eq!(snapshot.cursor, snapshot.entries[1].cursor());

    enter.since = Some(snapshot.cursor);
    let snapshot = lee.enter_by(enter.clone()).await.snapshot;
    assert_eq!((snapshot.replay, snapshot.entries.len()), (Replay::Resumed, 0), "nothing missed");

    enter.since = Some(Cursor { epoch: Epoch(seen.epoch.0 ^ 1), ..seen });
    enter.recent = 1;
    let snapshot = lee.enter_by(enter.clone()).await.snapshot;
    assert_eq!(snapshot.replay, Replay::Lost(LostWhy::Epoch));
    assert_eq!(told(&snapshot.entries), ["said kim b", "joined lee 2"], "the newest instead");

    for text in ["c", "d", "e", "f"] {
        kim.say(&room, text).await;
    }
    enter.since = Some(seen);
    let snapshot = lee.enter_by(enter.clone()).await.snapshot;
    assert_eq!(snapshot.replay, Replay::Lost(LostWhy::Trimmed));
    assert_eq!(told(&snapshot.entries), ["said kim f"]);

    enter.since = Some(Cursor { n: 6, at: None, ..seen });
    enter.resume_max = 1;
    let snapshot = lee.enter_by(enter).await.snapshot;
    assert_eq!(snapshot.replay, Replay::Lost(LostWhy::Trimmed), "longer than asked for");
    assert_eq!(told(&snapshot.entries), ["said kim f"]);
}
