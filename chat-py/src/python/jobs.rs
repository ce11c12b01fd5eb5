//! What needs Python from below: jobs, for threads that Python made.
//!
//! No thread of the runtime ever attaches to Python: one that did could be caught there when the interpreter goes away. So a
//! worker that has to ask a hook puts a job here and waits for the answer, and a thread of `chat_engine/_threads.py` fetches it.
//! What a host wrote is called from Python's own frames, with nothing of Rust beneath it.
//!
//! *Under pressure*: there are so many threads, and so many jobs that wait for one; what comes beyond that is refused at once. A job
//! whose asker has given up is not begun. *How it ends*: with [`stop`], when the process does; after a fork the child begins anew.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;
use tokio::sync::oneshot;

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

/// Something that Python is to be called for.
pub(crate) trait Job: Send {
    /// What it is, for the log.
    fn what(&self) -> &'static str;
    /// Whether somebody still waits for it.
    fn is_wanted(&self) -> bool;
    /// How long a coroutine may take.
    fn within(&self) -> Option<Duration>;
    /// What is called, with what.
    fn call(&self, py: Python<'_>) -> PyResult<(Py<PyAny>, Py<PyTuple>)>;
    /// What came of it. An error is for the log.
    fn end(self: Box<Self>, py: Python<'_>, came: PyResult<Bound<'_, PyAny>>) -> PyResult<()>;
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
    static START: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let pool = pool(kind);
    if !pool.begins_first() {
        return Ok(());
    }
    let started =
        START.import(py, "chat_engine._threads", "start")?.call1((Jobs(Arc::clone(&pool)),));
    if started.is_err() {
        pool.left();
    }
    started.map(drop)
}

/// The end of the process: what waits is dropped, threads that wait are let go. Not attached.
pub(crate) fn stop(within: Duration) {
    let pools = POOLS.lock().clone();
    if let Some(pools) = pools.filter(|pools| pools.generation == runtime::generation()) {
        pools.asking.close(within);
        pools.telling.close(within);
    }
}

fn pool(kind: Kind) -> Arc<Pool> {
    let generation = runtime::generation();
    let mut pools = POOLS.lock();
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

fn threads_asked() -> usize {
    let asked = std::env::var(THREADS_ASKED).ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(THREADS).clamp(1, 256)
}

/// Some threads, and what they have to do.
struct Pool {
    state: Mutex<State>,
    changed: Condvar,
    max_threads: usize,
    max_jobs: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Box<dyn Job>>,
    threads: usize,
    /// Threads that wait for a job.
    idle: usize,
    /// Threads that wait in here, or are on their way back into Python.
    inside: usize,
    /// Jobs that were refused and not told of yet.
    refused: u64,
    closed: bool,
}

impl Pool {
    fn new(max_threads: usize, max_jobs: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), max_threads, max_jobs }
    }

    fn push(&self, job: Box<dyn Job>) -> Result<(), NoAnswer> {
        let mut state = self.state.lock();
        let mut given_up = VecDeque::new();
        if state.jobs.len() >= self.max_jobs {
            // Those whose askers have given up only take others' places.
            (state.jobs, given_up) =
                std::mem::take(&mut state.jobs).into_iter().partition(|job| job.is_wanted());
        }
        let has_room = !state.closed && state.jobs.len() < self.max_jobs;
        if has_room {
            state.jobs.push_back(job);
        } else {
            state.refused += 1;
        }
        // What goes with a job may be anything, and is not dropped under the lock.
        drop(state);
        drop(given_up);
        if !has_room {
            return Err(NoAnswer::Full);
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Whether the caller has to start a thread, since there is none.
    fn begins_first(&self) -> bool {
        let mut state = self.state.lock();
        let first = state.threads == 0 && !state.closed;
        state.threads += usize::from(first);
        first
    }

    /// Waits for a job, not attached; and whether another thread is to be started for those that wait behind it.
    fn wait(&self) -> Option<(Box<dyn Job>, bool, u64)> {
        let mut state = self.state.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                // One thread more than there are jobs: this one may be long, and workers cannot start any.
                let more = state.idle <= state.jobs.len() && state.threads < self.max_threads;
                state.threads += usize::from(more);
                return Some((job, more, std::mem::take(&mut state.refused)));
            }
            state.idle += 1;
            self.changed.wait(&mut state);
            state.idle -= 1;
        }
    }

    fn left(&self) {
        self.state.lock().threads -= 1;
    }

    fn close(&self, within: Duration) {
        let mut state = self.state.lock();
        state.closed = true;
        let jobs = std::mem::take(&mut state.jobs);
        self.changed.notify_all();
        self.changed.wait_while_for(&mut state, |state| state.inside > 0, within);
        drop(state);
        drop(jobs);
    }
}

/// Jobs, as a thread of Python's sees them.
#[pyclass(frozen, module = "chat_engine._native", name = "_Jobs")]
pub(crate) struct Jobs(Arc<Pool>);

#[pymethods]
impl Jobs {
    /// Waits for the next one; `None` when there will be none any more.
    fn next(&self, py: Python<'_>) -> Option<Task> {
        loop {
            self.0.state.lock().inside += 1;
            let found = py.detach(|| self.0.wait());
            self.0.state.lock().inside -= 1;
            self.0.changed.notify_all();
            let (job, more, refused) = found?;
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
        let job = self.job.lock();
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
    fn end(&self, py: Python<'_>, came: PyResult<Bound<'_, PyAny>>) -> PyResult<()> {
        let job = self.job.lock().take();
        job.map_or(Ok(()), |job| job.end(py, came))
    }
}
