//! Who is in a room: counted by user, kept by session.

use std::time::Duration;

use crate::store::{Departure, Enter, Entered};
use crate::testkit::build::{name, public, public_with, room_id, secs};
use crate::testkit::{Stand, World, told};
use crate::why::CloseWhy;

/// The first session of a user writes `joined`, the last one `left`, and those between nothing.
pub(super) async fn the_first_session_joins_and_the_last_leaves(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let kim = one.guest("kim");
    let (tab, phone) = (kim.tab(), kim.on(&two));
    assert_eq!(told(&kim.enter(&room).await.wrote), ["joined kim 1"]);
    assert!(tab.enter(&room).await.wrote.is_empty());
    assert!(phone.enter(&room).await.wrote.is_empty());
    assert_eq!(one.view(&room).await.live, 1, "three sessions, one user");
    assert_eq!(one.members(&room).await.len(), 1);
    assert!(kim.leave(&room).await.is_empty());
    assert!(phone.leave(&room).await.is_empty());
    assert_eq!(one.view(&room).await.live, 1);
    assert_eq!(told(&tab.leave(&room).await), ["left kim 0 left"]);
    assert_eq!(one.view(&room).await.live, 0);
    assert_eq!(told(&one.log(&room).await), ["joined kim 1", "left kim 0 left"]);
}

/// A refresh loses one session and brings another: nobody notices, and nobody is counted twice.
pub(super) async fn a_refresh_is_not_a_second_person(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let mut kim = node.guest("kim");
    kim.enter(&room).await;
    for _ in 0..10 {
        assert!(kim.lose(&room).await.is_empty());
        assert_eq!(node.view(&room).await.live, 1, "in grace is in the room");
        world.pass(secs(3)).await;
        kim = kim.tab();
        let snapshot = kim.enter(&room).await.snapshot;
        assert_eq!((snapshot.room.live, snapshot.room.visitors), (1, 1));
    }
    world.pass(secs(60)).await;
    assert_eq!(told(&node.log(&room).await), ["joined kim 1"]);
    assert_eq!(node.view(&room).await.live, 1);
}

/// A lost user stays for the room's grace, then leaves, once.
pub(super) async fn a_lost_user_stays_for_the_grace(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.grace = secs(20))).await.id;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.enter(&room).await;
    lee.enter(&room).await;
    assert!(kim.lose(&room).await.is_empty());
    let passed = world.pass(secs(18)).await;
    assert!(passed.wrote.is_empty(), "{passed:?}");
    assert_eq!(node.view(&room).await.live, 2);
    assert_eq!(node.members(&room).await.len(), 2);
    let passed = world.pass(secs(2)).await;
    assert_eq!(told(&passed.wrote_in(&room)), ["left kim 1 lost"]);
    assert_eq!(passed.gone(&room), 1);
    assert_eq!(node.view(&room).await.live, 1);
    let passed = world.pass(secs(60)).await;
    assert!(passed.wrote.is_empty(), "once");
}

/// Who is back within the grace has never been away, and the next loss has a grace of its own.
pub(super) async fn entering_ends_the_grace(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public_with("tea", |policy| policy.grace = secs(10))).await.id;
    let kim = one.guest("kim");
    kim.enter(&room).await;
    kim.lose(&room).await;
    world.pass(secs(8)).await;
    let back = kim.on(&two);
    assert!(back.enter(&room).await.wrote.is_empty());
    let passed = world.pass(secs(30)).await;
    assert!(passed.wrote.is_empty(), "the old grace is over: {passed:?}");
    back.lose(&room).await;
    let passed = world.pass(secs(8)).await;
    assert!(passed.wrote.is_empty(), "a new one has begun: {passed:?}");
    assert_eq!(told(&world.pass(secs(2)).await.wrote), ["left kim 0 lost"]);
}

/// While another session is there, a lost one starts no grace.
pub(super) async fn a_lost_tab_beside_another_is_nothing(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    let tab = kim.tab();
    kim.enter(&room).await;
    tab.enter(&room).await;
    assert!(kim.lose(&room).await.is_empty());
    assert!(world.pass(secs(30)).await.wrote.is_empty());
    assert_eq!(told(&tab.leave(&room).await), ["left kim 0 left"], "without grace: they said so");
}

/// Without grace a loss is a departure, and whoever told it is told what it wrote.
pub(super) async fn without_grace_a_loss_is_a_departure(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let tea = node.open(public_with("tea", |policy| policy.grace = Duration::ZERO)).await.id;
    let rum = node.open(public("rum")).await.id;
    let kim = node.guest("kim");
    kim.enter(&tea).await;
    kim.enter(&rum).await;
    let rooms = [tea.clone(), rum.clone(), room_id("none")];
    let wrote = node.backend.presence.lose(node.writer, kim.session, &rooms).await.unwrap();
    assert_eq!(told(&wrote), ["left kim 0 lost"]);
    assert_eq!(wrote[0].room, tea);
    assert_eq!(node.view(&tea).await.live, 0);
    assert_eq!(node.view(&rum).await.live, 1);
    let again = node.backend.presence.lose(node.writer, kim.session, &rooms).await.unwrap();
    assert!(again.is_empty(), "once more does no harm");
}

/// Leaving is at once, whatever the grace, and leaving again does no harm.
pub(super) async fn leaving_has_no_grace(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.grace = secs(60))).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    assert_eq!(told(&kim.leave(&room).await), ["left kim 0 left"]);
    assert_eq!(kim.try_leave(&room).await, Departure::NotMember);
    assert!(kim.lose(&room).await.is_empty());
    assert!(world.pass(secs(90)).await.wrote.is_empty());
    assert_eq!(kim.try_leave(&room_id("none")).await, Departure::Missing);
    node.close(&room).await;
    assert_eq!(kim.try_leave(&room).await, Departure::Closed { why: CloseWhy::Admin });
}

/// A session that enters twice is in once.
pub(super) async fn entering_twice_is_entering_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    let first = kim.enter(&room).await;
    kim.say(&room, "a").await;
    let second = kim.enter(&room).await;
    assert!(second.wrote.is_empty() && !second.created);
    assert_eq!(second.snapshot.room.live, 1);
    assert_eq!(second.snapshot.cursor.n, first.snapshot.cursor.n + 1, "a fresh snapshot");
    assert_eq!(told(&kim.leave(&room).await), ["left kim 0 left"]);
    assert_eq!(kim.try_leave(&room).await, Departure::NotMember);
}

/// A full room takes nobody new; who is in it may come with another session, or come back in grace.
pub(super) async fn a_full_room_takes_nobody_new(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.capacity = 2)).await.id;
    let guests = ["kim", "lee", "max"].map(|id| node.guest(id));
    let [kim, lee, max] = &guests;
    kim.enter(&room).await;
    lee.enter(&room).await;
    assert_eq!(max.try_enter(max.entering(&room)).await, Entered::Full);
    kim.tab().enter(&room).await;
    lee.lose(&room).await;
    assert_eq!(max.try_enter(max.entering(&room)).await, Entered::Full, "grace keeps the place");
    lee.tab().enter(&room).await;
    assert_eq!(node.members(&room).await.len(), 2);
    kim.leave(&room).await;
    assert_eq!(max.try_enter(max.entering(&room)).await, Entered::Full, "a tab is still there");
    assert_eq!(told(&node.log(&room).await), ["joined kim 1", "joined lee 2"]);
    node.backend.presence.kick(node.writer, &room, &kim.user).await.unwrap();
    max.enter(&room).await;
    assert_eq!(node.view(&room).await.live, 2);
}

/// Who was in a life of a room comes back into that one only.
pub(super) async fn a_named_epoch_is_the_only_one_entered(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let kim = node.guest("kim");
    let first = node.open(public("tea")).await;
    let room = first.id;
    let into = |epoch| Enter { epoch: Some(epoch), ..kim.entering(&room) };
    kim.enter_by(into(first.epoch)).await;
    node.close(&room).await;
    let closed = Entered::Closed { why: CloseWhy::Admin };
    assert_eq!(kim.try_enter(into(first.epoch)).await, closed);
    let opening = Enter { create: Some(public("tea")), ..into(first.epoch) };
    assert_eq!(kim.try_enter(opening).await, closed, "another life is not what was asked for");
    let second = node.open(public("tea")).await;
    assert_eq!(kim.try_enter(into(first.epoch)).await, closed);
    assert_eq!(node.view(&room).await.live, 0);
    kim.enter_by(into(second.epoch)).await;
}

/// A user goes by one name in a room, given when they came or by renaming.
pub(super) async fn renaming_is_told_in_each_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let ids = ["tea", "rum", "ale"].map(room_id);
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    for id in &ids {
        node.open(public(id.as_str())).await;
        lee.enter(id).await;
    }
    kim.enter(&ids[0]).await;
    kim.enter(&ids[1]).await;
    let mut rooms = ids.to_vec();
    rooms.push(room_id("none"));
    let presence = &node.backend.presence;
    let wrote = presence.rename(node.writer, &kim.user, &name("Kimmy"), &rooms).await.unwrap();
    assert_eq!(told(&wrote), ["renamed kim Kimmy", "renamed kim Kimmy"]);
    for (id, entry) in ids.iter().zip(&wrote) {
        assert_eq!(entry.room, *id);
        let members = node.members(id).await;
        let names: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["Kimmy", "lee"]);
    }
    assert_eq!(told(&node.log(&ids[2]).await), ["joined lee 1"], "not there, nothing told");
    let left = kim.leave(&ids[0]).await;
    let crate::entry::What::Left { name: under, .. } = &left[0].what else { panic!("left") };
    assert_eq!(*under, name("Kimmy"));
}

/// Since when somebody is there does not change with their sessions.
pub(super) async fn since_is_when_the_user_came(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    let joined = kim.enter(&room).await.wrote[0].at;
    world.pass(secs(10)).await;
    let tab = kim.tab();
    tab.enter(&room).await;
    kim.leave(&room).await;
    tab.lose(&room).await;
    world.pass(secs(2)).await;
    tab.tab().enter(&room).await;
    assert_eq!(node.members(&room).await[0].since, joined);
}
