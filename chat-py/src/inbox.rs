//! How what is ready tells an event loop so.
//!
//! Each thing that waits for something has a [`Ring`]; its waker puts the ring into the loop's [`Inbox`] and rings the bell. *Guarantees*: a
//! bell that rang is silent until the loop [takes](Inbox::take) what is there, however much comes: one wake-up for all of it. A ring
//! is in the inbox once, so the inbox holds no more than there are waiters. Waking takes one short lock, attaches to nothing and never blocks: a
//! store may do it from within its own locks.
//!
//! *How it ends*: with [`Inbox::close`], after which nobody rings, and [`Inbox::wait`] says so.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

/// How an event loop hears that there is something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wakeup {
    /// A file that becomes readable: Linux' own.
    #[cfg(target_os = "linux")]
    EventFd,
    /// A file that becomes readable: any Unix.
    #[cfg(unix)]
    SocketPair,
    /// A thread waits ([`Inbox::wait`]) and tells the loop in its own way.
    Thread,
}

/// What is ready, for one event loop.
#[derive(Debug)]
pub struct Inbox {
    rung: Mutex<Rung>,
    bell: Bell,
}

#[derive(Debug, Default)]
struct Rung {
    rings: Vec<Arc<Ring>>,
    rang: bool,
    closed: bool,
}

#[derive(Debug)]
enum Bell {
    #[cfg(target_os = "linux")]
    EventFd(OwnedFd),
    #[cfg(unix)]
    Pair {
        hears: OwnedFd,
        rings: OwnedFd,
    },
    Thread(Condvar),
}

/// One that waits.
#[derive(Debug)]
pub struct Ring {
    inbox: Arc<Inbox>,
    token: u64,
    /// It is in the inbox.
    queued: AtomicBool,
}

impl Inbox {
    /// An empty inbox.
    ///
    /// # Errors
    /// Where the system has no files left.
    pub fn new(wakeup: Wakeup) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self { rung: Mutex::default(), bell: Bell::new(wakeup)? }))
    }

    /// The file to watch; none where a thread waits.
    #[cfg(unix)]
    #[must_use]
    pub fn fd(&self) -> Option<RawFd> {
        match &self.bell {
            #[cfg(target_os = "linux")]
            Bell::EventFd(fd) => Some(fd.as_raw_fd()),
            Bell::Pair { hears, .. } => Some(hears.as_raw_fd()),
            Bell::Thread(_) => None,
        }
    }

    /// One more that waits; `token` is what it goes by.
    #[must_use]
    pub fn ring(self: &Arc<Self>, token: u64) -> Arc<Ring> {
        Arc::new(Ring { inbox: Arc::clone(self), token, queued: AtomicBool::new(false) })
    }

    /// Takes what is ready: the bell may ring again from now on.
    pub fn take(&self, tokens: &mut Vec<u64>) {
        self.bell.quiet();
        let rings = {
            let mut rung = self.rung();
            rung.rang = false;
            std::mem::take(&mut rung.rings)
        };
        tokens.extend(rings.iter().map(|ring| {
            // From here on it rings anew: whoever takes this token looks after that.
            ring.queued.store(false, Ordering::SeqCst);
            ring.token
        }));
    }

    /// Waits for the bell, for those who have no file to watch. `false` when the time is up.
    pub fn wait(&self, within: Duration) -> bool {
        let Bell::Thread(bell) = &self.bell else { return false };
        let waited =
            bell.wait_timeout_while(self.rung(), within, |rung| !rung.rang && !rung.closed);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        // Told once: whoever was told takes.
        std::mem::take(&mut rung.rang) || rung.closed
    }

    /// The end of the loop: what rings from now on is not heard.
    pub fn close(&self) {
        let mut rung = self.rung();
        rung.closed = true;
        rung.rings = Vec::new();
        if let Bell::Thread(bell) = &self.bell {
            bell.notify_all();
        }
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.rung().closed
    }

    fn put(&self, ring: &Arc<Ring>) {
        let mut rung = self.rung();
        if rung.closed {
            return;
        }
        rung.rings.push(Arc::clone(ring));
        if !std::mem::replace(&mut rung.rang, true) {
            self.bell.ring();
        }
    }

    fn rung(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// What it goes by.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Whether it belongs to this inbox.
    #[must_use]
    pub fn is_of(&self, inbox: &Arc<Inbox>) -> bool {
        Arc::ptr_eq(&self.inbox, inbox)
    }

    /// The waker that rings.
    #[must_use]
    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::SeqCst) {
            self.inbox.put(self);
        }
    }
}

impl Bell {
    fn new(wakeup: Wakeup) -> io::Result<Self> {
        Ok(match wakeup {
            #[cfg(target_os = "linux")]
            Wakeup::EventFd => {
                use rustix::event::{EventfdFlags, eventfd};
                Self::EventFd(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)
            }
            #[cfg(unix)]
            Wakeup::SocketPair => {
                let (hears, rings) = std::os::unix::net::UnixStream::pair()?;
                hears.set_nonblocking(true)?;
                rings.set_nonblocking(true)?;
                Self::Pair { hears: hears.into(), rings: rings.into() }
            }
            Wakeup::Thread => Self::Thread(Condvar::new()),
        })
    }

    /// Called with the lock held, once until the next [`Bell::quiet`]; so a full buffer cannot be.
    fn ring(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::EventFd(fd) => drop(rustix::io::write(fd.as_fd(), &1u64.to_ne_bytes())),
            #[cfg(unix)]
            Self::Pair { rings, .. } => drop(rustix::io::write(rings.as_fd(), &[1])),
            Self::Thread(bell) => bell.notify_one(),
        }
    }

    fn quiet(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::EventFd(fd) => drop(rustix::io::read(fd.as_fd(), &mut [0; 8][..])),
            #[cfg(unix)]
            Self::Pair { hears, .. } => drop(rustix::io::read(hears.as_fd(), &mut [0; 64][..])),
            Self::Thread(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Vec<Wakeup> {
        vec![
            #[cfg(target_os = "linux")]
            Wakeup::EventFd,
            #[cfg(unix)]
            Wakeup::SocketPair,
            Wakeup::Thread,
        ]
    }

    /// Whether the bell is heard now.
    fn rings(inbox: &Inbox) -> bool {
        #[cfg(unix)]
        if let Some(fd) = inbox.fd() {
            use rustix::event::{PollFd, PollFlags, poll};
            // Open as long as the inbox is.
            #[allow(unsafe_code)]
            let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
            let mut fds = [PollFd::new(&fd, PollFlags::IN)];
            return poll(&mut fds, Some(&rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 }))
                .unwrap()
                > 0;
        }
        inbox.wait(Duration::ZERO)
    }

    #[test]
    fn much_is_told_with_one_wake_up() {
        for kind in kinds() {
            let inbox = Inbox::new(kind).unwrap();
            let waiting: Vec<_> = (0..1_000).map(|token| inbox.ring(token)).collect();
            assert!(!rings(&inbox), "{kind:?}");
            for _ in 0..3 {
                waiting.iter().for_each(|ring| ring.waker().wake());
            }
            assert!(rings(&inbox), "{kind:?}");
            let mut tokens = Vec::new();
            inbox.take(&mut tokens);
            assert_eq!(tokens, (0..1_000).collect::<Vec<_>>(), "{kind:?}");
            assert!(!rings(&inbox), "{kind:?}");
            waiting[7].waker().wake();
            assert!(rings(&inbox), "{kind:?}");
        }
    }

    #[test]
    fn what_rings_while_others_are_taken_is_not_lost() {
        for kind in kinds() {
            let inbox = Inbox::new(kind).unwrap();
            const THREADS: u64 = 4;
            const TIMES: u64 = 20_000;
            let counters: Vec<_> =
                (0..THREADS).map(|_| std::sync::atomic::AtomicU64::new(0)).collect();
            let counters = &counters;
            std::thread::scope(|threads| {
                for token in 0..THREADS {
                    let ring = inbox.ring(token);
                    threads.spawn(move || {
                        for n in 1..=TIMES {
                            counters[usize::try_from(token).unwrap()].store(n, Ordering::SeqCst);
                            ring.waker().wake();
                        }
                    });
                }
                // The last ring of each is heard, and what it rang for is seen then.
                let mut seen = vec![0; usize::try_from(THREADS).unwrap()];
                let mut tokens = Vec::new();
                while seen.iter().any(|n| *n < TIMES) {
                    if !rings(&inbox) {
                        std::thread::yield_now();
                        continue;
                    }
                    inbox.take(&mut tokens);
                    for token in tokens.drain(..) {
                        let at = usize::try_from(token).unwrap();
                        seen[at] = counters[at].load(Ordering::SeqCst);
                    }
                }
            });
        }
    }

    #[test]
    fn a_closed_inbox_hears_nothing_and_keeps_nothing() {
        let inbox = Inbox::new(Wakeup::Thread).unwrap();
        let ring = inbox.ring(1);
        ring.waker().wake();
        inbox.close();
        ring.waker().wake();
        inbox.ring(2).waker().wake();
        let mut tokens = Vec::new();
        inbox.take(&mut tokens);
        assert!(tokens.is_empty());
        assert!(inbox.wait(Duration::from_secs(60)), "who waits is told of the end");
    }
}
