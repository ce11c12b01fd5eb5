//! Waiting in an event loop.
//!
//! Each loop has one [`Inbox`], kept by `chat_engine/_loops.py`. Who waits has a future of that loop in it, under the number of its ring; when
//! the bell rings, the loop asks [`Inbox::ring`], once for all that is ready, and each of their futures is done.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use super::errors;
use super::kept::{Attribute, Name};
use super::process::inside;
use crate::first::Inside;
use crate::inbox::{self, Ring, Wakeup};

static DONE: Name = Name::new("done");
static SET_RESULT: Name = Name::new("set_result");
static CREATE_FUTURE: Name = Name::new("create_future");
/// The word to asyncio's task that a future is to be waited for, as its own iterator says it.
static BLOCKING: Name = Name::new("_asyncio_future_blocking");

/// What is ready, for one event loop.
#[pyclass(frozen, weakref, name = "_Inbox", module = "chat_engine._native")]
pub(crate) struct Inbox {
    inbox: Arc<inbox::Inbox>,
    next: AtomicU64,
    /// Futures of those that wait. Touched by attached threads alone, and never while detaching.
    waiting: Mutex<HashMap<u64, Py<PyAny>>>,
}

#[pymethods]
impl Inbox {
    #[new]
    fn new(py: Python<'_>, wakeup: &str) -> PyResult<Self> {
        let wakeup = match wakeup {
            #[cfg(target_os = "linux")]
            "eventfd" => Wakeup::EventFd,
            #[cfg(unix)]
            "socketpair" => Wakeup::SocketPair,
            "thread" => Wakeup::Thread,
            other => {
                let message =
                    format!("CHAT_ENGINE_WAKEUP is eventfd, socketpair or thread, not {other}");
                return Err(errors::bad_request(py, "CHAT_ENGINE_WAKEUP", &message));
            }
        };
        let inbox = inbox::Inbox::new(wakeup).map_err(|e| PyOSError::new_err(e.to_string()))?;
        Ok(Self { inbox, next: AtomicU64::new(0), waiting: Mutex::default() })
    }

    /// The file to watch.
    #[getter]
    fn fd(&self) -> Option<i32> {
        #[cfg(unix)]
        return self.inbox.fd();
        #[cfg(not(unix))]
        return None;
    }

    /// Wakes who waits for what is ready.
    fn ring(&self, py: Python<'_>) -> PyResult<()> {
        let _inside = inside(py);
        let mut tokens = Vec::new();
        self.inbox.take(&mut tokens);
        for token in tokens {
            let future = self.waiting.lock().remove(&token);
            if let Some(future) = future {
                let future = future.bind(py);
                if !future.call_method0(DONE.get(py))?.is_truthy()? {
                    future.call_method1(SET_RESULT.get(py), (py.None(),))?;
                }
            }
        }
        Ok(())
    }

    /// Parked for the bell in this thread. `False` when the time is up.
    fn wait(&self, py: Python<'_>, seconds: f64) -> bool {
        let time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(1));
        let _inside = inside(py);
        py.detach(|| {
            let rang = self.inbox.wait(time);
            Inside::stay_if_stopped();
            rang
        })
    }

    /// The end of the loop.
    fn close(&self) {
        self.inbox.close();
        let waiting = std::mem::take(&mut *self.waiting.lock());
        drop(waiting);
    }

    #[getter]
    fn closed(&self) -> bool {
        self.inbox.is_closed()
    }
}

/// One that waits in an event loop, now and then.
#[derive(Default)]
pub(crate) struct Waiter {
    place: Option<Place>,
    waits: bool,
    /// What it waited for last.
    future: Option<Py<PyAny>>,
}

struct Place {
    event_loop: Py<PyAny>,
    inbox: Py<Inbox>,
    ring: Arc<Ring>,
    waker: Waker,
}

impl Waiter {
    /// The waker to poll with in the running loop. One that is `bound` stays in the loop in which it began to wait.
    pub(crate) fn waker(&mut self, py: Python<'_>, bound: bool) -> PyResult<Waker> {
        let event_loop = running_loop(py)?;
        if let Some(place) = &self.place {
            if place.event_loop.is(&event_loop) {
                return Ok(place.waker.clone());
            }
            if bound || self.waits {
                return Err(errors::misuse(
                    py,
                    "this waits in another event loop: await it in the one in which that began",
                ));
            }
        }
        let inbox = inbox_of(&event_loop)?;
        let shared = inbox.get();
        let ring = shared.inbox.ring(shared.next.fetch_add(1, Ordering::Relaxed));
        let waker = ring.waker();
        self.place = Some(Place {
            event_loop: event_loop.unbind(),
            inbox: inbox.unbind(),
            ring,
            waker: waker.clone(),
        });
        Ok(waker)
    }

    /// A future that is done when the ring rings; [`Waiter::waker`] comes before.
    pub(crate) fn wait(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let Some(place) = &self.place else {
            return Err(errors::misuse(py, "nothing waits here"));
        };
        let event_loop = place.event_loop.bind(py);
        let future = event_loop.call_method0(CREATE_FUTURE.get(py))?;
        future.setattr(BLOCKING.get(py), true)?;
        let waiting = &place.inbox.get().waiting;
        let before = waiting.lock().insert(place.ring.token(), future.clone().unbind());
        // Not under the lock: what goes with it may be anything.
        drop(before);
        self.waits = true;
        self.future = Some(future.clone().unbind());
        Ok(future.unbind())
    }

    /// Whether somebody waits here now, whose future would be forgotten with another one's.
    pub(crate) fn is_waited_for(&self, py: Python<'_>) -> PyResult<bool> {
        let Some(future) = self.future.as_ref().filter(|_| self.waits) else { return Ok(false) };
        Ok(!future.bind(py).call_method0(DONE.get(py))?.is_truthy()?)
    }

    /// Where it waits.
    pub(crate) fn inbox(&self) -> Option<Arc<inbox::Inbox>> {
        self.place.as_ref().map(|place| Arc::clone(&place.inbox.get().inbox))
    }

    /// It no longer waits.
    pub(crate) fn stop(&mut self) {
        self.future = None;
        if std::mem::take(&mut self.waits)
            && let Some(place) = &self.place
        {
            let future = place.inbox.get().waiting.lock().remove(&place.ring.token());
            drop(future);
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.stop();
    }
}

fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static RUNNING: Attribute = Attribute::new("asyncio", "get_running_loop");
    let running = RUNNING.get(py)?;
    running.call0().map_err(|_| {
        errors::misuse(
            py,
            "this has to wait, and there is no running asyncio event loop: use the plain name",
        )
    })
}

fn inbox_of<'py>(event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Inbox>> {
    static INBOX: Attribute = Attribute::new("chat_engine._loops", "inbox_of");
    let inbox = INBOX.get(event_loop.py())?;
    Ok(inbox.call1((event_loop,))?.cast_into::<Inbox>()?)
}
