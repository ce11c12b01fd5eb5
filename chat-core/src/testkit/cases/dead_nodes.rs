//! What becomes of a dead node's sessions.

use std::collections::HashMap;

use crate::entry::What;
use crate::limits::StoreOptions;
use crate::store::{Due, Happened};
use crate::testkit::build::{public, public_with, secs};
use crate::testkit::{Node, Stand, World, told};

/// When a node's lease has run out, each of its users leaves once, without further grace, and nobody else does.
pub(super) async fn a_dead_nodes_users_leave_once(stand: &dyn Stand) {
    let options = StoreOptions { notices: 10_000, ..StoreOptions::default() };
    let world = World::with(stand, options).await;
    let (dying, other) = (world.node().await, world.node().await);
    let room = other.open(public_with("tea", |policy| policy.grace = secs(60))).await.id;
    let rum = other.open(public("rum")).await.id;
    other.guest("lee").enter(&room).await;
    let users = 250;
    for n in 0..users {
        let guest = dying.guest(&format!("g{n}"));
        guest.enter(&room).await;
        guest.tab().enter(&room).await;
    }
    dying.guest("g0").enter(&rum).await;
    // However long all of that took, the lease begins now, and somebody has been looking.
    world.renew().await;
    world.sweep().await;
    world.kill(&dying);
    let early = world.pass(world.options.lease - secs(2)).await;
    assert!(early.happened.is_empty(), "{:?}", early.happened);
    assert_eq!(other.view(&room).await.live, users + 1);
    let late = world.pass(secs(3)).await;
    assert_eq!(other.view(&room).await.live, 1);
    assert_eq!(other.view(&rum).await.live, 0);
    let dead = Happened::Dead { writer: dying.writer };
    assert_eq!(late.happened.iter().filter(|happened| **happened == dead).count(), 1);
    let mut left: HashMap<String, u32> = HashMap::new();
    for entry in &other.log(&room).await {
        if let What::Left { user, why, .. } = &entry.what {
            assert_eq!(why.as_str(), "lost");
            *left.entry(user.to_string()).or_default() += 1;
        }
    }
    assert_eq!(left.len(), users as usize);
    assert!(left.values().all(|times| *times == 1), "once each");
    assert_eq!(late.wrote_in(&room).len(), users as usize, "and told to whoever reaped");
    let after = world.pass(secs(120)).await;
    assert!(after.wrote.is_empty(), "nothing more: {:?}", told(&after.wrote));
}

/// The work is done in steps of bounded size.
pub(super) async fn a_dead_nodes_users_leave_in_batches(stand: &dyn Stand) {
    let options = StoreOptions { reap_batch: 10, ..StoreOptions::default() };
    let world = World::with(stand, options).await;
    let (dying, other) = (world.node().await, world.node().await);
    let room = other.open(public("tea")).await.id;
    for n in 0..35 {
        dying.guest(&format!("g{n}")).enter(&room).await;
    }
    dying.backend.expiry.detach(dying.writer).await.unwrap();
    world.kill(&dying);
    let expiry = &other.backend.expiry;
    let mut wrote = 0;
    for shard in 0..expiry.shards() {
        for due in expiry.peek(shard, 100).await.unwrap().due {
            if due != Due::Node(dying.writer) {
                continue;
            }
            loop {
                let reaped = expiry.reap(other.writer, &due).await.unwrap();
                assert!(reaped.wrote.len() <= 10, "{} in one step", reaped.wrote.len());
                wrote += reaped.wrote.len();
                if !reaped.more {
                    break;
                }
            }
        }
    }
    assert_eq!(wrote, 35);
    assert_eq!(other.view(&room).await.live, 0);
}

/// Who has a session on a living node stays.
pub(super) async fn who_is_elsewhere_too_stays(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (dying, other) = (world.node().await, world.node().await);
    let room = other.open(public("tea")).await.id;
    let kim = dying.guest("kim");
    kim.enter(&room).await;
    let phone = kim.on(&other);
    phone.enter(&room).await;
    world.kill(&dying);
    world.pass(world.options.lease * 2).await;
    assert_eq!(told(&other.log(&room).await), ["joined kim 1"]);
    assert_eq!(told(&phone.leave(&room).await), ["left kim 0 left"]);
}

/// A node that ends its life itself does not keep its users waiting for the lease.
pub(super) async fn a_detached_nodes_users_leave_at_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (dying, other) = (world.node().await, world.node().await);
    let room = other.open(public("tea")).await.id;
    dying.guest("kim").enter(&room).await;
    dying.backend.expiry.detach(dying.writer).await.unwrap();
    world.kill(&dying);
    let passed = world.sweep().await;
    assert_eq!(told(&passed.wrote_in(&room)), ["left kim 0 lost"]);
    assert_eq!(other.view(&room).await.live, 0);
}

/// A node that comes back enters its sessions again, beside what is left of the old ones, and nobody notices.
pub(super) async fn a_node_that_comes_back_takes_its_users_over(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (old, other) = (world.node().await, world.node().await);
    let room = other.open(public("tea")).await.id;
    let (kim, lee) = (old.guest("kim"), old.guest("lee"));
    kim.enter(&room).await;
    lee.enter(&room).await;
    let new = old.reborn().await;
    world.kill(&old);
    world.keep(&new);
    let again = kim.on(&new);
    assert!(again.enter(&room).await.wrote.is_empty());
    let passed = world.pass(world.options.lease * 2).await;
    assert_eq!(told(&passed.wrote_in(&room)), ["left lee 1 lost"]);
    again.say(&room, "still here").await;
    assert_eq!(index_rows(&new).await, 1);
}

async fn index_rows(node: &Node) -> usize {
    node.backend.presence.index(node.writer, None, 100).await.unwrap().len()
}

/// A room that a dead node's users leave empty begins to be empty then.
pub(super) async fn a_dead_nodes_room_becomes_empty(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (dying, other) = (world.node().await, world.node().await);
    let room = public_with("tea", |policy| policy.empty = Some(secs(30)));
    let room = other.open(room).await.id;
    dying.guest("kim").enter(&room).await;
    world.kill(&dying);
    world.pass(world.options.lease + secs(1)).await;
    world.pass(secs(26)).await;
    assert!(other.is_open(&room).await);
    world.pass(secs(4)).await;
    assert_eq!(other.ended(&room).await.as_str(), "empty");
}

/// If all nodes die, what is due waits for the next one.
pub(super) async fn if_all_die_what_is_due_waits(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let dying = world.node().await;
    let room = public_with("tea", |policy| policy.max_age = Some(secs(10)));
    let room = dying.open(room).await.id;
    dying.guest("kim").enter(&room).await;
    let tea = dying.open(public("rum")).await.id;
    dying.guest("kim").enter(&tea).await;
    world.kill(&dying);
    world.kill(&world.reaper);
    for _ in 0..30 {
        world.jump(secs(10)).await;
    }
    let next = world.node().await;
    let passed = crate::testkit::sweep(&next).await;
    assert_eq!(passed.closed(&room).len(), 1, "{passed:?}");
    for _ in 0..6 {
        world.jump(world.options.lease / 4).await;
        next.renew().await;
        crate::testkit::sweep(&next).await;
    }
    assert_eq!(next.view(&tea).await.live, 0, "the dead are dead, one lease later");
}
