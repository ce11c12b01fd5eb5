//! Looking for a partner: how long one step takes at the worst. A step holds the pool's lock, so everybody else who
//! seeks waits for it.
//!
//! Each step is timed by itself; the two looks at the clock cost about 50 ns, which are part of the figures.

use std::time::Duration;

use chat_benches::{Crowd, Program, Table, Watch, scale};

fn main() {
    let program = Program::from_args();
    program.part("matching: delay of one join", || {
        let mut table =
            Table::new(&["waiting", "", "joins", "p50", "p90", "p99", "p99.9", "longest"]);
        for (size, strict) in [(1_000, true), (100_000, true), (100_000, false), (900_000, true)] {
            let size = scale(size).min(size);
            let mut took = joins(&mut Crowd::new(size, strict), scale(500_000));
            took.sort_unstable();
            let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
            let kind = if strict { "strict" } else { "with timers" };
            let cells = [0.5, 0.9, 0.99, 0.999, 1.0].map(at).map(micros);
            for (share, name) in [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9")] {
                let name = format!("one seeker's delay, {size} waiting, {kind}: {name}");
                table.reading(name, at(share).as_nanos() as f64, "ns");
            }
            let [p50, p90, p99, p999, longest] = &cells;
            table.row(&[&size, &kind, &took.len(), p50, p90, p99, p999, longest]);
        }
        table
    });
    program.part("matching: delay while the pool grows", || {
        let mut table = Table::new(&["from", "to", "longest"]);
        let (mut crowd, step) = (Crowd::new(0, true), scale(250_000));
        for round in 0..4 {
            let comers: Vec<_> = (0..step).map(|_| crowd.one_who_waits()).collect();
            let mut longest = Duration::ZERO;
            for comer in comers {
                let watch = Watch::start();
                let step = crowd.submit(comer);
                longest = longest.max(watch.elapsed());
                assert!(step.mail.is_empty(), "nobody has these tags");
            }
            let (from, to) = (round * step, (round + 1) * step);
            table.row(&[&from, &to, &micros(longest)]);
            let name = format!("one seeker's delay, longest while the pool grows to {to}");
            table.reading(name, longest.as_nanos() as f64, "ns");
        }
        table
    });
}

fn joins(crowd: &mut Crowd, count: usize) -> Vec<Duration> {
    let mut took = Vec::with_capacity(count);
    while took.len() < count {
        let mut mail = Vec::new();
        for comer in crowd.comers(256) {
            let watch = Watch::start();
            let step = crowd.submit(comer);
            took.push(watch.elapsed());
            mail.extend(step.mail);
        }
        crowd.part(&mail);
    }
    took
}

fn micros(time: Duration) -> String {
    format!("{:.2} µs", time.as_nanos() as f64 / 1_000.0)
}
