//! Whether a server should be given work.

use chat_testing::{Server, until};
use serde_json::json;

use crate::support::client::Client;
use crate::support::node::Node;

#[tokio::test]
async fn a_server_in_memory_is_ready_at_once() {
    let node = Node::start(&[]).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(node.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn without_its_store_it_is_not_ready_and_with_it_is_again() {
    // Whether it is the store that gives up, or who asks it.
    tokio::join!(goes_and_comes_back("timeout_ms=300"), goes_and_comes_back("timeout_ms=5000"));
}

async fn goes_and_comes_back(setting: &str) {
    let redis = Server::start();
    let node = Node::start(&["--store", &format!("{}?{setting}", redis.url())]).await;
    assert_eq!(node.get("/readyz").await.status, 200);
    redis.kill();
    until("it is not ready", async || node.get("/readyz").await.status == 503).await;
    // It lives all the same, and says so.
    assert_eq!(node.get("/healthz").await.status, 200);
    assert_eq!(node.get("/").await.status, 200);
    let reply = node.get("/api/rooms").await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert_eq!(reply.json()["err"]["code"], "unavailable");
    redis.restart();
    until("it is ready", async || node.get("/readyz").await.status == 200).await;
}

#[tokio::test]
async fn a_store_that_hangs_holds_up_nobody_who_asks() {
    let redis = Server::start();
    let node = Node::start(&["--store", &redis.url()]).await;
    redis.pause();
    let asking = (0..20).map(|_| node.get("/readyz"));
    let replies = futures_util::future::join_all(asking).await;
    redis.resume();
    // An answer from before is good for a second: then all hear the same.
    let late = node.get("/readyz").await.status;
    assert!(replies.iter().all(|reply| reply.status == replies[0].status));
    assert!([200, 503].contains(&late));
    until("it is ready", async || node.get("/readyz").await.status == 200).await;
}

#[tokio::test]
async fn who_is_sent_away_finds_it_not_ready() {
    let redis = Server::start();
    let node = Node::start(&["--store", &redis.url(), "--ping-ms", "600000"]).await;
    let mut kim = Client::hello(node.address).await;
    kim.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    // The store hangs, so that the end takes a while.
    redis.pause();
    node.process.signal("TERM");
    until("it is draining", async || {
        let reply = node.get("/readyz").await;
        reply.status == 503 && reply.text().contains("draining")
    })
    .await;
    assert_eq!(node.get("/healthz").await.status, 200);
    assert_eq!(Client::open(node.address, &[]).await.err(), Some(503));
    redis.resume();
}

/// Plain requests have no rate of their own: so many ask the store at once, and others are told to come back.
#[tokio::test]
async fn a_crowd_of_plain_requests_does_not_wait_for_a_store_that_hangs() {
    let redis = Server::start();
    let node = Node::start(&["--store", &format!("{}?timeout_ms=5000", redis.url())]).await;
    redis.pause();
    let asking = (0..100).map(|_| node.get("/api/rooms"));
    let replies = futures_util::future::join_all(asking).await;
    redis.resume();
    let of = |code: &str| {
        replies
            .iter()
            .filter(|reply| reply.status == 503 && reply.json()["err"]["code"] == code)
            .count()
    };
    assert_eq!((of("unavailable"), of("overloaded")), (64, 36));
    until("it goes on", async || node.get("/api/rooms").await.status == 200).await;
}
