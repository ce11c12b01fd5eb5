//! What ends with time: how late, when very many end.
//!
//! An engine with its background tasks, in real time and on one thread. An observer is given each room's last entry, which
//! carries the time of the end; what that is above the time at which it was due is how late it was. Meanwhile somebody
//! says something in another room every millisecond: how long that takes at the most is what the others feel of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chat_benches::{Program, Table, Watch, brief, connect, cpu_time, now, quick, scale, scatter};
use chat_core::{
    Clock, Engine, Observation, Observer, ObserverOptions, RoomId, RoomSpec, Session, Timestamp,
};
use tokio::sync::Notify;
use tokio::time::sleep;

/// How long opening a room may take, so that all are there before the first is due.
const TO_OPEN: Duration = Duration::from_micros(8);

fn main() {
    let program = Program::from_args();
    program.part("expiry: rooms that end at the same instant", || {
        let sizes: &[usize] = match (brief(), quick()) {
            (true, _) => &[1_000],
            (false, true) => &[1_000, 100_000],
            (false, false) => &[1_000, 100_000, 1_000_000],
        };
        table("at once", sizes.iter().map(|&rooms| Ends { rooms, beside: 0, over: Duration::ZERO }))
    });
    program.part("expiry: rooms that end one after the other, as a million in a minute do", || {
        let over = Duration::from_secs(if brief() { 1 } else { 12 });
        let (rooms, beside) = (scale(200_000), scale(800_000));
        table("one after the other", std::iter::once(Ends { rooms, beside, over }))
    });
}

/// What ends.
struct Ends {
    rooms: usize,
    /// Rooms that do not.
    beside: usize,
    /// In which time.
    over: Duration,
}

fn table(how: &str, all: impl Iterator<Item = Ends>) -> Table {
    let columns =
        ["rooms", "of", "within", "p50 late", "p99", "longest", "CPU each", "longest say"];
    let mut table = Table::new(&columns);
    for ends in all {
        let (mut late, cpu, say) = run(&ends);
        late.sort_unstable();
        let late_at = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
        let at = |share: f64| format!("{} ms", late_at(share));
        let (each, say) =
            (cpu.as_micros() as f64 / late.len() as f64, say.as_micros() as f64 / 1_000.0);
        let named = |what: &str| format!("{} rooms end {how}: {what}", ends.rooms);
        table.reading(named("late at the median"), late_at(0.5) as f64, "ms");
        table.reading(named("late at p99"), late_at(0.99) as f64, "ms");
        table.reading(named("late at the most"), late_at(1.0) as f64, "ms");
        table.reading(named("CPU of each"), each, "µs");
        table.reading(named("the longest say meanwhile"), say, "ms");
        let (each, say) = (format!("{each:.2} µs"), format!("{say:.2} ms"));
        let (of, within) = (ends.rooms + ends.beside, format!("{:?}", ends.over));
        table.row(&[&ends.rooms, &of, &within, &at(0.5), &at(0.99), &at(1.0), &each, &say]);
    }
    table
}

/// By how many milliseconds each room ended late, the CPU time of the whole process while they did, and the longest that
/// somebody waited for their own message meanwhile.
fn run(ends: &Ends) -> (Vec<u64>, Duration, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    #[allow(clippy::expect_used, reason = "without a runtime there is nothing to measure")]
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let (clock, seen) = (Clock::system(), Arc::new(Seen::default()));
        let engine = Engine::builder().with_clock(clock.clone());
        let options = ObserverOptions { queue: 4_000_000, ..ObserverOptions::default() };
        #[allow(clippy::expect_used, reason = "the default policies")]
        let engine =
            engine.with_observer(Watching(Arc::clone(&seen)), options).build().expect("an engine");
        let speaker = connect(&engine, 1);
        let spec = RoomSpec::public("Goes on").with_id("goes-on");
        now(speaker.join_or_open(spec));

        let count = u32::try_from(ends.rooms + ends.beside).unwrap_or(u32::MAX);
        let first = clock.now().after(Duration::from_millis(1_100) + TO_OPEN * count);
        open(&engine, &clock, ends, first).await;
        sleep(first.since(clock.now())).await;
        let before = cpu_time();
        let speaking = tokio::spawn(speak(speaker, Arc::clone(&seen)));
        while seen.count() < ends.rooms {
            seen.more.notified().await;
        }
        let cpu = cpu_time().saturating_sub(before);
        speaking.abort();
        engine.shutdown().await;
        (seen.late(first), cpu, Duration::from_nanos(seen.longest_say.load(Ordering::Relaxed)))
    })
}

/// Opens all rooms. By when each is due is part of its name: so long after `first`.
async fn open(engine: &Engine, clock: &Clock, ends: &Ends, first: Timestamp) {
    for n in 0..ends.rooms + ends.beside {
        let millis = u64::try_from(ends.over.as_millis()).unwrap_or(u64::MAX);
        let spec = if n < ends.rooms {
            let after = scatter(n) as u64 % millis.max(1);
            let due = first.after(Duration::from_millis(after));
            let spec = RoomSpec::public("Ends").with_id(format!("{after}-{n}"));
            spec.with_max_age(due.since(clock.now()))
        } else {
            RoomSpec::public("Does not").with_id(format!("beside-{n}"))
        };
        now(engine.open(spec));
        if n % 1_000 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Says something every millisecond, and notes how long it took from wanting to until it was written.
async fn speak(session: Session, seen: Arc<Seen>) {
    let room = RoomId::new("goes-on");
    while let Ok(room) = &room {
        sleep(Duration::from_millis(1)).await;
        let watch = Watch::start();
        // Behind whatever else wants to be done.
        tokio::task::yield_now().await;
        now(session.say(room, "something"));
        let took = u64::try_from(watch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        seen.longest_say.fetch_max(took, Ordering::Relaxed);
    }
}

/// What was seen.
#[derive(Debug, Default)]
struct Seen {
    /// Each room's last entry: so many milliseconds after the first one it was due, and then it ended.
    ends: Mutex<Vec<(u64, Timestamp)>>,
    more: Notify,
    /// In nanoseconds.
    longest_say: AtomicU64,
}

impl Seen {
    fn ends(&self) -> MutexGuard<'_, Vec<(u64, Timestamp)>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) -> usize {
        self.ends().len()
    }

    fn late(&self, first: Timestamp) -> Vec<u64> {
        let late = |&(after, at): &(u64, Timestamp)| at.0.saturating_sub(first.0 + after);
        self.ends().iter().map(late).collect()
    }
}

struct Watching(Arc<Seen>);

#[async_trait]
impl Observer for Watching {
    async fn observe(&self, batch: Vec<Observation>, dropped: u64) {
        assert_eq!(dropped, 0, "what is not seen cannot be measured");
        let mut ends = self.0.ends();
        for observation in batch {
            let Observation::Entry(entry) = observation else { continue };
            let after =
                entry.room.as_str().split_once('-').and_then(|(after, _)| after.parse().ok());
            if let (true, Some(after)) = (entry.is_closed(), after) {
                ends.push((after, entry.at));
            }
        }
        drop(ends);
        self.0.more.notify_one();
    }
}
