//! Pages of what was said, with the notices between.

use crate::entry::SharedEntry;
use crate::limits::StoreOptions;
use crate::store::HistoryPage;
use crate::testkit::build::{beginning, public, public_with, room_id, secs};
use crate::testkit::{Dice, Stand, World, numbers, told};

/// The newest page ends with the notices behind the last thing said; others end with what was said.
pub(super) async fn the_newest_page_has_the_notices_behind_it(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let (kim, lee) = (node.guest("kim"), node.guest("lee"));
    kim.enter(&room).await;
    for text in ["a", "b"] {
        kim.say(&room, text).await;
    }
    lee.enter(&room).await;
    kim.say(&room, "c").await;
    lee.leave(&room).await;
    let newest = node.history(&room, 2).await;
    assert_eq!(
        told(&newest.entries),
        ["said kim b", "joined lee 2", "said kim c", "left lee 1 left"]
    );
    assert!(newest.more);
    let before = node.page(&room, HistoryPage::Before { n: 5, limit: 2 }).await;
    assert_eq!(told(&before.entries), ["said kim a", "said kim b"]);
    assert!(!before.more, "nothing said is left, and a notice is not said");
    let after = node.page(&room, HistoryPage::After { n: 2, limit: 2 }).await;
    assert_eq!(told(&after.entries), ["said kim b", "joined lee 2", "said kim c"]);
    assert!(!after.more);
}

/// Going back page by page, all that was said is met, each once, until there is no more.
pub(super) async fn pages_lead_back_to_the_beginning(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    for n in 0..7 {
        kim.say(&room, &format!("{n}")).await;
    }
    let mut page = node.history(&room, 3).await;
    let mut said = numbers(&page.entries);
    while page.more {
        let n = page.entries[0].n;
        page = node.page(&room, HistoryPage::Before { n, limit: 3 }).await;
        let mut earlier = numbers(&page.entries);
        earlier.append(&mut said);
        said = earlier;
    }
    assert_eq!(said, (2..=8).collect::<Vec<_>>());
}

/// Going on page by page likewise.
pub(super) async fn pages_lead_on_to_the_end(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    for n in 0..7 {
        node.post(&room, &format!("{n}")).await;
    }
    let (mut said, mut n) = (Vec::new(), 0);
    loop {
        let page = node.page(&room, HistoryPage::After { n, limit: 3 }).await;
        said.extend(numbers(&page.entries));
        n = *said.last().unwrap();
        if !page.more {
            break;
        }
    }
    assert_eq!(said, (1..=7).collect::<Vec<_>>());
}

/// A page of nothing is empty, whichever it is.
pub(super) async fn a_limit_of_zero_gives_nothing(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    kim.say(&room, "a").await;
    kim.leave(&room).await;
    let limit = 0;
    let (before, after) = (HistoryPage::Before { n: 9, limit }, HistoryPage::After { n: 0, limit });
    for page in [HistoryPage::Newest { limit }, before, after] {
        assert!(node.page(&room, page).await.entries.is_empty(), "{page:?}");
    }
}

/// Where nothing was said at all, the newest page is the notices.
pub(super) async fn without_talk_the_newest_page_is_the_notices(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    let kim = node.guest("kim");
    kim.enter(&room).await;
    kim.leave(&room).await;
    let history = node.history(&room, 1).await;
    assert_eq!(told(&history.entries), ["joined kim 1", "left kim 0 left"]);
    assert_eq!((history.more, history.first), (false, 3));
}

/// Numbers out of the log's bounds give empty pages or whole ones, and nothing breaks.
pub(super) async fn bounds_of_pages_may_be_anything(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    for text in ["a", "b"] {
        node.post(&room, text).await;
    }
    let limit = u32::MAX;
    let page = async |page| numbers(&node.page(&room, page).await.entries);
    assert_eq!(page(HistoryPage::Newest { limit }).await, [1, 2]);
    assert_eq!(page(HistoryPage::Before { n: u64::MAX, limit }).await, [1, 2]);
    assert_eq!(page(HistoryPage::After { n: 0, limit }).await, [1, 2]);
    for nothing in [
        HistoryPage::Before { n: 0, limit },
        HistoryPage::Before { n: 1, limit },
        HistoryPage::After { n: 2, limit },
        HistoryPage::After { n: u64::MAX, limit },
    ] {
        let page = node.page(&room, nothing).await;
        assert!(page.entries.is_empty() && !page.more, "{nothing:?}");
        assert_eq!(page.first, 1);
    }
}

/// A closed room's history is read as long as it is remembered, with its end.
pub(super) async fn a_closed_room_has_its_history(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let node = world.node().await;
    let room = node.open(public("tea")).await.id;
    node.post(&room, "a").await;
    node.close(&room).await;
    assert_eq!(told(&node.history(&room, 5).await.entries), ["said - a", "closed admin"]);
    world.pass(world.options.closed_kept + secs(1)).await;
    let page = HistoryPage::Newest { limit: 5 };
    assert_eq!(node.backend.rooms.history(&room, page).await.unwrap(), None);
    assert_eq!(node.backend.rooms.history(&room_id("none"), page).await.unwrap(), None);
}

/// Every page of a random log is what a naive reading of that log gives.
pub(super) async fn pages_agree_with_a_naive_reading(stand: &dyn Stand) {
    for seed in 0..6 {
        pages_of(stand, seed).await;
    }
}

async fn pages_of(stand: &dyn Stand, seed: u64) {
    let mut dice = Dice::new(seed);
    let options = StoreOptions { notices: 6, ..StoreOptions::default() };
    let kept_notices = options.notices;
    let world = World::with(stand, options).await;
    let node = world.node().await;
    let kept_said = 1 + dice.below(6) as u32;
    let room = node.open(public_with("tea", |policy| policy.history = kept_said)).await.id;
    node.subscribe(&room).await;
    let kim = node.guest("kim");
    let mut inside = false;
    for n in 0..30 {
        if dice.once_in(2) {
            node.post(&room, &format!("{n}")).await;
        } else if inside {
            kim.leave(&room).await;
            inside = false;
        } else {
            kim.enter(&room).await;
            inside = true;
        }
    }
    node.sink.reaches(&room, 30).await;
    let whole = node.sink.entries(&room);
    let (said, notices): (Vec<_>, Vec<_>) = whole.iter().cloned().partition(|e| e.said().is_some());
    let said = &said[said.len().saturating_sub(kept_said as usize)..];
    let notices = &notices[notices.len().saturating_sub(kept_notices)..];
    for limit in 0..8 {
        check(&node, &room, HistoryPage::Newest { limit }, said, notices, seed).await;
        for n in 0..33 {
            check(&node, &room, HistoryPage::Before { n, limit }, said, notices, seed).await;
            check(&node, &room, HistoryPage::After { n, limit }, said, notices, seed).await;
        }
    }
    let floor = whole.iter().rev().find(|e| !said.contains(e) && !notices.contains(e));
    let floor = floor.map_or(1, |dropped| dropped.n + 1);
    for n in 0..=30 {
        let cursor = crate::entry::Cursor { n, ..beginning(whole[0].epoch) };
        let resumed = node.backend.rooms.resume(&room, cursor, 100).await.unwrap();
        let given = matches!(resumed, crate::store::Resumed::Entries { .. });
        assert_eq!(given, n + 1 >= floor, "seed {seed}, resume from {n}, floor {floor}");
    }
}

async fn check(
    node: &crate::testkit::Node,
    room: &crate::id::RoomId,
    page: HistoryPage,
    said: &[SharedEntry],
    notices: &[SharedEntry],
    seed: u64,
) {
    let (chosen, more): (Vec<&SharedEntry>, bool) = match page {
        HistoryPage::Newest { limit } => newest(said.iter().collect(), limit),
        HistoryPage::Before { n, limit } => {
            newest(said.iter().filter(|entry| entry.n < n).collect(), limit)
        }
        HistoryPage::After { n, limit } => {
            let mut all: Vec<_> = said.iter().filter(|entry| entry.n > n).collect();
            let more = all.len() > limit as usize;
            all.truncate(limit as usize);
            (all, more)
        }
    };
    let is_newest = matches!(page, HistoryPage::Newest { limit } if limit > 0);
    let from = match chosen.first() {
        Some(first) => first.n,
        None if is_newest && said.is_empty() => 0,
        None => u64::MAX,
    };
    let to = if is_newest { u64::MAX } else { chosen.last().map_or(0, |last| last.n) };
    let mut expected: Vec<SharedEntry> = chosen.into_iter().cloned().collect();
    expected.extend(notices.iter().filter(|entry| entry.n > from && entry.n < to).cloned());
    expected.sort_by_key(|entry| entry.n);
    let history = node.page(room, page).await;
    assert_eq!(told(&history.entries), told(&expected), "seed {seed}, {page:?}");
    assert_eq!(history.entries, expected, "seed {seed}, {page:?}");
    assert_eq!(history.first, said.first().map_or(31, |entry| entry.n), "seed {seed}");
    if !history.entries.is_empty() {
        assert_eq!(history.more, more, "seed {seed}, {page:?}");
    }
}

fn newest(mut all: Vec<&SharedEntry>, limit: u32) -> (Vec<&SharedEntry>, bool) {
    let cut = all.len().saturating_sub(limit as usize);
    (all.split_off(cut), cut > 0)
}
