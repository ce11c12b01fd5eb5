//! One reader of a tail: a cursor, and what is special about it.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::beside::{Beside, Heard};
use super::outbox::{Outbox, Ready};
use super::ring::Ring;
use crate::entry::{Cursor, SharedEntry, What};
use crate::event::Event;
use crate::id::{Epoch, RoomId, SessionKey, UserId};
use crate::store::{Resumed, Snapshot};
use crate::time::Timestamp;
use crate::why::{LeftWhy, LostWhy, ResetWhy};

/// A reader that falls off the tail again within this time is reset instead of healed again.
const HEALED_LATELY: Duration = Duration::from_secs(5);

/// One reader.
#[derive(Debug)]
pub(super) struct Slot {
    outbox: Arc<Outbox>,
    /// Which of the outbox's seats this is.
    pub(super) seat: u32,
    pub(super) key: SessionKey,
    /// Under which id the reader is in the room.
    you: UserId,
    /// The number of the entry that it is given next.
    next: u64,
    /// The time of the entry before that.
    at: Option<Timestamp>,
    heard: Heard,
    /// The outbox knows that there is news; it need not be told again.
    marked: bool,
    pub(super) mode: Mode,
    /// A join is under way: whatever there is, nothing is given before its reply.
    pub(super) held: bool,
    /// Hardly any reader ever falls off, so that what is kept of it is elsewhere.
    healed: Option<Box<Healed>>,
}

/// A reader that fell off the tail.
#[derive(Debug)]
struct Healed {
    at: Instant,
    /// What was read from the log for it and how far it has read that, until the ring goes on.
    rest: Option<(Arc<Resumed>, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Gets what comes.
    Reading,
    /// Is to be told that it has missed something.
    Reset(ResetWhy),
    /// Was told so, and gets nothing until it joins again.
    Stopped,
    /// Was put out: gets entries up to this number.
    Kicked(u64),
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

/// Where a reader looks.
pub(super) struct Sources<'a> {
    pub(super) room: &'a RoomId,
    pub(super) ring: &'a Ring,
    pub(super) beside: &'a Beside,
}

impl Slot {
    /// A reader that is held at the cursor of its snapshot.
    pub(super) fn new(
        outbox: &Arc<Outbox>,
        seat: u32,
        key: SessionKey,
        snapshot: &Snapshot,
        heard: Heard,
    ) -> Self {
        Self {
            outbox: Arc::clone(outbox),
            seat,
            key,
            you: snapshot.you.clone(),
            next: snapshot.cursor.n + 1,
            at: snapshot.cursor.at,
            heard,
            marked: false,
            mode: Mode::Reading,
            held: true,
            healed: None,
        }
    }

    /// Whether this is this outbox's.
    pub(super) fn is_of(&self, outbox: &Outbox) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.outbox), outbox)
    }

    /// Begins again at the cursor of a new snapshot.
    pub(super) fn begin_again(&mut self, key: SessionKey, snapshot: &Snapshot, heard: Heard) {
        self.key = key;
        self.next = snapshot.cursor.n + 1;
        self.at = snapshot.cursor.at;
        self.heard = heard;
        self.let_go();
        self.mode = Mode::Reading;
        self.held = true;
    }

    /// Whether there is something to give to it.
    pub(super) fn has_news(&self, ring: &Ring, beside: &Beside) -> bool {
        match self.mode {
            Mode::Reading => self.next <= ring.head() || beside.has_news(&self.heard),
            Mode::Reset(_) | Mode::Kicked(_) => true,
            Mode::Stopped => false,
        }
    }

    /// Tells the outbox that there is news, unless it knows, or nothing may be given now.
    #[inline]
    pub(super) fn mark(&mut self) -> Option<Waker> {
        if self.marked || self.held || self.mode == Mode::Stopped {
            return None;
        }
        self.marked = true;
        self.outbox.mark(Ready::Seat(self.seat))
    }

    /// Hands out up to `room_for` events. Whoever is told [`Drained::Gone`] takes the slot away.
    pub(super) fn drain(
        &mut self,
        from: &Sources<'_>,
        events: &mut Vec<Event>,
        room_for: usize,
    ) -> Drained {
        self.marked = false;
        if self.held {
            return Drained::Done;
        }
        let drained = match self.mode {
            Mode::Stopped => Drained::Done,
            Mode::Reset(why) => {
                self.mode = Mode::Stopped;
                self.let_go();
                let (room, cursor) = (from.room.clone(), self.cursor(from.ring));
                events.push(Event::Reset { room, cursor, why });
                Drained::Done
            }
            Mode::Reading => self.read(from, events, room_for, u64::MAX),
            Mode::Kicked(until) => self.read(from, events, room_for, until),
        };
        self.marked = matches!(drained, Drained::More);
        drained
    }

    fn read(
        &mut self,
        from: &Sources<'_>,
        events: &mut Vec<Event>,
        room_for: usize,
        until: u64,
    ) -> Drained {
        let mut left = room_for;
        while self.next <= from.ring.head().min(until) {
            if left == 0 {
                return Drained::More;
            }
            let Some(entry) = self.next_entry(from.ring) else { return self.fell(from.ring) };
            left -= 1;
            self.next = entry.n + 1;
            self.at = Some(entry.at);
            let (closed, put_out) = (entry.is_closed(), self.is_put_out_by(&entry));
            events.push(Event::Entry(entry));
            if put_out {
                events.push(Event::Kicked { room: from.room.clone() });
            }
            if closed || put_out {
                return Drained::Gone;
            }
        }
        if until != u64::MAX {
            events.push(Event::Kicked { room: from.room.clone() });
            return Drained::Gone;
        }
        self.hear(from, events, left)
    }

    /// Signals and counts, behind the entries.
    fn hear(&mut self, from: &Sources<'_>, events: &mut Vec<Event>, mut left: usize) -> Drained {
        while left > 0 {
            match from.beside.next_signal(&mut self.heard) {
                // Not back to the connection that sent it.
                Some(signal) if signal.from == self.key => {}
                Some(signal) => {
                    events.push(Event::Signal(Arc::clone(signal)));
                    left -= 1;
                }
                None => {
                    if let Some(live) = from.beside.next_count(&mut self.heard) {
                        events.push(Event::Count { room: from.room.clone(), live });
                    }
                    return Drained::Done;
                }
            }
        }
        if from.beside.has_news(&self.heard) { Drained::More } else { Drained::Done }
    }

    /// The next entry: from what was healed, else from the ring. `None` where it is in neither.
    fn next_entry(&mut self, ring: &Ring) -> Option<SharedEntry> {
        if let Some(healed) = &mut self.healed
            && let Some((found, mut at)) = healed.rest.take()
            && let Resumed::Entries { entries, .. } = &*found
            && let Some(entry) = entries.get(at).filter(|entry| entry.n == self.next)
        {
            let entry = Arc::clone(entry);
            at += 1;
            // After its last entry it is let go: who has read everything holds nothing.
            healed.rest = (at < entries.len()).then_some((found, at));
            return Some(entry);
        }
        ring.get(self.next).map(Arc::clone)
    }

    fn fell(&mut self, ring: &Ring) -> Drained {
        if self.healed.as_ref().is_some_and(|healed| healed.at.elapsed() < HEALED_LATELY) {
            self.mode = Mode::Reset(ResetWhy::Slow);
            return Drained::More;
        }
        Drained::Fell(self.cursor(ring))
    }

    fn cursor(&self, ring: &Ring) -> Cursor {
        // The epoch is known wherever there is a reader.
        Cursor { epoch: ring.epoch().unwrap_or(Epoch(0)), n: self.next - 1, at: self.at }
    }

    /// Takes what was read from the log for it. Where that does not reach, it is reset.
    pub(super) fn heal(&mut self, found: Option<&Arc<Resumed>>) {
        let mut healed = Box::new(Healed { at: Instant::now(), rest: None });
        match found.map(|found| (found, &**found)) {
            Some((found, Resumed::Entries { entries, .. })) => {
                let at = entries.partition_point(|entry| entry.n < self.next);
                if entries.get(at).is_some_and(|entry| entry.n == self.next) {
                    healed.rest = Some((Arc::clone(found), at));
                }
            }
            Some((_, Resumed::Lost { why: LostWhy::Epoch, .. } | Resumed::Missing)) => {
                self.mode = Mode::Reset(ResetWhy::Epoch);
            }
            Some((_, Resumed::Lost { .. })) | None => self.mode = Mode::Reset(ResetWhy::Slow),
        }
        self.healed = Some(healed);
    }

    /// What was read from the log for it is of no use any more.
    fn let_go(&mut self) {
        if let Some(healed) = &mut self.healed {
            healed.rest = None;
        }
    }

    /// Whether this entry says that the reader itself was put out.
    fn is_put_out_by(&self, entry: &SharedEntry) -> bool {
        matches!(&entry.what, What::Left { user, why: LeftWhy::Kicked, .. } if *user == self.you)
    }
}
