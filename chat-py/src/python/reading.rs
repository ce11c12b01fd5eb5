//! A session's events, in batches.
//!
//! Everything new is taken at once and handed out from here; what was taken and not handed out stays for the next who asks,
//! so that being cancelled loses nothing. One reader at a time: with two, each would miss what the other got.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chat_core::{Event, Session as CoreSession};
use parking_lot::MutexGuard;
use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::prelude::*;
use pyo3::types::PyList;
use tokio::time::Instant;

use super::answer::Answer;
use super::call::refuse_to_block;
use super::errors;
use super::events;
use super::kept::Attribute;
use super::process::inside;
use super::session::Session;
use super::waiting::Waiter;
use crate::first::{Inside, thread_waker};
use crate::live::Live;

/// What is read from a session.
///
/// It lies behind a lock under which no Python runs: that could let another thread in, which would wait here with Python's lock.
#[derive(Default)]
pub(crate) struct Inlet {
    session: Option<CoreSession>,
    taken: VecDeque<Event>,
    /// Kept between two waits, so that each need not find its event loop anew.
    waiter: Option<Waiter>,
    /// Who waits, so that the end can be told.
    waker: Option<Waker>,
    /// Somebody reads.
    busy: bool,
    /// How many turns there were: who was passed over must not end another's.
    turn: u64,
    /// Where that somebody waits.
    waits_in: Option<Arc<crate::inbox::Inbox>>,
    /// `Bye` was taken.
    over: bool,
}

impl Inlet {
    pub(crate) fn new(session: CoreSession) -> Self {
        Self { session: Some(session), ..Self::default() }
    }

    /// Takes what is new, if nothing is left from before.
    fn fill(&mut self, live: &Live, cx: &mut Context<'_>) -> Poll<()> {
        if !self.taken.is_empty() || self.over {
            return Poll::Ready(());
        }
        let Some(session) = &mut self.session else {
            self.over = true;
            return Poll::Ready(());
        };
        let mut events = Vec::new();
        let polled = live.within(|| session.poll_batch(cx, &mut events));
        self.taken = events.into();
        match polled {
            Poll::Pending if self.taken.is_empty() => Poll::Pending,
            Poll::Ready(false) => {
                self.over = true;
                Poll::Ready(())
            }
            _ => Poll::Ready(()),
        }
    }

    fn take(&mut self, wanted: Wanted) -> VecDeque<Event> {
        match wanted {
            Wanted::Event => self.taken.pop_front().into_iter().collect(),
            Wanted::Batch | Wanted::NextBatch => std::mem::take(&mut self.taken),
        }
    }

    fn begin_turn(&mut self) -> u64 {
        self.busy = true;
        self.turn += 1;
        self.turn
    }

    /// Whether this was still whose turn it is.
    fn end_turn(&mut self, turn: u64) -> bool {
        let was = self.busy && self.turn == turn;
        if was {
            self.busy = false;
            self.waker = None;
            self.waits_in = None;
        }
        was
    }

    /// Lets go of the session; who waits is told.
    pub(crate) fn close(&mut self) -> Option<CoreSession> {
        let session = self.session.take();
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        session
    }
}

/// How much is wanted at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Event,
    Batch,
    /// A batch, of an iterator.
    NextBatch,
}

/// One who reads.
pub(crate) struct Read {
    session: Py<Session>,
    wanted: Wanted,
    /// Here while it is this one's turn.
    waiter: Option<Waiter>,
    turn: u64,
}

impl Read {
    pub(crate) fn new(session: Py<Session>, wanted: Wanted) -> Self {
        Self { session, wanted, waiter: None, turn: 0 }
    }

    pub(crate) fn step(&mut self, py: Python<'_>) -> PyResult<Poll<Py<PyAny>>> {
        let session = self.session.get();
        let live = session.live(py)?;
        if self.waiter.is_none() {
            let mut inlet = free(py, session)?;
            if !inlet.taken.is_empty() {
                let events = inlet.take(self.wanted);
                drop(inlet);
                return self.hand_out(py, events).map(Poll::Ready);
            }
            self.turn = inlet.begin_turn();
            self.waiter = Some(inlet.waiter.take().unwrap_or_default());
        }
        let Some(waiter) = &mut self.waiter else { return Err(two_readers(py)) };
        waiter.stop();
        let waker = match waiter.waker(py, false) {
            Ok(waker) => waker,
            Err(error) => {
                self.end_turn();
                return Err(error);
            }
        };
        let mut inlet = session.inlet.lock();
        if inlet.fill(&live, &mut Context::from_waker(&waker)).is_pending() {
            inlet.waker = Some(waker);
            inlet.waits_in = waiter.inbox();
            return Ok(Poll::Pending);
        }
        let events = inlet.take(self.wanted);
        drop(inlet);
        self.end_turn();
        self.hand_out(py, events).map(Poll::Ready)
    }

    /// A future that is done when there is more.
    pub(crate) fn wait(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match &mut self.waiter {
            Some(waiter) => waiter.wait(py),
            None => Err(two_readers(py)),
        }
    }

    /// Whether somebody waits by this very one.
    pub(crate) fn is_waited_for(&self, py: Python<'_>) -> PyResult<bool> {
        self.waiter.as_ref().map_or(Ok(false), |waiter| waiter.is_waited_for(py))
    }

    fn end_turn(&mut self) {
        if let Some(mut waiter) = self.waiter.take() {
            waiter.stop();
            let mut inlet = self.session.get().inlet.lock();
            if inlet.end_turn(self.turn) {
                inlet.waiter = Some(waiter);
            }
        }
    }

    fn hand_out(&self, py: Python<'_>, mut events: VecDeque<Event>) -> PyResult<Py<PyAny>> {
        if self.wanted == Wanted::Batch || !events.is_empty() {
            return match self.wanted {
                Wanted::Event => {
                    events.pop_front().map_or_else(|| Ok(py.None()), |e| events::to_python(py, e))
                }
                Wanted::Batch | Wanted::NextBatch => list_of(py, events),
            };
        }
        Err(PyStopAsyncIteration::new_err(()))
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        self.end_turn();
    }
}

/// A batch; when there will be none any more, that is said.
fn list_of(py: Python<'_>, events: VecDeque<Event>) -> PyResult<Py<PyAny>> {
    if events.is_empty() {
        return Err(ended(py));
    }
    let list = PyList::empty(py);
    for event in events {
        list.append(events::to_python(py, event)?)?;
    }
    Ok(list.into_any().unbind())
}

/// Parked for a batch in this thread.
pub(crate) fn batch(
    py: Python<'_>,
    session: &Session,
    timeout: Option<Duration>,
) -> PyResult<Py<PyAny>> {
    /// As good as for ever.
    const LONGEST: Duration = Duration::from_secs(1 << 30);
    let waker = thread_waker();
    let mut cx = Context::from_waker(&waker);
    let until = timeout.map(|time| Instant::now() + time.min(LONGEST));
    let mut turn = Turn { session, turn: None };
    let _inside = inside(py);
    loop {
        let live = session.live(py)?;
        let mut inlet = if turn.turn.is_some() { session.inlet.lock() } else { free(py, session)? };
        if inlet.fill(&live, &mut cx).is_ready() {
            let events = inlet.take(Wanted::Batch);
            drop(inlet);
            return list_of(py, events);
        }
        if turn.turn.is_none() {
            turn.turn = Some(inlet.begin_turn());
        }
        inlet.waker = Some(waker.clone());
        drop(inlet);
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(PyList::empty(py).into_any().unbind());
        }
        py.detach(|| Inside::park(left.unwrap_or(Duration::MAX)));
        py.check_signals()?;
    }
}

/// Whether this thread may wait that long: one whose event loop has to go on may only take what is there.
pub(crate) fn may_block(py: Python<'_>, timeout: Option<Duration>) -> PyResult<()> {
    if timeout.is_some_and(|time| time.is_zero()) { Ok(()) } else { refuse_to_block(py) }
}

/// A thread's turn to read.
struct Turn<'a> {
    session: &'a Session,
    turn: Option<u64>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn {
            self.session.inlet.lock().end_turn(turn);
        }
    }
}

/// `async for event in session`.
#[pyclass(frozen, module = "chat_engine._native")]
pub(crate) struct Events(pub(crate) Py<Session>);

#[pymethods]
impl Events {
    fn __aiter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __anext__(&self, py: Python<'_>) -> PyResult<Py<Answer>> {
        Answer::reads(py, Read::new(self.0.clone_ref(py), Wanted::Event))
    }
}

/// `async for batch in session.batches()`.
#[pyclass(frozen, module = "chat_engine._native")]
pub(crate) struct Batches(pub(crate) Py<Session>);

#[pymethods]
impl Batches {
    fn __aiter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __anext__(&self, py: Python<'_>) -> PyResult<Py<Answer>> {
        Answer::reads(py, Read::new(self.0.clone_ref(py), Wanted::NextBatch))
    }
}

/// The inlet, if nobody else reads; whoever waits in an event loop that was closed no longer does.
fn free<'a>(py: Python<'_>, session: &'a Session) -> PyResult<MutexGuard<'a, Inlet>> {
    static LET_GO: Attribute = Attribute::new("chat_engine._loops", "let_go_of_closed");
    let inlet = session.inlet.lock();
    if !inlet.busy {
        return Ok(inlet);
    }
    drop(inlet);
    LET_GO.get(py)?.call0()?;
    let mut inlet = session.inlet.lock();
    if inlet.waits_in.as_ref().is_some_and(|inbox| inbox.is_closed()) {
        let turn = inlet.turn;
        inlet.end_turn(turn);
    }
    if !inlet.busy {
        return Ok(inlet);
    }
    drop(inlet);
    Err(two_readers(py))
}

fn two_readers(py: Python<'_>) -> PyErr {
    errors::misuse(
        py,
        "somebody else waits for this session's events: read a session in one place, and hand events on from there",
    )
}

fn ended(py: Python<'_>) -> PyErr {
    let known = errors::Known { code: "unavailable", ..errors::Known::default() };
    errors::exception(py, "Ended", "the session has ended", &known)
}
