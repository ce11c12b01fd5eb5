//! A cluster in which something changes.

use std::time::Duration;

use chat_redis::Settings;
use chat_testing::{Cluster, Server, until};

use super::acl;
use super::support::guest::{Guest, Talker, assert_acknowledged, assert_whole, log};
use super::support::program::{engine, options};
use super::{id, own};

const LEASE: Duration = Duration::from_secs(5);

/// The node that has a room, and one that has not.
async fn places<'a>(cluster: &'a Cluster, room: &str) -> (&'a Server, &'a Server, String) {
    for (at, node) in cluster.nodes.iter().enumerate() {
        for key in node.keys("*").await {
            if key.ends_with(&format!(":r:{room}")) {
                return (node, &cluster.nodes[(at + 1) % 3], key);
            }
        }
    }
    panic!("there is no {room}");
}

/// Moves a slot with all that is in it, as `redis-cli --cluster reshard` does.
async fn move_slot(cluster: &Cluster, from: &Server, to: &Server, slot: &str) {
    let (from_id, to_id): (String, String) =
        (from.ask(&["CLUSTER", "MYID"]).await, to.ask(&["CLUSTER", "MYID"]).await);
    let _: () = to.ask(&["CLUSTER", "SETSLOT", slot, "IMPORTING", &from_id]).await;
    let _: () = from.ask(&["CLUSTER", "SETSLOT", slot, "MIGRATING", &to_id]).await;
    let port = to.port.to_string();
    loop {
        let keys: Vec<String> = from.ask(&["CLUSTER", "GETKEYSINSLOT", slot, "3"]).await;
        if keys.is_empty() {
            break;
        }
        let mut words = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
        words.extend(keys.iter().map(String::as_str));
        let _: String = from.ask(&words).await;
    }
    let _: () = to.ask(&["CLUSTER", "SETSLOT", slot, "NODE", &to_id]).await;
    for node in &cluster.nodes {
        let _: () = node.ask(&["CLUSTER", "SETSLOT", slot, "NODE", &to_id]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_moves_under_load_loses_nothing() {
    let cluster = Cluster::start().await;
    let url = own(&cluster.url());
    let engines = [engine(&url, LEASE).await, engine(&url, LEASE).await];
    let kim = Guest::in_room(&engines[0], "kim", "film").await;
    let lee = Guest::in_room(&engines[1], "lee", "film").await;
    let talker = Talker::start(&kim.session, &id("film"), "kim");
    talker.says(50).await;
    for _ in 0..2 {
        let (from, to, key) = places(&cluster, "film").await;
        let slot: u16 = from.ask(&["CLUSTER", "KEYSLOT", &key]).await;
        move_slot(&cluster, from, to, &slot.to_string()).await;
        talker.says(50).await;
    }
    let acked = talker.finish().await;
    let settings = Settings::from_url(&url).unwrap().with_store(options(LEASE));
    let log = log(&settings.connect().await.unwrap(), &id("film")).await;
    assert_acknowledged(&log, &acked);
    let head = log.last().unwrap().n;
    for guest in [&kim, &lee] {
        until("readers are told everything", async || {
            guest.entries(&id("film")).last().is_some_and(|entry| entry.n == head)
        })
        .await;
        assert_whole(&guest.entries(&id("film")));
        assert_eq!((guest.count(&["reset"]), guest.count(&["left "])), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_without_one_of_its_nodes_is_unavailable_until_it_is_back() {
    let cluster = Cluster::start().await;
    let url = own(&cluster.url()) + "&timeout_ms=1500";
    let engine = engine(&url, LEASE).await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    let (with, ..) = places(&cluster, "film").await;
    with.pause();
    let refused = kim.session.say(&id("film"), "hm").await.unwrap_err();
    assert_eq!(refused.code(), "unavailable", "{refused:?}");
    with.resume();
    until("it goes on", async || kim.session.say(&id("film"), "well").await.is_ok()).await;
    kim.hears(&["said kim well"]).await;
    assert_whole(&kim.entries(&id("film")));
    assert_eq!(kim.count(&["left "]), 0, "{:?}", kim.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_takes_a_nodes_place_is_found() {
    let cluster = Cluster::start().await;
    let url = own(&cluster.url());
    let engine = engine(&url, LEASE).await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    let (with, ..) = places(&cluster, "film").await;
    let replica = cluster.replica(with).await;
    let kept = kim.session.say(&id("film"), "kept").await.unwrap();
    with.is_copied().await;
    with.kill();
    let back = async || kim.session.say(&id("film"), "and on").await.is_ok();
    until("the talk goes on", back).await;
    kim.hears(&["said kim and on"]).await;
    let entries = kim.entries(&id("film"));
    assert_whole(&entries);
    assert!(entries.iter().any(|entry| entry.cursor() == kept.cursor()));
    assert_eq!((kim.count(&["reset"]), kim.count(&["left "])), (0, 0), "{:?}", kim.lines());
    assert!(replica.ask::<i64>(&["DBSIZE"]).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_in_the_readme_is_enough_for_a_cluster() {
    let cluster = Cluster::start().await;
    for node in &cluster.nodes {
        acl::set_user(node, &acl::line()).await;
    }
    let url = cluster.url().replace("://", "://chat:hunter2@");
    let engine = engine(&url, LEASE).await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    kim.session.say(&id("film"), "hello").await.unwrap();
    kim.hears(&["said kim hello"]).await;
    engine.shutdown().await;
    for node in &cluster.nodes {
        let log: Vec<redis::Value> = node.ask(&["ACL", "LOG"]).await;
        assert!(log.is_empty(), "{log:?}");
    }
}
