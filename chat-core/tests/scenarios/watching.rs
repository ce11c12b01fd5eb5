//! Watching lists: a snapshot with a version, then changes that follow on one another.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chat_core::{
    Engine, Event, ListChange, ListSnapshot, Order, Page, RoomSpec, RoomView, Session, Watched,
};

use crate::support::spy::Spy;
use crate::support::{Stage, connect, events, room, secs};

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn spied(stage: &Stage) -> (Engine, Arc<Spy>) {
    let (backend, faults) = Spy::on(&stage.backend);
    (stage.builder().with_backend(backend).build().unwrap(), faults)
}

/// A watcher, as a client keeps it.
struct Watcher {
    session: Session,
    rows: Vec<RoomView>,
    version: u64,
    changes: Vec<Arc<ListChange>>,
}

impl Watcher {
    async fn new(engine: &Engine, id: &str, order: Order, limit: u32) -> Self {
        let session = connect(engine, id).await;
        let ListSnapshot { rooms, version, .. } = session.watch(order, limit).await.unwrap();
        Self { session, rows: rooms, version, changes: Vec::new() }
    }

    /// Applies what came; how many changes.
    fn read(&mut self) -> usize {
        let before = self.changes.len();
        for event in events(&mut self.session) {
            let Event::List(change) = event else { continue };
            assert_eq!(change.version, self.version + 1, "versions follow on one another");
            self.version = change.version;
            self.rows = change.apply(&self.rows);
            self.changes.push(change);
        }
        self.changes.len() - before
    }
}

#[tokio::test(start_paused = true)]
async fn applying_the_changes_always_gives_what_a_fresh_page_gives() {
    const LIMIT: u32 = 5;
    let stage = Stage::new();
    let (engine, there) = (stage.engine(), stage.engine());
    let mut watchers = Vec::new();
    for order in Order::ALL {
        watchers.push((order, Watcher::new(&engine, order.as_str(), order, LIMIT).await));
    }
    let users: Vec<Session> = {
        let mut users = Vec::new();
        for n in 0..4 {
            users.push(connect(&there, &format!("u{n}")).await);
        }
        users
    };
    let mut dice = 12_345_u64;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    for step in 0..400 {
        let id = room(&format!("r{}", roll(8)));
        let user = &users[roll(4) as usize];
        let _ = match roll(8) {
            0 => there.open(RoomSpec::public("r").with_id(id.as_str())).await.map(|_| ()),
            1 | 2 => user.join(&id).await.map(|_| ()),
            3 => user.leave(&id).await,
            4 | 5 => user.say(&id, "x").await.map(|_| ()),
            6 if roll(4) == 0 => there.close(&id).await,
            _ => {
                stage.clock.advance(millis(roll(3_000)));
                Ok(())
            }
        };
        if step % 5 == 0 {
            // Longer than a second: what is new in a row by talk alone goes out then at the latest.
            tokio::time::sleep(millis(1_300)).await;
            for (order, watcher) in &mut watchers {
                watcher.read();
                let fresh = engine.rooms(*order, Page::first(LIMIT)).await.unwrap();
                assert_eq!(watcher.rows, fresh.rooms, "{order:?} at step {step}");
            }
        }
    }
    assert!(watchers.iter().all(|(_, watcher)| watcher.version > 10));
}

#[tokio::test(start_paused = true)]
async fn a_list_changes_at_most_four_times_a_second() {
    let engine = Stage::new().engine();
    let mut watcher = Watcher::new(&engine, "watcher", Order::Newest, 10).await;
    for n in 0..100 {
        engine.open(RoomSpec::public(format!("{n}"))).await.unwrap();
        tokio::time::sleep(millis(20)).await;
        watcher.read();
    }
    let changes = watcher.changes.len();
    assert!((4..=9).contains(&changes), "{changes} in two seconds");
    tokio::time::sleep(millis(251)).await;
    watcher.read();
    assert_eq!(watcher.rows, engine.rooms(Order::Newest, Page::first(10)).await.unwrap().rooms);
}

#[tokio::test(start_paused = true)]
async fn a_row_with_new_talk_alone_goes_out_once_a_second() {
    let engine = Stage::new().engine();
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    let mut watcher = Watcher::new(&engine, "watcher", Order::Live, 10).await;
    for n in 0..100 {
        kim.say(&id, format!("{n}")).await.unwrap();
        tokio::time::sleep(millis(50)).await;
        watcher.read();
    }
    let changes = watcher.changes.len();
    assert!((4..=6).contains(&changes), "{changes} in five seconds");
    tokio::time::sleep(millis(1_300)).await;
    watcher.read();
    let last = watcher.rows[0].last.as_ref().unwrap();
    assert_eq!(last.said().unwrap().body, "99".into(), "the last one is not missed");
}

#[tokio::test(start_paused = true)]
async fn a_list_is_computed_once_for_all_who_watch_it() {
    let (engine, faults) = spied(&Stage::new());
    let mut watchers = Vec::new();
    for n in 0..50 {
        watchers.push(Watcher::new(&engine, &format!("w{n}"), Order::Live, 10).await);
    }
    let before = faults.pages.load(Ordering::SeqCst);
    assert!(before <= 2, "{before} reads for fifty");
    engine.open(RoomSpec::public("r").with_id("r")).await.unwrap();
    tokio::time::sleep(millis(300)).await;
    let mut told: Vec<Arc<ListChange>> = Vec::new();
    for watcher in &mut watchers {
        assert_eq!(watcher.read(), 1);
        told.extend(watcher.changes.iter().cloned());
    }
    assert!(told.iter().all(|change| Arc::ptr_eq(change, &told[0])), "one change, shared");
    assert_eq!(faults.pages.load(Ordering::SeqCst), before + 1);
    tokio::time::sleep(secs(20)).await;
    assert_eq!(faults.pages.load(Ordering::SeqCst), before + 1, "nothing changed, nothing is read");
}

#[tokio::test(start_paused = true)]
async fn who_begins_later_goes_on_from_where_the_others_are() {
    let engine = Stage::new().engine();
    let mut early = Watcher::new(&engine, "early", Order::Live, 10).await;
    for n in 0..5 {
        engine.open(RoomSpec::public("r").with_id(format!("r{n}"))).await.unwrap();
        tokio::time::sleep(millis(300)).await;
    }
    let mut late = Watcher::new(&engine, "late", Order::Live, 10).await;
    assert_eq!(late.read(), 0, "what the snapshot holds is not told again");
    engine.open(RoomSpec::public("r").with_id("r5")).await.unwrap();
    tokio::time::sleep(millis(300)).await;
    assert_eq!((early.read(), late.read()), (6, 1));
    assert_eq!((early.version, &early.rows), (late.version, &late.rows));
}

#[tokio::test(start_paused = true)]
async fn talk_that_waits_for_its_second_is_told_although_nothing_else_happens() {
    let engine = Stage::new().engine();
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    let mut watcher = Watcher::new(&engine, "watcher", Order::Live, 10).await;
    tokio::time::sleep(secs(2)).await;
    kim.say(&id, "goes out").await.unwrap();
    tokio::time::sleep(millis(300)).await;
    watcher.read();
    // Another row changes, so the list is read; the talk has to wait, and nothing follows it.
    kim.say(&id, "waits").await.unwrap();
    engine.open(RoomSpec::public("other").with_id("other")).await.unwrap();
    tokio::time::sleep(millis(300)).await;
    watcher.read();
    let last =
        |watcher: &Watcher| watcher.rows[0].last.as_ref().unwrap().said().unwrap().body.clone();
    assert_eq!((watcher.rows.len(), last(&watcher)), (2, "goes out".into()));
    tokio::time::sleep(millis(1_300)).await;
    watcher.read();
    assert_eq!(last(&watcher), "waits".into());
}

#[tokio::test(start_paused = true)]
async fn nobody_watches_nothing_is_read() {
    let (engine, faults) = spied(&Stage::new());
    let watcher = Watcher::new(&engine, "kim", Order::Live, 10).await;
    assert!(watcher.session.unwatch(Order::Live));
    tokio::time::sleep(secs(1)).await;
    let looks = faults.looks.load(Ordering::SeqCst);
    engine.open(RoomSpec::public("r")).await.unwrap();
    tokio::time::sleep(secs(20)).await;
    assert_eq!(faults.looks.load(Ordering::SeqCst), looks);
}

#[tokio::test(start_paused = true)]
async fn watching_again_replaces_and_unwatching_ends_it() {
    let engine = Stage::new().engine();
    for n in 0..5 {
        engine.open(RoomSpec::public("r").with_id(format!("r{n}"))).await.unwrap();
    }
    let mut watcher = Watcher::new(&engine, "kim", Order::Live, 2).await;
    assert_eq!(watcher.rows.len(), 2);
    let again = watcher.session.watch(Order::Live, 4).await.unwrap();
    assert_eq!(again.rooms.len(), 4);
    (watcher.rows, watcher.version) = (again.rooms, again.version);
    let lee = connect(&engine, "lee").await;
    lee.join(&room("r4")).await.unwrap();
    tokio::time::sleep(millis(300)).await;
    assert_eq!(watcher.read(), 1);
    assert_eq!(watcher.changes[0].watched, Watched::Rooms { order: Order::Live, limit: 4 });
    assert_eq!(watcher.rows[0].id, room("r4"));
    assert!(watcher.session.unwatch(Order::Live));
    lee.leave(&room("r4")).await.unwrap();
    tokio::time::sleep(secs(2)).await;
    assert_eq!(watcher.read(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_not_lost_to_another_one_that_begins_at_the_same_time() {
    let (engine, faults) = spied(&Stage::new());
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    faults.page.shut();
    let (one, two) = (kim.handle(), lee.handle());
    let first = tokio::spawn(async move { one.watch(Order::Live, 10).await.unwrap() });
    tokio::task::yield_now().await;
    let second = tokio::spawn(async move { two.watch(Order::Newest, 10).await.unwrap() });
    tokio::task::yield_now().await;
    faults.page.open();
    first.await.unwrap();
    second.await.unwrap();
    engine.open(RoomSpec::public("r")).await.unwrap();
    tokio::time::sleep(secs(1)).await;
    for mut session in [kim, lee] {
        let lists = events(&mut session).len();
        assert_eq!(lists, 1, "each is told");
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_does_not_read_keeps_nothing_and_sees_a_hole() {
    let stage = Stage::new();
    let engine = stage.engine();
    let mut slow = connect(&engine, "slow").await;
    let begun = slow.watch(Order::Newest, 3).await.unwrap();
    for n in 0..200 {
        stage.clock.advance(millis(1));
        engine.open(RoomSpec::public(format!("{n}"))).await.unwrap();
        tokio::time::sleep(millis(250)).await;
    }
    let versions: Vec<u64> = events(&mut slow)
        .into_iter()
        .filter_map(|event| match event {
            Event::List(change) => Some(change.version),
            _ => None,
        })
        .collect();
    assert!(versions.len() < 100, "{} are kept", versions.len());
    assert!(versions[0] > begun.version + 1, "the oldest are gone");
    assert!(versions.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let again = slow.watch(Order::Newest, 3).await.unwrap();
    assert_eq!(again.version, *versions.last().unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_number_online_is_watched_too() {
    let engine = Stage::new().engine();
    let mut kim = connect(&engine, "kim").await;
    let begun = kim.watch_online().await.unwrap();
    assert_eq!((begun.online, begun.rooms.len()), (Some(1), 0));
    let lee = connect(&engine, "lee").await;
    tokio::time::sleep(millis(300)).await;
    let online = |event: &Event| match event {
        Event::List(change) => change.online,
        _ => None,
    };
    assert_eq!(events(&mut kim).iter().map(online).collect::<Vec<_>>(), [Some(2)]);
    drop(lee);
    tokio::time::sleep(secs(1)).await;
    assert_eq!(events(&mut kim).iter().map(online).collect::<Vec<_>>(), [Some(1)]);
    assert!(kim.unwatch_online() && !kim.unwatch_online());
}

#[tokio::test]
async fn a_watched_list_is_told_when_visitors_pass() {
    let engine = Stage::new().engine();
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    kim.leave(&id).await.unwrap();
    let mut watcher = Watcher::new(&engine, "watcher", Order::Visitors, 10).await;
    assert_eq!(watcher.rows[0].visitors, 1);
    engine.pass(secs(1_820)).await;
    watcher.read();
    assert_eq!(watcher.rows[0].visitors, 0);
}
