//! Jobs that wait for a thread, and threads that wait for a job.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::jobs::NoAnswer;

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

/// Some threads, and what they have to do.
///
/// Locks of the standard library: threads wait here while the process forks, and those of other crates keep lists of who waits, in which a
/// child would find threads that it does not have.
pub(crate) struct Pool {
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
    pub(crate) fn new(max_threads: usize, max_jobs: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), max_threads, max_jobs }
    }

    /// Puts a job where a thread will find it.
    pub(crate) fn push(&self, job: Box<dyn Job>) -> Result<(), NoAnswer> {
        let mut state = self.state();
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
    pub(crate) fn begins_first(&self) -> bool {
        let mut state = self.state();
        let first = state.threads == 0 && !state.closed;
        state.threads += usize::from(first);
        first
    }

    /// Waits for a job; none when there will be none any more.
    pub(crate) fn next(&self, py: Python<'_>) -> Option<Found> {
        self.state().inside += 1;
        let found = py.detach(|| self.wait());
        self.state().inside -= 1;
        self.changed.notify_all();
        found
    }

    fn wait(&self) -> Option<Found> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                // One thread more than there are jobs: this one may be long, and workers cannot start any.
                let more = state.idle <= state.jobs.len() && state.threads < self.max_threads;
                state.threads += usize::from(more);
                return Some(Found { job, more, refused: std::mem::take(&mut state.refused) });
            }
            state.idle += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// A thread has ended, or did not begin.
    pub(crate) fn left(&self) {
        self.state().threads -= 1;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end: what waits is dropped, threads are let go, and those that wait here are waited for.
    pub(crate) fn close(&self, within: Duration) {
        let mut state = self.state();
        state.closed = true;
        let jobs = std::mem::take(&mut state.jobs);
        self.changed.notify_all();
        drop(self.changed.wait_timeout_while(state, within, |state| state.inside > 0));
        drop(jobs);
    }
}

/// What a thread finds.
pub(crate) struct Found {
    pub(crate) job: Box<dyn Job>,
    /// Whether it is to start another thread.
    pub(crate) more: bool,
    /// Jobs that were refused and not told of yet.
    pub(crate) refused: u64,
}
