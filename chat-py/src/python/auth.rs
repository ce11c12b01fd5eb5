//! Who a connection is: by the transport, by the host's own callable, by a token.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chat_core::{Clock, Name, User, UserId};
use chat_ws::{Admitted, Authenticate, Credentials, Denied, Secret, Tokens};
use pyo3::exceptions::{PyPermissionError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString, PyTuple};
use tokio::sync::OnceCell;

use super::jobs::{self, Kind, NoAnswer};
use crate::live::Live;

/// What a connection shows: what `auth` is asked with.
#[pyclass(frozen, module = "chat_engine")]
pub(crate) struct Upgrade {
    #[pyo3(get)]
    token: Option<String>,
    #[pyo3(get)]
    name: Option<String>,
    /// Names in lower case. What was sent several times is joined by commas; cookies by semicolons.
    #[pyo3(get)]
    headers: HashMap<String, String>,
    /// The client's address, behind the proxies that are trusted.
    #[pyo3(get)]
    client: Option<String>,
}

#[pymethods]
impl Upgrade {
    #[getter]
    fn cookies(&self) -> HashMap<String, String> {
        let cookies = self.headers.get("cookie").map_or("", String::as_str).split(';');
        let pair = |cookie: &str| {
            let (name, value) = cookie.trim().split_once('=')?;
            let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
            Some((name.to_owned(), value.to_owned()))
        };
        let mut found = HashMap::new();
        for (name, value) in cookies.filter_map(pair) {
            // The last one counts, as web frameworks have it: a page and its sockets are the same user.
            found.insert(name, value);
        }
        found
    }

    /// Not what is secret in it.
    fn __repr__(&self) -> String {
        format!("<chat_engine.Upgrade from {}>", self.client.as_deref().unwrap_or("somewhere"))
    }
}

impl Upgrade {
    fn of(who: &Credentials<'_>) -> Self {
        let mut headers: HashMap<String, String> = HashMap::new();
        for (name, value) in &who.upgrade.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let joined = if name == "cookie" { "; " } else { ", " };
            headers
                .entry(name.as_str().to_owned())
                .and_modify(|all| all.extend([joined, &value]))
                .or_insert_with(|| value.clone().into_owned());
        }
        Self {
            token: who.token.map(str::to_owned),
            name: who.name.map(str::to_owned),
            headers,
            client: who.client.map(|client| client.to_string()),
        }
    }
}

/// What the server of an engine asks.
pub(crate) struct Auth {
    /// The host's own.
    pub(crate) callable: Option<Arc<Py<PyAny>>>,
    /// Whether users without an account may come in.
    pub(crate) anonymous: bool,
    /// What tokens are signed with; without it the one that all processes of a store share, or one of this process' own.
    pub(crate) secret: Option<Secret>,
    pub(crate) clock: Clock,
    /// Characters of a name.
    pub(crate) name: usize,
    pub(crate) live: Arc<Live>,
    pub(crate) tokens: OnceCell<Tokens>,
}

/// What the host's callable says.
enum Says {
    User(User),
    /// It does not know: a token may, or it is somebody without an account.
    Nobody,
    Refused,
}

impl Auth {
    async fn tokens(&self) -> Result<&Tokens, Denied> {
        let make = async || {
            let secret = match &self.secret {
                Some(secret) => secret.clone(),
                None => match self.live.place().secret().await {
                    Ok(Some(shared)) => Secret::new(shared).map_err(|_| Denied::Unavailable)?,
                    Ok(None) => Secret::random(),
                    Err(_) => return Err(Denied::Unavailable),
                },
            };
            let tokens = Tokens::new(secret).with_clock(self.clock.clone());
            Ok(if self.anonymous { tokens } else { tokens.without_anonymous() })
        };
        self.tokens.get_or_try_init(make).await
    }

    async fn ask(&self, callable: &Arc<Py<PyAny>>, who: &Credentials<'_>) -> Result<Says, Denied> {
        let (callable, name) = (Arc::clone(callable), self.name);
        let shown = parking_lot::Mutex::new(Some(Upgrade::of(who)));
        let call = move |py: Python<'_>| -> PyResult<(Py<PyAny>, Py<PyTuple>)> {
            // Called once.
            let shown = shown.lock().take();
            Ok((callable.clone_ref(py), (shown,).into_pyobject(py)?.unbind()))
        };
        let read = move |py: Python<'_>, came: PyResult<Bound<'_, PyAny>>| match came {
            Ok(answer) => says(&answer, name),
            Err(error) if error.is_instance_of::<PyPermissionError>(py) => Ok(Says::Refused),
            Err(error) => Err(error),
        };
        let asked = jobs::ask(Kind::Asking, "auth", None, call, read).await;
        asked.map_err(|_: NoAnswer| Denied::Unavailable)
    }
}

/// The server's way to it.
pub(crate) struct AuthOf(pub(crate) Arc<Auth>);

#[async_trait]
impl Authenticate for AuthOf {
    async fn authenticate(&self, who: Credentials<'_>) -> Result<Admitted, Denied> {
        let auth = &self.0;
        if let (None, Some(callable)) = (who.known, &auth.callable) {
            match auth.ask(callable, &who).await? {
                Says::User(user) => {
                    return Ok(Admitted::new(match (user.name(), who.name) {
                        (None, Some(wished)) => user.with_name(wished),
                        _ => user,
                    }));
                }
                Says::Refused => return Err(Denied::Unauthorized),
                Says::Nobody => {}
            }
        }
        auth.tokens().await?.authenticate(who).await
    }
}

fn says(answer: &Bound<'_, PyAny>, longest: usize) -> PyResult<Says> {
    if answer.is_none() {
        return Ok(Says::Nobody);
    }
    if let Ok(id) = answer.cast::<PyString>() {
        return user(id.as_any(), None, longest);
    }
    if let Ok(pair) = answer.cast::<PyTuple>() {
        if pair.len() != 2 {
            return Err(PyValueError::new_err("auth answers an id, or an id and a name"));
        }
        return user(&pair.get_item(0)?, Some(pair.get_item(1)?), longest);
    }
    let Some(id) = answer.getattr_opt("id")? else {
        let kind = answer.get_type().fully_qualified_name()?;
        let message = format!(
            "auth answers an id, (id, name), an object with .id and .name, or None, not {kind}"
        );
        return Err(PyTypeError::new_err(message));
    };
    // An account that was never saved, a framework's nobody.
    if id.is_none() { Ok(Says::Nobody) } else { user(&id, answer.getattr_opt("name")?, longest) }
}

fn user(id: &Bound<'_, PyAny>, name: Option<Bound<'_, PyAny>>, longest: usize) -> PyResult<Says> {
    let is_number = id.is_instance_of::<PyInt>() && !id.is_instance_of::<PyBool>();
    if !is_number && !id.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("an id is a str"));
    }
    let py = id.py();
    let id = UserId::new(id.str()?.to_cow()?.as_ref())
        .map_err(|error| super::errors::invalid(py, &error))?;
    let name =
        name.filter(|name| !name.is_none()).map(|name| name.extract::<String>()).transpose()?;
    Ok(Says::User(known(id.as_str(), name.as_deref(), longest)))
}

/// A user as the site has them. A site's names may be longer than the chat's, and are cut rather than keeping their bearer out.
pub(crate) fn known(id: &str, name: Option<&str>, longest: usize) -> User {
    match name.and_then(|name| Name::fitting(name, longest)) {
        Some(name) => User::named(id, name.as_str()),
        None => User::new(id),
    }
}
