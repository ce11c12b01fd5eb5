//! What the benches have in common: engines full of sessions, stores without an engine, and how a bench is told to be brief.
//! What goes through a whole server: [`load`], the programs `chat-load` and `chat-limit`. And what makes one page of all of
//! it: [`report`], the program `chat-bench`.
//!
//! Two kinds of programs are in `benches/`. Those with a rate or a duration are criterion's. Those with something
//! criterion does not know (a percentile, bytes, how late) print a [`Table`] of their own, and hand figures over as [`Reading`]s. Run by `cargo bench` all of
//! them measure. Run by `cargo test` they take the same steps once, on a small scale, so that none of them rots; no
//! figure is ever asserted.

mod bare;
mod crowd;
#[cfg(target_os = "linux")]
pub mod guard;
#[cfg(target_os = "linux")]
pub mod limit;
#[cfg(target_os = "linux")]
pub mod load;
#[cfg(feature = "redis")]
mod node;
mod program;
mod reading;
#[cfg(target_os = "linux")]
pub mod report;
#[cfg(target_os = "linux")]
pub mod socket;
mod stand;
pub mod steps;
mod time;
#[cfg(feature = "redis")]
pub mod told;

pub use bare::{Bare, Deaf};
pub use crowd::{Crowd, Seekers, scatter};
#[cfg(feature = "redis")]
pub use node::{AT_ONCE, Node, TEXT, each};
pub use program::{Program, Table, brief, criterion, quick, scale};
pub use reading::{READINGS, Reading};
pub use stand::{Stand, connect, now, poll_once, read_all};
pub use time::{Span, Watch, cpu_time, timed, unix_ms};
