//! Connections are taken away while everybody talks: readers miss nothing.

use std::time::Duration;

use chat_redis::Settings;

use super::support::guest::{Guest, Talker, assert_acknowledged, assert_whole, log};
use super::support::program::{engine, options};
use super::support::proxy::Proxy;
use super::support::server::Server;
use super::support::until;
use super::{id, own};

const LEASE: Duration = Duration::from_secs(5);

/// Two engines at this address talk while something happens to them; then nothing must be missing.
async fn nothing_is_missed(url: &str, happens: impl AsyncFn()) {
    let engines = [engine(url, LEASE).await, engine(url, LEASE).await];
    let kim = Guest::in_room(&engines[0], "kim", "film").await;
    let lee = Guest::in_room(&engines[1], "lee", "film").await;
    let room = id("film");
    let talkers =
        [Talker::start(&kim.session, &room, "kim"), Talker::start(&lee.session, &room, "lee")];
    for _ in 0..10 {
        talkers[0].says(10).await;
        happens().await;
    }
    let mut acked = Vec::new();
    for talker in talkers {
        talker.says(10).await;
        acked.extend(talker.finish().await);
    }
    let settings = Settings::from_url(url).unwrap().with_store(options(LEASE));
    let log = log(&settings.connect().await.unwrap(), &room).await;
    assert_acknowledged(&log, &acked);
    let head = log.last().unwrap().n;
    for guest in [&kim, &lee] {
        until("readers are told everything", async || {
            guest.entries(&room).last().is_some_and(|entry| entry.n == head)
        })
        .await;
        assert_whole(&guest.entries(&room));
        assert_eq!(
            (guest.count(&["reset"]), guest.count(&["left "])),
            (0, 0),
            "{:?}",
            guest.lines()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_miss_nothing_when_subscriptions_are_killed() {
    let server = Server::start();
    let kill = async || {
        let _: u64 = server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    };
    nothing_is_missed(&own(&server.url()), kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_miss_nothing_when_all_clients_are_killed() {
    let server = Server::start();
    let kill = async || {
        for kind in ["normal", "pubsub"] {
            let _: u64 = server.ask(&["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"]).await;
        }
    };
    nothing_is_missed(&own(&server.url()), kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_miss_nothing_on_a_way_that_delays_and_cuts() {
    let server = Server::start();
    let proxy = Proxy::to(server.port).await;
    proxy.delay(Duration::from_millis(3));
    nothing_is_missed(&own(&proxy.url()), async || proxy.cut()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_word_of_a_quiet_room_is_heard_although_its_message_was_lost() {
    let server = Server::start();
    let proxy = Proxy::to(server.port).await;
    let own = own("");
    let there = engine(&format!("{}{own}", server.url()), LEASE).await;
    let here = engine(&format!("{}{own}&probe_ms=200&timeout_ms=400", proxy.url()), LEASE).await;
    let kim = Guest::in_room(&there, "kim", "film").await;
    let lee = Guest::in_room(&here, "lee", "film").await;
    // Open, and deaf.
    proxy.lose_answers();
    kim.session.say(&id("film"), "the last word").await.unwrap();
    until("something was lost", async || proxy.lost() > 0).await;
    // No cut, no error: only a probe can find out.
    proxy.hear_again();
    lee.hears(&["the last word"]).await;
    assert_whole(&lee.entries(&id("film")));
}
