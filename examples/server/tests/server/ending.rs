//! The end, asked for.

use std::time::Duration;

use chat_testing::{Server, until};
use serde_json::json;
use tokio::time::Instant;

use crate::support::client::Client;
use crate::support::node::Node;

/// What is promised.
const WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn everybody_is_told_when_to_come_back() {
    let node = Node::start(&[]).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = Client::hello(node.address).await;
        client.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
        clients.push(client);
    }
    node.process.signal("TERM");
    let mut told = Vec::new();
    for client in &mut clients {
        let (last, code) = client.closed().await;
        let bye = last.expect("a last word");
        assert_eq!((&bye["ev"], &bye["why"], code), (&json!("bye"), &json!("drain"), 4000));
        told.push(bye["retry_ms"].as_u64().unwrap());
    }
    // Not all at once, and nobody so late that their grace is over.
    told.sort_unstable();
    assert!(told.last().unwrap() - told[0] > 500, "{told:?}");
    assert!(*told.last().unwrap() < 5_000, "{told:?}");
    let began = Instant::now();
    assert_eq!(node.process.code(WITHIN).await, 0);
    assert!(began.elapsed() < Duration::from_secs(3), "nobody was left to wait for");
}

#[tokio::test]
async fn ctrl_c_is_the_same() {
    let node = Node::start(&[]).await;
    let mut client = Client::hello(node.address).await;
    node.process.signal("INT");
    assert_eq!(client.closed().await.1, 4000);
    assert_eq!(node.process.code(WITHIN).await, 0);
}

#[tokio::test]
async fn who_does_not_read_holds_up_nobody() {
    let node = Node::start(&["--rate", "0"]).await;
    // Connected, joined, and deaf.
    let mut deaf = Client::hello(node.address).await;
    let create = json!({"room": "tea", "create": {"title": "Tea"}});
    deaf.ask("join", create.clone()).await.unwrap();
    let mut kim = Client::hello(node.address).await;
    kim.ask("join", create).await.unwrap();
    let body = "x".repeat(16_000);
    for _ in 0..200 {
        kim.ask("say", json!({"room": "tea", "body": body})).await.unwrap();
    }
    // Half a request.
    let half = tokio::net::TcpStream::connect(node.address).await.unwrap();
    half.try_write(b"GET / HTTP/1.1\r\nhost: a\r\n").unwrap();
    node.process.signal("TERM");
    assert_eq!(kim.closed().await.1, 4000);
    assert_eq!(node.process.code(WITHIN).await, 0);
}

#[tokio::test]
async fn a_store_that_hangs_holds_it_up_no_longer_than_promised() {
    let redis = Server::start();
    let node = Node::start(&["--store", &redis.url()]).await;
    let mut kim = Client::hello(node.address).await;
    kim.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    redis.pause();
    kim.send(r#"{"id":99,"do":"say","room":"tea","body":"hm"}"#).await;
    // By its own clock; this machine may be busy with something else at the end.
    assert_eq!(node.end(WITHIN + Duration::from_secs(4)).await, 0);
    redis.resume();
}

#[tokio::test]
async fn who_asks_twice_means_now() {
    let redis = Server::start();
    let node = Node::start(&["--store", &redis.url()]).await;
    let mut kim = Client::hello(node.address).await;
    kim.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    redis.pause();
    kim.send(r#"{"id":99,"do":"say","room":"tea","body":"hm"}"#).await;
    node.process.signal("TERM");
    until("it is ending", async || node.process.err().contains("ending")).await;
    node.process.signal("TERM");
    assert_eq!(node.process.code(WITHIN / 2).await, 0);
    redis.resume();
}

#[tokio::test]
async fn who_left_in_peace_is_not_missed() {
    let redis = Server::start();
    let flags = ["--store", &redis.url(), "--grace-ms", "0"];
    let (one, two) = (Node::start(&flags).await, Node::start(&flags).await);
    let mut kim = Client::hello(one.address).await;
    let mut lee = Client::hello(two.address).await;
    for client in [&mut kim, &mut lee] {
        client.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    }
    let mut online = lee.ask("watch", json!({"order": "online"})).await.unwrap();
    while online["online"] != 2 {
        online = lee.event("list").await;
    }
    let began = Instant::now();
    assert_eq!(one.end(WITHIN).await, 0);
    // At once, and not at the end of a lease.
    assert_eq!(lee.event("left").await["why"], "lost");
    while lee.event("list").await["online"] != 1 {}
    assert!(began.elapsed() < WITHIN, "{:?}", began.elapsed());
}
