//! Who was there within the last half hour.

use crate::limits::StoreOptions;
use crate::store::Happened;
use crate::testkit::build::{public, public_with, secs};
use crate::testkit::{Passed, Stand, World};

fn passed_by(passed: &Passed) -> u32 {
    let visitors = |happened: &Happened| match happened {
        Happened::Passed { visitors, .. } => *visitors,
        _ => 0,
    };
    passed.happened.iter().map(visitors).sum()
}

/// Who leaves counts among the visitors for the window, and passes by itself, exact to a step.
pub(super) async fn who_left_counts_for_the_window(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (window, step) = (world.options.visitors_window, world.options.visitors_step);
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.enter(&room).await;
    lee.enter(&room).await;
    kim.leave(&room).await;
    let view = node.view(&room).await;
    assert_eq!((view.live, view.visitors, view.visitors_capped), (1, 2, false));
    let early = world.pass(window - secs(2)).await;
    assert_eq!(passed_by(&early), 0);
    assert_eq!(node.view(&room).await.visitors, 2);
    let late = world.pass(step + secs(2)).await;
    assert_eq!(node.view(&room).await.visitors, 1, "who is there stays a visitor");
    assert_eq!(passed_by(&late), 1);
}

/// A user who is there, was there and comes again is one visitor.
pub(super) async fn coming_back_is_one_visitor(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    for _ in 0..5 {
        kim.enter(&room).await;
        assert_eq!(node.view(&room).await.visitors, 1);
        world.pass(secs(20)).await;
        kim.leave(&room).await;
        assert_eq!(node.view(&room).await.visitors, 1);
        world.pass(secs(20)).await;
    }
}

/// The window counts from the last departure; who came back is not forgotten by the earlier one.
pub(super) async fn the_last_departure_counts(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (window, step) = (world.options.visitors_window, world.options.visitors_step);
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    kim.leave(&room).await;
    world.pass(window / 3).await;
    kim.enter(&room).await;
    world.pass(window).await;
    assert_eq!(node.view(&room).await.visitors, 1, "there all the time");
    kim.leave(&room).await;
    world.pass(window - secs(2)).await;
    assert_eq!(node.view(&room).await.visitors, 1);
    world.pass(step + secs(2)).await;
    assert_eq!(node.view(&room).await.visitors, 0);
}

/// However they come and go, visitors fall when each one's time is up, at most a step late.
pub(super) async fn visitors_pass_one_by_one(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (window, step) = (world.options.visitors_window, world.options.visitors_step);
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    for n in 0..12 {
        let guest = node.guest(&format!("g{n}"));
        guest.enter(&room).await;
        guest.leave(&room).await;
        world.pass(secs(7)).await;
    }
    // The nth left at 7n s, and now is 84 s.
    world.pass(window - secs(84)).await;
    for second in 0..110_u64 {
        let visitors = u64::from(node.view(&room).await.visitors);
        let left = |by: u64| (0..12).filter(move |n| 7 * n > by);
        let least = left(second + 1).count() as u64;
        let most = left(second.saturating_sub(step.as_secs() + 1)).count() as u64 + 1;
        assert!((least..=most).contains(&visitors), "{visitors} after {second} s");
        world.pass(secs(1)).await;
    }
    assert_eq!(node.view(&room).await.visitors, 0);
}

/// Beyond what is kept the number is a lower bound, and said to be one.
pub(super) async fn visitors_are_bounded(stand: &dyn Stand) {
    let options = StoreOptions { visitors_kept: 5, ..StoreOptions::default() };
    let world = World::with(stand, options).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    for n in 0..12 {
        let guest = node.guest(&format!("g{n}"));
        guest.enter(&room).await;
        guest.leave(&room).await;
        if n < 5 {
            let view = node.view(&room).await;
            assert_eq!((view.visitors, view.visitors_capped), (n + 1, false));
        }
    }
    let view = node.view(&room).await;
    assert!(view.visitors_capped);
    assert!((5..=12).contains(&view.visitors), "a lower bound: {}", view.visitors);
    world.pass(world.options.visitors_window + world.options.visitors_step).await;
    assert_eq!(node.view(&room).await.visitors, 0);
}

/// The time in grace is time in the room: the window begins behind it.
pub(super) async fn the_window_begins_behind_the_grace(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (window, step) = (world.options.visitors_window, world.options.visitors_step);
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.grace = secs(60))).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    kim.lose(&room).await;
    world.pass(secs(60)).await;
    let view = node.view(&room).await;
    assert_eq!((view.live, view.visitors), (0, 1));
    world.pass(window - secs(2)).await;
    assert_eq!(node.view(&room).await.visitors, 1);
    world.pass(step + secs(2)).await;
    assert_eq!(node.view(&room).await.visitors, 0);
}
