//! The hub: what happens in rooms, handed to the sessions of this node.
//!
//! *Guarantees*: a session that reads is given every entry of its rooms, once and in order, beginning right
//! behind the snapshot of its join; or, where that is not possible, one `Reset` in their place. Nothing of a room is given
//! before its join is answered, nothing after its leave is.
//! *Under pressure*: nothing queues up. A session is a cursor on the [`Tail`] of each of its rooms; one that
//! does not read falls off the tail, and is healed from the store's log (one read at a time per room, its result for
//! all who wait) or, if that happens again soon, reset. Signals are lost beyond a few dozen; counts and list
//! changes are replaced by newer ones.
//! *How it ends*: a room's tail ends with `closed`; its subscription some seconds after its last reader went.
//!
//! ```text
//!  store ── Sink::entry ──▶ Hub ──▶ Tail (one per room): ring of the newest entries
//!                                     │ marks, wakes         ▲ reads from its cursor
//!                                     ▼                      │
//!                                   Outbox (one per session): which rooms have news ──▶ Session (Stream)
//!  store ── pages ────────▶ Feed (one per watched list): ring of changes ──▶ Outbox
//! ```
//!
//! Locks are taken in the order tail (or feed), outbox. A sink is called inside the store's own locks and never calls
//! the store: what needs the store is noted as [`Work`] for the engine's background tasks.

mod beside;
mod diff;
mod feed;
mod heal;
mod outbox;
mod ring;
mod root;
mod slot;
mod tail;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) use feed::{Feed, LOOK_EVERY};
pub(crate) use heal::Heal;
pub(crate) use outbox::{Next, Outbox, Ready, Seat};
pub(crate) use ring::Published;
pub(crate) use slot::Drained;
pub(crate) use tail::Tail;

use crate::entry::{SharedEntry, Signal};
use crate::id::{Epoch, RoomId, SessionKey};
use crate::limits::Limits;
use crate::list::Watched;
use crate::store::{Sink, Snapshot};

/// How long a room without readers stays subscribed: most who leave come back, or go to the next page.
const QUIET: Duration = Duration::from_secs(5);
/// How long an entry that was written from here may take to arrive before it is read from the log.
const EXPECTED: Duration = Duration::from_secs(1);

/// All tails of a node.
#[derive(Debug)]
pub(crate) struct Hub {
    limits: Arc<Limits>,
    tails: DashMap<RoomId, Arc<Tail>>,
    feeds: Mutex<HashMap<Watched, Arc<Feed>>>,
    work: Mutex<Work>,
    /// Told whenever there is new work.
    pub(crate) called: Notify,
    /// Told whenever there is mail.
    pub(crate) mailed: Notify,
    has_mail: AtomicBool,
    missed: AtomicBool,
    resets: AtomicU64,
}

/// What the hub needs the store for. Each is a set, so it is bounded by the rooms there are.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Rooms whose tail lacks entries.
    pub(crate) heal: HashSet<RoomId>,
    /// Rooms whose number of users changed.
    pub(crate) count: HashSet<RoomId>,
    /// Entries that were written from here and have to arrive.
    expected: HashMap<RoomId, (Instant, Epoch, u64)>,
    /// Rooms that nobody reads any more, since when.
    quiet: HashMap<RoomId, Instant>,
}

/// A join under way: keeps the room subscribed.
#[derive(Debug)]
pub(crate) struct Pin {
    hub: Arc<Hub>,
    tail: Arc<Tail>,
    /// How many times the number of users had been told when the join began.
    counted: u32,
}

impl Pin {
    pub(crate) fn tail(&self) -> &Tail {
        &self.tail
    }

    pub(crate) fn root(&self) -> &Arc<root::Root> {
        self.tail.root()
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.tail.root().unpin();
        self.hub.maybe_quiet(&self.tail);
    }
}

impl Hub {
    pub(crate) fn new(limits: Arc<Limits>) -> Self {
        Self {
            limits,
            tails: DashMap::new(),
            feeds: Mutex::default(),
            work: Mutex::default(),
            called: Notify::new(),
            mailed: Notify::new(),
            has_mail: AtomicBool::new(false),
            missed: AtomicBool::new(false),
            resets: AtomicU64::new(0),
        }
    }

    /// The tail of a room, made if there is none, and kept while the pin lives.
    pub(crate) fn pin(self: &Arc<Self>, room: &RoomId) -> Pin {
        let tail = self
            .tails
            .entry(room.clone())
            .or_insert_with(|| Arc::new(Tail::new(Arc::new(root::Root::new(room.clone())))));
        tail.root().pin();
        Pin { hub: Arc::clone(self), tail: Arc::clone(&tail), counted: tail.counted() }
    }

    /// The tail of a room that has one.
    pub(crate) fn tail(&self, room: &RoomId) -> Option<Arc<Tail>> {
        self.tails.get(room).map(|tail| Arc::clone(&tail))
    }

    /// All tails.
    pub(crate) fn tails(&self) -> Vec<Arc<Tail>> {
        self.tails.iter().map(|tail| Arc::clone(&tail)).collect()
    }

    /// Seats a session in a room as of a snapshot. It is given nothing before [`Hub::release`]. `false` where the
    /// session has ended.
    pub(crate) fn sit(
        &self,
        pin: &Pin,
        outbox: &Arc<Outbox>,
        key: SessionKey,
        snapshot: &Snapshot,
    ) -> bool {
        let room = pin.tail.room();
        // On another tail than the one that was asked about, whatever was told was told since.
        let counted = |tail: &Arc<Tail>| if Arc::ptr_eq(tail, &pin.tail) { pin.counted } else { 0 };
        if let Some((_, seat)) = outbox.seat_in(room) {
            if seat.tail.sit_again(seat.slot, outbox, key, snapshot, counted(&seat.tail)) {
                return true;
            }
            outbox.stand_up(room);
        }
        // The pinned tail is the one that is followed, but where the room began anew in between.
        let mut tail = Arc::clone(&pin.tail);
        outbox.sit(|index| {
            let sit = |tail: &Arc<Tail>| tail.sit(outbox, index, key, snapshot, counted(tail));
            loop {
                if let Some(seat) = sit(&tail) {
                    return Some(seat);
                }
                // The tail is of another life of the room. What was written in this one before its tail stands
                // here was dropped, so it is checked at once.
                tail = self.succeed(&tail);
                self.want_heal(room);
            }
        })
    }

    /// Replaces a tail by one for the next epoch; its readers are told, where it did not end properly.
    fn succeed(&self, old: &Arc<Tail>) -> Arc<Tail> {
        let mut place = self.tails.entry(old.room().clone()).or_insert_with(|| Arc::clone(old));
        if Arc::ptr_eq(&place, old) {
            *place = Arc::new(old.successor());
        }
        let new = Arc::clone(&place);
        drop(place);
        if !old.is_ended() {
            self.resets.fetch_add(1, Ordering::Relaxed);
            old.begin_anew(None, crate::why::ResetWhy::Epoch);
        }
        new
    }

    /// Lets a session read a room it was seated in.
    pub(crate) fn release(&self, room: &RoomId, outbox: &Outbox) {
        if let Some((_, seat)) = outbox.seat_in(room) {
            seat.tail.release(seat.slot, outbox);
        }
    }

    /// Takes a session out of a room. Nothing of the room reaches it after this. `false` where it was not in it.
    pub(crate) fn stand_up(&self, room: &RoomId, outbox: &Outbox) -> bool {
        let Some(seat) = outbox.stand_up(room) else { return false };
        self.maybe_quiet(&seat.tail);
        true
    }

    /// Notes a room that nobody reads any more.
    pub(crate) fn maybe_quiet(&self, tail: &Tail) {
        if is_quiet(tail) {
            self.work.lock().quiet.entry(tail.room().clone()).or_insert_with(Instant::now);
        }
    }

    /// Forgets tails that nobody has read for a while, and returns what is to be unsubscribed.
    pub(crate) fn take_quiet(&self) -> Vec<Arc<root::Root>> {
        let due: Vec<RoomId> = {
            let mut work = self.work.lock();
            let now = Instant::now();
            let due = |since: &Instant| now.duration_since(*since) >= QUIET;
            let rooms = work.quiet.iter().filter(|(_, s)| due(s)).map(|(r, _)| r.clone()).collect();
            work.quiet.retain(|_, since| !due(since));
            rooms
        };
        due.iter()
            .filter_map(|room| self.tails.remove_if(room, |_, tail| is_quiet(tail)))
            .map(|(_, tail)| Arc::clone(tail.root()))
            .collect()
    }

    /// Takes in an entry, from the store's sink or read from its log.
    pub(crate) fn publish(&self, entry: &SharedEntry) -> Published {
        let Some(tail) = self.tail(&entry.room) else { return Published::Known };
        let published = tail.publish(entry, &self.limits);
        match published {
            Published::Fresh | Published::Known => {}
            Published::OtherEpoch if tail.is_ended() => {
                self.succeed(&tail);
                return self.publish(entry);
            }
            Published::Gap | Published::Forked | Published::OtherEpoch => {
                self.call(|work| {
                    work.heal.insert(entry.room.clone());
                });
            }
        }
        published
    }

    /// An entry of this number was written from here: if it does not arrive, it is read from the log.
    pub(crate) fn expect(&self, tail: &Tail, epoch: Epoch, n: u64) {
        if tail.head().is_some_and(|head| head.epoch == epoch && head.n >= n) {
            return;
        }
        // Nobody is called for it: it is looked at when it is due.
        let mut work = self.work.lock();
        let due = Instant::now() + EXPECTED;
        let expected = work.expected.entry(tail.room().clone()).or_insert((due, epoch, n));
        if expected.1 == epoch {
            expected.2 = expected.2.max(n);
        } else {
            *expected = (due, epoch, n);
        }
    }

    /// Notes that a room's tail has to be compared with the log.
    pub(crate) fn want_heal(&self, room: &RoomId) {
        self.call(|work| {
            work.heal.insert(room.clone());
        });
    }

    /// Notes the same without calling for it at once: the store could not be read.
    pub(crate) fn heal_later(&self, room: &RoomId) {
        self.work.lock().heal.insert(room.clone());
    }

    /// Takes the rooms that have to be healed, those included whose expected entries have not come.
    pub(crate) fn take_heals(&self) -> Vec<RoomId> {
        let mut work = self.work.lock();
        let now = Instant::now();
        let late: Vec<(RoomId, Epoch, u64)> = work
            .expected
            .iter()
            .filter(|(_, (due, ..))| *due <= now)
            .map(|(room, (_, epoch, n))| (room.clone(), *epoch, *n))
            .collect();
        for (room, epoch, n) in late {
            work.expected.remove(&room);
            let there = self
                .tail(&room)
                .and_then(|tail| tail.head())
                .is_some_and(|head| head.epoch == epoch && head.n >= n);
            if !there {
                work.heal.insert(room);
            }
        }
        std::mem::take(&mut work.heal).into_iter().collect()
    }

    /// Takes the rooms whose number of users has to be read.
    pub(crate) fn take_counts(&self) -> Vec<RoomId> {
        std::mem::take(&mut self.work.lock().count).into_iter().collect()
    }

    /// Notes that a room's number of users has to be read at the next look.
    pub(crate) fn want_count(&self, room: &RoomId) {
        self.work.lock().count.insert(room.clone());
    }

    /// Notes that there may be mail.
    pub(crate) fn mail_waits(&self) {
        self.has_mail.store(true, Ordering::Release);
        self.mailed.notify_one();
    }

    /// The same without calling for it at once: the store could not be read.
    pub(crate) fn mail_later(&self) {
        self.has_mail.store(true, Ordering::Release);
    }

    /// Whether there is mail, asked once per mail.
    pub(crate) fn take_mail_flag(&self) -> bool {
        self.has_mail.swap(false, Ordering::AcqRel)
    }

    /// Whether the store said that something may have been missed everywhere.
    pub(crate) fn take_missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }

    /// Notes the same again: the store could not be read.
    pub(crate) fn missed_later(&self) {
        self.missed.store(true, Ordering::Release);
    }

    /// Counts readers that were told that they missed something.
    pub(crate) fn count_reset(&self) {
        self.resets.fetch_add(1, Ordering::Relaxed);
    }

    /// How many times readers were told that they missed something.
    pub(crate) fn resets(&self) -> u64 {
        self.resets.load(Ordering::Relaxed)
    }

    fn call(&self, note: impl FnOnce(&mut Work)) {
        note(&mut self.work.lock());
        self.called.notify_one();
    }

    /// The feed of a list: the one there is, or a new one, unless there are too many.
    pub(crate) fn feed(&self, watched: Watched) -> Option<Arc<Feed>> {
        let mut feeds = self.feeds.lock();
        if let Some(feed) = feeds.get(&watched) {
            return Some(Arc::clone(feed));
        }
        retain_used(&mut feeds);
        if feeds.len() >= self.limits.lists {
            return None;
        }
        let feed = Arc::new(Feed::new(watched));
        feeds.insert(watched, Arc::clone(&feed));
        Some(feed)
    }

    /// The feeds that are watched; others are dropped.
    pub(crate) fn feeds(&self) -> Vec<Arc<Feed>> {
        let mut feeds = self.feeds.lock();
        retain_used(&mut feeds);
        feeds.values().map(Arc::clone).collect()
    }
}

/// Drops feeds that nobody watches. One that a watch is just being added to is held by that, too.
fn retain_used(feeds: &mut HashMap<Watched, Arc<Feed>>) {
    feeds.retain(|_, feed| !feed.is_empty() || Arc::strong_count(feed) > 1);
}

fn is_quiet(tail: &Tail) -> bool {
    !tail.root().is_pinned() && tail.is_empty()
}

impl Sink for Hub {
    fn entry(&self, entry: &SharedEntry) {
        self.publish(entry);
    }

    fn signal(&self, signal: &Arc<Signal>) {
        if let Some(tail) = self.tail(&signal.room) {
            tail.signal(signal);
        }
    }

    fn count(&self, room: &RoomId) {
        self.want_count(room);
    }

    fn mail(&self) {
        self.mail_waits();
    }

    fn missed(&self) {
        self.missed.store(true, Ordering::Release);
        self.called.notify_one();
    }
}
