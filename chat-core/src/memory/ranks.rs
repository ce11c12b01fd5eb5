//! Public rooms in four orders.
//!
//! Under one lock there is all that a page shows: the orders and each room's numbers and newest talk. So a page is of
//! one moment without asking any room. The room's own step brings the numbers here; only the orders whose key changes
//! are touched, and reading costs by the rows read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::record::{Fixed, Seen};
use super::sorted::Sorted;
use crate::entry::SharedEntry;
use crate::list::{Order, Page, RoomPage};
use crate::store::Versions;
use crate::time::Timestamp;

/// The place of one room; kept in its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rank(u32);

#[derive(Debug, Default)]
pub(super) struct Ranks {
    lists: Mutex<Lists>,
    /// Changes of rows, ranks and numbers. Written under the lock, read without.
    changed: AtomicU64,
    /// Things said in public rooms.
    said: AtomicU64,
}

#[derive(Debug, Default)]
struct Lists {
    rows: Vec<Option<Row>>,
    /// Places in `rows` that are free.
    free: Vec<u32>,
    live: BTreeSet<Place>,
    visitors: BTreeSet<Place>,
    newest: BTreeSet<Place>,
    active: BTreeSet<Place>,
}

#[derive(Debug)]
struct Row {
    fixed: Arc<Fixed>,
    id: Sorted,
    seen: Seen,
}

/// Where a room stands in one order: the greatest value first, then the older, then by id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// The value, turned around.
    down: u64,
    created: Timestamp,
    id: Sorted,
    row: u32,
}

impl Row {
    fn place(&self, value: u64, row: u32) -> Place {
        Place { down: u64::MAX - value, created: self.fixed.created, id: self.id.clone(), row }
    }

    fn value(&self, order: Order) -> u64 {
        match order {
            Order::Live => self.seen.live.into(),
            Order::Visitors => self.seen.visitors.into(),
            Order::Newest => self.fixed.created.0,
            // Where nothing was said comes last; nothing else has the value 0.
            Order::Active => self.seen.last.as_ref().map_or(0, |entry| entry.at.0.max(1)),
        }
    }
}

impl Lists {
    fn of(&mut self, order: Order) -> &mut BTreeSet<Place> {
        match order {
            Order::Live => &mut self.live,
            Order::Visitors => &mut self.visitors,
            Order::Newest => &mut self.newest,
            Order::Active => &mut self.active,
        }
    }

    /// Changes a row, and its place in those orders in which it has another one now.
    fn change(&mut self, rank: Rank, change: impl FnOnce(&mut Seen) -> bool) -> bool {
        let Some(row) = self.rows.get_mut(rank.0 as usize).and_then(Option::as_mut) else {
            return false;
        };
        let before = Order::ALL.map(|order| row.value(order));
        let changed = change(&mut row.seen);
        let moves = Order::ALL.map(|order| row.value(order));
        for (order, (before, after)) in Order::ALL.into_iter().zip(before.into_iter().zip(moves)) {
            if before != after
                && let Some(row) = &self.rows[rank.0 as usize]
            {
                let mut key = row.place(before, rank.0);
                let list = self.of(order);
                list.remove(&key);
                key.down = u64::MAX - after;
                list.insert(key);
            }
        }
        changed
    }
}

impl Ranks {
    /// A room comes into the lists.
    pub(super) fn add(&self, fixed: &Arc<Fixed>, seen: Seen) -> Rank {
        let row = Row { fixed: Arc::clone(fixed), id: Sorted::new(&fixed.id), seen };
        let mut lists = self.lists.lock();
        let place = lists.free.pop().unwrap_or_else(|| {
            lists.rows.push(None);
            // The bound on rooms is far below 2³².
            u32::try_from(lists.rows.len() - 1).unwrap_or(u32::MAX)
        });
        for order in Order::ALL {
            let key = row.place(row.value(order), place);
            lists.of(order).insert(key);
        }
        lists.rows[place as usize] = Some(row);
        self.changed.fetch_add(1, Ordering::Release);
        Rank(place)
    }

    /// A room goes from the lists.
    pub(super) fn remove(&self, rank: Rank) {
        let mut lists = self.lists.lock();
        let Some(row) = lists.rows.get_mut(rank.0 as usize).and_then(Option::take) else { return };
        let mut key = row.place(0, rank.0);
        for order in Order::ALL {
            key.down = u64::MAX - row.value(order);
            lists.of(order).remove(&key);
        }
        lists.free.push(rank.0);
        self.changed.fetch_add(1, Ordering::Release);
    }

    /// A room's numbers are these now.
    pub(super) fn count(&self, rank: Rank, live: u32, visitors: u32, capped: bool) {
        let mut lists = self.lists.lock();
        let changed = lists.change(rank, |seen| {
            let before = (seen.live, seen.visitors, seen.capped);
            (seen.live, seen.visitors, seen.capped) = (live, visitors, capped);
            before != (live, visitors, capped)
        });
        if changed {
            self.changed.fetch_add(1, Ordering::Release);
        }
    }

    /// Something was said in a room.
    pub(super) fn said(&self, rank: Rank, entry: &SharedEntry) {
        let mut lists = self.lists.lock();
        let changed = lists.change(rank, |seen| {
            seen.last = Some(SharedEntry::clone(entry));
            true
        });
        if changed {
            self.said.fetch_add(1, Ordering::Release);
        }
    }

    /// Some rows of an order, of one moment.
    pub(super) fn page(&self, order: Order, page: Page) -> RoomPage {
        let clip = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let (offset, limit) = (clip(page.offset), clip(page.limit));
        let mut lists = self.lists.lock();
        let total = lists.newest.len();
        let places: Vec<u32> = if offset < total {
            lists.of(order).iter().skip(offset).take(limit).map(|place| place.row).collect()
        } else {
            Vec::new()
        };
        let rows = places.into_iter().filter_map(|row| lists.rows[row as usize].as_ref());
        let rows: Vec<_> = rows.map(|row| (Arc::clone(&row.fixed), row.seen.clone())).collect();
        drop(lists);
        let rooms = rows.into_iter().map(|(fixed, seen)| fixed.view(seen)).collect();
        RoomPage { rooms, total: total as u64 }
    }

    /// Numbers that change when the lists do. Numbers of users are part of every row, so every list changes with
    /// them; of what is said only the order by that.
    pub(super) fn versions(&self) -> Versions {
        let changed = self.changed.load(Ordering::Acquire);
        let active = changed + self.said.load(Ordering::Acquire);
        Versions { live: changed, visitors: changed, newest: changed, active }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;
    use crate::body::Body;
    use crate::entry::{Entry, Said, What};
    use crate::id::{Epoch, RoomId};
    use crate::room::{NewRoom, RoomKind, RoomPolicy, RoomView};
    use crate::text::Title;

    fn fixed(id: &str, created: u64) -> Arc<Fixed> {
        let new = NewRoom {
            id: RoomId::new(id).unwrap(),
            kind: RoomKind::Public,
            title: Title::stored("t"),
            meta: None,
            owner: None,
            policy: RoomPolicy::open_room(),
        };
        let policy = Arc::new(new.policy.clone());
        Arc::new(Fixed::new(new, policy, Epoch(1), Timestamp(created)))
    }

    fn said(fixed: &Fixed, at: u64) -> SharedEntry {
        let what = What::Said(Said { by: None, name: None, body: Body::text("x"), key: None });
        Arc::new(Entry::new(fixed.id.clone(), Epoch(1), 1, Timestamp(at), what))
    }

    fn naive(rows: &[(Rank, Arc<Fixed>, Seen)], order: Order) -> Vec<RoomView> {
        let mut views: Vec<_> = rows.iter().map(|(_, f, seen)| f.view(seen.clone())).collect();
        views.sort_by_key(|view| {
            let value = match order {
                Order::Live => view.live.into(),
                Order::Visitors => view.visitors.into(),
                Order::Newest => view.created.0,
                Order::Active => view.last.as_ref().map_or(0, |entry| entry.at.0),
            };
            (std::cmp::Reverse(value), view.created, view.id.clone())
        });
        views
    }

    proptest! {
        #[test]
        fn every_page_is_that_of_a_list_sorted_anew(
            steps in proptest::collection::vec((0u8..5, any::<u8>(), 0u32..4, 0u32..4), 0..80),
            offset in 0u32..6, limit in 0u32..6,
        ) {
            let ranks = Ranks::default();
            let mut rows: Vec<(Rank, Arc<Fixed>, Seen)> = Vec::new();
            for (n, (kind, which, live, visitors)) in steps.into_iter().enumerate() {
                let place = (!rows.is_empty()).then(|| usize::from(which) % rows.len());
                let before = ranks.versions();
                match (kind, place) {
                    (0, Some(place)) => ranks.remove(rows.swap_remove(place).0),
                    (1 | 2, Some(place)) => {
                        let (rank, _, seen) = &mut rows[place];
                        ranks.count(*rank, live, visitors, false);
                        let same = (seen.live, seen.visitors) == (live, visitors);
                        (seen.live, seen.visitors) = (live, visitors);
                        assert_eq!(ranks.versions() == before, same);
                    }
                    (3, Some(place)) => {
                        let (rank, fixed, seen) = &mut rows[place];
                        let entry = said(fixed, u64::from(live) + 1);
                        ranks.said(*rank, &entry);
                        seen.last = Some(entry);
                        let active = before.active + 1;
                        assert_eq!(ranks.versions(), Versions { active, ..before });
                    }
                    _ => {
                        let fixed = fixed(&format!("r{which}-{n}"), u64::from(live));
                        rows.push((ranks.add(&fixed, Seen::default()), fixed, Seen::default()));
                        assert!(ranks.versions().newest > before.newest);
                    }
                }
                for order in Order::ALL {
                    let all = naive(&rows, order);
                    let page = ranks.page(order, Page { offset, limit });
                    let part = all.iter().skip(offset as usize).take(limit as usize);
                    assert_eq!(page.rooms, part.cloned().collect::<Vec<_>>(), "{order:?}");
                    assert_eq!(page.total, all.len() as u64);
                }
            }
        }
    }
}
