//! A node that goes on running and cannot reach Redis, while another one can.

use std::time::Duration;

use chat_testing::{Proxy, Server, until};

use super::support::guest::{Guest, assert_whole};
use super::support::program::engine;
use super::{id, own};

const LEASE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_cut_off_is_taken_out_and_comes_back() {
    let server = Server::start();
    let proxy = Proxy::to(server.port).await;
    let own = own("");
    let there = engine(&format!("{}{own}", server.url()), LEASE).await;
    let cut_off = engine(&format!("{}{own}&timeout_ms=1500", proxy.url()), LEASE).await;
    let kim = Guest::in_room(&there, "kim", "film").await;
    let lee = Guest::in_room(&cut_off, "lee", "film").await;
    lee.session.say(&id("film"), "before").await.unwrap();
    kim.hears(&["said lee before"]).await;

    proxy.shut(true);
    until("it is cut off", async || {
        let said = lee.session.say(&id("film"), "is anybody there").await;
        said.is_err_and(|error| error.code() == "unavailable")
    })
    .await;
    kim.hears(&["left lee"]).await;
    for number in 0..20 {
        kim.session.say(&id("film"), format!("missed-{number}").as_str()).await.unwrap();
    }
    proxy.shut(false);

    // Nobody has done anything for it: the node finds out, and its user is in again.
    kim.hears(&["joined lee"]).await;
    until("lee is back", async || kim.count(&["joined lee"]) == 2).await;
    until("lee may talk", async || lee.session.say(&id("film"), "after").await.is_ok()).await;
    kim.hears(&["said lee after"]).await;
    // What was missed is told, or that something is missing.
    lee.hears(&["said lee after"]).await;
    let ends = |n: &usize| format!("said kim missed-{n}");
    let missed =
        |n: &usize| lee.lines().iter().filter(|line| line.ends_with(&ends(n))).count() == 1;
    assert!(
        (0..20).filter(missed).count() == 20 || lee.count(&["reset film"]) > 0,
        "{:?}",
        lee.lines()
    );
    assert_eq!((kim.count(&["left lee"]), kim.count(&["reset"])), (1, 0));
    assert_whole(&kim.entries(&id("film")));
    assert_eq!(there.room(&id("film")).await.unwrap().live, 2);
}
