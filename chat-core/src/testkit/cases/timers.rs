//! Rooms that end by themselves.

use crate::room::RoomPolicy;
use crate::testkit::build::{public_with, secs};
use crate::testkit::{Stand, World, told};
use crate::why::CloseWhy;

/// A policy under which nothing ends.
fn forever(policy: &mut RoomPolicy) {
    policy.idle = None;
    policy.empty = None;
    policy.max_age = None;
}

/// A room in which nothing is said for as long as the policy allows closes.
pub(super) async fn a_silent_room_closes(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node
        .open(public_with("tea", |policy| {
            forever(policy);
            policy.idle = Some(secs(30));
        }))
        .await
        .id;
    node.guest("kim").enter(&room).await;
    world.pass(secs(28)).await;
    assert!(node.is_open(&room).await);
    let passed = world.pass(secs(2)).await;
    assert_eq!(passed.closed(&room), [CloseWhy::Idle]);
    assert_eq!(told(&passed.wrote_in(&room)), ["closed idle"]);
    assert_eq!(node.ended(&room).await, CloseWhy::Idle);
    assert_eq!(told(&node.log(&room).await), ["joined kim 1", "closed idle"]);
}

/// Each thing said begins the silence anew, whoever says it: when the old deadline comes due it is looked at again.
pub(super) async fn what_is_said_puts_the_silence_off(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node
        .open(public_with("tea", |policy| {
            forever(policy);
            policy.idle = Some(secs(30));
        }))
        .await
        .id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    world.pass(secs(20)).await;
    kim.say(&room, "a").await;
    let passed = world.pass(secs(28)).await;
    assert!(passed.happened.is_empty(), "28 s of silence: {passed:?}");
    node.post(&room, "b").await;
    world.pass(secs(28)).await;
    assert!(node.is_open(&room).await);
    let passed = world.pass(secs(2)).await;
    assert_eq!(passed.closed(&room), [CloseWhy::Idle]);
}

/// Coming, going and renaming is not saying.
pub(super) async fn comings_and_goings_are_silence(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node
        .open(public_with("tea", |policy| {
            forever(policy);
            policy.idle = Some(secs(30));
        }))
        .await
        .id;
    for n in 0..7 {
        let guest = node.guest(&format!("g{n}"));
        guest.enter(&room).await;
        world.pass(secs(4)).await;
        guest.leave(&room).await;
    }
    assert!(node.is_open(&room).await);
    world.pass(secs(2)).await;
    assert_eq!(node.ended(&room).await, CloseWhy::Idle);
}

/// A room that everybody left closes after the time its policy gives; one that nobody ever entered is empty from
/// its opening.
pub(super) async fn an_empty_room_closes(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let make = |id| {
        public_with(id, |policy| {
            forever(policy);
            policy.empty = Some(secs(30));
        })
    };
    let never = node.open(make("never")).await.id;
    let once = node.open(make("once")).await.id;
    let kim = node.guest("kim");
    kim.enter(&once).await;
    world.pass(secs(10)).await;
    kim.leave(&once).await;
    world.pass(secs(18)).await;
    assert!(node.is_open(&never).await);
    let passed = world.pass(secs(2)).await;
    assert_eq!(passed.closed(&never), [CloseWhy::Empty]);
    node.post(&once, "speaking keeps nobody in").await;
    world.pass(secs(8)).await;
    assert!(node.is_open(&once).await);
    let passed = world.pass(secs(2)).await;
    assert_eq!(passed.closed(&once), [CloseWhy::Empty]);
}

/// Who comes back in time keeps the room open; when they go, its time begins anew.
pub(super) async fn who_comes_back_keeps_the_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node
        .open(public_with("tea", |policy| {
            forever(policy);
            policy.empty = Some(secs(30));
        }))
        .await
        .id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    for _ in 0..3 {
        kim.leave(&room).await;
        world.pass(secs(28)).await;
        kim.enter(&room).await;
        world.pass(secs(40)).await;
        assert!(node.is_open(&room).await);
    }
    kim.leave(&room).await;
    world.pass(secs(28)).await;
    assert!(node.is_open(&room).await);
    world.pass(secs(2)).await;
    assert_eq!(node.ended(&room).await, CloseWhy::Empty);
}

/// Who is in grace is in the room: it is empty only when the grace is over.
pub(super) async fn in_grace_is_not_empty(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node
        .open(public_with("tea", |policy| {
            forever(policy);
            policy.empty = Some(secs(20));
            policy.grace = secs(30);
        }))
        .await
        .id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    kim.lose(&room).await;
    world.pass(secs(31)).await;
    assert_eq!(node.view(&room).await.live, 0);
    world.pass(secs(15)).await;
    assert!(node.is_open(&room).await);
    world.pass(secs(5)).await;
    assert_eq!(node.ended(&room).await, CloseWhy::Empty);
}

/// A room reaches its greatest age whatever goes on in it.
pub(super) async fn a_room_reaches_its_greatest_age(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node
        .open(public_with("tea", |policy| {
            forever(policy);
            policy.max_age = Some(secs(30));
        }))
        .await
        .id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    for _ in 0..7 {
        world.pass(secs(4)).await;
        kim.say(&room, "busy").await;
    }
    let passed = world.pass(secs(2)).await;
    assert_eq!(passed.closed(&room), [CloseWhy::MaxAge]);
}

/// Of several ends the first comes; the others come no more.
pub(super) async fn the_first_end_is_the_end(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    for (idle, empty, age, why) in [
        (10, 20, 30, CloseWhy::Idle),
        (20, 10, 30, CloseWhy::Empty),
        (30, 20, 10, CloseWhy::MaxAge),
    ] {
        let room = node
            .open(public_with(why.as_str(), |policy| {
                policy.idle = Some(secs(idle));
                policy.empty = Some(secs(empty));
                policy.max_age = Some(secs(age));
            }))
            .await
            .id;
        node.subscribe(&room).await;
        let passed = world.pass(secs(40)).await;
        assert_eq!(passed.closed(&room), [why], "once");
        let log = node.log(&room).await;
        assert_eq!(told(&log), [format!("closed {why}")]);
        assert_eq!(passed.wrote_in(&room), log, "whoever reaps is told what was written");
        node.sink.reaches(&room, 1).await;
        assert_eq!(node.sink.entries(&room), log, "and so are the sinks");
    }
}

/// A room without an end has none.
pub(super) async fn never_is_never(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", forever)).await.id;
    let passed = world.pass(secs(3 * 3600)).await;
    assert!(passed.happened.is_empty(), "{passed:?}");
    assert!(node.is_open(&room).await);
}
