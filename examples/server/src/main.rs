//! `chat-server`: the engine, chat.v1 over WebSocket, the store by its URL, and the web pages, in one binary.
//!
//! ```sh
//! cargo run --release -p chat-server   # then open http://127.0.0.1:8000
//! ```
//!
//! Read in this order: `config` (what it is told), `start` (how it is put together), `app` (what is at which path), `listener` (how
//! connections are taken), `shutdown` (how it ends).
//!
//! *On stdout* it says one line, when it is ready: where it listens. *On stderr* it logs. *It ends* with 0 when it was
//! asked to, with 2 where what it was given is wrong, and with 1 where it could not do what it was asked for; each time with one
//! line that says why.

#![forbid(unsafe_code)]

mod api;
mod app;
mod config;
mod failure;
mod files;
mod headers;
mod health;
mod listener;
mod logs;
mod metrics;
mod pages;
mod secret;
mod shutdown;
mod start;
mod store;
mod tokens;

use std::process::ExitCode;

use crate::config::Config;
use crate::failure::Failure;

/// Logs that fill up and frames that are shared between threads are what this is better at than the system's; figures are in
/// benches/README.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("chat-server: {failure}");
            failure.exit()
        }
    }
}

fn run() -> Result<(), Failure> {
    let Some(config) = Config::read()? else { return Ok(()) };
    logs::begin(config.log)?;
    files::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::cannot(format!("no runtime: {error}")))?;
    let ended = runtime.block_on(start::run(config));
    // Whatever still waits for something has had its time.
    runtime.shutdown_background();
    ended
}
