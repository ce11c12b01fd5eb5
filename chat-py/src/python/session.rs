//! A session, as Python calls it.

use std::sync::Arc;

use chat_core::{Cursor as CoreCursor, Join, Seek, Session as CoreSession, SessionHandle, UserId};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::answer::Answer;
use super::body::to_body;
use super::call::{Way, now};
use super::engine::Engine;
use super::errors;
use super::options;
use super::reading::{self, Batches, Events, Inlet, Read, Wanted};
use super::times::seconds;
use super::values::{self, Cursor};
use crate::live::{Fault, Live};

/// One connection of one user, and the stream of what it is told.
///
/// Closing it is the loss of the connection: where the user has no other session in a room, the room's grace begins. To leave a
/// room, `leave` it.
#[pyclass(frozen, weakref, module = "chat_engine")]
pub(crate) struct Session {
    engine: Py<Engine>,
    live: Arc<Live>,
    handle: SessionHandle,
    pub(crate) inlet: Mutex<Inlet>,
}

impl Session {
    pub(crate) fn new(engine: Py<Engine>, live: Arc<Live>, session: CoreSession) -> Self {
        let handle = session.handle();
        Self { engine, live, handle, inlet: Mutex::new(Inlet::new(session)) }
    }

    /// The engine that it is of, as long as it may be used.
    pub(crate) fn live(&self, py: Python<'_>) -> PyResult<Arc<Live>> {
        if self.live.is_ours() {
            crate::runtime::check().map_err(|stopped| errors::stopped(py, stopped))?;
            return Ok(Arc::clone(&self.live));
        }
        Err(errors::misuse(
            py,
            "this session belongs to the process before the fork: connect anew in this one",
        ))
    }

    fn let_go(&self) {
        let session = self.inlet.lock().close();
        if self.live.is_ours() && !crate::runtime::is_stopped() {
            self.live.within(|| drop(session));
        } else {
            // Another process', or there is nobody left to tell.
            std::mem::forget(session);
        }
    }

    fn do_join(
        &self,
        py: Python<'_>,
        way: Way,
        room: &str,
        create: Option<&Bound<'_, PyDict>>,
        since: Option<&Bound<'_, Cursor>>,
        recent: i64,
    ) -> PyResult<Py<PyAny>> {
        let (live, handle) = (self.live(py)?, self.handle.clone());
        let mut join =
            Join::room(&options::room_id(py, room)?).recent(options::count(py, "recent", recent)?);
        if let Some(create) = create {
            join = join.or_open(options::spec(py, Some(room), create)?);
        }
        if let Some(since) = since {
            let since: CoreCursor = since.get().0;
            join = join.since(since);
        }
        let joining = async move { Ok(handle.join_with(join).await?) };
        now(py, way, &live, joining, |py, (snapshot, created)| {
            values::Snapshot::to_python(py, snapshot, created)
        })
    }

    fn do_leave(&self, py: Python<'_>, way: Way, room: &str) -> PyResult<Py<PyAny>> {
        let (live, handle, room) =
            (self.live(py)?, self.handle.clone(), options::room_id(py, room)?);
        now(py, way, &live, async move { Ok(handle.leave(&room).await?) }, nothing)
    }

    fn do_say(
        &self,
        py: Python<'_>,
        way: Way,
        room: &str,
        body: &Bound<'_, PyAny>,
        key: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let (live, handle, room) =
            (self.live(py)?, self.handle.clone(), options::room_id(py, room)?);
        let (body, key) = (to_body(body)?, options::key(py, key)?);
        let saying = async move {
            Ok(match key {
                Some(key) => handle.say_once(&room, body, &key).await?,
                None => handle.say(&room, body).await?,
            })
        };
        now(py, way, &live, saying, values::Spoken::to_python)
    }

    fn do_signal(
        &self,
        py: Python<'_>,
        way: Way,
        room: &str,
        body: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let (live, handle, room) =
            (self.live(py)?, self.handle.clone(), options::room_id(py, room)?);
        let body = to_body(body)?;
        now(py, way, &live, async move { Ok(handle.signal(&room, body).await?) }, nothing)
    }

    fn do_history(
        &self,
        py: Python<'_>,
        way: Way,
        room: &str,
        before: Option<i64>,
        after: Option<i64>,
        limit: i64,
    ) -> PyResult<Py<PyAny>> {
        let (live, handle, room) =
            (self.live(py)?, self.handle.clone(), options::room_id(py, room)?);
        let page = options::history_page(py, before, after, limit)?;
        let reading = async move { Ok(handle.history(&room, page).await?) };
        now(py, way, &live, reading, values::History::to_python)
    }

    fn do_members(
        &self,
        py: Python<'_>,
        way: Way,
        room: &str,
        after: Option<&str>,
        limit: i64,
    ) -> PyResult<Py<PyAny>> {
        let (live, handle, room) =
            (self.live(py)?, self.handle.clone(), options::room_id(py, room)?);
        let after = after.map(|after| options::user_id(py, after)).transpose()?;
        let limit = options::count(py, "limit", limit)?;
        let reading = async move { Ok(handle.members(&room, after.as_ref(), limit).await?) };
        now(py, way, &live, reading, values::Members::to_python)
    }

    fn do_rename(&self, py: Python<'_>, way: Way, name: &str) -> PyResult<Py<PyAny>> {
        let (live, handle, name) = (self.live(py)?, self.handle.clone(), name.to_owned());
        let renaming = async move { Ok(handle.rename(&name).await?) };
        now(py, way, &live, renaming, |py, name| values::text(py, name.as_str()))
    }

    fn do_open(
        &self,
        py: Python<'_>,
        way: Way,
        room: Option<&str>,
        create: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let (live, handle) = (self.live(py)?, self.handle.clone());
        let spec = options::spec_of(py, room, create)?;
        let opening = async move { Ok(handle.open(spec).await?) };
        now(py, way, &live, opening, values::Room::to_python)
    }

    fn do_close_room(&self, py: Python<'_>, way: Way, room: &str) -> PyResult<Py<PyAny>> {
        let (live, handle, room) =
            (self.live(py)?, self.handle.clone(), options::room_id(py, room)?);
        // The handle's own `close` is that of a room.
        now(py, way, &live, async move { Ok(handle.close(&room).await?) }, nothing)
    }

    fn do_rooms(&self, py: Python<'_>, way: Way) -> PyResult<Py<PyAny>> {
        let (live, handle) = (self.live(py)?, self.handle.clone());
        now(py, way, &live, async move { Ok(handle.rooms().await?) }, |py, rooms| {
            values::texts(py, rooms.iter().map(chat_core::RoomId::as_str))
        })
    }

    fn do_waiting(&self, py: Python<'_>, way: Way) -> PyResult<Py<PyAny>> {
        let (live, handle) = (self.live(py)?, self.handle.clone());
        now(py, way, &live, async move { Ok(handle.waiting().await?) }, |py, pools| {
            values::texts(py, pools.iter().map(chat_core::PoolName::as_str))
        })
    }

    fn do_seek(
        &self,
        py: Python<'_>,
        way: Way,
        pool: &str,
        tags: Option<&Bound<'_, PyAny>>,
        strict: bool,
    ) -> PyResult<Py<PyAny>> {
        let (live, handle) = (self.live(py)?, self.handle.clone());
        let mut seek = Seek::new(pool).with_tags(options::tags(tags)?.unwrap_or_default());
        if strict {
            seek = seek.strict();
        }
        now(py, way, &live, async move { Ok(handle.seek_with(&seek).await?) }, nothing)
    }

    fn do_cancel_seek(&self, py: Python<'_>, way: Way, pool: &str) -> PyResult<Py<PyAny>> {
        let (live, handle, pool) = (self.live(py)?, self.handle.clone(), pool.to_owned());
        now(py, way, &live, async move { Ok(handle.cancel_seek(&pool).await?) }, nothing)
    }

    fn do_seek_next(
        &self,
        py: Python<'_>,
        way: Way,
        room: &str,
        tags: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let (live, handle, room) =
            (self.live(py)?, self.handle.clone(), options::room_id(py, room)?);
        let tags = options::tags(tags)?;
        let seeking = async move {
            let tags: Option<Vec<&str>> =
                tags.as_ref().map(|tags| tags.iter().map(String::as_str).collect());
            Ok(handle.seek_next(&room, tags.as_deref()).await?)
        };
        now(py, way, &live, seeking, nothing)
    }

    fn do_block(&self, py: Python<'_>, way: Way, room: &str) -> PyResult<Py<PyAny>> {
        let (live, handle, room) =
            (self.live(py)?, self.handle.clone(), options::room_id(py, room)?);
        now(py, way, &live, async move { Ok(handle.block(&room).await?) }, nothing)
    }

    fn do_watch(&self, py: Python<'_>, way: Way, order: &str, limit: i64) -> PyResult<Py<PyAny>> {
        let (live, handle) = (self.live(py)?, self.handle.clone());
        let order = options::order_or_online(py, order)?;
        let limit = options::count(py, "limit", limit)?;
        let watching = async move {
            Ok::<_, Fault>(match order {
                Some(order) => handle.watch(order, limit).await?,
                None => handle.watch_online().await?,
            })
        };
        now(py, way, &live, watching, values::RoomList::to_python)
    }

    fn do_unwatch(&self, py: Python<'_>, way: Way, order: &str) -> PyResult<Py<PyAny>> {
        let (live, handle) = (self.live(py)?, self.handle.clone());
        let order = options::order_or_online(py, order)?;
        // Needs no store: it never waits.
        let stopped = match order {
            Some(order) => handle.unwatch(order),
            None => handle.unwatch_online(),
        };
        let convert = |py: Python<'_>, stopped: bool| values::truth(py, stopped);
        match way {
            Way::Wait => convert(py, stopped),
            Way::Answer => now(py, way, &live, async move { Ok(stopped) }, convert),
        }
    }
}

fn nothing(py: Python<'_>, (): ()) -> PyResult<Py<PyAny>> {
    Ok(py.None())
}

super::call::twins! { Session {
    join, ajoin, do_join, (room, *, create=None, since=None, recent=50),
        (room: &str, create: Option<&Bound<'_, PyDict>>, since: Option<&Bound<'_, Cursor>>, recent: i64);
    leave, aleave, do_leave, (room), (room: &str);
    say, asay, do_say, (room, body, *, key=None),
        (room: &str, body: &Bound<'_, PyAny>, key: Option<&str>);
    signal, asignal, do_signal, (room, body), (room: &str, body: &Bound<'_, PyAny>);
    history, ahistory, do_history, (room, *, before=None, after=None, limit=50),
        (room: &str, before: Option<i64>, after: Option<i64>, limit: i64);
    members, amembers, do_members, (room, *, after=None, limit=100),
        (room: &str, after: Option<&str>, limit: i64);
    rename, arename, do_rename, (name), (name: &str);
    close_room, aclose_room, do_close_room, (room), (room: &str);
    rooms, arooms, do_rooms, (), ();
    waiting, awaiting, do_waiting, (), ();
    seek, aseek, do_seek, (pool="random", *, tags=None, strict=false),
        (pool: &str, tags: Option<&Bound<'_, PyAny>>, strict: bool);
    cancel_seek, acancel_seek, do_cancel_seek, (pool="random"), (pool: &str);
    seek_next, aseek_next, do_seek_next, (room, *, tags=None),
        (room: &str, tags: Option<&Bound<'_, PyAny>>);
    block, ablock, do_block, (room), (room: &str);
    watch, awatch, do_watch, (order="live", limit=50), (order: &str, limit: i64);
    unwatch, aunwatch, do_unwatch, (order="live"), (order: &str);
} {
    /// Opens a room. Nobody is in it yet.
    #[pyo3(signature = (room=None, **create))]
    fn open(
        &self,
        py: Python<'_>,
        room: Option<&str>,
        create: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        self.do_open(py, Way::Wait, room, create)
    }

    /// Opens a room. Nobody is in it yet.
    #[pyo3(signature = (room=None, **create))]
    fn aopen(
        &self,
        py: Python<'_>,
        room: Option<&str>,
        create: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        self.do_open(py, Way::Answer, room, create)
    }

    #[getter]
    fn id(&self) -> String {
        self.handle.id().0.to_string()
    }

    #[getter]
    fn user(&self) -> &str {
        UserId::as_str(self.handle.user())
    }

    #[getter]
    fn name(&self) -> String {
        self.handle.name().as_str().to_owned()
    }

    #[getter]
    fn engine(&self, py: Python<'_>) -> Py<Engine> {
        self.engine.clone_ref(py)
    }

    /// Whether it has ended.
    #[getter]
    fn closed(&self) -> bool {
        !self.live.is_ours() || self.handle.is_over()
    }

    /// Waits for what is new and takes all of it; nothing when the time is up.
    #[pyo3(signature = (timeout=None))]
    fn batch(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let timeout = timeout.map(|timeout| seconds("timeout", timeout)).transpose()?;
        // What is there already may be taken anywhere; waiting would stop an event loop.
        reading::may_block(py, timeout)?;
        reading::batch(py, self, timeout)
    }

    /// Waits for what is new and takes all of it.
    fn abatch(this: Py<Self>, py: Python<'_>) -> PyResult<Py<Answer>> {
        Answer::reads(py, Read::new(this, Wanted::Batch))
    }

    /// All batches, until the session ends.
    fn batches(this: Py<Self>) -> Batches {
        Batches(this)
    }

    fn __aiter__(this: Py<Self>) -> Events {
        Events(this)
    }

    /// Ends this connection.
    fn close(&self) {
        self.let_go();
    }

    /// Ends this connection.
    fn aclose(&self, py: Python<'_>) -> PyResult<Py<Answer>> {
        self.let_go();
        Answer::ready(py, Ok(py.None()))
    }

    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    #[pyo3(signature = (*_error))]
    fn __exit__(&self, _error: &Bound<'_, pyo3::types::PyTuple>) {
        self.let_go();
    }

    fn __aenter__(this: Py<Self>, py: Python<'_>) -> PyResult<Py<Answer>> {
        Answer::ready(py, Ok(this.into_any()))
    }

    #[pyo3(signature = (*_error))]
    fn __aexit__(&self, py: Python<'_>, _error: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<Py<Answer>> {
        self.let_go();
        Answer::ready(py, Ok(py.None()))
    }

    fn __repr__(&self) -> String {
        format!("<chat_engine.Session {} of {}>", self.handle.id().0, self.handle.user().as_str())
    }
} }

impl Drop for Session {
    fn drop(&mut self) {
        self.let_go();
    }
}
