//! One connection: a socket that nobody waits for, what is half read and what could not be written yet.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use super::{Incoming, Poll};

/// More than this is not kept for one who does not read.
const UNSENT: usize = 1 << 20;

/// A connection.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    token: u64,
    unsent: Vec<u8>,
    /// What has come and is not whole yet.
    pub incoming: Incoming,
}

impl Line {
    /// Takes a connection in. Each message goes out at once, whatever the system would wait for.
    ///
    /// # Errors
    /// The system's.
    pub fn new(stream: TcpStream, token: u64, poll: &Poll) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        poll.add(&stream, token)?;
        Ok(Self { stream, token, unsent: Vec::new(), incoming: Incoming::default() })
    }

    /// Reads once. Nothing (`None`) is not the end, which is no bytes.
    ///
    /// # Errors
    /// Where the connection is gone.
    pub fn read(&self, into: &mut [u8]) -> io::Result<Option<usize>> {
        match (&self.stream).read(into) {
            Ok(read) => Ok(Some(read)),
            Err(error) if is_later(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes once, and keeps what did not go for when it can.
    ///
    /// # Errors
    /// Where the connection is gone, or the other side does not read.
    pub fn write(&mut self, bytes: &[u8], poll: &Poll) -> io::Result<()> {
        if self.unsent.is_empty() {
            let sent = match (&self.stream).write(bytes) {
                Ok(sent) => sent,
                Err(error) if is_later(&error) => 0,
                Err(error) => return Err(error),
            };
            if sent < bytes.len() {
                self.unsent.extend_from_slice(&bytes[sent..]);
                poll.wants(&self.stream, self.token, true)?;
            }
        } else {
            self.unsent.extend_from_slice(bytes);
        }
        if self.unsent.len() > UNSENT {
            return Err(ErrorKind::WriteZero.into());
        }
        Ok(())
    }

    /// Writes what could not be written before.
    ///
    /// # Errors
    /// As for writing.
    pub fn write_on(&mut self, poll: &Poll) -> io::Result<()> {
        let unsent = std::mem::take(&mut self.unsent);
        self.write(&unsent, poll)?;
        if self.unsent.is_empty() {
            poll.wants(&self.stream, self.token, false)?;
        }
        Ok(())
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_does_not_fit_goes_out_later_and_in_order() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut poll = Poll::new().unwrap();
        let mut line = Line::new(listener.accept().unwrap().0, 3, &poll).unwrap();

        // The numbers 0, 1, 2 … until the system takes no more of them.
        let mut written = 0_u32;
        while line.unsent.is_empty() {
            let piece: Vec<u8> =
                (0..1_000).flat_map(|number| (written + number).to_be_bytes()).collect();
            line.write(&piece, &poll).unwrap();
            written += 1_000;
        }
        line.write(&written.to_be_bytes(), &poll).unwrap();

        let whole = (written as usize + 1) * 4;
        let (mut seen, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        reader.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        while seen.len() < whole {
            let read = reader.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..read]);
            poll.wait(Some(Duration::ZERO)).unwrap();
            if poll.ready(0).is_some_and(|ready| ready.writable) {
                line.write_on(&poll).unwrap();
            }
        }
        let numbers: Vec<u32> =
            seen.chunks(4).map(|four| u32::from_be_bytes(four.try_into().unwrap())).collect();
        assert_eq!(numbers, (0..=written).collect::<Vec<_>>());
        poll.wait(Some(Duration::ZERO)).unwrap();
        assert!(poll.ready(0).is_none(), "nobody asks whether it can be written to any more");
    }

    #[test]
    fn one_who_does_not_read_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let poll = Poll::new().unwrap();
        let mut line = Line::new(listener.accept().unwrap().0, 3, &poll).unwrap();
        let piece = vec![0; 1 << 16];
        let failed = (0..10_000).find_map(|_| line.write(&piece, &poll).err());
        assert_eq!(failed.unwrap().kind(), ErrorKind::WriteZero);
        assert!(line.unsent.len() <= UNSENT + piece.len());
    }
}
