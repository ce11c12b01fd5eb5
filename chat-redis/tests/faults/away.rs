//! Redis dies and comes back.

use std::time::{Duration, Instant};

use chat_redis::Settings;
use chat_testing::{Server, until};

use super::support::guest::{Guest, Talker, assert_acknowledged, assert_whole, log};
use super::support::program::{engine, options};
use super::{id, own};

/// Everything that was answered is on the disk.
const KEPT: &str = "appendonly yes\nappendfsync always";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_killed_redis() {
    let server = Server::with(KEPT);
    let (url, lease) = (own(&server.url()), Duration::from_secs(2));
    let engines = [engine(&url, lease).await, engine(&url, lease).await];
    let kim = Guest::in_room(&engines[0], "kim", "film").await;
    let lee = Guest::in_room(&engines[1], "lee", "film").await;
    let talkers = [
        Talker::start(&kim.session, &id("film"), "kim"),
        Talker::start(&lee.session, &id("film"), "lee"),
    ];
    for _ in 0..3 {
        talkers[0].says(50).await;
        server.kill();
        server.restart();
    }
    let mut acked = Vec::new();
    for talker in talkers {
        talker.says(50).await;
        acked.extend(talker.finish().await);
    }
    let backend =
        Settings::from_url(&url).unwrap().with_store(options(lease)).connect().await.unwrap();
    let log = log(&backend, &id("film")).await;
    assert_acknowledged(&log, &acked);
    // Readers have heard all of it, in the same order, and nobody was thought to be dead.
    let head = log.last().unwrap().n;
    for guest in [&kim, &lee] {
        until("readers are told everything", async || {
            guest.entries(&id("film")).last().is_some_and(|entry| entry.n == head)
        })
        .await;
        let entries = guest.entries(&id("film"));
        assert_whole(&entries);
        assert!(entries.iter().all(|entry| *entry == log[entry.n as usize - 1]));
        assert_eq!(
            (guest.count(&["reset"]), guest.count(&["left "])),
            (0, 0),
            "{:?}",
            guest.lines()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_declared_dead_because_redis_was_away() {
    let server = Server::with(KEPT);
    let (url, lease) = (own(&server.url()) + "&timeout_ms=2000", Duration::from_secs(1));
    let engines = [engine(&url, lease).await, engine(&url, lease).await];
    let kim = Guest::in_room(&engines[0], "kim", "film").await;
    let lee = Guest::in_room(&engines[1], "lee", "film").await;
    server.kill();
    // Meanwhile whoever asks is told soon.
    let (asked, mut longest) = (Instant::now(), Duration::ZERO);
    while asked.elapsed() < lease * 3 {
        let began = Instant::now();
        let refused = kim.session.say(&id("film"), "is anybody there").await.unwrap_err();
        assert_eq!(refused.code(), "unavailable");
        longest = longest.max(began.elapsed());
    }
    assert!(longest < Duration::from_secs(20), "{longest:?}");
    server.restart();
    let back = Instant::now();
    until("they talk again", async || kim.session.say(&id("film"), "hello").await.is_ok()).await;
    lee.hears(&["said kim hello"]).await;
    // Two leases later everybody would have been judged who is to be.
    while back.elapsed() < lease * 2 + lease / 2 {
        kim.session.say(&id("film"), "go on").await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for guest in [&kim, &lee] {
        assert_eq!(guest.count(&["left "]), 0, "{:?}", guest.lines());
        assert_eq!(guest.count(&["reset"]), 0, "{:?}", guest.lines());
    }
    assert_eq!(engines[0].room(&id("film")).await.unwrap().live, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_stands_still_is_waited_for_and_no_longer() {
    let server = Server::start();
    let (url, lease) = (own(&server.url()) + "&timeout_ms=1000", Duration::from_secs(3));
    let engine = engine(&url, lease).await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    server.pause();
    let began = Instant::now();
    assert_eq!(kim.session.say(&id("film"), "hm").await.unwrap_err().code(), "unavailable");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    server.resume();
    until("it goes on", async || kim.session.say(&id("film"), "well").await.is_ok()).await;
    kim.hears(&["said kim well"]).await;
    assert_whole(&kim.entries(&id("film")));
    assert_eq!(kim.count(&["left "]), 0);
}
