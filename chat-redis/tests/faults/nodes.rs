//! Several nodes, each a process of its own, on one Redis.

use std::collections::BTreeMap;
use std::time::Duration;

use super::own;
use super::support::node::Node;
use super::support::stand::server;
use chat_testing::until;

const LEASE: Duration = Duration::from_secs(5);

async fn nodes(count: usize) -> Vec<Node> {
    let url = own(&server().url());
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(Node::start(&url, LEASE).await);
    }
    nodes
}

/// What was said, by number, as one user heard it.
fn heard(node: &Node, user: &str) -> BTreeMap<u64, String> {
    let mut last = None;
    let mut heard = BTreeMap::new();
    for line in node.told(&format!("{user} entry film ")) {
        let (n, what) = line.split_once(' ').unwrap();
        let n: u64 = n.parse().unwrap();
        assert!(last.is_none_or(|last| n == last + 1), "{user} heard {n} behind {last:?}");
        last = Some(n);
        heard.insert(n, what.to_owned());
    }
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_readers_on_three_nodes_hear_the_same_order() {
    let nodes = nodes(3).await;
    let users = ["kim", "lee", "sam"];
    for (node, user) in nodes.iter().zip(users) {
        node.must(&format!("connect {user}")).await;
        node.must(&format!("join {user} film")).await;
    }
    for (node, user) in nodes.iter().zip(users) {
        node.must(&format!("talk {user} film {user}")).await;
    }
    for node in &nodes {
        until("each has said a lot", async || node.told("acked film ").len() >= 100).await;
    }
    for (node, user) in nodes.iter().zip(users) {
        node.must(&format!("drop {user}")).await;
    }
    let logs: Vec<_> = nodes.iter().zip(users).map(|(node, user)| heard(node, user)).collect();
    for user in users {
        let mine = |log: &BTreeMap<u64, String>| {
            log.values().filter(|what| what.starts_with(&format!("said {user} "))).count()
        };
        assert!(logs.iter().all(|log| mine(log) > 20), "everybody heard {user}");
    }
    for (one, two) in [(0, 1), (1, 2)] {
        for (n, what) in &logs[one] {
            assert_eq!(logs[two].get(n).unwrap_or(what), what, "number {n}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_and_lists_are_the_same_on_all_nodes() {
    let nodes = nodes(2).await;
    let joins = [
        (0, "kim", "film"),
        (1, "lee", "film"),
        (1, "sam", "film"),
        (0, "kim", "tea"),
        (1, "lee", "tea"),
    ];
    for (at, user) in [(0, "kim"), (1, "lee"), (1, "sam"), (1, "kim")] {
        nodes[at].must(&format!("connect {user}")).await;
    }
    for (at, user, room) in joins {
        nodes[at].must(&format!("join {user} {room}")).await;
    }
    // The same person once more, from elsewhere.
    nodes[1].must("join kim film").await;
    for node in &nodes {
        assert_eq!(node.must("members film").await, "kim lee sam");
        assert_eq!(node.must("list").await, "film:3 tea:2");
        assert_eq!(node.must("rooms kim").await.split(' ').count(), 2);
    }
    nodes[0].must("leave kim film").await;
    assert_eq!(nodes[0].must("members film").await, "kim lee sam", "still there on the other node");
    nodes[1].must("leave kim film").await;
    nodes[0].must("drop kim").await;
    until("kim is lost", async || nodes[1].must("list").await == "film:2 tea:1").await;
    assert_eq!(nodes[0].must("members film").await, "lee sam");
    assert_eq!(nodes[0].must("members tea").await, "lee");
    nodes[1].tells(&["lee entry film", "left kim left"]).await;
    nodes[1].tells(&["lee entry tea", "left kim"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_on_two_nodes_meet() {
    let nodes = nodes(2).await;
    for (node, user) in nodes.iter().zip(["kim", "lee"]) {
        node.must(&format!("connect {user}")).await;
        node.must(&format!("seek {user} strangers")).await;
    }
    nodes[0].tells(&["kim matched strangers~"]).await;
    nodes[1].tells(&["lee matched strangers~"]).await;
    let room = nodes[0].told("kim matched ")[0].split(' ').next().unwrap().to_owned();
    nodes[0].must(&format!("say kim {room} hello")).await;
    nodes[1].tells(&["lee entry", &room, "hello"]).await;
    nodes[1].must(&format!("leave lee {room}")).await;
    nodes[0].tells(&["kim entry", &room, "closed partner_left"]).await;
    for (node, user) in nodes.iter().zip(["kim", "lee"]) {
        assert_eq!(node.must(&format!("waiting {user}")).await, "");
        assert_eq!(node.must(&format!("rooms {user}")).await, "");
    }
}
