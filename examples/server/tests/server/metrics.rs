//! Numbers, for those who run the server.

use serde_json::json;

use crate::support::client::Client;
use crate::support::node::Node;

fn number(text: &str, name: &str) -> f64 {
    let line =
        text.lines().find(|line| line.strip_prefix(name).is_some_and(|l| l.starts_with(' ')));
    line.unwrap_or_else(|| panic!("no {name} in {text}"))
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn what_happens_is_counted() {
    let node = Node::start(&[]).await;
    let mut kim = Client::hello(node.address).await;
    kim.ask("join", json!({"room": "tea", "create": {"title": "Tea"}})).await.unwrap();
    kim.ask("nonsense", json!({})).await.unwrap_err();
    node.get("/").await;
    node.get("/made/up/path").await;
    let reply = node.get("/metrics").await;
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = reply.text();
    for (name, value) in [
        ("chat_ws_connections", 1.0),
        ("chat_sessions", 1.0),
        ("chat_users", 1.0),
        ("chat_rooms_followed", 1.0),
        ("chat_http_requests_total{path=\"/\",status=\"200\"}", 1.0),
        ("chat_http_requests_total{path=\"none\",status=\"404\"}", 1.0),
    ] {
        assert_eq!(number(text, name), value, "{name}");
    }
    assert!(number(text, "process_resident_memory_bytes") > 1e6);
    assert!(number(text, "chat_ws_commands_total") >= 2.0);
    // Every family is described, once.
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let typed = |name: &str| {
            let head = format!("# TYPE {name} ");
            text.lines().filter(|line| line.starts_with(&head)).count()
        };
        assert!(typed(name) == 1 || family.is_some_and(|family| typed(family) == 1), "{name}");
    }
    assert!(!text.contains("made/up"));
}

#[tokio::test]
async fn they_are_for_this_machine_alone() {
    let node = Node::start(&["--trusted-proxy", "127.0.0.1"]).await;
    assert_eq!(node.get("/metrics").await.status, 200);
    // A proxy on the same machine asks for somebody else.
    for header in ["x-forwarded-for", "x-forwarded-proto", "forwarded", "x-real-ip", "via"] {
        let reply = node.get_with("/metrics", &[(header, "127.0.0.1")]).await;
        assert_eq!(reply.status, 404, "{header}");
    }
}

#[tokio::test]
async fn they_can_have_an_address_of_their_own() {
    let node = Node::start(&["--metrics-listen", "127.0.0.1:0"]).await;
    let log = node.process.err();
    let line = log.lines().find(|line| line.contains("numbers are at")).unwrap();
    let beside = line.rsplit("address=").next().unwrap().trim().parse().unwrap();
    let reply = crate::support::http::request(beside, "GET", "/metrics", &[("via", "1.1 a")]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(number(reply.text(), "chat_ws_connections"), 0.0);
    for path in ["/", "/ws", "/api/rooms"] {
        let reply = crate::support::http::request(beside, "GET", path, &[]).await;
        assert_eq!(reply.status, 404, "{path}");
    }
    assert_eq!(node.end(std::time::Duration::from_secs(10)).await, 0);
}
