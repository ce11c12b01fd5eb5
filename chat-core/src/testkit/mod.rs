//! The conformance suite: what every store must hold, as cases to run against it.
//!
//! Whoever writes a store writes a [`Stand`], which makes empty stores, gives backends on them, and moves their time;
//! [`store_suite!`](crate::store_suite) then makes a named test for each case:
//!
//! ```
//! use chat_core::testkit::MemoryStand;
//!
//! chat_core::store_suite!(memory, MemoryStand, cases(start_paused = true));
//! # fn main() {}
//! ```
//!
//! There are no capability flags: a store passes all cases, or is not a store. Cases are scenarios in terms of the
//! five traits alone; they know nothing of a store's insides and never sleep to make time pass. A sink may be told a
//! little later than an operation is answered (a network lies between), and time may go on by itself: cases
//! wait for what must come, and leave a second of slack where something must not have come about yet.
//!
//! That the suite can tell a broken store from a sound one is shown by [`broken`]: stores with one fault each, every
//! one of which must be rejected.
//!
//! | file | holds |
//! |---|---|
//! | `stand` | what the writer of a store provides |
//! | `world`, `node`, `guest` | the stage on which cases play: a store with its nodes, time, and users |
//! | `recorder`, `told`, `dice`, `build` | a sink that writes down, logs as lines, repeatable chance, requests with defaults |
//! | `cases` | the cases, and the list of them |
//! | `suite` | running them |
//! | `tap` | a store around a store, which does some things otherwise; engines are tested with it too |
//! | `broken` | stores that must be rejected |
//! | `memory` | the stand of the store in memory |
//! | `model` | the whole engine on a store, against a naive model |

#![allow(
    clippy::unwrap_used,
    reason = "this is test code: a panic is how a case says that a claim does not hold"
)]

pub mod broken;
pub mod build;
mod cases;
mod dice;
mod guest;
mod memory;
pub mod model;
mod node;
mod recorder;
mod stand;
mod suite;
mod tap;
mod told;
mod world;

pub use cases::{Case, all};
pub use dice::Dice;
pub use guest::Guest;
pub use memory::MemoryStand;
pub use node::Node;
pub use recorder::{Heard, Recorder};
pub use stand::{Stage, Stand};
pub use suite::{case, failures, run};
pub use tap::{Tap, Twist};
pub use told::{numbers, told};
pub use world::{Passed, World, reap, sweep};
