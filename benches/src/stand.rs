//! Engines to measure, with sessions in them.

use std::fmt::Debug;
use std::future::Future;
use std::task::{Context, Poll, Waker};

use chat_core::{Author, Engine, Event, RoomId, RoomSpec, Session, User};
use futures_util::FutureExt;

/// The outcome of what completes at once, as everything does with the store in memory.
///
/// # Panics
/// If it does not, or is refused: a bench that does not do what it measures has to stop.
#[allow(clippy::expect_used, reason = "said above")]
pub fn now<T, E: Debug>(future: impl Future<Output = Result<T, E>>) -> T {
    future.now_or_never().expect("completes at its first poll").expect("is not refused")
}

/// An engine with sessions in one room. There is no runtime: nothing runs beside what is measured.
#[derive(Debug)]
pub struct Stand {
    /// The engine.
    pub engine: Engine,
    /// The room that all are in.
    pub room: RoomId,
    /// Those who are in it, each another user, each with everything read.
    pub sessions: Vec<Session>,
}

impl Stand {
    /// A room with this many sessions.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self::with(members, RoomSpec::public("stand"))
    }

    /// The same in a room of one's own making.
    #[must_use]
    pub fn with(members: usize, spec: RoomSpec) -> Self {
        let engine = Engine::in_memory();
        let room = now(engine.open(spec)).id;
        let mut stand = Self { engine, room, sessions: Vec::with_capacity(members) };
        for n in 0..members {
            let session = connect(&stand.engine, n);
            now(session.join(&stand.room));
            stand.sessions.push(session);
            // Before there is more news of those who came than is kept for anybody.
            if n % 100 == 99 {
                stand.read_all(Waker::noop());
            }
        }
        stand.read_all(Waker::noop());
        stand
    }

    /// Lets the site say this many things, and everybody read them.
    #[must_use]
    pub fn talked(mut self, messages: usize) -> Self {
        for _ in 0..messages {
            now(self.engine.post(
                &self.room,
                "something of an ordinary length",
                Author::System,
                None,
            ));
            self.read_all(Waker::noop());
        }
        self
    }

    /// Lets every session read what there is, and leaves this waker with it.
    pub fn read_all(&mut self, waker: &Waker) {
        let mut events = Vec::new();
        for session in &mut self.sessions {
            read_all(session, waker, &mut events);
        }
    }
}

/// A session of the user with this number.
#[must_use]
pub fn connect(engine: &Engine, user: usize) -> Session {
    now(engine.connect(User::named(format!("user-{user:07}"), format!("User {user}"))))
}

/// Polls a session once, as a connection's task does that was woken: everything new is in `events` then.
#[inline]
pub fn poll_once(session: &mut Session, waker: &Waker, events: &mut Vec<Event>) -> Poll<bool> {
    session.poll_batch(&mut Context::from_waker(waker), events)
}

/// Reads until there is nothing more. `events` is left empty.
pub fn read_all(session: &mut Session, waker: &Waker, events: &mut Vec<Event>) {
    while poll_once(session, waker, events) == Poll::Ready(true) {
        events.clear();
    }
}
