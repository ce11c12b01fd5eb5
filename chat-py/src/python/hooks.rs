//! A host's hooks, written in Python.
//!
//! Each is a job for a thread that Python made (`jobs`), with the engine's budget around it. *When one fails*, raises, or answers
//! something else than it may: that is logged there, and counts here as `hook_fails_open` has it. Nothing of a body is in a log.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chat_core::room::NewRoom;
use chat_core::{
    Body, Entry, Epoch, HookOptions, HookResult, Hooks as CoreHooks, Identity, OnFailure, PoolName,
    Reason, RoomId, SayVerdict, UserId, Verdict,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString, PyTuple};

use super::body::{from_body, to_body};
use super::errors::{bad_request, misuse};
use super::jobs::{self, Kind};
use super::older;
use super::options::only;

/// What a hook answers where something may not be done; the user is told why.
#[pyclass(frozen, module = "chat_engine")]
pub(crate) struct Deny(#[pyo3(get, name = "reason")] String);

#[pymethods]
impl Deny {
    #[new]
    #[pyo3(signature = (reason=""))]
    fn new(reason: &str) -> Self {
        Self(reason.to_owned())
    }

    fn __repr__(&self) -> String {
        format!("Deny({:?})", self.0)
    }
}

/// What `may_say` answers where something else is said in its place.
#[pyclass(frozen, module = "chat_engine")]
pub(crate) struct Replace(Body);

#[pymethods]
impl Replace {
    #[new]
    fn new(body: &Bound<'_, PyAny>) -> PyResult<Self> {
        to_body(body).map(Self)
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_body(py, &self.0)
    }
}

/// What a host wrote of it.
pub(crate) struct Hooks {
    may_open: Option<Py<PyAny>>,
    may_join: Option<Py<PyAny>>,
    may_say: Option<Py<PyAny>>,
    may_seek: Option<Py<PyAny>>,
    blocks: Option<Py<PyAny>>,
    older: Option<Py<PyAny>>,
    within: Duration,
}

impl Hooks {
    const NAMES: [&str; 6] = ["may_open", "may_join", "may_say", "may_seek", "blocks", "older"];

    /// What this object has of them.
    pub(crate) fn of(
        py: Python<'_>,
        host: &Bound<'_, PyAny>,
        within: Duration,
    ) -> PyResult<Arc<Self>> {
        if host.is_instance_of::<pyo3::types::PyType>() {
            return Err(misuse(
                py,
                "hooks are an object that has them, not its class: make one of it",
            ));
        }
        // A slip would let everything through.
        let named = PyDict::new(py);
        for name in host.dir()?.iter() {
            let name = name.extract::<String>()?;
            if name.starts_with("may_") || Self::NAMES.contains(&name.as_str()) {
                named.set_item(name, py.None())?;
            }
        }
        only(&named, "hooks", &Self::NAMES)?;
        if named.is_empty() {
            return Err(bad_request(
                py,
                "hooks",
                &format!("hooks has none of {}", Self::NAMES.join(", ")),
            ));
        }
        let hook = |name: &str| -> PyResult<Option<Py<PyAny>>> {
            let Some(hook) = host.getattr_opt(name)?.filter(|hook| !hook.is_none()) else {
                return Ok(None);
            };
            if !hook.is_callable() {
                return Err(bad_request(py, "hooks", &format!("hooks.{name} cannot be called")));
            }
            Ok(Some(hook.unbind()))
        };
        Ok(Arc::new(Self {
            may_open: hook("may_open")?,
            may_join: hook("may_join")?,
            may_say: hook("may_say")?,
            may_seek: hook("may_seek")?,
            blocks: hook("blocks")?,
            older: hook("older")?,
            within,
        }))
    }
}

/// How the engine asks them.
pub(crate) fn hook_options(within: Duration, fails_open: bool) -> HookOptions {
    let on_failure = if fails_open { OnFailure::Allow } else { OnFailure::Refuse };
    HookOptions { budget: within, on_failure }
}

/// A hook as the engine calls it, which holds nothing that needs Python to be dropped.
#[derive(Clone)]
pub(crate) struct PyHooks(pub(crate) Arc<Hooks>);

impl PyHooks {
    /// Asks one of them; `None` where the host has not written it.
    async fn ask<T, A, R>(
        &self,
        what: &'static str,
        which: Which,
        args: A,
        read: R,
    ) -> HookResult<Option<T>>
    where
        T: Send + 'static,
        A: Fn(Python<'_>) -> PyResult<Py<PyTuple>> + Send + 'static,
        R: FnOnce(&Bound<'_, PyAny>) -> PyResult<T> + Send + 'static,
    {
        if which(&self.0).is_none() {
            return Ok(None);
        }
        let hooks = Arc::clone(&self.0);
        let call = move |py: Python<'_>| match which(&hooks) {
            Some(hook) => Ok((hook.clone_ref(py), args(py)?)),
            None => Err(PyTypeError::new_err("there is no such hook")),
        };
        let within = Some(self.0.within);
        Ok(Some(jobs::ask(Kind::Asking, what, within, call, |_, came| read(&came?)).await?))
    }
}

type Which = fn(&Hooks) -> Option<&Py<PyAny>>;

#[async_trait]
impl CoreHooks for PyHooks {
    async fn may_open(&self, user: &Identity, room: &NewRoom) -> HookResult<Verdict> {
        let (user, room) = (user.clone(), room.clone());
        let args = move |py: Python<'_>| {
            let (id, name) = of(&user);
            Ok((id, name, new_room(py, &room)?).into_pyobject(py)?.unbind())
        };
        let verdict = self.ask("the hook may_open", |h| h.may_open.as_ref(), args, verdict).await?;
        Ok(verdict.unwrap_or(Verdict::Allow))
    }

    async fn may_join(&self, user: &Identity, room: &RoomId) -> HookResult<Verdict> {
        let (user, room) = (user.clone(), room.clone());
        let args = move |py: Python<'_>| {
            let (id, name) = of(&user);
            Ok((id, name, room.as_str()).into_pyobject(py)?.unbind())
        };
        let verdict = self.ask("the hook may_join", |h| h.may_join.as_ref(), args, verdict).await?;
        Ok(verdict.unwrap_or(Verdict::Allow))
    }

    async fn may_say(&self, user: &Identity, room: &RoomId, body: &Body) -> HookResult<SayVerdict> {
        let (user, room, body) = (user.clone(), room.clone(), body.clone());
        let args = move |py: Python<'_>| {
            let (id, name) = of(&user);
            Ok((id, name, room.as_str(), from_body(py, &body)?).into_pyobject(py)?.unbind())
        };
        let verdict =
            self.ask("the hook may_say", |h| h.may_say.as_ref(), args, say_verdict).await?;
        Ok(verdict.unwrap_or(SayVerdict::Allow))
    }

    async fn may_seek(&self, user: &Identity, pool: &PoolName) -> HookResult<Verdict> {
        let (user, pool) = (user.clone(), pool.clone());
        let args = move |py: Python<'_>| {
            let (id, name) = of(&user);
            Ok((id, name, pool.as_str()).into_pyobject(py)?.unbind())
        };
        let verdict = self.ask("the hook may_seek", |h| h.may_seek.as_ref(), args, verdict).await?;
        Ok(verdict.unwrap_or(Verdict::Allow))
    }

    async fn blocks(&self, user: &Identity) -> HookResult<Vec<UserId>> {
        let user = user.clone();
        let args = move |py: Python<'_>| Ok(of(&user).into_pyobject(py)?.unbind());
        let blocked = self.ask("the hook blocks", |h| h.blocks.as_ref(), args, users).await?;
        Ok(blocked.unwrap_or_default())
    }

    async fn older(
        &self,
        room: &RoomId,
        epoch: Epoch,
        before: u64,
        limit: u32,
    ) -> HookResult<Vec<Entry>> {
        let asked = room.clone();
        let args = move |py: Python<'_>| {
            Ok((asked.as_str(), epoch.to_string(), before, limit).into_pyobject(py)?.unbind())
        };
        let room = room.clone();
        let read = move |answer: &Bound<'_, PyAny>| older::entries(answer, &room, epoch);
        let entries = self.ask("the hook older", |h| h.older.as_ref(), args, read).await?;
        Ok(entries.unwrap_or_default())
    }
}

fn of(user: &Identity) -> (&str, &str) {
    (user.id.as_str(), user.name.as_str())
}

fn new_room<'py>(py: Python<'py>, room: &NewRoom) -> PyResult<Bound<'py, PyDict>> {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    let dict = PyDict::new(py);
    dict.set_item("id", room.id.as_str())?;
    dict.set_item("kind", room.kind.as_str())?;
    dict.set_item("title", room.title.as_str())?;
    let meta = room
        .meta
        .as_ref()
        .map_or_else(|| Ok(PyDict::new(py).into_any()), |meta| from_body(py, meta))?;
    dict.set_item("meta", meta)?;
    dict.set_item("owner", room.owner.as_ref().map(UserId::as_str))?;
    dict.set_item("capacity", room.policy.capacity)?;
    dict.set_item("idle", seconds(room.policy.idle))?;
    dict.set_item("empty", seconds(room.policy.empty))?;
    dict.set_item("max_age", seconds(room.policy.max_age))?;
    dict.set_item("history", room.policy.history)?;
    dict.set_item("presence", room.policy.presence.as_str())?;
    dict.set_item("grace", room.policy.grace.as_secs_f64())?;
    Ok(dict)
}

fn verdict(answer: &Bound<'_, PyAny>) -> PyResult<Verdict> {
    if let Ok(deny) = answer.cast::<Deny>() {
        return Ok(Verdict::Deny(Reason::new(&deny.get().0)));
    }
    match answer.cast::<PyBool>() {
        _ if answer.is_none() => Ok(Verdict::Allow),
        Ok(allowed) if allowed.is_true() => Ok(Verdict::Allow),
        Ok(_) => Ok(Verdict::Deny(Reason::new(""))),
        // Not what is true for Python in general: a forgotten `return` in front of a text would let everybody in.
        Err(_) => Err(no_answer(answer, "None, True, False or Deny")),
    }
}

fn say_verdict(answer: &Bound<'_, PyAny>) -> PyResult<SayVerdict> {
    if let Ok(replace) = answer.cast::<Replace>() {
        return Ok(SayVerdict::Replace(replace.get().0.clone()));
    }
    match verdict(answer) {
        Ok(Verdict::Allow) => Ok(SayVerdict::Allow),
        Ok(Verdict::Deny(reason)) => Ok(SayVerdict::Deny(reason)),
        Err(_) => Err(no_answer(answer, "None, True, False, Deny or Replace")),
    }
}

fn users(answer: &Bound<'_, PyAny>) -> PyResult<Vec<UserId>> {
    /// Beyond what anybody has to do with.
    const MANY: usize = 10_000;
    if answer.is_none() {
        return Ok(Vec::new());
    }
    if answer.is_instance_of::<PyString>() {
        return Err(no_answer(answer, "several ids"));
    }
    let user = |id: PyResult<Bound<'_, PyAny>>| {
        super::options::user_id(answer.py(), &id?.extract::<String>()?)
    };
    answer.try_iter()?.take(MANY).map(user).collect()
}

fn no_answer(answer: &Bound<'_, PyAny>, may: &str) -> PyErr {
    let kind = answer
        .get_type()
        .fully_qualified_name()
        .map_or_else(|_| String::new(), |name| name.to_string());
    PyTypeError::new_err(format!("a hook answers {may}, not {kind}"))
}
