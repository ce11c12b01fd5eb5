//! Why a run has no result.

use std::io;
use std::process::ExitStatus;

use crate::socket::Broken;

/// What went wrong. A run with a fault has no figures: half a measurement is none.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The system would not.
    #[error("{what}")]
    System {
        /// What was attempted.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// Any of the others, with what the server has said to it.
    #[error("{fault}; the server said `{said}`")]
    Explained {
        /// What went wrong.
        fault: Box<Self>,
        /// Its last complaint.
        said: Box<str>,
    },
    /// What is to be compared with is not installed.
    #[error("there is no `{0}`: {1} installs it")]
    NotInstalled(Box<str>, &'static str),
    /// The server ended by itself, or before it was ready.
    #[error("the server has ended: {0}")]
    Ended(ExitStatus),
    /// What the server said first was not where it listens.
    #[error("the server did not say where it listens")]
    NotReady,
    /// Not `ws://`, or not of this machine.
    #[error("`{0}` is not a `ws://` URL of this machine (loopback)")]
    Url(Box<str>),
    /// The process that is to be watched cannot be.
    #[error("there is no process {0}, or it cannot be looked at")]
    NoProcess(u32),
    /// More connections than this process may have files.
    #[error(
        "{wanted} connections are more than the {possible} that the limit of open files allows"
    )]
    TooMany {
        /// Asked for.
        wanted: usize,
        /// Possible.
        possible: usize,
    },
    /// The server would not upgrade.
    #[error("the server did not upgrade connection {0}")]
    NotUpgraded(usize),
    /// The server closed a connection.
    #[error("the server closed connection {0}")]
    Closed(usize),
    /// A frame that nobody can read.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A text frame that is not chat.v1.
    #[error("a frame that is not chat.v1")]
    NotChat(#[source] serde_json::Error),
    /// A text frame that is not of the dialect that the server is to speak.
    #[error("a frame that is not understood: {0}")]
    NotUnderstood(Box<str>),
    /// A command was refused.
    #[error("refused: {0}")]
    Refused(Box<str>),
    /// An event that must not come in a measurement.
    #[error("the server sent `{0}`")]
    Unexpected(Box<str>),
    /// Entries of a room are numbered without holes, and these were not.
    #[error("void: connection {link} was given entry {given} after {last}")]
    Hole {
        /// Whose.
        link: usize,
        /// The last one before.
        last: u64,
        /// The next one.
        given: u64,
    },
    /// A message came that must not have, or not then.
    #[error("void: connection {link} was given message {number}, {what}")]
    Stray {
        /// To whom.
        link: usize,
        /// Which one.
        number: usize,
        /// What is wrong with that.
        what: &'static str,
    },
    /// Not each member got each message.
    #[error("void: {delivered} deliveries, and {expected} were due")]
    Void {
        /// Members × messages.
        expected: u64,
        /// What came.
        delivered: u64,
    },
    /// A connection was given what it should not have been, or not what it should.
    #[error("void: connection {link} {what}")]
    Spoiled {
        /// Whose.
        link: usize,
        /// What.
        what: &'static str,
    },
    /// Nothing more came.
    #[error("nothing came for {0} s while waiting for {1}")]
    Silence(u64, &'static str),
    /// A run that would measure nothing.
    #[error("{0}")]
    Settings(&'static str),
}

impl Fault {
    /// For `map_err`: what was attempted when the system said no.
    pub(super) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
