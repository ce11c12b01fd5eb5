//! `chat-load`: a load for servers that speak chat.v1, and what they cost under it.
//!
//! One thread, raw frames, nothing read that a figure does not need: so cheap that the server is what is measured, and
//! each run says how much of a core the load itself has used. What counts is the CPU time of the server's process
//! tree, not how much got through.
//!
//! [`Rooms`] and [`Stay`] speak other dialects as well: with them [`Peers`] compares a server with those that do not know
//! chat.v1.
//!
//! A run is void, and has no figure, unless each member got each message once and in order. It goes to this machine
//! only, and ends: with what it was asked for, or when nothing has come for 20 seconds. A server that was started for a
//! run ends with it, by its pid.

mod chat;
mod compare;
mod cpu;
mod dialect;
mod effort;
mod fanout;
mod fault;
mod heard;
mod idle;
mod joins;
mod latency;
mod length;
mod listed;
mod machine;
mod mark;
mod matching;
mod memory;
mod met;
mod missed;
mod numbers;
mod pairs;
mod peers;
mod process;
mod progress;
mod resume;
mod rooms;
mod run;
mod rush;
mod served;
mod stay;
mod storm;
mod swarm;
mod target;
mod tides;
mod watching;
mod work;

pub use compare::{Compare, Comparison, Program};
pub use cpu::Cpu;
pub use dialect::Dialect;
pub use fanout::Fanout;
pub use fault::Fault;
pub use heard::{Ear, Heard};
pub use idle::Idle;
pub use joins::Joins;
pub use length::Length;
pub use machine::Machine;
pub use matching::Matching;
pub use memory::Memory;
pub use pairs::Pairs;
pub use peers::{Peers, SideBySide};
pub use process::tree as process_tree;
pub use progress::Progress;
pub use resume::Resume;
pub use rooms::Rooms;
pub use run::{Figure, Run};
pub use served::Served;
pub use stay::Stay;
pub use storm::Storm;
pub use swarm::{NAP, Outgoing, Swarm};
pub use target::Target;
pub use watching::Watching;
pub use work::Work;
