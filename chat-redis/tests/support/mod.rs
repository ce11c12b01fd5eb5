//! What tests on a real Redis stand on. Nothing here outlives the test program, whatever becomes of that.
//!
//! | file | what it gives |
//! |---|---|
//! | `process` | a program that ends with the test |
//! | `server` | a redis-server that can be killed, stopped and started again |
//! | `cluster`, `sentinels` | three nodes of a cluster; a master with a replica and three Sentinels |
//! | `tls` | a certificate, and a server that has it |
//! | `proxy` | a way to a server that delays, cuts, and loses answers |
//! | `node`, `program` | a whole engine in a process of its own, and what it does there |
//! | `guest` | a user on an engine of the test itself |
//! | `stand` | where the suite puts its stores |

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(unreachable_pub, reason = "a test program has no outside")]
#![allow(clippy::disallowed_methods, reason = "servers and processes are waited for in real time")]

pub mod cluster;
pub mod guest;
pub mod node;
pub mod program;
pub mod proxy;
pub mod sentinels;
pub mod server;
pub mod stand;
pub mod tls;

mod process;

use std::time::{Duration, Instant};

/// The longest that anything is waited for: much more than it takes, on a busy machine, too.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until it is so.
pub async fn until(what: &str, is: impl AsyncFn() -> bool) {
    within(PATIENCE, what, is).await;
}

/// Waits until it is so; not longer than this.
pub async fn within(most: Duration, what: &str, is: impl AsyncFn() -> bool) {
    let until = Instant::now() + most;
    while !is().await {
        assert!(Instant::now() < until, "not within {most:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
