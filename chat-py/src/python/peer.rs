//! One connection whose frames somebody else carries: an ASGI server, a test.
//!
//! chat-ws's `Peer`, in whichever event loop it is awaited. What it is told is begun when `aframes` is looked at next, which the
//! telling brings about; so a batch of frames costs one wake-up. *Under pressure*: `wants_more` is false while it carries out as much as it
//! may, and while nobody takes what it says. *How it ends*: with a close code, or with `lost`; who is dropped is lost.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chat_core::Engine as CoreEngine;
use chat_ws::{Admission, Frame, Outgoing, Peer as Spoken, Server as Served};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use tokio::time::Instant;

use super::answer::{Answer, Waits};
use super::carried::{Carried, Opening, Phase};
use super::errors::{self, Known};
use super::served::{Asked, Made};
use crate::first::Asked as Pending;
use crate::live::{Fault, Live};

/// How long what a client asked for before it went may take.
const LAST: Duration = Duration::from_secs(5);

/// One connection's side of chat.v1: text frames in, ready frames and a close code out.
#[pyclass(frozen, module = "chat_engine")]
pub(crate) struct Peer {
    live: Arc<Live>,
    /// Under this lock no Python runs.
    inner: Mutex<Carried>,
}

impl Peer {
    pub(crate) fn open(live: &Arc<Live>, (served, admission): (Served, Admission)) -> Self {
        Self::new(live, Phase::Open(Box::new(served.peer(admission))))
    }

    /// Before there is an engine: it takes nothing until then.
    pub(crate) fn opening(
        made: &Arc<Made>,
        engine: Pending<Result<CoreEngine, Fault>>,
        asked: Asked,
    ) -> Self {
        let opening = Opening { made: Arc::clone(made), engine, asked: Some(asked) };
        Self::new(&made.live, Phase::Opening(Box::new(opening)))
    }

    fn new(live: &Arc<Live>, phase: Phase) -> Self {
        Self { live: Arc::clone(live), inner: Mutex::new(Carried::new(phase)) }
    }

    /// Refuses where it belongs to another process.
    fn ours(&self, py: Python<'_>) -> PyResult<()> {
        if self.live.is_ours() {
            return Ok(());
        }
        Err(errors::misuse(py, "this connection belongs to the process before the fork"))
    }

    /// Hands something over, and has it begun.
    fn hand(&self, give: impl FnOnce(&mut Spoken, &mut Outgoing)) -> bool {
        let mut inner = self.inner.lock();
        let Carried { phase, out, full, .. } = &mut *inner;
        match phase {
            Phase::Open(peer) => self.live.within(|| give(peer, out)),
            Phase::Opening(_) => return false,
            Phase::Refused(..) | Phase::Lost => return true,
        }
        *full |= !phase.wants_more(out);
        if let Some(waker) = &inner.waker {
            waker.wake_by_ref();
        }
        true
    }

    fn look(&self, cx: &mut Context<'_>) {
        let mut inner = self.inner.lock();
        self.live.within(|| inner.look(&self.live, cx));
    }

    /// Lets go of the connection: what was asked for before is carried out.
    fn let_go(&self) {
        let (phase, waker) = {
            let mut inner = self.inner.lock();
            let ended = matches!(inner.phase, Phase::Lost | Phase::Refused(..))
                || inner.out.close().is_some();
            // One that has closed keeps its code.
            let phase =
                if ended { None } else { Some(std::mem::replace(&mut inner.phase, Phase::Lost)) };
            if phase.is_some() {
                inner.out = Outgoing::default();
            }
            (phase, inner.waker.take())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        let Some(phase) = phase else { return };
        if !self.live.is_ours() || crate::runtime::is_stopped() {
            // Another process', or there is nobody left to tell.
            return std::mem::forget(phase);
        }
        let Phase::Open(mut peer) = phase else { return };
        let finished =
            self.live.within(|| peer.poll_finish(&mut Context::from_waker(Waker::noop())));
        if finished.is_pending() {
            let finishing = async move {
                let all = std::future::poll_fn(|cx| peer.poll_finish(cx));
                let _ = tokio::time::timeout(LAST, all).await;
            };
            self.live.handle().spawn(finishing);
        } else {
            self.live.within(|| drop(peer));
        }
    }
}

#[pymethods]
impl Peer {
    /// Takes a text frame.
    fn receive(&self, py: Python<'_>, text: &Bound<'_, PyString>) -> PyResult<()> {
        self.ours(py)?;
        let taken = match text.to_cow() {
            Ok(text) => self.hand(|peer, out| peer.receive(&text, Instant::now(), out)),
            // Half a character: no text that could have come over a socket, and no command.
            Err(_) => self.hand(|peer, out| peer.receive_binary(Instant::now(), out)),
        };
        if taken { Ok(()) } else { Err(too_early(py)) }
    }

    /// Takes note of a frame that is no text.
    fn receive_binary(&self, py: Python<'_>) -> PyResult<()> {
        self.ours(py)?;
        let taken = self.hand(|peer, out| peer.receive_binary(Instant::now(), out));
        if taken { Ok(()) } else { Err(too_early(py)) }
    }

    /// Whether it takes another frame now. Where not, leave it where it is, so that its sender waits.
    #[getter]
    fn wants_more(&self) -> bool {
        let mut inner = self.inner.lock();
        let wants_more = inner.wants_more();
        inner.full |= !wants_more;
        wants_more
    }

    /// What is to be sent now.
    fn frames<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.ours(py)?;
        let waker = self.inner.lock().waker.clone();
        self.look(&mut Context::from_waker(waker.as_ref().unwrap_or(Waker::noop())));
        let frames = self.inner.lock().take();
        texts(py, frames)
    }

    /// Waits until something is to be sent, or may be received again, or all is over (`close_code`).
    fn aframes(this: Py<Self>, py: Python<'_>) -> PyResult<Py<Answer>> {
        Answer::waits(py, Box::new(Frames { peer: this, is_ours: false }))
    }

    /// With which code the connection is to be closed, as soon as everything is sent.
    #[getter]
    fn close_code(&self) -> Option<u16> {
        self.inner.lock().close().map(|(code, _)| code)
    }

    #[getter]
    fn close_reason(&self) -> Option<&'static str> {
        self.inner.lock().close().map(|(_, reason)| reason)
    }

    /// The client has gone: what it had asked for is still carried out.
    fn lost(&self) {
        self.let_go();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.let_go();
        if !self.live.is_ours() || crate::runtime::is_stopped() {
            let inner = self.inner.get_mut();
            std::mem::forget(std::mem::replace(&mut inner.phase, Phase::Lost));
            std::mem::forget(inner.sleep.take());
        }
    }
}

/// One who waits for frames.
struct Frames {
    peer: Py<Peer>,
    is_ours: bool,
}

impl Waits for Frames {
    fn poll(&mut self, py: Python<'_>, cx: &mut Context<'_>) -> Poll<PyResult<Py<PyAny>>> {
        let peer = self.peer.get();
        if let Err(error) = peer.ours(py) {
            return Poll::Ready(Err(error));
        }
        if !self.is_ours {
            let busy = std::mem::replace(&mut peer.inner.lock().busy, true);
            if busy {
                let message =
                    "somebody else waits for the frames of this connection: wait in one place";
                return Poll::Ready(Err(errors::misuse(py, message)));
            }
            self.is_ours = true;
        }
        peer.look(cx);
        let mut inner = peer.inner.lock();
        if !inner.has_news() {
            inner.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let frames = inner.take();
        // Once without frames; then whoever asks again and again is to hear that it is over.
        let again =
            frames.is_empty() && inner.is_over() && std::mem::replace(&mut inner.told, true);
        drop(inner);
        Poll::Ready(if again {
            Err(over(py))
        } else {
            texts(py, frames).map(|list| list.into_any().unbind())
        })
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        if self.is_ours {
            let mut inner = self.peer.get().inner.lock();
            inner.busy = false;
            inner.waker = None;
        }
    }
}

fn texts(py: Python<'_>, frames: Vec<Frame>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for frame in frames {
        list.append(PyString::new(py, &String::from_utf8_lossy(frame.as_json())))?;
    }
    Ok(list)
}

fn too_early(py: Python<'_>) -> PyErr {
    errors::misuse(py, "this connection takes nothing yet: look at wants_more before receive")
}

fn over(py: Python<'_>) -> PyErr {
    errors::exception(
        py,
        "Ended",
        "this connection is over",
        &Known { code: "unavailable", ..Known::default() },
    )
}
