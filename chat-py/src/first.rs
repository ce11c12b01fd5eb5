//! An operation is polled once where it was asked for.
//!
//! With the store in memory that is all of it: no other thread, no wake-up. Only what has to wait goes to the runtime, and is
//! polled there until it is done. *How it ends*: dropping [`Asked`] drops the operation where it waits; whatever that means for
//! it is in the engine's documentation (a join is undone, something said may have been).

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::runtime;

/// An operation that was begun.
#[derive(Debug)]
pub enum Begun<T> {
    /// It is done.
    Done(Result<T, Broke>),
    /// It waits.
    Asked(Asked<T>),
}

/// An operation that waits, in the runtime.
#[derive(Debug)]
pub struct Asked<T>(JoinHandle<T>);

/// An operation that panicked, or was cut off because the runtime ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broke(String);

/// Begins an operation. `within` is whether it is polled inside the runtime's context, as everything that may have to wait must be.
pub fn begin<F>(handle: &Handle, within: bool, operation: F) -> Begun<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let mut operation = Box::pin(operation);
    let polled = {
        let _context = within.then(|| handle.enter());
        let mut cx = Context::from_waker(Waker::noop());
        catch_unwind(AssertUnwindSafe(|| operation.as_mut().poll(&mut cx)))
    };
    match polled {
        Ok(Poll::Ready(done)) => Begun::Done(Ok(done)),
        // It is polled again there at once, with a waker that is heard.
        Ok(Poll::Pending) => Begun::Asked(Asked(handle.spawn(operation))),
        Err(panic) => Begun::Done(Err(Broke::by(&*panic))),
    }
}

impl<T> Asked<T> {
    /// What became of it.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Broke>> {
        Pin::new(&mut self.0).poll(cx).map(|joined| {
            joined.map_err(|error| match error.try_into_panic() {
                Ok(panic) => Broke::by(&*panic),
                Err(_) => Broke("the process is ending".to_owned()),
            })
        })
    }

    /// Parked in this thread. `pause` is what it does meanwhile, [`Parked::park`] with something around it, and ends the waiting where it fails.
    ///
    /// # Errors
    /// What `pause` failed with; the operation is dropped then.
    pub fn wait<E>(
        mut self,
        mut pause: impl FnMut() -> Result<(), E>,
    ) -> Result<Result<T, Broke>, E> {
        let waker = thread_waker();
        let mut cx = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(done) = self.poll(&mut cx) {
                return Ok(done);
            }
            pause()?;
        }
    }
}

/// Threads that wait here and will be back.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// A thread that waits, now and then looking for signals.
///
/// At the end of the process it stays where it is: Python lets none of its threads back in then, some of its versions by pulling them
/// down from wherever they are, which Rust does not survive.
#[derive(Debug)]
pub struct Parked(());

impl Parked {
    /// From now on.
    #[must_use]
    pub fn begin() -> Self {
        WAITING.fetch_add(1, Ordering::SeqCst);
        Self(())
    }

    /// Parked until this thread is woken, or for a moment, after which it may look for signals.
    pub fn park(&self, within: Duration) {
        /// How long a signal may have to wait.
        const SLICE: Duration = Duration::from_millis(50);
        std::thread::park_timeout(within.min(SLICE));
        if runtime::is_stopped() {
            WAITING.fetch_sub(1, Ordering::SeqCst);
            stay();
        }
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Stays here for the rest of the process.
pub fn stay() -> ! {
    loop {
        std::thread::park();
    }
}

/// Parked, the runtime having been stopped, until nobody is on the way back from waiting.
pub fn settle(within: Duration) {
    const STEP: Duration = Duration::from_millis(1);
    let mut waited = Duration::ZERO;
    while WAITING.load(Ordering::SeqCst) > 0 && waited < within {
        std::thread::sleep(STEP);
        waited += STEP;
    }
}

impl<T> Drop for Asked<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Broke {
    fn by(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self(format!("panicked: {}", text.unwrap_or("for no reason given")))
    }
}

/// A waker for this thread: it goes on from [`std::thread::park`].
#[must_use]
pub fn thread_waker() -> Waker {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    Waker::from(Arc::new(Unpark(std::thread::current())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn pause() -> Result<(), ()> {
        Parked::begin().park(LONG);
        Ok(())
    }

    #[test]
    fn what_is_ready_is_done_at_once() {
        let handle = runtime::handle().unwrap();
        let thread = std::thread::current().id();
        let begun = begin(&handle, true, async move { std::thread::current().id() == thread });
        assert!(matches!(begun, Begun::Done(Ok(true))));
    }

    #[test]
    fn what_waits_is_done_by_the_runtime() {
        let handle = runtime::handle().unwrap();
        let Begun::Asked(asked) = begin(&handle, true, async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            7
        }) else {
            panic!("it cannot be done yet");
        };
        assert_eq!(asked.wait(pause), Ok(Ok(7)));
    }

    #[test]
    fn a_panic_is_an_answer_wherever_it_is() {
        let handle = runtime::handle().unwrap();
        let begun = begin(&handle, true, async { panic!("here") });
        assert!(
            matches!(begun, Begun::<()>::Done(Err(broke)) if broke.to_string() == "panicked: here")
        );
        let Begun::Asked(asked) = begin(&handle, true, async {
            tokio::task::yield_now().await;
            panic!("{}", "there")
        }) else {
            panic!("it cannot be done yet");
        };
        let broke = asked.wait(pause).unwrap().unwrap_err();
        assert_eq!(broke.to_string(), "panicked: there");
    }

    #[test]
    fn who_stops_waiting_drops_the_operation() {
        let handle = runtime::handle().unwrap();
        let (held, dropped) = std::sync::mpsc::sync_channel::<()>(1);
        let Begun::Asked(asked) = begin(&handle, true, async move {
            std::future::pending::<()>().await;
            drop(held);
        }) else {
            panic!("it never is done");
        };
        assert!(asked.wait(|| Err(())).is_err());
        assert!(
            dropped
                .recv_timeout(Duration::from_secs(20))
                .is_err_and(|e| e == std::sync::mpsc::RecvTimeoutError::Disconnected)
        );
    }
}
