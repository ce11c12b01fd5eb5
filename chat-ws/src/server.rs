//! What all connections share.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chat_core::{Engine, User};

use crate::auth::{Authenticate, Secret, Tokens};
use crate::command::{Class, Command};
use crate::json::Text;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::peer::Peer;
use crate::registry::{Asked, NoPlace, Place, Registry};
use crate::upgrade::Upgrade;

/// An engine, as it is served to clients. A cheap clone: all clones are the same server.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// let engine = chat_core::Engine::in_memory();
/// let server = chat_ws::Server::builder(engine).build();
/// server.serve(tokio::net::TcpListener::bind("127.0.0.1:8000").await?).await
/// # }
/// ```
///
/// *How it ends*: with [`Server::drain`], gracefully; connections that are there when everything else is dropped go on until
/// they end.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

/// One server, whatever the number of its clones.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) options: Options,
    pub(crate) auth: Box<dyn Authenticate>,
    pub(crate) metrics: Metrics,
    pub(crate) registry: Arc<Registry>,
    /// Bytes that wait beyond [`Options::waiting`], of all connections.
    pub(crate) excess: AtomicUsize,
    /// The part of the reply to `hello` that is the same for all: `limits` and `retry`.
    pub(crate) told: Told,
}

impl Shared {
    /// Whether so much waits in large replies that this command has to wait. Reading gives way first: those who come in are the last to
    /// suffer from others who read nothing.
    pub(crate) fn is_too_full_for(&self, command: &Command) -> bool {
        let most = self.options.waiting_in_all;
        let most = if command.class() == Class::Read { most } else { most.saturating_mul(2) };
        command.is_large() && self.excess.load(Ordering::Relaxed) >= most
    }
}

/// What `hello` tells everybody.
pub(crate) struct Told {
    pub(crate) limits: Bytes,
    pub(crate) retry: Bytes,
}

/// What a server is made of; start with [`Server::builder`].
#[must_use]
pub struct ServerBuilder {
    engine: Engine,
    options: Options,
    auth: Option<Box<dyn Authenticate>>,
}

impl ServerBuilder {
    /// Who says who somebody is. Without it: [`Tokens`] with a secret made now, so that users without an account come back with
    /// theirs as long as this process lives.
    pub fn with_auth(mut self, auth: impl Authenticate) -> Self {
        self.auth = Some(Box::new(auth));
        self
    }

    /// Times and bounds.
    pub fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Makes the server. A recorder for metrics has to be installed before.
    #[must_use]
    pub fn build(self) -> Server {
        let told = Told::new(&self.engine, &self.options);
        let auth = self.auth.unwrap_or_else(|| Box::new(Tokens::new(Secret::random())));
        Server(Arc::new(Shared {
            engine: self.engine,
            options: self.options,
            auth,
            metrics: Metrics::new(),
            registry: Arc::default(),
            excess: AtomicUsize::new(0),
            told,
        }))
    }
}

impl Server {
    /// Puts a server together around an engine.
    pub fn builder(engine: Engine) -> ServerBuilder {
        ServerBuilder { engine, options: Options::default(), auth: None }
    }

    /// The engine that is served.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The times and bounds that hold.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.registry.len()
    }

    /// Whether it has begun to send everybody away.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.registry.is_shut()
    }

    /// Whether a connection may begin: its origin, how many there are. Ask before answering the upgrade.
    ///
    /// # Errors
    /// With the HTTP status for the answer.
    pub fn admit(&self, upgrade: Upgrade) -> Result<Admission, Refusal> {
        let options = &self.0.options;
        if !upgrade.may_connect(options) {
            return Err(self.refuse(Refusal::Origin));
        }
        self.admit_any_origin(upgrade)
    }

    /// As [`Server::admit`], for a program that has looked at the origin itself, by rules of its own.
    ///
    /// # Errors
    /// With the HTTP status for the answer.
    pub fn admit_any_origin(&self, upgrade: Upgrade) -> Result<Admission, Refusal> {
        let options = &self.0.options;
        let client = upgrade.client(&options.trusted_proxies);
        let place =
            self.0.registry.enter(client, options.connections, options.connections_of_address);
        let place = place.map_err(|why| {
            self.refuse(match why {
                NoPlace::Shut => Refusal::Draining,
                NoPlace::Full => Refusal::Full,
                NoPlace::AddressFull => Refusal::AddressFull,
            })
        })?;
        Ok(Admission { place, client, upgrade: Arc::new(upgrade), user: None })
    }

    fn refuse(&self, refusal: Refusal) -> Refusal {
        self.0.metrics.refused.increment(1);
        tracing::debug!(?refusal, "upgrade refused");
        refusal
    }

    /// The peer of a connection, for a transport of one's own.
    #[must_use]
    pub fn peer(&self, admission: Admission) -> Peer {
        Peer::new(Arc::clone(&self.0), admission, tokio::time::Instant::now())
    }

    /// Sends everybody away, and lets nobody in any more: each connection's commands are answered, then it is told when to come
    /// back (spread over [`Options::drain_spread`]) and closed. Returns when all are gone; those that are not in time are let go.
    pub async fn drain(&self, within: Duration) {
        /// So that not all of them are written to at once.
        const AT_ONCE: usize = 256;
        let registry = &self.0.registry;
        registry.shut();
        tracing::info!(connections = registry.len(), "draining");
        let gone = async {
            for some in registry.remotes().chunks(AT_ONCE) {
                some.iter().for_each(|remote| remote.ask(Asked::Soon));
                tokio::task::yield_now().await;
            }
            registry.emptied().await;
        };
        // The last part of the time is for those that wait for the store, or for a client that reads slowly.
        if tokio::time::timeout(within / 2, gone).await.is_err() {
            registry.remotes().iter().for_each(|remote| remote.ask(Asked::Now));
            let _ = tokio::time::timeout(within / 2, registry.emptied()).await;
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}

/// A connection that may begin. It has its place among the others until it is dropped.
#[derive(Debug)]
pub struct Admission {
    pub(crate) place: Place,
    pub(crate) client: Option<IpAddr>,
    /// Kept until somebody has come in.
    pub(crate) upgrade: Arc<Upgrade>,
    pub(crate) user: Option<User>,
}

impl Admission {
    /// Of somebody whom the transport knows already: a framework has looked a session cookie up. [`Tokens`] then takes
    /// them for this user, unless they show a token that the site made for one of its users.
    #[must_use]
    pub fn with_user(mut self, user: User) -> Self {
        self.user = Some(user);
        self
    }
}

/// Why a connection may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A page from elsewhere.
    #[error("pages of this origin may not connect")]
    Origin,
    /// The server goes away.
    #[error("going away")]
    Draining,
    /// There are as many connections as there may be.
    #[error("too many connections")]
    Full,
    /// There are as many from this address as there may be.
    #[error("too many connections from this address")]
    AddressFull,
}

impl Refusal {
    /// The HTTP status that says so.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Origin => 403,
            Self::Draining | Self::Full => 503,
            Self::AddressFull => 429,
        }
    }
}

impl Told {
    fn new(engine: &Engine, options: &Options) -> Self {
        let limits = engine.limits();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let object = |fields: &dyn Fn(&mut Text)| {
            let mut text = Text::with_space(250);
            text.object(fields);
            text.into_json()
        };
        Self {
            limits: object(&|o| {
                o.number("frame", options.frame as u64);
                o.number("body", limits.body as u64);
                o.number("name", limits.name as u64);
                o.number("title", limits.title as u64);
                o.number("meta", limits.meta as u64);
                o.number("key", chat_core::Key::MAX as u64);
                o.number("tags", limits.tags as u64);
                o.number("tag", limits.tag as u64);
                o.number("rooms", limits.rooms_of_session as u64);
                if let Some(ping) = options.ping {
                    o.number("ping_ms", millis(ping));
                    o.number("silent_ms", millis(options.silent));
                }
            }),
            retry: object(&|o| {
                o.number("min_ms", millis(options.retry.min));
                o.number("max_ms", millis(options.retry.max));
            }),
        }
    }
}
