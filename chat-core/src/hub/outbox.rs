//! What waits for one session.
//!
//! Entries do not wait here: they stay in their room's [`Tail`], and the session has a *seat* there with a
//! cursor. Here is only which seats have something new, a short queue of what concerns this session alone
//! (matches, resets, the end), and the one waker. Being told of news costs a flag and at most one wake, however
//! much there is; a session that does not read holds nothing but its cursors.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Waker};

use parking_lot::Mutex;

use super::feed::Feed;
use super::tail::Tail;
use crate::event::Event;
use crate::id::RoomId;
use crate::why::ByeWhy;

/// One session's share of the hub.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The rooms this session is in. A seat's index never changes while it is taken.
    seats: Vec<Option<Seat>>,
    /// What has news, each at most once: the flag that prevents a second one lies with the source.
    ready: VecDeque<Ready>,
    /// The room that a join is under way to, and whether the session was put out of it meanwhile.
    joining: Option<Box<(RoomId, bool)>>,
    /// Made when it is needed first: most sessions sit in their rooms and have nothing else.
    own: Option<Box<Own>>,
    waker: Option<Waker>,
    over: Option<ByeWhy>,
    /// Whether the stream has handed out its `Bye`.
    bye_given: bool,
}

/// What a session has beside its rooms.
#[derive(Debug, Default)]
struct Own {
    /// The lists it watches.
    watches: Vec<Option<Watch>>,
    /// What is for this session alone, in order; bounded by `Limits::queue`.
    queue: VecDeque<Event>,
}

/// A place in a room.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) tail: Arc<Tail>,
    /// Which slot of the tail.
    pub(crate) slot: u32,
}

/// A place at a watched list.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(crate) feed: Arc<Feed>,
    /// Which slot of the feed.
    pub(crate) slot: u32,
}

/// Which of a session's sources has something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    Seat(u32),
    Watch(u32),
}

/// What a session is to look at next.
#[derive(Debug)]
pub(crate) enum Next {
    /// An event of its own.
    Event(Event),
    /// A room with news.
    Seat(u32, Seat),
    /// A list with news.
    Watch(Watch),
    /// Nothing; the waker is registered.
    Nothing,
    /// The session has ended, and everything was handed out.
    End,
}

impl Outbox {
    /// Notes that a source has news. Called with the source's lock held; returns whom to wake after it.
    pub(crate) fn mark(&self, ready: Ready) -> Option<Waker> {
        let mut state = self.0.lock();
        if state.over.is_some() {
            return None;
        }
        state.ready.push_back(ready);
        state.waker.take()
    }

    /// Queues an event of the session's own. `false` where more than `max` wait already: the session is too slow.
    pub(crate) fn push(&self, event: Event, max: usize) -> bool {
        let mut state = self.0.lock();
        if state.over.is_some() {
            return true;
        }
        let queue = &mut state.own().queue;
        if queue.len() >= max {
            return false;
        }
        queue.push_back(event);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        true
    }

    /// Puts an event back that was taken with another.
    pub(crate) fn push_front(&self, event: Event) {
        self.0.lock().own().queue.push_front(event);
    }

    /// The next thing to look at, and whether it is the last one: then, or where there is nothing, the waker is registered. So who
    /// has dealt with the last one need not ask again.
    pub(crate) fn next(&self, cx: &Context<'_>) -> (Next, bool) {
        let mut state = self.0.lock();
        let next = state.next();
        let last = match next {
            Next::End => false,
            Next::Nothing => true,
            _ => !state.has_more(),
        };
        if last && !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        (next, last)
    }

    /// Puts a source back at the end of the line, because there is more than fitted into a batch.
    pub(crate) fn again(&self, ready: Ready) {
        self.0.lock().ready.push_back(ready);
    }

    /// Ends the session. What it has queued is still handed out, then `Bye`. Returns its places, to be given up by
    /// the caller; nothing if it had ended before.
    pub(crate) fn end(&self, why: ByeWhy) -> Option<(Vec<Seat>, Vec<Watch>)> {
        let mut state = self.0.lock();
        if state.over.is_some() {
            return None;
        }
        state.over = Some(why);
        let seats = std::mem::take(&mut state.seats).into_iter().flatten().collect();
        let watches = state.own.as_mut().map(|own| std::mem::take(&mut own.watches));
        let watches = watches.into_iter().flatten().flatten().collect();
        state.ready = VecDeque::new();
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Some((seats, watches))
    }

    /// Notes that a join is under way to this room; they come one after the other.
    pub(crate) fn joins(&self, room: &RoomId) {
        self.0.lock().joining = Some(Box::new((room.clone(), false)));
    }

    /// Notes that the session is put out of this room, where it is about to take its place there.
    pub(crate) fn put_out(&self, room: &RoomId) {
        if let Some(joining) = &mut self.0.lock().joining {
            joining.1 |= joining.0 == *room;
        }
    }

    /// Whether the session was put out of the room that it was joining; the join is not under way any more.
    pub(crate) fn joined(&self) -> bool {
        self.0.lock().joining.take().is_some_and(|joining| joining.1)
    }

    /// Whether the session has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.0.lock().over.is_some()
    }

    /// The seat in this room.
    pub(crate) fn seat_in(&self, room: &RoomId) -> Option<(u32, Seat)> {
        self.0.lock().seat_in(room).map(|(index, seat)| (index, seat.clone()))
    }

    /// All seats.
    pub(crate) fn seats(&self) -> Vec<Seat> {
        self.0.lock().seats.iter().flatten().cloned().collect()
    }

    /// In how many rooms the session is.
    pub(crate) fn seated(&self) -> usize {
        self.0.lock().seats.iter().flatten().count()
    }

    /// Takes a free seat: `sit` is given its index and puts the session into the tail. Nothing happens where the
    /// session has ended.
    pub(crate) fn sit(&self, sit: impl FnOnce(u32) -> Option<Seat>) -> bool {
        // The tail's lock comes before this one, so the index is reserved first and filled afterwards.
        let index = {
            let mut state = self.0.lock();
            if state.over.is_some() {
                return false;
            }
            free_index(&mut state.seats)
        };
        let Some(seat) = sit(index) else { return false };
        let mut state = self.0.lock();
        if state.over.is_some() {
            drop(state);
            seat.tail.stand_up(seat.slot, self);
            return false;
        }
        state.seats[index as usize] = Some(seat);
        true
    }

    /// Gives up the seat in this room.
    pub(crate) fn stand_up(&self, room: &RoomId) -> Option<Seat> {
        let mut state = self.0.lock();
        let (index, _) = state.seat_in(room)?;
        let seat = state.seats[index as usize].take();
        // What is told of the room outside of its tail waits here.
        if let Some(own) = &mut state.own {
            own.queue.retain(|event| match event {
                Event::Matched(matched) => matched.room() != room,
                Event::Kicked { room: other } => other != room,
                _ => true,
            });
        }
        drop(state);
        if let Some(seat) = &seat {
            seat.tail.stand_up(seat.slot, self);
        }
        seat
    }

    /// Forgets a seat whose slot the tail gives up. Called with the tail's lock held.
    pub(super) fn forget_seat(&self, index: u32, of: &Tail) {
        let mut state = self.0.lock();
        if let Some(place) = state.seats.get_mut(index as usize)
            && place.as_ref().is_some_and(|seat| std::ptr::eq(Arc::as_ptr(&seat.tail), of))
        {
            *place = None;
        }
    }

    /// Takes a place at a list: `watch` is given its index. Nothing happens where the session has ended.
    pub(crate) fn watch(&self, watch: impl FnOnce(u32) -> Watch) -> bool {
        let index = {
            let mut state = self.0.lock();
            if state.over.is_some() {
                return false;
            }
            free_index(&mut state.own().watches)
        };
        let watch = watch(index);
        let mut state = self.0.lock();
        if state.over.is_some() {
            drop(state);
            watch.feed.remove(watch.slot, self);
            return false;
        }
        state.own().watches[index as usize] = Some(watch);
        true
    }

    /// Gives up places at lists that match.
    pub(crate) fn unwatch(&self, which: impl Fn(&Feed) -> bool) -> bool {
        let mut state = self.0.lock();
        let watches = state.own.as_mut().map(|own| own.watches.iter_mut());
        let gone: Vec<Watch> = watches
            .into_iter()
            .flatten()
            .filter(|place| place.as_ref().is_some_and(|watch| which(&watch.feed)))
            .filter_map(Option::take)
            .collect();
        drop(state);
        for watch in &gone {
            watch.feed.remove(watch.slot, self);
        }
        !gone.is_empty()
    }

    /// How many lists the session watches, beside those that match.
    pub(crate) fn watched_beside(&self, which: impl Fn(&Feed) -> bool) -> usize {
        self.0.lock().watches().iter().flatten().filter(|watch| !which(&watch.feed)).count()
    }
}

impl State {
    fn next(&mut self) -> Next {
        if let Some(event) = self.own.as_mut().and_then(|own| own.queue.pop_front()) {
            return Next::Event(event);
        }
        if let Some(why) = self.over {
            if !self.bye_given {
                self.bye_given = true;
                return Next::Event(Event::Bye { why });
            }
            return Next::End;
        }
        while let Some(ready) = self.ready.pop_front() {
            // Marked and left again in the meantime: nothing to look at any more.
            match ready {
                Ready::Seat(index) => {
                    if let Some(Some(seat)) = self.seats.get(index as usize) {
                        return Next::Seat(index, seat.clone());
                    }
                }
                Ready::Watch(index) => {
                    if let Some(watch) = self.watches().get(index as usize).and_then(Option::as_ref)
                    {
                        return Next::Watch(watch.clone());
                    }
                }
            }
        }
        Next::Nothing
    }

    fn has_more(&self) -> bool {
        !self.ready.is_empty()
            || self.over.is_some()
            || self.own.as_ref().is_some_and(|own| !own.queue.is_empty())
    }

    fn own(&mut self) -> &mut Own {
        self.own.get_or_insert_default()
    }

    fn watches(&self) -> &[Option<Watch>] {
        self.own.as_ref().map_or(&[], |own| &own.watches)
    }

    fn seat_in(&self, room: &RoomId) -> Option<(u32, &Seat)> {
        let (index, seat) = self.seats.iter().enumerate().find_map(|(i, seat)| {
            seat.as_ref().filter(|s| s.tail.room() == room).map(|s| (i, s))
        })?;
        Some((index as u32, seat))
    }
}

/// An empty place, made at the end if there is none. It is reserved only as long as the session's changes are
/// done one after the other, which they are (`Core::changing`).
fn free_index<T>(places: &mut Vec<Option<T>>) -> u32 {
    let index = places.iter().position(Option::is_none).unwrap_or_else(|| {
        places.reserve_exact(1);
        places.push(None);
        places.len() - 1
    });
    index as u32
}

/// Wakes, outside of all locks.
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
