//! Nothing but what was said, as text or in an object with one field.

use serde::Deserialize;

use super::not_understood;
use crate::load::fault::Fault;
use crate::load::heard::Heard;

#[derive(Deserialize)]
struct Message<'a> {
    message: &'a str,
}

/// The load's own bodies need no escapes.
pub(super) fn say(body: &str) -> String {
    format!(r#"{{"message":"{body}"}}"#)
}

pub(super) fn text(payload: &[u8]) -> Result<Heard<'_>, Fault> {
    let body = std::str::from_utf8(payload).map_err(|_| not_understood(payload))?;
    Ok(Heard::Told { body })
}

pub(super) fn message(payload: &[u8]) -> Result<Heard<'_>, Fault> {
    let Message { message } =
        serde_json::from_slice(payload).map_err(|_| not_understood(payload))?;
    Ok(Heard::Told { body: message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_a_fault() {
        for frame in [&b"hello"[..], br#"{"error":"no"}"#, b"\xff"] {
            assert!(matches!(message(frame), Err(Fault::NotUnderstood(_))), "{frame:?}");
        }
        assert!(matches!(text(b"\xff"), Err(Fault::NotUnderstood(_))));
    }
}
