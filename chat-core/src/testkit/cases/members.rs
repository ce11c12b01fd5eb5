//! Reading who is where: members, rooms of a user, sessions of a node.

use crate::store::IndexRow;
use crate::testkit::build::{closing, public, room_id, secs, user_id};
use crate::testkit::{Guest, Node, Stand, World};
use crate::why::CloseWhy;

/// Members are read in pages, ascending by id.
pub(super) async fn members_are_read_in_pages(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    for id in ["d", "b", "e", "a", "c"] {
        node.guest(id).enter(&room).await;
    }
    let presence = &node.backend.presence;
    let (mut after, mut seen) = (None, String::new());
    loop {
        let page = presence.members(&room, after.as_ref(), 2).await.unwrap().unwrap();
        assert_eq!((page.count, page.cursor.n), (5, 5), "of all, and of one moment");
        assert!(page.members.len() <= 2);
        seen.extend(page.members.iter().map(|member| member.user.as_str()));
        after = page.members.last().map(|member| member.user.clone());
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, "abcde");
    let page = presence.members(&room, Some(&user_id("cc")), 10).await.unwrap().unwrap();
    let users: Vec<_> = page.members.iter().map(|member| member.user.as_str()).collect();
    assert_eq!((users, page.more), (vec!["d", "e"], false), "behind an id that is not there");
    let page = presence.members(&room, Some(&user_id("e")), 10).await.unwrap().unwrap();
    assert!(page.members.is_empty() && !page.more);
    let page = presence.members(&room, None, 0).await.unwrap().unwrap();
    assert!(page.members.is_empty() && page.count == 5);
    node.close(&room).await;
    assert_eq!(presence.members(&room, None, 10).await.unwrap(), None, "of an open room");
    assert_eq!(presence.members(&room_id("none"), None, 10).await.unwrap(), None);
}

/// A user is in the rooms they entered and did not leave, those in grace included.
pub(super) async fn rooms_of_a_user_are_where_they_are(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let ids = ["ale", "gin", "rum", "tea"].map(room_id);
    let kim = one.guest("kim");
    for id in &ids {
        one.open(public(id.as_str())).await;
        kim.on(&two).enter(id).await;
    }
    assert_eq!(kim.rooms().await, ids);
    assert!(one.guest("lee").rooms().await.is_empty());
    let limited = one.backend.presence.rooms_of(&kim.user, 2).await.unwrap();
    assert_eq!(limited, ids[..2]);
    let tab = kim.tab();
    tab.enter(&ids[3]).await;
    tab.lose(&ids[3]).await;
    one.backend.presence.kick(one.writer, &ids[1], &kim.user).await.unwrap();
    one.close(&ids[2]).await;
    assert_eq!(kim.rooms().await, [ids[0].clone(), ids[3].clone()]);
}

/// In grace is still there; after it is not.
pub(super) async fn who_is_in_grace_is_still_there(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    kim.lose(&room).await;
    assert_eq!(kim.rooms().await, std::slice::from_ref(&room));
    assert_eq!(node.members(&room).await.len(), 1);
    world.pass(secs(6)).await;
    assert!(kim.rooms().await.is_empty());
    assert_eq!(node.members(&room).await.len(), 0);
}

async fn index(node: &Node, limit: u32) -> Vec<IndexRow> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = node.backend.presence.index(node.writer, after, limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        let Some(last) = page.last() else { return rows };
        after = Some(last.clone());
        rows.extend(page);
    }
}

fn row(guest: &Guest, room: &crate::id::RoomId) -> IndexRow {
    IndexRow { room: room.clone(), session: guest.session.session }
}

/// A node reads which of its sessions the store believes in which rooms: its own, and only those in.
pub(super) async fn a_node_reads_what_is_believed_of_it(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let ids = ["ale", "gin", "rum", "tea"].map(room_id);
    let guests = ["kim", "lee"].map(|id| one.guest(id));
    let mut expected = Vec::new();
    for id in &ids {
        one.open(public(id.as_str())).await;
        for guest in &guests {
            guest.enter(id).await;
            expected.push(row(guest, id));
            let tab = guest.tab();
            tab.enter(id).await;
            expected.push(row(&tab, id));
        }
        two.guest("max").enter(id).await;
    }
    expected.sort();
    for limit in [1, 3, 100] {
        let mut rows = index(&one, limit).await;
        rows.sort();
        assert_eq!(rows, expected, "each once, in pages of {limit}");
    }
    assert_eq!(index(&two, 100).await.len(), 4);
}

/// What has left, was lost, was put out or was closed is believed no longer.
pub(super) async fn who_is_out_is_not_in_the_index(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let ids = ["ale", "gin", "rum", "tea", "zen"].map(room_id);
    let kim = node.guest("kim");
    for id in &ids {
        node.open(public(id.as_str())).await;
        kim.enter(id).await;
    }
    kim.leave(&ids[0]).await;
    kim.lose(&ids[1]).await;
    node.backend.presence.kick(node.writer, &ids[2], &kim.user).await.unwrap();
    node.backend.rooms.close(node.writer, closing(&ids[3], CloseWhy::Admin)).await.unwrap();
    assert_eq!(index(&node, 100).await, [row(&kim, &ids[4])]);
    node.open(public("tea")).await;
    assert_eq!(index(&node, 100).await, [row(&kim, &ids[4])], "not in the next epoch either");
    kim.leave(&ids[4]).await;
    assert!(index(&node, 100).await.is_empty());
}
