//! A `say` with a key is written once, for five to ten minutes.

use crate::limits::StoreOptions;
use crate::store::{Appended, Say, Speaker};
use crate::testkit::build::{closing, key, name, notice, public, public_with, secs};
use crate::testkit::{Guest, Stand, World, told};
use crate::why::CloseWhy;

/// The number under which it was written; a duplicate is told that number.
async fn say(guest: &Guest, say: Say) -> (u64, bool) {
    match guest.try_say(say).await {
        Appended::Written(entry) => (entry.n, false),
        Appended::Duplicate { n, .. } => (n, true),
        other => panic!("{other:?}"),
    }
}

/// The same key again writes nothing, and is told what was written, by whichever session of the user.
pub(super) async fn a_repeated_key_is_written_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let kim = one.guest("kim");
    let tab = kim.on(&two);
    kim.enter(&room).await;
    tab.enter(&room).await;
    let Appended::Written(entry) = kim.try_say(kim.saying_once(&room, "a", &key("k"))).await else {
        panic!("refused")
    };
    kim.say(&room, "b").await;
    world.jump(secs(1)).await;
    for again in [&kim, &tab] {
        let appended = again.try_say(again.saying_once(&room, "other", &key("k"))).await;
        let known = Appended::Duplicate { epoch: entry.epoch, n: entry.n, at: entry.at };
        assert_eq!(appended, known);
    }
    assert_eq!(told(&one.log(&room).await), ["joined kim 1", "said kim a", "said kim b"]);
}

/// The same key of another user, or in another room, or none, is another thing.
pub(super) async fn keys_are_by_user_and_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let (tea, rum) = (node.open(public("tea")).await.id, node.open(public("rum")).await.id);
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    for guest in [&kim, &lee] {
        for room in [&tea, &rum] {
            guest.enter(room).await;
        }
    }
    for guest in [&kim, &lee] {
        for room in [&tea, &rum] {
            assert!(!say(guest, guest.saying_once(room, "a", &key("k"))).await.1);
            assert!(!say(guest, guest.saying(room, "a")).await.1);
            assert!(!say(guest, guest.saying(room, "a")).await.1);
            assert!(say(guest, guest.saying_once(room, "a", &key("k"))).await.1);
        }
    }
}

/// The site's own keys, and those of users for whom the host speaks, are remembered likewise.
pub(super) async fn the_hosts_keys_are_remembered_too(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    let site = || Say { key: Some(key("k")), ..notice(&room, "a") };
    let author = || Speaker::User { user: kim.user.clone(), name: name("Kim") };
    let user = || Say { author: author(), ..site() };
    let (of_site, dup) = say(&kim, site()).await;
    assert!(!dup);
    let (of_user, dup) = say(&kim, user()).await;
    assert!(!dup, "a user's key is not the site's");
    assert_eq!(say(&kim, site()).await, (of_site, true));
    assert_eq!(say(&kim, user()).await, (of_user, true));
    let session = say(&kim, kim.saying_once(&room, "a", &key("k"))).await;
    assert_eq!(session, (of_user, true), "the same user, however they speak");
}

/// A key is remembered also where what it stands for was trimmed from the log.
pub(super) async fn a_key_outlives_trimming(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.history = 2)).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    let (n, dup) = say(&kim, kim.saying_once(&room, "a", &key("k"))).await;
    assert!(!dup);
    for text in ["b", "c", "d", "e"] {
        kim.say(&room, text).await;
    }
    assert!(node.history(&room, 50).await.first > n, "it was trimmed");
    assert_eq!(say(&kim, kim.saying_once(&room, "a", &key("k"))).await, (n, true));
}

/// A key is remembered for as long as is promised, whenever within a turn it was used.
pub(super) async fn a_key_is_remembered_for_five_minutes(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let kept = world.options.keys_kept;
    let node = world.node().await;
    let kim = node.guest("kim");
    for (i, early) in [0, 1, 150, 290, 299].into_iter().enumerate() {
        let room = node.open(public(&format!("tea{i}"))).await.id;
        kim.enter(&room).await;
        say(&kim, kim.saying_once(&room, "first", &key("first"))).await;
        world.pass(secs(early)).await;
        let (n, dup) = say(&kim, kim.saying_once(&room, "a", &key("k"))).await;
        assert!(!dup);
        for step in 0..5 {
            world.pass(kept / 5 - secs(1)).await;
            say(&kim, kim.saying_once(&room, "other", &key(&format!("other {step}")))).await;
            let again = say(&kim, kim.saying_once(&room, "a", &key("k"))).await;
            assert_eq!(again, (n, true), "used {early} s into a turn");
        }
    }
}

/// After twice that time it is forgotten, whether or not anything was said meanwhile.
pub(super) async fn a_key_is_forgotten_after_ten_minutes(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let kept = world.options.keys_kept;
    let node = world.node().await;
    let kim = node.guest("kim");
    for (id, talk) in [("quiet", false), ("busy", true)] {
        let room = node.open(public(id)).await.id;
        kim.enter(&room).await;
        assert!(!say(&kim, kim.saying_once(&room, "a", &key("k"))).await.1);
        for step in 0..8 {
            if talk {
                say(&kim, kim.saying_once(&room, "b", &key(&format!("{step}")))).await;
            }
            world.pass(kept / 4).await;
        }
        world.pass(secs(2)).await;
        assert!(!say(&kim, kim.saying_once(&room, "a", &key("k"))).await.1, "{id}");
    }
}

/// Keys are bounded: under a flood the older ones are forgotten early, the newest never.
pub(super) async fn under_a_flood_the_newest_keys_stay(stand: &dyn Stand) {
    let options = StoreOptions { keys: 16, ..StoreOptions::default() };
    let world = World::with(stand, options).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    let mut said = Vec::new();
    for n in 0..100 {
        let key = key(&format!("{n}"));
        said.push((key.clone(), say(&kim, kim.saying_once(&room, "a", &key)).await.0));
    }
    for (key, n) in &said[92..] {
        assert_eq!(say(&kim, kim.saying_once(&room, "a", key)).await, (*n, true), "{key}");
    }
}

/// A key does not get anybody in: who may not write is told so.
pub(super) async fn a_key_opens_nothing(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    let outside = kim.try_say(kim.saying_once(&room, "a", &key("k"))).await;
    assert_eq!(outside, Appended::NotMember);
    kim.enter(&room).await;
    assert!(!say(&kim, kim.saying_once(&room, "a", &key("k"))).await.1, "a refusal uses no key up");
    let close = closing(&room, CloseWhy::Owner);
    node.backend.rooms.close(node.writer, close).await.unwrap();
    let fresh = kim.try_say(kim.saying_once(&room, "a", &key("other"))).await;
    assert_eq!(fresh, Appended::Closed { why: CloseWhy::Owner });
}
