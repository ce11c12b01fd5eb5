//! The contract, claim by claim: a real server on a real socket with a client that knows nothing but WebSocket and JSON,
//! and a [`chat_ws::Peer`] without a socket for what depends on time.
//!
//! Nothing here sleeps for something to happen: a client waits for the frame it is to get, and that nothing comes is known
//! from a `ping` behind it. What happens with time happens because the test moves the clock.

#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used, reason = "tests")]

#[cfg(feature = "axum")]
mod axum;
mod drain;
mod errors;
mod frames;
mod hello;
mod history;
mod http;
mod join;
mod known;
mod late;
mod life;
mod listener;
mod lists;
mod matching;
mod order;
mod pairs;
mod presence;
mod random;
mod rates;
mod rooms;
mod rounds;
mod slow;
mod support;
mod talk;
mod time;
mod upgrade;
mod websocket;
mod wire;
