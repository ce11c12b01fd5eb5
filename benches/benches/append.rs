//! Saying something in a room: writing it to the log, and marking a cursor for each session that reads there.
//!
//! The sessions read between two messages, outside of what is measured. Their wakers are
//! - *noop*: nobody is woken, which leaves the engine's own part;
//! - *tokio*: each session is a task of tokio's, and being woken puts it into the run queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Duration;

use chat_benches::{Bare, Span, Stand, criterion, now, scale};
use chat_core::store::{Appended, Say, Speaker};
use chat_core::{Body, RoomKind, RoomPolicy, RoomSpec, Session};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const TEXT: &str = "something of an ordinary length";

/// In a room of 10 to 10,000 (a room that only counts, beyond 1,000): what one message costs there.
fn by_members(c: &mut Criterion) {
    let mut group = c.benchmark_group("append and mark");
    for members in [1, 10, 100, 1_000, 10_000] {
        let capacity = u32::try_from(members).unwrap_or(u32::MAX).max(1_000);
        let spec = || RoomSpec::public("room").with_capacity(capacity);
        let members = scale(members).min(members);
        // Made when it is measured, and once for all samples; here and in the other benches.
        let mut stand = None;
        group.bench_function(BenchmarkId::new("noop", members), |b| {
            let stand = stand.get_or_insert_with(|| Stand::with(members, spec()));
            b.iter_custom(|times| messages(stand, times));
        });
        let mut tasks = None;
        group.bench_function(BenchmarkId::new("tokio", members), |b| {
            let tasks = tasks.get_or_insert_with(|| in_tasks(Stand::with(members, spec())));
            b.iter_custom(tasks);
        });
    }
    group.finish();
}

/// In a room of ten whose log is empty, or full: it must not matter.
fn by_log(c: &mut Criterion) {
    let mut group = c.benchmark_group("append, by length of the log");
    for kept in [0, 500, 10_000] {
        let history = u32::try_from(kept).unwrap_or(u32::MAX);
        let mut stand = None;
        group.bench_function(BenchmarkId::from_parameter(kept), |b| {
            let spec = || RoomSpec::public("room").with_history(history);
            let made = || Stand::with(10, spec()).talked(scale(kept).min(kept));
            let stand = stand.get_or_insert_with(made);
            b.iter_custom(|times| messages(stand, times));
        });
    }
    group.finish();
}

/// The store's part alone: nobody reads.
fn by_store(c: &mut Criterion) {
    c.bench_function("append to the store", |b| {
        let bare = Bare::new();
        let room = bare.open("room", RoomKind::Public, RoomPolicy::open_room());
        now(bare.backend.presence.enter(bare.by, bare.enter(&room, 1)));
        let (body, mut attempt) = (Body::text(TEXT), 0);
        b.iter(|| {
            attempt += 1;
            let author = Speaker::Session { session: bare.session(1), user: Bare::user(1) };
            let (room, body) = (room.clone(), body.clone());
            let say =
                Say { room, epoch: None, author, body, key: None, attempt: u128::into(attempt) };
            let appended = now(bare.backend.rooms.append(bare.by, say));
            assert!(matches!(appended, Appended::Written(_)));
        });
    });
}

fn messages(stand: &mut Stand, times: u64) -> Duration {
    let (body, mut span) = (Body::text(TEXT), Span::default());
    for _ in 0..times {
        span.add(|| now(stand.sessions[0].say(&stand.room, body.clone())));
        stand.read_all(Waker::noop());
    }
    span.total()
}

/// Puts each session but the one that speaks into a task, and returns what measures messages to them.
fn in_tasks(mut stand: Stand) -> impl FnMut(u64) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    #[allow(clippy::expect_used, reason = "without a runtime there is nothing to measure")]
    let runtime = runtime.expect("a runtime");
    let (heard, body) = (Arc::new(AtomicUsize::new(0)), Body::text(TEXT));
    let speaker = stand.sessions.swap_remove(0);
    let listeners = stand.sessions.len();
    for session in stand.sessions.drain(..) {
        runtime.spawn(listen(session, Arc::clone(&heard)));
    }
    move |times| {
        runtime.block_on(async {
            let mut span = Span::default();
            for _ in 0..times {
                // Everybody has read and waits.
                tokio::task::yield_now().await;
                heard.store(0, Ordering::Relaxed);
                span.add(|| now(speaker.say(&stand.room, body.clone())));
                while heard.load(Ordering::Relaxed) < listeners {
                    tokio::task::yield_now().await;
                }
            }
            span.total()
        })
    }
}

async fn listen(mut session: Session, heard: Arc<AtomicUsize>) {
    let mut events = Vec::new();
    while session.next_batch(&mut events).await {
        heard.fetch_add(events.len(), Ordering::Relaxed);
        events.clear();
    }
}

criterion_group! { name = benches; config = criterion(0.3); targets = by_members, by_log, by_store }
criterion_main!(benches);
