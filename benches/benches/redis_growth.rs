//! The store on Redis: how what an operation costs the server grows with members, rooms, waiting users and the length of a
//! log, and what a room costs that was not touched for long.
//!
//! Every time here is CPU time of the server, as it tells it itself (`INFO commandstats`): for each operation the script
//! that is its step, or the transaction of what it reads. What it costs at the usual sizes, and rates, are in `redis.rs`.

use std::time::Duration;

use chat_benches::told::{self, Told};
use chat_benches::{Bare, Node, Seekers, criterion, each, scale, scatter};
use chat_core::store::Request;
use chat_core::{
    Cursor, HistoryPage, Order, Page, Presence, RoomId, RoomKind, RoomPolicy, StoreOptions,
};
use chat_testing::Server;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};

/// A command of the server that does a whole operation.
const STEP: &str = "evalsha";
const READ: &str = "exec";

/// A server, and a node on it. Each size is another node under a prefix of its own.
struct Stage {
    server: Server,
    runtime: Runtime,
}

impl Stage {
    #[allow(clippy::expect_used, reason = "a bench without a runtime has to stop")]
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { server: told::server(), runtime }
    }

    /// Measures an operation: `act` does it for each number in the range, and `undo` takes back what was done, which does not
    /// count. `by` is the command that it is.
    fn bench<S>(
        &self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        id: BenchmarkId,
        by: &'static str,
        made: impl AsyncFn(Node) -> S,
        act: &impl AsyncFn(&S, usize),
        undo: &impl AsyncFn(&S, usize),
    ) {
        /// As many as a room has places for beside its members.
        const AT_ONCE: usize = 64;
        let mut all = None;
        // Numbers are not used twice, whatever the sample.
        let mut first = 0;
        group.bench_function(id, |b| {
            let (stage, told) = all.get_or_insert_with(|| self.runtime.block_on(self.set(&made)));
            b.iter_custom(|times| {
                self.runtime.block_on(async {
                    let (mut left, mut usec) = (times as usize, 0);
                    while left > 0 {
                        let count = left.min(AT_ONCE);
                        told.reset().await;
                        each(first..first + count, |n| act(stage, n)).await;
                        usec += told.command(by).await.1;
                        each(first..first + count, |n| undo(stage, n)).await;
                        (first, left) = (first + count, left - count);
                    }
                    Duration::from_micros(usec)
                })
            });
        });
    }

    async fn set<S>(&self, made: &impl AsyncFn(Node) -> S) -> (S, Told) {
        let prefix = format!("{:x}", chat_testing::random());
        let node = Node::new(&self.server, &prefix, StoreOptions::default()).await;
        (made(node).await, Told::by(&self.server).await)
    }
}

async fn nothing<S>(_: &S, _: usize) {}

/// A room with members of these numbers.
async fn crowded(node: &Node, members: usize) -> RoomId {
    let capacity = u32::try_from(members + 100).unwrap_or(u32::MAX).max(1_000);
    let presence = if capacity > 1_000 { Presence::Count } else { Presence::Log };
    let policy = RoomPolicy { capacity, presence, ..RoomPolicy::open_room() };
    let room = node.open_with("room", RoomKind::Public, policy).await;
    each(0..scale(members).min(members), |n| node.come(&room, n)).await;
    room
}

/// Members have numbers below.
const COMERS: usize = 1_000_000;

fn append(c: &mut Criterion) {
    let stage = Stage::new();
    let say = async |(node, room): &(Node, RoomId), n| node.say(room, 0, n as u128).await;
    let mut group = c.benchmark_group("redis CPU: append, by members");
    for members in [1, 100, 900] {
        let made = async |node: Node| {
            let room = crowded(&node, members).await;
            (node, room)
        };
        let id = BenchmarkId::from_parameter(members);
        stage.bench(&mut group, id, STEP, made, &say, &nothing);
    }
    group.finish();

    let mut group = c.benchmark_group("redis CPU: append, by length of the log");
    for kept in [0, 500, 10_000] {
        let made = async |node: Node| {
            let room = talked(&node, kept).await;
            (node, room)
        };
        stage.bench(&mut group, BenchmarkId::from_parameter(kept), STEP, made, &say, &nothing);
    }
    group.finish();

    let mut group = c.benchmark_group("redis CPU: append, one of 20,000 rooms");
    for hot in [true, false] {
        let made = async |node: Node| {
            let count = scale(20_000);
            each(0..count, async |n| {
                let room = node.open(&format!("room-{n}"), RoomKind::Public).await;
                node.come(&room, 0).await;
                node.say(&room, 0, n as u128).await;
            })
            .await;
            (node, count)
        };
        let say = async |(node, count): &(Node, usize), n| {
            let room = Bare::room(&format!("room-{}", if hot { 0 } else { scatter(n) % count }));
            node.say(&room, 0, (1 << 64) | n as u128).await;
        };
        let id = BenchmarkId::from_parameter(if hot { "hot" } else { "cold" });
        stage.bench(&mut group, id, STEP, made, &say, &nothing);
    }
    group.finish();
}

/// A room with one member, which only counts, with so much said in it.
async fn talked(node: &Node, messages: usize) -> RoomId {
    let history = u32::try_from(messages).unwrap_or(u32::MAX);
    let policy = RoomPolicy { history, presence: Presence::Count, ..RoomPolicy::open_room() };
    let room = node.open_with("room", RoomKind::Public, policy).await;
    node.come(&room, 0).await;
    each(0..scale(messages).min(messages), |n| node.say(&room, 0, (1 << 64) | n as u128)).await;
    room
}

/// Coming with a snapshot of 50 messages and at most 200 members, and going.
fn visit(c: &mut Criterion) {
    let stage = Stage::new();
    let come = async |(node, room): &(Node, RoomId), n| node.come(room, COMERS + n % 64).await;
    let go = async |(node, room): &(Node, RoomId), n| node.go(room, COMERS + n % 64).await;
    let made = async |node: Node, members| {
        let room = crowded(&node, members).await;
        each(0..50, |n| node.say(&room, 0, n as u128)).await;
        // Until no more comings and goings are kept: all of them are in a snapshot.
        for n in 0..scale(150) {
            node.come(&room, COMERS + n % 64).await;
            node.go(&room, COMERS + n % 64).await;
        }
        (node, room)
    };
    let mut group = c.benchmark_group("redis CPU: enter with its snapshot, by members");
    for members in [1, 10, 200, 900] {
        let made = async |node| made(node, members).await;
        stage.bench(&mut group, BenchmarkId::from_parameter(members), READ, made, &come, &go);
    }
    group.finish();

    let mut group = c.benchmark_group("redis CPU: leave, by members");
    for members in [1, 900, 20_000] {
        let made = async |node| {
            let (node, room) = made(node, members).await;
            each(0..64, |n| node.come(&room, COMERS + n)).await;
            (node, room)
        };
        stage.bench(&mut group, BenchmarkId::from_parameter(members), STEP, made, &go, &come);
    }
    group.finish();
}

/// Reading a log of 10,000: what was missed, and pages.
fn read(c: &mut Criterion) {
    let stage = Stage::new();
    let made = async |node: Node| {
        let room = talked(&node, 10_000).await;
        (node, room)
    };
    let mut group = c.benchmark_group("redis CPU: resume, by what was missed");
    for missed in [0, 10, 100, 1_000] {
        let made = async |node: Node| {
            let (node, room) = made(node).await;
            let cursor = behind(&node, &room, missed).await;
            (node, room, cursor)
        };
        let resume = async |(node, room, cursor): &(Node, RoomId, Cursor), _| {
            assert!(node.backend.rooms.resume(room, *cursor, 1_000).await.is_ok());
        };
        stage.bench(&mut group, BenchmarkId::from_parameter(missed), READ, made, &resume, &nothing);
    }
    group.finish();

    let mut group = c.benchmark_group("redis CPU: history of 10,000");
    let middle = HistoryPage::Before { n: scale(10_000) as u64 / 2, limit: 50 };
    for (name, page) in [
        ("newest 10", HistoryPage::Newest { limit: 10 }),
        ("newest 50", HistoryPage::Newest { limit: 50 }),
        ("newest 200", HistoryPage::Newest { limit: 200 }),
        ("50 in the middle", middle),
    ] {
        let page = async |(node, room): &(Node, RoomId), _| {
            assert!(node.backend.rooms.history(room, page).await.is_ok_and(|page| page.is_some()));
        };
        stage.bench(&mut group, BenchmarkId::from_parameter(name), READ, made, &page, &nothing);
    }
    group.finish();
}

/// The cursor of somebody who has read all but the last so many.
#[allow(clippy::expect_used, reason = "a bench that does not do what it measures has to stop")]
async fn behind(node: &Node, room: &RoomId, missed: u64) -> Cursor {
    let rooms = &node.backend.rooms;
    let heads = rooms.heads(std::slice::from_ref(room)).await.expect("the head");
    let head = heads.into_iter().flatten().next().expect("a head");
    let n = head.n.saturating_sub(missed);
    let page = rooms.history(room, HistoryPage::Before { n: n + 1, limit: 1 }).await;
    let page = page.expect("a page").expect("a room");
    let entry = page.entries.iter().find(|entry| entry.n == n);
    Cursor { epoch: head.epoch, n, at: entry.map(|entry| entry.at) }
}

/// 50 rooms of a list, merged from all shards, and 50 by their ids.
fn lists(c: &mut Criterion) {
    let stage = Stage::new();
    let sizes = [100, 10_000, 50_000];
    let made = async |node: Node, rooms| {
        let count = scale(rooms).min(rooms);
        each(0..count, async |n| {
            node.open(&format!("room-{n}"), RoomKind::Public).await;
        })
        .await;
        (node, count)
    };
    let mut group = c.benchmark_group("redis CPU: a list of 50, by rooms");
    for rooms in sizes {
        let made = async |node| made(node, rooms).await;
        let list = async |(node, _): &(Node, usize), _| {
            let page = node.backend.ranking.page(Order::Live, Page::first(50)).await;
            assert!(page.is_ok_and(|page| !page.rooms.is_empty()));
        };
        stage.bench(&mut group, BenchmarkId::from_parameter(rooms), READ, made, &list, &nothing);
    }
    group.finish();

    let mut group = c.benchmark_group("redis CPU: 50 rooms by id, by rooms");
    for rooms in sizes {
        let made = async |node| made(node, rooms).await;
        let get = async |(node, count): &(Node, usize), n: usize| {
            let id = |at| Bare::room(&format!("room-{}", scatter(n * 50 + at) % count));
            let ids: Vec<RoomId> = (0..50).map(id).collect();
            assert!(node.backend.rooms.get(&ids).await.is_ok_and(|found| found.len() == 50));
        };
        stage.bench(&mut group, BenchmarkId::from_parameter(rooms), READ, made, &get, &nothing);
    }
    group.finish();
}

/// Somebody begins to wait in a pool where many do, and gives it up.
fn wait(c: &mut Criterion) {
    let stage = Stage::new();
    let mut group = c.benchmark_group("redis CPU: submit, by waiting");
    for waiting in [10, 1_000, 20_000] {
        let made = async |node: Node| {
            // Each has tags that nobody else has.
            let mut seekers = Seekers::new(node.by, true);
            let mut all = || seekers.one_who_waits();
            let there: Vec<Request> = (0..scale(waiting).min(waiting)).map(|_| all()).collect();
            let comers: Vec<Request> = (0..64).map(|_| all()).collect();
            each(0..there.len(), |n| submit(&node, &there[n])).await;
            (node, comers)
        };
        let come = async |(node, comers): &(Node, Vec<Request>), n: usize| {
            submit(node, &comers[n % 64]).await;
        };
        let give_up = async |(node, comers): &(Node, Vec<Request>), n: usize| {
            let Request { pool, user, session, .. } = &comers[n % 64];
            assert!(node.backend.matching.withdraw(node.by, pool, user, *session).await.is_ok());
        };
        stage.bench(&mut group, BenchmarkId::from_parameter(waiting), STEP, made, &come, &give_up);
    }
    group.finish();
}

async fn submit(node: &Node, request: &Request) {
    assert!(node.backend.matching.submit(node.by, request.clone()).await.is_ok());
}

criterion_group! { name = benches; config = criterion(0.5); targets = append, visit, read, lists, wait }
criterion_main!(benches);
