//! Between proposal and confirmation.

use super::matches::{confirm, post, proposed};
use crate::id::{MatchId, PoolName};
use crate::store::{Confirmed, Existing, Happened, Withdrawn};
use crate::testkit::build::{pool, secs, tags};
use crate::testkit::{Guest, Stand, World, told};
use crate::why::UnmatchedWhy;

async fn withdraw(guest: &Guest, pool: &PoolName) -> Withdrawn {
    let matching = &guest.node.backend.matching;
    matching.withdraw(guest.node.writer, pool, &guest.user, guest.session).await.unwrap()
}

/// There is no room until both have confirmed; then both are in it.
pub(super) async fn a_match_is_pending_until_both_confirm(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two, pool) = (world.node().await, world.node().await, pool("p"));
    let (kim, lee) = (one.guest("kim"), two.guest("lee"));
    kim.seek(&pool).await;
    lee.seek(&pool).await;
    let (to_kim, to_lee) = post(&[&one, &two]).await.pairs(&kim, &lee);
    let room = to_kim.room.clone();
    assert_eq!(one.get(&room).await, Existing::Missing);
    assert_eq!(confirm(&kim, &to_kim).await, Confirmed::Half);
    assert_eq!(confirm(&kim, &to_kim).await, Confirmed::Half, "twice by one is not both");
    assert_eq!(one.get(&room).await, Existing::Missing);
    post(&[&one, &two]).await.nothing("nobody is matched yet");
    let Confirmed::Opened { room: opened, wrote, .. } = confirm(&lee, &to_lee).await else {
        panic!("both have confirmed")
    };
    assert_eq!(opened, room);
    assert_eq!(one.view(&room).await.live, 2);
    assert_eq!(one.log(&room).await, wrote);
    for node in [&one, &two] {
        node.sink.reaches(&room, wrote.len() as u64).await;
        assert_eq!(node.sink.entries(&room), wrote, "subscribed before, so nothing was missed");
    }
    assert_eq!(post(&[&one, &two]).await.matched.len(), 2);
    for guest in [&kim, &lee] {
        assert!(guest.waiting().await.is_empty(), "matched is not waiting");
        guest.say(&room, "hello").await;
    }
}

/// Only a session to which a match was proposed confirms it.
pub(super) async fn a_stranger_does_not_confirm(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee, max) = (node.guest("kim"), node.guest("lee"), node.guest("max"));
    kim.seek(&pool).await;
    lee.seek(&pool).await;
    let (to_kim, _) = post(&[&node]).await.pairs(&kim, &lee);
    assert_eq!(confirm(&max, &to_kim).await, Confirmed::Gone);
    assert_eq!(confirm(&kim.tab(), &to_kim).await, Confirmed::Gone);
    let (matching, by) = (&node.backend.matching, node.writer);
    let other = MatchId(to_kim.which.0 ^ 1);
    let gone = matching.confirm(by, &pool, other, kim.session).await.unwrap();
    assert_eq!(gone, Confirmed::Gone);
    let elsewhere = crate::testkit::build::pool("q");
    let gone = matching.confirm(by, &elsewhere, to_kim.which, kim.session).await.unwrap();
    assert_eq!(gone, Confirmed::Gone);
    assert_eq!(confirm(&kim, &to_kim).await, Confirmed::Half, "and nothing was confirmed by them");
}

/// Withdrawing while pending is a withdrawal; the other goes on waiting as if nothing had been.
pub(super) async fn withdrawing_while_pending_is_a_withdrawal(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let guests = ["kim", "lee", "max", "late"].map(|id| node.guest(id));
    let [kim, lee, max, late] = &guests;
    kim.seek(&pool).await;
    world.pass(secs(1)).await;
    lee.seek(&pool).await;
    let (to_kim, to_lee) = post(&[&node]).await.pairs(kim, lee);
    max.seek_by(max.seeking_but(&pool, &[kim])).await;
    confirm(kim, &to_kim).await;
    assert_eq!(withdraw(lee, &pool).await, Withdrawn::Withdrawn);
    assert!(lee.waiting().await.is_empty());
    assert_eq!(confirm(lee, &to_lee).await, Confirmed::Gone);
    assert_eq!(confirm(kim, &to_kim).await, Confirmed::Gone);
    post(&[&node]).await.nothing("the other never saw a ghost");
    assert_eq!(kim.waiting().await, std::slice::from_ref(&pool));
    late.seek(&pool).await;
    post(&[&node]).await.pairs(kim, late);
    assert_eq!(max.waiting().await, [pool], "who came later waits on");
    assert_eq!(node.get(&to_kim.room).await, Existing::Missing);
}

/// Who goes back into the queue is paired at once, if somebody fits who came meanwhile.
pub(super) async fn who_goes_back_is_paired_at_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee, max) = (node.guest("kim"), node.guest("lee"), node.guest("max"));
    kim.seek(&pool).await;
    lee.seek(&pool).await;
    post(&[&node]).await.pairs(&kim, &lee);
    max.seek(&pool).await;
    post(&[&node]).await.nothing("both others are taken");
    withdraw(&kim, &pool).await;
    post(&[&node]).await.pairs(&lee, &max);
}

/// A proposal that is not confirmed in time lapses: who did not confirm no longer waits, the other does.
pub(super) async fn a_proposal_lapses(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let confirm_within = world.options.matching.confirm;
    let (node, pool) = (world.node().await, pool("p"));
    let guests = ["kim", "lee", "max", "late"].map(|id| node.guest(id));
    let [kim, lee, max, late] = &guests;
    kim.seek(&pool).await;
    lee.seek(&pool).await;
    let (to_kim, to_lee) = post(&[&node]).await.pairs(kim, lee);
    max.seek_by(max.seeking_but(&pool, &[kim, lee])).await;
    assert_eq!(confirm(kim, &to_kim).await, Confirmed::Half);
    let early = world.pass(confirm_within - secs(1)).await;
    assert!(early.happened.is_empty(), "{early:?}");
    let passed = world.pass(secs(2)).await;
    assert_eq!(passed.happened, [Happened::Lapsed { pool: pool.clone() }]);
    assert_eq!(post(&[&node]).await.unmatched, [(lee.session, UnmatchedWhy::Lapsed)]);
    assert!(lee.waiting().await.is_empty());
    assert_eq!(confirm(lee, &to_lee).await, Confirmed::Gone, "too late");
    assert_eq!(kim.waiting().await, std::slice::from_ref(&pool));
    late.seek(&pool).await;
    post(&[&node]).await.pairs(kim, late);
}

/// If neither confirms, neither waits.
pub(super) async fn a_proposal_lapses_for_both(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.seek(&pool).await;
    lee.seek(&pool).await;
    post(&[&node]).await.pairs(&kim, &lee);
    world.pass(secs(5)).await;
    let mut unmatched = post(&[&node]).await.unmatched;
    unmatched.sort_by_key(|(session, _)| *session);
    let lapsed = UnmatchedWhy::Lapsed;
    assert_eq!(unmatched, [(kim.session, lapsed), (lee.session, lapsed)]);
    kim.seek(&pool).await;
    lee.seek(&pool).await;
    post(&[&node]).await.pairs(&kim, &lee);
}

/// A lost connection breaks a pending match: the other goes back, the lost one's place is kept.
pub(super) async fn a_loss_while_pending_breaks_the_match(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee, max) = (node.guest("kim"), node.guest("lee"), node.guest("max"));
    kim.seek(&pool).await;
    lee.seek(&pool).await;
    let (to_kim, to_lee) = post(&[&node]).await.pairs(&kim, &lee);
    confirm(&kim, &to_kim).await;
    let (matching, by) = (&node.backend.matching, node.writer);
    let pools = std::slice::from_ref(&pool);
    matching.lose_place(by, kim.session, &kim.user, pools).await.unwrap();
    assert_eq!(confirm(&lee, &to_lee).await, Confirmed::Gone);
    post(&[&node]).await.nothing("the lost one is matched with nobody");
    max.seek(&pool).await;
    let (_, to_max) = post(&[&node]).await.pairs(&lee, &max);
    let back = kim.tab();
    back.seek(&pool).await;
    let two = confirm(&max, &to_max).await;
    assert_eq!(two, Confirmed::Half);
    let late = node.guest("late");
    late.seek(&pool).await;
    post(&[&node]).await.pairs(&back, &late);
}

/// A node whose life is over confirms nothing, and what it had confirmed counts no more.
pub(super) async fn both_leases_must_hold(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two, pool) = (world.node().await, world.node().await, pool("p"));
    let (kim, lee) = (one.guest("kim"), two.guest("lee"));
    kim.seek(&pool).await;
    lee.seek(&pool).await;
    let (to_kim, to_lee) = post(&[&one, &two]).await.pairs(&kim, &lee);
    assert_eq!(confirm(&kim, &to_kim).await, Confirmed::Half);
    one.backend.expiry.detach(one.writer).await.unwrap();
    world.kill(&one);
    let confirmed = confirm(&lee, &to_lee).await;
    assert!(!matches!(confirmed, Confirmed::Opened { .. }), "with a dead one: {confirmed:?}");
    world.pass(secs(1)).await;
    assert_eq!(two.get(&to_lee.room).await, Existing::Missing);
    assert_eq!(lee.waiting().await, std::slice::from_ref(&pool), "lee goes on waiting");
    let max = two.guest("max");
    max.seek(&pool).await;
    post(&[&two]).await.pairs(&lee, &max);
}

/// A dead node's users wait no longer, and those proposed to them go back.
pub(super) async fn a_dead_nodes_tickets_go(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (dying, other, pool) = (world.node().await, world.node().await, pool("p"));
    let music = |guest: &Guest| guest.seeking_tags(&pool, tags("music"));
    let (kim, lee, max) = (dying.guest("kim"), other.guest("lee"), dying.guest("max"));
    max.seek_by(crate::store::Request { strict: true, ..music(&max) }).await;
    kim.seek(&pool).await;
    lee.seek(&pool).await;
    post(&[&dying, &other]).await.pairs(&kim, &lee);
    dying.backend.expiry.detach(dying.writer).await.unwrap();
    world.kill(&dying);
    world.sweep().await;
    assert!(kim.waiting().await.is_empty());
    assert!(max.waiting().await.is_empty());
    assert_eq!(lee.waiting().await, std::slice::from_ref(&pool));
    let late = other.guest("late");
    late.seek_by(music(&late)).await;
    world.pass(secs(4)).await;
    let (_, to_late) = post(&[&other]).await.pairs(&lee, &late);
    assert_eq!(confirm(&late, &to_late).await, Confirmed::Half);
}

/// The room of a match has the policy of whoever had waited longer.
pub(super) async fn the_room_has_the_olders_policy(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    let mut request = kim.seeking(&pool);
    request.policy.idle = Some(secs(77));
    kim.seek_by(request).await;
    world.pass(secs(1)).await;
    lee.seek(&pool).await;
    let pair = proposed(kim, lee).await;
    let view = node.view(&pair.room).await;
    assert_eq!(view.policy.idle, Some(secs(77)));
    assert_eq!(view.policy.capacity, 2);
    assert_eq!(told(&pair.wrote).len(), 2);
}

/// Who goes back into the queue takes a shared tag before anybody without one, however long that one has waited.
pub(super) async fn who_goes_back_takes_a_shared_tag_first(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let guests = ["kim", "lee", "any", "music"].map(|id| node.guest(id));
    let [kim, lee, any, music] = &guests;
    kim.seek_by(kim.seeking_tags(&pool, tags("music"))).await;
    world.pass(world.options.matching.widen + secs(1)).await;
    lee.seek(&pool).await;
    post(&[&node]).await.pairs(kim, lee);
    any.seek(&pool).await;
    world.pass(secs(1)).await;
    music.seek_by(music.seeking_tags(&pool, tags("music"))).await;
    post(&[&node]).await.nothing("who is there has not widened, or is taken");
    withdraw(lee, &pool).await;
    post(&[&node]).await.pairs(kim, music);
}
