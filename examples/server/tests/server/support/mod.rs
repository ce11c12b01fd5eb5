//! What the tests stand on.
//!
//! | file | what it gives |
//! |---|---|
//! | `node` | a chat-server in a process of its own |
//! | `http` | requests by hand, so that nothing is added or hidden |
//! | `client` | a client of chat.v1 |
//! | `nginx` | a real nginx, with the configuration of `examples/deploy` |

#![cfg_attr(
    not(feature = "redis"),
    allow(dead_code, reason = "then most of it has nothing to test")
)]
#![allow(unreachable_pub, reason = "a test program has no outside")]
#![allow(clippy::disallowed_methods, reason = "processes are waited for in real time")]

pub mod client;
pub mod http;
pub mod nginx;
pub mod node;
pub mod process;
