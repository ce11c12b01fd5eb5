//! Somebody else has been at our keys.

use std::time::Duration;

use chat_core::{Engine, Error, HistoryPage, Order, Page, Seek};
use chat_testing::{Server, until};

use super::id;
use super::support::guest::{Guest, assert_whole};
use super::support::program::{engine, spec};

/// A store of one shard, so that all rooms share what a shard has.
async fn store() -> (Server, Engine) {
    let server = Server::start();
    let engine = engine(&format!("{}?shards=1", server.url()), Duration::from_secs(5)).await;
    (server, engine)
}

/// The key of this kind, of a room or of the shard.
async fn key(server: &Server, kind: &str, room: &str) -> String {
    let end = if room.is_empty() { format!(":{kind}") } else { format!(":{kind}:{room}") };
    let keys = server.keys("chat:*").await;
    let found = keys.iter().find(|key| key.ends_with(&end));
    found.unwrap_or_else(|| panic!("no {end} among {keys:?}")).clone()
}

fn assert_clear<T: std::fmt::Debug>(what: &str, answer: Result<T, Error>) {
    match answer {
        Err(Error::Store { retryable: false, source, .. }) => {
            assert!(!source.to_string().is_empty(), "{what}");
        }
        other => panic!("{what}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_another_type_is_an_error_of_its_room_alone() {
    let (server, engine) = store().await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    kim.session.join_or_open(spec("tea")).await.unwrap();
    kim.session.say(&id("film"), "one").await.unwrap();
    let lee = Guest::on(&engine, "lee").await;
    for kind in ["r", "s", "l", "n", "m"] {
        let key = key(&server, kind, "film").await;
        let kept = format!("kept-{kind}");
        let _: () = server.ask(&["RENAME", &key, &kept]).await;
        let _: () = server.ask(&["SET", &key, "something else"]).await;
        if kind != "n" && kind != "m" {
            assert_clear(kind, kim.session.say(&id("film"), "two").await);
        }
        if kind != "l" {
            assert_clear(kind, lee.session.join(&id("film")).await);
        }
        // Elsewhere nobody notices.
        kim.session.say(&id("tea"), "fine").await.unwrap();
        let _: () = server.ask(&["RENAME", &kept, &key]).await;
        let again = kim.session.say(&id("film"), format!("again-{kind}").as_str()).await;
        assert!(again.is_ok(), "{kind}: {again:?}");
        let join = async || lee.session.join(&id("film")).await.is_ok();
        until("lee may join again", join).await;
        let _ = lee.session.leave(&id("film")).await;
    }
    // Not a hole in it, whatever was refused.
    let all = engine.history(&id("film"), HistoryPage::Newest { limit: 200 }).await.unwrap();
    assert_whole(&all.entries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_another_type_makes_no_hole_in_a_log() {
    let (server, engine) = store().await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    for kind in ["active", "live", "visited", "index", "users", "due"] {
        kim.session.say(&id("film"), "before").await.unwrap();
        let key = key(&server, kind, "").await;
        let _: () = server.ask(&["RENAME", &key, "kept"]).await;
        let _: () = server.ask(&["SET", &key, "something else"]).await;
        // Refused or not, what is in the log is in it, under the next number.
        let said = kim.session.say(&id("film"), format!("during-{kind}").as_str()).await;
        if let Err(error) = &said {
            assert_eq!(error.code(), "internal", "{kind}: {error:?}");
        }
        let _: () = server.ask(&["RENAME", "kept", &key]).await;
        kim.session.say(&id("film"), "after").await.unwrap();
        let all = engine.history(&id("film"), HistoryPage::Newest { limit: 200 }).await.unwrap();
        assert_whole(&all.entries);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pools_key_of_another_type_is_an_error_of_its_pool_alone() {
    let (server, engine) = store().await;
    let kim = Guest::on(&engine, "kim").await;
    let lee = Guest::on(&engine, "lee").await;
    let rum = Seek::new("one").with_tags(["rum"]).strict();
    kim.session.seek("one", &["tea"]).await.unwrap();
    for kind in ["p", "pt", "pq", "pd"] {
        let key = key(&server, kind, "one").await;
        let _: () = server.ask(&["RENAME", &key, "kept"]).await;
        let _: () = server.ask(&["SET", &key, "something else"]).await;
        assert_clear(kind, lee.session.seek_with(&rum).await);
        // Elsewhere nobody notices.
        lee.session.seek("two", &["rum"]).await.unwrap();
        lee.session.cancel_seek("two").await.unwrap();
        let _: () = server.ask(&["RENAME", "kept", &key]).await;
        lee.session.seek_with(&rum).await.unwrap();
        lee.session.cancel_seek("one").await.unwrap();
    }
    // Whoever waited has waited all the time.
    lee.session.seek("one", &["tea"]).await.unwrap();
    for guest in [&kim, &lee] {
        guest.hears(&["matched one~"]).await;
        assert_eq!(guest.count(&["unmatched"]), 0, "{:?}", guest.lines());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cut_short_is_an_error_of_its_room_alone() {
    let (server, engine) = store().await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    kim.session.join_or_open(spec("tea")).await.unwrap();
    kim.session.say(&id("film"), "one").await.unwrap();
    let lee = Guest::on(&engine, "lee").await;
    let record = key(&server, "r", "film").await;
    for (field, short) in [
        ("p", "100 0"),
        ("p", ""),
        ("p", "zz public x 1000 0 0 10000 0 0 0"),
        ("n", "many"),
        ("n", ""),
        ("a", ""),
    ] {
        let kept: String = server.ask(&["HGET", &record, field]).await;
        let _: () = server.ask(&["HSET", &record, field, short]).await;
        assert_clear(field, engine.room(&id("film")).await);
        assert!(lee.session.join(&id("film")).await.is_err(), "{field}");
        kim.session.say(&id("tea"), "fine").await.unwrap();
        let _: () = server.ask(&["HSET", &record, field, &kept]).await;
        engine.room(&id("film")).await.unwrap();
        until("lee may join again", async || lee.session.join(&id("film")).await.is_ok()).await;
        lee.session.leave(&id("film")).await.unwrap();
    }
    let all = engine.history(&id("film"), HistoryPage::Newest { limit: 200 }).await.unwrap();
    assert_whole(&all.entries);
    // An entry that cannot be read is an error, not a hole.
    let said = key(&server, "l", "film").await;
    let _: String = server.ask(&["XADD", &said, "900000-0", "e", "s12"]).await;
    assert_clear("history", engine.history(&id("film"), HistoryPage::Newest { limit: 10 }).await);
    kim.session.say(&id("tea"), "still fine").await.unwrap();
    // The list shows the other room.
    let page = engine.rooms(Order::Newest, Page::first(10)).await;
    assert!(page.is_ok_and(|page| page.rooms.iter().any(|room| room.id == id("tea"))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_others_under_our_prefix_are_left_alone() {
    let (server, engine) = store().await;
    let tag = key(&server, "book", "").await.replace("book", "");
    for (name, value) in
        [("chat:theirs", "1"), (&format!("{tag}r:nobody:else"), "2"), (&format!("{tag}zz"), "3")]
    {
        let _: () = server.ask(&["SET", name, value]).await;
    }
    let kim = Guest::in_room(&engine, "kim", "film").await;
    kim.session.say(&id("film"), "hello").await.unwrap();
    // Names in the lists and among what is due that nothing stands behind.
    let due = key(&server, "due", "").await;
    let live = key(&server, "live", "").await;
    for name in ["rghost", "x", "", "n123", "pghost"] {
        let _: () = server.ask(&["ZADD", &due, "1", name]).await;
    }
    let _: () = server.ask(&["ZADD", &live, "-99", "1:ghost"]).await;
    // They are in nobody's way, and gone soon.
    until("what is due goes on being done", async || {
        let left: Vec<String> = server.ask(&["ZRANGE", &due, "0", "1", "BYSCORE"]).await;
        left.is_empty()
    })
    .await;
    kim.session.leave(&id("film")).await.unwrap();
    kim.session.join(&id("film")).await.unwrap();
    drop(kim);
    until("a lost one goes", async || engine.room(&id("film")).await.unwrap().live == 0).await;
    assert_eq!(server.ask::<String>(&["GET", "chat:theirs"]).await, "1");
    assert_eq!(server.ask::<String>(&["GET", &format!("{tag}zz")]).await, "3");
    assert_eq!(server.ask::<String>(&["GET", &format!("{tag}r:nobody:else")]).await, "2");
}
