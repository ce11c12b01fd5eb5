//! Putting users out, of a room or altogether.

use std::collections::HashSet;

use crate::id::UserId;
use crate::store::{Appended, Departure, Mail};
use crate::testkit::build::{public, room_id, secs};
use crate::testkit::{Node, Stand, World, told};
use crate::why::{ByeWhy, CloseWhy};

async fn kick(node: &Node, room: &crate::id::RoomId, user: &UserId) -> Departure {
    node.backend.presence.kick(node.writer, room, user).await.unwrap()
}

/// Who is put out is out at once with all sessions, and each node is told which of its own.
pub(super) async fn who_is_put_out_is_out_everywhere(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let kim = one.guest("kim");
    let (tab, phone, lee) = (kim.tab(), kim.on(&two), two.guest("lee"));
    for guest in [&kim, &tab, &phone, &lee] {
        guest.enter(&room).await;
    }
    one.mail().await;
    two.mail().await;
    match kick(&two, &room, &kim.user).await {
        Departure::Out { wrote } => assert_eq!(told(&wrote), ["left kim 1 kicked"]),
        other => panic!("{other:?}"),
    }
    for guest in [&kim, &tab, &phone] {
        assert_eq!(guest.try_say(guest.saying(&room, "x")).await, Appended::NotMember);
    }
    lee.say(&room, "peace").await;
    for (node, sessions) in [(&one, vec![kim.session, tab.session]), (&two, vec![phone.session])] {
        let mut put_out = HashSet::new();
        for mail in node.mail().await {
            let Mail::Kicked { room: from, sessions } = mail else { panic!("{mail:?}") };
            assert_eq!(from, room);
            put_out.extend(sessions);
        }
        assert_eq!(put_out, sessions.into_iter().collect());
        node.sink.until("mail", |sink| sink.mails() > 0).await;
    }
    assert!(kim.rooms().await.is_empty());
    kim.enter(&room).await;
    assert_eq!(told(&one.log(&room).await)[4..], ["joined kim 2"], "out is not banned");
}

/// In grace one can be put out too, and then the grace is over.
pub(super) async fn who_is_in_grace_can_be_put_out(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    kim.lose(&room).await;
    assert!(matches!(kick(&node, &room, &kim.user).await, Departure::Out { .. }));
    assert_eq!(node.view(&room).await.live, 0);
    world.pass(secs(10)).await;
    assert_eq!(told(&node.log(&room).await), ["joined kim 1", "left kim 0 kicked"]);
}

/// Who is not there cannot be put out.
pub(super) async fn who_is_not_there_is_not_put_out(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    assert_eq!(kick(&node, &room, &kim.user).await, Departure::NotMember);
    assert_eq!(kick(&node, &room_id("none"), &kim.user).await, Departure::Missing);
    kim.enter(&room).await;
    kim.leave(&room).await;
    assert_eq!(kick(&node, &room, &kim.user).await, Departure::NotMember);
    node.close(&room).await;
    let closed = Departure::Closed { why: CloseWhy::Admin };
    assert_eq!(kick(&node, &room, &kim.user).await, closed);
}

/// Every node is told to end a user's sessions, in rooms or not.
pub(super) async fn a_disconnect_is_told_to_every_node(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let kim = one.guest("kim");
    one.backend.presence.disconnect(one.writer, &kim.user, ByeWhy::Kicked).await.unwrap();
    for node in [&one, &two] {
        let mail = node.mail().await;
        assert_eq!(mail, [Mail::Disconnect { user: kim.user.clone(), why: ByeWhy::Kicked }]);
        assert!(node.mail().await.is_empty(), "read once");
        node.sink.until("mail", |sink| sink.mails() > 0).await;
    }
}

/// A node has the mail that came in its life, and none of before.
pub(super) async fn mail_is_of_this_life(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let (kim, lee) = (one.guest("kim"), one.guest("lee"));
    one.backend.presence.disconnect(one.writer, &kim.user, ByeWhy::Kicked).await.unwrap();
    let late = world.node().await;
    assert!(late.mail().await.is_empty());
    one.backend.presence.disconnect(one.writer, &lee.user, ByeWhy::Kicked).await.unwrap();
    let of = |guest: &crate::testkit::Guest| Mail::Disconnect {
        user: guest.user.clone(),
        why: ByeWhy::Kicked,
    };
    assert_eq!(late.mail().await, [of(&lee)]);
    assert_eq!(two.mail().await, [of(&kim), of(&lee)], "the oldest first");
}
