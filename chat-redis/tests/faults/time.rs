//! The server's clock is set back.

use std::time::Duration;

use super::id;
use super::support::guest::Guest;
use super::support::program::{engine, spec};
use chat_testing::{Server, until};

/// As if the server's clock had been ahead by this much until now.
async fn step_back(server: &Server, by: Duration) {
    for book in server.keys("chat:*:book").await {
        let _: i64 = server.ask(&["HINCRBY", &book, "t", &by.as_millis().to_string()]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_back_is_taken_up() {
    let (server, lease) = (Server::start(), Duration::from_secs(2));
    let engines = [engine(&server.url(), lease).await, engine(&server.url(), lease).await];
    let kim = Guest::in_room(&engines[0], "kim", "film").await;
    let lee = Guest::in_room(&engines[1], "lee", "film").await;
    let before = kim.session.say(&id("film"), "before").await.unwrap().at;
    step_back(&server, Duration::from_secs(3600)).await;
    // Time does not stand still until it is caught up with, and it never goes back.
    let first = kim.session.say(&id("film"), "first").await.unwrap().at;
    assert!(first.0 >= before.0 + 3_599_000, "{first:?} {before:?}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let second = kim.session.say(&id("film"), "second").await.unwrap().at;
    let passed = second.0 - first.0;
    assert!((300..3_000).contains(&passed), "{passed} ms");
    // Leases are renewed on, and nobody is thought to be dead.
    tokio::time::sleep(lease * 2).await;
    kim.session.say(&id("film"), "third").await.unwrap();
    lee.hears(&["third"]).await;
    assert_eq!(lee.count(&["left "]), 0, "{:?}", lee.lines());
    let times: Vec<u64> = lee.entries(&id("film")).iter().map(|entry| entry.at.0).collect();
    assert!(times.is_sorted(), "{times:?}");
    // What is to expire does so in its own time.
    engines[0].open(spec("short").with_max_age(Duration::from_secs(1))).await.unwrap();
    until("the room ends", async || engines[1].room(&id("short")).await.is_err()).await;
    until("lee is there", async || engines[0].room(&id("film")).await.unwrap().live == 2).await;
}
