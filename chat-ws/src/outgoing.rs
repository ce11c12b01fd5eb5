//! What waits to be sent on one connection.
//!
//! *Guarantees*: frames go out whole and in order; nothing is put between the parts of one. *Under pressure*: it only ever
//! grows by what its [`Peer`](crate::Peer) puts in, and that stops at [`Options::waiting`](crate::Options::waiting) bytes.
//! An empty one holds no memory.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use crate::close::Close;
use crate::frame::Frame;

/// Frames on their way to one client. A transport takes them from the front: [`Outgoing::next_frame`] whole, or, where it
/// writes WebSocket frames itself, as bytes.
#[derive(Debug, Default)]
pub struct Outgoing {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// How many bytes were taken in all: whether there is progress.
    taken: u64,
    /// The front frame has been sent in part.
    partial: bool,
    ping: bool,
    close: Option<Close>,
}

impl Outgoing {
    /// Takes the next frame.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        self.taken += frame.len() as u64;
        self.partial = false;
        self.let_go();
        Some(Frame::kept(frame))
    }

    /// Whether a WebSocket ping is to be sent; asked for once. Transports without pings may ignore it, as long as they
    /// say by [`Options::ping`](crate::Options::ping) that there are none.
    pub fn take_ping(&mut self) -> bool {
        std::mem::take(&mut self.ping)
    }

    /// How the connection is to be closed, as soon as everything is sent.
    #[must_use]
    pub fn close(&self) -> Option<Close> {
        self.close
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// How many bytes wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How much is held: a frame takes more than its bytes, and there may be many of two.
    pub(crate) fn held(&self) -> usize {
        const EACH: usize = 64;
        self.bytes + EACH * self.frames.len()
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    pub(crate) fn push(&mut self, frame: Frame) {
        self.push_bytes(frame.into_bytes());
    }

    /// Puts in bytes that are whole frames.
    pub(crate) fn push_bytes(&mut self, bytes: Bytes) {
        self.bytes += bytes.len();
        self.frames.push_back(bytes);
    }

    pub(crate) fn wants_ping(&self) -> bool {
        self.ping
    }

    pub(crate) fn ask_ping(&mut self) {
        self.ping = true;
    }

    pub(crate) fn set_close(&mut self, close: Close) {
        self.close = Some(close);
    }

    /// Drops what has not been begun: a client that does not read gets the word that this is so instead.
    pub(crate) fn drop_unsent(&mut self) {
        let keep = usize::from(self.partial);
        self.frames.truncate(keep);
        self.bytes = self.frames.iter().map(Bytes::len).sum();
    }

    /// What can be written at once, as many pieces as there is room for.
    pub(crate) fn slices<'a>(&'a self, into: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (slot, frame) in into.iter_mut().zip(&self.frames) {
            *slot = IoSlice::new(frame);
            count += 1;
        }
        count
    }

    /// The first bytes.
    pub(crate) fn front(&self) -> &[u8] {
        self.frames.front().map_or(&[], |front| front)
    }

    /// How many frames wait.
    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    /// This many bytes have been written.
    pub(crate) fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        self.taken += written as u64;
        while written > 0 {
            let Some(front) = self.frames.front_mut() else { break };
            if written < front.len() {
                front.advance(written);
                self.partial = true;
                return;
            }
            written -= front.len();
            self.frames.pop_front();
            self.partial = false;
        }
        self.let_go();
    }

    /// Most connections are idle most of the time.
    fn let_go(&mut self) {
        const KEPT: usize = 4;
        if self.frames.is_empty() && self.frames.capacity() > KEPT {
            self.frames = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[&'static [u8]]) -> Outgoing {
        let mut out = Outgoing::default();
        parts.iter().for_each(|part| out.push_bytes(Bytes::from_static(part)));
        out
    }

    #[test]
    fn what_is_written_in_part_goes_on_where_it_was() {
        let mut out = of(&[b"abc", b"def", b"ghi"]);
        out.advance(4);
        assert_eq!((out.front(), out.bytes(), out.partial), (&b"ef"[..], 5, true));
        out.advance(2);
        assert_eq!((out.front(), out.bytes(), out.partial), (&b"ghi"[..], 3, false));
        out.advance(3);
        assert!(out.is_empty() && out.bytes() == 0 && out.taken() == 9);
    }

    #[test]
    fn only_what_was_begun_is_finished_when_the_rest_is_dropped() {
        let mut out = of(&[b"abc", b"def"]);
        out.advance(1);
        out.drop_unsent();
        assert_eq!((out.front(), out.bytes()), (&b"bc"[..], 2));
        let mut out = of(&[b"abc"]);
        out.drop_unsent();
        assert!(out.is_empty() && out.bytes() == 0);
    }
}
