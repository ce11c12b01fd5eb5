//! Lives of nodes, and the refusal of writers whose life is over.

use std::sync::Arc;

use crate::body::Body;
use crate::error::StoreError;
use crate::id::{MatchId, RoomId};
use crate::store::{Due, StoreResult};
use crate::testkit::build::{closing, name, notice, pool, public, secs};
use crate::testkit::{Guest, Node, Stand, World, told};
use crate::why::{ByeWhy, CloseWhy};

/// Each life of a node has its own incarnation; other nodes are not touched by it.
pub(super) async fn each_life_has_an_incarnation(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let mut lives = vec![one.writer];
    for _ in 0..3 {
        let next = one.reborn().await;
        assert_eq!(next.writer.node, one.writer.node);
        assert!(!lives.contains(&next.writer), "each is another");
        lives.push(next.writer);
    }
    two.renew().await;
    two.open(public("tea")).await;
}

/// A node that renews its lease lives on, and its sessions stay.
pub(super) async fn a_node_that_renews_lives(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    let passed = world.pass(world.options.lease * 10).await;
    assert!(passed.happened.is_empty(), "{passed:?}");
    kim.say(&room, "still here").await;
}

/// Everything that an ended life tries to write.
async fn refused(old: &Arc<Node>, kim: &Guest, room: &RoomId) {
    fn fenced<T>(op: &str, result: StoreResult<T>) {
        match result {
            Err(StoreError::Fenced) => {}
            Err(other) => panic!("{op} failed otherwise: {other}"),
            Ok(_) => panic!("{op} was not refused"),
        }
    }
    let (by, session, pool) = (old.writer, kim.session, pool("p"));
    let rooms = &old.backend.rooms;
    fenced("open", rooms.open(by, public("another")).await);
    fenced("append", rooms.append(by, kim.saying(room, "x")).await);
    fenced("append of the site", rooms.append(by, notice(room, "x")).await);
    fenced("signal", rooms.signal(by, room, session, Body::text("x")).await);
    fenced("close", rooms.close(by, closing(room, CloseWhy::Admin)).await);
    fenced("subscribe", rooms.subscribe(by, room).await);
    let presence = &old.backend.presence;
    fenced("enter", presence.enter(by, kim.entering(room)).await);
    fenced("leave", presence.leave(by, room, session).await);
    fenced("lose", presence.lose(by, session, std::slice::from_ref(room)).await);
    let ids = std::slice::from_ref(room);
    fenced("rename", presence.rename(by, &kim.user, &name("x"), ids).await);
    fenced("kick", presence.kick(by, room, &kim.user).await);
    fenced("disconnect", presence.disconnect(by, &kim.user, ByeWhy::Kicked).await);
    let matching = &old.backend.matching;
    fenced("submit", matching.submit(by, kim.seeking(&pool)).await);
    fenced("confirm", matching.confirm(by, &pool, MatchId(1), session).await);
    fenced("withdraw", matching.withdraw(by, &pool, &kim.user, session).await);
    let pools = std::slice::from_ref(&pool);
    fenced("lose_place", matching.lose_place(by, session, &kim.user, pools).await);
    let pair = RoomId::random_pair(&pool);
    fenced("next", matching.next(by, kim.breaking(&pair), kim.seeking(&pool)).await);
    fenced("block", matching.block(by, kim.breaking(&pair)).await);
    let expiry = &old.backend.expiry;
    fenced("renew", expiry.renew(by, 1).await);
    fenced("reap", expiry.reap(by, &Due::Room(room.clone())).await);
}

/// A room with one who lives elsewhere and one of the node that is to end.
async fn scene(world: &World) -> (Arc<Node>, Guest, Guest, RoomId) {
    let (old, other) = (world.node().await, world.node().await);
    let room = old.open(public("tea")).await.id;
    let (kim, lee) = (old.guest("kim"), other.guest("lee"));
    lee.enter(&room).await;
    kim.enter(&room).await;
    (old, kim, lee, room)
}

/// Once the same node has begun another life, nothing is taken from the earlier one.
pub(super) async fn an_earlier_life_is_refused(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (old, kim, lee, room) = scene(&world).await;
    let new = old.reborn().await;
    world.kill(&old);
    world.keep(&new);
    refused(&old, &kim, &room).await;
    world.sweep().await;
    refused(&old, &kim, &room).await;
    let log = ["joined lee 1", "joined kim 2", "left kim 1 lost"];
    assert_eq!(told(&lee.node.log(&room).await), log, "and nothing of it was done");
    kim.on(&new).enter(&room).await;
    assert_eq!(lee.node.view(&room).await.live, 2);
}

/// Once a life was ended by itself, nothing more is taken from it.
pub(super) async fn a_detached_life_is_refused(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (old, kim, lee, room) = scene(&world).await;
    old.backend.expiry.detach(old.writer).await.unwrap();
    world.kill(&old);
    refused(&old, &kim, &room).await;
    world.sweep().await;
    refused(&old, &kim, &room).await;
    let log = ["joined lee 1", "joined kim 2", "left kim 1 lost"];
    assert_eq!(told(&lee.node.log(&room).await), log);
}

/// Once a lease has run out and was judged, nothing more is taken from that life.
pub(super) async fn a_judged_life_is_refused(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (old, kim, lee, room) = scene(&world).await;
    world.kill(&old);
    world.pass(world.options.lease + secs(1)).await;
    refused(&old, &kim, &room).await;
    let log = ["joined lee 1", "joined kim 2", "left kim 1 lost"];
    assert_eq!(told(&lee.node.log(&room).await), log);
    let new = old.reborn().await;
    world.keep(&new);
    kim.on(&new).enter(&room).await;
    refused(&old, &kim, &room).await;
}

/// A session of an ended life is not taken as a living node's either.
pub(super) async fn a_session_of_an_ended_life_does_not_speak(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (old, kim, _, room) = scene(&world).await;
    let new = old.reborn().await;
    world.kill(&old);
    world.keep(&new);
    world.sweep().await;
    let appended = new.backend.rooms.append(new.writer, kim.saying(&room, "x")).await.unwrap();
    assert_eq!(appended, crate::store::Appended::NotMember);
}

/// An ended life's sink is told nothing more; the next life's subscriptions begin anew.
pub(super) async fn subscriptions_end_with_the_life(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (old, other) = (world.node().await, world.node().await);
    let room = other.open(public("tea")).await.id;
    for node in [&old, &other] {
        node.subscribe(&room).await;
    }
    let new = old.reborn().await;
    world.kill(&old);
    world.keep(&new);
    other.post(&room, "a").await;
    other.sink.reaches(&room, 1).await;
    new.subscribe(&room).await;
    other.post(&room, "b").await;
    new.sink.reaches(&room, 2).await;
    assert_eq!(told(&new.sink.entries(&room)), ["said - b"]);
    assert!(old.sink.entries(&room).is_empty());
}
