//! The chat engine's storage traits on Redis 7 or Valkey.

#![forbid(unsafe_code)]

mod codec;
mod expiry;
mod keys;
mod link;
mod lives;
mod mail;
mod matching;
mod presence;
mod proposals;
mod ranking;
mod reply;
mod room;
mod script;
mod store;

use chat_core::StoreOptions;
use chat_core::store::{Backend, StoreResult};
use std::sync::Arc;

/// A backend on the Redis at this URL.
///
/// # Errors
/// Where it cannot be reached.
pub async fn connect(url: &str) -> StoreResult<Backend> {
    connect_with(url, "chat", 16, StoreOptions::default()).await
}

/// For the time being.
#[doc(hidden)]
pub async fn connect_with(
    url: &str,
    prefix: &str,
    shards: u16,
    options: StoreOptions,
) -> StoreResult<Backend> {
    let layout = keys::Layout::new(prefix, 0, shards);
    let scripts = script::Scripts::new(&layout, &options);
    let link = link::Link::connect(url, scripts.texts()).await?;
    Ok(Backend::of(&Arc::new(store::RedisStore { layout, options, scripts, link, lives: lives::Lives::default(), proposals: proposals::Proposals::default() })))
}
