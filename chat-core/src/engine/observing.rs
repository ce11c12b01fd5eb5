//! Feeding the host's observer, behind the hot path.

use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Inner;
use crate::entry::SharedEntry;
use crate::hooks::{Observation, Observer, ObserverOptions};
use crate::room::RoomView;

/// What waits for the observer.
pub(super) struct Observing {
    observer: Arc<dyn Observer>,
    options: ObserverOptions,
    queue: Mutex<VecDeque<Observation>>,
    dropped: AtomicU64,
    dropped_in_all: AtomicU64,
    pub(super) called: Notify,
    /// Held while a batch is given, so that batches stay in order.
    giving: tokio::sync::Mutex<()>,
}

impl Observing {
    pub(super) fn new(observer: Arc<dyn Observer>, options: ObserverOptions) -> Self {
        Self {
            observer,
            options,
            queue: Mutex::default(),
            dropped: AtomicU64::new(0),
            dropped_in_all: AtomicU64::new(0),
            called: Notify::new(),
            giving: tokio::sync::Mutex::default(),
        }
    }

    fn push(&self, observations: impl Iterator<Item = Observation>) {
        let mut queue = self.queue.lock();
        let was_empty = queue.is_empty();
        for observation in observations {
            if queue.len() < self.options.queue {
                queue.push_back(observation);
            } else {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                self.dropped_in_all.fetch_add(1, Ordering::Relaxed);
            }
        }
        let wakes = was_empty && !queue.is_empty();
        drop(queue);
        if wakes {
            self.called.notify_one();
        }
    }

    /// Gives the observer everything that waits.
    pub(super) async fn give(&self) {
        let _giving = self.giving.lock().await;
        loop {
            let batch: Vec<Observation> = {
                let mut queue = self.queue.lock();
                let most = queue.len().min(self.options.batch.max(1));
                queue.drain(..most).collect()
            };
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if batch.is_empty() && dropped == 0 {
                return;
            }
            // An observer that panics is the host's bug; the next batch may do better.
            let observed = AssertUnwindSafe(self.observer.observe(batch, dropped));
            let _ = observed.catch_unwind().await;
        }
    }

    pub(super) fn dropped_in_all(&self) -> u64 {
        self.dropped_in_all.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Observing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observing").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Inner {
    /// Notes what this node wrote.
    pub(crate) fn wrote(&self, entries: &[SharedEntry]) {
        if let Some(observing) = &self.observing
            && !entries.is_empty()
        {
            observing.push(entries.iter().map(|entry| Observation::Entry(Arc::clone(entry))));
        }
    }

    /// Notes that this node opened a room.
    pub(crate) fn observe_opened(&self, room: &RoomView) {
        self.observe(|| Observation::Opened(Box::new(room.clone())));
    }

    pub(crate) fn observe(&self, observation: impl FnOnce() -> Observation) {
        if let Some(observing) = &self.observing {
            observing.push(std::iter::once(observation()));
        }
    }
}
