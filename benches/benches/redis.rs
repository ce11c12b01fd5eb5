//! The store on Redis, with a redis-server of the bench's own: what an operation costs the server, how many a second go
//! through from one node, and what stays small when there is much.
//!
//! Redis works on one core, so its CPU time per operation is the figure that bounds everything else; it tells it
//! itself (`INFO commandstats`). Rates depend on the machine and on who else is on it.

use std::time::Duration;

use chat_benches::told::{self, Told};
use chat_benches::{Bare, Node, Program, TEXT, Table, Watch, brief, each, quick, scale};
use chat_core::id::PoolName;
use chat_core::room::NewRoom;
use chat_core::store::{Due, Entered, Say, Speaker};
use chat_core::{Body, Order, Page, RoomKind, RoomPolicy, StoreOptions, Title};
use chat_testing::Server;
use tokio::runtime::Builder;

fn main() {
    let server = told::server();
    // On one thread, so that the server has a core for itself: what it calls a command's CPU time is the time that passed.
    #[allow(clippy::expect_used, reason = "a bench without a runtime has to stop")]
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let program = Program::from_args();
    let part = |name: &str, run: &dyn Fn() -> Table| program.part(name, run);
    part("redis: CPU of the server per operation", &|| runtime.block_on(cpu(&server)));
    part("redis: operations a second from one node", &|| runtime.block_on(rates(&server)));
    part("redis: CPU of the server for matching", &|| runtime.block_on(matching(&server)));
    part("redis: matches a second from one node", &|| runtime.block_on(match_rate(&server)));
    part("redis: a list of 50", &|| runtime.block_on(lists(&server)));
    part("redis: renewing a lease", &|| runtime.block_on(leases(&server)));
    part("redis: a dead node's sessions", &|| runtime.block_on(dead(&server)));
    part("redis: memory of idle rooms", &|| runtime.block_on(memory(&server)));
}

fn users(n: usize) -> std::ops::Range<usize> {
    0..scale(n)
}

/// What an operation costs the server: its time in microseconds, the median of some rounds, since on a shared machine
/// now and then something else runs in the midst of one.
struct Costs {
    table: Table,
    told: Told,
}

impl Costs {
    async fn new(server: &Server) -> Self {
        let columns = ["operation", "server's CPU each", "least", "times"];
        Self { table: Table::new(&columns), told: Told::by(server).await }
    }

    fn row(&mut self, name: &str, mut rounds: Vec<(u64, u64)>) {
        let each = |(times, usec): &(u64, u64)| *usec as f64 / (*times).max(1) as f64;
        rounds.sort_by(|a, b| each(a).total_cmp(&each(b)));
        let (middle, least) = (each(&rounds[rounds.len() / 2]), each(&rounds[0]));
        let times: u64 = rounds.iter().map(|(times, _)| times).sum();
        self.table.row(&[&name, &format!("{middle:.1} µs"), &format!("{least:.1} µs"), &times]);
        self.table.reading(format!("redis CPU: {name}"), middle, "µs");
    }
}

const ROUNDS: usize = 9;

async fn cpu(server: &Server) -> Table {
    let node = Node::new(server, "cpu", StoreOptions::default()).await;
    let mut costs = Costs::new(server).await;
    let rounds = if brief() { 1 } else { ROUNDS };

    let (room, mut said) = (node.open("talk", RoomKind::Public).await, Vec::new());
    node.come(&room, 0).await;
    for round in 0..rounds {
        costs.told.reset().await;
        each(users(5_000), |n| node.say(&room, 0, (round * 100_000 + n) as u128)).await;
        said.push(costs.told.scripts(users(5_000).len()).await);
    }
    costs.row("append, in a listed room", said);

    let (mut came, mut went) = (Vec::new(), Vec::new());
    let room = node.open("crowd", RoomKind::Public).await;
    for _ in 0..rounds {
        costs.told.reset().await;
        each(users(900), |n| node.come(&room, n)).await;
        came.push(costs.told.scripts(users(900).len()).await);
        costs.told.reset().await;
        each(users(900), |n| node.go(&room, n)).await;
        went.push(costs.told.scripts(users(900).len()).await);
    }
    costs.row("enter, the step", came);
    costs.row("leave", went);

    let room = node.open("snapshot", RoomKind::Public).await;
    each(users(200), |n| node.come(&room, n)).await;
    each(users(50), |n| node.say(&room, 0, n as u128)).await;
    let mut read = Vec::new();
    for _ in 0..rounds {
        costs.told.reset().await;
        each(users(1_000), |_| node.come(&room, 0)).await;
        let (times, all) = costs.told.command("exec").await;
        let (_, step) = costs.told.command("evalsha").await;
        read.push((times, all.saturating_sub(step)));
    }
    costs.row("the snapshot behind it: 50 said, 200 members", read);
    costs.table
}

async fn matching(server: &Server) -> Table {
    let mut costs = Costs::new(server).await;
    let (mut submitted, mut confirmed) = (Vec::new(), Vec::new());
    for round in 0..if brief() { 1 } else { ROUNDS } {
        let prefix = format!("matching{round}");
        let node = Node::new(server, &prefix, StoreOptions::default()).await;
        let pool = pool("cpu");
        // A pool that is new is asked for twice.
        node.submit(&pool, 1_000_000).await;
        costs.told.reset().await;
        each(users(2_000), |n| node.submit(&pool, n)).await;
        submitted.push(costs.told.scripts(users(2_000).len()).await);
        costs.told.reset().await;
        while node.confirm(&pool).await > 0 {}
        confirmed.push(costs.told.command("evalsha").await);
    }
    costs.row("submit (every second one is matched)", submitted);
    costs.row("confirm (every second one opens the room)", confirmed);
    costs.table
}

#[allow(clippy::expect_used, reason = "letters")]
fn pool(name: &str) -> PoolName {
    PoolName::new(name).expect("a pool's name")
}

async fn rates(server: &Server) -> Table {
    let node = Node::new(server, "rates", StoreOptions::default()).await;
    let mut table = Table::new(&["operation", "a second"]);
    let mut row = |name: &str, times: usize, watch: Watch| {
        let rate = times as f64 / watch.elapsed().as_secs_f64();
        table.row(&[&name, &format!("{rate:.0}")]);
        table.reading(format!("redis: {name}"), rate, "/s");
    };
    let mut rooms = Vec::new();
    for n in 0..16 {
        let room = node.open(&format!("talk-{n}"), RoomKind::Public).await;
        node.come(&room, n).await;
        rooms.push(room);
    }
    let all = users(200_000);
    let (watch, times) = (Watch::start(), all.len());
    each(all, |n| node.say(&rooms[n % 16], n % 16, n as u128)).await;
    row("appends in 16 rooms", times, watch);
    let all = users(200_000);
    let (watch, times) = (Watch::start(), all.len());
    each(all, |n| node.say(&rooms[0], 0, (1 << 64) | n as u128)).await;
    row("appends in one room", times, watch);

    table
}

async fn match_rate(server: &Server) -> Table {
    let node = Node::new(server, "match-rate", StoreOptions::default()).await;
    let mut table = Table::new(&["operation", "a second"]);
    let mut row = |name: &str, times: usize, watch: Watch| {
        let rate = times as f64 / watch.elapsed().as_secs_f64();
        table.row(&[&name, &format!("{rate:.0}")]);
        table.reading(format!("redis: {name}"), rate, "/s");
    };
    let all = users(100_000);
    let (alone, times) = (pool("alone"), all.len());
    let watch = Watch::start();
    each(all.clone(), |n| node.submit(&alone, n)).await;
    row("joins: submitted, and paired in the same step", times, watch);

    let whole = pool("whole");
    let watch = Watch::start();
    let submitting = each(all, |n| node.submit(&whole, times + n));
    let confirming = async {
        let mut opened = 0;
        while opened < times / 2 {
            opened += node.confirm(&whole).await;
        }
    };
    tokio::join!(submitting, confirming);
    row("the same, confirmed by both, until the room is open", times, watch);
    table
}

async fn lists(server: &Server) -> Table {
    let node = Node::new(server, "lists", StoreOptions::default()).await;
    let all = users(100_000);
    each(all.clone(), |n| {
        let node = &node;
        async move {
            node.open(&format!("room-{n}"), RoomKind::Public).await;
        }
    })
    .await;
    for n in 0..all.len().min(200) {
        node.come(&Bare::room(&format!("room-{}", n * 37 % all.len())), n).await;
    }
    let mut table = Table::new(&["order", "rooms", "median", "p99"]);
    for order in Order::ALL {
        let mut took = Vec::new();
        for _ in 0..scale(500) {
            let watch = Watch::start();
            let page = node.backend.ranking.page(order, Page { offset: 0, limit: 50 }).await;
            assert!(page.is_ok_and(|page| page.total == all.len() as u64));
            took.push(watch.elapsed());
        }
        took.sort_unstable();
        let at = |share: f64| {
            format!(
                "{:.2} ms",
                took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3
            )
        };
        table.row(&[&order.as_str(), &all.len(), &at(0.5), &at(0.99)]);
        let middle = took[took.len() / 2].as_secs_f64() * 1e3;
        let name = format!("redis: a list of 50 of {}, by {}", all.len(), order.as_str());
        table.reading(name, middle, "ms");
    }
    table
}

async fn leases(server: &Server) -> Table {
    let mut told = Told::by(server).await;
    let mut table = Table::new(&["sessions", "commands", "server's CPU"]);
    for sessions in [1, 100_000] {
        let prefix = format!("leases{sessions}");
        let node = Node::new(server, &prefix, StoreOptions::default()).await;
        each(0..scale(sessions).min(sessions), |n| {
            let (node, room) = (&node, Bare::room(&format!("r-{}", n % 1_000)));
            async move {
                let mut enter = node.enter(&room, n);
                enter.members = 0;
                let policy = RoomPolicy::open_room();
                let (id, title) = (room.clone(), Title::stored("r"));
                let kind = RoomKind::Private;
                enter.create = Some(NewRoom { id, kind, title, meta: None, owner: None, policy });
                let entered = node.backend.presence.enter(node.by, enter).await;
                assert!(matches!(entered, Ok(Entered::In(_))));
            }
        })
        .await;
        told.reset().await;
        let renewed = node.backend.expiry.renew(node.by, sessions as u64).await;
        assert!(renewed.is_ok());
        let (calls, usec) = told.command("evalsha").await;
        table.row(&[&sessions, &calls, &format!("{usec} µs")]);
        let name = format!("redis: commands that renew a lease of {sessions} sessions");
        table.reading(name, calls as f64, "");
    }
    table
}

/// A node that has 10,000 sessions is heard of no more: how long after its lease all of them are out, and for how long
/// anything held the server.
async fn dead(server: &Server) -> Table {
    let lease = Duration::from_secs(2);
    let options = StoreOptions { lease, ..StoreOptions::default() };
    let mut table = Table::new(&[
        "sessions",
        "in rooms",
        "all out after the lease",
        "longest step",
        "left written",
    ]);
    for (sessions, rooms) in [(10_000, 5_000), (10_000, 100), (10_000, 10)] {
        let (sessions, rooms) = (scale(sessions), scale(rooms));
        let prefix = format!("dead{rooms}");
        let dying = Node::new(server, &prefix, options.clone()).await;
        let other = Node::new(server, &prefix, options.clone()).await;
        each(0..rooms, |n| {
            let other = &other;
            async move {
                other.open(&format!("r-{n}"), RoomKind::Public).await;
            }
        })
        .await;
        each(0..sessions, |n| {
            let (dying, other) = (&dying, &other);
            let room = Bare::room(&format!("r-{}", n % rooms));
            async move {
                let mut enter = dying.enter(&room, n);
                (enter.members, enter.recent) = (0, 0);
                let entered = dying.backend.presence.enter(dying.by, enter).await;
                assert!(matches!(entered, Ok(Entered::In(_))));
                if n % 100 == 0 {
                    let _ = dying.backend.expiry.renew(dying.by, 0).await;
                    let _ = other.backend.expiry.renew(other.by, 0).await;
                    look(other).await;
                }
            }
        })
        .await;
        let _ = dying.backend.expiry.renew(dying.by, 0).await;
        let (last, mut told) = (Watch::start(), Told::by(server).await);
        told.reset().await;
        let mut left = 0;
        while left < sessions && last.elapsed() < lease * 20 {
            let _ = other.backend.expiry.renew(other.by, 0).await;
            left += look(&other).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let after = last.elapsed().saturating_sub(lease);
        let longest = told.longest().await;
        // What was too short to be noted was shorter than this.
        let at_most = longest.unwrap_or(told::SLOW).as_secs_f64() * 1e3;
        let longest =
            longest.map_or(format!("below {:?}", told::SLOW), |_| format!("{at_most:.1} ms"));
        table.row(&[&sessions, &rooms, &format!("{:.2} s", after.as_secs_f64()), &longest, &left]);
        let name =
            |what| format!("redis: a dead node's {sessions} sessions in {rooms} rooms: {what}");
        table.reading(name("out after its lease"), after.as_secs_f64(), "s");
        table.reading(name("longest step"), at_most, "ms");
        table.reading(name("left written"), left as f64, "");
    }
    table
}

/// Does what is due in all shards, as an engine does; how many entries that wrote.
async fn look(node: &Node) -> usize {
    let (expiry, mut wrote) = (&node.backend.expiry, 0);
    for shard in 0..expiry.shards() {
        let Ok(peeked) = expiry.peek(shard, 256).await else { continue };
        for due in &peeked.due {
            while let Ok(reaped) = expiry.reap(node.by, due).await {
                wrote += reaped.wrote.len();
                if !reaped.more || !matches!(due, Due::Node(_)) {
                    break;
                }
            }
        }
    }
    wrote
}

async fn memory(server: &Server) -> Table {
    let mut told: Told = Told::by(server).await;
    let mut table = Table::new(&["rooms", "what", "each", "in all"]);
    let rooms = match (brief(), quick()) {
        (true, _) => 100,
        (false, true) => 100_000,
        (false, false) => 1_000_000,
    };
    for (what, talk, smaller) in [
        ("open and listed, nobody in, nothing said", false, false),
        ("the same, one message kept", true, false),
        ("the same, with `stream-node-max-bytes 512`", true, true),
    ] {
        let rooms = if talk { rooms / 10 } else { rooms };
        let prefix = format!("idle-{talk}-{smaller}");
        told.set("stream-node-max-bytes", if smaller { "512" } else { "4096" }).await;
        let node = Node::new(server, &prefix, StoreOptions::default()).await;
        let before = told.info("used_memory").await;
        each(0..rooms, |n| {
            let node = &node;
            async move {
                let room = node.open(&format!("room-{n}"), RoomKind::Public).await;
                if talk {
                    let body = Body::text(TEXT);
                    let author = Speaker::System;
                    let say = Say {
                        room,
                        epoch: None,
                        author,
                        body,
                        key: None,
                        attempt: (n as u128).into(),
                    };
                    assert!(node.backend.rooms.append(node.by, say).await.is_ok());
                }
            }
        })
        .await;
        let all = told.info("used_memory").await - before;
        table.reading(format!("redis: {rooms} idle rooms, {what}"), all, "bytes");
        table.reading(format!("redis: an idle room, {what}"), all / rooms as f64, "bytes");
        let each = format!("{:.0} bytes", all / rooms as f64);
        table.row(&[&rooms, &what, &each, &format!("{:.2} GB", all / 1e9)]);
    }
    table
}
