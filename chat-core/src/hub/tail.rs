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

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::heal::Healing;
use super::outbox::{Outbox, Ready, Seat};
use super::root::Root;
use crate::entry::{Cursor, LeftWhy, SharedEntry, Signal, What};
use crate::event::{Event, ResetWhy};
use crate::id::{Epoch, RoomId, UserId};
use crate::limits::Limits;
use crate::store::{Resumed, SessionKey};
use crate::time::Timestamp;

/// Signals kept for readers who are a little behind.
const SIGNALS: usize = 32;
/// A reader that falls off the tail again within this time is reset instead of healed again.
const HEALED_LATELY: Duration = Duration::from_secs(5);

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
    /// Not known before the first entry or the first reader.
    epoch: Option<Epoch>,
    /// Entries with successive numbers, ending with `head`.
    ring: VecDeque<SharedEntry>,
    bytes: usize,
    head: u64,
    head_at: Option<Timestamp>,
    /// `closed` was seen: nothing follows.
    ended: bool,
    /// Users in a room that only counts; the version tells readers whether they have seen it.
    count: u32,
    count_version: u32,
    signals: VecDeque<Arc<Signal>>,
    /// The number of the first kept signal; they are counted here only.
    signals_first: u64,
    slots: Vec<Option<Slot>>,
    taken: usize,
}

/// One reader.
#[derive(Debug)]
struct Slot {
    outbox: Arc<Outbox>,
    /// Which of the outbox's seats this is.
    seat: u32,
    key: SessionKey,
    /// Under which id the reader is in the room.
    you: UserId,
    /// The number of the entry that it is given next.
    next: u64,
    /// The time of the entry before that.
    at: Option<Timestamp>,
    signal_next: u64,
    /// Up to which version of the count it has looked, and which number it was told.
    count_seen: u32,
    count_told: u32,
    /// The outbox knows that there is news; it need not be told again.
    marked: bool,
    mode: Mode,
    /// What was read from the log for it, until the ring goes on.
    healed: Option<(Arc<Vec<SharedEntry>>, usize)>,
    healed_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Gets what comes.
    Reading,
    /// A join is under way: gets nothing before its reply.
    Held,
    /// Is to be told that it has missed something.
    Reset(ResetWhy),
    /// Was told so, and gets nothing until it joins again.
    Stopped,
    /// Was put out: gets entries up to this number.
    Kicked(u64),
}

/// What became of an entry that was given to a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// It is the newest now.
    Fresh,
    /// It was there.
    Known,
    /// Entries before it are missing: heal.
    Gap,
    /// Another one has its number: this is not the log that was read.
    Forked,
    /// It belongs to another life of the room.
    OtherEpoch,
}

/// What a reader found.
#[derive(Debug)]
pub(crate) enum Drained {
    /// Everything was handed out.
    Done,
    /// There is more than fitted.
    More,
    /// The cursor is off the tail; the log has to be read from here.
    Fell(Cursor),
    /// The seat is gone: the room closed, or the reader was put out.
    Gone,
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
        self.state.lock().epoch
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.state.lock().ended
    }

    /// Whether nobody reads here.
    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().taken == 0
    }

    /// The newest entry, where one is known.
    pub(crate) fn head(&self) -> Option<Cursor> {
        let state = self.state.lock();
        state.epoch.map(|epoch| Cursor { epoch, n: state.head, at: state.head_at })
    }

    /// Takes an entry in, if it is the next one.
    pub(crate) fn publish(&self, entry: &SharedEntry, limits: &Limits) -> Published {
        let mut wakers = Vec::new();
        let published = self.state.lock().publish(entry, limits, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
        published
    }

    /// Hands a signal to all readers but its sender.
    pub(crate) fn signal(&self, signal: &Arc<Signal>) {
        let mut wakers = Vec::new();
        {
            let mut state = self.state.lock();
            if state.signals.len() == SIGNALS {
                state.signals.pop_front();
                state.signals_first += 1;
            }
            state.signals.push_back(Arc::clone(signal));
            state.mark_all(&mut wakers);
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Tells all readers how many users there are; those who know that number already are not told again.
    pub(crate) fn count(&self, live: u32) {
        let mut wakers = Vec::new();
        {
            let mut state = self.state.lock();
            state.count = live;
            state.count_version += 1;
            state.mark_all(&mut wakers);
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Gives a reader a slot with this cursor. `None` where the tail is of another epoch or has ended: it needs a
    /// successor.
    pub(crate) fn sit(
        self: &Arc<Self>,
        outbox: &Arc<Outbox>,
        seat: u32,
        key: SessionKey,
        you: &UserId,
        cursor: Cursor,
        live: u32,
    ) -> Option<Seat> {
        let mut state = self.state.lock();
        state.begin(cursor)?;
        let slot = Slot {
            outbox: Arc::clone(outbox),
            seat,
            key,
            you: you.clone(),
            next: cursor.n + 1,
            at: cursor.at,
            signal_next: state.signals_first + state.signals.len() as u64,
            count_seen: state.count_version,
            count_told: live,
            marked: false,
            mode: Mode::Held,
            healed: None,
            healed_at: None,
        };
        let index = state.slots.iter().position(Option::is_none);
        let index = match index.filter(|_| state.taken < state.slots.len()) {
            Some(index) => {
                state.slots[index] = Some(slot);
                index
            }
            None => {
                state.slots.push(Some(slot));
                state.slots.len() - 1
            }
        };
        state.taken += 1;
        Some(Seat { tail: Arc::clone(self), slot: index as u32 })
    }

    /// Moves a reader that joins again to this cursor. `false` as for [`Tail::sit`].
    pub(crate) fn sit_again(
        &self,
        slot: u32,
        of: &Outbox,
        key: SessionKey,
        cursor: Cursor,
        live: u32,
    ) -> bool {
        let mut state = self.state.lock();
        if state.begin(cursor).is_none() {
            return false;
        }
        let Some(slot) = state.slot(slot, of) else { return false };
        slot.key = key;
        slot.next = cursor.n + 1;
        slot.at = cursor.at;
        slot.count_told = live;
        slot.healed = None;
        slot.mode = Mode::Held;
        true
    }

    /// Keeps a reader from getting anything, until [`Tail::release`].
    pub(crate) fn hold(&self, slot: u32, of: &Outbox) {
        if let Some(slot) = self.state.lock().slot(slot, of)
            && slot.mode == Mode::Reading
        {
            slot.mode = Mode::Held;
        }
    }

    /// Lets a held reader read.
    pub(crate) fn release(&self, slot: u32, of: &Outbox) {
        let waker = {
            let mut state = self.state.lock();
            let State { slots, head, .. } = &mut *state;
            let Some(slot) = find(slots, slot, of) else { return };
            if slot.mode != Mode::Held {
                return;
            }
            slot.mode = Mode::Reading;
            let news = slot.next <= *head;
            if news { slot.mark() } else { None }
        };
        super::outbox::wake(waker);
    }

    /// Takes a reader away. Nothing of the room reaches it after this.
    pub(crate) fn stand_up(&self, slot: u32, of: &Outbox) {
        self.state.lock().remove(slot, of);
    }

    /// Puts a reader out, after what is there already.
    pub(crate) fn kick(&self, slot: u32, of: &Outbox) {
        self.change_mode(slot, of, Mode::Kicked);
    }

    /// Tells one reader that it has missed something.
    pub(crate) fn reset(&self, slot: u32, of: &Outbox, why: ResetWhy) {
        self.change_mode(slot, of, |_| Mode::Reset(why));
    }

    /// Renames a reader's session after its node began another life.
    pub(crate) fn rekey(&self, slot: u32, of: &Outbox, key: SessionKey) {
        if let Some(slot) = self.state.lock().slot(slot, of) {
            slot.key = key;
        }
    }

    fn change_mode(&self, slot: u32, of: &Outbox, mode: impl FnOnce(u64) -> Mode) {
        let waker = {
            let mut state = self.state.lock();
            let State { slots, head, .. } = &mut *state;
            let Some(slot) = find(slots, slot, of) else { return };
            slot.mode = mode(*head);
            slot.mark()
        };
        super::outbox::wake(waker);
    }

    /// The log is not the one that was read, or cannot be continued: every reader is told, and the tail begins
    /// anew at this head.
    pub(crate) fn begin_anew(&self, head: Option<Cursor>, why: ResetWhy) {
        let mut wakers = Vec::new();
        {
            let mut state = self.state.lock();
            state.ring.clear();
            state.bytes = 0;
            match head {
                Some(head) => {
                    state.epoch = Some(head.epoch);
                    state.head = head.n;
                    state.head_at = head.at;
                }
                None => state.ended = true,
            }
            for slot in state.slots.iter_mut().flatten() {
                if slot.mode != Mode::Stopped {
                    slot.mode = Mode::Reset(why);
                    wakers.extend(slot.mark());
                }
            }
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Hands a reader up to `room_for` events.
    pub(crate) fn drain(
        &self,
        slot: u32,
        of: &Outbox,
        events: &mut Vec<Event>,
        room_for: usize,
    ) -> Drained {
        self.state.lock().drain(self.root.room(), slot, of, events, room_for)
    }

    /// Gives a reader what was read from the log for it. Where that does not reach, it is reset.
    pub(crate) fn healed(&self, slot: u32, of: &Outbox, found: Option<&Resumed>) {
        let mut state = self.state.lock();
        let Some(slot) = state.slot(slot, of) else { return };
        slot.healed_at = Some(Instant::now());
        match found {
            Some(Resumed::Entries { entries, .. }) => {
                let at = entries.partition_point(|entry| entry.n < slot.next);
                if entries.get(at).is_some_and(|entry| entry.n == slot.next) {
                    slot.healed = Some((Arc::new(entries.clone()), at));
                }
            }
            Some(Resumed::Lost { why: crate::store::LostWhy::Epoch, .. } | Resumed::Missing) => {
                slot.mode = Mode::Reset(ResetWhy::Epoch);
            }
            Some(Resumed::Lost { .. }) | None => slot.mode = Mode::Reset(ResetWhy::Slow),
        }
    }
}

impl State {
    fn publish(
        &mut self,
        entry: &SharedEntry,
        limits: &Limits,
        wakers: &mut Vec<Waker>,
    ) -> Published {
        match self.epoch {
            None => {
                self.epoch = Some(entry.epoch);
                self.head = entry.n - 1;
            }
            Some(epoch) if epoch != entry.epoch => return Published::OtherEpoch,
            Some(_) => {}
        }
        if entry.n <= self.head {
            let there = self.at(entry.n);
            return match there {
                Some(there) if there.at != entry.at => Published::Forked,
                _ => Published::Known,
            };
        }
        if entry.n > self.head + 1 {
            return Published::Gap;
        }
        if self.ended {
            return Published::Known;
        }
        self.head = entry.n;
        self.head_at = Some(entry.at);
        self.ended = entry.is_closed();
        self.bytes += entry.weight();
        self.ring.push_back(Arc::clone(entry));
        while self.ring.len() > limits.tail
            || (self.bytes > limits.tail_bytes && self.ring.len() > 1)
        {
            if let Some(old) = self.ring.pop_front() {
                self.bytes -= old.weight();
            }
        }
        self.mark_all(wakers);
        Published::Fresh
    }

    fn at(&self, n: u64) -> Option<&SharedEntry> {
        let first = self.ring.front()?.n;
        self.ring.get(usize::try_from(n.checked_sub(first)?).ok()?)
    }

    fn mark_all(&mut self, wakers: &mut Vec<Waker>) {
        for slot in self.slots.iter_mut().flatten() {
            if !slot.marked && slot.mode != Mode::Held && slot.mode != Mode::Stopped {
                wakers.extend(slot.mark());
            }
        }
    }

    /// Makes sure that this tail is of the cursor's epoch.
    fn begin(&mut self, cursor: Cursor) -> Option<()> {
        match self.epoch {
            None => {
                self.epoch = Some(cursor.epoch);
                self.head = cursor.n;
                self.head_at = cursor.at;
                Some(())
            }
            // An ended tail of the right epoch still has its end to give.
            Some(epoch) if epoch == cursor.epoch => Some(()),
            Some(_) => None,
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

    fn drain(
        &mut self,
        room: &RoomId,
        index: u32,
        of: &Outbox,
        events: &mut Vec<Event>,
        room_for: usize,
    ) -> Drained {
        let Self { slots, ring, head, epoch, .. } = self;
        let Some(slot) = find(slots, index, of) else { return Drained::Gone };
        slot.marked = false;
        let until = match slot.mode {
            Mode::Held | Mode::Stopped => return Drained::Done,
            Mode::Reset(why) => {
                slot.mode = Mode::Stopped;
                slot.healed = None;
                let epoch = epoch.unwrap_or(Epoch(0));
                let cursor = Cursor { epoch, n: slot.next - 1, at: slot.at };
                events.push(Event::Reset { room: room.clone(), cursor, why });
                return Drained::Done;
            }
            Mode::Kicked(until) => until,
            Mode::Reading => u64::MAX,
        };
        let mut left = room_for;
        let mut gone = false;
        while left > 0 && !gone && slot.next <= *head && slot.next <= until {
            let Some(entry) = slot.peek(ring) else {
                // The epoch is known wherever there is a reader.
                let epoch = epoch.unwrap_or(Epoch(0));
                let cursor = Cursor { epoch, n: slot.next - 1, at: slot.at };
                let lately = slot.healed_at.is_some_and(|at| at.elapsed() < HEALED_LATELY);
                if lately {
                    slot.mode = Mode::Reset(ResetWhy::Slow);
                    slot.marked = true;
                    return Drained::More;
                }
                return Drained::Fell(cursor);
            };
            left -= 1;
            slot.next = entry.n + 1;
            slot.at = Some(entry.at);
            gone = entry.is_closed() || slot.put_out_by(&entry);
            let put_out = gone && !entry.is_closed();
            events.push(Event::Entry(entry));
            if put_out {
                events.push(Event::Kicked { room: room.clone() });
            }
        }
        if !gone && slot.next > until.min(*head) && until != u64::MAX {
            events.push(Event::Kicked { room: room.clone() });
            gone = true;
        }
        if gone {
            self.remove(index, of);
            return Drained::Gone;
        }
        if left == 0 {
            slot.marked = true;
            return Drained::More;
        }
        self.drain_beside_the_log(room, index, of, events, left)
    }

    /// Signals and counts, behind the entries.
    fn drain_beside_the_log(
        &mut self,
        room: &RoomId,
        index: u32,
        of: &Outbox,
        events: &mut Vec<Event>,
        mut left: usize,
    ) -> Drained {
        let Self { slots, signals, signals_first, count, count_version, .. } = self;
        let Some(slot) = find(slots, index, of) else { return Drained::Gone };
        let last = *signals_first + signals.len() as u64;
        slot.signal_next = slot.signal_next.max(*signals_first);
        while slot.signal_next < last && left > 0 {
            let signal = &signals[(slot.signal_next - *signals_first) as usize];
            slot.signal_next += 1;
            if signal.from != slot.key {
                events.push(Event::Signal(Arc::clone(signal)));
                left -= 1;
            }
        }
        if slot.count_seen != *count_version && left > 0 {
            slot.count_seen = *count_version;
            if slot.count_told != *count {
                slot.count_told = *count;
                events.push(Event::Count { room: room.clone(), live: *count });
                left -= 1;
            }
        }
        if left == 0 && (slot.signal_next < last || slot.count_seen != *count_version) {
            slot.marked = true;
            return Drained::More;
        }
        Drained::Done
    }
}

impl Slot {
    /// Tells the outbox that there is news, unless it knows.
    fn mark(&mut self) -> Option<Waker> {
        if self.marked {
            return None;
        }
        self.marked = true;
        self.outbox.mark(Ready::Seat(self.seat))
    }

    /// The next entry: from what was healed, else from the ring. `None` where it is in neither.
    fn peek(&mut self, ring: &VecDeque<SharedEntry>) -> Option<SharedEntry> {
        if let Some((entries, at)) = &mut self.healed {
            if let Some(entry) = entries.get(*at).filter(|entry| entry.n == self.next) {
                *at += 1;
                return Some(Arc::clone(entry));
            }
            self.healed = None;
        }
        let first = ring.front()?.n;
        let index = usize::try_from(self.next.checked_sub(first)?).ok()?;
        ring.get(index).map(Arc::clone)
    }

    /// Whether this entry says that the reader itself was put out.
    fn put_out_by(&self, entry: &SharedEntry) -> bool {
        matches!(&entry.what, What::Left { user, why: LeftWhy::Kicked, .. } if *user == self.you)
    }
}

/// A slot, if it still is this outbox's: slots are used again, and a late look must not read another's.
fn find<'a>(slots: &'a mut [Option<Slot>], slot: u32, of: &Outbox) -> Option<&'a mut Slot> {
    slots
        .get_mut(slot as usize)?
        .as_mut()
        .filter(|slot| std::ptr::eq(Arc::as_ptr(&slot.outbox), of))
}
