//! What happens when something breaks: a node, a connection, or Redis itself.
//!
//! Everything here is real: servers, processes, signals, and time. So leases are short, nothing waits for a time to pass
//! where it can wait for what must come about, and what must not come about is looked for at the end.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code, in real time")]

#[path = "../support/mod.rs"]
mod support;

mod acl;
mod away;
mod cluster;
mod damaged;
mod databases;
mod differential;
mod dying;
mod failover;
mod flushed;
mod foreign;
mod full;
mod leftovers;
mod nodes;
mod partition;
mod paused;
mod refused;
mod replies;
mod secret;
mod subscriptions;
mod time;
mod tls;

use chat_core::RoomId;

/// The address of a store of its own on a server.
fn own(url: &str) -> String {
    let and = if url.contains('?') { '&' } else { '?' };
    format!("{url}{and}prefix={}", support::stand::fresh_prefix())
}

/// An error with everything that is behind it.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut all = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        all += &format!(": {next}");
        source = next.source();
    }
    all
}

fn id(room: &str) -> RoomId {
    RoomId::new(room).unwrap()
}
