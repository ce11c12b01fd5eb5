//! The chat engine's storage traits on Redis 7 or Valkey: one server, Sentinel or Cluster.
//!
//! ```no_run
//! # async fn node() -> Result<(), Box<dyn std::error::Error>> {
//! use chat_core::Engine;
//!
//! let backend = chat_redis::connect("redis://127.0.0.1/").await?;
//! let engine = Engine::builder().with_backend(backend).build()?;
//! # Ok(()) }
//! ```
//!
//! Every process with the same URL is a node of the same chat. `memory://` gives a store in this process instead, so that
//! a program needs nothing but another URL to be one or several. What a URL may say is with [`Settings`]; what Redis promises and
//! what it does not, and what a user of Redis must be allowed, is in README.md and ARCHITECTURE.md.
//!
//! # What it does
//!
//! One operation of the store is one Lua script: one round trip and one atomic step, on one server and on a cluster
//! alike, since everything that a step touches is in one slot. Time is the server's. What is published is only a wake-up with
//! the entry in it: what is lost on the way is seen by its number, and read. A write names the life of its node and is refused where
//! that is over.
//!
//! # Under pressure
//!
//! A command waits for its answer as long as the time-out says, then it is an error that may be tried again
//! (`unavailable` by its code); whether it was done is then not known, and the engine finds out. What is published and cannot
//! be read is dropped and counted in [`Stats`]. A full Redis refuses what needs memory; leaving, closing, leases and expiry go on.
//!
//! # How it ends
//!
//! Connections and the tasks that keep them end with the last clone of the backend. Nothing is awaited there: an
//! engine's `shutdown` is what says goodbye.

#![forbid(unsafe_code)]

mod address;
mod bound;
mod codec;
mod ears;
mod enter;
mod error;
mod expiry;
mod keys;
mod link;
mod lives;
mod log;
mod mail;
mod mailbox;
mod matching;
mod permissions;
mod presence;
mod proposals;
mod ranking;
mod read;
mod reap;
mod reply;
mod room;
mod script;
mod secret;
mod settings;
mod stats;
mod store;
mod subscribing;
mod tls;
mod url;

use chat_core::store::Backend;

pub use error::ConnectError;
pub use settings::Settings;
pub use stats::Stats;

/// A backend on the Redis at this URL; see [`Settings`] for what a URL may say.
///
/// # Errors
/// Where Redis cannot be reached or is not one that this can work with, or where what is kept there was made with
/// other settings.
pub async fn connect(url: &str) -> Result<Backend, ConnectError> {
    Settings::from_url(url)?.connect().await
}
