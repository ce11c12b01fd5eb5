//! chat-server as whoever runs it meets it: as a process, by its flags, its pages, its signals, and behind a real nginx.
//!
//! One program, so that the test that is idle for 70 seconds runs beside all the others.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

mod api;
mod ending;
mod environment;
mod flags;
mod limits;
mod log;
mod metrics;
mod nodes;
mod pages;
mod plain_http;
mod proxy;
mod ready;
mod secrets;
