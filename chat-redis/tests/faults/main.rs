//! What happens when something breaks: a node, a connection, or Redis itself.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code, in real time")]

#[path = "../support/mod.rs"]
mod support;
