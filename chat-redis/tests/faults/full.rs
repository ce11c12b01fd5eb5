//! A Redis that takes no more, or nothing at all.

use std::time::Duration;

use chat_core::Error;
use chat_redis::Settings;
use chat_testing::{Server, until};

use super::support::guest::{Guest, assert_whole};
use super::support::program::{self, spec};
use super::{id, own, reasons};

const LEASE: Duration = Duration::from_secs(2);

/// What Redis says, in an error of the store.
fn said(error: &Error) -> String {
    match error {
        Error::Store { source, .. } => source.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_says_so_and_can_still_get_empty() {
    let server = Server::with("maxmemory-policy noeviction");
    let url = own(&server.url());
    let engine = program::engine(&url, LEASE).await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    let lee = Guest::in_room(&engine, "lee", "film").await;
    let ann = Guest::on(&engine, "ann").await;
    ann.session.seek("strangers", &[]).await.unwrap();
    engine.open(spec("tea")).await.unwrap();
    kim.session.say(&id("film"), "before").await.unwrap();
    let _: () = server.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;

    let refused = kim.session.say(&id("film"), "too much").await.unwrap_err();
    assert_eq!(refused.code(), "unavailable", "{refused:?}");
    assert!(
        refused.retry_after().is_some() && said(&refused).contains("OOM"),
        "{}",
        said(&refused)
    );
    assert_eq!(ann.session.join(&id("film")).await.unwrap_err().code(), "unavailable");
    assert_eq!(engine.open(spec("more")).await.unwrap_err().code(), "unavailable");
    // What is there can be read.
    assert_eq!(engine.room(&id("film")).await.unwrap().live, 2);
    // Leases go on: nobody is taken out because there is no room for more.
    tokio::time::sleep(LEASE + LEASE / 2).await;
    assert_eq!(kim.count(&["left "]), 0, "{:?}", kim.lines());
    // Whatever makes it smaller works, on connections that are made while it is full, too.
    for kind in ["normal", "pubsub"] {
        let killed: u64 = server.ask(&["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"]).await;
        assert!(killed > 0);
    }
    until("it is reached again", async || engine.room(&id("film")).await.is_ok()).await;
    lee.session.leave(&id("film")).await.unwrap();
    kim.hears(&["left lee"]).await;
    ann.session.cancel_seek("strangers").await.unwrap();
    // Also by a node that comes only now.
    let late = program::engine(&url, LEASE).await;
    late.close(&id("tea")).await.unwrap();
    late.shutdown().await;
    engine.kick(&id("film"), kim.session.user()).await.unwrap();

    let _: () = server.ask(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(engine.room(&id("film")).await.unwrap().live, 0);
    until("kim is in again", async || kim.session.join(&id("film")).await.is_ok()).await;
    kim.session.say(&id("film"), "after").await.unwrap();
    kim.hears(&["said kim after"]).await;
    let all =
        engine.history(&id("film"), chat_core::HistoryPage::Newest { limit: 50 }).await.unwrap();
    assert_whole(&all.entries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_becomes_a_replica_is_a_clear_error_until_it_is_one_again() {
    let (server, other) = (Server::start(), Server::start());
    let url = own(&server.url()) + "&timeout_ms=3000";
    let engine = program::engine(&url, Duration::from_secs(5)).await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    // Nothing is copied: it asks a master that is of no use.
    let _: () = server.ask(&["CONFIG", "SET", "masterauth", "wrong"]).await;
    let _: () = server.ask(&["REPLICAOF", "127.0.0.1", &other.port.to_string()]).await;
    let refused = kim.session.say(&id("film"), "hm").await.unwrap_err();
    assert_eq!(refused.code(), "unavailable", "{refused:?}");
    let connecting = Settings::from_url(&url).unwrap().connect().await.unwrap_err();
    let why = reasons(&connecting);
    assert!(why.contains("READONLY"), "{why}");
    let _: () = server.ask(&["REPLICAOF", "NO", "ONE"]).await;
    until("it goes on", async || kim.session.say(&id("film"), "well").await.is_ok()).await;
    kim.hears(&["said kim well"]).await;
    assert_eq!(kim.count(&["reset"]), 0, "{:?}", kim.lines());
}
