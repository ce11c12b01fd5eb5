//! The log of a room: who may write, what is written, and what is kept.

use std::sync::Arc;

use crate::body::Body;
use crate::entry::What;
use crate::limits::StoreOptions;
use crate::store::{Appended, Resumed, Say, Speaker};
use crate::testkit::build::{beginning, key, name, public, public_with, room_id, secs};
use crate::testkit::{Stand, World, numbers, told};
use crate::why::CloseWhy;

/// Entries are numbered 1, 2, 3 … without holes, whatever they are, and their times never go back.
pub(super) async fn numbers_have_no_holes(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    let opened = node.open(public("tea")).await;
    let room = opened.id;
    kim.enter(&room).await;
    kim.say(&room, "hello").await;
    lee.enter(&room).await;
    world.pass(secs(2)).await;
    node.post(&room, "welcome").await;
    let rooms = std::slice::from_ref(&room);
    node.backend.presence.rename(node.writer, &lee.user, &name("Lea"), rooms).await.unwrap();
    lee.lose(&room).await;
    world.pass(secs(6)).await;
    kim.leave(&room).await;
    node.close(&room).await;
    let log = node.log(&room).await;
    let expected = [
        "joined kim 1",
        "said kim hello",
        "joined lee 2",
        "said - welcome",
        "renamed lee Lea",
        "left lee 1 lost",
        "left kim 0 left",
        "closed admin",
    ];
    assert_eq!(told(&log), expected);
    assert_eq!(numbers(&log), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(log.iter().all(|entry| entry.epoch == opened.epoch && entry.room == room));
    assert!(log.is_sorted_by_key(|entry| entry.at), "times never go back");
    assert!(log[3].at >= log[2].at.after(secs(2)), "times are the store's");
}

/// A session writes only where it is itself: another session of the same user does not do.
pub(super) async fn an_author_is_in_the_room_by_that_very_session(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    let tab = kim.tab();
    kim.enter(&room).await;
    assert_eq!(tab.try_say(tab.saying(&room, "x")).await, Appended::NotMember);
    assert_eq!(lee.try_say(lee.saying(&room, "x")).await, Appended::NotMember);
    let author = Speaker::Session { session: kim.session, user: lee.user.clone() };
    let borrowed = Say { author, ..kim.saying(&room, "x") };
    assert_eq!(kim.try_say(borrowed).await, Appended::NotMember, "a session is one user's");
    kim.say(&room, "hello").await;
    tab.enter(&room).await;
    tab.say(&room, "it is me").await;
    kim.leave(&room).await;
    assert_eq!(kim.try_say(kim.saying(&room, "x")).await, Appended::NotMember);
    tab.lose(&room).await;
    assert_eq!(tab.try_say(tab.saying(&room, "x")).await, Appended::NotMember, "lost is not in");
    assert_eq!(
        told(&node.log(&room).await),
        ["joined kim 1", "said kim hello", "said kim it is me"]
    );
}

/// The name under an entry is the one that the user has in the room.
pub(super) async fn names_are_those_of_the_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    let mut tab = kim.tab();
    tab.name = name("Somebody");
    kim.enter(&room).await;
    tab.enter(&room).await;
    let said = tab.say(&room, "hello").await;
    assert_eq!(said.said().unwrap().name, Some(kim.name.clone()));
    assert_eq!(node.members(&room).await[0].name, kim.name);
    let rooms = std::slice::from_ref(&room);
    node.backend.presence.rename(node.writer, &kim.user, &name("Kimmy"), rooms).await.unwrap();
    assert_eq!(tab.say(&room, "again").await.said().unwrap().name, Some(name("Kimmy")));
}

/// The host speaks for users, who need not be there, and for the site itself.
pub(super) async fn the_host_speaks_without_a_session(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    let author = Speaker::User { user: kim.user.clone(), name: name("Kim K.") };
    let say = Say { author, ..kim.saying(&room, "by post") };
    let Appended::Written(entry) = kim.try_say(say).await else { panic!("refused") };
    let said = entry.said().unwrap();
    assert_eq!((&said.by, &said.name), (&Some(kim.user.clone()), &Some(name("Kim K."))));
    let entry = node.post(&room, "closing soon").await;
    let said = entry.said().unwrap();
    assert_eq!((&said.by, &said.name), (&None, &None));
    assert_eq!(told(&node.log(&room).await), ["said kim by post", "said - closing soon"]);
    assert_eq!(node.view(&room).await.live, 0, "speaking is not entering");
}

/// Bodies and keys come out as they went in.
pub(super) async fn bodies_are_kept_as_they_are(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    let kim = one.guest("kim");
    kim.enter(&room).await;
    let long = format!("\"{}\"", "각😀".repeat(2_000));
    let bodies = [r#"{"b":1,"a":[null,true,1e3]}"#, "\"\\u0000\\\"\"", "null", "  7  ", &long];
    for body in bodies {
        let said = Say { body: Body::json(body.to_owned()), ..kim.saying(&room, "") };
        let said = Say { key: Some(key(&format!("k {}", body.len()))), ..said };
        assert!(matches!(kim.try_say(said).await, Appended::Written(_)));
    }
    let log = two.log(&room).await;
    for (entry, body) in log[1..].iter().zip(bodies) {
        let said = entry.said().unwrap();
        assert_eq!(said.body.as_bytes(), body.as_bytes());
        assert_eq!(said.key, Some(key(&format!("k {}", body.len()))));
    }
}

/// What the writer is told is what everybody reads.
pub(super) async fn everybody_reads_what_was_written(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two) = (world.node().await, world.node().await);
    let room = one.open(public("tea")).await.id;
    for node in [&one, &two] {
        node.subscribe(&room).await;
    }
    let (kim, lee) = (one.guest("kim"), two.guest("lee"));
    let mut wrote = kim.enter(&room).await.wrote;
    wrote.extend(lee.enter(&room).await.wrote);
    wrote.push(kim.say(&room, "hello").await);
    wrote.push(lee.say(&room, "hi").await);
    wrote.extend(lee.leave(&room).await);
    wrote.push(one.close(&room).await);
    assert_eq!(one.log(&room).await, wrote);
    for node in [&one, &two] {
        node.sink.reaches(&room, 6).await;
        assert_eq!(node.sink.entries(&room), wrote);
    }
}

/// In a room that is not there, or has closed, nothing is said, and it is told why.
pub(super) async fn nothing_is_said_where_there_is_no_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let kim = node.guest("kim");
    let none = room_id("none");
    assert_eq!(kim.try_say(kim.saying(&none, "x")).await, Appended::Missing);
    let room = node.open(public("tea")).await.id;
    kim.enter(&room).await;
    node.close(&room).await;
    let closed = Appended::Closed { why: CloseWhy::Admin };
    assert_eq!(kim.try_say(kim.saying(&room, "x")).await, closed);
    let post = crate::testkit::build::notice(&room, "x");
    assert_eq!(kim.try_say(post).await, closed);
    assert_eq!(told(&node.log(&room).await), ["joined kim 1", "closed admin"]);
}

/// A writer that slept through a close cannot write into the next life of the room, and is told how its own ended.
pub(super) async fn a_writer_of_an_earlier_epoch_is_refused(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let first = node.open(public("tea")).await;
    let room = first.id;
    node.close(&room).await;
    let second = node.open(public("tea")).await;
    assert_ne!(first.epoch, second.epoch);
    let kim = node.guest("kim");
    kim.enter(&room).await;
    let late = Say { epoch: Some(first.epoch), ..kim.saying(&room, "late") };
    assert_eq!(kim.try_say(late).await, Appended::Closed { why: CloseWhy::Admin });
    let now = Say { epoch: Some(second.epoch), ..kim.saying(&room, "now") };
    assert!(matches!(kim.try_say(now).await, Appended::Written(_)));
    kim.say(&room, "whichever").await;
    let log = node.log(&room).await;
    assert_eq!(told(&log), ["joined kim 1", "said kim now", "said kim whichever"]);
}

/// Of what was said the newest are kept, as many as the policy says; numbers go on.
pub(super) async fn the_newest_said_are_kept(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.history = 3)).await.id;
    for n in 1..=10 {
        assert_eq!(node.post(&room, &format!("{n}")).await.n, n);
    }
    let history = node.history(&room, 50).await;
    assert_eq!(told(&history.entries), ["said - 8", "said - 9", "said - 10"]);
    assert_eq!(numbers(&history.entries), [8, 9, 10]);
    assert_eq!((history.first, history.more), (8, false));
}

/// However many come and go, what was said stays.
pub(super) async fn notices_never_push_out_the_talk(stand: &dyn Stand) {
    let options = StoreOptions { notices: 8, ..StoreOptions::default() };
    let world = World::with(stand, options).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.history = 4)).await.id;
    for text in ["a", "b", "c", "d"] {
        node.post(&room, text).await;
    }
    for n in 0..30 {
        let guest = node.guest(&format!("g{n}"));
        guest.enter(&room).await;
        guest.leave(&room).await;
    }
    let history = node.history(&room, 50).await;
    let said = history.entries.iter().filter(|entry| entry.said().is_some());
    assert_eq!(said.map(|entry| entry.n).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let notices: Vec<u64> = numbers(&history.entries).into_iter().filter(|n| *n > 4).collect();
    assert_eq!(notices, (57..=64).collect::<Vec<_>>(), "of the notices the newest are kept");
    assert_eq!(history.first, 1);
}

/// However much is said, the notices that are kept stay.
pub(super) async fn talk_never_pushes_out_the_notices(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.history = 2)).await.id;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.enter(&room).await;
    for text in ["a", "b", "c"] {
        kim.say(&room, text).await;
    }
    lee.enter(&room).await;
    kim.say(&room, "d").await;
    let history = node.history(&room, 50).await;
    assert_eq!(told(&history.entries), ["said kim c", "joined lee 2", "said kim d"]);
    assert_eq!(numbers(&history.entries), [4, 5, 6]);
}

/// A room may keep nothing of what is said: it is numbered and delivered all the same.
pub(super) async fn a_room_may_keep_nothing(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public_with("tea", |policy| policy.history = 0)).await.id;
    node.subscribe(&room).await;
    let (one, two) = (node.post(&room, "one").await, node.post(&room, "two").await);
    assert_eq!((one.n, two.n), (1, 2));
    node.sink.reaches(&room, 2).await;
    assert_eq!(told(&node.sink.entries(&room)), ["said - one", "said - two"]);
    let history = node.history(&room, 50).await;
    assert!(history.entries.is_empty());
    assert_eq!(history.first, 3, "the number that comes next");
    let resumed = node.backend.rooms.resume(&room, one.cursor(), 10).await.unwrap();
    assert!(matches!(resumed, Resumed::Lost { .. }), "{resumed:?}");
    let resumed = node.backend.rooms.resume(&room, two.cursor(), 10).await.unwrap();
    assert_eq!(resumed, Resumed::Entries { entries: vec![], head: two.cursor() });
    let resumed = node.backend.rooms.resume(&room, beginning(one.epoch), 10).await.unwrap();
    assert!(matches!(resumed, Resumed::Lost { .. }), "{resumed:?}");
}

/// The newest thing said is seen with the room, also where the log keeps none.
pub(super) async fn the_newest_said_is_seen_with_the_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    for history in [0, 1, 50] {
        let id = format!("tea{history}");
        let room = node.open(public_with(&id, |policy| policy.history = history)).await.id;
        let kim = node.guest("kim");
        kim.enter(&room).await;
        assert_eq!(node.view(&room).await.last, None, "a notice is not said");
        for text in ["one", "two"] {
            let said = kim.say(&room, text).await;
            assert_eq!(node.view(&room).await.last, Some(Arc::clone(&said)));
        }
        let last = node.view(&room).await.last;
        kim.leave(&room).await;
        assert_eq!(node.view(&room).await.last, last);
    }
}

/// What a sink was told can be read from the log: nothing is made known before it is stored.
pub(super) async fn what_is_told_can_be_read(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (writer, reader) = (world.node().await, world.node().await);
    let opened = writer.open(public("tea")).await;
    let room = opened.id;
    reader.subscribe(&room).await;
    let talk = async {
        for n in 0..20 {
            writer.post(&room, &format!("{n}")).await;
        }
    };
    let listen = async {
        let mut seen = 0;
        for _ in 0..10_000 {
            let newest = reader.sink.newest(&room);
            if newest > seen {
                let log = reader.log(&room).await;
                let known = log.last().map_or(0, |entry| entry.n);
                assert!(known >= newest, "entry {newest} was told, {known} can be read");
                seen = newest;
            }
            if seen >= 20 {
                return;
            }
            tokio::task::yield_now().await;
        }
        reader.sink.reaches(&room, 20).await;
    };
    futures_util::future::join(listen, talk).await;
}

/// A name that was never said to the store is not made up: every `say` is by whom it says.
pub(super) async fn an_entry_says_who_wrote_it(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    for id in ["kim", "lee", "max"] {
        let guest = node.guest(id);
        guest.enter(&room).await;
        let entry = guest.say(&room, id).await;
        let What::Said(said) = &entry.what else { panic!("not said") };
        assert_eq!(said.by, Some(guest.user));
        assert_eq!(said.name, Some(guest.name));
        assert_eq!(said.key, None, "no key is made up");
    }
}
