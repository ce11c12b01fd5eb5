//! What needs Python from below: jobs, for threads that Python made.
//!
//! No thread of the runtime ever attaches to Python: one that did could be caught there when the interpreter goes away. So a
//! worker that has to ask a hook puts a job here and waits for the answer, and a thread of `chat_engine/_threads.py` fetches it.
//! What a host wrote is called from Python's own frames, with nothing of Rust beneath it.
//!
//! *Under pressure*: there are so many threads, and so many jobs that wait for one; what comes beyond that is refused at once. A job
//! whose asker has given up is not begun. *How it ends*: with [`stop`], when the process does; after a fork the child begins anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::oneshot;

use super::kept::Attribute;
use super::pool::{Found, Job, Pool};
use super::process::inside;
use crate::runtime;

/// Questions that wait for a thread, at the most.
const QUESTIONS: usize = 1_024;
/// Batches that wait for the thread that is told what happened: each is large.
const BATCHES: usize = 64;
/// Threads for questions, unless the environment says otherwise.
const THREADS: usize = 4;
/// Where it does.
const THREADS_ASKED: &str = "CHAT_ENGINE_THREADS";

/// The pools of this process; those of a parent are not touched. Locked for moments, and by threads alone that are still at a fork:
/// attached ones, and workers, which are paused.
static POOLS: Mutex<Option<Pools>> = Mutex::new(None);

#[derive(Clone)]
struct Pools {
    generation: u64,
    asking: Arc<Pool>,
    telling: Arc<Pool>,
}

/// Which threads do a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Those that answer questions.
    Asking,
    /// The one that is told what happened: one, so that it stays in order.
    Telling,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("all threads are busy, and too many jobs wait for one")]
    Full,
    #[error("what was called has failed")]
    Failed,
}

/// Asks Python, and waits for the answer.
///
/// Cancel safe: a job that nobody waits for is not begun; one that was is not stopped, but for a coroutine.
pub(crate) async fn ask<T, C, R>(
    kind: Kind,
    what: &'static str,
    within: Option<Duration>,
    call: C,
    read: R,
) -> Result<T, NoAnswer>
where
    T: Send + 'static,
    C: Fn(Python<'_>) -> PyResult<(Py<PyAny>, Py<PyTuple>)> + Send + 'static,
    R: FnOnce(Python<'_>, PyResult<Bound<'_, PyAny>>) -> PyResult<T> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    pool(kind).push(Box::new(Question { what, within, call, read, answer }))?;
    answered.await.map_err(|_| NoAnswer::Failed)
}

struct Question<T, C, R> {
    what: &'static str,
    within: Option<Duration>,
    call: C,
    read: R,
    /// Dropped without a word where there is no answer.
    answer: oneshot::Sender<T>,
}

impl<T, C, R> Job for Question<T, C, R>
where
    T: Send,
    C: Fn(Python<'_>) -> PyResult<(Py<PyAny>, Py<PyTuple>)> + Send,
    R: FnOnce(Python<'_>, PyResult<Bound<'_, PyAny>>) -> PyResult<T> + Send,
{
    fn what(&self) -> &'static str {
        self.what
    }

    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn within(&self) -> Option<Duration> {
        self.within
    }

    fn call(&self, py: Python<'_>) -> PyResult<(Py<PyAny>, Py<PyTuple>)> {
        (self.call)(py)
    }

    fn end(self: Box<Self>, py: Python<'_>, came: PyResult<Bound<'_, PyAny>>) -> PyResult<()> {
        let answer = (self.read)(py, came)?;
        // Who has gone meanwhile does not hear it.
        let _ = self.answer.send(answer);
        Ok(())
    }
}

/// Makes sure that there is a thread that does such jobs. Needs Python, and so is called before anything is asked.
pub(crate) fn start(py: Python<'_>, kind: Kind) -> PyResult<()> {
    static START: Attribute = Attribute::new("chat_engine._threads", "start");
    let pool = pool(kind);
    if !pool.begins_first() {
        return Ok(());
    }
    let started = START.get(py)?.call1((Jobs(Arc::clone(&pool)),));
    if started.is_err() {
        pool.left();
    }
    started.map(drop)
}

/// The end of the process: what waits is dropped, threads that wait are let go. Not attached.
pub(crate) fn stop(within: Duration) {
    let pools = pools_of_process().clone();
    if let Some(pools) = pools.filter(|pools| pools.generation == runtime::generation()) {
        pools.asking.close(within);
        pools.telling.close(within);
    }
}

fn pool(kind: Kind) -> Arc<Pool> {
    let generation = runtime::generation();
    let mut pools = pools_of_process();
    if let Some(parents) = pools.take_if(|pools| pools.generation != generation) {
        // Its threads are the parent's, and may hold its locks for ever.
        std::mem::forget(parents);
    }
    let pools = pools.get_or_insert_with(|| Pools {
        generation,
        asking: Arc::new(Pool::new(threads_asked(), QUESTIONS)),
        telling: Arc::new(Pool::new(1, BATCHES)),
    });
    Arc::clone(match kind {
        Kind::Asking => &pools.asking,
        Kind::Telling => &pools.telling,
    })
}

fn pools_of_process() -> MutexGuard<'static, Option<Pools>> {
    POOLS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn threads_asked() -> usize {
    let asked = std::env::var(THREADS_ASKED).ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(THREADS).clamp(1, 256)
}

/// Jobs, as a thread of Python's sees them.
#[pyclass(frozen, module = "chat_engine._native", name = "_Jobs")]
pub(crate) struct Jobs(Arc<Pool>);

#[pymethods]
impl Jobs {
    /// Waits for the next one; `None` when there will be none any more.
    fn next(&self, py: Python<'_>) -> Option<Task> {
        loop {
            let Found { job, more, refused } = self.0.next(py)?;
            // One that needs another thread is handed out all the same: that is where it is started.
            if more || refused > 0 || job.is_wanted() {
                let (what, within) = (job.what(), job.within().map(|time| time.as_secs_f64()));
                return Some(Task { job: Mutex::new(Some(job)), what, within, more, refused });
            }
        }
    }

    /// A thread has ended, or did not begin.
    fn left(&self) {
        self.0.left();
    }
}

/// A job in the hands of a thread.
#[pyclass(frozen, module = "chat_engine._native", name = "_Task")]
pub(crate) struct Task {
    /// Touched by this thread alone.
    job: Mutex<Option<Box<dyn Job>>>,
    /// What it is, for the log.
    #[pyo3(get)]
    what: &'static str,
    /// How long a coroutine may take, in seconds.
    #[pyo3(get)]
    within: Option<f64>,
    /// Whether another thread is to be started.
    #[pyo3(get)]
    more: bool,
    /// How many jobs were refused since the last one that said so.
    #[pyo3(get)]
    refused: u64,
}

#[pymethods]
impl Task {
    /// What is called, and with what; `None` where nobody waits for it any more.
    fn call(&self, py: Python<'_>) -> PyResult<Option<(Py<PyAny>, Py<PyTuple>)>> {
        let _inside = inside(py);
        let job = self.job();
        job.as_ref().filter(|job| job.is_wanted()).map(|job| job.call(py)).transpose()
    }

    /// It has answered. Raises where that is no answer.
    fn done(&self, py: Python<'_>, answer: Bound<'_, PyAny>) -> PyResult<()> {
        self.end(py, Ok(answer))
    }

    /// It has failed. Raises what is to be logged.
    fn failed(&self, py: Python<'_>, error: Bound<'_, PyAny>) -> PyResult<()> {
        self.end(py, Err(PyErr::from_value(error)))
    }
}

impl Task {
    fn job(&self) -> MutexGuard<'_, Option<Box<dyn Job>>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, py: Python<'_>, came: PyResult<Bound<'_, PyAny>>) -> PyResult<()> {
        let _inside = inside(py);
        let job = self.job().take();
        job.map_or(Ok(()), |job| job.end(py, came))
    }
}
