//! What is public can be read without a connection, and nothing else can.

use serde_json::json;

use crate::support::client::Client;
use crate::support::node::Node;

async fn with_rooms(node: &Node) -> Client {
    let mut kim = Client::hello_as(node.address, json!({"name": "Kim"})).await;
    for (room, kind) in [("tea", "public"), ("coffee", "public"), ("hidden", "private")] {
        let create = json!({"title": room, "kind": kind});
        kim.ask("join", json!({"room": room, "create": create})).await.unwrap();
        // Rooms of one millisecond would be in the order of their names.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    for n in 1..=5 {
        kim.ask("say", json!({"room": "tea", "body": n})).await.unwrap();
        kim.ask("say", json!({"room": "hidden", "body": n})).await.unwrap();
    }
    kim
}

#[tokio::test]
async fn public_rooms_are_listed() {
    let node = Node::start(&[]).await;
    assert_eq!(node.get("/api/rooms").await.json(), json!({"rooms": [], "total": 0}));
    let _kim = with_rooms(&node).await;
    let ids = |list: &serde_json::Value| {
        let rooms = list["rooms"].as_array().unwrap();
        rooms.iter().map(|room| room["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("", &["tea", "coffee"][..]),
        ("?order=newest", &["coffee", "tea"]),
        ("?order=active", &["tea", "coffee"]),
        ("?order=visitors&limit=1", &["tea"]),
        ("?limit=1&offset=1", &["coffee"]),
        ("?offset=5", &[]),
        ("?limit=100000", &["tea", "coffee"]),
    ] {
        let list = node.get(&format!("/api/rooms{query}")).await.json();
        assert_eq!(ids(&list), expected, "{query}");
        assert_eq!(list["total"], 2, "{query}");
    }
    let room = &node.get("/api/rooms").await.json()["rooms"][0];
    assert_eq!((&room["live"], &room["kind"]), (&json!(1), &json!("public")));
    assert_eq!(room["last"]["body"], 5);
}

#[tokio::test]
async fn what_was_said_in_public_is_read_page_by_page() {
    let node = Node::start(&[]).await;
    let _kim = with_rooms(&node).await;
    let page = node.get("/api/rooms/tea/messages?limit=2").await.json();
    let said = |page: &serde_json::Value| {
        let entries = page["entries"].as_array().unwrap().iter();
        entries.filter(|entry| entry["ev"] == "said").map(|e| e["body"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(said(&page), [4, 5]);
    assert_eq!(page["more"], true);
    let before = page["entries"][0]["n"].as_u64().unwrap();
    let page = node.get(&format!("/api/rooms/tea/messages?before={before}&limit=50")).await.json();
    assert_eq!(said(&page), [1, 2, 3]);
    assert_eq!(page["more"], false);
}

#[tokio::test]
async fn private_rooms_and_pairs_cannot_be_read() {
    let node = Node::start(&[]).await;
    let mut kim = with_rooms(&node).await;
    let mut lee = Client::hello(node.address).await;
    for client in [&mut kim, &mut lee] {
        client.ask("match", json!({})).await.unwrap();
    }
    let pair = kim.event("matched").await["room"]["id"].as_str().unwrap().to_owned();
    kim.ask("say", json!({"room": pair, "body": "psst"})).await.unwrap();
    for room in ["hidden", &pair, &pair.replace('~', "%7E"), "nothing"] {
        let reply = node.get(&format!("/api/rooms/{room}/messages")).await;
        assert_eq!(reply.status, 404, "{room}");
        assert_eq!(reply.json()["err"]["code"], "no_such_room", "{room}");
    }
    assert_eq!(node.get("/api/rooms").await.json()["total"], 2);
}

#[tokio::test]
async fn bad_questions_are_told_so() {
    let node = Node::start(&[]).await;
    for path in [
        "/api/rooms?order=oldest",
        "/api/rooms?limit=0",
        "/api/rooms?limit=-1",
        "/api/rooms?offset=x",
        "/api/rooms/a%20b/messages",
        "/api/rooms/tea/messages?before=soon",
        "/api/rooms/tea/messages?limit=1e3",
    ] {
        let reply = node.get(path).await;
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        assert_eq!(reply.json()["err"]["code"], "bad_request", "{path}");
    }
}

#[tokio::test]
async fn only_pages_of_allowed_origins_are_told() {
    let node = Node::start(&["--allow-origin", "https://example.org"]).await;
    let allowed = async |origin: &str| {
        let reply = node.get_with("/api/rooms", &[("origin", origin)]).await;
        assert_eq!(reply.header("vary"), Some("Origin"));
        reply.header("access-control-allow-origin").map(str::to_owned)
    };
    assert_eq!(allowed("https://example.org").await.as_deref(), Some("https://example.org"));
    assert_eq!(allowed("https://example.com").await, None);
    assert_eq!(allowed("null").await, None);
}
