//! A node is killed in the midst of everything, and nobody cleans up for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chat_core::{UserId, What};
use chat_testing::{PATIENCE, until};
use tokio::task::JoinHandle;

use super::support::guest::{Guest, assert_whole, log};
use super::support::node::Node;
use super::support::program::engine;
use super::support::stand::server;
use super::{id, own};

const LEASE: Duration = Duration::from_secs(2);
/// What is allowed beyond the lease; and as much again, because this machine has other things to do.
const LATE: Duration = Duration::from_secs(1);
const BUSY: Duration = Duration::from_secs(1);

/// How long this machine stood still at most, from when it is asked to look.
struct Still(Arc<AtomicU64>, JoinHandle<()>);

impl Still {
    fn watch() -> Self {
        let longest = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&longest);
        let looks = tokio::spawn(async move {
            loop {
                let before = Instant::now();
                tokio::time::sleep(Duration::from_millis(5)).await;
                seen.fetch_max(before.elapsed().as_millis() as u64, Ordering::Relaxed);
            }
        });
        Self(longest, looks)
    }

    /// Waits until it is so, which has to be in good time after the end of the lease. Where the machine stood still meanwhile, nodes wait
    /// another lease for those who stood still as well before they take them for dead: then it has to be at all.
    async fn promptly(&self, what: &str, is: impl AsyncFn() -> bool) {
        let began = Instant::now();
        while !is().await {
            let stood = Duration::from_millis(self.0.load(Ordering::Relaxed));
            let most = if stood < LEASE / 4 { LEASE + LATE + BUSY } else { PATIENCE };
            assert!(began.elapsed() < most, "not within {most:?}: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        self.1.abort();
    }
}

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_users_of_a_killed_node_leave_once() {
    let url = own(&server().url());
    let here = engine(&url, LEASE).await;
    let kim = Guest::in_room(&here, "kim", "film").await;
    let node = Node::start(&url, LEASE).await;
    node.must("connect lee").await;
    node.must("join lee film").await;
    node.must("talk lee film lee").await;
    node.must("churn film c").await;
    node.must("churn film d").await;
    until("it is busy", async || kim.count(&["said lee"]) > 50 && kim.count(&["joined c"]) > 20)
        .await;

    let backend = here_backend(&url).await;
    let still = Still::watch();
    node.kill().await;
    still
        .promptly("nobody of that node is left", async || {
            let page = backend.presence.members(&id("film"), None, 200).await.unwrap().unwrap();
            page.members.iter().all(|member| member.user.as_str() == "kim")
        })
        .await;

    // Whoever has come has gone, by turns.
    let entries = log(&backend, &id("film")).await;
    let mut inside: BTreeMap<UserId, bool> = BTreeMap::new();
    for entry in &entries {
        match &entry.what {
            What::Joined { user, .. } => {
                assert_ne!(inside.insert(user.clone(), true), Some(true), "{user} came in twice");
            }
            What::Left { user, .. } => {
                assert_eq!(inside.insert(user.clone(), false), Some(true), "{user} left twice");
            }
            _ => {}
        }
    }
    let still: Vec<_> =
        inside.iter().filter(|(_, inside)| **inside).map(|(user, _)| user.as_str()).collect();
    assert_eq!(still, ["kim"]);
    until("kim was told everything", async || {
        kim.entries(&id("film")).last().map(|entry| entry.n) == entries.last().map(|entry| entry.n)
    })
    .await;
    assert_whole(&kim.entries(&id("film")));

    // No ghost anywhere.
    for user in inside.keys().filter(|user| user.as_str() != "kim") {
        assert!(backend.presence.rooms_of(user, 10).await.unwrap().is_empty(), "{user}");
    }
    assert_eq!(here.room(&id("film")).await.unwrap().live, 1);
    kim.session.leave(&id("film")).await.unwrap();
    until("no session is in any index", async || index_rows(&url).await == 0).await;
}

async fn here_backend(url: &str) -> chat_core::Backend {
    let settings = chat_redis::Settings::from_url(url).unwrap();
    settings.with_store(super::support::program::options(LEASE)).connect().await.unwrap()
}

/// How many rows all indexes of a store have.
async fn index_rows(url: &str) -> usize {
    let prefix = url.split_once("prefix=").unwrap().1;
    let mut rows = 0;
    for key in server().keys(&format!("{prefix}:*:index")).await {
        rows += server().ask::<usize>(&["ZCARD", &key]).await;
    }
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partners_of_a_killed_node_are_free_and_its_tickets_are_gone() {
    let url = own(&server().url());
    let here = engine(&url, LEASE).await;
    let backend = here_backend(&url).await;
    let node = Node::start(&url, LEASE).await;
    let kim = Guest::on(&here, "kim").await;
    node.must("connect lee").await;
    kim.session.seek("strangers", &[]).await.unwrap();
    node.must("seek lee strangers").await;
    kim.hears(&["matched strangers~"]).await;
    // Another one waits there.
    node.must("connect sam").await;
    node.must("seek sam others").await;
    until("sam waits", async || !backend.matching.waiting(&user("sam")).await.unwrap().is_empty())
        .await;

    let still = Still::watch();
    node.kill().await;
    still
        .promptly("kim's partner has gone", async || {
            kim.count(&["entry strangers~", "closed partner_left"]) == 1
        })
        .await;
    still
        .promptly("sam does not wait any more", async || {
            backend.matching.waiting(&user("sam")).await.unwrap().is_empty()
        })
        .await;
    // Kim may look again, and meets nobody who is not there.
    let ann = Guest::on(&here, "ann").await;
    kim.session.seek("others", &[]).await.unwrap();
    ann.session.seek("others", &[]).await.unwrap();
    kim.hears(&["matched others~"]).await;
    assert_eq!(kim.count(&["matched others~"]), 1);
    for ghost in ["lee", "sam"] {
        assert!(backend.presence.rooms_of(&user(ghost), 10).await.unwrap().is_empty());
        assert!(backend.matching.waiting(&user(ghost)).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_killed_while_matching_leaves_nobody_stuck() {
    let url = own(&server().url());
    let here = engine(&url, LEASE).await;
    let backend = here_backend(&url).await;
    let node = Node::start(&url, LEASE).await;
    for who in ["c", "d", "e"] {
        node.must(&format!("meet strangers {who}")).await;
    }
    // Here some look for partners, who are all over there, and go on from each.
    let guests = [Guest::on(&here, "kim").await, Guest::on(&here, "lee").await];
    for _ in 0..100 {
        for guest in &guests {
            let _ = guest.session.seek("strangers", &[]).await;
        }
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    node.kill().await;
    // Only the two of here are left, and nobody else ever comes: so they meet, from whatever state they were in.
    until("the two of here meet", async || {
        for guest in &guests {
            let _ = guest.session.seek("strangers", &[]).await;
        }
        let rooms = backend.presence.rooms_of(&user("kim"), 10).await.unwrap();
        let theirs = backend.presence.rooms_of(&user("lee"), 10).await.unwrap();
        rooms.len() == 1 && rooms == theirs
    })
    .await;
    // Those who were lost just before have the grace of a pair room, and nobody else has anything.
    for who in ["c", "d", "e"] {
        for number in 0..20 {
            let ghost = user(&format!("{who}{number}"));
            until("no ghost is left", async || {
                backend.presence.rooms_of(&ghost, 10).await.unwrap().is_empty()
                    && backend.matching.waiting(&ghost).await.unwrap().is_empty()
            })
            .await;
        }
    }
}
