//! Where nobody looked for half a lease, nobody is judged for one lease.

use crate::testkit::build::{pool, public, public_with, secs};
use crate::testkit::{Stand, World, told};

/// After a time in which nobody reaped, no lease and no grace is judged at once: those who were away with the
/// store come back first.
pub(super) async fn after_a_pause_nobody_is_judged(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let lease = world.options.lease;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let (kim, lee, max) = (one.guest("kim"), two.guest("lee"), two.guest("max"));
    for guest in [&kim, &lee, &max] {
        guest.enter(&room).await;
    }
    max.lose(&room).await;
    world.jump(lease * 4).await;
    let passed = world.sweep().await;
    assert!(passed.happened.is_empty() && passed.wrote.is_empty(), "{passed:?}");
    one.renew().await;
    two.renew().await;
    max.tab().enter(&room).await;
    world.pass(lease * 3).await;
    assert_eq!(told(&one.log(&room).await), ["joined kim 1", "joined lee 2", "joined max 3"]);
    kim.say(&room, "all here").await;
    lee.say(&room, "yes").await;
}

/// Mercy ends: who has not come back within that lease is judged then.
pub(super) async fn mercy_ends_after_one_lease(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let lease = world.options.lease;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let (kim, lee, max) = (one.guest("kim"), two.guest("lee"), one.guest("max"));
    for guest in [&kim, &lee, &max] {
        guest.enter(&room).await;
    }
    max.lose(&room).await;
    world.kill(&two);
    world.jump(lease * 4).await;
    world.renew().await;
    assert!(world.sweep().await.wrote.is_empty());
    let passed = world.pass(lease - secs(2)).await;
    assert!(passed.wrote.is_empty(), "within the lease: {passed:?}");
    world.pass(secs(3)).await;
    assert_eq!(one.view(&room).await.live, 1, "the dead and the lost are gone");
    let mut left = told(&one.log(&room).await).split_off(3);
    left.iter_mut().for_each(|line| line.truncate(8));
    left.sort();
    assert_eq!(left, ["left lee", "left max"]);
    kim.say(&room, "alone").await;
}

/// A second pause is a second mercy.
pub(super) async fn each_pause_is_pardoned(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let lease = world.options.lease;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    for _ in 0..4 {
        world.jump(lease * 2).await;
        let passed = world.sweep().await;
        assert!(passed.happened.is_empty(), "{passed:?}");
        world.renew().await;
    }
    kim.say(&room, "still here").await;
}

/// Rooms are closed all the same: nobody could have come back to change that.
pub(super) async fn a_pause_does_not_keep_rooms_open(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = public_with("tea", |policy| policy.idle = Some(secs(30)));
    let room = node.open(room).await.id;
    world.jump(world.options.lease * 4).await;
    let passed = world.sweep().await;
    assert_eq!(passed.closed(&room), [crate::why::CloseWhy::Idle]);
}

/// A proposed match and a kept place are not judged either.
pub(super) async fn a_pause_breaks_no_match(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee, max) = (node.guest("kim"), node.guest("lee"), node.guest("max"));
    kim.seek(&pool).await;
    lee.seek(&pool).await;
    let request = max.seeking_but(&pool, &[&kim, &lee]);
    max.seek_by(request.clone()).await;
    let pools = std::slice::from_ref(&pool);
    let matching = &node.backend.matching;
    matching.lose_place(node.writer, max.session, &max.user, pools).await.unwrap();
    world.jump(world.options.lease * 4).await;
    let passed = world.sweep().await;
    assert!(passed.happened.is_empty(), "{passed:?}");
    world.renew().await;
    let matched = super::confirm_all(&[&node]).await;
    assert_eq!(matched.len(), 2, "both were still there");
    assert_eq!(max.waiting().await, std::slice::from_ref(&pool), "the place was kept");
}

/// Looking is enough: while nothing is due for long, nobody is thought to have been asleep.
pub(super) async fn looking_is_being_awake(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let lease = world.options.lease;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    world.pass(lease * 6).await;
    kim.lose(&room).await;
    let passed = world.pass(secs(5)).await;
    assert_eq!(told(&passed.wrote_in(&room)), ["left kim 0 lost"], "at its time");
}
