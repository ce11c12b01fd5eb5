//! What an operation that is awaited gives.
//!
//! A coroutine, written by hand: what is ready is given at the first step, without a task, a future or a wake-up. It is awaited once, in
//! whichever event loop, and works wherever a coroutine does (`await`, `gather`, `create_task`, `wait_for`, `asyncio.run`). Cancelled,
//! it drops the operation where it waits.

use std::task::{Context, Poll};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;

use super::call::{Convert, Waiting};
use super::errors;
use super::process::inside;
use super::reading::Read;
use super::waiting::Waiter;
use crate::first::Begun;

/// Something that is polled on the event loop's thread until it is done.
pub(crate) trait Waits: Send + Sync {
    fn poll(&mut self, py: Python<'_>, cx: &mut Context<'_>) -> Poll<PyResult<Py<PyAny>>>;
}

/// A coroutine.
#[pyclass(module = "chat_engine._native")]
pub(crate) struct Answer(State);

enum State {
    Ready(PyResult<Py<PyAny>>),
    Waits {
        what: Box<dyn Waits>,
        waiter: Waiter,
    },
    /// What a session is told next. It waits with the session, which outlives many of these.
    Reads(Read),
    Over,
}

impl Answer {
    pub(crate) fn of<T: Send + 'static>(
        py: Python<'_>,
        begun: Begun<T>,
        convert: impl Convert<T>,
    ) -> PyResult<Py<Self>> {
        let state = match begun {
            Begun::Done(Ok(value)) => State::Ready(convert(py, value)),
            Begun::Done(Err(broke)) => State::Ready(Err(errors::broke(py, &broke))),
            Begun::Asked(asked) => State::Waits {
                what: Box::new(Waiting { asked, convert: Some(convert) }),
                waiter: Waiter::default(),
            },
        };
        Py::new(py, Self(state))
    }

    pub(crate) fn ready(py: Python<'_>, value: PyResult<Py<PyAny>>) -> PyResult<Py<Self>> {
        Py::new(py, Self(State::Ready(value)))
    }

    pub(crate) fn waits(py: Python<'_>, what: Box<dyn Waits>) -> PyResult<Py<Self>> {
        Py::new(py, Self(State::Waits { what, waiter: Waiter::default() }))
    }

    pub(crate) fn reads(py: Python<'_>, read: Read) -> PyResult<Py<Self>> {
        Py::new(py, Self(State::Reads(read)))
    }

    /// One step: a future to wait for, or the end, which Python knows as an exception.
    fn step(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let _inside = inside(py);
        let polled = match &mut self.0 {
            State::Ready(_) => {
                let State::Ready(value) = std::mem::replace(&mut self.0, State::Over) else {
                    return Err(already());
                };
                Poll::Ready(value)
            }
            State::Waits { what, waiter } => {
                if waiter.is_waited_for(py)? {
                    return Err(twice());
                }
                let waker = waiter.waker(py, true)?;
                match what.poll(py, &mut Context::from_waker(&waker)) {
                    Poll::Pending => return waiter.wait(py),
                    ready @ Poll::Ready(_) => ready,
                }
            }
            State::Reads(read) if read.is_waited_for(py)? => return Err(twice()),
            State::Reads(read) => match read.step(py) {
                Ok(Poll::Pending) => return read.wait(py),
                Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
                Err(error) => Poll::Ready(Err(error)),
            },
            State::Over => return Err(already()),
        };
        self.0 = State::Over;
        match polled {
            Poll::Ready(Ok(value)) => Err(PyStopIteration::new_err((value,))),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Err(already()),
        }
    }
}

#[pymethods]
impl Answer {
    fn __await__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.step(py)
    }

    fn send(&mut self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let _ = value;
        self.step(py)
    }

    #[pyo3(signature = (kind, value=None, trace=None))]
    fn throw(
        &mut self,
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        trace: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let _ = trace;
        self.0 = State::Over;
        Err(match value {
            Some(value) if !value.is_none() => PyErr::from_value(value),
            _ => PyErr::from_value(kind),
        })
    }

    fn close(&mut self) {
        self.0 = State::Over;
    }
}

fn twice() -> PyErr {
    PyRuntimeError::new_err("this is being awaited already: call the operation again")
}

fn already() -> PyErr {
    PyRuntimeError::new_err("this was awaited already: call the operation again")
}
