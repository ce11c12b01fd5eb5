//! A user's place in the queue: replaced, given up, lost, taken up again.

use super::matches::{confirm, post};
use crate::id::PoolName;
use crate::store::{Confirmed, Withdrawn};
use crate::testkit::build::{pool, secs, tags};
use crate::testkit::{Guest, Stand, World};
use crate::why::UnmatchedWhy;

async fn withdraw(guest: &Guest, pool: &PoolName) -> Withdrawn {
    let matching = &guest.node.backend.matching;
    matching.withdraw(guest.node.writer, pool, &guest.user, guest.session).await.unwrap()
}

async fn lose_place(guest: &Guest, pools: &[PoolName]) {
    let matching = &guest.node.backend.matching;
    matching.lose_place(guest.node.writer, guest.session, &guest.user, pools).await.unwrap();
}

/// Nobody is paired with themselves: a second tab takes the place of the first, and its time.
pub(super) async fn nobody_meets_themselves(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two, pool) = (world.node().await, world.node().await, pool("p"));
    let (kim, lee, max) = (one.guest("kim"), one.guest("lee"), one.guest("max"));
    kim.seek(&pool).await;
    world.pass(secs(1)).await;
    lee.seek_by(lee.seeking_but(&pool, &[&kim])).await;
    world.pass(secs(1)).await;
    let phone = kim.on(&two);
    phone.seek(&pool).await;
    let mail = post(&[&one, &two]).await;
    assert!(mail.proposed.is_empty(), "{mail:?}");
    assert_eq!(mail.unmatched, [(kim.session, UnmatchedWhy::Replaced)]);
    assert_eq!(kim.waiting().await, std::slice::from_ref(&pool), "the user waits on, once");
    max.seek(&pool).await;
    post(&[&one, &two]).await.pairs(&phone, &max);
}

/// The same session may ask again for something else: it is not told that it no longer waits.
pub(super) async fn asking_again_changes_what_is_asked(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.seek_by(kim.seeking_tags(&pool, tags("music"))).await;
    kim.seek_by(kim.seeking_tags(&pool, tags("sport"))).await;
    post(&[&node]).await.nothing("it waits on");
    lee.seek_by(lee.seeking_tags(&pool, tags("music"))).await;
    post(&[&node]).await.nothing("music is asked for no more");
    lee.seek_by(lee.seeking_tags(&pool, tags("film sport"))).await;
    post(&[&node]).await.pairs(&kim, &lee);
}

/// Who asks anew while pending breaks that match; the other goes back with their time.
pub(super) async fn asking_anew_while_pending_breaks_the_match(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let guests = ["kim", "lee", "max", "late"].map(|id| node.guest(id));
    let [kim, lee, max, late] = &guests;
    kim.seek(&pool).await;
    world.pass(secs(1)).await;
    lee.seek(&pool).await;
    let (to_kim, _) = post(&[&node]).await.pairs(kim, lee);
    max.seek_by(max.seeking_but(&pool, &[kim, lee])).await;
    let tab = lee.tab();
    tab.seek_by(tab.seeking_but(&pool, &[kim])).await;
    assert_eq!(confirm(kim, &to_kim).await, Confirmed::Gone);
    let mail = post(&[&node]).await;
    assert!(mail.proposed.is_empty(), "{mail:?}");
    assert_eq!(mail.unmatched, [(lee.session, UnmatchedWhy::Replaced)]);
    late.seek(&pool).await;
    post(&[&node]).await.pairs(kim, late);
}

/// Any session of a user withdraws for the user; the one that waited is told.
pub(super) async fn withdrawing_is_for_the_user(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    assert_eq!(withdraw(&kim, &pool).await, Withdrawn::NotWaiting);
    kim.seek(&pool).await;
    assert_eq!(withdraw(&kim, &pool).await, Withdrawn::Withdrawn);
    post(&[&node]).await.nothing("one's own withdrawal is no news");
    assert_eq!(withdraw(&kim, &pool).await, Withdrawn::NotWaiting);
    kim.seek(&pool).await;
    assert_eq!(withdraw(&kim.tab(), &pool).await, Withdrawn::Withdrawn);
    let mail = post(&[&node]).await;
    assert_eq!(mail.unmatched, [(kim.session, UnmatchedWhy::Replaced)]);
    assert!(kim.waiting().await.is_empty());
    lee.seek(&pool).await;
    post(&[&node]).await.nothing("nobody else waits");
}

/// Who withdraws gives up their time as well.
pub(super) async fn a_withdrawal_gives_the_time_up(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee, late) = (node.guest("kim"), node.guest("lee"), node.guest("late"));
    kim.seek(&pool).await;
    world.pass(secs(1)).await;
    lee.seek_by(lee.seeking_but(&pool, &[&kim])).await;
    world.pass(secs(1)).await;
    withdraw(&kim, &pool).await;
    kim.seek(&pool).await;
    late.seek(&pool).await;
    post(&[&node]).await.pairs(&lee, &late);
}

/// A lost connection keeps its place for a while, with its time, and is matched with nobody meanwhile.
pub(super) async fn a_lost_place_is_kept(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two, pool) = (world.node().await, world.node().await, pool("p"));
    let guests = ["kim", "lee", "max", "late"].map(|id| one.guest(id));
    let [kim, lee, max, late] = &guests;
    kim.seek(&pool).await;
    world.pass(secs(1)).await;
    lose_place(kim, std::slice::from_ref(&pool)).await;
    lee.seek_by(lee.seeking_but(&pool, &[max])).await;
    max.seek_by(max.seeking_but(&pool, &[lee])).await;
    post(&[&one, &two]).await.nothing("a lost one is matched with nobody");
    world.pass(secs(2)).await;
    let back = kim.on(&two);
    back.seek_by(back.seeking_but(&pool, &[lee, max])).await;
    post(&[&one, &two]).await.nothing("back, and they do not fit");
    late.seek(&pool).await;
    post(&[&one, &two]).await.pairs(&back, late);
}

/// Who comes back is paired at once with one who came meanwhile.
pub(super) async fn who_comes_back_is_paired_at_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.seek(&pool).await;
    lose_place(&kim, std::slice::from_ref(&pool)).await;
    lee.seek(&pool).await;
    post(&[&node]).await.nothing("lost");
    let back = kim.tab();
    back.seek(&pool).await;
    post(&[&node]).await.pairs(&back, &lee);
}

/// After that while the place is gone.
pub(super) async fn a_lost_place_is_not_kept_for_ever(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let kept = world.options.matching.place_kept;
    let (node, pool) = (world.node().await, pool("p"));
    let guests = ["kim", "lee", "late"].map(|id| node.guest(id));
    let [kim, lee, late] = &guests;
    kim.seek(&pool).await;
    lose_place(kim, std::slice::from_ref(&pool)).await;
    lee.seek_by(lee.seeking_but(&pool, &[kim])).await;
    world.pass(kept - secs(1)).await;
    assert_eq!(kim.waiting().await, std::slice::from_ref(&pool));
    world.pass(secs(2)).await;
    assert!(kim.waiting().await.is_empty());
    let back = kim.tab();
    back.seek(&pool).await;
    late.seek(&pool).await;
    post(&[&node]).await.pairs(lee, late);
}

/// Only the session that waits loses a place, and only in the pools that are named.
pub(super) async fn only_the_waiting_session_loses_its_place(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, p, q) = (world.node().await, pool("p"), pool("q"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.seek(&p).await;
    kim.seek(&q).await;
    let tab = kim.tab();
    tab.seek(&p).await;
    post(&[&node]).await;
    lose_place(&kim, &[p.clone(), pool("none")]).await;
    lee.seek(&p).await;
    post(&[&node]).await.pairs(&tab, &lee);
    let max = node.guest("max");
    max.seek(&q).await;
    post(&[&node]).await.pairs(&kim, &max);
}
