//! A server to speak to, and two ways to do so.

mod client;
mod hold;
mod raw;
mod shape;
mod solo;
mod stand;
mod store;

use std::future::Future;
use std::time::Duration;

pub(crate) use client::{Client, Sent};
pub(crate) use hold::{Hold, Turnstile};
pub(crate) use raw::Raw;
pub(crate) use shape::{check_frame, is_cursor, is_entry, is_member, is_room, keys};
pub(crate) use solo::Solo;
pub(crate) use stand::{Setup, Stand, secret as stand_secret};
pub(crate) use store::Store;

/// What takes longer than this has not happened. Generous: machines that run tests are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that is to happen, but not for ever.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Whole seconds.
pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Milliseconds.
pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
