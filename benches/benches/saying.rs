//! Beside a plain message: one under a key, the same one again, and signals, which nobody keeps.

use std::task::Waker;

use chat_benches::{Span, Stand, criterion, now, scale};
use chat_core::{Body, Key, RoomSpec};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const TEXT: &str = "something of an ordinary length";

#[allow(clippy::expect_used, reason = "letters and digits")]
fn key(n: u64) -> Key {
    Key::new(&format!("key-{n:016x}")).expect("a key")
}

/// In a room of ten. `plain` is a message without a key; a key that is new is looked for and kept, by how many the room
/// remembers already; one that is known is answered with what was written then.
fn keys(c: &mut Criterion) {
    let mut group = c.benchmark_group("say, in a room of 10");
    let made = || Stand::with(10, RoomSpec::public("room").with_history(50)).talked(scale(50));
    let mut stand = made();
    let body = Body::text(TEXT);
    group.bench_function("plain", |b| {
        b.iter_custom(|times| {
            let mut span = Span::default();
            for _ in 0..times {
                span.add(|| now(stand.sessions[0].say(&stand.room, body.clone())));
                stand.read_all(Waker::noop());
            }
            span.total()
        });
    });
    for known in [0, 60_000] {
        let mut next = 0;
        let mut stand = None;
        group.bench_function(BenchmarkId::new("a new key", format!("{known} known")), |b| {
            let stand = stand.get_or_insert_with(|| {
                let mut stand = made();
                while next < scale(known).min(known) as u64 {
                    next += 1;
                    now(stand.sessions[0].say_once(&stand.room, body.clone(), &key(next)));
                    stand.read_all(Waker::noop());
                }
                stand
            });
            b.iter_custom(|times| {
                let mut span = Span::default();
                for _ in 0..times {
                    next += 1;
                    let key = key(next);
                    let said = span
                        .add(|| now(stand.sessions[0].say_once(&stand.room, body.clone(), &key)));
                    assert!(!said.duplicate);
                    stand.read_all(Waker::noop());
                }
                span.total()
            });
        });
    }
    group.bench_function("a known key", |b| {
        let key = key(0);
        now(stand.sessions[0].say_once(&stand.room, body.clone(), &key));
        stand.read_all(Waker::noop());
        b.iter(|| {
            let said = now(stand.sessions[0].say_once(&stand.room, body.clone(), &key));
            assert!(said.duplicate);
        });
    });
    group.finish();
}

/// A signal ("somebody is writing") to all others in the room, by how many these are.
fn signals(c: &mut Criterion) {
    let mut group = c.benchmark_group("signal");
    for members in [10, 100, 1_000] {
        let mut stand = None;
        group.bench_function(BenchmarkId::new("room of", members), |b| {
            let stand = stand.get_or_insert_with(|| Stand::new(scale(members).min(members)));
            let body = Body::text("writes");
            b.iter_custom(|times| {
                let mut span = Span::default();
                for _ in 0..times {
                    span.add(|| now(stand.sessions[0].signal(&stand.room, body.clone())));
                    stand.read_all(Waker::noop());
                }
                span.total()
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = criterion(0.3); targets = keys, signals }
criterion_main!(benches);
