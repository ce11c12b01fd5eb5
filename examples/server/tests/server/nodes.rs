//! Several servers on one Redis are one chat.

use std::time::Duration;

use chat_testing::{Server, until};
use serde_json::json;
use tokio::time::Instant;

use crate::support::client::Client;
use crate::support::node::Node;

async fn two(redis: &Server, flags: &[&str]) -> (Node, Node) {
    // No time-out is what is looked at here.
    let store = format!("{}?timeout_ms=10000", redis.url());
    let flags = [&["--store", &store], flags].concat();
    (Node::start(&flags).await, Node::start(&flags).await)
}

#[tokio::test]
async fn who_is_where_does_not_matter() {
    let redis = Server::start();
    let (one, two) = two(&redis, &[]).await;
    let mut kim = Client::hello_as(one.address, json!({"name": "Kim"})).await;
    let mut lee = Client::hello_as(two.address, json!({"name": "Lee"})).await;
    for client in [&mut kim, &mut lee] {
        client.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    }
    assert_eq!(kim.event("joined").await["name"], "Lee");
    kim.ask("say", json!({"room": "tea", "body": "hello"})).await.unwrap();
    assert_eq!(lee.event("said").await["body"], "hello");
    for client in [&mut kim, &mut lee] {
        client.ask("match", json!({})).await.unwrap();
    }
    let pair = kim.event("matched").await["room"]["id"].clone();
    assert_eq!(lee.event("matched").await["room"]["id"], pair);
    for node in [&one, &two] {
        let list = node.get("/api/rooms").await.json();
        assert_eq!((&list["total"], &list["rooms"][0]["live"]), (&json!(1), &json!(2)));
        let page = node.get("/api/rooms/tea/messages").await.json();
        assert!(page["entries"].as_array().unwrap().iter().any(|e| e["body"] == "hello"));
    }
}

#[tokio::test]
async fn whose_server_is_killed_has_left_with_its_lease() {
    let redis = Server::start();
    let (one, two) = two(&redis, &["--lease-ms", "1000"]).await;
    let mut kim = Client::hello(one.address).await;
    let mut lee = Client::hello(two.address).await;
    for client in [&mut kim, &mut lee] {
        client.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    }
    lee.ask("say", json!({"room": "tea", "body": "before"})).await.unwrap();
    let killed = Instant::now();
    one.process.kill();
    let left = lee.event("left").await;
    assert_eq!((&left["why"], &left["live"]), (&json!("lost"), &json!(1)));
    assert!(killed.elapsed() < Duration::from_secs(10), "{:?}", killed.elapsed());
    // Once, and nothing else is gone.
    lee.ask("say", json!({"room": "tea", "body": "after"})).await.unwrap();
    let page = two.get("/api/rooms/tea/messages").await.json();
    let entries = page["entries"].as_array().unwrap();
    assert_eq!(entries.iter().filter(|entry| entry["ev"] == "left").count(), 1);
    assert_eq!(entries.iter().filter(|entry| entry["ev"] == "said").count(), 2);
}

#[tokio::test]
async fn who_comes_back_to_another_server_has_missed_nothing() {
    let redis = Server::start();
    let (one, two) = two(&redis, &[]).await;
    let mut kim = Client::hello(one.address).await;
    let mut lee = Client::hello(two.address).await;
    let mut cursor = json!(null);
    for client in [&mut lee, &mut kim] {
        let create = json!({"room": "tea", "create": {"title": "Tea"}});
        cursor = client.ask("join", create).await.unwrap()["cursor"].clone();
    }
    let token = kim.hello["token"].clone();
    one.process.kill();
    lee.ask("say", json!({"room": "tea", "body": "missed"})).await.unwrap();
    let mut kim = Client::hello_as(two.address, json!({"token": token})).await;
    assert_eq!(kim.hello["rooms"], json!(["tea"]));
    let back = kim.ask("join", json!({"room": "tea", "since": cursor})).await.unwrap();
    assert_eq!(back["resumed"], true);
    let entries = back["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "nobody has seen them go: {entries:?}");
    assert_eq!(entries[0]["body"], "missed");
}

#[tokio::test]
async fn redis_may_be_gone_for_a_while() {
    let redis = Server::with("appendonly yes\nappendfsync always");
    let (one, two) = two(&redis, &[]).await;
    let mut kim = Client::hello(one.address).await;
    let mut lee = Client::hello(two.address).await;
    for client in [&mut kim, &mut lee] {
        client.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    }
    redis.kill();
    let refused = kim.ask("say", json!({"room": "tea", "body": "hm"})).await.unwrap_err();
    assert_eq!(refused["code"], "unavailable");
    redis.restart();
    until("they are ready", async || {
        one.get("/readyz").await.status == 200 && two.get("/readyz").await.status == 200
    })
    .await;
    kim.ask("say", json!({"room": "tea", "body": "back", "key": "k"})).await.unwrap();
    while lee.event("said").await["body"] != "back" {}
}
