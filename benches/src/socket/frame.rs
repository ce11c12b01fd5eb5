//! WebSocket frames, as far as a chat needs them: whole, up to a megabyte, in both directions.
//!
//! A frame that has come in one piece is given out without a copy. Only what is not whole yet is kept.

/// A frame above this ends the connection: nothing that is measured is near it.
const LARGEST: usize = 1 << 20;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// Text.
    Text,
    /// Bytes.
    Binary,
    /// The end.
    Close,
    /// A question whether one is there.
    Ping,
    /// The answer to that.
    Pong,
}

impl Opcode {
    const fn bits(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            1 => Some(Self::Text),
            2 => Some(Self::Binary),
            8 => Some(Self::Close),
            9 => Some(Self::Ping),
            10 => Some(Self::Pong),
            _ => None,
        }
    }
}

/// Who sends. A client has to mask what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Masks with a key of zeros, which is a key like any other and changes nothing: the cheapest there is.
    Client,
    /// Does not mask.
    Server,
}

/// One frame that has come.
#[derive(Debug)]
pub struct Frame<'a> {
    /// What it is.
    pub opcode: Opcode,
    /// What it holds, masked as it came.
    pub payload: &'a [u8],
    key: [u8; 4],
}

impl Frame<'_> {
    /// What it holds, if it is masked with something other than zeros.
    #[must_use]
    pub fn unmasked(&self) -> Option<Vec<u8>> {
        if self.key == [0; 4] {
            return None;
        }
        Some(
            self.payload
                .iter()
                .zip(self.key.iter().cycle())
                .map(|(byte, key)| byte ^ key)
                .collect(),
        )
    }
}

/// What has come is not what is understood here: a fragment, an extension, too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame that is not understood")]
pub struct Broken;

/// Appends a frame.
pub fn write_frame(out: &mut Vec<u8>, side: Side, opcode: Opcode, payload: &[u8]) {
    let mask = if side == Side::Client { 0x80 } else { 0 };
    out.push(0x80 | opcode.bits());
    if let Ok(small @ 0..126) = u8::try_from(payload.len()) {
        out.push(mask | small);
    } else if let Ok(medium) = u16::try_from(payload.len()) {
        out.push(mask | 126);
        out.extend_from_slice(&medium.to_be_bytes());
    } else {
        out.push(mask | 127);
        out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
    }
    if side == Side::Client {
        out.extend_from_slice(&[0; 4]);
    }
    out.extend_from_slice(payload);
}

/// What comes in on one connection: the beginning of a frame that is not whole yet, mostly nothing.
#[derive(Debug, Default)]
pub struct Incoming {
    kept: Vec<u8>,
}

impl Incoming {
    /// Takes what was read and gives out each frame that is whole now, in order, until it is told to stop.
    ///
    /// # Errors
    /// What the caller makes of a frame, or [`Broken`].
    pub fn take<E: From<Broken>>(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut kept = std::mem::take(&mut self.kept);
        let mut rest = if kept.is_empty() {
            bytes
        } else {
            kept.extend_from_slice(bytes);
            &kept
        };
        while let Some((frame, behind)) = first(rest)? {
            rest = behind;
            each(frame)?;
        }
        // Nothing is held by those that wait for nothing, which are nearly all.
        self.kept = if rest.is_empty() { Vec::new() } else { rest.to_vec() };
        Ok(())
    }
}

/// The first frame and what follows it, if it is whole.
fn first(bytes: &[u8]) -> Result<Option<(Frame<'_>, &[u8])>, Broken> {
    let &[head, length, ..] = bytes else { return Ok(None) };
    // Neither fragments nor extensions.
    let opcode = Opcode::from_bits(head & 0x0f).filter(|_| head & 0xf0 == 0x80).ok_or(Broken)?;
    let (length, at) = match length & 0x7f {
        126 => match bytes.get(2..4).and_then(|bytes| bytes.try_into().ok()) {
            Some(bytes) => (usize::from(u16::from_be_bytes(bytes)), 4),
            None => return Ok(None),
        },
        127 => match bytes.get(2..10).and_then(|bytes| bytes.try_into().ok()) {
            Some(bytes) => (usize::try_from(u64::from_be_bytes(bytes)).map_err(|_| Broken)?, 10),
            None => return Ok(None),
        },
        small => (usize::from(small), 2),
    };
    if length > LARGEST {
        return Err(Broken);
    }
    let (key, at) = if bytes[1] & 0x80 == 0 {
        ([0; 4], at)
    } else {
        match bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()) {
            Some(key) => (key, at + 4),
            None => return Ok(None),
        }
    };
    let Some(payload) = bytes.get(at..at + length) else { return Ok(None) };
    Ok(Some((Frame { opcode, payload, key }, &bytes[at + length..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(pieces: &[&[u8]]) -> Result<Vec<(Opcode, Vec<u8>)>, Broken> {
        let (mut incoming, mut seen) = (Incoming::default(), Vec::new());
        for piece in pieces {
            incoming.take::<Broken>(piece, |frame| {
                seen.push((frame.opcode, frame.unmasked().unwrap_or(frame.payload.to_vec())));
                Ok(())
            })?;
        }
        assert!(incoming.kept.is_empty(), "all of it was whole");
        Ok(seen)
    }

    #[test]
    fn frames_of_every_length_come_back_however_they_are_cut() {
        for side in [Side::Client, Side::Server] {
            let lengths = [0, 1, 125, 126, 127, 300, 65_535, 65_536, LARGEST];
            let mut bytes = Vec::new();
            for length in lengths {
                write_frame(&mut bytes, side, Opcode::Text, &vec![b'x'; length]);
            }
            for size in [bytes.len(), 100_000, 4_096] {
                let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
                let seen = frames(&pieces).unwrap();
                let seen: Vec<usize> = seen.iter().map(|(_, payload)| payload.len()).collect();
                assert_eq!(seen, lengths);
            }
        }
        let mut bytes = Vec::new();
        write_frame(&mut bytes, Side::Client, Opcode::Ping, b"there?");
        write_frame(&mut bytes, Side::Client, Opcode::Text, &[b'y'; 200]);
        let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
        let seen = frames(&pieces).unwrap();
        assert_eq!(seen, [(Opcode::Ping, b"there?".to_vec()), (Opcode::Text, vec![b'y'; 200])]);
    }

    #[test]
    fn a_key_that_is_not_zero_is_taken_off() {
        // The example of RFC 6455, 5.7.
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(frames(&[&hello]), Ok(vec![(Opcode::Text, b"Hello".to_vec())]));
    }

    #[test]
    fn fragments_extensions_and_what_is_too_large_are_broken() {
        assert_eq!(frames(&[&[0x01, 0x01, b'x']]), Err(Broken), "not the last of its message");
        assert_eq!(frames(&[&[0x80, 0x01, b'x']]), Err(Broken), "the rest of another one");
        assert_eq!(frames(&[&[0xc1, 0x01, b'x']]), Err(Broken), "compressed");
        let mut large = vec![0x81, 127];
        large.extend_from_slice(&(LARGEST as u64 + 1).to_be_bytes());
        assert_eq!(frames(&[&large]), Err(Broken));
        large[2] = 0xff;
        assert_eq!(frames(&[&large]), Err(Broken), "longer than anything can be");
    }
}
