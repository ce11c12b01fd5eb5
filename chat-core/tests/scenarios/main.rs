//! What a host sees of the engine, through its public interface alone: one file per theme, one claim per test.
//!
//! Time is a manual clock that tests move; where waiting itself is meant, tokio's time is paused. Nothing sleeps.

#![allow(clippy::unwrap_used, reason = "a panic is how a test says that a claim does not hold")]

mod support;

mod bad_input;
mod cancelled;
mod healing;
mod hooks;
mod limits;
mod lists;
mod matching;
mod no_runtime;
mod observer;
mod older;
mod presence;
mod resume;
mod shutdown;
mod slow_readers;
mod talk;
mod two_engines;
mod watching;
