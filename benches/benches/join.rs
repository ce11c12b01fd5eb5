//! Coming and going: one join and one leave, together.

use chat_benches::{Bare, Stand, connect, criterion, now, scale};
use chat_core::{Join, Presence, RoomId, RoomKind, RoomPolicy, RoomSpec, Session};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// Through the engine, with a snapshot of everything a client shows: members (200 at the most), 50 messages.
fn engine(c: &mut Criterion) {
    let mut group = c.benchmark_group("join and leave");
    for (members, messages) in [(0, 0), (10, 50), (200, 50), (999, 50)] {
        let id = BenchmarkId::new(format!("room of {members}"), format!("{messages} messages"));
        let mut all = None;
        group.bench_function(id, |b| {
            let made = || with_comer(scale(members).min(members), messages);
            let (stand, comer) = all.get_or_insert_with(made);
            b.iter(|| {
                now(comer.join(&stand.room));
                now(comer.leave(&stand.room));
            });
        });
    }
    group.bench_function("room of 10/nothing asked for", |b| {
        let (stand, comer) = with_comer(10, 50);
        b.iter(|| {
            now(comer.join_with(Join::room(&stand.room).recent(0)));
            now(comer.leave(&stand.room));
        });
    });
    group.finish();
}

/// A room, and somebody who comes and goes.
fn with_comer(members: usize, messages: usize) -> (Stand, Session) {
    let stand = Stand::new(members).talked(messages);
    let comer = connect(&stand.engine, 1_000_000);
    (stand, comer)
}

/// A whole connection: connecting, joining, being lost, and joining again within the grace.
fn refresh(c: &mut Criterion) {
    c.bench_function("refresh: lost, connected, joined", |b| {
        let (stand, mut comer) = with_comer(10, 50);
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
        for members in [0, 999, 99_999] {
            let id = BenchmarkId::new(kind.as_str(), members);
            let mut all = None;
            group.bench_function(id, |b| {
                let (bare, room) = all.get_or_insert_with(|| full_room(kind, members));
                let comer = bare.enter(room, 1_000_000);
                b.iter(|| {
                    now(bare.backend.presence.enter(bare.by, comer.clone()));
                    now(bare.backend.presence.leave(bare.by, room, comer.session));
                });
            });
        }
    }
    group.finish();
}

fn full_room(kind: RoomKind, members: usize) -> (Bare, RoomId) {
    let capacity = u32::try_from(members + 1).unwrap_or(u32::MAX).max(1_000);
    let presence = if capacity > 1_000 { Presence::Count } else { Presence::Log };
    let bare = Bare::new();
    let policy = RoomPolicy { capacity, presence, ..RoomPolicy::open_room() };
    let room = bare.open("room", kind, policy);
    for user in 0..scale(members).min(members) {
        now(bare.backend.presence.enter(bare.by, bare.enter(&room, user)));
    }
    (bare, room)
}

/// Rooms of a site's own objects: the first one opens it, in the same step.
fn join_or_open(c: &mut Criterion) {
    c.bench_function("join or open, and leave", |b| {
        let (_stand, comer) = with_comer(1, 0);
        let spec = RoomSpec::public("A film").with_id("film-496243");
        b.iter(|| {
            let snapshot = now(comer.join_or_open(spec.clone()));
            now(comer.leave(snapshot.id()));
        });
    });
}

criterion_group! { name = benches; config = criterion(0.5); targets = engine, refresh, store, join_or_open }
criterion_main!(benches);
