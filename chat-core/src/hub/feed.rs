//! A watched list: computed once, whatever the number of watchers.
//!
//! *Guarantees*: versions follow on one another; each change leads from the list of the version before to its own.
//! *Under pressure*: the newest changes are kept; a watcher that falls further behind sees a hole in
//! the versions, and watches again. *How it ends*: with its last watcher.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::diff::{diff, differs, last_differs};
use super::outbox::{Outbox, Ready, Watch};
use crate::event::Event;
use crate::id::RoomId;
use crate::list::{ListChange, ListOp, ListSnapshot, Watched};
use crate::room::RoomView;

/// Changes kept for watchers who are a little behind: at four a second, sixteen seconds.
const KEPT: usize = 64;
/// Lists are looked at, and changes go out, at most this often.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A row in which only the newest thing said is new goes out at most this often.
const LAST_EVERY: Duration = Duration::from_secs(1);

/// One list and its watchers.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) watched: Watched,
    /// Held while the list is read.
    pub(crate) reading: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    version: u64,
    /// What the watchers have.
    rows: Vec<RoomView>,
    online: Option<u64>,
    /// When each row's newest thing said went out.
    last_sent: HashMap<RoomId, Instant>,
    /// The store's versions of the list and of the talk at the last look, and when that was.
    looked: Option<(u64, u64, Instant)>,
    /// A row waits for its second to be over.
    last_pending: bool,
    changes: VecDeque<Arc<ListChange>>,
    slots: Vec<Option<Slot>>,
    watchers: usize,
}

#[derive(Debug)]
struct Slot {
    outbox: Arc<Outbox>,
    place: u32,
    next: u64,
    marked: bool,
}

impl Feed {
    pub(crate) fn new(watched: Watched) -> Self {
        Self { watched, reading: tokio::sync::Mutex::default(), state: Mutex::default() }
    }

    /// Whether the list was looked at so lately that it is too early for the next look.
    pub(crate) fn is_fresh(&self) -> bool {
        let state = self.state.lock();
        state.looked.is_some_and(|(_, _, at)| at.elapsed() < LOOK_EVERY)
    }

    /// Whether the list has to be read, given the store's version of it and of what is said.
    pub(crate) fn is_stale(&self, version: u64, said: u64) -> bool {
        let state = self.state.lock();
        let Some((version_then, said_then, at)) = state.looked else { return true };
        let talk = said != said_then || state.last_pending;
        version != version_then || (talk && at.elapsed() >= LAST_EVERY)
    }

    /// Takes the list in as it is now, and tells the watchers what changed.
    pub(crate) fn take_rows(&self, version: u64, said: u64, rows: Vec<RoomView>) {
        let mut wakers = Vec::new();
        self.state.lock().take_rows(self.watched, version, said, rows, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Takes the number of users online in.
    pub(crate) fn take_online(&self, online: u64) {
        let mut wakers = Vec::new();
        {
            let mut state = self.state.lock();
            state.looked = Some((0, 0, Instant::now()));
            if state.online == Some(online) {
                return;
            }
            let first = state.online.replace(online).is_none();
            if first {
                state.version = 1;
            } else {
                state.publish(self.watched, Vec::new(), Some(online), &mut wakers);
            }
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().watchers == 0
    }

    /// Adds a watcher, and returns the list from which it goes on.
    pub(crate) fn add(self: &Arc<Self>, outbox: &Arc<Outbox>, place: u32) -> (Watch, ListSnapshot) {
        let mut state = self.state.lock();
        let slot =
            Slot { outbox: Arc::clone(outbox), place, next: state.version + 1, marked: false };
        let index = state.slots.iter().position(Option::is_none).unwrap_or(state.slots.len());
        if index == state.slots.len() {
            state.slots.push(Some(slot));
        } else {
            state.slots[index] = Some(slot);
        }
        state.watchers += 1;
        let snapshot = ListSnapshot {
            watched: self.watched,
            version: state.version,
            rooms: state.rows.clone(),
            online: state.online,
        };
        (Watch { feed: Arc::clone(self), slot: index as u32 }, snapshot)
    }

    /// Takes a watcher away.
    pub(crate) fn remove(&self, slot: u32, of: &Outbox) {
        let mut state = self.state.lock();
        if state.slot(slot, of).is_some() {
            state.slots[slot as usize] = None;
            state.watchers -= 1;
        }
    }

    /// Hands a watcher the changes it has not had. `true` where there are more than fitted.
    pub(crate) fn drain(
        &self,
        slot: u32,
        of: &Outbox,
        events: &mut Vec<Event>,
        room_for: usize,
    ) -> Option<Ready> {
        let mut state = self.state.lock();
        let State { slots, changes, .. } = &mut *state;
        let slot = slots
            .get_mut(slot as usize)?
            .as_mut()
            .filter(|s| std::ptr::eq(Arc::as_ptr(&s.outbox), of))?;
        slot.marked = false;
        let from = changes.partition_point(|change| change.version < slot.next);
        for change in changes.iter().skip(from).take(room_for) {
            slot.next = change.version + 1;
            events.push(Event::List(Arc::clone(change)));
        }
        let more = changes.back().is_some_and(|change| change.version >= slot.next);
        slot.marked = more;
        more.then_some(Ready::Watch(slot.place))
    }
}

impl State {
    fn take_rows(
        &mut self,
        watched: Watched,
        version: u64,
        said: u64,
        new: Vec<RoomView>,
        wakers: &mut Vec<Waker>,
    ) {
        let now = Instant::now();
        self.looked = Some((version, said, now));
        self.last_pending = false;
        if self.version == 0 {
            self.version = 1;
            self.rows = new;
            return;
        }
        let sent = &self.last_sent;
        let waits = |old: &RoomView, new: &RoomView| {
            last_differs(old, new)
                && sent.get(&new.id).is_some_and(|at| now.duration_since(*at) < LAST_EVERY)
        };
        let keep = |old: &RoomView, new: &RoomView| {
            !differs(old, new) && (!last_differs(old, new) || waits(old, new))
        };
        let ops = diff(&self.rows, &new, keep);
        let told: HashSet<RoomId> = ops
            .iter()
            .filter_map(|op| match op {
                ListOp::At { room, .. } => Some(room.id.clone()),
                ListOp::Gone(_) => None,
            })
            .collect();
        // What the watchers have now: the new rows, but where a row's newest thing said waits, the old one.
        let old: HashMap<&RoomId, &RoomView> = self.rows.iter().map(|row| (&row.id, row)).collect();
        let mut pending = false;
        let rows: Vec<RoomView> = new
            .into_iter()
            .map(|row| match old.get(&row.id) {
                Some(&before) if !told.contains(&row.id) => {
                    pending |= last_differs(before, &row);
                    before.clone()
                }
                _ => row,
            })
            .collect();
        self.rows = rows;
        self.last_pending = pending;
        self.last_sent.retain(|_, at| now.duration_since(*at) < LAST_EVERY);
        self.last_sent.extend(told.into_iter().map(|id| (id, now)));
        if !ops.is_empty() {
            self.publish(watched, ops, None, wakers);
        }
    }

    fn publish(
        &mut self,
        watched: Watched,
        ops: Vec<ListOp>,
        online: Option<u64>,
        wakers: &mut Vec<Waker>,
    ) {
        self.version += 1;
        if self.changes.len() == KEPT {
            self.changes.pop_front();
        }
        self.changes.push_back(Arc::new(ListChange::new(watched, self.version, ops, online)));
        for slot in self.slots.iter_mut().flatten() {
            if !slot.marked {
                slot.marked = true;
                wakers.extend(slot.outbox.mark(Ready::Watch(slot.place)));
            }
        }
    }

    fn slot(&mut self, slot: u32, of: &Outbox) -> Option<&mut Slot> {
        self.slots
            .get_mut(slot as usize)?
            .as_mut()
            .filter(|slot| std::ptr::eq(Arc::as_ptr(&slot.outbox), of))
    }
}
