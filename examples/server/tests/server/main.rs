//! chat-server as whoever runs it meets it: as a process, by its flags, its pages, its signals, and behind a real nginx.
//!
//! One program, so that what takes a minute runs beside all the others.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

#[cfg(feature = "redis")]
mod a_minute;
mod api;
#[cfg(feature = "redis")]
mod ending;
mod environment;
mod flags;
mod limits;
#[cfg(target_os = "linux")]
mod load;
#[cfg(feature = "redis")]
mod log;
mod metrics;
#[cfg(feature = "redis")]
mod nodes;
mod pages;
mod plain_http;
#[cfg(feature = "redis")]
mod proxy;
#[cfg(feature = "redis")]
mod ready;
#[cfg(feature = "redis")]
mod secrets;
#[cfg(not(feature = "redis"))]
mod without_redis;
