//! The store on Redis passes the whole suite: on one server, and on a cluster of three nodes.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code, in real time")]

mod support;

use chat_core::store_suite;
use support::stand::{ClusterStand, RedisStand};

store_suite!(single, RedisStand(16));
store_suite!(cluster, ClusterStand);
