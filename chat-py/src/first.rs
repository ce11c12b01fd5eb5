//! An operation is polled once where it was asked for.
//!
//! With the store in memory that is all of it: no other thread, no wake-up. Only what has to wait goes to the runtime, and is
//! polled there until it is done. *How it ends*: dropping [`Asked`] drops the operation where it waits; whatever that means for
//! it is in the engine's documentation (a join is undone, something said may have been).

use std::any::Any;
use std::cell::Cell;
use std::convert::Infallible;
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

    /// Parked in this thread, which nothing else is asked of meanwhile.
    pub fn wait_parked(self) -> Result<T, Broke> {
        let pause = || {
            std::thread::park();
            Ok::<_, Infallible>(())
        };
        let Ok(done) = self.wait(pause);
        done
    }

    /// Parked in this thread. `pause` is what it does meanwhile, [`Inside::park`] with something around it, and ends the waiting where it fails.
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

/// How often threads are [`Inside`].
static INSIDE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How often this one is.
    static HERE: Cell<usize> = const { Cell::new(0) };
}

/// A thread of Python's that is in the middle of something here, for as long as it is.
///
/// At the end of the process Python lets none of its other threads back in: whichever comes for its lock, be it from a wait of ours or
/// out of a line of Python that we called, some of its versions pull down from wherever it is, which Rust does not survive. So the end
/// waits until nobody is inside ([`settle`]), and whoever waits here stays where they are.
#[derive(Debug)]
pub struct Inside(());

impl Inside {
    /// From now on. None once the runtime was stopped: then only the thread that ends the process has anything to do here.
    #[must_use]
    pub fn enter() -> Option<Self> {
        let inside = Self::enter_anyway();
        (!runtime::is_stopped()).then_some(inside)
    }

    /// From now on, also at the end of the process.
    #[must_use]
    pub fn enter_anyway() -> Self {
        HERE.set(HERE.get() + 1);
        // Before `is_stopped` is asked: of this and `settle` one sees the other.
        INSIDE.fetch_add(1, Ordering::SeqCst);
        Self(())
    }

    /// Parked until this thread is woken, or for a moment, after which it may look for signals.
    pub fn park(within: Duration) {
        /// How long a signal may have to wait.
        const SLICE: Duration = Duration::from_millis(50);
        std::thread::park_timeout(within.min(SLICE));
        Self::stay_if_stopped();
    }

    /// At the end of the process, this thread stays here.
    pub fn stay_if_stopped() {
        if runtime::is_stopped() {
            stay();
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        HERE.set(HERE.get() - 1);
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Stays here for the rest of the process, and is not waited for.
pub fn stay() -> ! {
    INSIDE.fetch_sub(HERE.take(), Ordering::SeqCst);
    loop {
        std::thread::park();
    }
}

/// Waits, the runtime having been stopped, until nobody is inside any more.
pub fn settle(within: Duration) {
    const STEP: Duration = Duration::from_millis(1);
    let mut waited = Duration::ZERO;
    while INSIDE.load(Ordering::SeqCst) > 0 && waited < within {
        std::thread::sleep(STEP);
        waited += STEP;
    }
}

/// To be called in a child right after the fork: nobody but this thread has come along.
pub fn forked() {
    INSIDE.store(HERE.get(), Ordering::SeqCst);
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
        Inside::park(LONG);
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
