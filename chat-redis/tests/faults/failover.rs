//! The master dies, and a replica takes over. Replication is asynchronous: the end of a log may be lost, and whoever has read
//! it is told so.

use std::time::Duration;

use chat_core::{Cursor, LostWhy, Replay, SharedEntry};
use chat_redis::Settings;
use chat_testing::{Sentinels, until};

use super::support::guest::{Guest, Talker, assert_whole, log};
use super::support::program::{engine, options};
use super::{id, own};

const LEASE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_under_load_loses_nothing_unnoticed() {
    let sentinels = Sentinels::start().await;
    let url = own(&sentinels.url());
    let engines = [engine(&url, LEASE).await, engine(&url, LEASE).await];
    let kim = Guest::in_room(&engines[0], "kim", "film").await;
    let lee = Guest::in_room(&engines[1], "lee", "film").await;
    let talker = Talker::start(&kim.session, &id("film"), "kim");
    talker.says(100).await;
    sentinels.master.kill();
    sentinels.failed_over().await;
    until("service goes on", async || engines[1].room(&id("film")).await.is_ok()).await;
    talker.says(50).await;
    let acked = talker.finish().await;

    let backend =
        Settings::from_url(&url).unwrap().with_store(options(LEASE)).connect().await.unwrap();
    let log = log(&backend, &id("film")).await;
    let head = log.last().unwrap();
    for guest in [&kim, &lee] {
        let at_the_end = |entries: &[SharedEntry]| {
            entries.last().is_some_and(|entry| entry.cursor() == head.cursor())
        };
        let told = || guest.count(&["reset film"]) > 0;
        until("they are at the end, or told that they are not", async || {
            at_the_end(&guest.entries(&id("film"))) || told()
        })
        .await;
        let mut entries = guest.entries(&id("film"));
        if !at_the_end(&entries) {
            // Then one joins again with what one has, and is given the rest, or told that there is no such log.
            let last = entries.last().unwrap().cursor();
            let snapshot = guest.session.join_since(&id("film"), last).await.unwrap();
            match snapshot.replay {
                Replay::Resumed => entries.extend(snapshot.entries),
                Replay::Lost(LostWhy::Epoch | LostWhy::Trimmed) => entries.clear(),
                other => panic!("{other:?}"),
            }
            assert_eq!(snapshot.cursor, head.cursor());
        }
        // What they heard is what is there; where it is not, they were told.
        let forked = entries.iter().any(|entry| log.get(entry.n as usize - 1) != Some(entry));
        if forked {
            assert!(told(), "a fork went unnoticed");
        } else {
            assert_whole(&entries);
        }
        assert_eq!(guest.count(&["left "]), 0, "{:?}", guest.lines());
    }
    // Of what was acknowledged only the end before the failover may be missing.
    let there = |n: u64, text: &str| {
        log.get(n as usize - 1).and_then(|entry| entry.said()).is_some_and(|said| {
            String::from_utf8_lossy(said.body.as_bytes()).trim_matches('"') == text
        })
    };
    assert!(acked.iter().rev().take(50).all(|(n, text)| there(*n, text)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_end_is_noticed_by_whoever_resumes_behind_it() {
    let sentinels = Sentinels::start().await;
    let url = own(&sentinels.url());
    let engine = engine(&url, LEASE).await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    let kept = kim.session.say(&id("film"), "kept").await.unwrap();
    sentinels.master.is_copied().await;
    // From now on nothing is replicated, and nobody knows.
    let _: () = sentinels.replica.ask(&["CONFIG", "SET", "masterauth", "wrong"]).await;
    let _: u64 = sentinels.master.ask(&["CLIENT", "KILL", "TYPE", "replica"]).await;
    let mut cursors: Vec<Cursor> = Vec::new();
    for number in 0..5 {
        let lost = kim.session.say(&id("film"), format!("lost-{number}").as_str()).await.unwrap();
        cursors.push(lost.cursor());
    }
    sentinels.master.kill();
    sentinels.failed_over().await;
    until("service goes on", async || kim.session.say(&id("film"), "and on").await.is_ok()).await;
    // Others have written on over what was lost.
    for number in 0..3 {
        kim.session.say(&id("film"), format!("other-{number}").as_str()).await.unwrap();
    }
    let lee = Guest::on(&engine, "lee").await;
    for cursor in cursors {
        let snapshot = lee.session.join_since(&id("film"), cursor).await.unwrap();
        assert_eq!(snapshot.replay, Replay::Lost(LostWhy::Epoch), "{cursor:?}");
        lee.session.leave(&id("film")).await.unwrap();
    }
    let snapshot = lee.session.join_since(&id("film"), kept.cursor()).await.unwrap();
    assert_eq!(snapshot.replay, Replay::Resumed);
    kim.hears(&["reset film"]).await;
}
