//! A host that watches: each thing once, in order, and never in anybody's way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use chat_core::{Author, Engine, Observation, Observer, ObserverOptions, RoomSpec, SharedEntry};
use parking_lot::Mutex;

use crate::support::{Stage, connect, lines, numbers, secs, user};

#[derive(Default)]
struct Notes {
    seen: Mutex<Vec<Observation>>,
    batches: AtomicU64,
    dropped: AtomicU64,
    stuck: AtomicBool,
    panics: AtomicBool,
}

impl Notes {
    fn entries(&self) -> Vec<SharedEntry> {
        let entry = |seen: &Observation| match seen {
            Observation::Entry(entry) => Some(Arc::clone(entry)),
            _ => None,
        };
        self.seen.lock().iter().filter_map(entry).collect()
    }
}

struct Watching(Arc<Notes>);

#[async_trait]
impl Observer for Watching {
    async fn observe(&self, batch: Vec<Observation>, dropped: u64) {
        if self.0.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        assert!(!self.0.panics.swap(false, Ordering::SeqCst), "the observer's own fault");
        self.0.seen.lock().extend(batch);
        self.0.batches.fetch_add(1, Ordering::SeqCst);
        self.0.dropped.fetch_add(dropped, Ordering::SeqCst);
    }
}

fn observed(stage: &Stage, options: ObserverOptions) -> (Engine, Arc<Notes>) {
    let notes = Arc::<Notes>::default();
    let observer = Watching(Arc::clone(&notes));
    (stage.builder().with_observer(observer, options).build().unwrap(), notes)
}

#[tokio::test(start_paused = true)]
async fn each_entry_is_observed_once_and_in_order() {
    let stage = Stage::new();
    let (engine, notes) = observed(&stage, ObserverOptions::default());
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    let lee = connect(&engine, "lee").await;
    lee.join(&id).await.unwrap();
    kim.say(&id, "x").await.unwrap();
    kim.rename("Kim").await.unwrap();
    engine.post(&id, "y", Author::System, None).await.unwrap();
    engine.kick(&id, &user("lee")).await.unwrap();
    drop(kim);
    engine.pass(secs(6)).await;
    engine.close(&id).await.unwrap();
    tokio::time::sleep(secs(1)).await;
    let first = notes.seen.lock().first().cloned();
    assert!(matches!(first, Some(Observation::Opened(room)) if room.id == id), "before who comes");
    let entries = notes.entries();
    assert_eq!(
        lines(&entries),
        [
            "joined kim 1",
            "joined lee 2",
            "said kim x",
            "renamed kim Kim",
            "said - y",
            "left lee 1 kicked",
            "left kim 0 lost",
            "closed admin",
        ]
    );
    assert_eq!(numbers(&entries), (1..9).collect::<Vec<_>>());
    assert_eq!(notes.dropped.load(Ordering::SeqCst), 0);
    let opened = notes.seen.lock().iter().filter(|o| matches!(o, Observation::Opened(_))).count();
    assert_eq!(opened, 1);
}

#[tokio::test(start_paused = true)]
async fn two_nodes_observe_together_everything_once() {
    let stage = Stage::new();
    let (here, notes_here) = observed(&stage, ObserverOptions::default());
    let (there, notes_there) = observed(&stage, ObserverOptions::default());
    let (kim, lee) = (connect(&here, "kim").await, connect(&there, "lee").await);
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    lee.join(&id).await.unwrap();
    for n in 0..20 {
        let speaker = if n % 3 == 0 { &kim } else { &lee };
        speaker.say(&id, format!("{n}")).await.unwrap();
    }
    here.close(&id).await.unwrap();
    kim.seek("random", &[]).await.unwrap();
    lee.seek("random", &[]).await.unwrap();
    tokio::time::sleep(secs(1)).await;
    let mut all: Vec<_> = notes_here.entries();
    all.extend(notes_there.entries());
    let (mut of_room, of_pair): (Vec<_>, Vec<_>) = all.into_iter().partition(|e| e.room == id);
    of_room.sort_by_key(|entry| entry.n);
    assert_eq!(numbers(&of_room), (1..24).collect::<Vec<_>>());
    assert_eq!(numbers(&of_pair), [1, 2]);
    let matches = |notes: &Notes| {
        let seen = notes.seen.lock();
        seen.iter().filter(|seen| matches!(seen, Observation::Matched { .. })).count()
    };
    assert_eq!(matches(&notes_here) + matches(&notes_there), 1);
}

#[tokio::test(start_paused = true)]
async fn who_was_matched_is_told_to_the_host_by_their_real_names() {
    let stage = Stage::new();
    let (engine, notes) = observed(&stage, ObserverOptions::default());
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    kim.seek("random", &[]).await.unwrap();
    lee.seek("random", &[]).await.unwrap();
    tokio::time::sleep(secs(1)).await;
    let seen = notes.seen.lock();
    let found = seen.iter().find_map(|seen| match seen {
        Observation::Matched { room, users } => Some((room.clone(), users.clone())),
        _ => None,
    });
    let (room, users) = found.unwrap();
    assert!(room.is_pair());
    let mut real: Vec<_> = users.iter().map(|(user, _)| user.as_str()).collect();
    real.sort_unstable();
    assert_eq!(real, ["kim", "lee"]);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_observer_only_drops_and_counts() {
    let stage = Stage::new();
    let (engine, notes) = observed(&stage, ObserverOptions { queue: 10, batch: 4 });
    let mut kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    tokio::time::sleep(secs(1)).await;
    notes.stuck.store(true, Ordering::SeqCst);
    kim.say(&id, "gets stuck").await.unwrap();
    tokio::time::sleep(secs(1)).await;
    let began = tokio::time::Instant::now();
    for n in 0..100 {
        kim.say(&id, format!("{n}")).await.unwrap();
    }
    assert_eq!(crate::support::events(&mut kim).len(), 101, "the hot path goes on");
    assert_eq!(began.elapsed(), std::time::Duration::ZERO);
    assert_eq!(engine.stats().observations_dropped, 90);
    let began = tokio::time::Instant::now();
    engine.shutdown().await;
    assert!(began.elapsed() <= secs(6), "nothing hangs: {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_was_slow_is_told_how_much_was_dropped_and_goes_on() {
    let stage = Stage::new();
    let (engine, notes) = observed(&stage, ObserverOptions { queue: 10, batch: 4 });
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    // Nobody has taken anything yet: `opened` and `joined` wait, too.
    for n in 0..20 {
        kim.say(&id, format!("{n}")).await.unwrap();
    }
    tokio::time::sleep(secs(1)).await;
    assert_eq!(notes.seen.lock().len(), 10);
    assert_eq!(notes.batches.load(Ordering::SeqCst), 3);
    assert_eq!(notes.dropped.load(Ordering::SeqCst), 12);
    kim.say(&id, "on").await.unwrap();
    tokio::time::sleep(secs(1)).await;
    assert_eq!(lines(&notes.entries()).last().unwrap(), "said kim on");
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_goes_on_observing() {
    let stage = Stage::new();
    let (engine, notes) = observed(&stage, ObserverOptions::default());
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    notes.panics.store(true, Ordering::SeqCst);
    tokio::time::sleep(secs(1)).await;
    kim.say(&id, "on").await.unwrap();
    tokio::time::sleep(secs(1)).await;
    assert_eq!(lines(&notes.entries()), ["said kim on"]);
}
