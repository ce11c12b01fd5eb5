//! Errors, as Python raises them. The classes are in `chat_engine/_errors.py`, which makes them from a name and what is known.

use std::time::Duration;

use chat_core::{Error, Invalid};
use pyo3::prelude::*;

use super::kept::Attribute;
use crate::first::{Broke, stay};
use crate::live::Fault;
use crate::place::{NoStore, with_causes};
use crate::runtime::Stopped;

/// What is known of an error.
#[derive(Default)]
pub(crate) struct Known<'a> {
    pub(crate) code: &'static str,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) field: Option<&'a str>,
    pub(crate) why: Option<&'a str>,
    pub(crate) room: Option<&'a str>,
}

/// An exception of this class of `chat_engine`.
pub(crate) fn exception(py: Python<'_>, class: &str, message: &str, known: &Known<'_>) -> PyErr {
    let _inside = super::process::inside(py);
    static MAKE: Attribute = Attribute::new("chat_engine._errors", "make");
    let made = MAKE.get(py).and_then(|make| {
        let retry = known.retry_after.map(|time| time.as_secs_f64());
        make.call1((class, known.code, message, retry, known.field, known.why, known.room))
    });
    match made {
        Ok(made) => PyErr::from_value(made),
        Err(error) => error,
    }
}

/// Something was used in a way in which it cannot be; `message` says what to do instead.
pub(crate) fn misuse(py: Python<'_>, message: &str) -> PyErr {
    exception(py, "Misuse", message, &Known { code: "misuse", ..Known::default() })
}

/// A value that was given is wrong.
pub(crate) fn bad_request(py: Python<'_>, field: &str, message: &str) -> PyErr {
    let known = Known { code: "bad_request", field: Some(field), ..Known::default() };
    exception(py, "BadRequest", message, &known)
}

/// A body that is no JSON.
pub(crate) fn bad_body(py: Python<'_>, message: &str) -> PyErr {
    let known = Known { code: "bad_request", field: Some("body"), ..Known::default() };
    exception(py, "BodyError", message, &known)
}

pub(crate) fn fault(py: Python<'_>, fault: &Fault) -> PyErr {
    match fault {
        Fault::Engine(error) => engine(py, error),
        Fault::Invalid(error) => invalid(py, error),
        Fault::NoStore(NoStore::Wrong(message)) => bad_request(py, "url", message),
        Fault::NoStore(NoStore::Unavailable(message)) => unavailable(py, message),
    }
}

pub(crate) fn invalid(py: Python<'_>, error: &Invalid) -> PyErr {
    bad_request(py, error.field(), &error.to_string())
}

pub(crate) fn broke(py: Python<'_>, broke: &Broke) -> PyErr {
    let known = Known { code: "internal", ..Known::default() };
    exception(py, "InternalError", &broke.to_string(), &known)
}

/// Said to the thread that ends the process, which may still have something to do. Others are daemons, that are not let back in anywhere.
pub(crate) fn stopped(py: Python<'_>, stopped: Stopped) -> PyErr {
    if !super::process::is_ended_by_this_thread() {
        py.detach(|| stay());
    }
    let known = Known { code: "unavailable", ..Known::default() };
    exception(py, "Ended", &stopped.to_string(), &known)
}

fn unavailable(py: Python<'_>, message: &str) -> PyErr {
    let in_time = ["in time", "timed out", "deadline"].iter().any(|words| message.contains(words));
    let class = if in_time { "StoreTimeout" } else { "Unavailable" };
    let retry_after = Some(Duration::from_secs(1));
    exception(py, class, message, &Known { code: "unavailable", retry_after, ..Known::default() })
}

pub(crate) fn engine(py: Python<'_>, error: &Error) -> PyErr {
    let mut known =
        Known { code: error.code(), retry_after: error.retry_after(), ..Known::default() };
    let class = match error {
        Error::Invalid(error) => return invalid(py, error),
        Error::Store { retryable: true, .. } => return unavailable(py, &with_causes(error)),
        Error::Store { .. } => {
            return exception(py, "InternalError", &with_causes(error), &known);
        }
        Error::Forbidden { reason } => {
            known.why = reason.as_ref().map(chat_core::Reason::as_str);
            "Forbidden"
        }
        Error::NoSuchRoom => "NoSuchRoom",
        Error::RoomExists => "RoomExists",
        Error::RoomFull => "RoomFull",
        Error::RoomClosed { why } => {
            known.why = Some(why.as_str());
            "RoomClosed"
        }
        Error::NotMember => "NotMember",
        Error::NotWaiting => "NotWaiting",
        Error::AlreadyMatched { room } => {
            known.room = Some(room.as_str());
            "AlreadyMatched"
        }
        Error::TooLarge { what, .. } => {
            known.field = Some(what);
            "TooLarge"
        }
        Error::TooMany { .. } => "TooMany",
        Error::Overloaded => "Overloaded",
        Error::SessionOver | Error::ShutDown => "Ended",
        Error::Hook => "Unavailable",
        // Something that came after this was written.
        _ => "ChatError",
    };
    exception(py, class, &error.to_string(), &known)
}
