//! The chat engine's storage traits on Redis 7 or Valkey.

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
