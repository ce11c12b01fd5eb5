//! Lists of rooms.

use std::sync::Arc;

use crate::id::RoomId;
use crate::list::{Order, Page};
use crate::room::RoomKind;
use crate::store::{PairBreak, Request};
use crate::testkit::build::{notice, pool, private, public, secs};
use crate::testkit::{Node, Stand, World};

async fn ids(node: &Node, order: Order, page: Page) -> Vec<String> {
    let page = node.backend.ranking.page(order, page).await.unwrap();
    page.rooms.iter().map(|room| room.id.to_string()).collect()
}

async fn all(node: &Node, order: Order) -> Vec<String> {
    ids(node, order, Page::first(100)).await
}

async fn crowd(node: &Arc<Node>, room: &RoomId, users: usize) {
    for n in 0..users {
        node.guest(&format!("g{n}")).enter(room).await;
    }
}

/// Private rooms, and rooms that have closed, are in no list and in no total.
pub(super) async fn only_public_open_rooms_are_listed(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let (tea, over) = (node.open(public("tea")).await.id, node.open(public("over")).await.id);
    let secret = node.open(private("secret")).await.id;
    for room in [&tea, &over, &secret] {
        crowd(&node, room, 3).await;
        node.post(room, "hello").await;
    }
    node.close(&over).await;
    for order in Order::ALL {
        let page = node.backend.ranking.page(order, Page::first(100)).await.unwrap();
        assert_eq!(page.total, 1);
        assert_eq!(page.rooms, [node.view(&tea).await], "a row is the room as everybody sees it");
    }
    world.pass(secs(120)).await;
    for order in Order::ALL {
        assert_eq!(all(&node, order).await, ["tea"], "nothing that came later brought it back");
    }
    node.open(public("over")).await;
    assert_eq!(all(&node, Order::Newest).await, ["over", "tea"], "opened again it is listed again");
}

/// A pair room is never listed, though many may be in and much be said.
pub(super) async fn pair_rooms_are_never_listed(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let pair = super::pair_room(&node, &pool("p"), "kim", "lee").await;
    pair.one.say(&pair.room, "hello").await;
    assert_eq!(node.view(&pair.room).await.kind, RoomKind::Pair);
    for order in Order::ALL {
        let page = node.backend.ranking.page(order, Page::first(100)).await.unwrap();
        assert_eq!((page.total, page.rooms.len()), (0, 0));
    }
    let leave: PairBreak = pair.one.breaking(&pair.room);
    let request: Request = pair.one.seeking(&pool("p"));
    node.backend.matching.next(node.writer, leave, request).await.unwrap();
    for order in Order::ALL {
        assert_eq!(node.backend.ranking.page(order, Page::first(100)).await.unwrap().total, 0);
    }
}

/// The rooms with the most users come first; users are counted, not sessions.
pub(super) async fn live_ranks_by_users_now(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let rooms = ["a", "b", "c"];
    for (n, id) in rooms.into_iter().enumerate() {
        let room = node.open(public(id)).await.id;
        world.jump(secs(1)).await;
        crowd(&node, &room, n + 1).await;
    }
    assert_eq!(all(&node, Order::Live).await, ["c", "b", "a"]);
    let a = crate::testkit::build::room_id("a");
    for _ in 0..9 {
        node.guest("g0").enter(&a).await;
    }
    assert_eq!(all(&node, Order::Live).await, ["c", "b", "a"], "tabs are not users");
    let kim = node.guest("kim");
    kim.enter(&a).await;
    assert_eq!(all(&node, Order::Live).await, ["c", "a", "b"], "a tie: the older first");
    kim.lose(&a).await;
    assert_eq!(all(&node, Order::Live).await, ["c", "a", "b"], "in grace");
    world.pass(secs(6)).await;
    assert_eq!(all(&node, Order::Live).await, ["c", "b", "a"]);
}

/// Visitors count on after they have left, and then no longer.
pub(super) async fn visitors_rank_by_the_last_half_hour(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let (a, b) = (node.open(public("a")).await.id, node.open(public("b")).await.id);
    crowd(&node, &a, 1).await;
    for n in 0..3 {
        let guest = node.guest(&format!("v{n}"));
        guest.enter(&b).await;
        guest.leave(&b).await;
    }
    assert_eq!(all(&node, Order::Visitors).await, ["b", "a"]);
    assert_eq!(all(&node, Order::Live).await, ["a", "b"]);
    let before = node.backend.ranking.versions().await.unwrap();
    world.pass(world.options.visitors_window + world.options.visitors_step).await;
    assert_eq!(all(&node, Order::Visitors).await, ["a", "b"], "by itself");
    let after = node.backend.ranking.versions().await.unwrap();
    assert_ne!(before.visitors, after.visitors);
}

/// The newest room comes first.
pub(super) async fn newest_ranks_by_creation(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    for id in ["b", "a", "c"] {
        node.open(public(id)).await;
        world.jump(secs(1)).await;
    }
    assert_eq!(all(&node, Order::Newest).await, ["c", "a", "b"]);
    node.close(&crate::testkit::build::room_id("b")).await;
    node.open(public("b")).await;
    assert_eq!(all(&node, Order::Newest).await, ["b", "c", "a"], "opened again, it is new");
}

/// Where something was said last comes first; where nothing was said comes last, the older first.
pub(super) async fn active_ranks_by_what_was_said(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let mut rooms = Vec::new();
    for id in ["a", "b", "c", "d"] {
        rooms.push(node.open(public(id)).await.id);
        world.jump(secs(1)).await;
    }
    assert_eq!(all(&node, Order::Active).await, ["a", "b", "c", "d"]);
    node.post(&rooms[2], "x").await;
    world.jump(secs(1)).await;
    node.post(&rooms[1], "x").await;
    world.jump(secs(1)).await;
    assert_eq!(all(&node, Order::Active).await, ["b", "c", "a", "d"]);
    crowd(&node, &rooms[3], 5).await;
    assert_eq!(all(&node, Order::Active).await, ["b", "c", "a", "d"], "coming is not saying");
    node.post(&rooms[2], "y").await;
    assert_eq!(all(&node, Order::Active).await, ["c", "b", "a", "d"]);
}

/// Ties go to the older room, then by id, in every order.
pub(super) async fn ties_go_to_the_older_then_by_id(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    for id in ["m", "z", "a"] {
        node.open(public(id)).await;
    }
    world.jump(secs(1)).await;
    for id in ["k", "b"] {
        node.open(public(id)).await;
    }
    let mut views = node.backend.ranking.page(Order::Live, Page::first(9)).await.unwrap().rooms;
    let listed: Vec<_> = views.iter().map(|room| (room.created, room.id.clone())).collect();
    assert!(listed.is_sorted(), "the older first, then by id: {listed:?}");
    let expected: Vec<String> = listed.iter().map(|(_, id)| id.to_string()).collect();
    assert_eq!(all(&node, Order::Visitors).await, expected);
    assert_eq!(all(&node, Order::Active).await, expected);
    views.sort_by_key(|room| (std::cmp::Reverse(room.created), room.id.clone()));
    let expected: Vec<String> = views.iter().map(|room| room.id.to_string()).collect();
    assert_eq!(all(&node, Order::Newest).await, expected);
}

/// Pages put together are the list, whatever their size; the total is of all.
pub(super) async fn pages_put_together_are_the_list(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    for n in 0..23 {
        let room = node.open(public(&format!("r{n}"))).await.id;
        crowd(&node, &room, n % 4).await;
        if n % 3 == 0 {
            node.backend.rooms.append(node.writer, notice(&room, "x")).await.unwrap();
        }
    }
    for order in Order::ALL {
        let whole = all(&node, order).await;
        assert_eq!(whole.len(), 23);
        for limit in [1, 2, 7, 22, 23, 24] {
            let mut rows = Vec::new();
            while rows.len() < 23 {
                let page = Page { offset: rows.len() as u32, limit };
                let found = node.backend.ranking.page(order, page).await.unwrap();
                assert_eq!(found.total, 23);
                assert!(!found.rooms.is_empty() && found.rooms.len() <= limit as usize);
                rows.extend(found.rooms.iter().map(|room| room.id.to_string()));
            }
            assert_eq!(rows, whole);
        }
        for (offset, limit) in [(23, 5), (1_000, 5), (u32::MAX, u32::MAX), (0, 0), (5, 0)] {
            let found = node.backend.ranking.page(order, Page { offset, limit }).await.unwrap();
            assert_eq!((found.rooms.len(), found.total), (0, 23), "{offset} {limit}");
        }
        assert_eq!(ids(&node, order, Page { offset: 20, limit: u32::MAX }).await, whole[20..]);
    }
}

/// Online is the sum of what each living node has told.
pub(super) async fn online_is_the_sum_over_living_nodes(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    assert_eq!(one.backend.ranking.online().await.unwrap(), 0);
    let told = one.backend.expiry.renew(one.writer, 7).await.unwrap();
    assert_eq!(told, 7);
    assert_eq!(two.backend.expiry.renew(two.writer, 5).await.unwrap(), 12);
    assert_eq!(one.backend.ranking.online().await.unwrap(), 12);
    assert_eq!(one.backend.expiry.renew(one.writer, 1).await.unwrap(), 6);
    two.backend.expiry.detach(two.writer).await.unwrap();
    world.kill(&two);
    assert_eq!(one.backend.ranking.online().await.unwrap(), 1, "at once");
    world.sweep().await;
    assert_eq!(one.backend.ranking.online().await.unwrap(), 1);
    world.kill(&one);
    world.pass(world.options.lease + secs(1)).await;
    assert_eq!(world.reaper.backend.ranking.online().await.unwrap(), 0);
}
