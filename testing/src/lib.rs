//! What tests and benches on a real Redis stand on. Each server has ports and a directory of its own, and nothing here
//! outlives the program that started it, whatever becomes of that.
//!
//! | | |
//! |---|---|
//! | [`Process`] | a program that ends with the test |
//! | [`Server`] | a redis-server that can be killed, stopped and started again |
//! | [`Cluster`], [`Sentinels`] | three nodes of a cluster; a master with a replica and three Sentinels |
//! | [`Tls`] | a certificate, and a server that has it |
//! | [`Proxy`] | a way to a server that delays, cuts, and loses answers |
//! | [`free_port`] | a port of one's own |
//! | [`until`] | waiting in real time for something to become so |

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "for tests, which fail by panics and wait in real time"
)]

mod cluster;
mod ports;
mod process;
mod proxy;
mod sentinels;
mod server;
mod tls;

use std::time::{Duration, Instant};

pub use cluster::Cluster;
pub use ports::{free_port, is_free};
pub use process::Process;
pub use proxy::Proxy;
pub use sentinels::{MASTER, Sentinels};
pub use server::{BUS, Server, fresh_dir, random};
pub use tls::Tls;

/// The longest that anything is waited for: much more than it takes, on a busy machine, too.
pub const PATIENCE: Duration = Duration::from_secs(60);

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
