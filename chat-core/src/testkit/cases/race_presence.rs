//! Many at once: coming and going, and what ends with time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::together;
use crate::entry::What;
use crate::error::StoreError;
use crate::id::{NodeId, UserId};
use crate::limits::StoreOptions;
use crate::list::{Order, Page};
use crate::store::{Departure, Entered, Happened};
use crate::testkit::build::{public, public_with, secs};
use crate::testkit::{Node, Passed, Stand, World, numbers, reap, sweep, told};

const ROUNDS: usize = 20;
const MANY: usize = 16;

async fn two(world: &World) -> [Arc<Node>; 2] {
    [world.node().await, world.node().await]
}

/// Many sessions of one user that come at once are one `joined`, and when they go at once one `left`.
pub(super) async fn many_tabs_are_one_person(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let room = nodes[0].open(public(&format!("r{round}"))).await.id;
        let kim = nodes[0].guest("kim");
        let tabs: Vec<_> = (0..MANY).map(|n| kim.on(&nodes[n % 2])).collect();
        let came = together(tabs.iter().map(|tab| {
            let (tab, room) = (tab.clone(), room.clone());
            async move { tab.enter(&room).await }
        }))
        .await;
        let joined = came.iter().filter(|admission| !admission.wrote.is_empty()).count();
        assert_eq!(joined, 1, "one of them was the first");
        assert!(came.iter().all(|admission| admission.snapshot.room.live == 1));
        let went = together(tabs.iter().map(|tab| {
            let (tab, room) = (tab.clone(), room.clone());
            async move { tab.leave(&room).await }
        }))
        .await;
        let left = went.iter().filter(|wrote| !wrote.is_empty()).count();
        assert_eq!(left, 1, "one of them was the last");
        assert_eq!(told(&nodes[0].log(&room).await), ["joined kim 1", "left kim 0 left"]);
    }
}

/// However many come at once, no more are let in than the room holds.
pub(super) async fn capacity_is_never_exceeded(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let room = public_with(&format!("r{round}"), |policy| policy.capacity = 5);
        let room = nodes[0].open(room).await.id;
        let came = together((0..MANY).map(|n| {
            let (guest, room) = (nodes[n % 2].guest(&format!("g{n}")), room.clone());
            async move {
                match guest.try_enter(guest.entering(&room)).await {
                    Entered::In(_) => 1,
                    Entered::Full => 0,
                    other => panic!("{other:?}"),
                }
            }
        }))
        .await;
        assert_eq!(came.iter().sum::<usize>(), 5);
        assert_eq!(nodes[1].members(&room).await.len(), 5);
        let lives: Vec<_> = told(&nodes[0].log(&room).await);
        assert_eq!(lives.len(), 5);
        assert!(lives[4].ends_with(" 5"), "{lives:?}");
    }
}

/// After any coming and going at once, counts are the sizes of the sets, and the log tells the same.
pub(super) async fn counts_do_not_drift(stand: &dyn Stand) {
    let options = StoreOptions { notices: 100_000, ..StoreOptions::default() };
    let world = World::with(stand, options).await;
    let nodes = two(&world).await;
    let room = nodes[0].open(public("tea")).await.id;
    together((0..MANY).map(|n| {
        // Four tasks play the same user, with sessions of their own.
        let (guest, room) = (nodes[n % 2].guest(&format!("u{}", n % 4)), room.clone());
        async move {
            for i in 0..30 {
                let tab = guest.tab();
                tab.enter(&room).await;
                match (i + n) % 4 {
                    0 => drop(tab.lose(&room).await),
                    1 => drop(tab.enter(&room).await),
                    _ => {}
                }
                if (i + n) % 4 != 0 {
                    let out = tab.try_leave(&room).await;
                    assert!(matches!(out, Departure::Out { .. }), "{out:?}");
                }
            }
            if n < 2 {
                guest.enter(&room).await;
            }
        }
    }))
    .await;
    world.pass(secs(6)).await;
    let members = nodes[0].members(&room).await;
    let users: Vec<_> = members.iter().map(|member| member.user.as_str()).collect();
    assert_eq!(users, ["u0", "u1"]);
    let view = nodes[1].view(&room).await;
    assert_eq!((view.live, view.visitors), (2, 4));
    let mut inside = BTreeSet::new();
    for entry in &nodes[0].log(&room).await {
        replay(&mut inside, &entry.what);
    }
    assert_eq!(inside.len(), 2);
    let page = nodes[0].backend.ranking.page(Order::Live, Page::first(10)).await.unwrap();
    assert_eq!(page.rooms[0].live, 2);
}

/// Plays an entry on a set of users; its count must be the set's.
fn replay(inside: &mut BTreeSet<UserId>, what: &What) {
    match what {
        What::Joined { user, live, .. } => {
            assert!(inside.insert(user.clone()), "{user} joined twice");
            assert_eq!(*live as usize, inside.len(), "at the joining of {user}");
        }
        What::Left { user, live, .. } => {
            assert!(inside.remove(user), "{user} left twice");
            assert_eq!(*live as usize, inside.len(), "at the leaving of {user}");
        }
        _ => {}
    }
}

/// A snapshot is of the moment of its cursor, while others come, go and talk at full speed: its entries are the log up
/// to there, its members those of whom the log tells, and what is delivered afterwards goes on right behind it.
pub(super) async fn snapshots_are_of_one_moment(stand: &dyn Stand) {
    let options = StoreOptions { notices: 100_000, ..StoreOptions::default() };
    let world = World::with(stand, options).await;
    let nodes = two(&world).await;
    let room = public_with("tea", |policy| policy.history = 10_000);
    let room = nodes[0].open(room).await.id;
    nodes[1].subscribe(&room).await;
    nodes[0].post(&room, "the beginning").await;
    together((0..MANY).map(|n| {
        let (node, room) = (Arc::clone(&nodes[n % 2]), room.clone());
        let guest = node.guest(&format!("g{n}"));
        async move {
            for i in 0..25 {
                if n % 4 == 0 {
                    node.post(&room, &format!("{i}")).await;
                    continue;
                }
                let mut enter = guest.entering(&room);
                (enter.recent, enter.members) = (u32::MAX, u32::MAX);
                let admission = guest.enter_by(enter).await;
                let snapshot = admission.snapshot;
                let upto: Vec<u64> = (1..=snapshot.cursor.n).collect();
                assert_eq!(numbers(&snapshot.entries), upto, "the log up to the cursor");
                assert_eq!(snapshot.entries.last().unwrap().cursor(), snapshot.cursor);
                let mut inside = BTreeSet::new();
                for entry in &snapshot.entries {
                    replay(&mut inside, &entry.what);
                }
                let members: BTreeSet<_> =
                    snapshot.members.iter().map(|member| member.user.clone()).collect();
                assert_eq!(members, inside, "the members at the cursor");
                assert_eq!(snapshot.room.live as usize, inside.len());
                assert!(inside.contains(&guest.user), "with the one who came");
                assert!(admission.wrote[0].n <= snapshot.cursor.n);
                guest.leave(&room).await;
            }
        }
    }))
    .await;
    let log = nodes[0].log(&room).await;
    nodes[1].sink.reaches(&room, log.len() as u64).await;
    assert_eq!(nodes[1].sink.entries(&room), log);
}

/// Two who reap at once do each thing once, and each thing is told to one of them.
pub(super) async fn two_reapers_do_each_thing_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    let dying = world.node().await;
    let mut rooms = Vec::new();
    for n in 0..60 {
        let room = public_with(&format!("r{n}"), |policy| policy.idle = Some(secs(5)));
        rooms.push(nodes[0].open(room).await.id);
    }
    let tea = nodes[0].open(public("tea")).await.id;
    for n in 0..60 {
        let guest = nodes[0].guest(&format!("lost{n}"));
        guest.enter(&tea).await;
        guest.lose(&tea).await;
        dying.guest(&format!("dead{n}")).enter(&tea).await;
    }
    // However long all of that took, somebody has been looking until now. What a store may remember of that a little late
    // is, with the jump, less than the half lease after which nobody would be judged.
    world.sweep().await;
    world.jump(secs(6)).await;
    world.renew().await;
    dying.backend.expiry.detach(dying.writer).await.unwrap();
    // All of them have seen the same names as due.
    let mut due = Vec::new();
    for shard in 0..nodes[0].backend.expiry.shards() {
        due.extend(nodes[0].backend.expiry.peek(shard, 1_000).await.unwrap().due);
    }
    let passed = together((0..4).map(|n| {
        let (node, due) = (Arc::clone(&nodes[n % 2]), due.clone());
        async move {
            let mut passed = Passed::default();
            for due in &due {
                passed.add(reap(&node, due).await);
            }
            passed
        }
    }))
    .await;
    assert!(world.sweep().await.happened.is_empty(), "and everything was done");
    let happened: Vec<&Happened> = passed.iter().flat_map(|passed| &passed.happened).collect();
    for room in &rooms {
        let of = |happened: &&&Happened| matches!(happened, Happened::Closed { room: closed, .. } if closed == room);
        assert_eq!(happened.iter().filter(of).count(), 1, "{room} closed once");
    }
    let dead = happened.iter().filter(|happened| matches!(happened, Happened::Dead { .. }));
    assert_eq!(dead.count(), 1);
    let mut told: HashMap<u64, usize> = HashMap::new();
    for entry in passed.iter().flat_map(|passed| passed.wrote_in(&tea)) {
        *told.entry(entry.n).or_default() += 1;
    }
    assert!(told.values().all(|times| *times == 1), "told to one of them");
    let left = nodes[0].log(&tea).await.split_off(120);
    assert_eq!(left.len(), 120, "each left once");
    assert_eq!(told.len(), 120, "and nothing was kept from the reapers");
    assert_eq!(nodes[0].view(&tea).await.live, 0);
}

/// Who comes back while the grace ends is in or has left, but never both and never neither.
pub(super) async fn coming_back_races_the_end_of_grace(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let room = nodes[0].open(public(&format!("r{round}"))).await.id;
        let guests: Vec<_> = (0..MANY).map(|n| nodes[0].guest(&format!("g{n}"))).collect();
        for guest in &guests {
            guest.enter(&room).await;
            guest.lose(&room).await;
        }
        world.jump(secs(6)).await;
        world.renew().await;
        let reaper = Arc::clone(&nodes[1]);
        let reaping = tokio::spawn(async move { sweep(&reaper).await });
        let back = together(guests.iter().map(|guest| {
            let (back, room) = (guest.on(&nodes[1]), room.clone());
            async move { back.enter(&room).await }
        }))
        .await;
        reaping.await.unwrap();
        world.sweep().await;
        assert_eq!(nodes[0].view(&room).await.live as usize, MANY);
        let mut inside = BTreeSet::new();
        let log = nodes[0].log(&room).await;
        for entry in &log {
            replay(&mut inside, &entry.what);
        }
        assert_eq!(inside.len(), MANY);
        let again = back.iter().filter(|admission| !admission.wrote.is_empty()).count();
        assert_eq!(log.len(), MANY + 2 * again, "who had left has joined again");
    }
}

/// A list read while everything changes never shows a room twice, or one that does not belong there.
pub(super) async fn lists_hold_while_all_changes(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    together((0..MANY).map(|n| {
        let node = Arc::clone(&nodes[n % 2]);
        async move {
            for i in 0..20 {
                let id = format!("r{}", (i + n) % 8);
                let guest = node.guest(&format!("g{n}"));
                let mut enter = guest.entering(&crate::testkit::build::room_id(&id));
                enter.create = Some(public(&id));
                let room = guest.enter_by(enter).await.snapshot.room.id;
                if i % 5 == 4 {
                    let close = crate::testkit::build::closing(&room, crate::why::CloseWhy::Admin);
                    node.backend.rooms.close(node.writer, close).await.unwrap();
                }
                for order in Order::ALL {
                    let page = node.backend.ranking.page(order, Page::first(100)).await.unwrap();
                    let ids: BTreeSet<_> = page.rooms.iter().map(|room| &room.id).collect();
                    assert_eq!(ids.len(), page.rooms.len(), "{order:?}: a room twice");
                    assert!(page.rooms.len() <= 8);
                }
            }
        }
    }))
    .await;
    for order in Order::ALL {
        let page = nodes[0].backend.ranking.page(order, Page::first(100)).await.unwrap();
        assert_eq!(page.total, page.rooms.len() as u64);
        for room in page.rooms {
            assert_eq!(room, nodes[0].view(&room.id).await);
        }
    }
}

/// Whoever enters while their node's life ends is refused, or taken out with it: no ghost stays behind.
pub(super) async fn nobody_enters_behind_a_death(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let other = world.node().await;
    for round in 0..ROUNDS {
        let room = other.open(public(&format!("r{round}"))).await.id;
        let dying = Node::attach(world.stage.backend().await, NodeId::random()).await;
        let came = together((0..MANY).map(|n| {
            let (guest, room) = (dying.guest(&format!("g{n}")), room.clone());
            async move {
                let (presence, by) = (&guest.node.backend.presence, guest.node.writer);
                if n == MANY / 2 {
                    guest.node.backend.expiry.detach(by).await.unwrap();
                    return 0;
                }
                match presence.enter(by, guest.entering(&room)).await {
                    Ok(Entered::In(_)) => 1,
                    Err(StoreError::Fenced) => 0,
                    other => panic!("{other:?}"),
                }
            }
        }))
        .await;
        world.sweep().await;
        assert!(other.members(&room).await.is_empty(), "a ghost");
        let log = other.log(&room).await;
        assert_eq!(log.len(), 2 * came.iter().sum::<usize>(), "each who came has left, once");
    }
}
