//! Signals and subscriptions.

use crate::body::Body;
use crate::store::Signalled;
use crate::testkit::build::{public, room_id};
use crate::testkit::{Guest, Stand, World, told};
use crate::why::CloseWhy;

async fn signal(guest: &Guest, room: &crate::id::RoomId, text: &str) -> Signalled {
    let rooms = &guest.node.backend.rooms;
    rooms.signal(guest.node.writer, room, guest.session, Body::text(text)).await.unwrap()
}

/// A signal reaches the sinks of the room with who sent it, and leaves no trace.
pub(super) async fn a_signal_is_handed_on_and_not_kept(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let kim = one.guest("kim");
    kim.enter(&room).await;
    for node in [&one, &two] {
        node.subscribe(&room).await;
    }
    assert_eq!(signal(&kim, &room, "typing").await, Signalled::Sent);
    for node in [&one, &two] {
        node.sink.until("a signal", |sink| !sink.signals(&room).is_empty()).await;
        let signals = node.sink.signals(&room);
        assert_eq!(signals.len(), 1);
        assert_eq!((&signals[0].by, signals[0].from), (&kim.user, kim.session));
        assert_eq!(signals[0].body, Body::text("typing"));
    }
    assert_eq!(told(&one.log(&room).await), ["joined kim 1"]);
    assert_eq!(kim.say(&room, "a").await.n, 2, "no number was used up");
}

/// Only who is in the room may signal there.
pub(super) async fn only_members_signal(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    node.subscribe(&room).await;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    assert_eq!(signal(&kim.tab(), &room, "x").await, Signalled::NotMember);
    assert_eq!(signal(&node.guest("lee"), &room, "x").await, Signalled::NotMember);
    assert_eq!(signal(&kim, &room_id("none"), "x").await, Signalled::Missing);
    node.close(&room).await;
    assert_eq!(signal(&kim, &room, "x").await, Signalled::Closed { why: CloseWhy::Admin });
    node.sink.reaches(&room, 2).await;
    assert!(node.sink.signals(&room).is_empty());
}

/// From the answer of a subscription on, everything reaches the sink; before it, and elsewhere, nothing has to.
pub(super) async fn a_subscription_misses_nothing(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let (tea, rum) = (one.open(public("tea")).await.id, one.open(public("rum")).await.id);
    one.post(&tea, "before").await;
    two.subscribe(&tea).await;
    for n in 0..50 {
        one.post(&tea, &format!("{n}")).await;
        one.post(&rum, &format!("{n}")).await;
    }
    two.sink.reaches(&tea, 51).await;
    let numbers: Vec<u64> = two.sink.entries(&tea).iter().map(|entry| entry.n).collect();
    assert_eq!(numbers, (2..=51).collect::<Vec<_>>());
    assert!(two.sink.entries(&rum).is_empty(), "nobody here listens there");
}

/// A room may be subscribed to before it is opened: so nobody misses its first entry.
pub(super) async fn a_subscription_may_come_before_the_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = room_id("tea");
    node.subscribe(&room).await;
    node.open(public("tea")).await;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    node.sink.reaches(&room, 1).await;
    node.close(&room).await;
    node.sink.reaches(&room, 2).await;
    node.open(public("tea")).await;
    kim.enter(&room).await;
    let first_of_second = |sink: &crate::testkit::Recorder| sink.entries(&room).len() == 3;
    node.sink.until("the next epoch", first_of_second).await;
}

/// After it has ended nothing comes; ending an earlier one does not touch a later one.
pub(super) async fn a_subscription_ends_alone(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let first = two.backend.rooms.subscribe(two.writer, &room).await.unwrap();
    let second = two.backend.rooms.subscribe(two.writer, &room).await.unwrap();
    assert!(second > first, "a later one is greater");
    one.post(&room, "a").await;
    two.sink.reaches(&room, 1).await;
    assert_eq!(two.sink.entries(&room).len(), 1, "two subscriptions are not two deliveries");
    two.backend.rooms.unsubscribe(two.writer, &room, first).await.unwrap();
    one.post(&room, "b").await;
    two.sink.reaches(&room, 2).await;
    two.backend.rooms.unsubscribe(two.writer, &room, second).await.unwrap();
    one.subscribe(&room).await;
    one.post(&room, "c").await;
    one.sink.reaches(&room, 3).await;
    let third = two.backend.rooms.subscribe(two.writer, &room).await.unwrap();
    assert!(third > second);
    one.post(&room, "d").await;
    two.sink.reaches(&room, 4).await;
    assert_eq!(told(&two.sink.entries(&room)), ["said - a", "said - b", "said - d"]);
}

/// Sinks are told in the order of the log, all of them the same.
pub(super) async fn sinks_are_told_in_order(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = [world.node().await, world.node().await, world.node().await];
    let room = nodes[0].open(public("tea")).await.id;
    for node in &nodes {
        node.subscribe(&room).await;
    }
    let guests = nodes.each_ref().map(|node| node.guest("kim"));
    for guest in &guests {
        guest.enter(&room).await;
    }
    for n in 0..30 {
        guests[n % 3].say(&room, &format!("{n}")).await;
    }
    let log = nodes[0].log(&room).await;
    for node in &nodes {
        node.sink.reaches(&room, 31).await;
        assert_eq!(node.sink.entries(&room), log);
    }
}
