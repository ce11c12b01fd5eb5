//! A ready frame: one JSON text behind the header of an unmasked WebSocket text frame.
//!
//! What a server sends is not masked, so the bytes are the same for all who get it: they are made once, kept with what
//! they tell (an entry, a signal, a change of a list), and shared.

use bytes::{Buf, Bytes};

/// The longest header of a frame that a server sends.
pub(crate) const HEADER_MAX: usize = 10;

/// A message to a client, ready to be sent. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// The frame of a text that was written behind [`HEADER_MAX`] free bytes. The header is put right before the text.
    pub(crate) fn around(mut text: Vec<u8>) -> Self {
        const FINAL_TEXT: u8 = 0x81;
        let len = text.len() - HEADER_MAX;
        let start = HEADER_MAX - header_len(len);
        text[start] = FINAL_TEXT;
        match HEADER_MAX - start {
            2 => text[start + 1] = len as u8,
            4 => {
                text[start + 1] = 126;
                text[start + 2..HEADER_MAX].copy_from_slice(&(len as u16).to_be_bytes());
            }
            _ => {
                text[start + 1] = 127;
                text[start + 2..HEADER_MAX].copy_from_slice(&(len as u64).to_be_bytes());
            }
        }
        // Entries keep their frames: space that was guessed too large is given back.
        if text.capacity() > text.len() + 64 {
            text.shrink_to_fit();
        }
        // Not sliced: that would share the bytes with a second owner, and replies have one.
        let mut bytes = Bytes::from(text);
        bytes.advance(start);
        Self(bytes)
    }

    /// Takes over bytes that were made by [`Frame::around`] and kept elsewhere meanwhile.
    pub(crate) fn kept(bytes: Bytes) -> Self {
        Self(bytes)
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }

    /// As a WebSocket frame, header and all: for transports that write frames themselves.
    #[must_use]
    pub fn websocket(&self) -> &Bytes {
        &self.0
    }

    /// The JSON text alone: for transports that have frames of their own. Bodies are handed on as they were written: there may be line
    /// breaks between their parts.
    #[must_use]
    pub fn json(&self) -> Bytes {
        self.0.slice(self.header()..)
    }

    /// The JSON text alone, borrowed.
    #[must_use]
    pub fn as_json(&self) -> &[u8] {
        &self.0[self.header()..]
    }

    fn header(&self) -> usize {
        match self.0.get(1) {
            Some(126) => 4,
            Some(127) => 10,
            _ => 2,
        }
    }
}

fn header_len(text: usize) -> usize {
    match text {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}

/// Only the length: what users say does not belong in logs.
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_tungstenite::tungstenite::protocol::frame::FrameSocket;

    #[test]
    fn frames_of_every_length_are_read_by_another_reader() {
        for len in [0, 1, 125, 126, 127, 0xffff, 0x1_0000, 0x1_0001] {
            let mut text = vec![0; HEADER_MAX];
            text.extend(std::iter::repeat_n(b'x', len));
            let frame = Frame::around(text);
            assert_eq!(frame.json().len(), len);
            let mut socket = FrameSocket::new(std::io::Cursor::new(frame.websocket().to_vec()));
            let read = socket.read(None).unwrap().unwrap();
            assert!(read.header().is_final && read.header().mask.is_none());
            assert_eq!(read.into_payload().len(), len);
        }
    }
}
