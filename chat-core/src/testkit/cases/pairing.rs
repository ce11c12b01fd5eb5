//! Who is paired with whom, and when.

use super::matches::post;
use crate::store::{Request, Submitted};
use crate::testkit::build::{pool, secs, tags};
use crate::testkit::{Stand, World};

/// Two who fit are proposed to one another in the step in which the second comes.
pub(super) async fn two_who_fit_are_paired_at_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two, pool) = (world.node().await, world.node().await, pool("p"));
    let (kim, lee) = (one.guest("kim"), two.guest("lee"));
    kim.seek(&pool).await;
    post(&[&one, &two]).await.nothing("one alone");
    assert_eq!(kim.waiting().await, std::slice::from_ref(&pool));
    lee.seek(&pool).await;
    let (to_kim, _) = post(&[&one, &two]).await.pairs(&kim, &lee);
    assert_eq!(to_kim.pool, pool);
    assert_eq!(to_kim.room.pool(), Some(pool), "the room names its pool");
    for node in [&one, &two] {
        node.sink.until("mail", |sink| sink.mails() > 0).await;
    }
}

/// Who waits in different pools does not meet.
pub(super) async fn pools_do_not_mix(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, p, q) = (world.node().await, pool("p"), pool("q"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.seek(&p).await;
    lee.seek(&q).await;
    post(&[&node]).await.nothing("two pools");
    kim.seek(&q).await;
    post(&[&node]).await.pairs(&kim, &lee);
}

/// A user may wait in several pools; they are told in order.
pub(super) async fn one_may_wait_in_several_pools(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let kim = node.guest("kim");
    assert!(kim.waiting().await.is_empty());
    for name in ["q", "a", "p"] {
        kim.seek(&pool(name)).await;
    }
    assert_eq!(kim.waiting().await, ["a", "p", "q"].map(pool));
    let (by, session) = (node.writer, kim.session);
    node.backend.matching.withdraw(by, &pool("p"), &kim.user, session).await.unwrap();
    assert_eq!(kim.waiting().await, ["a", "q"].map(pool));
}

/// Of those who fit, whoever has waited longest comes first.
pub(super) async fn who_waited_longest_comes_first(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let waiting = ["a", "b", "c", "d"].map(|id| node.guest(id));
    let all: Vec<_> = waiting.iter().collect();
    for guest in &waiting {
        guest.seek_by(guest.seeking_but(&pool, &all)).await;
        world.pass(secs(1)).await;
    }
    post(&[&node]).await.nothing("they have blocked one another");
    for (n, guest) in waiting.iter().enumerate() {
        let late = node.guest(&format!("late{n}"));
        late.seek(&pool).await;
        post(&[&node]).await.pairs(guest, &late);
    }
}

/// Also among those who came at the same moment the first comes first.
pub(super) async fn who_came_first_comes_first(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let waiting: Vec<_> = (0..40).map(|n| node.guest(&format!("g{}", 97 * n % 40))).collect();
    let all: Vec<_> = waiting.iter().collect();
    for guest in &waiting {
        guest.seek_by(guest.seeking_but(&pool, &all)).await;
    }
    for (n, guest) in waiting.iter().enumerate() {
        let late = node.guest(&format!("late{n}"));
        late.seek(&pool).await;
        post(&[&node]).await.pairs(guest, &late);
    }
}

/// A shared tag pairs at once, and before anybody without one, however long that one has waited.
pub(super) async fn shared_tags_come_first(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (any, music, both) = (node.guest("any"), node.guest("music"), node.guest("both"));
    any.seek(&pool).await;
    world.pass(secs(1)).await;
    music.seek_by(music.seeking_tags(&pool, tags("music film"))).await;
    post(&[&node]).await.nothing("who has tags waits for them");
    world.pass(secs(1)).await;
    both.seek_by(both.seeking_tags(&pool, tags("film music sport"))).await;
    post(&[&node]).await.pairs(&music, &both);
}

/// Both are told which tags they share.
pub(super) async fn shared_tags_are_told(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.seek_by(kim.seeking_tags(&pool, tags("a b c d"))).await;
    lee.seek_by(lee.seeking_tags(&pool, tags("x d b y"))).await;
    let mail = post(&[&node]).await;
    for guest in [&kim, &lee] {
        super::matches::confirm(guest, &mail.to(guest)).await;
    }
    let told = post(&[&node]).await.matched;
    assert_eq!(told.len(), 2);
    for (_, _, mut shared) in told {
        shared.sort();
        assert_eq!(shared, tags("b d"));
    }
}

/// Who has tags takes others after three seconds; until both have waited so long, they wait.
pub(super) async fn tickets_with_tags_widen(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let widen = world.options.matching.widen;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.seek_by(kim.seeking_tags(&pool, tags("music"))).await;
    world.pass(secs(2)).await;
    lee.seek_by(lee.seeking_tags(&pool, tags("sport"))).await;
    world.pass(widen - secs(1)).await;
    post(&[&node]).await.nothing("only one of them has widened");
    world.pass(secs(1)).await;
    post(&[&node]).await.pairs(&kim, &lee);
}

/// Who has none takes anybody who would take them: also one with tags, once that one has widened.
pub(super) async fn who_has_no_tags_waits_for_the_other_to_widen(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let widen = world.options.matching.widen;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.seek_by(kim.seeking_tags(&pool, tags("music"))).await;
    lee.seek(&pool).await;
    world.pass(widen - secs(1)).await;
    post(&[&node]).await.nothing("the other still waits for a tag");
    world.pass(secs(1)).await;
    post(&[&node]).await.pairs(&kim, &lee);
}

/// Strict is for ever, and binds if either side asks for it.
pub(super) async fn strict_never_widens(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee, max) = (node.guest("kim"), node.guest("lee"), node.guest("max"));
    let strict = Request { strict: true, ..kim.seeking_tags(&pool, tags("music")) };
    kim.seek_by(strict).await;
    lee.seek_by(lee.seeking_but(&pool, &[&max])).await;
    world.pass(secs(120)).await;
    post(&[&node]).await.nothing("one of them is strict");
    max.seek_by(max.seeking_tags(&pool, tags("sport music"))).await;
    post(&[&node]).await.pairs(&kim, &max);
    assert_eq!(lee.waiting().await, [pool]);
}

/// Two strict ones with a shared tag are paired at once.
pub(super) async fn strict_pairs_by_tags(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    for guest in [&kim, &lee] {
        let request = guest.seeking_tags(&pool, tags("music"));
        guest.seek_by(Request { strict: true, ..request }).await;
    }
    post(&[&node]).await.pairs(&kim, &lee);
}

/// When several widen, the oldest of those who fit is taken.
pub(super) async fn who_widens_takes_the_oldest(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let (a, b, late) = (node.guest("a"), node.guest("b"), node.guest("late"));
    a.seek_by(a.seeking_but(&pool, &[&b])).await;
    world.pass(secs(1)).await;
    b.seek_by(b.seeking_but(&pool, &[&a])).await;
    world.pass(secs(1)).await;
    late.seek_by(late.seeking_tags(&pool, tags("music"))).await;
    post(&[&node]).await.nothing("not widened yet");
    world.pass(world.options.matching.widen).await;
    post(&[&node]).await.pairs(&a, &late);
}

/// A scan that has met too many misfits goes on from there: whoever fits is found in the end.
pub(super) async fn a_long_scan_is_taken_up_again(stand: &dyn Stand) {
    let mut options = crate::limits::StoreOptions::default();
    options.matching.scan = 4;
    let world = World::with(stand, options).await;
    let (node, pool) = (world.node().await, pool("p"));
    let late = node.guest("late");
    let misfits: Vec<_> = (0..30).map(|n| node.guest(&format!("m{n}"))).collect();
    let mut everybody: Vec<_> = misfits.iter().collect();
    everybody.push(&late);
    for misfit in &misfits {
        misfit.seek_by(misfit.seeking_but(&pool, &everybody)).await;
    }
    let fits = node.guest("fits");
    fits.seek_by(fits.seeking_but(&pool, &misfits.iter().collect::<Vec<_>>())).await;
    world.sweep().await;
    post(&[&node]).await.nothing("they do not fit");
    late.seek(&pool).await;
    world.sweep().await;
    post(&[&node]).await.pairs(&fits, &late);
}

/// Many who come one after another are all paired, each once, in the order of their coming.
pub(super) async fn many_are_paired_in_order(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two, pool) = (world.node().await, world.node().await, pool("p"));
    for n in 0..25 {
        let (kim, lee) = (one.guest(&format!("k{n}")), two.guest(&format!("l{n}")));
        assert_eq!(kim.try_seek(kim.seeking(&pool)).await, Submitted::Waiting);
        assert_eq!(lee.try_seek(lee.seeking(&pool)).await, Submitted::Waiting);
        post(&[&one, &two]).await.pairs(&kim, &lee);
    }
}

/// There are no more pools, and no more users waiting in one, than the options allow.
pub(super) async fn pools_are_bounded(stand: &dyn Stand) {
    use crate::error::{Bound, StoreError};
    let mut options = crate::limits::StoreOptions { pools: 2, ..Default::default() };
    options.matching.waiting = 2;
    let world = World::with(stand, options).await;
    let node = world.node().await;
    let guests = ["a", "b", "c"].map(|id| node.guest(id));
    let all: Vec<_> = guests.iter().collect();
    let [a, b, c] = &guests;
    a.seek_by(a.seeking_but(&pool("p"), &all)).await;
    b.seek_by(b.seeking_but(&pool("p"), &all)).await;
    let (matching, by) = (&node.backend.matching, node.writer);
    let refused = matching.submit(by, c.seeking_but(&pool("p"), &all)).await;
    let full = |e: &StoreError| matches!(e, StoreError::TooMany { bound: Bound::Waiting, max: 2 });
    assert!(refused.as_ref().is_err_and(full), "{refused:?}");
    assert!(c.waiting().await.is_empty());
    a.seek_by(a.seeking_but(&pool("p"), &all)).await;
    c.seek(&pool("q")).await;
    let refused = matching.submit(by, c.seeking(&pool("r"))).await;
    let full = |e: &StoreError| matches!(e, StoreError::TooMany { bound: Bound::Pools, max: 2 });
    assert!(refused.as_ref().is_err_and(full), "{refused:?}");
    let session = c.session;
    matching.withdraw(by, &pool("q"), &c.user, session).await.unwrap();
    c.seek(&pool("r")).await;
}
