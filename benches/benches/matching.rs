//! Looking for a partner: how many can, in a second.

use std::task::Waker;

use chat_benches::{Bare, Crowd, Seekers, Span, Stand, connect, criterion, now, poll_once, scale};
use chat_core::Event;
use chat_core::store::{Mail, Withdrawn};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Who comes at a time; between two such crowds those who were paired part again.
const AT_ONCE: u64 = 256;

/// The rule by itself, in pools in which 1,000 to 1,000,000 wait: the size must not matter.
fn rule(c: &mut Criterion) {
    let mut group = c.benchmark_group("matching, the rule");
    group.throughput(Throughput::Elements(1));
    for (size, strict) in [(1_000, true), (100_000, true), (100_000, false), (1_000_000, true)] {
        let name = if strict { "strict" } else { "with timers" };
        let size = scale(size).min(size);
        let mut crowd = None;
        group.bench_function(BenchmarkId::new(name, size), |b| {
            let crowd = crowd.get_or_insert_with(|| Crowd::new(size, strict));
            b.iter_custom(|joins| {
                let mut span = Span::default();
                batches(joins, |count| {
                    let comers = crowd.comers(count);
                    let mut mail: Vec<Mail> = Vec::with_capacity(2 * count);
                    span.add(|| {
                        for comer in comers {
                            mail.append(&mut crowd.submit(comer).mail);
                        }
                    });
                    crowd.part(&mail);
                });
                span.total()
            });
        });
    }
    group.finish();
}

/// The store's step: the same, under its lock, with mail in the mailbox. Those who were paired withdraw.
fn store(c: &mut Criterion) {
    let mut group = c.benchmark_group("matching, in the store");
    group.throughput(Throughput::Elements(1));
    let size = scale(100_000);
    let mut all = None;
    group.bench_function(BenchmarkId::new("strict", size), |b| {
        let (bare, seekers) = all.get_or_insert_with(|| full_pool(size));
        let matching = &bare.backend.matching;
        b.iter_custom(|joins| {
            let mut span = Span::default();
            batches(joins, |count| {
                let comers = seekers.comers(count);
                span.add(|| {
                    for comer in comers {
                        now(matching.submit(bare.by, comer));
                    }
                });
                for news in now(matching.mail(bare.by)) {
                    if let Mail::Proposed { pool, session, user, .. } = news {
                        let gone = now(matching.withdraw(bare.by, &pool, &user, session));
                        assert_eq!(gone, Withdrawn::Withdrawn);
                    }
                }
            });
            span.total()
        });
    });
    group.finish();
}

fn full_pool(size: usize) -> (Bare, Seekers) {
    let bare = Bare::new();
    let mut seekers = Seekers::new(bare.by, true);
    for _ in 0..size {
        now(bare.backend.matching.submit(bare.by, seekers.one_who_waits()));
    }
    (bare, seekers)
}

/// Everything that a pair costs: two seek, both are told and in their room, one leaves, so that it ends for both.
fn pair(c: &mut Criterion) {
    // Nobody meets one of their last two partners again.
    const WHO: [[usize; 2]; 6] = [[0, 1], [2, 3], [0, 2], [1, 3], [0, 3], [1, 2]];
    c.bench_function("a pair: seek, meet, leave", |b| {
        let engine = Stand::new(0).engine;
        let mut all: Vec<_> = (0..4).map(|n| connect(&engine, n)).collect();
        let (mut events, mut turns) = (Vec::new(), WHO.iter().cycle());
        b.iter(|| {
            let Some([one, two]) = turns.next() else { return };
            now(all[*one].seek("random", &[]));
            now(all[*two].seek("random", &[]));
            let rooms = [one, two].map(|who| {
                let _ = poll_once(&mut all[*who], Waker::noop(), &mut events);
                events.drain(..).find_map(|event| match event {
                    Event::Matched(matched) => Some(matched.room().clone()),
                    _ => None,
                })
            });
            assert!(rooms[0].is_some() && rooms[0] == rooms[1], "they met");
            if let [Some(room), _] = &rooms {
                now(all[*one].leave(room));
            }
        });
    });
}

fn batches(all: u64, mut run: impl FnMut(usize)) {
    let mut left = all;
    while left > 0 {
        let now = left.min(AT_ONCE);
        run(now as usize);
        left -= now;
    }
}

criterion_group! { name = benches; config = criterion(0.3); targets = rule, store, pair }
criterion_main!(benches);
