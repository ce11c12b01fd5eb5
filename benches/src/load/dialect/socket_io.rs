//! Socket.IO's packets (`42["event",…]`) in those of Engine.IO, version 4: as much as a room takes.

use super::not_understood;
use crate::load::fault::Fault;
use crate::load::heard::Heard;

/// Asks for a room, with an acknowledgement.
pub(super) fn join(room: &str) -> String {
    format!(r#"420["join","{room}"]"#)
}

pub(super) fn say(room: &str, body: &str) -> String {
    format!(r#"42["chat message","{room}","{body}"]"#)
}

/// Engine.IO: `0` opens, `1` closes, `2` asks, `4` holds a packet. Socket.IO: `0` connects, `1` disconnects, `2` is an
/// event, `3` acknowledges, `4` refuses.
pub(super) fn hear(payload: &[u8]) -> Result<Heard<'_>, Fault> {
    match payload {
        [b'0', ..] => Ok(Heard::Asked("40")),
        [b'2'] => Ok(Heard::Asked("3")),
        [b'6'] => Ok(Heard::Other),
        [b'4', b'0', ..] => Ok(Heard::Greeted),
        [b'4', b'2', event @ ..] => said(event).ok_or_else(|| not_understood(payload)),
        [b'4', b'3', ..] => Ok(Heard::Done { id: 0, ok: "" }),
        _ => Err(not_understood(payload)),
    }
}

fn said(event: &[u8]) -> Option<Heard<'_>> {
    let (name, body): (&str, &str) = serde_json::from_slice(event).ok()?;
    Some(if name == "chat message" { Heard::Told { body } } else { Heard::Other })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_answered() {
        assert!(matches!(hear(b"2"), Ok(Heard::Asked("3"))));
        assert!(matches!(hear(br#"0{"sid":"x","pingInterval":25000}"#), Ok(Heard::Asked("40"))));
        assert!(matches!(hear(b"6"), Ok(Heard::Other)));
    }

    #[test]
    fn an_end_or_a_refusal_is_a_fault() {
        for frame in [&b"1"[..], b"41", br#"44{"message":"no"}"#, b"42[1]", b"", b"x"] {
            assert!(matches!(hear(frame), Err(Fault::NotUnderstood(_))), "{frame:?}");
        }
    }
}
