//! Reading: what one session's look at its rooms costs, once it was woken.

use std::task::{Poll, Waker};
use std::time::Duration;

use chat_benches::{Span, Stand, criterion, now, poll_once, scale};
use chat_core::{Author, Event, RoomSpec};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Each of the room's sessions is given what was said since its last look; the figure is for one session and one look.
fn drain(c: &mut Criterion) {
    let mut group = c.benchmark_group("drain");
    for (members, entries) in [(10, 1), (100, 1), (1_000, 1), (1_000, 10), (1_000, 100)] {
        let members = scale(members).min(members);
        let id = BenchmarkId::new(format!("of {members} sessions"), entries);
        group.throughput(Throughput::Elements(entries as u64));
        let mut stand = None;
        group.bench_function(id, |b| {
            let stand = stand.get_or_insert_with(|| Stand::new(members));
            b.iter_custom(|looks| {
                let rounds = looks.div_ceil(members as u64);
                let took = rounds_of(stand, entries, rounds);
                took.mul_f64(looks as f64 / (rounds * members as u64) as f64)
            });
        });
    }
    group.finish();
}

fn rounds_of(stand: &mut Stand, entries: usize, rounds: u64) -> Duration {
    let (mut span, mut events) = (Span::default(), Vec::<Event>::new());
    for _ in 0..rounds {
        for _ in 0..entries {
            now(stand.engine.post(&stand.room, "something", Author::System, None));
        }
        span.add(|| {
            for session in &mut stand.sessions {
                let polled = poll_once(session, Waker::noop(), &mut events);
                assert!(polled == Poll::Ready(true) && events.len() == entries);
                events.clear();
            }
        });
        // The look that finds nothing, and waits: no batch ends with it, so it is no part of one.
        stand.read_all(Waker::noop());
    }
    span.total()
}

/// A session in many rooms, one of which has something new: the others must not matter.
fn by_rooms(c: &mut Criterion) {
    let mut group = c.benchmark_group("drain, by rooms of the session");
    for rooms in [1, 8, 64] {
        let mut stand = None;
        group.bench_function(BenchmarkId::from_parameter(rooms), |b| {
            let stand = stand.get_or_insert_with(|| in_rooms(rooms));
            b.iter_custom(|looks| rounds_of(stand, 1, looks));
        });
    }
    group.finish();
}

fn in_rooms(rooms: usize) -> Stand {
    let mut stand = Stand::new(1);
    for n in 1..rooms {
        let spec = RoomSpec::public("another").with_id(format!("room-{n}"));
        now(stand.sessions[0].join_or_open(spec));
    }
    stand.read_all(Waker::noop());
    stand
}

criterion_group! { name = benches; config = criterion(0.3); targets = drain, by_rooms }
criterion_main!(benches);
