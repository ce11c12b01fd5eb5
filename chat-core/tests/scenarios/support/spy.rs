//! A store around a store: counts calls, loses what goes to sinks, keeps answers back, or is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use chat_core::store::{Enter, Entered, Sink, StoreResult, Writer};
use chat_core::testkit::{Tap, Twist};
use chat_core::{Backend, Entry, NodeId, RoomId, SharedEntry, Signal, StoreError};
use parking_lot::Mutex;
use tokio::sync::Notify;

type Lose = Box<dyn FnMut(&Entry) -> bool + Send>;

/// What is seen of the store that is behind, and done to it.
#[derive(Default)]
pub(crate) struct Spy {
    /// Calls of `resume`.
    pub(crate) resumes: AtomicU64,
    /// Calls of `page`.
    pub(crate) pages: AtomicU64,
    /// Calls of `versions`.
    pub(crate) looks: AtomicU64,
    /// Kept back before they are done.
    pub(crate) resume: Gate,
    pub(crate) page: Gate,
    /// Kept back after it was done: the answer is late.
    pub(crate) entered: Gate,
    pub(crate) left: Gate,
    /// Whether every operation fails.
    pub(crate) away: AtomicBool,
    /// Who entered last.
    pub(crate) writer: Mutex<Option<Writer>>,
    /// Which entries get lost on their way to sinks.
    pub(crate) lose: Arc<Mutex<Option<Lose>>>,
}

impl Spy {
    pub(crate) fn on(behind: &Backend) -> (Backend, Arc<Self>) {
        let spy = Arc::new(Self::default());
        (Tap::backend(behind.clone(), Arc::<Self>::clone(&spy)), spy)
    }

    pub(crate) fn lose(&self, which: impl FnMut(&Entry) -> bool + Send + 'static) {
        *self.lose.lock() = Some(Box::new(which));
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }
}

#[async_trait]
impl Twist for Spy {
    async fn before(&self, op: &'static str) -> StoreResult<()> {
        match op {
            "resume" => {
                self.resumes.fetch_add(1, Ordering::SeqCst);
                self.resume.pass().await;
            }
            "page" => {
                self.pages.fetch_add(1, Ordering::SeqCst);
                self.page.pass().await;
            }
            "versions" => {
                self.looks.fetch_add(1, Ordering::SeqCst);
            }
            _ => {}
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Failed { op, retryable: true, source: "away".into() });
        }
        Ok(())
    }

    async fn after(&self, op: &'static str) {
        match op {
            "enter" => self.entered.pass().await,
            "leave" => self.left.pass().await,
            _ => {}
        }
    }

    async fn enter(&self, behind: &Backend, by: Writer, enter: Enter) -> StoreResult<Entered> {
        *self.writer.lock() = Some(by);
        behind.presence.enter(by, enter).await
    }

    async fn attach(
        &self,
        behind: &Backend,
        node: NodeId,
        sink: Arc<dyn Sink>,
    ) -> StoreResult<Writer> {
        let lossy = LossySink { inner: sink, lose: Arc::clone(&self.lose) };
        behind.expiry.attach(node, Arc::new(lossy)).await
    }
}

/// Holds up whoever passes while it is shut.
#[derive(Default)]
pub(crate) struct Gate {
    shut: AtomicBool,
    changed: Notify,
}

impl Gate {
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) {
        self.shut.store(false, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    async fn pass(&self) {
        loop {
            let changed = self.changed.notified();
            if !self.shut.load(Ordering::SeqCst) {
                return;
            }
            changed.await;
        }
    }
}

struct LossySink {
    inner: Arc<dyn Sink>,
    lose: Arc<Mutex<Option<Lose>>>,
}

impl Sink for LossySink {
    fn entry(&self, entry: &SharedEntry) {
        let lost = self.lose.lock().as_mut().is_some_and(|lose| lose(entry));
        if !lost {
            self.inner.entry(entry);
        }
    }

    fn signal(&self, signal: &Arc<Signal>) {
        self.inner.signal(signal);
    }

    fn count(&self, room: &RoomId) {
        self.inner.count(room);
    }

    fn mail(&self) {
        self.inner.mail();
    }

    fn missed(&self) {
        self.inner.missed();
    }
}
