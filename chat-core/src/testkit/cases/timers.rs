//! Rooms that end by themselves.

use std::sync::Arc;

use crate::id::RoomId;
use crate::room::{NewRoom, RoomPolicy};
use crate::testkit::build::{public_with, secs};
use crate::testkit::{Node, Passed, Stand, World, told};
use crate::why::CloseWhy;

/// A policy under which nothing ends.
fn forever(policy: &mut RoomPolicy) {
    policy.idle = None;
    policy.empty = None;
    policy.max_age = None;
}

/// A room that ends in no other way than this.
fn only(id: &str, end: impl FnOnce(&mut RoomPolicy)) -> NewRoom {
    public_with(id, |policy| {
        forever(policy);
        end(policy);
    })
}

/// A node, and a room whose end is looked at.
struct Ending {
    world: World,
    node: Arc<Node>,
    room: RoomId,
}

impl Ending {
    async fn of(stand: &dyn Stand, room: NewRoom) -> Self {
        let world = World::new(stand).await;
        let node = world.node().await;
        let room = node.open(room).await.id;
        Self { world, node, room }
    }

    /// So many seconds pass, and the room is still there.
    async fn lasts(&self, seconds: u64) {
        self.world.pass(secs(seconds)).await;
        assert!(self.node.is_open(&self.room).await);
    }

    /// Within so many seconds the room ends, once, and for this reason.
    async fn ends(&self, seconds: u64, why: CloseWhy) -> Passed {
        let passed = self.world.pass(secs(seconds)).await;
        assert_eq!(passed.closed(&self.room), [why]);
        assert_eq!(self.node.ended(&self.room).await, why);
        passed
    }
}

/// A room in which nothing is said for as long as the policy allows closes.
pub(super) async fn a_silent_room_closes(stand: &dyn Stand) {
    let tea = Ending::of(stand, only("tea", |policy| policy.idle = Some(secs(30)))).await;
    tea.node.guest("kim").enter(&tea.room).await;
    tea.lasts(28).await;
    let passed = tea.ends(2, CloseWhy::Idle).await;
    assert_eq!(told(&passed.wrote_in(&tea.room)), ["closed idle"]);
    assert_eq!(told(&tea.node.log(&tea.room).await), ["joined kim 1", "closed idle"]);
}

/// Each thing said begins the silence anew, whoever says it: when the old deadline comes due it is looked at again.
pub(super) async fn what_is_said_puts_the_silence_off(stand: &dyn Stand) {
    let tea = Ending::of(stand, only("tea", |policy| policy.idle = Some(secs(30)))).await;
    let kim = tea.node.guest("kim");
    kim.enter(&tea.room).await;
    tea.lasts(20).await;
    kim.say(&tea.room, "a").await;
    let passed = tea.world.pass(secs(28)).await;
    assert!(passed.happened.is_empty(), "28 s of silence: {passed:?}");
    tea.node.post(&tea.room, "b").await;
    tea.lasts(28).await;
    tea.ends(2, CloseWhy::Idle).await;
}

/// Coming, going and renaming is not saying.
pub(super) async fn comings_and_goings_are_silence(stand: &dyn Stand) {
    let tea = Ending::of(stand, only("tea", |policy| policy.idle = Some(secs(30)))).await;
    for n in 0..7 {
        let guest = tea.node.guest(&format!("g{n}"));
        guest.enter(&tea.room).await;
        tea.lasts(4).await;
        guest.leave(&tea.room).await;
    }
    tea.ends(2, CloseWhy::Idle).await;
}

/// A room that everybody left closes after the time its policy gives.
pub(super) async fn an_empty_room_closes(stand: &dyn Stand) {
    let tea = Ending::of(stand, only("tea", |policy| policy.empty = Some(secs(30)))).await;
    let kim = tea.node.guest("kim");
    kim.enter(&tea.room).await;
    tea.lasts(10).await;
    kim.leave(&tea.room).await;
    tea.lasts(20).await;
    tea.node.post(&tea.room, "speaking keeps nobody in").await;
    tea.lasts(8).await;
    tea.ends(2, CloseWhy::Empty).await;
}

/// A room that nobody ever entered is empty from its opening.
pub(super) async fn a_room_nobody_entered_closes(stand: &dyn Stand) {
    let tea = Ending::of(stand, only("tea", |policy| policy.empty = Some(secs(30)))).await;
    tea.lasts(28).await;
    tea.ends(2, CloseWhy::Empty).await;
}

/// Who comes back in time keeps the room open; when they go, its time begins anew.
pub(super) async fn who_comes_back_keeps_the_room(stand: &dyn Stand) {
    let tea = Ending::of(stand, only("tea", |policy| policy.empty = Some(secs(30)))).await;
    let kim = tea.node.guest("kim");
    kim.enter(&tea.room).await;
    for _ in 0..3 {
        kim.leave(&tea.room).await;
        tea.lasts(28).await;
        kim.enter(&tea.room).await;
        tea.lasts(40).await;
    }
    kim.leave(&tea.room).await;
    tea.lasts(28).await;
    tea.ends(2, CloseWhy::Empty).await;
}

/// Who is in grace is in the room: it is empty only when the grace is over.
pub(super) async fn in_grace_is_not_empty(stand: &dyn Stand) {
    let room = only("tea", |policy| {
        policy.empty = Some(secs(20));
        policy.grace = secs(30);
    });
    let tea = Ending::of(stand, room).await;
    let kim = tea.node.guest("kim");
    kim.enter(&tea.room).await;
    kim.lose(&tea.room).await;
    tea.lasts(31).await;
    assert_eq!(tea.node.view(&tea.room).await.live, 0);
    tea.lasts(15).await;
    tea.ends(5, CloseWhy::Empty).await;
}

/// A room reaches its greatest age whatever goes on in it.
pub(super) async fn a_room_reaches_its_greatest_age(stand: &dyn Stand) {
    let tea = Ending::of(stand, only("tea", |policy| policy.max_age = Some(secs(30)))).await;
    let kim = tea.node.guest("kim");
    kim.enter(&tea.room).await;
    for _ in 0..7 {
        tea.lasts(4).await;
        kim.say(&tea.room, "busy").await;
    }
    tea.ends(2, CloseWhy::MaxAge).await;
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
    let tea = Ending::of(stand, public_with("tea", forever)).await;
    let passed = tea.world.pass(secs(3 * 3600)).await;
    assert!(passed.happened.is_empty(), "{passed:?}");
    assert!(tea.node.is_open(&tea.room).await);
}
