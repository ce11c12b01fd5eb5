//! The store on Redis passes the whole suite.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use chat_core::store_suite;
use support::RedisStand;

store_suite!(redis, RedisStand);
