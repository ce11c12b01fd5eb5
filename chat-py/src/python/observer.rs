//! A host that is told what happened, in Python: in batches, in order, by one thread.
//!
//! *Under pressure*: what the engine's queue cannot hold is dropped there and counted. A batch that is not taken in time is still
//! waiting for the thread; the engine goes on with the next one. One that raises is logged, and lost.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chat_core::{Observation, Observer, RoomView, SharedEntry};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::errors::bad_request;
use super::events::entry_to_python;
use super::jobs::{self, Kind};
use super::values::Room;

/// How long a batch may take before the next one is made ready. Ending the engine from within an observer, which waits for this
/// very batch, comes to its end with that too.
const PATIENCE: Duration = Duration::from_secs(10);

/// A room was opened.
#[pyclass(frozen, module = "chat_engine")]
pub(crate) struct Opened(Box<RoomView>);

#[pymethods]
impl Opened {
    #[classattr]
    #[allow(non_upper_case_globals)]
    const __match_args__: (&'static str,) = ("room",);

    #[getter]
    fn room(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Room::to_python(py, (*self.0).clone())
    }

    fn __repr__(&self) -> String {
        format!("Opened(room={:?})", self.0.id.as_str())
    }
}

/// An entry was written: said, joined, left, renamed or closed.
#[pyclass(frozen, module = "chat_engine")]
pub(crate) struct Wrote(SharedEntry);

#[pymethods]
impl Wrote {
    #[classattr]
    #[allow(non_upper_case_globals)]
    const __match_args__: (&'static str,) = ("entry",);

    #[getter]
    fn entry(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        entry_to_python(py, &self.0)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Wrote(entry={})", self.entry(py)?.bind(py).repr()?.to_string_lossy()))
    }
}

/// Two were matched.
#[pyclass(frozen, module = "chat_engine")]
pub(crate) struct Paired {
    pool: String,
    room: String,
    users: [(String, String); 2],
}

#[pymethods]
impl Paired {
    #[classattr]
    #[allow(non_upper_case_globals)]
    const __match_args__: (&'static str, &'static str, &'static str) = ("pool", "room", "users");

    #[getter]
    fn pool(&self) -> &str {
        &self.pool
    }

    #[getter]
    fn room(&self) -> &str {
        &self.room
    }

    /// Who they are, and as whom they are seen there.
    #[getter]
    fn users(&self) -> Vec<(String, String)> {
        self.users.to_vec()
    }

    fn __repr__(&self) -> String {
        format!("Paired(pool={:?}, room={:?})", self.pool, self.room)
    }
}

/// An observer as the engine calls it.
#[derive(Clone)]
pub(crate) struct PyObserver(pub(crate) Arc<Py<PyAny>>);

impl PyObserver {
    pub(crate) fn of(observer: &Bound<'_, PyAny>) -> PyResult<Self> {
        if observer.is_callable() {
            return Ok(Self(Arc::new(observer.clone().unbind())));
        }
        let message =
            "observer is a function: it is called with a list of what happened, and a number";
        Err(bad_request(observer.py(), "observer", message))
    }
}

#[async_trait]
impl Observer for PyObserver {
    async fn observe(&self, batch: Vec<Observation>, dropped: u64) {
        let observer = Arc::clone(&self.0);
        let call = move |py: Python<'_>| -> PyResult<(Py<PyAny>, Py<PyTuple>)> {
            let list = PyList::empty(py);
            for observation in &batch {
                if let Some(seen) = to_python(py, observation)? {
                    list.append(seen)?;
                }
            }
            Ok((observer.clone_ref(py), (list, dropped).into_pyobject(py)?.unbind()))
        };
        let told = jobs::ask(Kind::Telling, "the observer", None, call, |_, came| came.map(drop));
        // Polled where there may be no runtime: then by whoever waits for the engine.
        if tokio::runtime::Handle::try_current().is_ok() {
            // Too late is not lost: it is kept for the thread by the task that goes on waiting.
            let told = tokio::spawn(told);
            let _ = tokio::time::timeout(PATIENCE, told).await;
        } else {
            let _ = told.await;
        }
    }
}

fn to_python(py: Python<'_>, observation: &Observation) -> PyResult<Option<Py<PyAny>>> {
    Ok(Some(match observation {
        Observation::Entry(entry) => Py::new(py, Wrote(SharedEntry::clone(entry)))?.into_any(),
        Observation::Opened(room) => Py::new(py, Opened(room.clone()))?.into_any(),
        Observation::Matched { room, users } => {
            let texts = |(real, alias): &(chat_core::UserId, chat_core::UserId)| {
                (real.as_str().to_owned(), alias.as_str().to_owned())
            };
            let pool = room.as_str().split_once('~').map_or("", |(pool, _)| pool).to_owned();
            let paired =
                Paired { pool, room: room.as_str().to_owned(), users: users.each_ref().map(texts) };
            Py::new(py, paired)?.into_any()
        }
        // Something that came after this was written.
        _ => return Ok(None),
    }))
}
