//! One connection, for commands or for subscriptions: it is open until it is closed, and then everybody who waits is told.
//!
//! A connection that takes commands and answers none of them for half a call's time is given up: the other end may be gone
//! without a word, and what the network keeps for it would be waited for in vain.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Pipeline, RedisConnectionInfo, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::fault::Fault;
use super::task::Task;
use crate::address::Address;

/// Commands that wait to be written; then callers wait.
const WAITING: usize = 1_024;
/// Bytes that are written at once where there are so many.
const WRITTEN_AT_ONCE: usize = 64 * 1_024;

/// How connections are made.
#[derive(Clone)]
pub(crate) struct Dialer {
    /// As whom, and which database.
    pub(crate) login: RedisConnectionInfo,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// The longest that connecting takes, the greeting included.
    pub(crate) within: Duration,
    /// A call that has waited for so long while nothing at all came gives the connection up.
    pub(crate) silence: Duration,
}

/// An open connection. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Inner>);

struct Inner {
    connection: MultiplexedConnection,
    /// How many calls were answered.
    answered: AtomicU64,
    silence: Duration,
    closed: watch::Receiver<bool>,
    /// How often scripts were loaded over it; locked while they are.
    loaded: Mutex<()>,
    loads: AtomicU64,
    /// Reads and writes; without it the connection is closed.
    driver: Task,
}

/// Says that a connection is closed, however its driver ends.
struct Closing(watch::Sender<bool>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

impl Dialer {
    /// A connection to the server at this address. What it pushes goes to `push`.
    pub(crate) async fn dial(
        &self,
        at: &Address,
        push: Option<Arc<dyn AsyncPushSender>>,
        deadline: Instant,
    ) -> Result<Wire, Fault> {
        let late = |_| Fault::unreachable(at, std::io::Error::from(std::io::ErrorKind::TimedOut));
        tokio::time::timeout_at(deadline, self.dial_now(at, push, deadline)).await.map_err(late)?
    }

    async fn dial_now(
        &self,
        at: &Address,
        push: Option<Arc<dyn AsyncPushSender>>,
        deadline: Instant,
    ) -> Result<Wire, Fault> {
        let stream = connect(at, deadline).await.map_err(|error| Fault::unreachable(at, error))?;
        // Otherwise small commands wait for each other.
        stream.set_nodelay(true).map_err(|error| Fault::unreachable(at, error))?;
        let Some(tls) = &self.tls else { return self.greet(at, stream, push).await };
        let name =
            ServerName::try_from(at.host.clone()).map_err(|error| Fault::unreachable(at, error))?;
        let stream = TlsConnector::from(Arc::clone(tls))
            .connect(name, stream)
            .await
            .map_err(|error| Fault::unreachable(at, error))?;
        self.greet(at, stream, push).await
    }

    async fn greet<S>(
        &self,
        at: &Address,
        stream: S,
        push: Option<Arc<dyn AsyncPushSender>>,
    ) -> Result<Wire, Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(None)
            .set_pipeline_buffer_size(WAITING)
            .set_write_backpressure_boundary(WRITTEN_AT_ONCE);
        let mut login = self.login.clone();
        if let Some(push) = push {
            config = config.set_push_sender(push);
            login = login.set_protocol(redis::ProtocolVersion::RESP3);
        }
        let (connection, driver) = MultiplexedConnection::new_with_config(&login, stream, config)
            .await
            .map_err(|error| Fault::connecting(at, error))?;
        let (closing, closed) = watch::channel(false);
        let closing = Closing(closing);
        let driver = Task::spawn(async move {
            let _closing = closing;
            driver.await;
        });
        let (answered, loads) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Wire(Arc::new(Inner {
            connection,
            answered,
            silence: self.silence,
            closed,
            loaded: Mutex::new(()),
            loads,
            driver,
        })))
    }
}

/// Connects to the first address of a name that answers; each has its share of the time.
async fn connect(at: &Address, deadline: Instant) -> std::io::Result<TcpStream> {
    let all: Vec<_> = tokio::net::lookup_host((at.host.as_str(), at.port)).await?.collect();
    let mut why = std::io::Error::from(std::io::ErrorKind::NotFound);
    for (tried, address) in all.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(all.len() - tried).unwrap_or(u32::MAX);
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => why = error,
            Err(_) => why = std::io::ErrorKind::TimedOut.into(),
        }
    }
    Err(why)
}

impl Wire {
    /// Whether it can still be used.
    pub(crate) fn is_open(&self) -> bool {
        !*self.0.closed.borrow()
    }

    /// Until it is closed.
    pub(crate) async fn closed(&self) {
        // An error means that the driver is gone, which is the same.
        let _ = self.0.closed.clone().wait_for(|closed| *closed).await;
    }

    /// Closes it for everybody.
    pub(crate) fn close(&self) {
        self.0.driver.stop();
    }

    /// Sends commands together; an answer for each, errors of the server's among them. Where this fails, nobody knows
    /// what was run.
    pub(crate) async fn send(
        &self,
        pipe: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        let inner = &*self.0;
        let (before, began) = (inner.answered.load(Ordering::Relaxed), Instant::now());
        let mut connection = inner.connection.clone();
        let answer = connection.send_packed_commands(pipe, 0, pipe.len());
        // What is handed over in the moment in which the connection breaks is never answered, not even by an error.
        let answer = async {
            tokio::select! {
                biased;
                answer = answer => answer.map_err(|_| Fault::Broken),
                () = self.closed() => Err(Fault::Broken),
            }
        };
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(values)) => {
                inner.answered.fetch_add(1, Ordering::Relaxed);
                if values.len() == pipe.len() { Ok(values) } else { Err(Fault::Odd) }
            }
            Ok(Err(fault)) => Err(fault),
            Err(_) => {
                // Whoever came with little time left has not waited for long, and says nothing about the connection.
                let nothing = inner.answered.load(Ordering::Relaxed) == before;
                if nothing && began.elapsed() >= inner.silence {
                    self.close();
                }
                Err(Fault::Late)
            }
        }
    }

    /// How many calls were answered.
    pub(crate) fn answered(&self) -> u64 {
        self.0.answered.load(Ordering::Relaxed)
    }

    /// How often scripts were loaded.
    pub(crate) fn loads(&self) -> u64 {
        self.0.loads.load(Ordering::Acquire)
    }

    /// Loads scripts, unless somebody else has done so since they had been loaded this often.
    pub(crate) async fn load(
        &self,
        since: u64,
        pipe: &Pipeline,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let Ok(_loading) = tokio::time::timeout_at(deadline, self.0.loaded.lock()).await else {
            return Err(Fault::Late);
        };
        if self.loads() != since {
            return Ok(());
        }
        for value in self.send(pipe, deadline).await? {
            if let Value::ServerError(error) = value {
                return Err(super::fault::said_so(&error));
            }
        }
        self.0.loads.fetch_add(1, Ordering::Release);
        Ok(())
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_open() { "Wire(open)" } else { "Wire(closed)" })
    }
}
