//! Going on to the next partner, and never to the same again.

use super::matches::{Pair, matched, pair_room, post, proposed};
use crate::id::RoomId;
use crate::limits::StoreOptions;
use crate::store::{Appended, Blocked, Existing, Next, Submitted};
use crate::testkit::build::{pool, secs, tags};
use crate::testkit::{Guest, Stand, World, told};
use crate::why::CloseWhy;

async fn next(guest: &Guest, room: &RoomId) -> Next {
    let pool = room.pool().unwrap_or_else(|| pool("p"));
    let (matching, by) = (&guest.node.backend.matching, guest.node.writer);
    matching.next(by, guest.breaking(room), guest.seeking(&pool)).await.unwrap()
}

async fn block(guest: &Guest, room: &RoomId) -> Blocked {
    let (matching, by) = (&guest.node.backend.matching, guest.node.writer);
    matching.block(by, guest.breaking(room)).await.unwrap()
}

/// `next` leaves, closes and waits in one step, for the user with all sessions.
pub(super) async fn next_is_one_step(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two, pool) = (world.node().await, world.node().await, pool("p"));
    let pair = matched(&pool, one.guest("kim"), two.guest("lee")).await;
    let tab = pair.one.on(&two);
    tab.enter(&pair.room).await;
    let Next::Waiting { wrote } = next(&tab, &pair.room).await else { panic!("not waiting") };
    let left = format!("left {} 1 left", pair.alias_one);
    assert_eq!(told(&wrote), [left.as_str(), "closed partner_left"]);
    let closed = Existing::Closed { why: CloseWhy::PartnerLeft };
    assert_eq!(one.get(&pair.room).await, closed);
    assert_eq!(pair.one.waiting().await, std::slice::from_ref(&pool));
    assert!(pair.two.waiting().await.is_empty());
    let why = CloseWhy::PartnerLeft;
    for guest in [&pair.one, &tab] {
        let said = guest.try_say(guest.saying(&pair.room, "x")).await;
        assert_eq!(said, Appended::Closed { why });
        assert!(guest.rooms().await.is_empty());
    }
    let max = one.guest("max");
    max.seek(&pool).await;
    post(&[&one, &two]).await.pairs(&tab, &max);
}

/// Who waits already is paired by somebody's `next` in the same step.
pub(super) async fn next_pairs_at_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    let max = node.guest("max");
    max.seek(&pool).await;
    post(&[&node]).await.nothing("both others are engaged");
    next(&pair.one, &pair.room).await;
    post(&[&node]).await.pairs(&pair.one, &max);
}

/// After the partner has ended the talk, `next` is still the way on, and writes nothing more.
pub(super) async fn next_goes_on_from_a_closed_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    assert!(matches!(next(&pair.one, &pair.room).await, Next::Waiting { .. }));
    assert_eq!(next(&pair.two, &pair.room).await, Next::Waiting { wrote: vec![] });
    assert_eq!(pair.two.waiting().await, [pool]);
    assert_eq!(told(&node.log(&pair.room).await).len(), 4);
}

/// From another's room, or none, there is no going on.
pub(super) async fn next_is_for_who_is_there(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    let max = node.guest("max");
    assert_eq!(next(&max, &pair.room).await, Next::NotMember);
    assert_eq!(next(&pair.one.tab(), &pair.room).await, Next::NotMember, "that tab is not in");
    assert!(max.waiting().await.is_empty());
    let none = RoomId::random_pair(&pool);
    assert_eq!(next(&max, &none).await, Next::Missing);
    assert!(node.is_open(&pair.room).await);
    assert_eq!(block(&max, &pair.room).await, Blocked::NotMember);
    assert_eq!(block(&max, &none).await, Blocked::Missing);
    assert!(node.is_open(&pair.room).await);
}

/// A late `next` from an old room does not tear somebody out of a new one.
pub(super) async fn a_late_next_leaves_the_new_room_alone(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    pair.two.leave(&pair.room).await;
    let second = matched(&pool, pair.one.tab(), node.guest("max")).await;
    let engaged = Next::Engaged { room: second.room.clone() };
    assert_eq!(next(&pair.one, &pair.room).await, engaged);
    assert!(node.is_open(&second.room).await);
    second.one.say(&second.room, "undisturbed").await;
}

/// `next` may ask for something else than before.
pub(super) async fn next_may_ask_for_other_tags(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    let request = pair.one.seeking_tags(&pool, tags("music"));
    let leave = pair.one.breaking(&pair.room);
    node.backend.matching.next(node.writer, leave, request).await.unwrap();
    let (sport, music) = (node.guest("sport"), node.guest("music"));
    sport.seek_by(sport.seeking_tags(&pool, tags("sport"))).await;
    post(&[&node]).await.nothing("no shared tag");
    music.seek_by(music.seeking_tags(&pool, tags("music"))).await;
    post(&[&node]).await.pairs(&pair.one, &music);
}

/// Last partners do not meet again while somebody else will do; when nobody else does, they do after a while.
pub(super) async fn last_partners_meet_again_only_after_a_while(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let soft = world.options.matching.soft;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    next(&pair.one, &pair.room).await;
    world.pass(secs(2)).await;
    next(&pair.two, &pair.room).await;
    post(&[&node]).await.nothing("the last partner");
    world.pass(soft - secs(1)).await;
    post(&[&node]).await.nothing("not before both have waited");
    world.pass(secs(2)).await;
    post(&[&node]).await.pairs(&pair.one, &pair.two);
}

/// Meanwhile anybody else is taken, however late they come.
pub(super) async fn others_come_before_the_last_partner(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    next(&pair.one, &pair.room).await;
    next(&pair.two, &pair.room).await;
    world.pass(secs(2)).await;
    let max = node.guest("max");
    max.seek(&pool).await;
    post(&[&node]).await.pairs(&pair.one, &max);
}

/// Leaving makes the two last partners as `next` does, and so does a shared tag not help them.
pub(super) async fn a_shared_tag_does_not_bring_the_last_partner_back(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.seek_by(kim.seeking_tags(&pool, tags("music"))).await;
    lee.seek_by(lee.seeking_tags(&pool, tags("music"))).await;
    let Pair { room, one, two, .. } = proposed(kim, lee).await;
    one.leave(&room).await;
    one.seek_by(one.seeking_tags(&pool, tags("music"))).await;
    two.seek_by(two.seeking_tags(&pool, tags("music"))).await;
    world.pass(secs(2)).await;
    post(&[&node]).await.nothing("the last partner");
    let max = node.guest("max");
    max.seek_by(max.seeking_tags(&pool, tags("music"))).await;
    post(&[&node]).await.pairs(&one, &max);
}

/// Whom the host says are blocked are never paired, whichever of the two it says it for, however long they wait.
pub(super) async fn the_hosts_blocks_are_hard_both_ways(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    for (n, first_blocks) in [(0, true), (1, false)] {
        let pool = pool(&format!("p{n}"));
        let (kim, lee) = (node.guest("kim"), node.guest("lee"));
        let blocking = |guest: &Guest, other: &Guest, does: bool| {
            if does { guest.seeking_but(&pool, &[other]) } else { guest.seeking(&pool) }
        };
        kim.seek_by(blocking(&kim, &lee, first_blocks)).await;
        lee.seek_by(blocking(&lee, &kim, !first_blocks)).await;
        world.pass(secs(60)).await;
        post(&[&node]).await.nothing("blocked");
        assert_eq!(kim.waiting().await.len() + lee.waiting().await.len(), 2 * (n + 1));
    }
}

/// `block` ends the talk as leaving does, and these two never meet again in that pool, in either direction.
pub(super) async fn a_block_is_for_ever(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    let Blocked::Blocked { wrote } = block(&pair.one, &pair.room).await else {
        panic!("not blocked")
    };
    let left = format!("left {} 1 left", pair.alias_one);
    assert_eq!(told(&wrote), [left.as_str(), "closed partner_left"]);
    assert!(pair.one.waiting().await.is_empty(), "blocking is not seeking");
    pair.two.seek(&pool).await;
    pair.one.seek(&pool).await;
    world.pass(secs(1_500)).await;
    post(&[&node]).await.nothing("blocked");
    let max = node.guest("max");
    max.seek(&pool).await;
    post(&[&node]).await.pairs(&pair.two, &max);
}

/// One may block right after the other has gone, as long as the room is remembered.
pub(super) async fn one_may_block_who_has_gone(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    pair.two.leave(&pair.room).await;
    world.pass(secs(30)).await;
    assert_eq!(block(&pair.one, &pair.room).await, Blocked::Blocked { wrote: vec![] });
    for guest in [&pair.one, &pair.two] {
        assert_eq!(guest.try_seek(guest.seeking(&pool)).await, Submitted::Waiting);
    }
    world.pass(secs(60)).await;
    post(&[&node]).await.nothing("blocked");
}

/// Blocks are bounded in number and time: the oldest goes for a new one, and each ends.
pub(super) async fn blocks_are_bounded(stand: &dyn Stand) {
    let mut options = StoreOptions::default();
    options.matching.blocks = 2;
    options.matching.block_kept = secs(600);
    options.matching.partners_kept = secs(1);
    options.matching.soft = secs(1);
    let world = World::with(stand, options).await;
    let (node, pool) = (world.node().await, pool("p"));
    let kim = node.guest("kim");
    let others = ["a", "b", "c"].map(|id| node.guest(id));
    for other in &others {
        let pair = matched(&pool, kim.tab(), other.tab()).await;
        assert!(matches!(block(&pair.one, &pair.room).await, Blocked::Blocked { .. }));
        world.pass(secs(3)).await;
    }
    let [a, b, c] = &others;
    kim.seek(&pool).await;
    for blocked in [c, b] {
        blocked.seek_by(blocked.seeking_but(&pool, &[a, b, c])).await;
    }
    world.pass(secs(3)).await;
    post(&[&node]).await.nothing("the newest two blocks hold");
    a.seek_by(a.seeking_but(&pool, &[b, c])).await;
    world.pass(secs(2)).await;
    let (to_kim, to_a) = post(&[&node]).await.pairs(&kim, a);
    super::matches::confirm(&kim, &to_kim).await;
    super::matches::confirm(a, &to_a).await;
    post(&[&node]).await;
    kim.leave(&to_kim.room).await;
    world.pass(secs(620)).await;
    kim.seek(&pool).await;
    world.pass(secs(2)).await;
    let mail = post(&[&node]).await;
    assert_eq!(mail.to(&kim).which, mail.proposed[0].which, "the blocks have ended");
    assert_eq!(mail.proposed.len(), 2);
}
