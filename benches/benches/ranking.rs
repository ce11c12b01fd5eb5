//! Lists of rooms: what a change of rank costs among many rooms, and what a page does.
//!
//! A change of rank is part of the step that causes it and cannot be had alone. So the same step is measured in public
//! rooms and in private ones, which are in no list: the difference is the lists' part.

use std::time::Duration;

use chat_benches::{Bare, Span, criterion, now, scale, scatter};
use chat_core::store::{Say, Speaker};
use chat_core::{Body, Order, Page, RoomId, RoomKind, RoomPolicy};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// Rooms with 0 to 2 users each, in a random order.
struct Rooms {
    bare: Bare,
    rooms: Vec<RoomId>,
    next: usize,
}

impl Rooms {
    fn new(count: usize, kind: RoomKind) -> Self {
        let bare = Bare::new();
        let open = |n: usize| {
            bare.open(&format!("room-{:08x}", scatter(n)), kind, RoomPolicy::open_room())
        };
        let rooms: Vec<RoomId> = (0..count).map(open).collect();
        for (n, room) in rooms.iter().enumerate() {
            for user in 0..scatter(n) % 3 {
                now(bare.backend.presence.enter(bare.by, bare.enter(room, n * 3 + user)));
            }
        }
        Self { bare, rooms, next: 0 }
    }

    /// Another room each time, from all over the place.
    fn any(&mut self) -> RoomId {
        self.next += 1;
        self.rooms[scatter(self.next) % self.rooms.len()].clone()
    }

    /// Somebody comes and goes: two changes of `live`, and one of `visitors`.
    fn visits(&mut self, times: u64) -> Duration {
        let mut span = Span::default();
        for n in 0..times {
            let room = self.any();
            let (presence, by) = (&self.bare.backend.presence, self.bare.by);
            let comer = self.bare.enter(&room, 10_000_000 + (n % 64) as usize);
            let session = comer.session;
            span.add(|| {
                now(presence.enter(by, comer));
                now(presence.leave(by, &room, session));
            });
        }
        span.total()
    }

    /// The site says something: one change of `active`.
    fn says(&mut self, times: u64) -> Duration {
        let (mut span, body) = (Span::default(), Body::text("something"));
        for attempt in 0..times {
            let (room, body) = (self.any(), body.clone());
            let attempt = u128::from(attempt).into();
            let say = Say { room, epoch: None, author: Speaker::System, body, key: None, attempt };
            span.add(|| now(self.bare.backend.rooms.append(self.bare.by, say)));
        }
        span.total()
    }
}

fn changes(c: &mut Criterion) {
    let sizes = [100, 100_000, 1_000_000];
    let mut group = c.benchmark_group("rank");
    for count in sizes.map(|count| scale(count).min(count)) {
        for kind in [RoomKind::Public, RoomKind::Private] {
            let mut rooms = None;
            let id = |what: &str| BenchmarkId::new(format!("{what}, {}", kind.as_str()), count);
            let made = || Rooms::new(count, kind);
            group.bench_function(id("come and go"), |b| {
                b.iter_custom(|times| rooms.get_or_insert_with(made).visits(times));
            });
            group.bench_function(id("say"), |b| {
                b.iter_custom(|times| rooms.get_or_insert_with(made).says(times));
            });
        }
    }
    group.finish();
}

fn pages(c: &mut Criterion) {
    let mut group = c.benchmark_group("page of 50");
    let mut rooms = None;
    for offset in [0, 950] {
        group.bench_function(BenchmarkId::new("from", offset), |b| {
            let made = || Rooms::new(scale(100_000), RoomKind::Public);
            let ranking = &rooms.get_or_insert_with(made).bare.backend.ranking;
            b.iter(|| now(ranking.page(Order::Live, Page::first(50).from(offset))));
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = criterion(0.3); targets = changes, pages }
criterion_main!(benches);
