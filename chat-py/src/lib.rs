//! The chat engine for Python.
//!
//! With the feature `python` this is the module `chat_engine._native`, which holds no chat logic: convert, call, convert back.
//! Without it, it is what the module stands on, in plain Rust:
//!
//! - [`runtime`]: the one tokio runtime of a process, which outlives neither a fork nor the interpreter.
//! - [`inbox`]: how anything that is ready tells an event loop so, with one wake-up for all of it.
//! - [`first`]: an operation is polled once where it was asked for; only what has to wait goes to the runtime.
//! - [`live`]: an engine that is made when it is first used, and anew after a fork.
//! - [`place`]: where everything is kept, as a URL says it.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod first;
pub mod inbox;
pub mod live;
pub mod place;
pub mod runtime;

#[cfg(feature = "python")]
mod python;

/// What is shared by threads of the runtime and Python's is allocated and freed all the time, a little of it here and there. Python's own
/// objects are not touched by this.
#[cfg(feature = "python")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
