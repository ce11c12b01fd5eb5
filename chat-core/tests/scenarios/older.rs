//! What a host keeps beyond the log: pages that go back to the beginning of the log go on in what the host has.

use std::sync::Arc;

use async_trait::async_trait;
use chat_core::{
    Body, Engine, Entry, Epoch, HistoryPage, HookOptions, HookResult, Hooks, Observation, Observer,
    ObserverOptions, OnFailure, RoomId, RoomSpec, Said, Session, SharedEntry, Timestamp, What,
};
use parking_lot::Mutex;

use crate::support::{Stage, code, connect, numbers, room, secs, told};

/// A host that stores what it observes, as hosts do that keep everything; and one that does it wrong, if asked to.
#[derive(Default)]
struct Archive {
    said: Mutex<Vec<SharedEntry>>,
    /// What it was asked: `before` and `limit`.
    asked: Mutex<Vec<(u64, u32)>>,
    fault: Mutex<Fault>,
}

#[derive(Default, Clone, Copy, Debug, PartialEq)]
enum Fault {
    #[default]
    None,
    Fails,
    Panics,
    Hangs,
    Descends,
    Repeats,
    NotBelow,
    OtherRoom,
    OtherEpoch,
    Notices,
    Numberless,
    Everything,
}

#[async_trait]
impl Observer for Archive {
    async fn observe(&self, batch: Vec<Observation>, dropped: u64) {
        assert_eq!(dropped, 0);
        let said = batch.into_iter().filter_map(|seen| match seen {
            Observation::Entry(entry) if entry.said().is_some() => Some(entry),
            _ => None,
        });
        self.said.lock().extend(said);
    }
}

fn copy(of: &Entry) -> Entry {
    Entry::new(of.room.clone(), of.epoch, of.n, of.at, of.what.clone())
}

#[async_trait]
impl Hooks for Archive {
    async fn older(
        &self,
        room: &RoomId,
        epoch: Epoch,
        before: u64,
        limit: u32,
    ) -> HookResult<Vec<Entry>> {
        self.asked.lock().push((before, limit));
        let mut found: Vec<Entry> = {
            let said = self.said.lock();
            let below = |e: &&SharedEntry| e.room == *room && e.epoch == epoch && e.n < before;
            said.iter().filter(below).map(|entry| copy(entry)).collect()
        };
        let newest = found.len().saturating_sub(limit as usize);
        let fault = *self.fault.lock();
        if fault != Fault::Everything {
            found.drain(..newest);
        }
        let said = |room: RoomId, epoch, n| {
            let said = Said { by: None, name: None, body: Body::text("?"), key: None };
            Entry::new(room, epoch, n, Timestamp(1), What::Said(said))
        };
        match fault {
            Fault::None | Fault::Everything => {}
            Fault::Fails => return Err("its database is away".into()),
            Fault::Panics => panic!("a hook's own fault"),
            Fault::Hangs => std::future::pending().await,
            Fault::Descends => found.reverse(),
            Fault::Repeats => found.insert(0, copy(&found[0])),
            Fault::NotBelow => found.push(said(room.clone(), epoch, before)),
            Fault::OtherRoom => {
                found.remove(0);
                found.insert(0, said("other".parse()?, epoch, 1));
            }
            Fault::OtherEpoch => {
                found.remove(0);
                found.insert(0, said(room.clone(), Epoch(7), 1));
            }
            Fault::Notices => {
                let why = chat_core::CloseWhy::Idle;
                let n = found[0].n;
                found[0] = Entry::new(room.clone(), epoch, n, Timestamp(1), What::Closed { why });
            }
            Fault::Numberless => found.insert(0, said(room.clone(), epoch, 0)),
        }
        Ok(found)
    }
}

struct Scene {
    _stage: Stage,
    engine: Engine,
    archive: Arc<Archive>,
    kim: Session,
}

/// A room whose log keeps so many of the things said; 1 is kim's coming, 2 … `said` + 1 were said.
async fn scene(keeps: u32, said: u64, on_failure: OnFailure) -> Scene {
    let (stage, archive) = (Stage::new(), Arc::<Archive>::default());
    let options = HookOptions { budget: secs(2), on_failure };
    let engine = stage
        .builder()
        .with_hooks(Arc::clone(&archive), options)
        .with_observer(Arc::clone(&archive), ObserverOptions::default())
        .build()
        .unwrap();
    let kim = connect(&engine, "kim").await;
    kim.join_or_open(RoomSpec::public("r").with_id("r").with_history(keeps)).await.unwrap();
    for at in 0..said {
        kim.say(&room("r"), at.to_string()).await.unwrap();
    }
    engine.sweep().await;
    tokio::task::yield_now().await;
    assert_eq!(archive.said.lock().len() as u64, said);
    Scene { _stage: stage, engine, archive, kim }
}

impl Scene {
    /// The numbers on a page, whether there is more, and the first that the log keeps.
    async fn page(&self, page: HistoryPage) -> (Vec<u64>, bool, u64) {
        let by_host = self.engine.history(&room("r"), page).await.unwrap();
        assert_eq!(self.kim.history(&room("r"), page).await.unwrap(), by_host);
        (numbers(&by_host.entries), by_host.more, by_host.first)
    }

    async fn before(&self, n: u64, limit: u32) -> (Vec<u64>, bool, u64) {
        self.page(HistoryPage::Before { n, limit }).await
    }

    fn asked(&self) -> Vec<(u64, u32)> {
        let mut asked = std::mem::take(&mut *self.archive.asked.lock());
        // The host and the session asked the same.
        asked.dedup();
        asked
    }
}

#[tokio::test(start_paused = true)]
async fn reading_back_goes_on_in_what_the_host_keeps_down_to_the_first_thing_said() {
    let scene = scene(10, 40, OnFailure::Refuse).await;
    assert_eq!(scene.page(HistoryPage::Newest { limit: 5 }).await, ((37..=41).collect(), true, 32));
    assert_eq!(scene.asked(), []);
    // Five from the log, and what is left of a page from the host.
    assert_eq!(scene.before(37, 8).await, ((29..=36).collect(), true, 32));
    assert_eq!(scene.asked(), [(32, 4)]);
    assert_eq!(scene.before(29, 20).await, ((9..=28).collect(), true, 32));
    assert_eq!(scene.before(9, 20).await, ((2..=8).collect(), false, 32));
    assert_eq!(scene.before(2, 20).await, (vec![], false, 32));
    // All the pages together are everything that was said, each once and as it was.
    let (mut n, mut all) = (u64::MAX, Vec::new());
    loop {
        let page = HistoryPage::Before { n, limit: 7 };
        let page = scene.engine.history(&room("r"), page).await.unwrap();
        all.splice(0..0, page.entries.iter().cloned());
        n = all[0].n;
        if !page.more {
            break;
        }
    }
    assert_eq!(all, *scene.archive.said.lock());
}

#[tokio::test(start_paused = true)]
async fn a_full_page_of_the_log_tells_whether_the_host_has_more() {
    let scene = scene(10, 40, OnFailure::Refuse).await;
    assert_eq!(scene.before(37, 5).await, ((32..=36).collect(), true, 32));
    assert_eq!(scene.asked(), [(32, 1)]);
    assert!(scene.page(HistoryPage::Newest { limit: 10 }).await.1);
    scene.archive.said.lock().clear();
    assert_eq!(scene.before(37, 5).await, ((32..=36).collect(), false, 32));
    assert!(!scene.page(HistoryPage::Newest { limit: 10 }).await.1);
}

#[tokio::test(start_paused = true)]
async fn the_newest_page_goes_on_too_where_the_log_keeps_less_than_a_page() {
    let scene = scene(10, 40, OnFailure::Refuse).await;
    let (entries, more, first) = scene.page(HistoryPage::Newest { limit: 25 }).await;
    assert_eq!((entries, more, first), ((17..=41).collect(), true, 32));
    assert_eq!(
        scene.page(HistoryPage::Newest { limit: 40 }).await,
        ((2..=41).collect(), false, 32)
    );
}

#[tokio::test(start_paused = true)]
async fn a_room_that_keeps_nothing_is_read_from_the_host_with_its_notices_in_their_places() {
    let scene = scene(0, 5, OnFailure::Refuse).await;
    let lee = connect(&scene.engine, "lee").await;
    lee.join(&room("r")).await.unwrap();
    scene.kim.say(&room("r"), "x").await.unwrap();
    lee.leave(&room("r")).await.unwrap();
    scene.engine.sweep().await;
    let (entries, more, first) = scene.page(HistoryPage::Newest { limit: 50 }).await;
    // 1 joined, 2–6 said, 7 joined, 8 said, 9 left.
    assert_eq!((entries, more, first), ((2..=9).collect(), false, 10));
    assert_eq!(scene.page(HistoryPage::Newest { limit: 2 }).await.0, [6, 7, 8, 9]);
    assert_eq!(scene.before(8, 2).await, (vec![5, 6], true, 10));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_about_a_log_that_is_whole_as_far_as_that_is_known() {
    let scene = scene(10, 9, OnFailure::Refuse).await;
    assert_eq!(scene.page(HistoryPage::Newest { limit: 50 }).await, ((2..=10).collect(), false, 2));
    assert_eq!(scene.page(HistoryPage::After { n: 0, limit: 50 }).await.0, numbers_to(10));
    assert_eq!(scene.asked(), []);
    // A page by number does not see how much is kept in all.
    assert_eq!(scene.before(5, 50).await, (vec![2, 3, 4], false, 2));
    assert_eq!(scene.asked(), [(2, 48)]);
    // Below 1 there is nothing.
    assert_eq!(scene.before(1, 50).await, (vec![], false, 2));
    assert_eq!(scene.asked(), []);
}

fn numbers_to(last: u64) -> Vec<u64> {
    (2..=last).collect()
}

#[tokio::test(start_paused = true)]
async fn where_the_host_fails_or_answers_nonsense_there_is_what_the_log_has() {
    for on_failure in [OnFailure::Refuse, OnFailure::Allow] {
        let scene = scene(10, 40, on_failure).await;
        for fault in [
            Fault::Fails,
            Fault::Panics,
            Fault::Hangs,
            Fault::Descends,
            Fault::Repeats,
            Fault::NotBelow,
            Fault::OtherRoom,
            Fault::OtherEpoch,
            Fault::Notices,
            Fault::Numberless,
        ] {
            *scene.archive.fault.lock() = fault;
            let page = scene.before(37, 8).await;
            assert_eq!(page, ((32..=36).collect(), false, 32), "{fault:?}");
        }
        *scene.archive.fault.lock() = Fault::None;
        assert_eq!(scene.before(37, 8).await, ((29..=36).collect(), true, 32));
    }
}

#[tokio::test(start_paused = true)]
async fn no_page_is_longer_than_pages_may_be_whatever_the_host_answers() {
    let scene = scene(10, 300, OnFailure::Refuse).await;
    *scene.archive.fault.lock() = Fault::Everything;
    assert_eq!(scene.before(37, 8).await, ((29..=36).collect(), true, 292));
    assert_eq!(scene.before(296, 100_000).await, ((96..=295).collect(), true, 292));
    assert_eq!(scene.asked().last(), Some(&(292, 197)));
}

#[tokio::test(start_paused = true)]
async fn another_life_of_a_room_has_another_past() {
    let mut scene = scene(10, 40, OnFailure::Refuse).await;
    scene.engine.close(&room("r")).await.unwrap();
    // What has closed is read as long as it is remembered.
    let page = HistoryPage::Before { n: 37, limit: 8 };
    let closed = scene.engine.history(&room("r"), page).await.unwrap();
    assert_eq!(numbers(&closed.entries), (29..=36).collect::<Vec<_>>());
    told(&mut scene.kim);
    let again = RoomSpec::public("r").with_id("r").with_history(2);
    scene.kim.join_or_open(again).await.unwrap();
    for at in 0..4 {
        scene.kim.say(&room("r"), at.to_string()).await.unwrap();
    }
    scene.engine.sweep().await;
    assert_eq!(scene.page(HistoryPage::Newest { limit: 50 }).await, (vec![2, 3, 4, 5], false, 4));
}

#[tokio::test(start_paused = true)]
async fn who_may_not_read_a_room_is_refused_before_the_host_is_asked() {
    let scene = scene(10, 40, OnFailure::Refuse).await;
    let lee = connect(&scene.engine, "lee").await;
    let page = HistoryPage::Before { n: 5, limit: 8 };
    assert_eq!(code(lee.history(&room("r"), page).await), "not_member");
    assert_eq!(code(scene.engine.history(&room("none"), page).await), "no_such_room");
    assert_eq!(scene.asked(), []);
}
