//! What a server has sent, read no further than a measurement needs.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::Fault;

/// A frame of chat.v1, or of another [`Dialect`](super::Dialect).
#[derive(Debug)]
pub enum Heard<'a> {
    /// The connection is upgraded: nothing of chat.v1 yet.
    Upgraded,
    /// Somebody has said something.
    Said {
        /// Its number.
        n: u64,
        /// Its body, as JSON; in a fast reading with what follows it.
        body: &'a str,
    },
    /// Somebody has said something, in a dialect that numbers nothing.
    Told {
        /// Its text.
        body: &'a str,
    },
    /// Something else happened in a room.
    Notice {
        /// Its number.
        n: u64,
    },
    /// A command was carried out.
    Done {
        /// Its number.
        id: u64,
        /// What came of it, as JSON.
        ok: &'a str,
    },
    /// A dialect that greets has done so: from here on it can be told things.
    Greeted,
    /// This is to be sent back at once; a [`Swarm`](super::Swarm) does that by itself.
    Asked(&'static str),
    /// A partner was found; the whole event, as JSON.
    Matched(&'a str),
    /// A watched list has changed; the whole event, as JSON.
    List(&'a str),
    /// Something that does not matter here.
    Other,
}

#[derive(Deserialize)]
struct Whole<'a> {
    re: Option<u64>,
    #[serde(borrow)]
    ok: Option<&'a RawValue>,
    #[serde(borrow)]
    err: Option<Refusal<'a>>,
    #[serde(borrow)]
    ev: Option<Cow<'a, str>>,
    n: Option<u64>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
}

/// Reads frames. It remembers where it found things the last time: frames of a room look alike.
#[derive(Debug, Default)]
pub struct Ear {
    n: usize,
    body: usize,
    /// Rooms end in the course of the work: `closed` spoils nothing.
    pub(super) rooms_end: bool,
}

impl Ear {
    /// Reads one.
    ///
    /// # Errors
    /// A refusal, an event that spoils a measurement, or what is no chat.v1.
    pub fn hear<'a>(&mut self, payload: &'a [u8]) -> Result<Heard<'a>, Fault> {
        if let Some((n, body)) = self.said(payload) {
            return Ok(Heard::Said { n, body });
        }
        let whole: Whole<'a> = serde_json::from_slice(payload).map_err(Fault::NotChat)?;
        if let Some(refusal) = whole.err {
            return Err(Fault::Refused(refusal.code.into()));
        }
        if let (Some(id), Some(ok)) = (whole.re, whole.ok) {
            return Ok(Heard::Done { id, ok: ok.get() });
        }
        let event = whole.ev.unwrap_or_default();
        match (&*event, whole.n, whole.body) {
            ("said", Some(n), Some(body)) => Ok(Heard::Said { n, body: body.get() }),
            ("matched", ..) => {
                // What serde_json has read was UTF-8.
                Ok(std::str::from_utf8(payload).map_or(Heard::Other, Heard::Matched))
            }
            ("list", ..) => Ok(std::str::from_utf8(payload).map_or(Heard::Other, Heard::List)),
            ("closed", Some(n), _) if self.rooms_end => Ok(Heard::Notice { n }),
            ("reset" | "bye" | "closed" | "unmatched", ..) => Err(Fault::Unexpected(event.into())),
            (_, Some(n), _) => Ok(Heard::Notice { n }),
            _ => Ok(Heard::Other),
        }
    }

    /// The way of nearly all: `{"ev":"said", … "n":N, … "body":…`. Neither can be inside of an earlier string, where
    /// their quotes would be escaped. A server that writes its fields otherwise is read the long way.
    fn said<'a>(&mut self, payload: &'a [u8]) -> Option<(u64, &'a str)> {
        if !payload.starts_with(br#"{"ev":"said","#) {
            return None;
        }
        let n = behind(payload, br#","n":"#, &mut self.n)?;
        let body = behind(payload, br#","body":"#, &mut self.body)?;
        let digits = n.iter().take_while(|byte| byte.is_ascii_digit());
        let n =
            digits.fold(0_u64, |n, digit| n.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
        Some((n, std::str::from_utf8(body).ok()?))
    }
}

fn behind<'a>(payload: &'a [u8], marker: &[u8], hint: &mut usize) -> Option<&'a [u8]> {
    if payload.get(*hint..).is_none_or(|rest| !rest.starts_with(marker)) {
        *hint = payload.windows(marker.len()).position(|window| window == marker)?;
    }
    payload.get(*hint + marker.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(ear: &mut Ear, text: &str) -> (u64, String) {
        match ear.hear(text.as_bytes()).unwrap() {
            Heard::Said { n, body } => (n, body.to_owned()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_said_is_read_wherever_its_fields_are() {
        let mut ear = Ear::default();
        for n in [9, 10, 11, 1_000_000] {
            let text = format!(
                r#"{{"ev":"said","room":"a","n":{n},"at":5,"by":"u","name":",\"n\":7","body":"q1"}}"#
            );
            let (read, body) = said(&mut ear, &text);
            assert!(read == n && body.starts_with("\"q1\""), "{read} {body}");
        }
        let other = r#"{"body":"q2","n":4,"ev":"said","room":"a"}"#;
        assert_eq!(said(&mut ear, other), (4, "\"q2\"".to_owned()));
        let spaced = r#"{"ev":"said","n": 4, "body": "q3"}"#;
        assert_eq!(said(&mut ear, spaced), (4, "\"q3\"".to_owned()));
    }

    #[test]
    fn replies_and_events_are_told_apart() {
        let mut ear = Ear::default();
        let done = ear.hear(br#"{"re":7,"ok":{"n":1}}"#).unwrap();
        assert!(matches!(done, Heard::Done { id: 7, ok: r#"{"n":1}"# }));
        let notice = ear.hear(br#"{"ev":"joined","room":"a","n":3,"at":1,"user":"u"}"#).unwrap();
        assert!(matches!(notice, Heard::Notice { n: 3 }));
        let unknown = ear.hear(br#"{"ev":"pinned","room":"a","n":4}"#).unwrap();
        assert!(matches!(unknown, Heard::Notice { n: 4 }), "of a kind that is still to come");
        let list = ear.hear(br#"{"ev":"list","list":"live","version":2,"ops":[]}"#).unwrap();
        assert!(matches!(list, Heard::List(_)));
        assert!(matches!(ear.hear(br#"{"ev":"count","live":3}"#).unwrap(), Heard::Other));
        assert!(matches!(ear.hear(br#"{"ev":"matched","room":{}}"#).unwrap(), Heard::Matched(_)));
    }

    #[test]
    fn what_spoils_a_measurement_is_a_fault() {
        let mut ear = Ear::default();
        let refused = ear.hear(br#"{"re":7,"err":{"code":"rate_limited","message":"slower"}}"#);
        assert!(matches!(refused, Err(Fault::Refused(code)) if &*code == "rate_limited"));
        let reset = ear.hear(br#"{"ev":"reset","room":"a","why":"slow"}"#);
        assert!(matches!(reset, Err(Fault::Unexpected(event)) if &*event == "reset"));
        assert!(matches!(ear.hear(b"hello"), Err(Fault::NotChat(_))));
        let closed = br#"{"ev":"closed","room":"a","n":9,"at":1,"why":"partner_left"}"#;
        assert!(matches!(ear.hear(closed), Err(Fault::Unexpected(_))));
        ear.rooms_end = true;
        assert!(matches!(ear.hear(closed), Ok(Heard::Notice { n: 9 })), "where rooms end");
    }
}
