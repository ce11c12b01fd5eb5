//! Closing a room, and what is after.

use crate::id::UserId;
use crate::room::NewRoom;
use crate::store::{Appended, Close, Closing, Departure, Entered, Existing, Happened, Opened, Say};
use crate::testkit::build::{closing, name, private, public, public_with, room_id, secs};
use crate::testkit::{Node, Stand, World, numbers, told};
use crate::why::CloseWhy;

async fn close(node: &Node, close: Close) -> Closing {
    node.backend.rooms.close(node.writer, close).await.unwrap()
}

/// One call closes a room; whoever calls again is told that it was closed before, and why.
pub(super) async fn a_room_closes_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let Closing::Closed(entry) = close(&one, closing(&room, CloseWhy::Owner)).await else {
        panic!("not closed")
    };
    assert!(entry.is_closed());
    let already = Closing::Already { why: CloseWhy::Owner };
    assert_eq!(close(&two, closing(&room, CloseWhy::Admin)).await, already);
    assert_eq!(close(&one, closing(&room, CloseWhy::Owner)).await, already);
    assert_eq!(told(&one.log(&room).await), ["closed owner"]);
    assert_eq!(close(&one, closing(&room_id("none"), CloseWhy::Admin)).await, Closing::Missing);
    world.pass(world.options.closed_kept + secs(1)).await;
    assert_eq!(close(&one, closing(&room, CloseWhy::Admin)).await, Closing::Missing);
}

/// Where an owner is named, only the owner closes.
pub(super) async fn only_its_owner_closes_as_owner(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    let owned = NewRoom { owner: Some(kim.user.clone()), ..private("tea") };
    let (tea, rum) = (node.open(owned).await.id, node.open(public("rum")).await.id);
    let by = |room: &crate::id::RoomId, user: &UserId| Close {
        owner: Some(user.clone()),
        ..closing(room, CloseWhy::Owner)
    };
    assert_eq!(close(&node, by(&tea, &lee.user)).await, Closing::NotOwner);
    assert_eq!(close(&node, by(&rum, &kim.user)).await, Closing::NotOwner, "nobody owns it");
    assert!(node.is_open(&tea).await && node.is_open(&rum).await);
    assert!(matches!(close(&node, by(&tea, &kim.user)).await, Closing::Closed(_)));
    assert_eq!(node.ended(&tea).await, CloseWhy::Owner);
}

/// `closed` is the last entry: nothing is written behind it, by anybody, in any way.
pub(super) async fn nothing_is_written_behind_closed(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let (kim, lee, max) = (one.guest("kim"), two.guest("lee"), two.guest("max"));
    two.subscribe(&room).await;
    for guest in [&kim, &lee, &max] {
        guest.enter(&room).await;
    }
    max.lose(&room).await;
    one.close(&room).await;
    let why = CloseWhy::Admin;
    let rooms = std::slice::from_ref(&room);
    assert_eq!(kim.try_say(kim.saying(&room, "x")).await, Appended::Closed { why });
    assert_eq!(kim.try_enter(kim.entering(&room)).await, Entered::Closed { why });
    assert_eq!(lee.try_leave(&room).await, Departure::Closed { why });
    assert!(lee.lose(&room).await.is_empty());
    let presence = &one.backend.presence;
    assert!(presence.rename(one.writer, &kim.user, &name("x"), rooms).await.unwrap().is_empty());
    let kicked = presence.kick(one.writer, &room, &kim.user).await.unwrap();
    assert_eq!(kicked, Departure::Closed { why });
    world.kill(&two);
    let passed = world.pass(secs(40)).await;
    assert!(passed.wrote.is_empty(), "{:?}", told(&passed.wrote));
    let log = one.log(&room).await;
    assert_eq!(told(&log), ["joined kim 1", "joined lee 2", "joined max 3", "closed admin"]);
    two.sink.reaches(&room, 4).await;
    assert_eq!(two.sink.entries(&room), log);
    for guest in [&kim, &lee, &max] {
        assert!(guest.rooms().await.is_empty(), "nobody is in a closed room");
    }
}

/// A close may name the epoch it means: another one is not touched.
pub(super) async fn a_close_means_one_epoch(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let first = node.open(public("tea")).await;
    let room = first.id;
    node.close(&room).await;
    let second = node.open(public("tea")).await;
    let late = Close { epoch: Some(first.epoch), ..closing(&room, CloseWhy::Owner) };
    assert_eq!(close(&node, late).await, Closing::Already { why: CloseWhy::Admin });
    assert!(node.is_open(&room).await);
    let now = Close { epoch: Some(second.epoch), ..closing(&room, CloseWhy::Owner) };
    assert!(matches!(close(&node, now).await, Closing::Closed(_)));
}

/// A closed room is remembered for a while with its reason, then there is none, and that is told once.
pub(super) async fn a_closed_room_is_remembered_for_a_while(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let kept = world.options.closed_kept;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    node.close(&room).await;
    world.pass(kept - secs(2)).await;
    let why = CloseWhy::Admin;
    assert_eq!(node.get(&room).await, Existing::Closed { why });
    assert_eq!(kim.try_enter(kim.entering(&room)).await, Entered::Closed { why });
    let passed = world.pass(secs(60)).await;
    assert_eq!(node.get(&room).await, Existing::Missing);
    assert_eq!(kim.try_enter(kim.entering(&room)).await, Entered::Missing);
    assert_eq!(kim.try_say(kim.saying(&room, "x")).await, Appended::Missing);
    let heads = node.backend.rooms.heads(std::slice::from_ref(&room)).await.unwrap();
    assert_eq!(heads, [None]);
    let forgotten = Happened::Forgotten { room };
    assert_eq!(passed.happened.iter().filter(|happened| **happened == forgotten).count(), 1);
}

/// Opened again under the same name it is another room: a new epoch, a new log, nobody in it.
pub(super) async fn opened_again_it_is_another_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    let owned = NewRoom { owner: Some(kim.user.clone()), ..public("tea") };
    let first = node.open(owned).await;
    let room = first.id.clone();
    kim.enter(&room).await;
    kim.say(&room, "a").await;
    lee.enter(&room).await;
    lee.lose(&room).await;
    node.close(&room).await;
    world.pass(secs(1)).await;
    let owned = NewRoom { owner: Some(lee.user.clone()), ..private("tea") };
    let Opened::Opened(second) = node.backend.rooms.open(node.writer, owned).await.unwrap() else {
        panic!("not opened")
    };
    assert_ne!(second.epoch, first.epoch);
    assert!(second.created >= first.created.after(secs(1)));
    assert_eq!((second.kind, &second.owner), (crate::room::RoomKind::Private, &Some(lee.user)));
    assert_eq!((second.live, second.visitors, second.last), (0, 0, None));
    assert_eq!(kim.try_say(kim.saying(&room, "x")).await, Appended::NotMember);
    assert_eq!(kim.try_leave(&room).await, Departure::NotMember);
    assert!(kim.rooms().await.is_empty());
    assert!(node.history(&room, 50).await.entries.is_empty());
    world.pass(secs(10)).await;
    assert_eq!(told(&node.log(&room).await), Vec::<String>::new(), "no grace of before");
    kim.enter(&room).await;
    assert_eq!(numbers(&node.log(&room).await), [1]);
}

/// Entering may open a room that has closed; then too it is another one.
pub(super) async fn entering_may_open_what_has_closed(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let kim = node.guest("kim");
    let first = node.open(public("tea")).await;
    node.close(&first.id).await;
    let mut enter = kim.entering(&first.id);
    enter.create = Some(public("tea"));
    let admission = kim.enter_by(enter).await;
    assert!(admission.created);
    assert_ne!(admission.snapshot.room.epoch, first.epoch);
    assert_eq!(numbers(&admission.wrote), [1]);
}

/// What the earlier life of a room still waited for does not befall the next one.
pub(super) async fn deadlines_of_an_earlier_life_are_void(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let short = public_with("tea", |policy| {
        policy.idle = Some(secs(20));
        policy.empty = Some(secs(25));
        policy.max_age = Some(secs(30));
    });
    let room = node.open(short).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    kim.lose(&room).await;
    node.close(&room).await;
    node.open(public_with("tea", |policy| policy.empty = None)).await;
    let passed = world.pass(world.options.closed_kept + secs(30)).await;
    assert!(passed.happened.is_empty(), "{passed:?}");
    assert!(node.is_open(&room).await, "nor is it forgotten");
}

/// A closed room is left by its visitors' deadlines and the lists alike: nothing happens in it any more.
pub(super) async fn after_closing_nothing_happens(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    kim.leave(&room).await;
    node.close(&room).await;
    let passed = world.pass(world.options.visitors_window + secs(60)).await;
    assert_eq!(passed.happened, [Happened::Forgotten { room: room.clone() }]);
    let say = Say { epoch: None, ..kim.saying(&room, "x") };
    assert_eq!(kim.try_say(say).await, Appended::Missing);
}
