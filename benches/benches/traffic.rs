//! What resembles use: very many rooms of few, a few rooms of many, a mixture of everything; one room again and again, so
//! that it lies in the caches (*hot*), or each time another one that was not touched for long (*cold*).
//!
//! The other benches take one operation in one room, which is always hot. What is beyond theirs here is waiting for memory.

use std::task::Waker;
use std::time::Duration;

use chat_benches::{Span, Stand, connect, criterion, now, read_all, scale, scatter};
use chat_core::{Body, Engine, Event, HistoryPage, Order, Page, RoomId, RoomSpec, Session};
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};

const TEXT: &str = "something of an ordinary length";

/// Rooms, each with as many sessions, all of other users.
struct Site {
    engine: Engine,
    rooms: Vec<RoomId>,
    /// Those of a room lie together.
    sessions: Vec<Session>,
    room_of: usize,
    turn: usize,
    events: Vec<Event>,
}

impl Site {
    fn new(rooms: usize, room_of: usize) -> Self {
        let engine = Stand::new(0).engine;
        let open = |n: usize| {
            let spec = RoomSpec::public("A room with a title");
            now(engine.open(spec.with_id(format!("room-{:08x}", scatter(n))).with_history(50))).id
        };
        let rooms = (0..rooms).map(open).collect();
        let (sessions, events) = (Vec::new(), Vec::new());
        let mut site = Self { engine, rooms, sessions, room_of, turn: 0, events };
        for room in 0..site.rooms.len() {
            for member in 0..room_of {
                let session = connect(&site.engine, room * room_of + member);
                now(session.join(&site.rooms[room]));
                site.sessions.push(session);
                // Before there is more news of those who came than is kept for anybody.
                if member % 100 == 99 {
                    site.read(room);
                }
            }
            site.read(room);
        }
        site
    }

    /// All who are in this room by now read everything there is.
    fn read(&mut self, room: usize) {
        let first = room * self.room_of;
        let last = self.sessions.len().min(first + self.room_of);
        for session in &mut self.sessions[first..last] {
            read_all(session, Waker::noop(), &mut self.events);
        }
    }

    /// Somebody says something there, and all others read it.
    fn talk(&mut self, room: usize) {
        let speaker = &self.sessions[room * self.room_of];
        now(speaker.say(&self.rooms[room], Body::text(TEXT)));
        self.read(room);
    }

    /// The next room, from all over the place.
    fn any(&mut self) -> usize {
        self.turn += 1;
        scatter(self.turn) % self.rooms.len()
    }

    /// Of ten times, nine times one of a hundred rooms: where most people are there is most talk.
    fn popular(&mut self) -> usize {
        let room = self.any();
        if self.turn.is_multiple_of(10) { room } else { room % 100.min(self.rooms.len()) }
    }
}

const FEW_OF_MANY: (usize, usize) = (10, 1_000);
const MANY_OF_FEW: (usize, usize) = (25_000, 4);

fn site((rooms, room_of): (usize, usize)) -> Site {
    Site::new(scale(rooms).min(rooms), scale(room_of).min(room_of))
}

/// A message from the `say` until everybody in the room has read it; the rate is that of deliveries.
fn talk(c: &mut Criterion) {
    let mut group = c.benchmark_group("talk: said, and read by all");
    let mut many = None;
    let each = |group: &mut BenchmarkGroup<'_, WallTime>, of: (usize, usize)| {
        group.throughput(Throughput::Elements(scale(of.1).min(of.1) as u64));
    };
    each(&mut group, MANY_OF_FEW);
    group.bench_function(BenchmarkId::new("25,000 rooms of 4", "hot"), |b| {
        let site = many.get_or_insert_with(|| site(MANY_OF_FEW));
        b.iter(|| site.talk(0));
    });
    group.bench_function(BenchmarkId::new("25,000 rooms of 4", "cold"), |b| {
        let site = many.get_or_insert_with(|| site(MANY_OF_FEW));
        b.iter(|| {
            let room = site.any();
            site.talk(room);
        });
    });
    each(&mut group, FEW_OF_MANY);
    let mut few = None;
    group.bench_function(BenchmarkId::new("10 rooms of 1,000", "in turn"), |b| {
        let site = few.get_or_insert_with(|| site(FEW_OF_MANY));
        b.iter(|| {
            let room = site.any();
            site.talk(room);
        });
    });
    group.finish();
}

/// Somebody comes to a room of four, is shown what was said there, and goes.
fn visit(c: &mut Criterion) {
    let mut group = c.benchmark_group("visit: join and leave");
    let mut all = None;
    for hot in [true, false] {
        let name = if hot { "hot" } else { "cold" };
        group.bench_function(BenchmarkId::new("25,000 rooms of 4", name), |b| {
            let (site, comer) = all.get_or_insert_with(|| {
                let site = site(MANY_OF_FEW);
                let comer = connect(&site.engine, 1_000_000);
                (site, comer)
            });
            b.iter_custom(|times| {
                let mut span = Span::default();
                for _ in 0..times {
                    let room = if hot { 0 } else { site.any() };
                    span.add(|| {
                        now(comer.join(&site.rooms[room]));
                        now(comer.leave(&site.rooms[room]));
                    });
                    site.read(room);
                }
                span.total()
            });
        });
    }
    group.finish();
}

/// Everything that goes on at a site, a hundred steps: 80 times something is said and read by all, 10 times somebody
/// comes and goes, 5 times a list is looked at, 5 times somebody reads what was said before.
fn mixture(c: &mut Criterion) {
    let mut group = c.benchmark_group("a mixture");
    group.throughput(Throughput::Elements(1));
    let mut all = None;
    group.bench_function("10,000 rooms of 10, most in 100 of them", |b| {
        let (site, comer) = all.get_or_insert_with(|| {
            let site = site((10_000, 10));
            let comer = connect(&site.engine, 1_000_000);
            (site, comer)
        });
        b.iter_custom(|times| steps(site, comer, times));
    });
    group.finish();
}

fn steps(site: &mut Site, comer: &Session, times: u64) -> Duration {
    let mut span = Span::default();
    for step in 0..times {
        let room = site.popular();
        span.add(|| match step % 20 {
            0..16 => site.talk(room),
            16 | 17 => {
                now(comer.join(&site.rooms[room]));
                now(comer.leave(&site.rooms[room]));
            }
            18 => drop(now(site.engine.rooms(Order::Live, Page::first(50)))),
            _ => {
                let page = HistoryPage::Newest { limit: 50 };
                drop(now(site.engine.history(&site.rooms[room], page)));
            }
        });
        site.read(room);
    }
    span.total()
}

criterion_group! { name = benches; config = criterion(0.5); targets = talk, visit, mixture }
criterion_main!(benches);
