//! Many connections on one thread, as cheap as it goes: one read for each that is ready, frames looked at where they
//! lie, nothing kept for those that are silent.
//!
//! It naps instead of waiting. A load that waits on the machine of the server is woken by a delivery, which the server
//! pays for: up to twice what the delivery itself costs, and by chance, since one that is busy just then need not be
//! woken. Clients that are elsewhere are not woken by the server at all. So nobody waits here: the load looks, and
//! sleeps a little where there is not much.

use std::io;
use std::net::TcpStream;
use std::ops::Range;
use std::thread;
use std::time::Duration;

use super::dialect::Dialect;
use super::fault::Fault;
use super::heard::{Ear, Heard};
use super::target::Target;
use crate::Watch;
use crate::socket::{Line, Opcode, Poll, Side, open_files, write_frame};

/// Files that are open beside the connections.
const OTHER_FILES: usize = 64;

/// How long it naps, usually: a fraction of what a message to a room of many takes.
pub const NAP: Duration = Duration::from_micros(100);

/// With so many ready it looks again at once.
const MANY: usize = 256;

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(5);

/// The key and the answer to it of RFC 6455's own example: any key will do, and so its answer need not be computed.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Connections to one server.
#[derive(Debug)]
pub struct Swarm {
    poll: Poll,
    /// By place; nothing where a connection was cut and is not back.
    links: Vec<Option<Link>>,
    dialect: Dialect,
    ear: Ear,
    buffer: Vec<u8>,
    outgoing: Vec<u8>,
    reads: u64,
    possible: usize,
    nap: Duration,
    many: bool,
}

#[derive(Debug)]
struct Link {
    line: Line,
    upgraded: bool,
}

/// What goes out on the connection that something came in on, in one write.
#[derive(Debug)]
pub struct Outgoing<'a>(&'a mut Vec<u8>);

impl Outgoing<'_> {
    /// Adds a command.
    pub fn command(&mut self, text: &str) {
        write_frame(self.0, Side::Client, Opcode::Text, text.as_bytes());
    }
}

impl Swarm {
    /// None yet, of which there are to be so many; how long it naps, or not at all. They speak chat.v1.
    ///
    /// # Errors
    /// Where that is more than this process may have files.
    pub fn of(wanted: usize, nap: Duration) -> Result<Self, Fault> {
        Self::speaking(Dialect::Chat, wanted, nap)
    }

    /// The same in another dialect.
    ///
    /// # Errors
    /// Where that is more than this process may have files.
    pub fn speaking(dialect: Dialect, wanted: usize, nap: Duration) -> Result<Self, Fault> {
        let possible = open_files().saturating_sub(OTHER_FILES);
        if wanted > possible {
            return Err(Fault::TooMany { wanted, possible });
        }
        let poll = Poll::new().map_err(Fault::system("making an epoll"))?;
        let (links, outgoing) = (Vec::with_capacity(wanted), Vec::new());
        let (ear, buffer) = (Ear::default(), vec![0; 1 << 16]);
        Ok(Self {
            poll,
            links,
            dialect,
            ear,
            buffer,
            outgoing,
            reads: 0,
            possible,
            nap,
            many: false,
        })
    }

    /// The same, where rooms end in the course of the work: there `closed` is a notice like any other.
    #[must_use]
    pub fn whose_rooms_end(mut self) -> Self {
        self.ear.rooms_end = true;
        self
    }

    /// How many there are, those that were cut among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// How often something was read: a measure of what came in one piece.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.reads
    }

    /// Makes one more connection and asks for its upgrade.
    ///
    /// # Errors
    /// Where that fails.
    pub fn connect(&mut self, target: &Target) -> Result<(), Fault> {
        self.connect_at(target, &target.path)
    }

    /// The same at a path of its own: there are servers whose paths are rooms.
    ///
    /// # Errors
    /// Where that fails.
    pub fn connect_at(&mut self, target: &Target, path: &str) -> Result<(), Fault> {
        let at = self.links.len();
        if at >= self.possible {
            return Err(Fault::TooMany { wanted: at + 1, possible: self.possible });
        }
        let link = self.link(target, path, at)?;
        self.links.push(Some(link));
        Ok(())
    }

    /// Makes a connection that was cut anew, in its place.
    ///
    /// # Errors
    /// Where that fails.
    pub fn reconnect(&mut self, target: &Target, at: usize) -> Result<(), Fault> {
        let link = self.link(target, &target.path, at)?;
        let place = self.links.get_mut(at).ok_or(Fault::Closed(at))?;
        *place = Some(link);
        Ok(())
    }

    /// Cuts connections all at once and without a word, as when a network goes: no close frame, no `leave`.
    pub fn cut(&mut self, links: Range<usize>) {
        self.links.get_mut(links).unwrap_or_default().fill_with(|| None);
    }

    fn link(&self, target: &Target, path: &str, at: usize) -> Result<Link, Fault> {
        let stream = TcpStream::connect_timeout(&target.address, CONNECTING)
            .map_err(Fault::system("connecting to the server"))?;
        let failed = "talking to the server";
        let mut line = Line::new(stream, at as u64, &self.poll).map_err(Fault::system(failed))?;
        let (address, protocol) = (target.address, self.dialect.protocol());
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{protocol}\r\n"
        );
        line.write(request.as_bytes(), &self.poll).map_err(Fault::system(failed))?;
        Ok(Link { line, upgraded: false })
    }

    /// Sends a command on one of them.
    ///
    /// # Errors
    /// Where it is gone.
    pub fn send(&mut self, at: usize, command: &str) -> Result<(), Fault> {
        self.outgoing.clear();
        Outgoing(&mut self.outgoing).command(command);
        let link = self.links.get_mut(at).and_then(Option::as_mut);
        let Some(link) = link else { return Err(Fault::Closed(at)) };
        link.line.write(&self.outgoing, &self.poll).map_err(Fault::system("talking to the server"))
    }

    /// Waits until something has come, reads all of it, and says whether there was anything.
    ///
    /// # Errors
    /// The caller's, or where a connection is gone or not understood.
    pub fn turn(
        &mut self,
        wait: Duration,
        mut each: impl FnMut(usize, Heard<'_>, &mut Outgoing<'_>) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        let count = self.look(wait).map_err(Fault::system("waiting for the server"))?;
        self.many = count >= MANY;
        for index in 0..count {
            let Some(ready) = self.poll.ready(index) else { continue };
            let Ok(at) = usize::try_from(ready.token) else { continue };
            let Some(link) = self.links.get_mut(at).and_then(Option::as_mut) else { continue };
            let gone = |_: io::Error| Fault::Closed(at);
            if ready.writable {
                link.line.write_on(&self.poll).map_err(gone)?;
            }
            if !ready.readable {
                continue;
            }
            let Some(read) = link.line.read(&mut self.buffer).map_err(gone)? else { continue };
            let mut bytes = self.buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                return Err(Fault::Closed(at));
            }
            self.reads += 1;
            self.outgoing.clear();
            let mut out = Outgoing(&mut self.outgoing);
            if !link.upgraded {
                bytes = upgraded(bytes).ok_or(Fault::NotUpgraded(at))?;
                link.upgraded = true;
                each(at, Heard::Upgraded, &mut out)?;
            }
            let (dialect, ear) = (self.dialect, &mut self.ear);
            link.line.incoming.take(bytes, |frame| match frame.opcode {
                Opcode::Text => match dialect.hear(ear, frame.payload)? {
                    Heard::Asked(answer) => {
                        out.command(answer);
                        Ok(())
                    }
                    heard => each(at, heard, &mut out),
                },
                Opcode::Ping => {
                    write_frame(out.0, Side::Client, Opcode::Pong, frame.payload);
                    Ok(())
                }
                Opcode::Close => Err(Fault::Closed(at)),
                Opcode::Pong | Opcode::Binary => Ok(()),
            })?;
            if !self.outgoing.is_empty() {
                link.line.write(&self.outgoing, &self.poll).map_err(gone)?;
            }
        }
        Ok(count > 0)
    }
}

impl Swarm {
    /// How many are ready, at the latest after this time.
    fn look(&mut self, wait: Duration) -> io::Result<usize> {
        if self.nap.is_zero() || self.many {
            return self.poll.wait(Some(wait));
        }
        let watch = Watch::start();
        loop {
            thread::sleep(self.nap.min(wait.saturating_sub(watch.elapsed())));
            let count = self.poll.wait(Some(Duration::ZERO))?;
            if count > 0 || watch.elapsed() >= wait {
                return Ok(count);
            }
        }
    }
}

/// What follows the answer to an upgrade, if it is one. Servers write it in one piece.
fn upgraded(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let (head, rest) = bytes.split_at(end);
    let head = std::str::from_utf8(head).ok()?;
    (head.starts_with("HTTP/1.1 101 ") && head.contains(ACCEPT)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upgrade_is_one_with_the_right_answer() {
        let good = format!(
            "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {ACCEPT}\r\n\r\nrest"
        );
        assert_eq!(upgraded(good.as_bytes()), Some(&b"rest"[..]));
        for bad in [
            "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: other\r\n\r\n".to_owned(),
            good.replace("101", "403"),
            good.replace("\r\n\r\n", "\r\n"),
        ] {
            assert_eq!(upgraded(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn more_than_possible_is_said_at_once() {
        assert!(matches!(Swarm::of(usize::MAX, Duration::ZERO), Err(Fault::TooMany { .. })));
    }
}
