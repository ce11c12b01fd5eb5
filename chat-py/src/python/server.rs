//! An engine, as it is served to clients: by its own listener, or connection by connection.
//!
//! The listener and its connections live in the runtime; Python is called once for each that says hello, by a job (`auth`). *How it
//! ends*: with `stop`, which sends everybody away, told to come back; with the engine; with the process. After a fork the child has a server
//! of its own, which does not listen.

use std::sync::Arc;
use std::time::Duration;

use chat_core::Engine as CoreEngine;
use chat_ws::{Refusal, Server as Served};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::answer::Answer;
use super::call::{self, Convert, Way, refuse_to_block};
use super::engine::Engine;
use super::errors::{self, Known};
use super::jobs::{self, Kind};
use super::options;
use super::peer::Peer;
use super::process::inside;
use super::served::{Asked, Given, Listening, Made, bind, upgrade};
use super::times::seconds;
use crate::first::{Begun, begin};
use crate::live::Live;

/// How long those who are sent away have, where nothing else was said.
const PATIENCE: Duration = Duration::from_secs(10);

/// An engine, as it is served to clients.
#[pyclass(frozen, weakref, module = "chat_engine")]
pub(crate) struct Server {
    engine: Py<Engine>,
    given: Arc<Given>,
    /// Under this lock no Python runs.
    made: Mutex<Option<Arc<Made>>>,
}

impl Server {
    /// One that does not listen.
    pub(crate) fn new(py: Python<'_>, engine: Py<Engine>, mut given: Given) -> PyResult<Self> {
        // Whoever carries the frames has pings of its own, or none.
        given.options.ping = None;
        let server = Self { engine, given: Arc::new(given), made: Mutex::default() };
        if server.given.auth.is_some() {
            jobs::start(py, Kind::Asking)?;
        }
        Ok(server)
    }

    /// One that listens.
    pub(crate) fn listen(
        py: Python<'_>,
        engine: Py<Engine>,
        live: &Arc<Live>,
        given: Given,
        host: &str,
        port: u16,
    ) -> PyResult<Self> {
        if live.made().is_none() && !live.place().is_here() {
            refuse_to_block(py)?;
        }
        if given.auth.is_some() {
            jobs::start(py, Kind::Asking)?;
        }
        let listener = bind(py, host, port)?;
        let (core, given) = (engine_of(py, live)?, Arc::new(given));
        let made = Made::listening(live, &given, &core, listener)?;
        Ok(Self { engine, given, made: Mutex::new(Some(made)) })
    }

    /// The server of this process.
    fn made(&self, py: Python<'_>) -> PyResult<Arc<Made>> {
        let live = self.engine.get().live(py)?;
        if self.given.auth.is_some() {
            jobs::start(py, Kind::Asking)?;
        }
        let mut made = self.made.lock();
        if let Some(made) = made.as_ref().filter(|made| Arc::ptr_eq(&made.live, &live)) {
            return Ok(Arc::clone(made));
        }
        let new = Made::new(&live, &self.given);
        if let Some(before) = made.replace(Arc::clone(&new)) {
            // A parent's: its connections are in use there.
            std::mem::forget(before);
        }
        Ok(new)
    }

    /// What was made in this process, as far as it was.
    fn there(&self) -> Option<Arc<Made>> {
        self.made.lock().as_ref().filter(|made| made.live.is_ours()).map(Arc::clone)
    }

    fn listening<T>(&self, what: impl FnOnce(&Listening) -> T) -> Option<T> {
        self.there().and_then(|made| made.listening.as_ref().map(what))
    }

    fn do_wait(&self, py: Python<'_>, way: Way, timeout: Option<Duration>) -> PyResult<Py<PyAny>> {
        let Some(made) = self.there().filter(|made| made.listening.is_some()) else {
            return Err(errors::misuse(
                py,
                "this server does not listen: there is no end of it to wait for",
            ));
        };
        if way == Way::Wait {
            refuse_to_block(py)?;
        }
        let live = Arc::clone(&made.live);
        let waiting = async move {
            let ended = made.ended();
            match timeout {
                Some(time) => tokio::time::timeout(time, ended).await.is_ok(),
                None => {
                    ended.await;
                    true
                }
            }
        };
        let convert = move |py: Python<'_>, ended: bool| match way {
            Way::Wait => super::values::truth(py, ended),
            Way::Answer => Ok(py.None()),
        };
        finish_in_runtime(py, way, &live, waiting, convert)
    }

    fn do_stop(&self, py: Python<'_>, way: Way, within: Duration) -> PyResult<Py<PyAny>> {
        let Some(made) = self.there().filter(|_| !crate::runtime::is_stopped()) else {
            return match way {
                Way::Wait => Ok(py.None()),
                Way::Answer => Ok(Answer::ready(py, Ok(py.None()))?.into_any()),
            };
        };
        if way == Way::Wait {
            refuse_to_block(py)?;
        }
        let live = Arc::clone(&made.live);
        let stopping = async move {
            made.stop(within).await;
        };
        finish_in_runtime(py, way, &live, stopping, |py, ()| Ok(py.None()))
    }
}

#[pymethods]
impl Server {
    #[getter]
    fn engine(&self, py: Python<'_>) -> Py<Engine> {
        self.engine.clone_ref(py)
    }

    #[getter]
    fn host(&self) -> Option<String> {
        self.listening(|listening| listening.address.ip().to_string())
    }

    #[getter]
    fn port(&self) -> Option<u16> {
        self.listening(|listening| listening.address.port())
    }

    /// `ws://host:port/`
    #[getter]
    fn url(&self) -> Option<String> {
        self.listening(|listening| format!("ws://{}/", listening.address))
    }

    /// How many connections there are.
    #[getter]
    fn connections(&self) -> usize {
        self.there().and_then(|made| made.serves().map(Served::connections)).unwrap_or(0)
    }

    /// Whether it has begun to send everybody away.
    #[getter]
    fn draining(&self) -> bool {
        self.there().is_some_and(|made| made.serves().is_some_and(Served::is_draining))
    }

    /// The server's side of one connection whose frames somebody else carries. `user` is who the transport knows this to be.
    #[pyo3(
        signature = (*, headers=None, client=None, user=None, name=None, origin_checked=false),
        text_signature = "($self, *, headers=(), client=None, user=None, name=None, origin_checked=False)"
    )]
    fn peer(
        &self,
        py: Python<'_>,
        headers: Option<&Bound<'_, PyAny>>,
        client: Option<&str>,
        user: Option<String>,
        name: Option<String>,
        origin_checked: bool,
    ) -> PyResult<Peer> {
        let _inside = inside(py);
        let upgrade = upgrade(headers, client)?;
        if let Some(user) = &user {
            options::user_id(py, user)?;
        }
        let asked = Asked { upgrade, origin_checked, user: user.map(|user| (user, name)) };
        let made = self.made(py)?;
        match made.live.begin(async |engine: CoreEngine| Ok(engine)) {
            Begun::Done(engine) => {
                let engine = engine.map_err(|broke| errors::broke(py, &broke))?;
                let engine = engine.map_err(|fault| errors::fault(py, &fault))?;
                let admitted =
                    made.admit(&engine, asked).map_err(|refusal| refused(py, refusal))?;
                Ok(Peer::open(&made.live, admitted))
            }
            Begun::Asked(engine) => Ok(Peer::opening(&made, engine, asked)),
        }
    }

    /// Waits for its end. `False` when the time is up.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let timeout = timeout.map(|timeout| seconds("timeout", timeout)).transpose()?;
        self.do_wait(py, Way::Wait, timeout)
    }

    /// Waits for its end.
    fn await_(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.do_wait(py, Way::Answer, None)
    }

    /// Sends everybody away, told to come back, and stops listening.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=10.0)")]
    fn stop(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        self.do_stop(py, Way::Wait, within(timeout)?).map(drop)
    }

    /// Sends everybody away, told to come back, and stops listening.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=10.0)")]
    fn astop(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        self.do_stop(py, Way::Answer, within(timeout)?)
    }

    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    #[pyo3(signature = (*_error))]
    fn __exit__(&self, py: Python<'_>, _error: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.do_stop(py, Way::Wait, PATIENCE).map(drop)
    }

    fn __aenter__(this: Py<Self>, py: Python<'_>) -> PyResult<Py<Answer>> {
        Answer::ready(py, Ok(this.into_any()))
    }

    #[pyo3(signature = (*_error))]
    fn __aexit__(&self, py: Python<'_>, _error: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        self.do_stop(py, Way::Answer, PATIENCE)
    }

    fn __repr__(&self) -> String {
        let at = self.url().map_or_else(String::new, |url| format!(" at {url}"));
        format!("<chat_engine.Server{at}>")
    }
}

/// An operation with times of its own, which are the runtime's.
fn finish_in_runtime<T: Send + 'static>(
    py: Python<'_>,
    way: Way,
    live: &Arc<Live>,
    operation: impl Future<Output = T> + Send + 'static,
    convert: impl Convert<T>,
) -> PyResult<Py<PyAny>> {
    let begun = begin(live.handle(), true, operation);
    match way {
        Way::Wait => call::wait(py, begun, convert),
        Way::Answer => Ok(Answer::of(py, begun, convert)?.into_any()),
    }
}

/// The engine, waited for where it has to be.
fn engine_of(py: Python<'_>, live: &Arc<Live>) -> PyResult<CoreEngine> {
    let engine = call::result(py, live.begin(async |engine: CoreEngine| Ok(engine)))?;
    engine.map_err(|fault| errors::fault(py, &fault))
}

fn within(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Duration> {
    timeout.map_or(Ok(PATIENCE), |timeout| seconds("timeout", timeout))
}

/// A connection that may not begin, as the transport has to answer it.
fn refused(py: Python<'_>, refusal: Refusal) -> PyErr {
    let (class, code) = match refusal {
        Refusal::Origin => ("Forbidden", "forbidden"),
        Refusal::AddressFull => ("TooMany", "too_many"),
        _ => ("Unavailable", "unavailable"),
    };
    let retry_after = (code == "unavailable").then_some(Duration::from_secs(1));
    errors::exception(
        py,
        class,
        &refusal.to_string(),
        &Known { code, retry_after, ..Known::default() },
    )
}
