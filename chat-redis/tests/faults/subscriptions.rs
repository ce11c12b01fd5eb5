//! Connections are taken away while everybody talks: readers miss nothing.

use std::sync::Arc;
use std::time::Duration;

use chat_core::testkit::Node;
use chat_core::{Engine, NodeId, Presence};
use chat_redis::{Settings, Stats};
use chat_testing::{PATIENCE, Proxy, Server, until};

use super::support::guest::{Guest, Talker, assert_acknowledged, assert_whole, log};
use super::support::program::{engine, options, spec};
use super::{id, own};

const LEASE: Duration = Duration::from_secs(5);

/// Two engines at this address talk while something happens to them; then nothing must be missing. What they counted.
async fn nothing_is_missed(url: &str, happens: impl AsyncFn()) -> [Arc<Stats>; 2] {
    let stats: [Arc<Stats>; 2] = Default::default();
    let engine = async |stats| {
        let settings = Settings::from_url(url).unwrap().with_store(options(LEASE));
        let backend = settings.with_stats(Arc::clone(stats)).connect().await.unwrap();
        Engine::builder().with_backend(backend).build().unwrap()
    };
    let engines = [engine(&stats[0]).await, engine(&stats[1]).await];
    let kim = Guest::in_room(&engines[0], "kim", "film").await;
    let lee = Guest::in_room(&engines[1], "lee", "film").await;
    let room = id("film");
    let talkers =
        [Talker::start(&kim.session, &room, "kim"), Talker::start(&lee.session, &room, "lee")];
    for _ in 0..10 {
        talkers[0].says(10).await;
        happens().await;
    }
    let mut acked = Vec::new();
    for talker in talkers {
        talker.says(10).await;
        acked.extend(talker.finish().await);
    }
    let settings = Settings::from_url(url).unwrap().with_store(options(LEASE));
    let log = log(&settings.connect().await.unwrap(), &room).await;
    assert_acknowledged(&log, &acked);
    let head = log.last().unwrap().n;
    for guest in [&kim, &lee] {
        until("readers are told everything", async || {
            guest.entries(&room).last().is_some_and(|entry| entry.n == head)
        })
        .await;
        assert_whole(&guest.entries(&room));
        assert_eq!(
            (guest.count(&["reset"]), guest.count(&["left "])),
            (0, 0),
            "{:?}",
            guest.lines()
        );
    }
    stats
}

async fn killed(server: &Server, kind: &str) {
    let killed: u64 = server.ask(&["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"]).await;
    assert!(killed > 0, "nobody was there to be killed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_miss_nothing_when_subscriptions_are_killed() {
    let server = Server::start();
    let kill = async || {
        until("somebody listens", async || {
            let clients: String = server.ask(&["CLIENT", "LIST", "TYPE", "pubsub"]).await;
            clients.lines().count() >= 2
        })
        .await;
        killed(&server, "pubsub").await;
    };
    for stats in nothing_is_missed(&own(&server.url()), kill).await {
        assert!(stats.missed() > 0, "{stats:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_miss_nothing_when_all_clients_are_killed() {
    let server = Server::start();
    let kill = async || {
        killed(&server, "normal").await;
        let _: u64 = server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    };
    for stats in nothing_is_missed(&own(&server.url()), kill).await {
        assert!(stats.reconnects() > 0 && stats.missed() > 0, "{stats:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_miss_nothing_on_a_way_that_delays_and_cuts() {
    let server = Server::start();
    let proxy = Proxy::to(server.port).await;
    proxy.delay(Duration::from_millis(3));
    for stats in nothing_is_missed(&own(&proxy.url()), async || proxy.cut()).await {
        assert!(stats.reconnects() > 0 && stats.missed() > 0, "{stats:?}");
    }
}

/// Two engines on one store: of the second everything that is published can be kept away.
async fn one_may_be_deafened(probe: &str) -> (Server, Proxy, Guest, Guest, Arc<Stats>) {
    let server = Server::start();
    let proxy = Proxy::to(server.port).await;
    let own = own("");
    let there = engine(&format!("{}{own}", server.url()), LEASE).await;
    let stats: Arc<Stats> = Arc::default();
    let settings = Settings::from_url(&format!("{}{own}&probe_ms={probe}", proxy.url())).unwrap();
    let settings = settings.with_store(options(LEASE)).with_stats(Arc::clone(&stats));
    let backend = settings.connect().await.unwrap();
    let here = Engine::builder().with_backend(backend).build().unwrap();
    let kim = Guest::in_room(&there, "kim", "film").await;
    let lee = Guest::in_room(&here, "lee", "film").await;
    kim.hears(&["joined lee"]).await;
    (server, proxy, kim, lee, stats)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_open_and_deaf_is_found() {
    let (_server, proxy, kim, lee, stats) = one_may_be_deafened("200").await;
    proxy.deafen();
    kim.session.say(&id("film"), "the last word").await.unwrap();
    until("it is found", async || stats.deaf() > 0).await;
    proxy.hear_again();
    lee.hears(&["the last word"]).await;
    assert_whole(&lee.entries(&id("film")));
    assert_eq!(lee.count(&["reset"]), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_word_of_a_quiet_room_is_heard_although_its_message_was_lost() {
    // Nothing follows that would show the gap, and no connection breaks.
    let (_server, proxy, kim, lee, stats) = one_may_be_deafened("600000").await;
    proxy.deafen();
    kim.session.say(&id("film"), "the last word").await.unwrap();
    until("it was lost", async || proxy.lost() > 0).await;
    proxy.hear_again();
    lee.hears(&["the last word"]).await;
    assert_whole(&lee.entries(&id("film")));
    assert_eq!((lee.count(&["reset"]), stats.deaf(), stats.reconnects()), (0, 0, 0));
}

/// A proposed match lives for three seconds, and a lease is renewed every five: whoever waits must not rely on being told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn matches_and_kicks_arrive_although_the_word_of_them_was_lost() {
    let server = Server::start();
    let proxy = Proxy::to(server.port).await;
    let own = own("");
    let lease = Duration::from_secs(15);
    let there = engine(&format!("{}{own}", server.url()), lease).await;
    let here = engine(&format!("{}{own}&probe_ms=600000", proxy.url()), lease).await;
    let kim = Guest::on(&there, "kim").await;
    let lee = Guest::on(&here, "lee").await;
    lee.session.join_or_open(spec("film").with_presence(Presence::Count)).await.unwrap();
    proxy.deafen();
    lee.session.seek("strangers", &[]).await.unwrap();
    kim.session.seek("strangers", &[]).await.unwrap();
    for guest in [&kim, &lee] {
        guest.hears(&["matched strangers~"]).await;
        assert_eq!(guest.count(&["unmatched"]), 0, "{:?}", guest.lines());
    }
    there.kick(&id("film"), lee.session.user()).await.unwrap();
    lee.hears(&["kicked film"]).await;
    assert!(proxy.lost() > 0, "nothing was lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscribe_that_is_given_up_half_way_leaves_nothing() {
    let server = Server::start();
    let proxy = Proxy::to(server.port).await;
    let settings = Settings::from_url(&own(&proxy.url())).unwrap();
    let node = Node::attach(settings.connect().await.unwrap(), NodeId(1)).await;
    let heard = async || {
        let channels: Vec<String> = server.ask(&["PUBSUB", "SHARDCHANNELS", "*film*"]).await;
        !channels.is_empty()
    };
    // The server has the subscription and has said so, while the other half of the question waits for its answer.
    proxy.hold(true);
    let room = id("film");
    let half_way = async {
        until("somebody listens", heard).await;
        // Until the answer to the subscription has come, too.
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    tokio::select! {
        which = node.backend.rooms.subscribe(node.writer, &room) => panic!("{which:?}"),
        () = half_way => {}
    }
    proxy.hold(false);
    until("nobody listens any more", async || !heard().await).await;
}

/// Calls are handed over at every moment, also in the one in which the connection breaks. A lost one would wait for its
/// time-out, which is longer here than anything is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_on_a_connection_that_broke() {
    let server = Server::start();
    let engine = engine(&own(&format!("{}?timeout_ms=600000", server.url())), LEASE).await;
    let guests =
        [Guest::in_room(&engine, "kim", "film").await, Guest::in_room(&engine, "lee", "tea").await];
    let talkers = [
        Talker::start(&guests[0].session, &id("film"), "kim"),
        Talker::start(&guests[1].session, &id("tea"), "lee"),
    ];
    for _ in 0..300 {
        for talker in &talkers {
            talker.says(1).await;
        }
        let _: u64 = server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
    }
    for talker in talkers {
        tokio::time::timeout(PATIENCE, talker.finish()).await.unwrap();
    }
}
