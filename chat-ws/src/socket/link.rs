//! A connection as those see it who tell it that there is something new: its own task, and others' rounds.
//!
//! *Guarantees*: the connection belongs to its task. Others touch it only while they hold it, for one visit, and never wait for it: where
//! somebody else has it, its task is woken to look again. *How it ends*: with the task's future, which takes the connection
//! along; visits that come later find nothing.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Wake, Waker};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::Connection;
use super::readable::Readable;
use super::round::{Round, Visited, note};

/// A connection, the waker of its session's events, and the way to its task.
pub(super) struct Link<S> {
    /// Nothing once its task is gone.
    connection: Mutex<Option<Connection<S>>>,
    /// There may be events that nobody has looked for yet.
    news: AtomicBool,
    readable: Arc<Readable>,
}

/// The task's hold on the connection. Dropping it is losing the connection.
pub(super) struct Owned<S>(Arc<Link<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Owned<S> {
    pub(super) fn new(connection: Connection<S>) -> Self {
        let readable = Arc::clone(&connection.readable);
        let connection = Mutex::new(Some(connection));
        let link = Arc::new(Link { connection, news: AtomicBool::new(false), readable });
        if let Some(connection) = link.connection.lock().as_mut() {
            connection.told = Waker::from(Arc::clone(&link));
        }
        Self(link)
    }

    /// The turn of the connection's own task, and then the visits that came of it.
    pub(super) fn turn(
        &self,
        turn: impl FnOnce(&mut Connection<S>, &AtomicBool) -> Poll<()>,
    ) -> Poll<()> {
        let round = Round::begin();
        let mut held = self.0.connection.lock();
        let Some(connection) = held.as_mut() else { return Poll::Ready(()) };
        let turned = catch_unwind(AssertUnwindSafe(|| turn(connection, &self.0.news)));
        let now = connection.now;
        // Where it panicked, in whatever state it is, nobody visits it any more.
        let broken = if turned.is_err() { held.take() } else { None };
        drop(held);
        drop(broken);
        let polled = turned.unwrap_or_else(|panic| resume_unwind(panic));
        round.visit_all(now);
        polled
    }
}

impl<S> Drop for Owned<S> {
    fn drop(&mut self) {
        // It holds its own waker, and with it this link: taken out, both end. Dropped when it is not held any more, since its
        // end may tell others something.
        let connection = self.0.connection.lock().take();
        drop(connection);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Wake for Link<S> {
    fn wake(self: Arc<Self>) {
        self.news.store(true, Ordering::Release);
        if let Some(link) = note(self) {
            link.wake_task();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Visited for Link<S> {
    fn visit(&self, now: Instant) {
        // Found by its own turn meanwhile, as what one says oneself is.
        if !self.news.load(Ordering::Acquire) {
            return;
        }
        let Some(mut held) = self.connection.try_lock() else { return self.wake_task() };
        let Some(connection) = held.as_mut() else { return };
        // What goes wrong here is this connection's, not that of whoever visits it: this one ends by it, in its own task.
        let handed_out = catch_unwind(AssertUnwindSafe(|| connection.hand_out(&self.news, now)));
        let broken = if handed_out.is_err() { held.take() } else { None };
        // Before anybody is told: whoever comes for it is not to wait.
        drop(held);
        if !matches!(handed_out, Ok(true)) {
            self.wake_task();
        }
        let _ = catch_unwind(AssertUnwindSafe(|| drop(broken)));
    }

    fn wake_task(&self) {
        self.readable.wake_task();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use bytes::Bytes;
    use chat_core::Engine;
    use tokio::io::DuplexStream;

    use super::*;
    use crate::{Server, Upgrade};

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A connection that nobody has said hello on, and how often its task was woken.
    fn link() -> (Owned<DuplexStream>, Arc<Woken>) {
        let server = Server::builder(Engine::in_memory()).build();
        let peer = server.peer(server.admit(Upgrade::default()).unwrap());
        let stream = tokio::io::duplex(64).0;
        let owned = Owned::new(Connection::new(stream, Bytes::new(), server.options(), peer));
        let woken = Arc::new(Woken::default());
        owned.0.readable.wakes(&Waker::from(Arc::clone(&woken)));
        (owned, woken)
    }

    #[test]
    fn whoever_is_held_by_another_has_its_task_woken() {
        let (owned, woken) = link();
        owned.0.news.store(true, Ordering::Release);
        let held = owned.0.connection.lock();
        owned.0.visit(Instant::now());
        assert_eq!(woken.0.load(Ordering::Relaxed), 1, "what it has missed is not lost");
        drop(held);
    }

    #[test]
    fn one_without_news_is_left_alone_and_one_that_is_gone_too() {
        let (owned, woken) = link();
        owned.0.visit(Instant::now());
        let link = Arc::clone(&owned.0);
        let told = link.connection.lock().as_ref().map(|connection| connection.told.clone());
        drop(owned);
        told.unwrap().wake();
        link.visit(Instant::now());
        // Only by the waker, outside of a round.
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        let weak = Arc::downgrade(&link);
        drop(link);
        assert!(
            weak.upgrade().is_none(),
            "a connection that holds its own waker ends nevertheless"
        );
    }
}
