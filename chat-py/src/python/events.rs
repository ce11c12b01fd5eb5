//! What a session is told.
//!
//! Each class holds the engine's own event, shared with all who are told the same, and makes of it what is asked for: an event
//! that nobody looks into costs one small object. They cannot be changed, can be matched by `case`, and know their frame
//! (`json`), which is made once for all who take it.

use chat_core::{
    Event, ListChange as CoreChange, Matched as CoreMatched, SharedEntry, Signal as CoreSignal,
    What,
};
use chat_ws::wire;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use super::body::{from_body, from_json};
use super::times::moment;
use super::values::{Cursor, Room, members_of};

/// An event as Python has it.
pub(crate) fn to_python(py: Python<'_>, event: Event) -> PyResult<Py<PyAny>> {
    Ok(match event {
        Event::Entry(entry) => return entry_to_python(py, &entry),
        Event::Signal(signal) => Py::new(py, Signal(signal))?.into_any(),
        Event::Count { .. } => Py::new(py, Count(event))?.into_any(),
        Event::Matched(matched) => Py::new(py, Matched(matched))?.into_any(),
        Event::Unmatched { .. } => Py::new(py, Unmatched(event))?.into_any(),
        Event::List(change) => Py::new(py, ListChanged(change))?.into_any(),
        Event::Reset { .. } => Py::new(py, Reset(event))?.into_any(),
        Event::Kicked { .. } => Py::new(py, Kicked(event))?.into_any(),
        Event::Bye { .. } => Py::new(py, Bye(event))?.into_any(),
        // Something that came after this was written.
        _ => py.None(),
    })
}

/// An entry of a room's log as Python has it.
pub(crate) fn entry_to_python(py: Python<'_>, entry: &SharedEntry) -> PyResult<Py<PyAny>> {
    let entry = SharedEntry::clone(entry);
    Ok(match &entry.what {
        What::Said(_) => Py::new(py, Said(entry))?.into_any(),
        What::Joined { .. } => Py::new(py, Joined(entry))?.into_any(),
        What::Left { .. } => Py::new(py, Left(entry))?.into_any(),
        What::Renamed { .. } => Py::new(py, Renamed(entry))?.into_any(),
        What::Closed { .. } => Py::new(py, Closed(entry))?.into_any(),
        // Something that came after this was written.
        _ => py.None(),
    })
}

pub(crate) fn entries<'py>(
    py: Python<'py>,
    entries: &[SharedEntry],
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for entry in entries {
        list.append(entry_to_python(py, entry)?)?;
    }
    Ok(list)
}

/// A value with some of its fields, as `repr` shows it.
pub(crate) fn shown(class: &str, fields: &[(&str, Bound<'_, PyAny>)]) -> PyResult<String> {
    let mut text = format!("{class}(");
    for (at, (name, value)) in fields.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        text.push_str(&format!("{comma}{name}={}", value.repr()?.to_string_lossy()));
    }
    text.push(')');
    Ok(text)
}

/// An event's class: what all of them have, and what this one has beside.
macro_rules! event_class {
    ($(#[$doc:meta])* $name:ident($inner:ty), $ev:literal, ($($arg:literal),+), $frame:expr, $same:expr, { $($rest:tt)* }) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "chat_engine")]
        pub(crate) struct $name($inner);

        #[pymethods]
        impl $name {
            #[classattr]
            #[allow(non_upper_case_globals)]
            const __match_args__: ($(event_class!(@text $arg),)+) = ($($arg,)+);

            /// The word for it on the wire.
            #[classattr]
            #[allow(non_upper_case_globals)]
            const ev: &'static str = $ev;

            /// Its frame on the wire.
            #[getter]
            fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
                let frame: fn(&$inner) -> bytes::Bytes = $frame;
                let text = frame(&self.0);
                // What the wire has is text.
                let text = std::str::from_utf8(&text).map_err(|e| pyo3::exceptions::PyValueError::new_err(e.to_string()))?;
                Ok(PyString::new(py, text))
            }

            /// What its frame holds.
            fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                let frame: fn(&$inner) -> bytes::Bytes = $frame;
                from_json(py, &frame(&self.0))
            }

            /// It cannot be changed: itself is as good as a copy.
            fn __copy__(this: Py<Self>) -> Py<Self> {
                this
            }

            fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
                this
            }

            fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
                let same: fn(&$inner, &$inner) -> bool = $same;
                other.cast::<Self>().is_ok_and(|other| same(&self.0, &other.get().0))
            }

            fn __hash__(this: &Bound<'_, Self>) -> PyResult<isize> {
                this.getattr("json")?.hash()
            }

            fn __repr__(this: &Bound<'_, Self>) -> PyResult<String> {
                let fields = [$(($arg, this.getattr($arg)?)),+];
                shown(stringify!($name), &fields)
            }

            $($rest)*
        }
    };
    (@text $arg:literal) => { &'static str };
}

/// The class of an entry.
macro_rules! entry_class {
    ($(#[$doc:meta])* $name:ident, $ev:literal, $args:tt, { $($rest:tt)* }) => {
        event_class! { $(#[$doc])* $name(SharedEntry), $ev, $args, wire::entry, |a, b| a == b, {
            #[getter]
            fn room(&self) -> &str {
                self.0.room.as_str()
            }

            /// Its number in the room's log.
            #[getter]
            fn n(&self) -> u64 {
                self.0.n
            }

            /// Which life of the log.
            #[getter]
            fn epoch(&self) -> String {
                self.0.epoch.to_string()
            }

            #[getter]
            fn at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                moment(py, self.0.at)
            }

            /// The cursor of somebody who has seen everything up to this.
            #[getter]
            fn cursor(&self) -> Cursor {
                Cursor(self.0.cursor())
            }

            $($rest)*
        } }
    };
}

entry_class! {
    /// Somebody said something.
    Said, "said", ("room", "by", "body"), {
    /// Who; none for the site itself.
    #[getter]
    fn by(&self) -> Option<&str> {
        self.0.said().and_then(|said| said.by.as_ref()).map(chat_core::UserId::as_str)
    }

    #[getter]
    fn name(&self) -> Option<&str> {
        self.0.said().and_then(|said| said.name.as_ref()).map(chat_core::Name::as_str)
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.0.said() {
            Some(said) => from_body(py, &said.body),
            None => Ok(py.None().into_bound(py)),
        }
    }

    /// The sender's own name for it, where one was given.
    #[getter]
    fn key(&self) -> Option<&str> {
        self.0.said().and_then(|said| said.key.as_ref()).map(chat_core::Key::as_str)
    }
} }

/// Who an entry is about, and under what name.
fn about(entry: &SharedEntry) -> (&str, &str) {
    match &entry.what {
        What::Joined { user, name, .. }
        | What::Left { user, name, .. }
        | What::Renamed { user, name } => (user.as_str(), name.as_str()),
        _ => ("", ""),
    }
}

/// How many there are in the room afterwards.
fn live_after(entry: &SharedEntry) -> u32 {
    match &entry.what {
        What::Joined { live, .. } | What::Left { live, .. } => *live,
        _ => 0,
    }
}

entry_class! {
    /// A user came: their first connection.
    Joined, "joined", ("room", "user", "name"), {
    #[getter]
    fn user(&self) -> &str {
        about(&self.0).0
    }

    #[getter]
    fn name(&self) -> &str {
        about(&self.0).1
    }

    /// Distinct users in the room afterwards.
    #[getter]
    fn live(&self) -> u32 {
        live_after(&self.0)
    }
} }

entry_class! {
    /// A user went: their last connection.
    Left, "left", ("room", "user", "why"), {
    #[getter]
    fn user(&self) -> &str {
        about(&self.0).0
    }

    #[getter]
    fn name(&self) -> &str {
        about(&self.0).1
    }

    /// Distinct users in the room afterwards.
    #[getter]
    fn live(&self) -> u32 {
        live_after(&self.0)
    }

    /// "left", "lost" or "kicked".
    #[getter]
    fn why(&self) -> &'static str {
        match &self.0.what {
            What::Left { why, .. } => why.as_str(),
            _ => "",
        }
    }
} }

entry_class! {
    /// A user took another name.
    Renamed, "renamed", ("room", "user", "name"), {
    #[getter]
    fn user(&self) -> &str {
        about(&self.0).0
    }

    #[getter]
    fn name(&self) -> &str {
        about(&self.0).1
    }
} }

entry_class! {
    /// The room closed. Always the last entry.
    Closed, "closed", ("room", "why"), {
    /// What ended it: "idle", "empty", "partner_left", "owner", "admin" or "max_age".
    #[getter]
    fn why(&self) -> &'static str {
        match &self.0.what {
            What::Closed { why } => why.as_str(),
            _ => "",
        }
    }
} }

/// The frame of an event that is not shared.
fn frame(event: &Event) -> bytes::Bytes {
    wire::event(event).map(|frame| frame.json()).unwrap_or_default()
}

/// Whether two such events are the same.
fn same(a: &Event, b: &Event) -> bool {
    frame(a) == frame(b)
}

event_class! {
    /// A signal from somebody in a room: not stored, not numbered.
    Signal(std::sync::Arc<CoreSignal>), "signal", ("room", "by", "body"),
    |signal| frame(&Event::Signal(std::sync::Arc::clone(signal))), |a, b| a == b, {
    #[getter]
    fn room(&self) -> &str {
        self.0.room.as_str()
    }

    #[getter]
    fn by(&self) -> &str {
        self.0.by.as_str()
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_body(py, &self.0.body)
    }
} }

event_class! {
    /// How many users are in a room that only counts.
    Count(Event), "count", ("room", "live"), frame, same, {
    #[getter]
    fn room(&self) -> &str {
        match &self.0 {
            Event::Count { room, .. } => room.as_str(),
            _ => "",
        }
    }

    #[getter]
    fn live(&self) -> u32 {
        match &self.0 {
            Event::Count { live, .. } => *live,
            _ => 0,
        }
    }
} }

event_class! {
    /// A partner was found; the session is in their room.
    Matched(Box<CoreMatched>), "matched", ("pool", "room"),
    |matched| frame(&Event::Matched(matched.clone())), |a, b| a == b, {
    #[getter]
    fn pool(&self) -> &str {
        self.0.pool.as_str()
    }

    #[getter]
    fn room(&self) -> Room {
        Room(self.0.snapshot.room.clone())
    }

    /// As whom one is seen there.
    #[getter]
    fn you(&self) -> &str {
        self.0.snapshot.you.as_str()
    }

    #[getter]
    fn cursor(&self) -> Cursor {
        Cursor(self.0.snapshot.cursor)
    }

    #[getter]
    fn members<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        members_of(py, &self.0.snapshot.members)
    }

    /// Tags that the two share.
    #[getter]
    fn shared(&self) -> Vec<&str> {
        self.0.shared.iter().map(chat_core::Tag::as_str).collect()
    }
} }

event_class! {
    /// The session no longer waits for a partner.
    Unmatched(Event), "unmatched", ("pool", "why"), frame, same, {
    #[getter]
    fn pool(&self) -> &str {
        match &self.0 {
            Event::Unmatched { pool, .. } => pool.as_str(),
            _ => "",
        }
    }

    /// "replaced" or "lapsed".
    #[getter]
    fn why(&self) -> &'static str {
        match &self.0 {
            Event::Unmatched { why, .. } => why.as_str(),
            _ => "",
        }
    }
} }

event_class! {
    /// One step of a watched list, or of the number of people online.
    ListChanged(std::sync::Arc<CoreChange>), "list", ("list", "version"),
    |change| frame(&Event::List(std::sync::Arc::clone(change))),
    |a, b| a.watched == b.watched && a.version == b.version && a.ops == b.ops && a.online == b.online, {
    /// Which one: its order, or "online".
    #[getter]
    fn list(&self) -> &'static str {
        self.0.watched.as_str()
    }

    #[getter]
    fn version(&self) -> u64 {
        self.0.version
    }

    #[getter]
    fn online(&self) -> Option<u64> {
        self.0.online
    }

    /// The rows after this step, given those before.
    fn apply<'py>(&self, py: Python<'py>, rooms: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let mut before = Vec::new();
        for room in rooms.try_iter()? {
            before.push(room?.cast::<Room>()?.get().0.clone());
        }
        Room::list(py, &self.0.apply(&before))
    }
} }

event_class! {
    /// Entries of a room were skipped and cannot be given. Join again, with the cursor.
    Reset(Event), "reset", ("room", "cursor", "why"), frame, same, {
    #[getter]
    fn room(&self) -> &str {
        match &self.0 {
            Event::Reset { room, .. } => room.as_str(),
            _ => "",
        }
    }

    /// The last entry that was given.
    #[getter]
    fn cursor(&self) -> Option<Cursor> {
        match &self.0 {
            Event::Reset { cursor, .. } => Some(Cursor(*cursor)),
            _ => None,
        }
    }

    /// "slow", "fenced" or "epoch".
    #[getter]
    fn why(&self) -> &'static str {
        match &self.0 {
            Event::Reset { why, .. } => why.as_str(),
            _ => "",
        }
    }
} }

event_class! {
    /// The session was put out of a room.
    Kicked(Event), "kicked", ("room"), frame, same, {
    #[getter]
    fn room(&self) -> &str {
        match &self.0 {
            Event::Kicked { room } => room.as_str(),
            _ => "",
        }
    }
} }

event_class! {
    /// The session has ended; nothing follows.
    Bye(Event), "bye", ("why"), frame, same, {
    /// "drain", "kicked", "replaced", "slow" or "gone".
    #[getter]
    fn why(&self) -> &'static str {
        match &self.0 {
            Event::Bye { why } => why.as_str(),
            _ => "",
        }
    }
} }
