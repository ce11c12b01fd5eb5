//! What tests on a real Redis stand on, beside the servers themselves.
//!
//! | file | what it gives |
//! |---|---|
//! | `node`, `program` | a whole engine in a process of its own, and what it does there |
//! | `guest` | a user on an engine of the test itself |
//! | `stand` | where the suite puts its stores |

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(unreachable_pub, reason = "a test program has no outside")]
#![allow(clippy::disallowed_methods, reason = "servers and processes are waited for in real time")]

pub mod guest;
pub mod node;
pub mod program;
pub mod stand;
