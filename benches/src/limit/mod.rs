//! The limit: what a chat over WebSocket could at best cost. One thread, one epoll, frames made once and written as
//! they are to each socket of the room.
//!
//! It knows just enough of chat.v1 to be driven by the same load as a real server: `hello`, `open`, `join`, `leave`,
//! `say`, `match`, `next` and `ping`, written as `chat-load` writes them. Nothing is kept, checked, numbered across a restart, ranked, or
//! told about comings and goings; there are no names, time-outs or rates. One write for each socket and message: what
//! a burst could save by batching is not taken, so that a delivery has one meaning. Who does not read, or sends what
//! it does not understand, is cut off. It ends when its process is told to.

mod answer;
mod ask;
mod rooms;
mod upgrade;

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::socket::{Broken, Frame, Line, Opcode, Poll, Side, write_frame};
use crate::time::unix_ms;
use ask::Ask;
use rooms::Rooms;

/// The token of the listener; those of connections are their places.
const LISTENER: u64 = u64::MAX;

/// A bare broadcaster.
#[derive(Debug)]
pub struct Limit {
    listener: TcpListener,
    poll: Poll,
    guests: Vec<Option<Guest>>,
    free: Vec<usize>,
    rooms: Rooms,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Guest {
    line: Line,
    upgraded: bool,
    rooms: Vec<usize>,
}

/// Why a connection is cut off. Nobody is told: it is for `?`.
#[derive(Debug)]
struct CutOff;

impl From<Broken> for CutOff {
    fn from(_: Broken) -> Self {
        Self
    }
}

impl From<io::Error> for CutOff {
    fn from(_: io::Error) -> Self {
        Self
    }
}

impl Limit {
    /// Listens.
    ///
    /// # Errors
    /// The system's.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let poll = Poll::new()?;
        poll.add(&listener, LISTENER)?;
        let (guests, free, rooms) = (Vec::new(), Vec::new(), Rooms::default());
        Ok(Self { listener, poll, guests, free, rooms, buffer: vec![0; 1 << 16] })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves for ever.
    ///
    /// # Errors
    /// Where the system's epoll fails. What happens to a connection is no error.
    pub fn run(mut self) -> io::Result<()> {
        loop {
            self.poll.wait(None)?;
            let mut index = 0;
            while let Some(ready) = self.poll.ready(index) {
                index += 1;
                if ready.token == LISTENER {
                    self.accept();
                    continue;
                }
                let Ok(at) = usize::try_from(ready.token) else { continue };
                if self.serve(at, ready.readable, ready.writable).is_err() {
                    self.cut_off(at);
                }
            }
        }
    }

    fn accept(&mut self) {
        // Until there is nobody more, or the system has no more files: then they wait.
        while let Ok((stream, _)) = self.listener.accept() {
            let at = self.free.pop().unwrap_or(self.guests.len());
            let line = Line::new(stream, at as u64, &self.poll);
            let guest = line.ok().map(|line| Guest { line, upgraded: false, rooms: Vec::new() });
            if guest.is_none() {
                self.free.push(at);
            }
            if let Some(place) = self.guests.get_mut(at) {
                *place = guest;
            } else {
                self.guests.push(guest);
            }
        }
    }

    fn serve(&mut self, at: usize, readable: bool, writable: bool) -> Result<(), CutOff> {
        // One who was cut off a moment ago may still be among those that were ready.
        let Some(guest) = self.guests.get_mut(at).and_then(Option::as_mut) else { return Ok(()) };
        if writable {
            guest.line.write_on(&self.poll)?;
        }
        if !readable {
            return Ok(());
        }
        let Some(read) = guest.line.read(&mut self.buffer)? else { return Ok(()) };
        if read == 0 {
            return Err(CutOff);
        }
        if !guest.upgraded {
            // The load sends its request in one piece and nothing behind it, so there is nothing to put together.
            let answer = upgrade::answer(&self.buffer[..read]).ok_or(CutOff)?;
            guest.upgraded = true;
            return Ok(guest.line.write(answer.as_bytes(), &self.poll)?);
        }
        let mut incoming = std::mem::take(&mut guest.line.incoming);
        let buffer = std::mem::take(&mut self.buffer);
        let taken = incoming.take(&buffer[..read], |frame| self.frame(at, &frame));
        self.buffer = buffer;
        if let Some(guest) = self.guests.get_mut(at).and_then(Option::as_mut) {
            guest.line.incoming = incoming;
        }
        taken
    }

    fn frame(&mut self, at: usize, frame: &Frame<'_>) -> Result<(), CutOff> {
        let unmasked = frame.unmasked();
        let payload = unmasked.as_deref().unwrap_or(frame.payload);
        match frame.opcode {
            Opcode::Text => self.obey(at, std::str::from_utf8(payload).map_err(|_| CutOff)?),
            Opcode::Ping => self.send(at, Opcode::Pong, payload),
            Opcode::Pong => Ok(()),
            Opcode::Binary | Opcode::Close => Err(CutOff),
        }
    }

    fn obey(&mut self, at: usize, text: &str) -> Result<(), CutOff> {
        let ask = Ask::read(text).ok_or(CutOff)?;
        let now = unix_ms();
        match ask.verb {
            "say" => {
                let (room, body) = ask.room.zip(ask.body).ok_or(CutOff)?;
                let found = self.rooms.find(room).filter(|&index| self.is_in(at, index));
                let index = found.ok_or(CutOff)?;
                self.say(at, index, &answer::Said { ask: ask.id, room, body, at: now })
            }
            "join" => {
                let name = ask.room.ok_or(CutOff)?;
                let index = self.rooms.enter(name, at);
                if let Some(guest) = self.guests.get_mut(at).and_then(Option::as_mut)
                    && !guest.rooms.contains(&index)
                {
                    guest.rooms.push(index);
                }
                let n = self.rooms.head(index);
                self.send(at, Opcode::Text, answer::joined(ask.id, name, n, now).as_bytes())
            }
            "leave" => {
                let index = ask.room.and_then(|room| self.rooms.find(room)).ok_or(CutOff)?;
                self.rooms.leave(index, at);
                if let Some(guest) = self.guests.get_mut(at).and_then(Option::as_mut) {
                    guest.rooms.retain(|&room| room != index);
                }
                self.send(at, Opcode::Text, answer::done(ask.id).as_bytes())
            }
            "match" => self.pair(at, ask.id, now),
            "next" => {
                let name = ask.room.ok_or(CutOff)?;
                let index = self.rooms.find(name).ok_or(CutOff)?;
                self.part(at, index, name, now);
                self.pair(at, ask.id, now)
            }
            "hello" => self.send(at, Opcode::Text, answer::hello(ask.id).as_bytes()),
            "open" => {
                let text = answer::opened(ask.id, ask.room.ok_or(CutOff)?, now);
                self.send(at, Opcode::Text, text.as_bytes())
            }
            "ping" => self.send(at, Opcode::Text, answer::done(ask.id).as_bytes()),
            _ => self.send(at, Opcode::Text, answer::unknown(ask.id).as_bytes()),
        }
    }

    /// The one thing it is about. The sender's reply goes out with its own copy of what it said, in one write.
    fn say(&mut self, at: usize, room: usize, said: &answer::Said<'_>) -> Result<(), CutOff> {
        let n = self.rooms.next(room);
        let mut reply = Vec::with_capacity(512);
        write_frame(&mut reply, Side::Server, Opcode::Text, said.reply(n).as_bytes());
        let begin = reply.len();
        write_frame(&mut reply, Side::Server, Opcode::Text, said.entry(n).as_bytes());
        let ready = &reply[begin..];
        let mut gone = Vec::new();
        for &member in self.rooms.members(room) {
            let Some(guest) = self.guests.get_mut(member).and_then(Option::as_mut) else {
                continue;
            };
            let bytes = if member == at { &reply } else { ready };
            if guest.line.write(bytes, &self.poll).is_err() {
                gone.push(member);
            }
        }
        for member in gone {
            self.cut_off(member);
        }
        Ok(())
    }

    /// One leaves the other, who is told, unless it has left before.
    fn part(&mut self, at: usize, room: usize, name: &str, now: u64) {
        self.rooms.leave(room, at);
        if let Some(guest) = self.guests.get_mut(at).and_then(Option::as_mut) {
            guest.rooms.retain(|&other| other != room);
        }
        let Some(&left) = self.rooms.members(room).first() else { return };
        let text = answer::closed(name, self.rooms.next(room), now);
        if self.send(left, Opcode::Text, text.as_bytes()).is_err() {
            self.cut_off(left);
        }
    }

    fn pair(&mut self, at: usize, ask: u64, now: u64) -> Result<(), CutOff> {
        self.send(at, Opcode::Text, answer::waiting(ask).as_bytes())?;
        let Some((name, pair)) = self.rooms.pair(at) else { return Ok(()) };
        for one in pair {
            let index = self.rooms.enter(&name, one);
            if let Some(guest) = self.guests.get_mut(one).and_then(Option::as_mut) {
                guest.rooms.push(index);
            }
        }
        let text = answer::matched(&name, now);
        for one in pair {
            if self.send(one, Opcode::Text, text.as_bytes()).is_err() {
                self.cut_off(one);
            }
        }
        Ok(())
    }

    fn send(&mut self, to: usize, opcode: Opcode, payload: &[u8]) -> Result<(), CutOff> {
        let Some(guest) = self.guests.get_mut(to).and_then(Option::as_mut) else { return Ok(()) };
        let mut frame = Vec::with_capacity(payload.len() + 10);
        write_frame(&mut frame, Side::Server, opcode, payload);
        Ok(guest.line.write(&frame, &self.poll)?)
    }

    fn is_in(&self, at: usize, room: usize) -> bool {
        let guest = self.guests.get(at).and_then(Option::as_ref);
        guest.is_some_and(|guest| guest.rooms.contains(&room))
    }

    fn cut_off(&mut self, at: usize) {
        let Some(guest) = self.guests.get_mut(at).and_then(Option::take) else { return };
        for room in guest.rooms {
            self.rooms.leave(room, at);
        }
        self.rooms.no_longer_waits(at);
        self.free.push(at);
    }
}
