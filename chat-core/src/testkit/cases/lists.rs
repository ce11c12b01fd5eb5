//! Lists against a naive recomputation, along random schedules with steps of time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::id::RoomId;
use crate::limits::StoreOptions;
use crate::list::{Order, Page};
use crate::room::{RoomKind, RoomView};
use crate::store::{Entered, Existing, Versions};
use crate::testkit::build::{private, public_with, room_id, secs};
use crate::testkit::{Dice, Guest, Node, Stand, World};

const ROOMS: u64 = 6;
const USERS: u64 = 5;
const STEPS: usize = 250;
/// What the schedule's own clock may lag behind the store's.
const SLACK: Duration = Duration::from_secs(5);

/// After each step of a random schedule ranks, counts, totals and pages are what is found by looking at every room.
pub(super) async fn lists_agree_with_a_naive_recomputation(stand: &dyn Stand) {
    for seed in 0..4 {
        Schedule::new(stand, seed).await.run().await;
    }
}

/// What is known of one open room by counting oneself.
struct Known {
    kind: RoomKind,
    /// Sessions, and when the grace of those without one ends.
    inside: BTreeMap<u64, Vec<Guest>>,
    grace: BTreeMap<u64, Duration>,
    left: BTreeMap<u64, Duration>,
}

struct Schedule {
    world: World,
    node: Arc<Node>,
    dice: Dice,
    seed: u64,
    now: Duration,
    rooms: BTreeMap<RoomId, Known>,
    last: Option<(Versions, Vec<Vec<Row>>)>,
}

/// What a list of this order must announce changes of.
type Row = (RoomId, u64, u64);

impl Schedule {
    async fn new(stand: &dyn Stand, seed: u64) -> Self {
        let options = StoreOptions { visitors_window: secs(120), ..StoreOptions::default() };
        let world = World::with(stand, options).await;
        let node = world.node().await;
        let (dice, rooms) = (Dice::new(seed), BTreeMap::new());
        Self { world, node, dice, seed, now: Duration::ZERO, rooms, last: None }
    }

    async fn run(mut self) {
        for step in 0..STEPS {
            let what = self.step().await;
            self.check(&format!("seed {}, step {step}: {what}", self.seed)).await;
        }
    }

    async fn step(&mut self) -> String {
        let room = room_id(&format!("r{}", self.dice.below(ROOMS)));
        let user = self.dice.below(USERS);
        match self.dice.below(16) {
            0..=1 => self.open(&room).await,
            2..=6 => self.enter(&room, user).await,
            7..=8 => self.leave(&room, user).await,
            9 => self.lose(&room, user).await,
            10..=11 => self.say(&room).await,
            12 if self.dice.once_in(3) => self.close(&room).await,
            _ => self.pass().await,
        }
    }

    async fn open(&mut self, room: &RoomId) -> String {
        let hidden = self.dice.once_in(5);
        let kind = if hidden { RoomKind::Private } else { RoomKind::Public };
        if self.rooms.contains_key(room) {
            return "nothing".to_owned();
        }
        let mut new = public_with(room.as_str(), |policy| policy.empty = None);
        if hidden {
            new.kind = private(room.as_str()).kind;
        }
        self.node.open(new).await;
        let known =
            Known { kind, inside: BTreeMap::new(), grace: BTreeMap::new(), left: BTreeMap::new() };
        self.rooms.insert(room.clone(), known);
        format!("open {room}")
    }

    async fn enter(&mut self, room: &RoomId, user: u64) -> String {
        let guest = self.node.guest(&format!("u{user}"));
        match guest.try_enter(guest.entering(room)).await {
            Entered::In(_) => {
                let known = self.rooms.get_mut(room).expect("only open rooms are entered");
                known.inside.entry(user).or_default().push(guest);
                known.grace.remove(&user);
                known.left.remove(&user);
            }
            Entered::Missing | Entered::Closed { .. } => assert!(!self.rooms.contains_key(room)),
            other => panic!("{other:?}"),
        }
        format!("u{user} enters {room}")
    }

    fn take(&mut self, room: &RoomId, user: u64) -> Option<(Guest, bool)> {
        let known = self.rooms.get_mut(room)?;
        let sessions = known.inside.get_mut(&user)?;
        let guest = sessions.pop()?;
        let last = sessions.is_empty();
        if last {
            known.inside.remove(&user);
        }
        Some((guest, last))
    }

    async fn leave(&mut self, room: &RoomId, user: u64) -> String {
        if let Some((guest, last)) = self.take(room, user) {
            guest.leave(room).await;
            if last && let Some(known) = self.rooms.get_mut(room) {
                known.left.insert(user, self.now);
            }
        }
        format!("u{user} leaves {room}")
    }

    async fn lose(&mut self, room: &RoomId, user: u64) -> String {
        if let Some((guest, last)) = self.take(room, user) {
            guest.lose(room).await;
            if last && let Some(known) = self.rooms.get_mut(room) {
                known.grace.insert(user, self.now + secs(5));
            }
        }
        format!("u{user} is lost from {room}")
    }

    async fn say(&mut self, room: &RoomId) -> String {
        if self.rooms.contains_key(room) {
            self.node.post(room, "x").await;
        }
        format!("said in {room}")
    }

    async fn close(&mut self, room: &RoomId) -> String {
        if self.rooms.remove(room).is_some() {
            self.node.close(room).await;
        }
        format!("close {room}")
    }

    async fn pass(&mut self) -> String {
        let by = *self.dice.pick(&[secs(1), secs(5), secs(17), secs(60)]);
        self.world.pass(by).await;
        self.now += by;
        let now = self.now;
        for known in self.rooms.values_mut() {
            let over: Vec<u64> =
                known.grace.iter().filter(|(_, end)| **end <= now).map(|(user, _)| *user).collect();
            for user in over {
                let end = known.grace.remove(&user).unwrap_or_default();
                known.left.insert(user, end);
            }
        }
        format!("{} s pass", by.as_secs())
    }

    /// A grace or a window that ends about now may be seen either way.
    async fn check(&mut self, context: &str) {
        let ids: Vec<RoomId> = self.rooms.keys().cloned().collect();
        let mut views = Vec::new();
        for (found, (id, known)) in
            self.node.backend.rooms.get(&ids).await.unwrap().into_iter().zip(&self.rooms)
        {
            let Existing::Open(view) = found else { panic!("{context}: {id} is {found:?}") };
            self.check_counts(&view, known, context);
            if known.kind == RoomKind::Public {
                views.push(*view);
            }
        }
        let mut lists = Vec::new();
        for order in Order::ALL {
            views.sort_by_key(|view| rank(order, view));
            let offset = self.dice.below(views.len() as u64 + 2) as u32;
            let limit = self.dice.below(views.len() as u64 + 2) as u32;
            for page in [Page::first(100), Page { offset, limit }] {
                let found = self.node.backend.ranking.page(order, page).await.unwrap();
                let expected: Vec<_> =
                    views.iter().skip(page.offset as usize).take(page.limit as usize).collect();
                let found_rooms: Vec<_> = found.rooms.iter().collect();
                assert_eq!(found_rooms, expected, "{context}: {order:?} {page:?}");
                assert_eq!(found.total, views.len() as u64, "{context}: {order:?}");
            }
            lists.push(views.iter().map(|view| row(order, view)).collect::<Vec<Row>>());
        }
        let versions = self.node.backend.ranking.versions().await.unwrap();
        if let Some((before, lists_before)) = &self.last {
            for (order, (was, is)) in Order::ALL.into_iter().zip(lists_before.iter().zip(&lists)) {
                if was != is {
                    assert_ne!(before.of(order), versions.of(order), "{context}: {order:?}");
                }
            }
        }
        self.last = Some((versions, lists));
    }

    fn check_counts(&self, view: &RoomView, known: &Known, context: &str) {
        let mut inside: BTreeSet<u64> = known.inside.keys().copied().collect();
        inside.extend(known.grace.keys());
        let about_to = |end: &&Duration| **end <= self.now + SLACK;
        let most = inside.len();
        let least = most - known.grace.values().filter(about_to).count();
        let live = view.live as usize;
        assert!((least..=most).contains(&live), "{context}: {live} live in {}", view.id);
        let (window, step) = (self.world.options.visitors_window, self.world.options.visitors_step);
        let left = |by: Duration| known.left.values().filter(|at| **at + window > by).count();
        let least = most + left(self.now + SLACK);
        let most = most + left(self.now.saturating_sub(step + SLACK));
        let visitors = view.visitors as usize;
        assert!(
            (least..=most).contains(&visitors),
            "{context}: {visitors} visitors, {least}–{most}"
        );
    }
}

fn rank(order: Order, view: &RoomView) -> (u64, u64, RoomId) {
    let created = view.created.0;
    let down = |number: u64| u64::MAX - number;
    let (first, second) = match order {
        Order::Live => (down(view.live.into()), created),
        Order::Visitors => (down(view.visitors.into()), created),
        Order::Newest => (down(created), created),
        Order::Active => (down(view.last.as_ref().map_or(0, |last| last.at.0)), created),
    };
    (first, second, view.id.clone())
}

fn row(order: Order, view: &RoomView) -> Row {
    let of = match order {
        Order::Live => view.live.into(),
        Order::Visitors => view.visitors.into(),
        Order::Newest => 0,
        Order::Active => view.last.as_ref().map_or(0, |last| last.n),
    };
    (view.id.clone(), view.epoch.0, of)
}
