//! Whether the read half of a stream has something.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use parking_lot::Mutex;

/// A waker of its own for the read half, so that a wake for something else is no reason to read.
#[derive(Debug)]
pub(super) struct Readable {
    set: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Readable {
    pub(super) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    pub(super) fn set(&self) {
        self.set.store(true, Ordering::Release);
    }

    pub(super) fn clear(&self) {
        self.set.store(false, Ordering::Release);
    }

    /// Has the task look, if only for something else.
    pub(super) fn wake_task(&self) {
        let waker = self.waker.lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn wakes(&self, waker: &Waker) {
        let old = self.waker.lock().replace(waker.clone());
        // Not dropped under the lock: with it may end what wakes this.
        drop(old);
    }
}

impl Default for Readable {
    fn default() -> Self {
        Self { set: AtomicBool::new(true), waker: Mutex::default() }
    }
}

impl Wake for Readable {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set();
        self.wake_task();
    }
}
