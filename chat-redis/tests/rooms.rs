//! What rooms on Redis promise beyond the suite, because of how they are kept.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code, in real time")]

mod support;

use std::sync::Arc;

use chat_core::store::{Appended, Due, Entered};
use chat_core::testkit::Node;
use chat_core::testkit::build::{key, name, notice, public, public_with, room_id};
use chat_core::{NodeId, Order, Page, RoomPolicy, StoreError};
use chat_redis::Settings;
use chat_testing::Server;

/// A node on a store of one shard, so that all rooms share what a shard has.
async fn node(server: &Server) -> Arc<Node> {
    let settings = Settings::from_url(&format!("{}?shards=1", server.url())).unwrap();
    Node::attach(settings.connect().await.unwrap(), NodeId(1)).await
}

#[tokio::test]
async fn what_is_asked_for_again_is_the_entry_as_it_was_written() {
    let server = Server::start();
    let node = node(&server).await;
    let room = node.open(public("film")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    for say in [kim.saying(&room, "one"), kim.saying_once(&room, "two", &key("k"))] {
        let Appended::Written(written) = kim.try_say(say.clone()).await else { panic!("not said") };
        let rooms = [room.clone()];
        let called = name(&format!("after {}", written.n));
        node.backend.presence.rename(node.writer, &kim.user, &called, &rooms).await.unwrap();
        assert_eq!(kim.try_say(say.clone()).await, Appended::Written(written));
    }
}

/// Beyond 128 rooms Redis keeps scores as they were given, and a room that was left has -0.
#[tokio::test]
async fn a_room_that_was_left_is_no_further_up_than_one_that_was_never_entered() {
    let server = Server::start();
    let node = node(&server).await;
    for n in 0..150 {
        node.open(public(&format!("r{n}"))).await;
    }
    let kim = node.guest("kim");
    let last = room_id("r149");
    kim.enter(&last).await;
    kim.leave(&last).await;
    let mut pages = Vec::new();
    for offset in (0..150).step_by(50) {
        let page = Page { offset, limit: 50 };
        let page = node.backend.ranking.page(Order::Live, page).await.unwrap();
        pages.extend(page.rooms);
    }
    assert_eq!(pages.last().map(|room| &room.id), Some(&last), "it is the youngest");
    assert!(pages.is_sorted_by_key(|room| (room.created, room.id.clone())));
}

/// Of very many who were in a room that ends the places are cleared in several steps, and nobody sees anything of that.
#[tokio::test]
async fn a_room_that_ended_under_very_many_leaves_nothing_of_them() {
    let server = Server::start();
    let node = node(&server).await;
    let crowd: Vec<_> = (0..1_200).map(|n| node.guest(&format!("g{n}"))).collect();
    let places = async || {
        let mut left = Vec::new();
        for key in server.keys("chat:*").await {
            let kind = key.split(':').nth(2).unwrap_or_default();
            let is_row = match kind {
                "index" | "users" => server.ask::<i64>(&["ZCARD", &key]).await,
                "m" | "s" => 1,
                _ => 0,
            };
            left.extend((is_row > 0).then(|| kind.to_owned()));
        }
        left.sort_unstable();
        left
    };
    let large = |policy: &mut RoomPolicy| policy.capacity = 2_000;
    let (room, kim) = (room_id("film"), node.guest("kim"));
    for again in [false, true] {
        node.open(public_with("film", large)).await;
        for some in crowd.chunks(50) {
            futures_util::future::join_all(some.iter().map(|guest| guest.enter(&room))).await;
        }
        node.close(&room).await;
        assert_eq!(places().await, ["index", "m", "s", "users"], "some are left for later");
        if again {
            // A new life begins with nobody, without waiting for that.
            node.open(public_with("film", large)).await;
            assert_eq!(places().await, Vec::<String>::new());
            assert_eq!(kim.enter(&room).await.snapshot.members.len(), 1);
        } else {
            let left = kim.try_enter(kim.entering(&room)).await;
            assert!(matches!(left, Entered::Closed { .. }), "{left:?}");
            let expiry = &node.backend.expiry;
            while expiry.reap(node.writer, &Due::Room(room.clone())).await.unwrap().more {}
            assert_eq!(places().await, Vec::<String>::new());
            assert!(!node.is_open(&room).await);
        }
    }
}

#[tokio::test]
async fn a_key_of_another_type_makes_no_hole_in_a_log() {
    let server = Server::start();
    let node = node(&server).await;
    let room = node.open(public("film")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    kim.say(&room, "before").await;
    for kind in [
        "r", "s", "l", "n", "m", "k0", "book", "active", "live", "visited", "newest", "due",
        "index", "users",
    ] {
        let of_room = format!(":{kind}:film");
        let of_shard = format!(":{kind}");
        let keys = server.keys("chat:*").await;
        let found = keys.iter().find(|key| key.ends_with(&of_room) || key.ends_with(&of_shard));
        let found = found.unwrap_or_else(|| panic!("no {kind} among {keys:?}"));
        let _: () = server.ask(&["RENAME", found, "kept"]).await;
        let _: () = server.ask(&["SET", found, "something else"]).await;
        let lasting = |error: StoreError| match error {
            StoreError::Failed { retryable, .. } => assert!(!retryable, "{kind}"),
            other => panic!("{kind}: {other:?}"),
        };
        let rooms = &node.backend.rooms;
        let said = rooms.append(node.writer, kim.saying(&room, "during")).await;
        let posted = rooms.append(node.writer, notice(&room, "during")).await;
        assert_eq!(
            said.is_err(),
            ["r", "s", "l", "k0", "book", "active"].contains(&kind),
            "{kind}"
        );
        said.err().into_iter().chain(posted.err()).for_each(lasting);
        let lee = node.guest("lee");
        let came = node.backend.presence.enter(node.writer, lee.entering(&room)).await;
        came.err().into_iter().for_each(lasting);
        let _: () = server.ask(&["RENAME", "kept", found]).await;
        // Who may be half inside goes, and comes again.
        let _ = lee.try_leave(&room).await;
        let again = lee.try_enter(lee.entering(&room)).await;
        assert!(matches!(again, Entered::In(_)), "{kind}: {again:?}");
        let _ = lee.try_leave(&room).await;
        kim.say(&room, "after").await;
        let (log, head) =
            (node.log(&room).await, rooms.heads(std::slice::from_ref(&room)).await.unwrap());
        assert!((1..).zip(&log).all(|(n, entry)| entry.n == n), "{kind}");
        assert_eq!(head[0].unwrap().n, log.len() as u64, "{kind}");
    }
}
