//! Looking for what is due, and doing it.

use std::time::Duration;

use crate::store::{Due, Peeked, Reaped};
use crate::testkit::build::{pool, public, public_with, room_id, secs};
use crate::testkit::{Node, Stand, World};
use crate::why::CloseWhy;

async fn peek_all(node: &Node, limit: u32) -> Vec<Peeked> {
    let mut peeked = Vec::new();
    for shard in 0..node.backend.expiry.shards() {
        peeked.push(node.backend.expiry.peek(shard, limit).await.unwrap());
    }
    peeked
}

fn due(peeked: &[Peeked]) -> Vec<&Due> {
    peeked.iter().flat_map(|shard| &shard.due).collect()
}

/// How long until something is due is told, so that nobody has to look all the time.
pub(super) async fn it_is_told_how_long_to_wait(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = public_with("tea", |policy| policy.max_age = Some(secs(10)));
    let room = node.open(room).await.id;
    let peeked = peek_all(&node, 10).await;
    assert!(due(&peeked).is_empty());
    let next = peeked.iter().filter_map(|shard| shard.next).min().expect("something waits");
    assert!(next <= secs(10), "{next:?}");
    world.pass(secs(8)).await;
    assert!(due(&peek_all(&node, 10).await).is_empty(), "not yet");
    world.jump(secs(3)).await;
    let peeked = peek_all(&node, 10).await;
    assert!(due(&peeked).contains(&&Due::Room(room.clone())));
    world.renew().await;
    world.sweep().await;
    assert!(due(&peek_all(&node, 10).await).is_empty(), "done");
    assert_eq!(node.ended(&room).await, CloseWhy::MaxAge);
}

/// No more names come than were asked for; where some are left over, the wait is none.
pub(super) async fn names_come_in_bounded_numbers(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    for n in 0..60 {
        let room = public_with(&format!("r{n}"), |policy| policy.max_age = Some(secs(2)));
        node.open(room).await;
    }
    world.jump(secs(3)).await;
    let mut closed = 0;
    for shard in 0..node.backend.expiry.shards() {
        loop {
            let peeked = node.backend.expiry.peek(shard, 2).await.unwrap();
            assert!(peeked.due.len() <= 2);
            if peeked.due.is_empty() {
                break;
            }
            let all = node.backend.expiry.peek(shard, 1_000).await.unwrap().due.len();
            if all > 2 {
                assert_eq!(peeked.next, Some(Duration::ZERO), "some are left over");
            }
            for due in &peeked.due {
                closed += crate::testkit::reap(&node, due).await.happened.len();
            }
        }
    }
    assert_eq!(closed, 60);
}

/// What has been due for longest comes first.
pub(super) async fn the_longest_due_comes_first(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    for n in (1..=20_u64).rev() {
        let room = public_with(&format!("r{n}"), |policy| policy.max_age = Some(secs(n)));
        node.open(room).await;
    }
    for _ in 0..10 {
        world.jump(secs(3)).await;
        world.renew().await;
    }
    for peeked in peek_all(&node, 100).await {
        let mut order = Vec::new();
        for due in &peeked.due {
            if let Due::Room(room) = due {
                order.push(room.as_str()[1..].parse::<u32>().unwrap());
            }
        }
        assert!(order.is_sorted(), "{order:?}");
    }
}

/// Whoever reaps a name for which nothing is due does nothing.
pub(super) async fn what_is_not_due_is_not_done(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = public_with("tea", |policy| {
        policy.idle = Some(secs(30));
        policy.empty = Some(secs(30));
        policy.max_age = Some(secs(30));
    });
    let room = node.open(room).await.id;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.enter(&room).await;
    lee.enter(&room).await;
    lee.lose(&room).await;
    kim.seek(&pool("p")).await;
    for due in [
        Due::Room(room.clone()),
        Due::Room(room_id("none")),
        Due::Pool(pool("p")),
        Due::Pool(pool("none")),
        Due::Node(node.writer),
    ] {
        let reaped = node.backend.expiry.reap(world.reaper.writer, &due).await.unwrap();
        assert_eq!(reaped, Reaped::default(), "{due:?}");
    }
    kim.say(&room, "all as it was").await;
    assert_eq!(node.view(&room).await.live, 2);
}

/// Two who have seen the same name as due do it once.
pub(super) async fn what_is_done_is_done_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = public_with("tea", |policy| policy.idle = Some(secs(5)));
    let room = one.open(room).await.id;
    world.jump(secs(6)).await;
    let name = Due::Room(room.clone());
    let first = one.backend.expiry.reap(one.writer, &name).await.unwrap();
    assert_eq!(first.happened.len(), 1);
    assert_eq!(first.wrote.len(), 1);
    let second = two.backend.expiry.reap(two.writer, &name).await.unwrap();
    assert!(second.happened.is_empty() && second.wrote.is_empty(), "{second:?}");
}

/// Many graces that end together are done in steps of bounded size, each once.
pub(super) async fn many_graces_end_in_batches(stand: &dyn Stand) {
    let options = crate::limits::StoreOptions { reap_batch: 10, ..Default::default() };
    let world = World::with(stand, options).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    for n in 0..35 {
        let guest = node.guest(&format!("g{n}"));
        guest.enter(&room).await;
        guest.lose(&room).await;
    }
    world.jump(secs(6)).await;
    let (name, mut wrote) = (Due::Room(room.clone()), 0);
    loop {
        let reaped = node.backend.expiry.reap(node.writer, &name).await.unwrap();
        assert!(reaped.wrote.len() <= 10, "{} in one step", reaped.wrote.len());
        wrote += reaped.wrote.len();
        if !reaped.more {
            break;
        }
    }
    assert_eq!(wrote, 35);
    assert_eq!(node.view(&room).await.live, 0);
}
