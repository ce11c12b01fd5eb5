//! A node that stands still for longer than its lease, and goes on.

use std::time::Duration;

use super::support::guest::{Guest, assert_whole};
use super::support::node::Node;
use super::support::program::engine;
use super::support::stand::server;
use super::{id, own};
use chat_testing::until;

const LEASE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_node_is_taken_out_and_comes_back() {
    let url = own(&server().url());
    let here = engine(&url, LEASE).await;
    let kim = Guest::in_room(&here, "kim", "film").await;
    let node = Node::start(&url, LEASE).await;
    node.must("connect lee").await;
    node.must("join lee film").await;
    node.must("say lee film before").await;
    kim.hears(&["said lee before"]).await;

    node.pause();
    kim.hears(&["left lee"]).await;
    for number in 0..30 {
        kim.session.say(&id("film"), format!("missed-{number}").as_str()).await.unwrap();
    }
    node.resume();

    // It finds out by itself, and its user is back without having done anything.
    until("lee is back", async || kim.count(&["joined lee"]) == 2).await;
    until("lee may talk", async || node.ask("say lee film after").await.is_ok()).await;
    kim.hears(&["said lee after"]).await;
    // What was said meanwhile was heard, or there was a word of it that something is missing.
    node.tells(&["lee entry film", "said lee after"]).await;
    let told = node.told("lee ");
    let heard = (0..30).filter(|n| told.iter().any(|line| line.ends_with(&format!("missed-{n}"))));
    assert!(
        heard.count() == 30 || told.iter().any(|line| line.starts_with("reset film")),
        "{told:?}"
    );
    assert_eq!(kim.count(&["left lee"]), 1);
    assert_eq!(node.must("members film").await, "kim lee");
    assert_whole(&kim.entries(&id("film")));
    assert_eq!(kim.count(&["reset"]), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_pause_is_not_noticed() {
    let url = own(&server().url());
    // Nobody waits for it: it is only not to pass, however long it takes to say so much.
    let lease = Duration::from_secs(60);
    let here = engine(&url, lease).await;
    let kim = Guest::in_room(&here, "kim", "film").await;
    let node = Node::start(&url, lease).await;
    node.must("connect lee").await;
    node.must("join lee film").await;
    node.pause();
    for number in 0..200 {
        kim.session.say(&id("film"), format!("while-{number}").as_str()).await.unwrap();
    }
    node.resume();
    node.tells(&["lee entry film", "while-199"]).await;
    let numbers: Vec<u64> = node
        .told("lee entry film ")
        .iter()
        .map(|line| line.split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "{numbers:?}");
    assert_eq!((kim.count(&["left lee"]), node.told("lee reset").len()), (0, 0));
}
