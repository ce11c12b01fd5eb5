//! Each flag does what it says.

use std::time::Duration;

use chat_testing::until;
use serde_json::json;

use crate::support::client::Client;
use crate::support::node::Node;

#[tokio::test]
async fn pairs_end_when_nothing_is_said() {
    let node = Node::start(&["--idle-s", "1"]).await;
    let mut kim = Client::hello(node.address).await;
    let mut lee = Client::hello(node.address).await;
    for client in [&mut kim, &mut lee] {
        client.ask("match", json!({})).await.unwrap();
    }
    let room = kim.event("matched").await["room"]["id"].clone();
    let closed = lee.event("closed").await;
    assert_eq!((&closed["why"], &closed["room"]), (&json!("idle"), &room));
    kim.event("closed").await;
    // Other rooms do not end by that.
    let lobby = json!({"room": "lobby", "create": {"title": "Lobby"}});
    kim.ask("join", lobby).await.unwrap();
    kim.idle(Duration::from_millis(1_600)).await;
}

#[tokio::test]
async fn other_rooms_end_when_they_are_empty() {
    let node = Node::start(&["--empty-s", "1"]).await;
    let mut kim = Client::hello(node.address).await;
    kim.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    kim.ask("leave", json!({"room": "tea"})).await.unwrap();
    until("it is gone", async || node.get("/api/rooms").await.json()["total"] == 0).await;
    let again = kim.ask("join", json!({"room": "tea"})).await.unwrap_err();
    assert_eq!((&again["code"], &again["why"]), (&json!("room_closed"), &json!("empty")));
}

#[tokio::test]
async fn who_is_lost_has_left_after_the_grace() {
    let node = Node::start(&["--grace-ms", "300"]).await;
    let mut kim = Client::hello(node.address).await;
    let mut lee = Client::hello(node.address).await;
    for client in [&mut kim, &mut lee] {
        client.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    }
    drop(lee);
    assert_eq!(kim.event("left").await["why"], "lost");
}

#[tokio::test]
async fn visitors_pass_with_the_window() {
    let node = Node::start(&["--visitors-window-s", "1"]).await;
    let mut kim = Client::hello(node.address).await;
    kim.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    let visitors = async || node.get("/api/rooms").await.json()["rooms"][0]["visitors"].clone();
    assert_eq!(visitors().await, 1);
    kim.ask("leave", json!({"room": "tea"})).await.unwrap();
    until("nobody was there lately", async || visitors().await == 0).await;
}

#[tokio::test]
async fn who_does_not_say_hello_has_to_go() {
    let node = Node::start(&["--hello-timeout-ms", "200"]).await;
    let mut client = Client::open(node.address, &[]).await.unwrap();
    assert_eq!(client.closed().await.1, 4408);
}

#[tokio::test]
async fn commands_have_a_rate_unless_there_is_none() {
    let node = Node::start(&["--rate", "1"]).await;
    let mut client = Client::hello(node.address).await;
    let mut refused = None;
    for _ in 0..20 {
        if let Err(error) = client.ask("ping", json!({})).await {
            refused = Some(error);
            break;
        }
    }
    let refused = refused.expect("some are refused");
    assert_eq!(refused["code"], "rate_limited");
    assert!(refused["retry_ms"].as_u64().unwrap() > 0);

    let node = Node::start(&["--rate", "0"]).await;
    let mut client = Client::hello(node.address).await;
    for _ in 0..2_000 {
        client.ask("ping", json!({})).await.unwrap();
    }
}

#[tokio::test]
async fn so_many_connections_and_no_more() {
    let node = Node::start(&["--max-connections", "2"]).await;
    let one = Client::hello(node.address).await;
    let _two = Client::hello(node.address).await;
    assert_eq!(Client::open(node.address, &[]).await.err(), Some(503));
    drop(one);
    until("there is room again", async || Client::open(node.address, &[]).await.is_ok()).await;
}

#[tokio::test]
async fn so_many_connections_of_one_address() {
    let flags = ["--max-connections-per-address", "2", "--trusted-proxy", "127.0.0.1"];
    let node = Node::start(&flags).await;
    let from = |address| {
        let node = node.address;
        async move { Client::open(node, &[("x-forwarded-for", address)]).await }
    };
    let _held = [from("192.0.2.1").await.unwrap(), from("192.0.2.1").await.unwrap()];
    assert_eq!(from("192.0.2.1").await.err(), Some(429));
    assert!(from("192.0.2.2").await.is_ok());
}

#[tokio::test]
async fn without_a_token_nobody_comes_in_where_that_is_asked_for() {
    let node = Node::start(&["--no-anonymous"]).await;
    let mut client = Client::open(node.address, &[]).await.unwrap();
    let refused = client.ask("hello", json!({})).await.unwrap_err();
    assert_eq!(refused["code"], "unauthorized");
    assert_eq!(client.closed().await.1, 4401);
}

#[tokio::test]
async fn pages_from_elsewhere_may_not_connect() {
    let node = Node::start(&["--allow-origin", "https://example.org"]).await;
    let own = format!("http://{}", node.address);
    let open = async |origin: &str| Client::open(node.address, &[("origin", origin)]).await.err();
    assert_eq!(open(&own).await, None);
    assert_eq!(open("https://example.org").await, None);
    for other in ["http://example.org", "https://example.com", "null", "http://127.0.0.1:1"] {
        assert_eq!(open(other).await, Some(403), "{other}");
    }
    // Nobody is believed about the host who is not a proxy of ours.
    let forged = [("origin", "https://evil.example"), ("x-forwarded-host", "evil.example")];
    assert_eq!(Client::open(node.address, &forged).await.err(), Some(403));
}
