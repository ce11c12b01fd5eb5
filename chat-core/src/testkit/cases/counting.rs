//! Rooms that only count who comes and goes.

use crate::entry::What;
use crate::id::RoomId;
use crate::room::{NewRoom, Presence};
use crate::store::Departure;
use crate::testkit::build::{name, public_with, secs};
use crate::testkit::{Node, Stand, World, told};

fn crowd(id: &str) -> NewRoom {
    public_with(id, |policy| {
        policy.presence = Presence::Count;
        policy.capacity = 5_000;
    })
}

/// Waits until the sink was told of a change after the last it had seen. A store may tell at intervals, so time passes.
async fn is_told(world: &World, node: &Node, room: &RoomId, seen: usize) -> usize {
    for _ in 0..100 {
        let now = node.sink.counts(room);
        if now > seen {
            return now;
        }
        world.pass(std::time::Duration::from_millis(100)).await;
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the sink was not told that the count changed");
}

/// Comings and goings are no entries: they are counted, exactly, and by user.
pub(super) async fn a_counting_room_writes_no_notices(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(crowd("fair")).await.id;
    let guests: Vec<_> = (0..20).map(|n| node.guest(&format!("g{n}"))).collect();
    for (n, guest) in guests.iter().enumerate() {
        let admission = guest.enter(&room).await;
        assert!(admission.wrote.is_empty());
        assert_eq!(admission.snapshot.room.live as usize, n + 1);
        assert!(guest.tab().enter(&room).await.wrote.is_empty());
    }
    assert_eq!(node.view(&room).await.live, 20);
    let kim = &guests[0];
    let rooms = std::slice::from_ref(&room);
    let wrote = node.backend.presence.rename(node.writer, &kim.user, &name("K"), rooms).await;
    assert!(wrote.unwrap().is_empty());
    assert_eq!(kim.say(&room, "hello").await.n, 1, "what is said is numbered alone");
    assert_eq!(kim.say(&room, "you").await.said().unwrap().name, Some(name("K")));
    let out = node.backend.presence.kick(node.writer, &room, &kim.user).await.unwrap();
    assert_eq!(out, Departure::Out { wrote: vec![] });
    assert_eq!(node.view(&room).await.live, 19);
    let closed = node.close(&room).await;
    assert_eq!(closed.n, 3);
    assert!(matches!(closed.what, What::Closed { .. }));
    assert_eq!(told(&node.log(&room).await), ["said g0 hello", "said g0 you", "closed admin"]);
}

/// The sinks are told after every change, the last one too, and what is read then is the number.
pub(super) async fn the_last_change_is_never_missed(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(crowd("fair")).await.id;
    two.subscribe(&room).await;
    let guests: Vec<_> = (0..10).map(|n| one.guest(&format!("g{n}"))).collect();
    let mut seen = 0;
    for guest in &guests {
        guest.enter(&room).await;
    }
    seen = is_told(&world, &two, &room, seen).await;
    assert_eq!(two.view(&room).await.live, 10);
    world.pass(secs(1)).await;
    seen = seen.max(two.sink.counts(&room));
    guests[0].leave(&room).await;
    seen = is_told(&world, &two, &room, seen).await;
    assert_eq!(two.view(&room).await.live, 9);
    world.pass(secs(1)).await;
    seen = seen.max(two.sink.counts(&room));
    guests[1].lose(&room).await;
    world.pass(secs(6)).await;
    seen = is_told(&world, &two, &room, seen).await;
    assert_eq!(two.view(&room).await.live, 8);
    world.pass(secs(1)).await;
    seen = seen.max(two.sink.counts(&room));
    for guest in &guests[2..9] {
        guest.leave(&room).await;
    }
    seen = is_told(&world, &two, &room, seen).await;
    world.pass(secs(1)).await;
    seen = seen.max(two.sink.counts(&room));
    guests[9].leave(&room).await;
    is_told(&world, &two, &room, seen).await;
    assert_eq!(two.view(&room).await.live, 0, "nobody is a number too");
    assert!(two.sink.entries(&room).is_empty());
}

/// Grace, tabs and refreshes count as they do elsewhere.
pub(super) async fn counting_is_by_user_too(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(crowd("fair")).await.id;
    let kim = node.guest("kim");
    let tab = kim.tab();
    kim.enter(&room).await;
    tab.enter(&room).await;
    kim.leave(&room).await;
    assert_eq!(node.view(&room).await.live, 1);
    tab.lose(&room).await;
    world.pass(secs(3)).await;
    assert_eq!(node.view(&room).await.live, 1, "in grace");
    let back = tab.tab();
    back.enter(&room).await;
    world.pass(secs(10)).await;
    assert_eq!(node.view(&room).await.live, 1);
    back.lose(&room).await;
    let passed = world.pass(secs(6)).await;
    assert!(passed.wrote.is_empty());
    assert_eq!(passed.gone(&room), 1);
    let view = node.view(&room).await;
    assert_eq!((view.live, view.visitors), (0, 1));
}
