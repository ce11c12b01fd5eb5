//! Reading what is there: what was missed, what was said before, who is in a room, rooms by their ids.

use chat_benches::{Bare, Stand, connect, criterion, now, scale, scatter};
use chat_core::{Cursor, HistoryPage, Presence, RoomId, RoomKind, RoomPolicy, RoomSpec, Session};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// A room that only counts who comes, so that what was missed is what was said; somebody who is not in it.
fn room_with_log(messages: usize) -> (Stand, Session) {
    let history = u32::try_from(messages).unwrap_or(u32::MAX);
    let spec = RoomSpec::public("room").with_presence(Presence::Count).with_history(history);
    let stand = Stand::with(1, spec).talked(messages);
    let comer = connect(&stand.engine, 1_000_000);
    (stand, comer)
}

/// The cursor of somebody who has read all but the last `missed`.
fn behind(stand: &Stand, missed: u64) -> Cursor {
    let page = now(stand.engine.history(&stand.room, HistoryPage::Newest { limit: 1 }));
    let head = page.entries.first().map_or(1, |entry| entry.n);
    let n = head.saturating_sub(missed);
    let page = HistoryPage::Before { n: n + 1, limit: 1 };
    let page = now(stand.engine.history(&stand.room, page));
    let entry = page.entries.iter().find(|entry| entry.n == n);
    Cursor { epoch: page.epoch, n, at: entry.map(|entry| entry.at) }
}

/// Coming back with a cursor (and going again), by what was missed and by what the log keeps beside it.
fn resume(c: &mut Criterion) {
    let mut group = c.benchmark_group("resume, and leave");
    for (kept, missed) in
        [(1_000, 0), (1_000, 1), (1_000, 10), (1_000, 100), (1_000, 900), (10_000, 10)]
    {
        let id = BenchmarkId::new(format!("{missed} missed"), format!("{kept} kept"));
        let mut all = None;
        group.bench_function(id, |b| {
            let (stand, comer, cursor, missed) = all.get_or_insert_with(|| {
                let kept = scale(kept).min(kept);
                let (stand, comer) = room_with_log(kept);
                let missed = missed.min(kept as u64 - 1);
                let cursor = behind(&stand, missed);
                (stand, comer, cursor, missed)
            });
            b.iter(|| {
                let snapshot = now(comer.join_since(&stand.room, *cursor));
                assert_eq!(snapshot.entries.len() as u64, *missed);
                now(comer.leave(&stand.room));
            });
        });
    }
    group.finish();
}

/// A page of a log of 10,000: by its length and by where it is.
fn history(c: &mut Criterion) {
    let mut group = c.benchmark_group("history of 10,000");
    let kept = scale(10_000);
    let middle = HistoryPage::Before { n: kept as u64 / 2 + 2, limit: 50 };
    let mut all = None;
    for (name, page) in [
        ("newest 10", HistoryPage::Newest { limit: 10 }),
        ("newest 50", HistoryPage::Newest { limit: 50 }),
        ("newest 200", HistoryPage::Newest { limit: 200 }),
        ("50 in the middle", middle),
    ] {
        group.bench_function(name, |b| {
            let (stand, _) = all.get_or_insert_with(|| room_with_log(kept));
            b.iter(|| now(stand.engine.history(&stand.room, page)));
        });
    }
    group.finish();
}

/// 50 rooms by their ids, as a site shows them beside objects of its own: out of 100, all hot, and from all over 100,000.
fn rooms_by_id(c: &mut Criterion) {
    let mut group = c.benchmark_group("50 rooms by id");
    group.throughput(Throughput::Elements(50));
    for count in [100, 100_000] {
        let mut all = None;
        group.bench_function(BenchmarkId::new("of", count), |b| {
            let (stand, rooms) = all.get_or_insert_with(|| {
                let stand = Stand::new(0);
                let open = |n| {
                    let spec = RoomSpec::public("A room with a title");
                    now(stand.engine.open(spec.with_id(format!("room-{n}")))).id
                };
                let rooms: Vec<RoomId> = (0..scale(count).min(count)).map(open).collect();
                (stand, rooms)
            });
            let mut turn = 0;
            b.iter(|| {
                let ids: Vec<RoomId> =
                    (0..50).map(|n| rooms[scatter(turn + n) % rooms.len()].clone()).collect();
                turn += 50;
                now(stand.engine.rooms_by_id(&ids))
            });
        });
    }
    group.finish();
}

/// The first 200 members, and 200 from the middle, of rooms of 1,000 and 100,000.
fn members(c: &mut Criterion) {
    let mut group = c.benchmark_group("200 members");
    for count in [1_000, 100_000] {
        let mut all = None;
        for (name, from) in [("first", 0), ("from the middle", count / 2)] {
            group.bench_function(BenchmarkId::new(name, format!("of {count}")), |b| {
                let (bare, room) = all.get_or_insert_with(|| crowded(count));
                let after = Bare::user(from);
                b.iter(|| now(bare.backend.presence.members(room, Some(&after), 200)));
            });
        }
    }
    group.finish();
}

fn crowded(members: usize) -> (Bare, RoomId) {
    let (bare, capacity) = (Bare::new(), u32::try_from(members).unwrap_or(u32::MAX));
    let policy = RoomPolicy { capacity, presence: Presence::Count, ..RoomPolicy::open_room() };
    let room = bare.open("room", RoomKind::Public, policy);
    for user in 0..scale(members).min(members) {
        now(bare.backend.presence.enter(bare.by, bare.enter(&room, user)));
    }
    (bare, room)
}

criterion_group! { name = benches; config = criterion(0.5); targets = resume, history, rooms_by_id, members }
criterion_main!(benches);
