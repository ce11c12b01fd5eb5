//! Rooms are opened once, and found by their ids.

use crate::body::Body;
use crate::error::{Bound, StoreError};
use crate::limits::StoreOptions;
use crate::room::{NewRoom, RoomKind};
use crate::store::{Entered, Existing, Opened, Resumed};
use crate::testkit::build::{beginning, private, public, public_with, room_id, secs, user_id};
use crate::testkit::{Stand, World};
use crate::why::CloseWhy;

/// Who opens a room that is open already is given the one that there is.
pub(super) async fn a_room_is_opened_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let opened = one.open(public("tea")).await;
    let other = NewRoom { owner: Some(user_id("kim")), ..private("tea") };
    match two.backend.rooms.open(two.writer, other).await.unwrap() {
        Opened::Exists(view) => assert_eq!(view, opened),
        Opened::Opened(_) => panic!("opened twice"),
    }
    assert_eq!(one.view(&opened.id).await, opened);
}

/// What a room was opened with is what everybody sees of it.
pub(super) async fn a_room_is_seen_as_it_was_opened(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = NewRoom {
        meta: Some(Body::json(r#"{"a":[1,2,"\u0000"]}"#)),
        owner: Some(user_id("kim")),
        ..public_with("tea", |policy| {
            policy.capacity = 7;
            policy.idle = Some(secs(90));
            policy.empty = None;
            policy.max_age = Some(secs(4_000));
            policy.history = 11;
            policy.grace = secs(2);
        })
    };
    let opened = one.open(room.clone()).await;
    let seen = two.view(&room.id).await;
    assert_eq!(seen, opened);
    assert_eq!((&seen.id, seen.kind), (&room.id, RoomKind::Public));
    assert_eq!((&seen.title, &seen.meta), (&room.title, &room.meta));
    assert_eq!((&seen.owner, &*seen.policy), (&room.owner, &room.policy));
    assert_eq!((seen.live, seen.visitors, seen.visitors_capped), (0, 0, false));
    assert_eq!(seen.last, None);
}

/// A room that was just opened has an empty log.
pub(super) async fn a_new_room_has_an_empty_log(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await;
    let heads = node.backend.rooms.heads(std::slice::from_ref(&room.id)).await.unwrap();
    let head = heads[0].expect("an open room has a head");
    assert_eq!((head.epoch, head.n), (room.epoch, 0));
    assert!(node.log(&room.id).await.is_empty());
    let history = node.history(&room.id, 50).await;
    assert!(history.entries.is_empty() && !history.more);
    assert_eq!((history.epoch, history.first), (room.epoch, 1));
}

/// Answers come in the order asked, also where an id is asked for twice.
pub(super) async fn answers_come_in_the_order_asked(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let (tea, rum) = (node.open(public("tea")).await, node.open(private("rum")).await);
    let over = node.open(public("over")).await;
    node.close(&over.id).await;
    node.post(&tea.id, "hello").await;
    let tea = node.view(&tea.id).await;
    let ids = [&rum.id, &room_id("none"), &tea.id, &over.id, &rum.id].map(Clone::clone);
    let found = node.backend.rooms.get(&ids).await.unwrap();
    let open = |view: &crate::room::RoomView| Existing::Open(Box::new(view.clone()));
    let closed = Existing::Closed { why: CloseWhy::Admin };
    assert_eq!(found, [open(&rum), Existing::Missing, open(&tea), closed, open(&rum)]);
    let heads = node.backend.rooms.heads(&ids).await.unwrap();
    let heads: Vec<_> = heads.iter().map(|head| head.map(|head| (head.epoch, head.n))).collect();
    let (of_rum, of_tea) = (Some((rum.epoch, 0)), Some((tea.epoch, 1)));
    assert_eq!(heads, [of_rum, None, of_tea, Some((over.epoch, 1)), of_rum]);
    assert!(node.backend.rooms.get(&[]).await.unwrap().is_empty());
    assert!(node.backend.rooms.heads(&[]).await.unwrap().is_empty());
}

/// The head of a log is its newest entry, with that entry's time.
pub(super) async fn the_head_is_the_newest_entry(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    for text in ["one", "two", "three"] {
        let entry = node.post(&room, text).await;
        let heads = node.backend.rooms.heads(std::slice::from_ref(&room)).await.unwrap();
        assert_eq!(heads, [Some(entry.cursor())]);
        world.jump(secs(1)).await;
    }
}

/// Where there is no room, nothing is found, and nothing can be done.
pub(super) async fn what_was_never_opened_is_missing(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let (kim, room) = (node.guest("kim"), room_id("none"));
    assert_eq!(node.get(&room).await, Existing::Missing);
    assert_eq!(kim.try_enter(kim.entering(&room)).await, Entered::Missing);
    let cursor = beginning(crate::id::Epoch(1));
    let resumed = node.backend.rooms.resume(&room, cursor, 10).await.unwrap();
    assert_eq!(resumed, Resumed::Missing);
    let page = crate::store::HistoryPage::Newest { limit: 5 };
    assert_eq!(node.backend.rooms.history(&room, page).await.unwrap(), None);
    assert_eq!(node.backend.presence.members(&room, None, 5).await.unwrap(), None);
}

/// Entering opens the room where that is asked for, in the same step, and only where there is none.
pub(super) async fn entering_opens_where_it_is_asked_to(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    let owned = NewRoom { owner: Some(kim.user.clone()), ..public("tea") };
    let room = owned.id.clone();
    let mut enter = kim.entering(&room);
    enter.create = Some(owned);
    let admission = kim.enter_by(enter).await;
    assert!(admission.created);
    let mut enter = lee.entering(&room);
    enter.create = Some(NewRoom { owner: Some(lee.user.clone()), ..private("tea") });
    let second = lee.enter_by(enter).await;
    assert!(!second.created, "it was there");
    assert_eq!(second.snapshot.room.epoch, admission.snapshot.room.epoch);
    assert_eq!(second.snapshot.room.owner, Some(kim.user));
    assert_eq!(second.snapshot.room.kind, RoomKind::Public);
}

/// There are no more rooms than the options allow; one that is forgotten makes room for another.
pub(super) async fn rooms_are_bounded(stand: &dyn Stand) {
    let options = StoreOptions { rooms: 2, ..StoreOptions::default() };
    let world = World::with(stand, options).await;
    let node = world.node().await;
    let room = node.open(public("one")).await.id;
    node.open(private("two")).await;
    let refused = node.backend.rooms.open(node.writer, public("three")).await;
    let too_many =
        |e: &StoreError| matches!(e, StoreError::TooMany { bound: Bound::Rooms, max: 2 });
    assert!(refused.as_ref().is_err_and(too_many), "{refused:?}");
    let kim = node.guest("kim");
    let mut enter = kim.entering(&room_id("three"));
    enter.create = Some(public("three"));
    let refused = node.backend.presence.enter(node.writer, enter).await;
    assert!(refused.as_ref().is_err_and(too_many), "{refused:?}");
    assert_eq!(node.get(&room_id("three")).await, Existing::Missing);
    // What takes no place is not refused: a room that is there, and one that is opened again.
    let mut enter = kim.entering(&room);
    enter.create = Some(public("one"));
    assert!(!kim.enter_by(enter.clone()).await.created);
    let again = node.backend.rooms.open(node.writer, public("one")).await;
    assert!(matches!(again, Ok(Opened::Exists(_))), "{again:?}");
    node.close(&room).await;
    assert!(kim.enter_by(enter).await.created);
    node.close(&room).await;
    node.open(public("one")).await;
    node.close(&room).await;
    world.pass(world.options.closed_kept + secs(1)).await;
    node.open(public("three")).await;
}
