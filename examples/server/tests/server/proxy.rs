//! Behind a real nginx, as `examples/deploy` has it: under a prefix, with TLS, before two nodes.

use std::time::Duration;

use chat_testing::{Server, until};
use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::nginx::Nginx;
use crate::support::node::Node;

/// Two nodes on one Redis, and nginx before them.
pub(crate) struct Stand {
    pub(crate) nginx: Nginx,
    nodes: [Option<Node>; 2],
    _redis: Server,
}

impl Stand {
    pub(crate) async fn new(flags: &[&str]) -> Self {
        let redis = Server::start();
        // No time-out is what is looked at here.
        let store = format!("{}?timeout_ms=10000", redis.url());
        let flags = [&["--store", &store, "--trusted-proxy", "127.0.0.1"], flags].concat();
        let (one, two) = tokio::join!(Node::start(&flags), Node::start(&flags));
        let nginx = Nginx::start([one.address, two.address]).await;
        Self { nginx, nodes: [Some(one), Some(two)], _redis: redis }
    }

    pub(crate) async fn hello(&self, fields: Value) -> Client {
        let mut client = self.nginx.open(&[]).await.unwrap();
        client.hello = client.ask("hello", fields).await.unwrap();
        client
    }

    /// How many connections each node has.
    pub(crate) async fn connections(&self) -> Vec<u64> {
        let mut all = Vec::new();
        for node in self.nodes.iter().flatten() {
            let reply = node.get("/metrics").await;
            let line = reply.text().lines().find(|line| line.starts_with("chat_ws_connections "));
            all.push(line.unwrap().split(' ').nth(1).unwrap().parse().unwrap());
        }
        all
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_under_the_prefix() {
    let stand = Stand::new(&[]).await;
    let nginx = &stand.nginx;
    for path in ["/chat/", "/chat/random"] {
        let page = nginx.get(path, &[]).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, Some("text/html; charset=utf-8"))
        );
        assert!(page.header("content-security-policy").is_some());
        let script = page.text().split("src=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(nginx.get(&format!("/chat/{script}"), &[]).await.status, 200, "{script}");
    }
    let packed = nginx.get("/chat/assets/chat-client.js", &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let tag = packed.header("etag").unwrap().to_owned();
    let known = nginx.get("/chat/assets/chat-client.js", &[("if-none-match", &tag)]).await;
    assert_eq!(known.status, 304);
    assert_eq!(nginx.get("/chat/api/rooms", &[]).await.json()["total"], 0);
    assert_eq!(nginx.get("/chat/readyz", &[]).await.status, 200);
    for (path, location) in [("/chat", "/chat/"), ("/chat/random/", "../random")] {
        let reply = nginx.get(path, &[]).await;
        assert_eq!(reply.status, 308, "{path}");
        assert!(reply.header("location").unwrap().ends_with(location), "{path}");
    }
    // What is for the machine itself is not for who comes through it.
    for path in ["/chat/metrics", "/chat/metrics/", "/chat//metrics", "/chat/%6detrics", "/metrics"]
    {
        assert_eq!(nginx.get(path, &[]).await.status, 404, "{path}");
    }
    let plain =
        crate::support::http::request(nginx.plain, "GET", "/chat/?a=b", &[("host2", "x")]).await;
    assert_eq!(plain.status, 308);
    assert!(plain.header("location").unwrap().starts_with("https://"), "{plain:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_pages_from_here_may_connect() {
    let stand = Stand::new(&[]).await;
    let nginx = &stand.nginx;
    // With TLS ended by the proxy, the own origin has a scheme that the nodes never see.
    assert!(nginx.open(&[]).await.is_ok());
    let plain = format!("http://{}", nginx.host());
    for origin in ["https://evil.example", "https://localhost", plain.as_str(), "null"] {
        assert_eq!(nginx.open(&[("origin", origin)]).await.err(), Some(403), "{origin}");
    }
    // The proxy says where it was asked, not who asked.
    let evil = [
        ("origin", "https://evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
    ];
    assert_eq!(nginx.open(&evil).await.err(), Some(403));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_spread_over_the_nodes() {
    let stand = Stand::new(&[]).await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(stand.hello(json!({})).await);
    }
    let connections = stand.connections().await;
    assert_eq!(connections.iter().sum::<u64>(), 10);
    assert!(connections.iter().all(|some| *some >= 4), "{connections:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_node_is_killed_goes_on_with_the_other() {
    let mut stand = Stand::new(&[]).await;
    let create = json!({"room": "tea", "create": {"title": "Tea"}});
    let mut clients = Vec::new();
    for n in 0..6 {
        let mut client = stand.hello(json!({"name": format!("Guest {n}")})).await;
        let joined = client.ask("join", create.clone()).await.unwrap();
        let token = client.hello["token"].clone();
        clients.push((client, token, joined["cursor"].clone()));
    }
    for n in 0..5 {
        clients[0].0.ask("say", json!({"room": "tea", "body": n})).await.unwrap();
    }
    stand.nodes[0].take().unwrap().process.kill();
    let mut lost = 0;
    for (client, token, cursor) in &mut clients {
        if client.ask_or_lost("ping", json!({})).await.is_some() {
            continue;
        }
        lost += 1;
        // At the first try: nginx passes over the node that is gone.
        let mut back = stand.hello(json!({"token": token})).await;
        assert_eq!(back.hello["rooms"], json!(["tea"]));
        let joined = json!({"room": "tea", "since": cursor});
        let joined = back.ask("join", joined).await.unwrap();
        assert_eq!(joined["resumed"], true);
        let entries = joined["entries"].as_array().unwrap();
        let said: Vec<&Value> = entries.iter().filter(|entry| entry["ev"] == "said").collect();
        assert_eq!(
            said.iter().map(|entry| entry["body"].as_u64().unwrap()).collect::<Vec<_>>(),
            [0, 1, 2, 3, 4]
        );
        assert!(entries.iter().all(|entry| entry["ev"] != "left"), "nobody has left: {entries:?}");
        let numbers: Vec<u64> = entries.iter().map(|entry| entry["n"].as_u64().unwrap()).collect();
        let from = cursor["n"].as_u64().unwrap() + 1;
        assert_eq!(numbers, (from..from + numbers.len() as u64).collect::<Vec<_>>());
        *client = back;
    }
    assert!((2..=4).contains(&lost), "{lost} of 6 were on the node that was killed");
    assert_eq!(stand.connections().await, [6]);
    // Plain requests find the other one, too.
    for _ in 0..4 {
        assert_eq!(stand.nginx.get("/chat/readyz", &[]).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_updated_is_passed_over() {
    let mut stand = Stand::new(&[]).await;
    let mut kim = stand.hello(json!({})).await;
    let mut lee = stand.hello(json!({})).await;
    assert_eq!(stand.connections().await, [1, 1]);
    let ending = stand.nodes[0].take().unwrap();
    ending.process.signal("TERM");
    // From here on it takes nobody; who came just before would have to come back.
    until("it is ending", async || ending.process.err().contains("draining")).await;
    // Whoever comes meanwhile does not notice.
    for _ in 0..10 {
        stand.hello(json!({})).await;
    }
    until("it has ended", async || ending.process.has_ended()).await;
    assert_eq!(ending.process.code(Duration::from_secs(1)).await, 0);
    for _ in 0..10 {
        stand.hello(json!({})).await;
    }
    let mut moved = 0;
    for client in [&mut kim, &mut lee] {
        moved += usize::from(client.ask_or_lost("ping", json!({})).await.is_none());
    }
    assert_eq!(moved, 1, "the other one has noticed nothing");
}
