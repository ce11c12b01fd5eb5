//! Coming and going: one join and one leave, together.

use chat_benches::{Bare, Stand, connect, criterion, now, scale};
use chat_core::{Join, RoomKind, RoomPolicy, RoomSpec};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// Through the engine, with a snapshot of everything a client shows: members (200 at the most), 50 messages.
fn engine(c: &mut Criterion) {
    let mut group = c.benchmark_group("join and leave");
    for (members, messages) in [(0, 0), (1, 0), (1, 50), (10, 50), (200, 50), (999, 50)] {
        let id = BenchmarkId::new(format!("room of {members}"), format!("{messages} messages"));
        group.bench_function(id, |b| {
            let stand = Stand::new(scale(members).min(members)).talked(messages);
            let comer = connect(&stand.engine, 1_000_000);
            b.iter(|| {
                now(comer.join(&stand.room));
                now(comer.leave(&stand.room));
            });
        });
    }
    group.bench_function("room of 10/nothing asked for", |b| {
        let stand = Stand::new(10).talked(50);
        let comer = connect(&stand.engine, 1_000_000);
        b.iter(|| {
            now(comer.join_with(Join::room(&stand.room).recent(0)));
            now(comer.leave(&stand.room));
        });
    });
    group.finish();
}

/// A whole connection: connecting, joining, being lost, and joining again within the grace.
fn refresh(c: &mut Criterion) {
    c.bench_function("refresh: lost, connected, joined", |b| {
        let stand = Stand::new(10).talked(50);
        let mut comer = connect(&stand.engine, 1_000_000);
        now(comer.join(&stand.room));
        b.iter(|| {
            // The old session's drop is the loss.
            comer = connect(&stand.engine, 1_000_000);
            now(comer.join(&stand.room));
        });
    });
}

/// The store's part, in a room of this many, where neither talk nor members are asked for.
fn store(c: &mut Criterion) {
    let mut group = c.benchmark_group("enter and leave the store");
    for kind in [RoomKind::Public, RoomKind::Private] {
        for members in [0, 10, 999, 99_999] {
            let id = BenchmarkId::new(kind.as_str(), members);
            group.bench_function(id, |b| {
                let capacity = members + 1;
                let spec = RoomPolicy::open_room();
                let presence =
                    if capacity > 1_000 { chat_core::Presence::Count } else { spec.presence };
                let policy = RoomPolicy { capacity: capacity.max(1_000), presence, ..spec };
                let bare = Bare::new();
                let room = bare.open("room", kind, policy);
                let (presence, by) = (&bare.backend.presence, bare.by);
                for user in 0..scale(members as usize).min(members as usize) {
                    now(presence.enter(by, bare.enter(&room, user)));
                }
                let comer = bare.enter(&room, 1_000_000);
                b.iter(|| {
                    now(presence.enter(by, comer.clone()));
                    now(presence.leave(by, &room, comer.session));
                });
            });
        }
    }
    group.finish();
}

/// Rooms of a site's own objects: the first one opens it, in the same step.
fn join_or_open(c: &mut Criterion) {
    c.bench_function("join or open, and leave", |b| {
        let stand = Stand::new(1);
        let comer = connect(&stand.engine, 1_000_000);
        let spec = RoomSpec::public("A film").with_id("film-496243");
        b.iter(|| {
            let snapshot = now(comer.join_or_open(spec.clone()));
            now(comer.leave(snapshot.id()));
        });
    });
}

criterion_group! { name = benches; config = criterion(0.5); targets = engine, refresh, store, join_or_open }
criterion_main!(benches);
