//! Why a store cannot be had.

use std::error::Error as StdError;

use chat_core::StoreError;

use crate::link::fault::{Disagreement, Fault};
use crate::url::Wrong;

/// Why [`connect`](crate::connect) did not give a backend. No password is ever in a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL, or a setting, is not what it should be.
    #[error("{part} {problem}")]
    Setting {
        /// Which part of the URL, or which setting.
        part: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A certificate or a key cannot be read.
    #[error("{what} cannot be used for TLS")]
    Tls {
        /// What it is.
        what: &'static str,
        /// Why not.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A server does not answer.
    #[error("{at} cannot be reached")]
    Unreachable {
        /// Its address.
        at: String,
        /// Why not.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A server refuses the user or the password.
    #[error("{at} refuses the user or the password")]
    Refused {
        /// Its address.
        at: String,
    },
    /// The user may not do what is needed; the README has the line for the ACL.
    #[error("the user lacks a permission: {said}")]
    NotPermitted {
        /// What Redis says.
        said: String,
    },
    /// Redis is older than 7.
    #[error("Redis {version} is too old: 7 is needed, or Valkey")]
    TooOld {
        /// Its version.
        version: String,
    },
    /// The URL names another kind of server than there is.
    #[error("the server says that it is {mode}; the URL for that begins with {url}")]
    Mode {
        /// What the server says it is.
        mode: String,
        /// What the URL should begin with.
        url: &'static str,
    },
    /// The key at which a store begins is taken by something else; another prefix is needed.
    #[error("something else is kept as {key}")]
    Foreign {
        /// The key.
        key: String,
    },
    /// The store was made with another number of shards, which cannot be changed.
    #[error("this store was made with {kept} shards, and {asked} are asked for")]
    Shards {
        /// How many there are.
        kept: String,
        /// How many were asked for.
        asked: u16,
    },
    /// The store was written by a program of another version.
    #[error("this store has format {kept}, and this program writes format {ours}")]
    Format {
        /// What is kept.
        kept: String,
        /// What this program writes.
        ours: u32,
    },
    /// No Sentinel knows a master of this name.
    #[error("no Sentinel knows a master of the name that was given")]
    NoMaster,
    /// Anything else, such as a server that is only just starting.
    #[error(transparent)]
    Failed(Box<dyn StdError + Send + Sync>),
}

impl From<Wrong> for ConnectError {
    fn from(wrong: Wrong) -> Self {
        Self::Setting { part: wrong.part, problem: wrong.problem }
    }
}

impl From<Fault> for ConnectError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unreachable { at, source } => {
                Self::Unreachable { at: at.to_string(), source: Box::new(source) }
            }
            Fault::Refused { at } => Self::Refused { at: at.to_string() },
            Fault::Said { code, text } if &*code == "NOPERM" => {
                Self::NotPermitted { said: text.to_string() }
            }
            Fault::NoMaster { .. } => Self::NoMaster,
            Fault::Disagrees(Disagreement::Version { version }) => Self::TooOld { version },
            Fault::Disagrees(Disagreement::Mode { mode, url }) => Self::Mode { mode, url },
            Fault::Disagrees(Disagreement::Foreign { key }) => Self::Foreign { key },
            Fault::Disagrees(Disagreement::Shards { kept, asked }) => Self::Shards { kept, asked },
            Fault::Disagrees(Disagreement::Format { kept, ours }) => Self::Format { kept, ours },
            fault => Self::Failed(Box::new(fault)),
        }
    }
}

impl From<StoreError> for ConnectError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Failed { source, .. } => match source.downcast::<Fault>() {
                Ok(fault) => (*fault).into(),
                Err(source) => Self::Failed(source),
            },
            error => Self::Failed(Box::new(error)),
        }
    }
}
