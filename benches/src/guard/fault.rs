//! Why the guard could not say anything.

use std::io;
use std::process::ExitStatus;

/// What went wrong. What is missed is no fault.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The system would not.
    #[error("{what}: {source}")]
    System {
        /// What was attempted.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// A program has not done what it was asked for. What it said stands above.
    #[error("{what} failed: {status}")]
    Failed {
        /// Which program.
        what: &'static str,
        /// How it ended.
        status: ExitStatus,
    },
    /// A program has said something else than what was expected.
    #[error("{0} did not say its figure")]
    Unclear(&'static str),
    /// The file of bounds is none.
    #[error("the bounds: {0}")]
    Bounds(#[from] serde_json::Error),
    /// There is no bound for something that is measured.
    #[error("there is no bound for `{0}`; `ci/guard.sh --record` records those of instructions")]
    NoBound(&'static str),
    /// The process cannot be looked at.
    #[error(transparent)]
    Load(#[from] crate::load::Fault),
}

impl Fault {
    pub(super) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
