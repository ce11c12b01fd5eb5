//! What is logged, and what never is.

use chat_testing::Server;
use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::node::Node;

#[tokio::test]
async fn every_line_is_an_object_for_those_who_collect_them() {
    let node = Node::start(&["--log", "json"]).await;
    Client::hello(node.address).await;
    let log = {
        let pid_dir = node.process.dir.clone();
        node.process.signal("TERM");
        chat_testing::until("it has ended", async || node.process.has_ended()).await;
        std::fs::read_to_string(pid_dir.join("err")).unwrap()
    };
    assert!(log.lines().count() >= 3, "{log}");
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for field in ["timestamp", "level", "message", "target"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
    }
}

/// At the most talkative level, too.
#[tokio::test]
async fn what_is_nobodys_business_is_never_logged() {
    let redis = Server::with("user kim on >hunter2 ~* &* +@all");
    let url = redis.url().replace("redis://", "redis://kim:hunter2@");
    for log in ["pretty", "json"] {
        let flags = ["--store", url.as_str(), "--log", log];
        let node = Node::start_with(&flags, &[("CHAT_LOG_LEVEL", "trace")]).await;
        let secret: String = redis.ask(&["HGET", "chat:meta", "secret"]).await;
        let mut kim = Client::hello_as(node.address, json!({"name": "Kimberley"})).await;
        let token = kim.hello["token"].as_str().unwrap().to_owned();
        kim.ask("join", json!({"room": "tea", "create": {"title": "Oolong"}})).await.unwrap();
        kim.ask("say", json!({"room": "tea", "body": "a word between us"})).await.unwrap();
        kim.ask("say", json!({"room": "nowhere", "body": "a word between us"})).await.unwrap_err();
        kim.send(r#"{"do":"a word between us"#).await;
        kim.ask("match", json!({"tags": ["gardening"]})).await.unwrap();
        let mut back = Client::open(node.address, &[("cookie", "a=biscuit")]).await.unwrap();
        back.ask("hello", json!({"token": token})).await.unwrap();
        back.ask("nonsense", json!({})).await.unwrap_err();
        let mut forged = Client::open(node.address, &[]).await.unwrap();
        forged.ask("hello", json!({"token": format!("{token}x")})).await.unwrap_err();
        let err = node.process.err();
        assert!(err.contains("TRACE") || err.contains("DEBUG"), "it logs much: {err}");
        for private in [
            "hunter2",
            &secret,
            &token,
            "Kimberley",
            "Oolong",
            "between us",
            "gardening",
            "biscuit",
        ] {
            assert!(!err.contains(private), "{private} was logged: {err}");
        }
    }
}

#[tokio::test]
async fn how_much_is_logged_can_be_chosen() {
    let node = Node::start_with(&[], &[("CHAT_LOG_LEVEL", "error")]).await;
    node.get("/").await;
    assert_eq!(node.process.err(), "");
}
