//! The process around the module: its forks, and its end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::prelude::*;

use crate::first::{self, Inside, stay};
use crate::live;
use crate::runtime::{self, Paused};

/// Somebody forks: one at a time, since two would each bring a part of the workers to a halt, and wait for the other's.
static FORKING: AtomicBool = AtomicBool::new(false);
/// Between the two sides of a fork. Touched by the forking thread alone, attached.
static PAUSED: Mutex<Option<Paused>> = Mutex::new(None);

/// Who ends the process.
static ENDED_BY: OnceLock<ThreadId> = OnceLock::new();

/// Before a fork: the runtime's threads are brought to where they hold nothing.
#[pyfunction]
#[pyo3(name = "_before_fork")]
pub(crate) fn before_fork(py: Python<'_>) {
    /// One that is busy for longer is not waited for.
    const PATIENCE: Duration = Duration::from_secs(2);
    /// One that forks, and never ends to, is not waited for either; in milliseconds.
    const TURNS: u32 = 10_000;
    let paused = py.detach(|| {
        let mut turns = 0;
        while FORKING.swap(true, Ordering::AcqRel) && turns < TURNS {
            std::thread::sleep(Duration::from_millis(1));
            turns += 1;
        }
        runtime::pause(PATIENCE)
    });
    *PAUSED.lock() = Some(paused);
}

/// After a fork, in the parent: they go on.
#[pyfunction]
#[pyo3(name = "_after_fork_in_parent")]
pub(crate) fn after_fork_in_parent() {
    PAUSED.lock().take();
    FORKING.store(false, Ordering::Release);
}

/// After a fork, in the child: what the parent made is the parent's.
#[pyfunction]
#[pyo3(name = "_after_fork_in_child")]
pub(crate) fn after_fork_in_child() {
    if let Some(paused) = PAUSED.lock().take() {
        paused.forget();
    }
    FORKING.store(false, Ordering::Release);
    runtime::forked();
    first::forked();
    live::forked();
    super::served::forked();
}

/// The end of the process: engines say goodbye, the runtime's threads are waited for.
#[pyfunction]
#[pyo3(name = "_at_exit")]
pub(crate) fn at_exit(py: Python<'_>) {
    const PATIENCE: Duration = Duration::from_secs(3);
    /// For those who are sent away.
    const GOODBYE: Duration = Duration::from_secs(1);
    // The first who says so is it.
    let _ = ENDED_BY.set(std::thread::current().id());
    py.detach(|| {
        super::served::stop_at_exit(GOODBYE);
        live::end_all(PATIENCE);
        // Behind the engines, whose observers are told of what is left.
        super::jobs::stop(PATIENCE);
        // Whoever is in the middle of something comes to its end.
        first::settle(PATIENCE);
    });
}

/// This thread is inside, for as long as what this gives is there. At the end of the process those that come stay here.
pub(crate) fn inside(py: Python<'_>) -> Inside {
    match Inside::enter() {
        Some(inside) => inside,
        None if is_ended_by_this_thread() => Inside::enter_anyway(),
        None => py.detach(|| stay()),
    }
}

/// Whether this thread is the one that ends the process, or nobody does.
pub(crate) fn is_ended_by_this_thread() -> bool {
    ENDED_BY.get().is_none_or(|thread| *thread == std::thread::current().id())
}

/// Panics, `here` or in the runtime: for the tests of what becomes of that.
#[pyfunction]
#[pyo3(name = "_panic")]
pub(crate) fn panic(py: Python<'_>, here: bool) -> PyResult<()> {
    let handle = runtime::handle().map_err(|stopped| super::errors::stopped(py, stopped))?;
    let begun = first::begin(&handle, true, async move {
        if !here {
            tokio::task::yield_now().await;
        }
        panic!("asked for");
    });
    super::call::wait(py, begun, |_, (): ()| Ok(py.None()))?;
    Ok(())
}
