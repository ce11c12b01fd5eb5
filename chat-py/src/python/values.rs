//! What operations answer: each holds the engine's own value, and shows of it what is asked for.
//!
//! `as_dict()` is what the wire has for it, made by the same code.

use chat_core::{
    Cursor as CoreCursor, Epoch, History as CoreHistory, ListSnapshot, Member as CoreMember,
    MembersPage, Replay, RoomPage as CoreRoomPage, RoomView, Snapshot as CoreSnapshot,
    Spoken as CoreSpoken, Timestamp,
};
use chat_ws::wire;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyIterator, PyList, PyString, PyTuple};

use super::body::{from_body, from_json};
use super::errors::bad_request;
use super::events;
use super::options::number;
use super::times::moment;

pub(crate) fn text(py: Python<'_>, text: &str) -> PyResult<Py<PyAny>> {
    Ok(PyString::new(py, text).into_any().unbind())
}

pub(crate) fn truth(py: Python<'_>, yes: bool) -> PyResult<Py<PyAny>> {
    Ok(PyBool::new(py, yes).to_owned().into_any().unbind())
}

pub(crate) fn texts<'a>(
    py: Python<'_>,
    texts: impl Iterator<Item = &'a str>,
) -> PyResult<Py<PyAny>> {
    Ok(PyList::new(py, texts.collect::<Vec<_>>())?.into_any().unbind())
}

/// A list of one kind of values.
fn list<'py, T, I>(py: Python<'py>, items: I) -> PyResult<Bound<'py, PyList>>
where
    T: pyo3::PyClass + Into<pyo3::PyClassInitializer<T>>,
    I: Iterator<Item = T>,
{
    let list = PyList::empty(py);
    for item in items {
        list.append(Py::new(py, item)?)?;
    }
    Ok(list)
}

/// A class around one value: two are equal if their values are, and they are not to be changed.
macro_rules! value_class {
    ($(#[$doc:meta])* $name:ident($inner:ty), $wire:expr, { $($rest:tt)* }) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "chat_engine")]
        pub(crate) struct $name(pub(crate) $inner);

        #[pymethods]
        impl $name {
            /// What the wire has for it.
            fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                let wire: fn(&$inner) -> bytes::Bytes = $wire;
                from_json(py, &wire(&self.0))
            }

            /// It cannot be changed: itself is as good as a copy.
            fn __copy__(this: Py<Self>) -> Py<Self> {
                this
            }

            fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
                this
            }

            fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
                other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
            }

            $($rest)*
        }
    };
}

value_class! {
    /// How far somebody has read a room's log.
    Cursor(CoreCursor), wire::cursor, {
    #[new]
    #[pyo3(signature = (epoch, n, at=None))]
    fn new(py: Python<'_>, epoch: &str, n: u64, at: Option<u64>) -> PyResult<Self> {
        let epoch: Epoch = epoch.parse().map_err(|_| {
            bad_request(py, "epoch", "epoch is as a cursor had it: it is not made up")
        })?;
        Ok(Self(CoreCursor { epoch, n, at: at.map(Timestamp) }))
    }

    /// A cursor from what `as_dict()` gave, or the wire.
    #[staticmethod]
    fn from_dict(py: Python<'_>, cursor: &Bound<'_, PyAny>) -> PyResult<Self> {
        let at = match cursor.call_method1("get", ("at",))? {
            at if at.is_none() => None,
            at => Some(number("at", &at)?),
        };
        let epoch = cursor.get_item("epoch")?.extract::<String>()?;
        Self::new(py, &epoch, number("n", &cursor.get_item("n")?)?, at)
    }

    #[getter]
    fn epoch(&self) -> String {
        self.0.epoch.to_string()
    }

    #[getter]
    fn n(&self) -> u64 {
        self.0.n
    }

    /// The time of entry `n`, in milliseconds since 1970.
    #[getter]
    fn at(&self) -> Option<u64> {
        self.0.at.map(|at| at.0)
    }

    fn __hash__(&self) -> u64 {
        self.0.epoch.0 ^ self.0.n
    }

    fn __reduce__<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let cursor = this.get();
        let given = (cursor.epoch(), cursor.n(), cursor.at());
        (this.get_type(), given).into_pyobject(this.py())
    }

    fn __repr__(&self) -> String {
        let at = self.0.at.map_or_else(|| "None".to_owned(), |at| at.0.to_string());
        format!("Cursor(epoch='{}', n={}, at={at})", self.0.epoch, self.0.n)
    }
} }

value_class! {
    /// Somebody in a room.
    Member(CoreMember), wire::member, {
    #[getter]
    fn user(&self) -> &str {
        self.0.user.as_str()
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.name.as_str()
    }

    #[getter]
    fn since<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.since)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, self.0.user.as_str()).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        events::shown("Member", &[("user", self.user().into_pyobject(py)?.into_any()), ("name", self.name().into_pyobject(py)?.into_any())])
    }
} }

value_class! {
    /// A room at one moment.
    Room(RoomView), wire::room, {
    #[getter]
    fn id(&self) -> &str {
        self.0.id.as_str()
    }

    #[getter]
    fn epoch(&self) -> String {
        self.0.epoch.to_string()
    }

    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind.as_str()
    }

    #[getter]
    fn title(&self) -> &str {
        self.0.title.as_str()
    }

    #[getter]
    fn meta<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.0.meta {
            Some(meta) => from_body(py, meta),
            None => Ok(PyDict::new(py).into_any()),
        }
    }

    #[getter]
    fn owner(&self) -> Option<&str> {
        self.0.owner.as_ref().map(chat_core::UserId::as_str)
    }

    #[getter]
    fn capacity(&self) -> u32 {
        self.0.policy.capacity
    }

    #[getter]
    fn created<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.created)
    }

    /// Distinct users now.
    #[getter]
    fn live(&self) -> u32 {
        self.0.live
    }

    /// Distinct users now and within the last half hour.
    #[getter]
    fn visitors(&self) -> u32 {
        self.0.visitors
    }

    /// The newest thing that was said.
    #[getter]
    fn last(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.0.last.as_ref().map(|last| events::entry_to_python(py, last)).transpose()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, self.0.id.as_str()).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        events::shown("Room", &[
            ("id", self.id().into_pyobject(py)?.into_any()),
            ("title", self.title().into_pyobject(py)?.into_any()),
            ("live", self.live().into_pyobject(py)?.into_any()),
        ])
    }
} }

impl Room {
    pub(crate) fn to_python(py: Python<'_>, room: RoomView) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Self(room))?.into_any())
    }

    pub(crate) fn list<'py>(py: Python<'py>, rooms: &[RoomView]) -> PyResult<Bound<'py, PyList>> {
        list(py, rooms.iter().cloned().map(Self))
    }
}

pub(crate) fn members_of<'py>(
    py: Python<'py>,
    members: &[CoreMember],
) -> PyResult<Bound<'py, PyList>> {
    list(py, members.iter().cloned().map(Member))
}

/// What a page that is itself a sequence has, over its list.
macro_rules! sequence_class {
    ($(#[$doc:meta])* $name:ident($inner:ty), $wire:expr, $items:ident, { $($rest:tt)* }) => {
        value_class! { $(#[$doc])* $name($inner), $wire, {
            fn __len__(&self) -> usize {
                self.0.$items.len()
            }

            fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
                self.$items(py)?.try_iter()
            }

            fn __reversed__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                self.$items(py)?.call_method0("__reversed__")
            }

            fn __getitem__<'py>(&self, py: Python<'py>, index: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                self.$items(py)?.as_any().get_item(index)
            }

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                Ok(format!("{}({})", stringify!($name), self.$items(py)?.repr()?))
            }

            $($rest)*
        } }

        impl $name {
            pub(crate) fn to_python(py: Python<'_>, value: $inner) -> PyResult<Py<PyAny>> {
                Ok(Py::new(py, Self(value))?.into_any())
            }
        }
    };
}

sequence_class! {
    /// Rows of a list of rooms; itself a sequence of them.
    RoomPage(CoreRoomPage), wire::room_page, rooms, {
    #[getter]
    fn rooms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        Room::list(py, &self.0.rooms)
    }

    #[getter]
    fn total(&self) -> u64 {
        self.0.total
    }
} }

sequence_class! {
    /// A page of what was said, oldest first; itself a sequence of entries.
    History(CoreHistory), wire::history, entries, {
    #[getter]
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        events::entries(py, &self.0.entries)
    }

    /// Whether there is more before the first of them, or behind the last where the page goes forward.
    #[getter]
    fn more(&self) -> bool {
        self.0.more
    }

    #[getter]
    fn epoch(&self) -> String {
        self.0.epoch.to_string()
    }

    /// The oldest number that is kept.
    #[getter]
    fn first(&self) -> u64 {
        self.0.first
    }
} }

sequence_class! {
    /// A page of the members of a room, by id; itself a sequence of them.
    Members(MembersPage), wire::members, members, {
    #[getter]
    fn members<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        members_of(py, &self.0.members)
    }

    /// How many there are in all.
    #[getter]
    fn count(&self) -> u32 {
        self.0.count
    }

    #[getter]
    fn more(&self) -> bool {
        self.0.more
    }

    #[getter]
    fn cursor(&self) -> Cursor {
        Cursor(self.0.cursor)
    }
} }

value_class! {
    /// A watched list at the moment from which it is watched; changes go on from its version.
    RoomList(ListSnapshot), wire::list_snapshot, {
    #[getter]
    fn order(&self) -> &'static str {
        self.0.watched.as_str()
    }

    #[getter]
    fn version(&self) -> u64 {
        self.0.version
    }

    #[getter]
    fn rooms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        Room::list(py, &self.0.rooms)
    }

    #[getter]
    fn online(&self) -> Option<u64> {
        self.0.online
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        events::shown("RoomList", &[
            ("order", self.order().into_pyobject(py)?.into_any()),
            ("version", self.version().into_pyobject(py)?.into_any()),
            ("rooms", self.rooms(py)?.into_any()),
            ("online", self.online().into_pyobject(py)?.into_any()),
        ])
    }
} }

impl RoomList {
    pub(crate) fn to_python(py: Python<'_>, list: ListSnapshot) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Self(list))?.into_any())
    }
}

value_class! {
    /// What became of something said.
    Spoken(CoreSpoken), wire::spoken, {
    #[getter]
    fn n(&self) -> u64 {
        self.0.n
    }

    #[getter]
    fn at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.at)
    }

    /// Whether the same was said before, under its key.
    #[getter]
    fn duplicate(&self) -> bool {
        self.0.duplicate
    }

    #[getter]
    fn cursor(&self) -> Cursor {
        Cursor(self.0.cursor())
    }

    fn __repr__(&self) -> String {
        let duplicate = if self.0.duplicate { "True" } else { "False" };
        format!("Spoken(n={}, duplicate={duplicate})", self.0.n)
    }
} }

impl Spoken {
    pub(crate) fn to_python(py: Python<'_>, spoken: CoreSpoken) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Self(spoken))?.into_any())
    }
}

/// What a join answers.
#[derive(Debug, PartialEq)]
pub(crate) struct Entered {
    snapshot: CoreSnapshot,
    created: bool,
}

value_class! {
    /// A room as of one moment: what a join answers.
    Snapshot(Entered), |entered| wire::snapshot(&entered.snapshot, entered.created), {
    #[getter]
    fn room(&self) -> Room {
        Room(self.0.snapshot.room.clone())
    }

    /// As whom one is seen there.
    #[getter]
    fn you(&self) -> &str {
        self.0.snapshot.you.as_str()
    }

    /// Whether the room was opened by this join.
    #[getter]
    fn created(&self) -> bool {
        self.0.created
    }

    #[getter]
    fn cursor(&self) -> Cursor {
        Cursor(self.0.snapshot.cursor)
    }

    #[getter]
    fn members<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        members_of(py, &self.0.snapshot.members)
    }

    #[getter]
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        events::entries(py, &self.0.snapshot.entries)
    }

    /// Whether the entries are everything behind the cursor that was given.
    #[getter]
    fn resumed(&self) -> bool {
        matches!(self.0.snapshot.replay, Replay::Resumed)
    }

    /// Why not, where one was given: "epoch" or "trimmed".
    #[getter]
    fn why(&self) -> Option<&'static str> {
        match self.0.snapshot.replay {
            Replay::Lost(why) => Some(why.as_str()),
            _ => None,
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        events::shown("Snapshot", &[
            ("room", self.0.snapshot.room.id.as_str().into_pyobject(py)?.into_any()),
            ("you", self.you().into_pyobject(py)?.into_any()),
            ("members", PyInt::new(py, self.0.snapshot.members.len()).into_any()),
            ("entries", PyInt::new(py, self.0.snapshot.entries.len()).into_any()),
        ])
    }
} }

impl Snapshot {
    pub(crate) fn to_python(
        py: Python<'_>,
        snapshot: CoreSnapshot,
        created: bool,
    ) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Self(Entered { snapshot, created }))?.into_any())
    }
}
