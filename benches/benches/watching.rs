//! Watching a list: a room's count changes, the engine looks at the list, finds the difference and marks all who watch.
//!
//! An engine looks four times a second at the most, whatever changes in between, and once for all who watch the same
//! rows: so this is what watching costs a node in a quarter of a second. A sweep is that look, and whatever else an idle engine does.

use std::task::{Poll, Waker};
use std::time::Duration;

use chat_benches::{Bare, Span, Stand, connect, criterion, now, poll_once, read_all, scale};
use chat_core::{Engine, Event, Order, RoomSpec, Session};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// A site with listed rooms, watchers of the fullest, and somebody who comes to one of these and goes.
struct Watched {
    engine: Engine,
    watchers: Vec<Session>,
    comer: Session,
    inside: bool,
}

impl Watched {
    fn new(rooms: usize, watchers: usize, rows: u32) -> Self {
        let engine = Stand::new(0).engine;
        for n in 0..rooms {
            let spec = RoomSpec::public("A room with a title").with_id(format!("room-{n}"));
            now(engine.open(spec));
        }
        let comer = connect(&engine, 1_000_000);
        let watch = |user| {
            let session = connect(&engine, user);
            now(session.watch(Order::Live, rows));
            session
        };
        let watchers = (0..watchers).map(watch).collect();
        Self { engine, watchers, comer, inside: false }
    }

    /// The comer comes to the first room, or goes.
    fn change(&mut self) {
        let room = Bare::room("room-0");
        if self.inside {
            now(self.comer.leave(&room));
        } else {
            now(self.comer.join(&room));
        }
        self.inside = !self.inside;
        read_all(&mut self.comer, Waker::noop(), &mut Vec::new());
    }

    /// `read`: what is measured is the watchers' reading, not the look.
    fn looks(&mut self, times: u64, read: bool) -> Duration {
        let (mut look, mut reading, mut events) = (Span::default(), Span::default(), Vec::new());
        for _ in 0..times {
            self.change();
            look.add(|| {
                let swept = futures_util::FutureExt::now_or_never(self.engine.sweep());
                assert!(swept.is_some(), "the store in memory answers at once");
            });
            reading.add(|| {
                for watcher in &mut self.watchers {
                    let polled = poll_once(watcher, Waker::noop(), &mut events);
                    assert!(polled == Poll::Ready(true));
                    assert!(matches!(events[..], [Event::List(_)]), "one change");
                    events.clear();
                }
            });
            for watcher in &mut self.watchers {
                read_all(watcher, Waker::noop(), &mut events);
            }
        }
        if read { reading.total() } else { look.total() }
    }
}

/// The look, by rooms in the list, by rows that are watched, and by how many watch.
fn look(c: &mut Criterion) {
    let mut group = c.benchmark_group("look at a watched list");
    for (rooms, rows, watchers) in [
        (100, 50, 1),
        (100_000, 50, 1),
        (1_000, 10, 1),
        (1_000, 100, 1),
        (1_000, 50, 1_000),
        (1_000, 50, 10_000),
    ] {
        let id = BenchmarkId::new(format!("{rows} of {rooms} rooms"), format!("{watchers} watch"));
        let mut watched = None;
        group.bench_function(id, |b| {
            let watched = watched.get_or_insert_with(|| {
                Watched::new(scale(rooms).min(rooms), scale(watchers).min(watchers), rows)
            });
            b.iter_custom(|times| watched.looks(times, false));
        });
    }
    group.finish();
}

/// What one who watches is given: the difference, which is the same for all.
fn read(c: &mut Criterion) {
    let watchers = scale(1_000);
    let mut watched = None;
    c.bench_function("drain of a list's change, 1,000 watch", |b| {
        let watched = watched.get_or_insert_with(|| Watched::new(scale(1_000), watchers, 50));
        b.iter_custom(|times| {
            let rounds = times.div_ceil(watchers as u64);
            let took = watched.looks(rounds, true);
            took.mul_f64(times as f64 / (rounds * watchers as u64) as f64)
        });
    });
}

criterion_group! { name = benches; config = criterion(0.3); targets = look, read }
criterion_main!(benches);
