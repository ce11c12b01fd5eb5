//! How connections are held: times and bounds.

use std::time::Duration;

use ipnet::IpNet;

use crate::origin::Origin;
use crate::rates::Rates;

/// Times and bounds of connections. Start from the default and change what has to be different:
///
/// ```
/// # use chat_ws::Options;
/// let options = Options { frame: 16 * 1024, ..Options::default() };
/// ```
///
/// What the engine bounds (bodies, names, rooms of a session, …) is in [`chat_core::Limits`].
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Pages of these origins, or hosts ([`Origin::host`]), may connect, beside those that come from this very host. What is not a
    /// browser sends no origin and is let in.
    pub origins: Vec<Origin>,
    /// Whether pages that come from this very host may connect, whatever it is called by. Where not, all origins are in
    /// [`origins`](Self::origins): for hosts that know by what names they are reached, and answer to no other.
    pub own_host: bool,
    /// Proxies whose `X-Forwarded-…` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a client may take to say `hello`.
    pub hello_timeout: Duration,
    /// After this long without a sign of life a ping is sent. `None` for transports that cannot.
    pub ping: Option<Duration>,
    /// After this long without a sign of life the connection is given up.
    pub silent: Duration,
    /// Bytes of a frame that a client sends.
    pub frame: usize,
    /// How deep JSON may be nested.
    pub depth: usize,
    /// How many commands a connection may send.
    pub rates: Rates,
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address, or one network of IPv6 (/64). Those from this machine itself are not counted.
    pub connections_of_address: usize,
    /// Bytes that may wait for one connection. When as much waits, no more is put there; and if then for
    /// [`stuck`](Self::stuck) nothing is taken while there is more, the connection is closed as too slow.
    pub waiting: usize,
    /// Bytes that may wait beyond that, of all connections together: one reply may be larger than [`waiting`](Self::waiting).
    /// While as much does, what reads is refused as `overloaded`; with twice as much, also whoever wants to join.
    pub waiting_in_all: usize,
    /// How long a connection for which more waits than it may hold can go without taking anything.
    pub stuck: Duration,
    /// Commands of one connection that are carried out or wait for that. When as many are, no more are read.
    pub commands: usize,
    /// Whether users who have an account may take another name. Users without one always may: nobody else is known by theirs.
    pub accounts_rename: bool,
    /// Frames in a row's lifetime that are no command before the connection is closed.
    pub bad_frames: u8,
    /// The window within which clients come back, told to them by `hello`.
    pub retry: Retry,
    /// Over how long those who are sent away by a drain are asked to spread their coming back. Longer than rooms' grace, it
    /// makes them leave.
    pub drain_spread: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            own_host: true,
            trusted_proxies: Vec::new(),
            hello_timeout: Duration::from_secs(10),
            ping: Some(Duration::from_secs(25)),
            silent: Duration::from_secs(60),
            frame: 64 * 1024,
            depth: 32,
            rates: Rates::default(),
            connections: 100_000,
            connections_of_address: 256,
            waiting: 256 * 1024,
            waiting_in_all: 256 * 1024 * 1024,
            stuck: Duration::from_secs(5),
            commands: 64,
            accounts_rename: true,
            bad_frames: 5,
            retry: Retry::default(),
            drain_spread: Duration::from_secs(3),
        }
    }
}

/// The window of a client's reconnects: somewhere at random up to a bound that doubles from `min` to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The first bound.
    pub min: Duration,
    /// The last bound.
    pub max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { min: Duration::from_millis(500), max: Duration::from_secs(15) }
    }
}
