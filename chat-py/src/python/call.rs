//! An operation, for both of its names.
//!
//! The plain one waits, in this thread, without Python's lock, for as long as signals let it. The one with `a` in front gives an [`Answer`].
//! Neither is built on the other, and both begin in the same way: by one poll, here.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use chat_core::Engine;
use pyo3::prelude::*;

use super::answer::{Answer, Waits};
use super::errors;
use super::kept::Attribute;
use super::process::inside;
use crate::first::{Asked, Begun, Broke, Inside};
use crate::live::{Fault, Live};

/// Which of its two names an operation was called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The plain one.
    Wait,
    /// The one that is awaited.
    Answer,
}

/// Carries out an operation on the engine.
pub(crate) fn on_engine<T, F>(
    py: Python<'_>,
    way: Way,
    live: &Arc<Live>,
    operation: impl FnOnce(Engine) -> F + Send + 'static,
    convert: impl Convert<T>,
) -> PyResult<Py<PyAny>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Fault>> + Send + 'static,
{
    may_begin(py, way, live)?;
    finish(py, way, live.begin(operation), convert)
}

/// Carries out an operation that has what it needs.
pub(crate) fn now<T, F>(
    py: Python<'_>,
    way: Way,
    live: &Arc<Live>,
    operation: F,
    convert: impl Convert<T>,
) -> PyResult<Py<PyAny>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Fault>> + Send + 'static,
{
    may_begin(py, way, live)?;
    finish(py, way, live.begin_now(operation), convert)
}

/// How a result becomes Python's.
pub(crate) trait Convert<T>:
    FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + Sync + 'static
{
}

impl<T, C> Convert<T> for C where
    C: FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + Sync + 'static
{
}

/// Waiting in a thread whose event loop has to go on would stop all of it; said before anything is done.
pub(crate) fn may_begin(py: Python<'_>, way: Way, live: &Live) -> PyResult<()> {
    if way == Way::Wait && live.may_wait() { refuse_to_block(py) } else { Ok(()) }
}

/// Raises where an event loop runs in this thread.
pub(crate) fn refuse_to_block(py: Python<'_>) -> PyResult<()> {
    static REFUSE: Attribute = Attribute::new("chat_engine._loops", "refuse_to_block");
    REFUSE.get(py)?.call0().map(drop)
}

fn finish<T: Send + 'static>(
    py: Python<'_>,
    way: Way,
    begun: Begun<Result<T, Fault>>,
    convert: impl Convert<T>,
) -> PyResult<Py<PyAny>> {
    let convert = |py: Python<'_>, done: Result<T, Fault>| match done {
        Ok(value) => convert(py, value),
        Err(fault) => Err(errors::fault(py, &fault)),
    };
    match way {
        Way::Wait => wait(py, begun, convert),
        Way::Answer => Ok(Answer::of(py, begun, convert)?.into_any()),
    }
}

/// Waits for it.
pub(crate) fn wait<T: Send>(
    py: Python<'_>,
    begun: Begun<T>,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>>,
) -> PyResult<Py<PyAny>> {
    convert(py, result(py, begun)?)
}

/// What became of it, waited for in this thread.
pub(crate) fn result<T: Send>(py: Python<'_>, begun: Begun<T>) -> PyResult<T> {
    let done = match begun {
        Begun::Done(done) => done,
        Begun::Asked(asked) => {
            let _inside = inside(py);
            asked.wait(|| {
                py.detach(|| Inside::park(Duration::MAX));
                py.check_signals()
            })?
        }
    };
    done.map_err(|broke| errors::broke(py, &broke))
}

/// An operation that waits in the runtime, and what becomes of its result.
pub(crate) struct Waiting<T, C> {
    pub(crate) asked: Asked<T>,
    pub(crate) convert: Option<C>,
}

impl<T: Send + 'static, C: Convert<T>> Waits for Waiting<T, C> {
    fn poll(&mut self, py: Python<'_>, cx: &mut Context<'_>) -> Poll<PyResult<Py<PyAny>>> {
        self.asked.poll(cx).map(|done: Result<T, Broke>| {
            let value = done.map_err(|broke| errors::broke(py, &broke))?;
            match self.convert.take() {
                Some(convert) => convert(py, value),
                None => Ok(py.None()),
            }
        })
    }
}

/// Both names of each operation, as methods of a class, and whatever else the class has: Python's macros take one block.
macro_rules! twins {
    ($class:ident {
        $( $wait:ident, $answer:ident, $do:ident, $signature:tt,
           ( $( $name:ident : $type:ty ),* ) ; )*
    } { $( $rest:tt )* }) => {
        #[pymethods]
        impl $class {
            $(
                #[pyo3(signature = $signature)]
                #[allow(clippy::too_many_arguments, reason = "the keywords of one call")]
                fn $wait(&self, py: Python<'_>, $( $name: $type ),*) -> PyResult<Py<PyAny>> {
                    let _inside = crate::python::process::inside(py);
                    self.$do(py, Way::Wait, $( $name ),*)
                }

                #[pyo3(signature = $signature)]
                #[allow(clippy::too_many_arguments, reason = "the keywords of one call")]
                fn $answer(&self, py: Python<'_>, $( $name: $type ),*) -> PyResult<Py<PyAny>> {
                    let _inside = crate::python::process::inside(py);
                    self.$do(py, Way::Answer, $( $name ),*)
                }
            )*

            $( $rest )*
        }
    };
}
pub(crate) use twins;
