//! The one tokio runtime of a process.
//!
//! *Guarantees*: [`handle`] gives the runtime of this very process: after a fork the child makes its own, since threads are not taken along.
//! [`stop`] is for the end of the interpreter: nothing goes on afterwards, and nothing begins. Its workers know nothing of Python,
//! so that none of them can be caught in it when it goes away.
//!
//! *A fork under load*: a lock that a worker holds at that moment would never be released in the child. So [`pause`] brings all
//! workers to a known place first, and [`Paused`] lets them go on when it is dropped.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

/// Held for moments only, and never by a worker, so that no fork finds it locked.
static CURRENT: Mutex<Option<Runtime>> = Mutex::new(None);
static GENERATION: AtomicU64 = AtomicU64::new(0);
static STOPPED: AtomicBool = AtomicBool::new(false);

/// The interpreter is ending: nothing can be begun any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the process is ending")]
pub struct Stopped;

/// The runtime of this process, made when it is first asked for.
///
/// # Errors
/// After [`stop`], or where the system gives no threads.
pub fn handle() -> Result<Handle, Stopped> {
    check()?;
    let mut current = current();
    if let Some(runtime) = &*current {
        return Ok(runtime.handle().clone());
    }
    let made = Builder::new_multi_thread().thread_name("chat-engine").enable_all().build();
    let runtime = made.map_err(|error| {
        tracing::error!(%error, "no runtime");
        Stopped
    })?;
    Ok(current.insert(runtime).handle().clone())
}

/// How many forks lie behind this process. What was made under another number belongs to a parent.
#[must_use]
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// To be called in a child right after the fork, by its only thread.
pub fn forked() {
    GENERATION.fetch_add(1, Ordering::AcqRel);
    if let Some(parents) = current().take() {
        // Its threads are the parent's: to wait for them here would be for ever.
        std::mem::forget(parents);
    }
}

/// Ends the runtime: nothing is begun any more, and its workers stand still until the process is gone.
///
/// They are not waited for beyond that, nor is the runtime taken apart: a thread of Python's that is in the middle of something would find
/// a runtime that refuses timers, and fail for no fault of its own.
pub fn stop(within: Duration) {
    STOPPED.store(true, Ordering::SeqCst);
    pause(within).forget();
}

/// Whether the runtime was ended.
#[must_use]
pub fn is_stopped() -> bool {
    STOPPED.load(Ordering::SeqCst)
}

/// The same, as an error.
///
/// # Errors
/// After [`stop`].
pub fn check() -> Result<(), Stopped> {
    if is_stopped() { Err(Stopped) } else { Ok(()) }
}

/// Brings all workers to where they hold nothing, or gives up after this long: one that is busy for longer cannot be waited for.
pub fn pause(within: Duration) -> Paused {
    let gate = Arc::new(Gate::default());
    let Some(handle) = current().as_ref().map(|runtime| runtime.handle().clone()) else {
        return Paused(gate);
    };
    let workers = handle.metrics().num_workers();
    for _ in 0..workers {
        let gate = Arc::clone(&gate);
        // Each blocks its worker, so that no two run on one.
        handle.spawn(async move { gate.arrive_and_wait() });
    }
    gate.wait_for(workers, within);
    Paused(gate)
}

/// The workers stand still until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Paused(Arc<Gate>);

impl Paused {
    /// For a child, in which there is nobody to let go, and for the end of a process: they stay where they are.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        self.0.open();
    }
}

#[derive(Debug, Default)]
struct Gate {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    arrived: usize,
    open: bool,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrive_and_wait(&self) {
        let mut state = self.state();
        if state.open {
            return;
        }
        state.arrived += 1;
        self.changed.notify_all();
        let waited = self.changed.wait_while(state, |state| !state.open);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn wait_for(&self, workers: usize, within: Duration) {
        let state = self.state();
        let waited =
            self.changed.wait_timeout_while(state, within, |state| state.arrived < workers);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn open(&self) {
        self.state().open = true;
        self.changed.notify_all();
    }
}

fn current() -> MutexGuard<'static, Option<Runtime>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn while_it_is_paused_no_worker_does_anything() {
        let handle = handle().unwrap();
        let steps = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let steps = Arc::clone(&steps);
                handle.spawn(async move {
                    loop {
                        steps.fetch_add(1, Ordering::Relaxed);
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for _ in 0..50 {
            let paused = pause(Duration::from_secs(20));
            let before = steps.load(Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(2));
            assert_eq!(steps.load(Ordering::Relaxed), before);
            drop(paused);
            while steps.load(Ordering::Relaxed) == before {
                std::thread::yield_now();
            }
        }
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[test]
    fn a_worker_that_does_not_come_is_not_waited_for() {
        let handle = handle().unwrap();
        let (go, wait) = std::sync::mpsc::sync_channel::<()>(1);
        handle.spawn(async move { _ = wait.recv() });
        drop(pause(Duration::from_millis(20)));
        drop(go);
    }
}
