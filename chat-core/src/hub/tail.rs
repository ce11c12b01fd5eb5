//! The newest entries of one room, for those of its readers who are on this node.
//!
//! *Order*: the ring holds entries with successive numbers of one epoch; one that does not follow is refused, and
//! healed from the log first. *Under pressure*: it keeps a bounded number of entries and bytes; a reader whose
//! cursor falls off is healed from the log or reset. Signals are kept by the dozen and lost beyond that. *How it
//! ends*: with `closed`, the last entry of its epoch; readers who have been given it lose their seats.
//!
//! ```text
//!                       slots: one cursor per reader
//!                          │ next = 7         │ next = 9 (nothing new)
//!   log in the store       ▼                  ▼
//!   1 2 3 4 5 │ ring: 6 7 8 │ head = 8
//!        ▲ fell off: healed from the log, one read for all
//! ```

use std::sync::Arc;
use std::task::Waker;

use parking_lot::Mutex;

use super::beside::Beside;
use super::heal::Healing;
use super::outbox::{Outbox, Seat, wake};
use super::ring::{Published, Ring};
use super::root::Root;
use super::slot::{Drained, Mode, Slot, Sources};
use crate::entry::{Cursor, SharedEntry, Signal};
use crate::event::Event;
use crate::id::{Epoch, RoomId, SessionKey};
use crate::limits::Limits;
use crate::store::{Resumed, Snapshot};
use crate::why::ResetWhy;

/// The tail of one epoch of one room.
#[derive(Debug)]
pub(crate) struct Tail {
    root: Arc<Root>,
    state: Mutex<State>,
    /// The one read of the log that is under way for readers who fell off.
    pub(crate) healing: Healing,
}

#[derive(Debug, Default)]
struct State {
    ring: Ring,
    beside: Beside,
    slots: Vec<Option<Slot>>,
    taken: usize,
}

impl Tail {
    pub(super) fn new(root: Arc<Root>) -> Self {
        Self { root, state: Mutex::default(), healing: Healing::default() }
    }

    /// The tail of the next epoch, under the same root.
    pub(super) fn successor(&self) -> Self {
        Self::new(Arc::clone(&self.root))
    }

    pub(crate) fn room(&self) -> &RoomId {
        self.root.room()
    }

    pub(crate) fn root(&self) -> &Arc<Root> {
        &self.root
    }

    pub(crate) fn epoch(&self) -> Option<Epoch> {
        self.state.lock().ring.epoch()
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.state.lock().ring.is_ended()
    }

    /// Whether nobody reads here.
    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().taken == 0
    }

    /// The newest entry, where one is known.
    pub(crate) fn head(&self) -> Option<Cursor> {
        self.state.lock().ring.cursor()
    }

    /// Takes an entry in, if it is the next one.
    pub(crate) fn publish(&self, entry: &SharedEntry, limits: &Limits) -> Published {
        self.and_wake(|state, wakers| {
            let published = state.ring.publish(entry, limits);
            if published == Published::Fresh {
                state.mark_all(wakers);
            }
            published
        })
    }

    /// Hands a signal to all readers but its sender.
    pub(crate) fn signal(&self, signal: &Arc<Signal>) {
        self.and_wake(|state, wakers| {
            state.beside.signal(signal);
            state.mark_all(wakers);
        });
    }

    /// Tells all readers how many users there are; those who know that number already are not told again.
    pub(crate) fn count(&self, live: u32) {
        self.and_wake(|state, wakers| {
            state.beside.count(live);
            state.mark_all(wakers);
        });
    }

    /// How many times the number of users was told so far.
    pub(crate) fn counted(&self) -> u32 {
        self.state.lock().beside.counted()
    }

    /// Gives a reader a slot as of its snapshot, held, for which it asked when the number of users had been told `counted`
    /// times. `None` where the tail is of another epoch: it needs a successor.
    pub(crate) fn sit(
        self: &Arc<Self>,
        outbox: &Arc<Outbox>,
        seat: u32,
        key: SessionKey,
        snapshot: &Snapshot,
        counted: u32,
    ) -> Option<Seat> {
        let mut state = self.state.lock();
        if !state.ring.begin(snapshot.cursor) {
            return None;
        }
        let heard = state.beside.heard(snapshot.room.live, counted);
        let slot = Slot::new(outbox, seat, key, snapshot, heard);
        let free = state.taken < state.slots.len();
        let index = free.then(|| state.slots.iter().position(Option::is_none)).flatten();
        let index = index.unwrap_or_else(|| {
            state.slots.push(None);
            state.slots.len() - 1
        });
        state.slots[index] = Some(slot);
        state.taken += 1;
        Some(Seat { tail: Arc::clone(self), slot: index as u32 })
    }

    /// Moves a reader that joins again to its new snapshot, held. `false` as for [`Tail::sit`].
    pub(crate) fn sit_again(
        &self,
        slot: u32,
        of: &Outbox,
        key: SessionKey,
        snapshot: &Snapshot,
        counted: u32,
    ) -> bool {
        let mut state = self.state.lock();
        if !state.ring.begin(snapshot.cursor) {
            return false;
        }
        let heard = state.beside.heard(snapshot.room.live, counted);
        let Some(slot) = state.slot(slot, of) else { return false };
        slot.begin_again(key, snapshot, heard);
        true
    }

    /// Keeps a reader from getting anything, until [`Tail::release`].
    pub(crate) fn hold(&self, slot: u32, of: &Outbox) {
        if let Some(slot) = self.state.lock().slot(slot, of) {
            slot.held = true;
        }
    }

    /// Lets a held reader read.
    pub(crate) fn release(&self, slot: u32, of: &Outbox) {
        self.and_wake(|state, wakers| {
            let State { slots, ring, beside, .. } = state;
            if let Some(slot) = find(slots, slot, of) {
                slot.held = false;
                if slot.has_news(ring, beside) {
                    wakers.extend(slot.mark());
                }
            }
        });
    }

    /// Takes a reader away. Nothing of the room reaches it after this.
    pub(crate) fn stand_up(&self, slot: u32, of: &Outbox) {
        self.state.lock().remove(slot, of);
    }

    /// Puts a reader out, after what is there already.
    pub(crate) fn kick(&self, slot: u32, of: &Outbox) {
        self.turn(slot, of, Mode::Kicked);
    }

    /// Tells one reader that it has missed something.
    pub(crate) fn reset(&self, slot: u32, of: &Outbox, why: ResetWhy) {
        self.turn(slot, of, |_| Mode::Reset(why));
    }

    /// Under what name a reader entered; `None` where it is gone.
    pub(crate) fn key(&self, slot: u32, of: &Outbox) -> Option<SessionKey> {
        self.state.lock().slot(slot, of).map(|slot| slot.key)
    }

    /// Renames a reader's session after its node began another life.
    pub(crate) fn rekey(&self, slot: u32, of: &Outbox, key: SessionKey) {
        if let Some(slot) = self.state.lock().slot(slot, of) {
            slot.key = key;
        }
    }

    /// The log is not the one that was read, or cannot be continued: every reader is told, and the tail begins
    /// anew behind this head, or ends.
    pub(crate) fn begin_anew(&self, head: Option<Cursor>, why: ResetWhy) {
        self.and_wake(|state, wakers| {
            match head {
                Some(head) => state.ring.restart(head),
                None => state.ring.end(),
            }
            for slot in state.slots.iter_mut().flatten() {
                if slot.mode != Mode::Stopped {
                    slot.mode = Mode::Reset(why);
                    wakers.extend(slot.mark());
                }
            }
        });
    }

    /// Hands a reader up to `room_for` events.
    pub(crate) fn drain(
        &self,
        slot: u32,
        of: &Outbox,
        events: &mut Vec<Event>,
        room_for: usize,
    ) -> Drained {
        let mut state = self.state.lock();
        let State { ring, beside, slots, .. } = &mut *state;
        let Some(reader) = find(slots, slot, of) else { return Drained::Done };
        let drained =
            reader.drain(&Sources { room: self.root.room(), ring, beside }, events, room_for);
        if matches!(drained, Drained::Gone) {
            let seat = reader.seat;
            state.remove(slot, of);
            // Under the lock: a join that comes now takes a new place, and must not lose that instead.
            of.forget_seat(seat, self);
        }
        drained
    }

    /// Gives a reader what was read from the log for it.
    pub(crate) fn healed(&self, slot: u32, of: &Outbox, found: Option<&Arc<Resumed>>) {
        if let Some(slot) = self.state.lock().slot(slot, of) {
            slot.heal(found);
        }
    }

    fn turn(&self, slot: u32, of: &Outbox, mode: impl FnOnce(u64) -> Mode) {
        self.and_wake(|state, wakers| {
            let head = state.ring.head();
            if let Some(slot) = state.slot(slot, of) {
                // One that was reset is given no more entries, whatever comes.
                let resets = matches!(slot.mode, Mode::Reset(_) | Mode::Stopped);
                slot.mode = mode(if resets { 0 } else { head });
                wakers.extend(slot.mark());
            }
        });
    }

    /// Does something under the lock, and wakes whom it concerns outside of it: who is woken wants the lock first.
    fn and_wake<T>(&self, act: impl FnOnce(&mut State, &mut Vec<Waker>) -> T) -> T {
        let mut wakers = Vec::new();
        let done = act(&mut self.state.lock(), &mut wakers);
        wakers.into_iter().for_each(|waker| wake(Some(waker)));
        done
    }
}

impl State {
    fn mark_all(&mut self, wakers: &mut Vec<Waker>) {
        for slot in self.slots.iter_mut().flatten() {
            wakers.extend(slot.mark());
        }
    }

    fn slot(&mut self, slot: u32, of: &Outbox) -> Option<&mut Slot> {
        find(&mut self.slots, slot, of)
    }

    fn remove(&mut self, slot: u32, of: &Outbox) {
        if self.slot(slot, of).is_some() {
            self.slots[slot as usize] = None;
            self.taken -= 1;
            if self.taken == 0 {
                self.slots = Vec::new();
            }
        }
    }
}

/// A slot, if it still is this outbox's: slots are used again, and a late look must not read another's.
fn find<'a>(slots: &'a mut [Option<Slot>], slot: u32, of: &Outbox) -> Option<&'a mut Slot> {
    slots.get_mut(slot as usize)?.as_mut().filter(|slot| slot.is_of(of))
}
