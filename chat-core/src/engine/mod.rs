//! The engine: what a host holds.
//!
//! ```text
//!  host ──▶ Engine ──▶ SessionHandle (join, say, seek …)      Session (stream of events)
//!              │              │                                   ▲
//!              │              ▼                                   │ drains
//!              └────────▶ Backend (five store traits) ──Sink──▶ Hub (tails, feeds)
//!                             ▲                                   │
//!              background: renew, reap, heal, mail, lists ◀───────┘ work
//! ```
//!
//! An [`Engine`] is a cheap clone. Everything it knows of rooms is in the store; of its own it has sessions, the
//! [`hub`](crate::hub) that feeds them, and the life of its node.

mod asking;
mod background;
mod builder;
mod connect;
mod errands;
mod host;
mod life;
mod mail;
mod observing;
mod older;
mod upkeep;
mod writing;

use std::collections::HashSet;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use parking_lot::Mutex;
use tokio::task::AbortHandle;

pub use builder::EngineBuilder;
pub(crate) use errands::Errands;
pub use host::Author;

use self::writing::Writing;
use crate::error::{Error, Result};
use crate::hooks::{HookOptions, Hooks};
use crate::hub::{Hub, Tail};
use crate::id::{NodeId, PoolName, SessionId, SessionKey, UserId};
use crate::limits::Limits;
use crate::room::PolicyDefaults;
use crate::session::core::Core;
use crate::store::{Backend, Mail};
use crate::time::Clock;

/// Runs a writing operation of the store under the node's present life. Where that turns out to be over, begins the next
/// one and tries once more.
macro_rules! fenced {
    ($engine:expr, |$by:ident| $call:expr) => {
        'answer: {
            let engine = &$engine;
            let $by = match engine.writer().await {
                Ok(by) => by,
                Err(error) => break 'answer Err(error),
            };
            match async { $call }.await {
                Err($crate::error::StoreError::Fenced) => {}
                answer => break 'answer answer.map_err($crate::error::Error::from),
            }
            if let Err(error) = engine.begin_next_life($by).await {
                break 'answer Err(error);
            }
            let $by = match engine.writer().await {
                Ok(by) => by,
                Err(error) => break 'answer Err(error),
            };
            async { $call }.await.map_err($crate::error::Error::from)
        }
    };
}
pub(crate) use fenced;

/// The chat engine. A cheap clone: all clones are the same engine.
///
/// ```
/// # use chat_core::{Engine, Event, RoomSpec, User};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> chat_core::Result<()> {
/// let engine = Engine::in_memory();
/// let mut kim = engine.connect(User::named("kim", "Kim")).await?;
/// let room = engine.open(RoomSpec::public("Rust")).await?;
/// kim.join(room.id()).await?;
/// kim.say(room.id(), "hello").await?;
/// # engine.shutdown().await;
/// # Ok(())
/// # }
/// ```
///
/// *Where it runs*: anywhere. Inside a tokio runtime it starts a handful of background tasks; the runtime needs its timer
/// enabled then, as it does for [`shutdown`](Self::shutdown) and for hooks. Outside of one, the store in memory and no hooks
/// given, every operation is complete at its first poll, and [`sweep`](Self::sweep) does what the tasks would.
///
/// *How it ends*: with [`shutdown`](Self::shutdown), gracefully; or when the last clone, session and handle are
/// dropped, as a node that dies.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

/// One engine, whatever the number of its clones.
pub(crate) struct Inner {
    pub(crate) backend: Backend,
    hub: Arc<Hub>,
    clock: Clock,
    limits: Arc<Limits>,
    policies: PolicyDefaults,
    /// The pools in which users may look for a partner, where not all are.
    pools: Option<HashSet<PoolName>>,
    hooks: Option<(Arc<dyn Hooks>, HookOptions)>,
    observing: Option<Arc<observing::Observing>>,
    node: NodeId,
    /// The life that the node is in; none before the first thing that has to be written.
    writing: Writing,
    /// Held while a life begins, so that only one does.
    beginning: tokio::sync::Mutex<()>,
    /// A life has begun in which not all rooms and sessions are yet.
    coming_back: AtomicBool,
    /// Held while mail is read, so that news stay in order. What was fetched and is not dealt with yet is kept, because
    /// whoever reads may be cancelled.
    reading_mail: tokio::sync::Mutex<VecDeque<Mail>>,
    /// Whether some session may wait for a partner: set by each that does, taken back by a look at all of them.
    seeking: AtomicBool,
    sessions: DashMap<SessionId, Arc<Core>>,
    users: DashMap<UserId, Vec<SessionId>>,
    next_session: AtomicU64,
    errands: Errands,
    /// The users online that the store was told of last.
    told_online: AtomicU64,
    down: AtomicBool,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Engine {
    /// An engine that keeps everything in this process, with the default limits and policies.
    #[must_use]
    pub fn in_memory() -> Self {
        // The default policies are within their bounds; a test keeps them so.
        Self::builder().make()
    }

    /// Puts an engine together.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    /// The limits that hold here.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.0.limits()
    }

    /// The policies that hold where a spec does not ask for something else.
    #[must_use]
    pub fn policies(&self) -> &PolicyDefaults {
        &self.0.policies
    }

    /// This node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// Numbers for the operator.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            sessions: self.0.sessions.len() as u64,
            users: self.0.users.len() as u64,
            rooms: self.0.hub.tails().len() as u64,
            resets: self.0.hub.resets(),
            observations_dropped: self.0.observing.as_ref().map_or(0, |o| o.dropped_in_all()),
        }
    }

    /// Whether a host's [`Hooks`] are asked about what users do.
    #[must_use]
    pub fn has_hooks(&self) -> bool {
        self.0.asks()
    }

    /// Starts the background tasks, if they do not run: leases, expiry, healing, lists. The first
    /// [`connect`](Self::connect) inside a tokio runtime does this too. Outside of a runtime nothing happens.
    ///
    /// The runtime needs its timer enabled.
    pub fn start(&self) {
        self.0.start();
    }

    /// Does now what the background tasks do when it is due: renews the lease, reaps what has expired, reads mail, heals, and
    /// refreshes counts and watched lists. For tests with a manual clock, and for hosts without a runtime.
    ///
    /// Cancel safe in that it can be repeated; a changed count may then have to wait for the next change.
    pub async fn sweep(&self) {
        self.0.sweep().await;
    }

    /// Lets time pass on a manual clock: moves it in steps of a quarter of a lease at the most, with a
    /// [`sweep`](Self::sweep) after each, as it would be if the engine had been running all the while.
    ///
    /// Not cancel safe: the clock stays where it was moved to.
    pub async fn pass(&self, time: Duration) {
        let step = (self.0.backend.expiry.lease() / 4).max(Duration::from_millis(1));
        let mut left = time;
        while !left.is_zero() {
            let now = left.min(step);
            self.0.clock.advance(now);
            self.0.sweep().await;
            left -= now;
        }
    }

    /// Ends the engine: no new sessions; the ones there are get [`Event::Bye`](crate::Event::Bye) and are lost (so that they may
    /// come back within the grace on another node); what has to be told to the store is told, for a few seconds at the
    /// most; then the node's life and the background tasks end.
    ///
    /// Cancel safe in that it can be repeated.
    pub async fn shutdown(&self) {
        self.0.shutdown().await;
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("node", &self.0.node).finish_non_exhaustive()
    }
}

/// Numbers of one engine, for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Sessions now.
    pub sessions: u64,
    /// Distinct users now.
    pub users: u64,
    /// Rooms that this node follows now.
    pub rooms: u64,
    /// How many times a room's tail had to begin anew.
    pub resets: u64,
    /// Observations that were dropped because the observer did not keep up.
    pub observations_dropped: u64,
}

impl Inner {
    pub(super) fn new(backend: Backend, clock: Clock, from: EngineBuilder) -> Self {
        let (limits, node) = (Arc::new(from.limits), NodeId::random());
        Self {
            backend,
            hub: Arc::new(Hub::new(Arc::clone(&limits))),
            clock,
            policies: from.policies,
            pools: from.pools,
            hooks: from.hooks,
            observing: from
                .observer
                .map(|(o, options)| Arc::new(observing::Observing::new(o, options))),
            node,
            writing: Writing::of(node),
            beginning: tokio::sync::Mutex::default(),
            coming_back: AtomicBool::new(false),
            reading_mail: tokio::sync::Mutex::default(),
            seeking: AtomicBool::new(false),
            sessions: DashMap::new(),
            users: DashMap::new(),
            next_session: AtomicU64::new(1),
            errands: Errands::new(limits.sessions),
            limits,
            told_online: AtomicU64::new(0),
            down: AtomicBool::new(false),
            tasks: Mutex::default(),
        }
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.backend
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn policies(&self) -> &PolicyDefaults {
        &self.policies
    }

    pub(crate) fn errands(&self) -> &Errands {
        &self.errands
    }

    /// Refuses where the engine is shutting down.
    pub(crate) fn alive(&self) -> Result<()> {
        if self.down.load(Ordering::Acquire) { Err(Error::ShutDown) } else { Ok(()) }
    }

    /// The session of this name, where it is one of this engine's.
    pub(crate) fn session(&self, key: SessionKey) -> Option<Arc<Core>> {
        if key.writer.node != self.node {
            return None;
        }
        self.sessions.get(&key.session).map(|core| Arc::clone(&core))
    }

    /// All sessions of a user here.
    pub(crate) fn sessions_of(&self, user: &UserId) -> Vec<Arc<Core>> {
        let ids = self.users.get(user).map(|ids| ids.clone()).unwrap_or_default();
        ids.iter().filter_map(|id| self.sessions.get(id).map(|core| Arc::clone(&core))).collect()
    }

    /// All sessions.
    pub(crate) fn all_sessions(&self) -> Vec<Arc<Core>> {
        self.sessions.iter().map(|core| Arc::clone(&core)).collect()
    }

    /// A read of a room's log, for readers who fell off its tail.
    pub(crate) fn heal(&self, tail: &Arc<Tail>, from: crate::entry::Cursor) -> crate::hub::Heal {
        tail.healing.read(&self.backend.rooms, tail.room(), from, self.limits.resume)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in self.tasks.get_mut().drain(..) {
            task.abort();
        }
    }
}
