//! A snapshot is of one moment, which its cursor names.

use crate::store::{Enter, Replay};
use crate::testkit::build::{public, secs};
use crate::testkit::{Stand, World, numbers, told};

/// A snapshot contains the one who came, in the members and in the log.
pub(super) async fn a_snapshot_contains_the_joiner(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    for id in ["lee", "kim", "max"] {
        let guest = node.guest(id);
        let admission = guest.enter(&room).await;
        let snapshot = admission.snapshot;
        assert_eq!(snapshot.you, guest.user);
        assert!(snapshot.members.iter().any(|member| member.user == guest.user));
        assert!(snapshot.members.is_sorted_by_key(|member| member.user.clone()));
        assert_eq!(snapshot.members.len() as u32, snapshot.room.live);
        let own = &admission.wrote[0];
        assert!(own.n <= snapshot.cursor.n, "one's own joined is at or before the cursor");
        assert!(snapshot.entries.contains(own));
        assert_eq!(snapshot.entries.last().unwrap().cursor(), snapshot.cursor);
        assert_eq!(snapshot.replay, Replay::Recent);
        assert_eq!(snapshot.room.visitors, snapshot.room.live);
    }
    assert_eq!(told(&node.log(&room).await), ["joined lee 1", "joined kim 2", "joined max 3"]);
}

/// What is delivered after a snapshot begins right behind its cursor, and what came before is in it.
pub(super) async fn what_follows_begins_behind_the_cursor(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    for text in ["a", "b"] {
        one.post(&room, text).await;
    }
    two.subscribe(&room).await;
    let kim = two.guest("kim");
    let snapshot = kim.enter(&room).await.snapshot;
    assert_eq!(numbers(&snapshot.entries), [1, 2, 3]);
    one.post(&room, "c").await;
    two.sink.reaches(&room, 4).await;
    let behind = |entry: &&crate::entry::SharedEntry| entry.n > snapshot.cursor.n;
    let delivered: Vec<u64> =
        two.sink.entries(&room).iter().filter(behind).map(|entry| entry.n).collect();
    assert_eq!(delivered, [4]);
}

/// The entries of a snapshot are the newest page of the history: so many said, and the notices between and behind.
pub(super) async fn recent_counts_what_was_said(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let (kim, lee, max) = (node.guest("kim"), node.guest("lee"), node.guest("max"));
    kim.enter(&room).await;
    kim.say(&room, "a").await;
    lee.enter(&room).await;
    kim.say(&room, "b").await;
    max.enter(&room).await;
    for (recent, entries) in [
        (0, vec![]),
        (1, vec!["said kim b", "joined max 3"]),
        (2, vec!["said kim a", "joined lee 2", "said kim b", "joined max 3"]),
        (u32::MAX, vec!["said kim a", "joined lee 2", "said kim b", "joined max 3"]),
    ] {
        let enter = Enter { recent, ..max.entering(&room) };
        let snapshot = max.enter_by(enter).await.snapshot;
        assert_eq!(told(&snapshot.entries), entries, "{recent}");
        assert_eq!(snapshot.entries, node.history(&room, recent).await.entries);
        assert_eq!(snapshot.cursor.n, 5, "the cursor is the head, whatever is asked for");
    }
}

/// As many members come as are asked for, the first by id; the room's count is of all.
pub(super) async fn members_of_a_snapshot_are_the_first(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    for id in ["d", "b", "e", "a", "c"] {
        node.guest(id).enter(&room).await;
    }
    let kim = node.guest("kim");
    for (members, expected) in [(0, ""), (3, "abc"), (u32::MAX, "abcdekim")] {
        let enter = Enter { members, ..kim.entering(&room) };
        let snapshot = kim.enter_by(enter).await.snapshot;
        let users: String = snapshot.members.iter().map(|member| member.user.as_str()).collect();
        assert_eq!(users, expected);
        assert_eq!(snapshot.room.live, 6);
    }
}

/// The snapshot's room is the room as everybody sees it.
pub(super) async fn a_snapshot_shows_the_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.enter(&room).await;
    kim.say(&room, "a").await;
    kim.leave(&room).await;
    world.pass(secs(1)).await;
    let snapshot = lee.enter(&room).await.snapshot;
    assert_eq!(snapshot.room, node.view(&room).await);
    assert_eq!((snapshot.room.live, snapshot.room.visitors), (1, 2));
    assert_eq!(snapshot.room.last.unwrap().n, 2);
}

/// Another session of somebody who is there is given a snapshot too, and writes nothing.
pub(super) async fn a_second_tab_is_given_a_snapshot(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let kim = one.guest("kim");
    kim.enter(&room).await;
    kim.say(&room, "a").await;
    let admission = kim.on(&two).enter(&room).await;
    assert!(admission.wrote.is_empty());
    assert_eq!(told(&admission.snapshot.entries), ["said kim a"]);
    assert_eq!(admission.snapshot.cursor.n, 2);
    assert_eq!(admission.snapshot.members, one.members(&room).await);
}
