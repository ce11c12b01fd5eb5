//! An epoll: who can be read from or written to.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

/// Looked at in one go. What is ready beyond that is told the next time.
const AT_ONCE: usize = 1024;

/// Who has something to say or can be told something; level-triggered.
pub struct Poll {
    epoll: OwnedFd,
    ready: Vec<epoll::Event>,
}

/// One that is ready.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    /// As it was added.
    pub token: u64,
    /// It can be read from, which is also how its end shows.
    pub readable: bool,
    /// It can be written to again.
    pub writable: bool,
}

impl Poll {
    /// One that looks at nobody yet.
    ///
    /// # Errors
    /// Where the system has no more files to give.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, ready: Vec::with_capacity(AT_ONCE) })
    }

    /// Looks at this one too, for reading. It goes by itself when it is closed.
    ///
    /// # Errors
    /// The system's.
    pub fn add(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, source, epoll::EventData::new_u64(token), flags(false))?)
    }

    /// Looks for when it can be written to as well, or no longer.
    ///
    /// # Errors
    /// The system's.
    pub fn wants(&self, source: impl AsFd, token: u64, writing: bool) -> io::Result<()> {
        Ok(epoll::modify(&self.epoll, source, epoll::EventData::new_u64(token), flags(writing))?)
    }

    /// Waits until somebody is ready, for ever without a limit, and says how many are; [`Poll::ready`] says who.
    ///
    /// # Errors
    /// The system's. A signal is none.
    pub fn wait(&mut self, limit: Option<Duration>) -> io::Result<usize> {
        // What does not fit is longer than anybody waits.
        let limit = limit.map(|limit| {
            Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 })
        });
        self.ready.clear();
        let space = rustix::buffer::spare_capacity(&mut self.ready);
        match epoll::wait(&self.epoll, space, limit.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(self.ready.len()),
            Err(error) => Err(error.into()),
        }
    }

    /// One of those that the last wait has found.
    #[must_use]
    pub fn ready(&self, index: usize) -> Option<Ready> {
        let epoll::Event { flags, data, .. } = *self.ready.get(index)?;
        let closed = epoll::EventFlags::HUP | epoll::EventFlags::ERR;
        Some(Ready {
            token: data.u64(),
            readable: flags.intersects(epoll::EventFlags::IN | closed),
            writable: flags.contains(epoll::EventFlags::OUT),
        })
    }
}

impl std::fmt::Debug for Poll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poll").field("epoll", &self.epoll).finish_non_exhaustive()
    }
}

fn flags(writing: bool) -> epoll::EventFlags {
    let reading = epoll::EventFlags::IN;
    if writing { reading | epoll::EventFlags::OUT } else { reading }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn who_was_written_to_is_ready_and_keeps_its_token() {
        let (mut here, there) = UnixStream::pair().unwrap();
        let mut poll = Poll::new().unwrap();
        poll.add(&there, 7).unwrap();
        assert_eq!(poll.wait(Some(Duration::ZERO)).unwrap(), 0);
        here.write_all(b"x").unwrap();
        assert_eq!(poll.wait(None).unwrap(), 1);
        let ready = poll.ready(0).unwrap();
        assert!(ready.token == 7 && ready.readable && !ready.writable);
        poll.wants(&there, 7, true).unwrap();
        poll.wait(None).unwrap();
        assert!(poll.ready(0).unwrap().writable);
        assert!(poll.ready(1).is_none());
    }

    #[test]
    fn the_end_of_one_can_be_read() {
        let (here, there) = UnixStream::pair().unwrap();
        let mut poll = Poll::new().unwrap();
        poll.add(&there, 1).unwrap();
        drop(here);
        poll.wait(None).unwrap();
        assert!(poll.ready(0).unwrap().readable);
    }
}
