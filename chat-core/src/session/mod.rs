//! Sessions: one connection of one user.
//!
//! A [`Session`] is the one stream of the connection's events; its drop is the loss of the connection. Commands live on
//! [`SessionHandle`], take `&self`, and may be given from anywhere; a session derefs to its handle.

pub(crate) mod core;

mod handle;
pub(crate) mod join;
mod lists;
mod own;
mod seek;
mod talk;

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::FutureExt;

use crate::event::Event;
use crate::why::ByeWhy;
pub use handle::SessionHandle;
pub use join::Join;
pub use seek::Seek;
pub use talk::Spoken;

use crate::engine::Inner;
use crate::hub::{Drained, Heal, Next, Ready, Tail};
use crate::session::core::Core;

/// One connection of one user, and the one stream of what it is told.
///
/// Dropping it is the loss of the connection: where the user has no other session in a room, the room's grace begins. To
/// leave a room, [`leave`](SessionHandle::leave) it. Dropping never blocks and needs no runtime.
pub struct Session {
    handle: SessionHandle,
    /// Reads of logs that this session waits for, by seat.
    heals: Vec<Waiting>,
    /// Room for one event, so that taking one does not allocate.
    scratch: Vec<Event>,
}

/// What is left of a session's news when some were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// There may be more.
    More,
    /// Nothing now; the task is woken when there is.
    Nothing,
    /// Nothing any more: [`Event::Bye`] was the last.
    Over,
}

struct Waiting {
    seat: u32,
    slot: u32,
    tail: Arc<Tail>,
    heal: Heal,
}

impl Session {
    pub(crate) fn new(engine: Arc<Inner>, core: Arc<Core>) -> Self {
        Self { handle: SessionHandle::new(engine, core), heals: Vec::new(), scratch: Vec::new() }
    }

    /// A handle for giving commands from elsewhere. It does not keep the session alive.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.handle.clone()
    }

    /// The next event; `None` after [`Event::Bye`]. Events of one room come in the order of its log.
    ///
    /// Cancel safe: nothing is lost.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| self.poll_one(cx)).await
    }

    /// Everything that is new, up to [`Limits::batch`](crate::Limits::batch) events, behind what `events` holds already: for
    /// adapters, that write a batch and flush once. `false` after [`Event::Bye`].
    ///
    /// An adapter that polls its commands and this in one task sees the reply to a `join` before any entry of that
    /// room, and none after the reply to a `leave`.
    ///
    /// Cancel safe: nothing is lost.
    pub async fn next_batch(&mut self, events: &mut Vec<Event>) -> bool {
        std::future::poll_fn(|cx| self.poll_batch(cx, events)).await
    }

    /// As [`Session::next_batch`], for those who poll.
    pub fn poll_batch(&mut self, cx: &mut Context<'_>, events: &mut Vec<Event>) -> Poll<bool> {
        let most = self.handle.engine().limits().batch.max(1);
        let most = events.len().saturating_add(most);
        self.poll_up_to(cx, events, most)
    }

    /// Takes what is new, up to `most` events and one, as [`Session::next_batch`] does; says whether there is more, so that an adapter
    /// takes as much as its transport takes, and need not ask once more to be told that there is nothing.
    pub fn take_some(
        &mut self,
        cx: &mut Context<'_>,
        events: &mut Vec<Event>,
        most: usize,
    ) -> Rest {
        let most = events.len().saturating_add(most.max(1));
        self.take_up_to(cx, events, most)
    }

    fn poll_one(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut events = std::mem::take(&mut self.scratch);
        let polled = self.poll_up_to(cx, &mut events, 1);
        // A room's last entry for one who was put out comes with the word of it: that waits its turn.
        if events.len() > 1
            && let Some(second) = events.pop()
        {
            self.handle.core().outbox.push_front(second);
        }
        let event = events.pop();
        self.scratch = events;
        ready!(polled);
        Poll::Ready(event)
    }

    fn poll_up_to(
        &mut self,
        cx: &mut Context<'_>,
        events: &mut Vec<Event>,
        most: usize,
    ) -> Poll<bool> {
        let before = events.len();
        match self.take_up_to(cx, events, most) {
            Rest::More => Poll::Ready(true),
            Rest::Nothing if events.len() == before => Poll::Pending,
            Rest::Nothing => Poll::Ready(true),
            Rest::Over => Poll::Ready(events.len() > before),
        }
    }

    fn take_up_to(&mut self, cx: &mut Context<'_>, events: &mut Vec<Event>, most: usize) -> Rest {
        // Borrowed from the handle, so that the loop below may borrow the rest.
        let outbox = Arc::clone(&self.handle.core().outbox);
        loop {
            self.poll_heals(cx);
            if events.len() >= most {
                return Rest::More;
            }
            let (next, last) = outbox.next(cx);
            let dealt_with = match next {
                Next::Event(event) => {
                    events.push(event);
                    true
                }
                Next::Seat(seat, place) => {
                    let waits = self
                        .heals
                        .iter()
                        .any(|w| w.seat == seat && Arc::ptr_eq(&w.tail, &place.tail));
                    if waits {
                        continue;
                    }
                    match place.tail.drain(place.slot, &outbox, events, most - events.len()) {
                        Drained::Done => true,
                        Drained::More => {
                            outbox.again(Ready::Seat(seat));
                            false
                        }
                        Drained::Gone => {
                            self.handle.engine().hub().maybe_quiet(&place.tail);
                            true
                        }
                        Drained::Fell(cursor) => {
                            let heal = self.handle.engine().heal(&place.tail, cursor);
                            self.heals.push(Waiting {
                                seat,
                                slot: place.slot,
                                tail: place.tail,
                                heal,
                            });
                            false
                        }
                    }
                }
                Next::Watch(watch) => {
                    let more = watch.feed.drain(watch.slot, &outbox, events, most - events.len());
                    if let Some(ready) = more {
                        outbox.again(ready);
                    }
                    more.is_none()
                }
                Next::Nothing => true,
                Next::End => return Rest::Over,
            };
            if dealt_with && last {
                return Rest::Nothing;
            }
        }
    }

    /// Drives the reads that this session waits for, and lets rooms go on whose read is done.
    fn poll_heals(&mut self, cx: &mut Context<'_>) {
        let outbox = &self.handle.core().outbox;
        self.heals.retain_mut(|waiting| match waiting.heal.poll_unpin(cx) {
            Poll::Pending => true,
            Poll::Ready(found) => {
                waiting.tail.healing.done();
                waiting.tail.healed(waiting.slot, outbox, found.as_ref());
                outbox.again(Ready::Seat(waiting.seat));
                false
            }
        });
    }
}

impl Deref for Session {
    type Target = SessionHandle;
    fn deref(&self) -> &SessionHandle {
        &self.handle
    }
}

impl Stream for Session {
    type Item = Event;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll_one(cx)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.handle.engine().end_session(self.handle.core(), ByeWhy::Gone);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.handle.id()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    /// Whatever a host does with these, on whatever runtime: nothing is bound to a thread.
    #[test]
    fn everything_can_be_sent_to_another_thread() {
        fn send<T: Send>(_: &T) {}
        fn send_sync<T: Send + Sync + 'static>() {}
        send_sync::<Engine>();
        send_sync::<SessionHandle>();
        fn commands(handle: &SessionHandle, room: &crate::RoomId) {
            send(&handle.join(room));
            send(&handle.leave(room));
            send(&handle.say(room, "x"));
            send(&handle.signal(room, "x"));
            send(&handle.rename("x"));
            send(&handle.seek("p", &[]));
            send(&handle.cancel_seek("p"));
            send(&handle.seek_next(room, None));
            send(&handle.block(room));
            send(&handle.watch(crate::Order::Live, 1));
            send(&handle.of_engine().shutdown());
            send(&handle.of_engine().sweep());
        }
        fn stream(session: &mut Session) {
            send(&session.next());
        }
        let _ = (commands, stream);
    }
}
