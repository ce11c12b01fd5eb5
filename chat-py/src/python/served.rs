//! A server as one process has it: chat-ws's, its listener, and the way in for a connection.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use chat_core::{Clock, Engine as CoreEngine};
use chat_ws::{Admission, Options, Refusal, Secret, Server as Served, Upgrade};
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use tokio::sync::{OnceCell, watch};
use tokio::task::AbortHandle;

use super::auth::{Auth, AuthOf, known};
use crate::first::{Begun, begin};
use crate::live::Live;

/// Those that listen, or have connections, as long as somebody holds them.
static ALL: Mutex<Vec<Weak<Made>>> = Mutex::new(Vec::new());

/// What servers are made of: each process makes its own.
pub(crate) struct Given {
    pub(crate) auth: Option<Arc<Py<PyAny>>>,
    pub(crate) anonymous: bool,
    pub(crate) secret: Option<Secret>,
    pub(crate) options: Options,
    pub(crate) clock: Clock,
}

/// A server of this process.
pub(crate) struct Made {
    pub(crate) live: Arc<Live>,
    given: Arc<Given>,
    /// Made with the engine, which may have to be waited for.
    served: OnceLock<Served>,
    pub(crate) listening: Option<Listening>,
}

pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    task: AbortHandle,
    ended: watch::Receiver<bool>,
}

impl Made {
    /// One that does not listen.
    pub(crate) fn new(live: &Arc<Live>, given: &Arc<Given>) -> Arc<Self> {
        remember(Self {
            live: Arc::clone(live),
            given: Arc::clone(given),
            served: OnceLock::new(),
            listening: None,
        })
    }

    /// One that does, from now on.
    pub(crate) fn listening(
        live: &Arc<Live>,
        given: &Arc<Given>,
        engine: &CoreEngine,
        listener: TcpListener,
    ) -> io::Result<Arc<Self>> {
        let address = listener.local_addr()?;
        let served = serve(live, given, engine);
        let (handle, serving) = (live.handle(), served.clone());
        let listener = {
            let _context = handle.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (ending, ended) = watch::channel(false);
        let task = handle.spawn(async move {
            // It was a listener a moment ago.
            let _ = serving.serve(listener).await;
            ending.send_replace(true);
        });
        let listening = Some(Listening { address, task: task.abort_handle(), ended });
        let made = remember(Self {
            live: Arc::clone(live),
            given: Arc::clone(given),
            served: served.into(),
            listening,
        });
        // It goes on until it is stopped, or its engine is, whether or not anybody in Python still holds it.
        let held = Arc::clone(&made);
        handle.spawn(async move { held.ended().await });
        Ok(made)
    }

    /// What was made with the engine, if it was.
    pub(crate) fn serves(&self) -> Option<&Served> {
        self.served.get()
    }

    fn served(&self, engine: &CoreEngine) -> &Served {
        self.served.get_or_init(|| serve(&self.live, &self.given, engine))
    }

    /// Lets a connection begin, or says why not.
    pub(crate) fn admit(
        &self,
        engine: &CoreEngine,
        asked: Asked,
    ) -> Result<(Served, Admission), Refusal> {
        let served = self.served(engine);
        let admitted = if asked.origin_checked {
            served.admit_any_origin(asked.upgrade)
        } else {
            served.admit(asked.upgrade)
        }?;
        let admitted = match asked.user {
            Some((id, name)) => {
                admitted.with_user(known(&id, name.as_deref(), engine.limits().name))
            }
            None => admitted,
        };
        Ok((served.clone(), admitted))
    }

    /// Waits until it no longer listens.
    pub(crate) async fn ended(&self) {
        if let Some(listening) = &self.listening {
            // An error says that the task is gone: that is an end too.
            let _ = listening.ended.clone().wait_for(|ended| *ended).await;
        }
    }

    /// Sends everybody away, and stops listening.
    pub(crate) async fn stop(&self, within: Duration) {
        if let Some(served) = self.served.get() {
            served.drain(within).await;
        }
        if let Some(listening) = &self.listening {
            listening.task.abort();
            self.ended().await;
        }
    }
}

/// A connection that is to begin.
pub(crate) struct Asked {
    pub(crate) upgrade: Upgrade,
    pub(crate) origin_checked: bool,
    pub(crate) user: Option<(String, Option<String>)>,
}

fn serve(live: &Arc<Live>, given: &Arc<Given>, engine: &CoreEngine) -> Served {
    let auth = Auth {
        callable: given.auth.clone(),
        anonymous: given.anonymous,
        secret: given.secret.clone(),
        clock: given.clock.clone(),
        name: engine.limits().name,
        live: Arc::clone(live),
        tokens: OnceCell::new(),
    };
    Served::builder(engine.clone())
        .with_options(given.options.clone())
        .with_auth(AuthOf(Arc::new(auth)))
        .build()
}

fn remember(made: Made) -> Arc<Made> {
    let made = Arc::new(made);
    let mut all = ALL.lock();
    all.retain(|each| each.strong_count() > 0);
    all.push(Arc::downgrade(&made));
    made
}

/// Ends what listens for an engine, before it ends itself; for all engines where none is named. Connections that somebody else carries are
/// told by the engine, whose event loop may be what waits for this.
pub(crate) async fn stop_all(of: Option<&Arc<Live>>, within: Duration) {
    let all: Vec<_> = ALL.lock().iter().filter_map(Weak::upgrade).collect();
    let theirs = all.into_iter().filter(|made| {
        let of_this = of.is_none_or(|live| Arc::ptr_eq(live, &made.live));
        made.listening.is_some() && made.live.is_ours() && of_this
    });
    // In the runtime, whose time it takes, from wherever this is polled.
    let stopping = theirs.map(|made| {
        let handle = made.live.handle().clone();
        handle.spawn(async move { made.stop(within).await })
    });
    futures_util::future::join_all(stopping.collect::<Vec<_>>()).await;
}

/// Whether something listens for an engine.
pub(crate) fn listens(live: &Arc<Live>) -> bool {
    let all: Vec<_> = ALL.lock().iter().filter_map(Weak::upgrade).collect();
    all.iter().any(|made| made.listening.is_some() && Arc::ptr_eq(live, &made.live))
}

/// The same with the process. Not in the runtime.
pub(crate) fn stop_at_exit(within: Duration) {
    let any = ALL.lock().iter().filter_map(Weak::upgrade).find(|made| made.live.is_ours());
    let Some(made) = any else { return };
    if let Begun::Asked(stopping) =
        begin(made.live.handle(), true, async move { stop_all(None, within).await })
    {
        let _ = stopping.wait_parked();
    }
}

/// To be called in a child right after the fork: what the parent made is the parent's.
pub(crate) fn forked() {
    std::mem::take(&mut *ALL.lock()).into_iter().for_each(std::mem::forget);
}

/// Listens at the first address of a host at which that can be done.
pub(crate) fn bind(py: Python<'_>, host: &str, port: u16) -> PyResult<TcpListener> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let listening = py.detach(|| {
        let listener = TcpListener::bind((bare, port))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listening.map_err(|error| in_use(py, &error, host, port))
}

/// As Python's own sockets say it.
fn in_use(py: Python<'_>, error: &io::Error, host: &str, port: u16) -> PyErr {
    let place = format!("{host}:{port}");
    match error.raw_os_error() {
        Some(number) => {
            let text = py.import("os").and_then(|os| os.call_method1("strerror", (number,)));
            match text.and_then(|text| text.extract::<String>()) {
                Ok(text) => PyOSError::new_err((number, format!("{text}: {place}"))),
                Err(error) => error,
            }
        }
        None => PyOSError::new_err(format!("{error}: {place}")),
    }
}

/// The request that a connection began with, as ASGI has it.
pub(crate) fn upgrade(
    headers: Option<&Bound<'_, PyAny>>,
    client: Option<&str>,
) -> PyResult<Upgrade> {
    /// More than any server lets through.
    const MANY: usize = 1_000;
    let mut map = HeaderMap::new();
    if let Some(headers) = headers {
        for pair in headers.try_iter()?.take(MANY) {
            let (name, value) = pair?.extract::<(Vec<u8>, Vec<u8>)>()?;
            // What is no header was none, whatever let it through.
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(&name), HeaderValue::from_bytes(&value))
            {
                map.try_append(name, value).ok();
            }
        }
    }
    // A socket of the file system has none that is an address.
    let peer = client.and_then(|client| client.parse::<IpAddr>().ok());
    Ok(Upgrade { peer, headers: map })
}
