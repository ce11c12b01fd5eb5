//! The engine, as Python calls it.

use std::sync::Arc;
use std::time::Duration;

use chat_core::{
    Author, ByeWhy, Clock as CoreClock, Engine as CoreEngine, ObserverOptions, Page,
    RoomPage as CoreRoomPage, Timestamp, User,
};
use chat_ws::{Options, Secret};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::answer::Answer;
use super::body::to_body;
use super::call::{Way, may_begin, now, on_engine, refuse_to_block};
use super::errors;
use super::hooks::{Hooks, PyHooks, hook_options};
use super::jobs::{self, Kind};
use super::observer::PyObserver;
use super::options;
use super::served::{self, Given};
use super::server::Server;
use super::serving;
use super::session::Session;
use super::times::{moment, seconds};
use super::values;
use crate::live::{Fault, Live, Recipe};
use crate::place::{NoStore, Place, without_secrets};

/// How long a hook may take, where nothing else is said.
const HOOK_TIMEOUT: Duration = Duration::from_secs(2);
/// Where it is served, where nothing else is said.
const PORT: u16 = 8000;
/// For those who are sent away by the end of an engine.
const GOODBYE: Duration = Duration::from_secs(2);

/// How far a clock is moved at once, and in one step.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3_600);
const STEP: Duration = Duration::from_secs(3_600);

/// The chat engine. What it keeps in memory:// ends with it; with redis:// it is one of many.
///
/// It is made when it is first used, so that making one blocks nothing and may be done before a fork.
#[pyclass(frozen, weakref, module = "chat_engine")]
pub(crate) struct Engine {
    url: String,
    /// Whether everything is kept in this process.
    here: bool,
    clock: CoreClock,
    /// Whether Python is asked, and told.
    asks: bool,
    tells: bool,
    /// What this process made of the recipe. Under this lock no Python runs.
    state: Mutex<State>,
}

struct State {
    /// What it is made of, again and again, as long as it is not closed: a host's own hooks are in it.
    recipe: Option<Arc<Recipe>>,
    live: Option<Arc<Live>>,
}

impl Engine {
    /// The engine of this process.
    pub(crate) fn live(&self, py: Python<'_>) -> PyResult<Arc<Live>> {
        let found = {
            let mut state = self.state.lock();
            self.find(&mut state)
        };
        match found {
            Found::Here(live) => {
                if self.asks {
                    jobs::start(py, Kind::Asking)?;
                }
                if self.tells {
                    jobs::start(py, Kind::Telling)?;
                }
                Ok(live)
            }
            Found::Closed => Err(errors::misuse(py, "this engine was closed: make another one")),
            Found::Stopped(stopped) => Err(errors::stopped(py, stopped)),
        }
    }

    fn find(&self, state: &mut State) -> Found {
        if let Err(stopped) = crate::runtime::check() {
            return Found::Stopped(stopped);
        }
        match state.live.take() {
            Some(live) if live.is_ours() => {
                state.live = Some(Arc::clone(&live));
                return Found::Here(live);
            }
            // A parent's: its threads are not here, and its connections are still in use there.
            Some(parents) => std::mem::forget(parents),
            None => {}
        }
        let Some(recipe) = &state.recipe else { return Found::Closed };
        match Live::new(Arc::clone(recipe)) {
            Ok(live) => {
                state.live = Some(Arc::clone(&live));
                Found::Here(live)
            }
            Err(stopped) => Found::Stopped(stopped),
        }
    }

    fn do_connect(
        this: &Bound<'_, Self>,
        way: Way,
        user: Option<String>,
        name: Option<String>,
    ) -> PyResult<Py<PyAny>> {
        let (py, live) = (this.py(), this.get().live(this.py())?);
        let user = user.map_or_else(User::anonymous, User::new);
        let user = match name {
            Some(name) => user.with_name(name),
            None => user,
        };
        let (engine, alive) = (this.clone().unbind(), Arc::clone(&live));
        let connect = async move |core: CoreEngine| Ok(core.connect(user).await?);
        on_engine(py, way, &live, connect, move |py, session| {
            Ok(Py::new(py, Session::new(engine, alive, session))?.into_any())
        })
    }

    fn do_open(
        &self,
        py: Python<'_>,
        way: Way,
        room: Option<&str>,
        create: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let spec = options::spec_of(py, room, create)?;
        let open = async move |engine: CoreEngine| Ok(engine.open(spec).await?);
        on_engine(py, way, &self.live(py)?, open, values::Room::to_python)
    }

    fn do_room(&self, py: Python<'_>, way: Way, room: &str) -> PyResult<Py<PyAny>> {
        let room = options::room_id(py, room)?;
        let find = async move |engine: CoreEngine| Ok(engine.room(&room).await?);
        on_engine(py, way, &self.live(py)?, find, values::Room::to_python)
    }

    fn do_rooms(
        &self,
        py: Python<'_>,
        way: Way,
        order: &str,
        limit: i64,
        offset: i64,
        ids: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let live = self.live(py)?;
        let Some(ids) = options::ids(ids)? else {
            let order = options::order(py, order)?;
            let page = Page {
                offset: options::count(py, "offset", offset)?,
                limit: options::count(py, "limit", limit)?,
            };
            let list = async move |engine: CoreEngine| Ok(engine.rooms(order, page).await?);
            return on_engine(py, way, &live, list, values::RoomPage::to_python);
        };
        let ids: Vec<_> = ids.iter().map(|id| options::room_id(py, id)).collect::<PyResult<_>>()?;
        let find = async move |engine: CoreEngine| {
            let rooms = engine.rooms_by_id(&ids).await?;
            Ok(CoreRoomPage { total: rooms.len() as u64, rooms })
        };
        on_engine(py, way, &live, find, values::RoomPage::to_python)
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
        let room = options::room_id(py, room)?;
        let page = options::history_page(py, before, after, limit)?;
        let read = async move |engine: CoreEngine| Ok(engine.history(&room, page).await?);
        on_engine(py, way, &self.live(py)?, read, values::History::to_python)
    }

    fn do_members(
        &self,
        py: Python<'_>,
        way: Way,
        room: &str,
        after: Option<&str>,
        limit: i64,
    ) -> PyResult<Py<PyAny>> {
        let room = options::room_id(py, room)?;
        let after = after.map(|after| options::user_id(py, after)).transpose()?;
        let limit = options::count(py, "limit", limit)?;
        let read = async move |engine: CoreEngine| {
            Ok(engine.members(&room, after.as_ref(), limit).await?)
        };
        on_engine(py, way, &self.live(py)?, read, values::Members::to_python)
    }

    fn do_online(&self, py: Python<'_>, way: Way) -> PyResult<Py<PyAny>> {
        let count = async move |engine: CoreEngine| Ok(engine.online().await?);
        on_engine(py, way, &self.live(py)?, count, |py, online| {
            Ok(online.into_pyobject(py)?.into_any().unbind())
        })
    }

    #[allow(clippy::too_many_arguments, reason = "the keywords of one call")]
    fn do_post(
        &self,
        py: Python<'_>,
        way: Way,
        room: &str,
        body: &Bound<'_, PyAny>,
        user: Option<&str>,
        name: Option<&str>,
        key: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let (room, body, key) =
            (options::room_id(py, room)?, to_body(body)?, options::key(py, key)?);
        let author = match (user, name) {
            (None, None) => Author::System,
            (Some(user), None) => Author::User(User::new(user)),
            (Some(user), Some(name)) => Author::User(User::named(user, name)),
            (None, Some(_)) => {
                return Err(errors::bad_request(
                    py,
                    "name",
                    "a name without a user: say whose it is",
                ));
            }
        };
        let post = async move |engine: CoreEngine| {
            Ok(engine.post(&room, body, author, key.as_ref()).await?)
        };
        on_engine(py, way, &self.live(py)?, post, values::Spoken::to_python)
    }

    fn do_kick(&self, py: Python<'_>, way: Way, room: &str, user: &str) -> PyResult<Py<PyAny>> {
        let (room, user) = (options::room_id(py, room)?, options::user_id(py, user)?);
        let kick = async move |engine: CoreEngine| Ok(engine.kick(&room, &user).await?);
        on_engine(py, way, &self.live(py)?, kick, nothing)
    }

    fn do_disconnect(&self, py: Python<'_>, way: Way, user: &str) -> PyResult<Py<PyAny>> {
        let user = options::user_id(py, user)?;
        let end =
            async move |engine: CoreEngine| Ok(engine.disconnect(&user, ByeWhy::Kicked).await?);
        on_engine(py, way, &self.live(py)?, end, nothing)
    }

    fn do_close_room(&self, py: Python<'_>, way: Way, room: &str) -> PyResult<Py<PyAny>> {
        let room = options::room_id(py, room)?;
        let close = async move |engine: CoreEngine| Ok(engine.close(&room).await?);
        on_engine(py, way, &self.live(py)?, close, nothing)
    }

    fn do_sweep(&self, py: Python<'_>, way: Way) -> PyResult<Py<PyAny>> {
        let sweep = async move |engine: CoreEngine| {
            engine.sweep().await;
            Ok(())
        };
        on_engine(py, way, &self.live(py)?, sweep, nothing)
    }

    fn do_advance(&self, py: Python<'_>, way: Way, time: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let time = seconds("time", time)?;
        if !self.clock.is_manual() {
            return Err(errors::misuse(
                py,
                "the system's clock cannot be moved: use Engine(clock=\"manual\")",
            ));
        }
        if time > LONGEST {
            return Err(errors::bad_request(py, "time", "time is moved by at most a year at once"));
        }
        let pass = |time| {
            async move |engine: CoreEngine| {
                engine.pass(time).await;
                Ok(())
            }
        };
        let live = self.live(py)?;
        let mut left = time;
        // In between, whoever wants to interrupt it can.
        while way == Way::Wait && left > STEP {
            on_engine(py, way, &live, pass(STEP), nothing)?;
            left -= STEP;
            py.check_signals()?;
        }
        on_engine(py, way, &live, pass(left), nothing)
    }

    /// What a server of it is made of.
    fn given(
        &self,
        py: Python<'_>,
        auth: Option<&Bound<'_, PyAny>>,
        anonymous: bool,
        secret: Option<&Bound<'_, PyAny>>,
        options: Options,
    ) -> PyResult<Given> {
        if auth.is_some_and(|auth| !auth.is_callable()) {
            return Err(errors::bad_request(
                py,
                "auth",
                "auth is a function: it is called with what a connection shows",
            ));
        }
        // In memory there is one process, and its children: what one signs is good for all.
        let made = || self.here.then(Secret::random);
        let secret = serving::secret(secret)?.or_else(made);
        let auth = auth.map(|auth| Arc::new(auth.clone().unbind()));
        Ok(Given { auth, anonymous, secret, options, clock: self.clock.clone() })
    }

    /// Says goodbye, once: the engine cannot be used any more as soon as this is called.
    fn end(&self, py: Python<'_>, way: Way) -> PyResult<Py<PyAny>> {
        // Refused before anything is done: an engine that was closed in part would be neither.
        let used = self.state.lock().live.clone().filter(|live| live.made().is_some());
        if let Some(live) = used {
            may_begin(py, way, &live)?;
            // An observer is given what is left, those who are connected are told: neither may need this very loop.
            if way == Way::Wait && (self.tells || served::listens(&live)) {
                refuse_to_block(py)?;
            }
        }
        let (live, recipe) = {
            let mut state = self.state.lock();
            (state.live.take(), state.recipe.take())
        };
        let was_closed = recipe.is_none();
        // Not under the lock: what goes with it is a host's.
        drop(recipe);
        match live {
            Some(live)
                if live.is_ours()
                    && !was_closed
                    && live.made().is_some()
                    && !crate::runtime::is_stopped() =>
            {
                let ending = Arc::clone(&live);
                now(
                    py,
                    way,
                    &live,
                    async move {
                        served::stop_all(Some(&ending), GOODBYE).await;
                        ending.end().await;
                        Ok(())
                    },
                    nothing,
                )
            }
            other => {
                drop_if_ours(other);
                match way {
                    Way::Wait => Ok(py.None()),
                    Way::Answer => Ok(Answer::ready(py, Ok(py.None()))?.into_any()),
                }
            }
        }
    }
}

enum Found {
    Here(Arc<Live>),
    Closed,
    Stopped(crate::runtime::Stopped),
}

fn nothing(py: Python<'_>, (): ()) -> PyResult<Py<PyAny>> {
    Ok(py.None())
}

fn drop_if_ours(live: Option<Arc<Live>>) {
    match live {
        Some(live) if !live.is_ours() || crate::runtime::is_stopped() => std::mem::forget(live),
        _ => {}
    }
}

super::call::twins! { Engine {
    room, aroom, do_room, (room), (room: &str);
    rooms, arooms, do_rooms, (order="live", limit=50, offset=0, *, ids=None),
        (order: &str, limit: i64, offset: i64, ids: Option<&Bound<'_, PyAny>>);
    history, ahistory, do_history, (room, *, before=None, after=None, limit=50),
        (room: &str, before: Option<i64>, after: Option<i64>, limit: i64);
    members, amembers, do_members, (room, *, after=None, limit=100),
        (room: &str, after: Option<&str>, limit: i64);
    online, aonline, do_online, (), ();
    post, apost, do_post, (room, body, *, user=None, name=None, key=None),
        (room: &str, body: &Bound<'_, PyAny>, user: Option<&str>, name: Option<&str>, key: Option<&str>);
    kick, akick, do_kick, (room, user), (room: &str, user: &str);
    disconnect, adisconnect, do_disconnect, (user), (user: &str);
    close_room, aclose_room, do_close_room, (room), (room: &str);
    sweep, asweep, do_sweep, (), ();
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

    #[new]
    #[pyo3(
        signature = (url="memory://", *, limits=None, store=None, matching=None, policies=None, pools=None, hooks=None, hook_timeout=None, hooks_fail_open=false, observer=None, clock="system"),
        text_signature = "(url='memory://', *, limits=None, store=None, matching=None, policies=None, pools=None, hooks=None, hook_timeout=2.0, hooks_fail_open=False, observer=None, clock='system')"
    )]
    #[allow(clippy::too_many_arguments, reason = "the keywords of one call")]
    fn new(
        py: Python<'_>,
        url: &str,
        limits: Option<&Bound<'_, PyDict>>,
        store: Option<&Bound<'_, PyDict>>,
        matching: Option<&Bound<'_, PyDict>>,
        policies: Option<&Bound<'_, PyDict>>,
        pools: Option<&Bound<'_, PyAny>>,
        hooks: Option<&Bound<'_, PyAny>>,
        hook_timeout: Option<&Bound<'_, PyAny>>,
        hooks_fail_open: bool,
        observer: Option<&Bound<'_, PyAny>>,
        clock: &str,
    ) -> PyResult<Self> {
        let within = hook_timeout.map_or(Ok(HOOK_TIMEOUT), |time| seconds("hook_timeout", time))?;
        let hooks = hooks.map(|hooks| Hooks::of(py, hooks, within).map(PyHooks)).transpose()?;
        let observer = observer.map(PyObserver::of).transpose()?;
        let (asks, tells) = (hooks.is_some(), observer.is_some());
        let clock = match clock {
            "system" => CoreClock::system(),
            "manual" => CoreClock::manual(Timestamp(1_800_000_000_000)),
            _ => return Err(errors::bad_request(py, "clock", "clock is \"system\" or \"manual\"")),
        };
        let limits = options::limits(limits)?;
        let policies = options::policies(policies)?;
        let store = options::store(store, matching)?;
        let pools = options::pools(pools)?;
        let place = Place::named(url, clock.clone(), store)
            .map_err(|error: NoStore| errors::fault(py, &Fault::NoStore(error)))?;
        let times = clock.clone();
        let builder = move || {
            let builder = CoreEngine::builder()
                .with_limits(limits.clone())
                .with_policies(policies.clone())
                .with_clock(times.clone());
            let builder = match &pools {
                Some(pools) => builder.with_pools(pools.clone()),
                None => builder,
            };
            let builder = match &hooks {
                Some(hooks) => builder.with_hooks(hooks.clone(), hook_options(within, hooks_fail_open)),
                None => builder,
            };
            match &observer {
                Some(observer) => builder.with_observer(observer.clone(), ObserverOptions::default()),
                None => builder,
            }
        };
        let manual = clock.is_manual();
        let recipe = Recipe { place, builder: Box::new(builder), asks, manual };
        Ok(Self {
            here: recipe.place.is_here(),
            url: without_secrets(url),
            clock,
            asks,
            tells,
            state: Mutex::new(State { recipe: Some(Arc::new(recipe)), live: None }),
        })
    }

    /// What clients connect to, where somebody else carries their frames (`peer`).
    #[pyo3(
        signature = (*, auth=None, anonymous=true, secret=None, origins=None, trusted_proxies=None, options=None),
        text_signature = "($self, *, auth=None, anonymous=True, secret=None, origins=(), trusted_proxies=(), options=None)"
    )]
    #[allow(clippy::too_many_arguments, reason = "the keywords of one call")]
    fn server(
        this: &Bound<'_, Self>,
        auth: Option<&Bound<'_, PyAny>>,
        anonymous: bool,
        secret: Option<&Bound<'_, PyAny>>,
        origins: Option<&Bound<'_, PyAny>>,
        trusted_proxies: Option<&Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Server> {
        let (py, engine) = (this.py(), this.get());
        let options = serving::options(py, options, origins, trusted_proxies)?;
        Server::new(py, this.clone().unbind(), engine.given(py, auth, anonymous, secret, options)?)
    }

    /// `server(…)`, listening. Returns as soon as it listens; `wait()` waits for its end.
    #[pyo3(
        signature = (host="127.0.0.1", port=None, *, auth=None, anonymous=true, secret=None, origins=None, trusted_proxies=None, options=None),
        text_signature = "($self, host='127.0.0.1', port=8000, *, auth=None, anonymous=True, secret=None, origins=(), trusted_proxies=(), options=None)"
    )]
    #[allow(clippy::too_many_arguments, reason = "the keywords of one call")]
    fn serve(
        this: &Bound<'_, Self>,
        host: &str,
        port: Option<&Bound<'_, PyAny>>,
        auth: Option<&Bound<'_, PyAny>>,
        anonymous: bool,
        secret: Option<&Bound<'_, PyAny>>,
        origins: Option<&Bound<'_, PyAny>>,
        trusted_proxies: Option<&Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Server> {
        let (py, engine) = (this.py(), this.get());
        let port = port.map_or(Ok(PORT), serving::port)?;
        let options = serving::options(py, options, origins, trusted_proxies)?;
        let given = engine.given(py, auth, anonymous, secret, options)?;
        Server::listen(py, this.clone().unbind(), &engine.live(py)?, given, host, port)
    }

    /// A session of a user; without one, of somebody who has no account.
    #[pyo3(signature = (user=None, name=None))]
    fn connect(this: &Bound<'_, Self>, user: Option<String>, name: Option<String>) -> PyResult<Py<PyAny>> {
        Self::do_connect(this, Way::Wait, user, name)
    }

    /// A session of a user; without one, of somebody who has no account.
    #[pyo3(signature = (user=None, name=None))]
    fn aconnect(this: &Bound<'_, Self>, user: Option<String>, name: Option<String>) -> PyResult<Py<PyAny>> {
        Self::do_connect(this, Way::Answer, user, name)
    }

    /// Where everything is kept, without a password.
    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    /// This engine among those of its store.
    #[getter]
    fn node(&self, py: Python<'_>) -> PyResult<String> {
        let live = self.live(py)?;
        let name = async |engine: CoreEngine| Ok(engine.node().to_string());
        on_engine(py, Way::Wait, &live, name, |py, node| values::text(py, &node))?.extract(py)
    }

    #[getter]
    fn clock(this: Py<Self>) -> Clock {
        Clock(this)
    }

    #[getter]
    fn closed(&self) -> bool {
        self.state.lock().recipe.is_none()
    }

    /// Numbers for the operator.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let live = self.live(py)?;
        let stats = live.made().map(CoreEngine::stats).unwrap_or_default();
        let dict = PyDict::new(py);
        dict.set_item("sessions", stats.sessions)?;
        dict.set_item("users", stats.users)?;
        dict.set_item("rooms", stats.rooms)?;
        dict.set_item("resets", stats.resets)?;
        dict.set_item("observations_dropped", stats.observations_dropped)?;
        Ok(dict)
    }

    /// Ends the engine: its sessions are told, the store learns that this node is gone.
    fn close(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.end(py, Way::Wait)
    }

    /// Ends the engine: its sessions are told, the store learns that this node is gone.
    fn aclose(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.end(py, Way::Answer)
    }

    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    #[pyo3(signature = (*_error))]
    fn __exit__(&self, py: Python<'_>, _error: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.end(py, Way::Wait).map(drop)
    }

    fn __aenter__(this: Py<Self>, py: Python<'_>) -> PyResult<Py<Answer>> {
        Answer::ready(py, Ok(this.into_any()))
    }

    #[pyo3(signature = (*_error))]
    fn __aexit__(&self, py: Python<'_>, _error: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        self.end(py, Way::Answer)
    }

    fn __repr__(&self) -> String {
        format!("<chat_engine.Engine {}>", self.url)
    }
} }

impl Drop for Engine {
    fn drop(&mut self) {
        drop_if_ours(self.state.get_mut().live.take());
    }
}

/// The time of an engine.
#[pyclass(frozen, module = "chat_engine")]
pub(crate) struct Clock(Py<Engine>);

#[pymethods]
impl Clock {
    /// Whether it moves only when it is told to.
    #[getter]
    fn manual(&self) -> bool {
        self.0.get().clock.is_manual()
    }

    #[getter]
    fn now<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.get().clock.now())
    }

    /// Lets time pass on a manual clock, doing everything that becomes due meanwhile.
    fn advance(&self, py: Python<'_>, time: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.0.get().do_advance(py, Way::Wait, time)
    }

    /// Lets time pass on a manual clock, doing everything that becomes due meanwhile.
    fn aadvance(&self, py: Python<'_>, time: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.0.get().do_advance(py, Way::Answer, time)
    }
}
