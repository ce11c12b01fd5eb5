//! What can go wrong on the way to Redis, and what follows from it: whether a step certainly was not run, so that it may
//! be sent again; whether the server has to be looked for anew; whether the caller may try again.
//!
//! Messages name servers, error codes and keys, never what users said, and never a password.

use std::error::Error as StdError;
use std::sync::Arc;

use chat_core::StoreError;
use redis::{ErrorKind, RedisError, ServerError};

use crate::address::Address;

/// How a version is called that has no way to tell.
pub(crate) const BEFORE_6: &str = "(before 6)";

/// Why a step was not done, or nobody knows whether it was.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Fault {
    /// No connection could be made.
    #[error("{at} cannot be reached")]
    Unreachable {
        at: Address,
        #[source]
        source: Arc<dyn StdError + Send + Sync>,
    },
    /// The server does not take these credentials.
    #[error("{at} refuses the user or the password")]
    Refused { at: Address },
    /// The server said no.
    #[error("Redis says {code}: {text}")]
    Said { code: Arc<str>, text: Arc<str> },
    /// The connection broke while the answer was awaited.
    #[error("the connection broke before the answer came")]
    Broken,
    /// Nothing came in time.
    #[error("no answer came in time")]
    Late,
    /// The Sentinels know no such master, or none of them answers.
    #[error("no Sentinel of {asked} knows a master of this name")]
    NoMaster { asked: usize },
    /// No node of the cluster tells who serves all slots.
    #[error("no node of the cluster tells who serves all slots")]
    NoSlots,
    /// The answer is not one that Redis gives.
    #[error("an answer was not of the form that it should have")]
    Odd,
    /// The store was made otherwise.
    #[error(transparent)]
    Disagrees(#[from] Disagreement),
}

/// What is kept was made by somebody with other settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Disagreement {
    #[error("Redis {version} is older than 7")]
    Version { version: String },
    #[error("the server says that it is {mode}; the URL for that begins with {url}")]
    Mode { mode: String, url: &'static str },
    #[error("something else is kept as {key}")]
    Foreign { key: String },
    #[error("what is kept has {kept} shards, and {asked} are asked for")]
    Shards { kept: String, asked: u16 },
    #[error("what is kept has format {kept}, and this program writes format {ours}")]
    Format { kept: String, ours: u32 },
}

/// What follows from what a server said.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// Certainly not run: this server serves something else now, or nothing for the moment.
    Elsewhere(Fault),
    /// Certainly not run: the server does not know the script.
    NoScript,
    /// It is refused, or nobody knows how far it came.
    No(Fault),
}

/// What follows from an error of the server's.
pub(crate) fn said(error: &ServerError) -> Said {
    let code = error.code();
    let fault = said_so(error);
    match code {
        "NOSCRIPT" => Said::NoScript,
        "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "READONLY" | "LOADING"
        | "BUSY" => Said::Elsewhere(fault),
        _ => Said::No(fault),
    }
}

/// The error as a fault, without what a server repeats of a command.
pub(crate) fn said_so(error: &ServerError) -> Fault {
    Fault::Said { code: error.code().into(), text: clean(error.details().unwrap_or_default()) }
}

fn clean(text: &str) -> Arc<str> {
    let text = text.split_once(", with args beginning").map_or(text, |(text, _)| text);
    text.chars().filter(|c| !c.is_control()).take(300).collect::<String>().into()
}

impl Fault {
    /// A replica would say so to whatever is written.
    pub(crate) fn read_only() -> Self {
        Self::Said { code: "READONLY".into(), text: "it is a replica, which only reads".into() }
    }

    /// What it means that a connection could not be made.
    pub(crate) fn connecting(at: &Address, error: RedisError) -> Self {
        let code = error.code().unwrap_or_default();
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Refused { at: at.clone() },
            ErrorKind::Server(_) | ErrorKind::Extension
                if matches!(code, "WRONGPASS" | "NOAUTH") =>
            {
                Self::Refused { at: at.clone() }
            }
            ErrorKind::Server(_) | ErrorKind::Extension => {
                Self::Said { code: code.into(), text: clean(error.detail().unwrap_or_default()) }
            }
            // Before version 6 there is no such protocol.
            ErrorKind::RESP3NotSupported => {
                Disagreement::Version { version: BEFORE_6.to_owned() }.into()
            }
            _ => Self::unreachable(at, error),
        }
    }

    /// The same by anything else that failed.
    pub(crate) fn unreachable(at: &Address, source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unreachable { at: at.clone(), source: Arc::new(source) }
    }

    /// The same, where it was this server's greeting.
    pub(crate) fn at(self, at: &Address) -> Self {
        match self {
            Self::Said { code, .. } if &*code == "NOAUTH" => Self::Refused { at: at.clone() },
            Self::Broken | Self::Late => Self::unreachable(at, self),
            fault => fault,
        }
    }

    /// Whether it may go otherwise the next time.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Refused { .. } | Self::Broken | Self::Late => true,
            Self::NoMaster { .. } | Self::NoSlots => true,
            Self::Odd | Self::Disagrees(_) => false,
            Self::Said { code, text } if &**code == "ERR" => {
                text.starts_with("max number of clients")
            }
            Self::Said { code, .. } => matches!(
                &**code,
                "OOM"
                    | "MISCONF"
                    | "NOREPLICAS"
                    | "NOSCRIPT"
                    | "NOAUTH"
                    | "MOVED"
                    | "ASK"
                    | "TRYAGAIN"
                    | "CLUSTERDOWN"
                    | "MASTERDOWN"
                    | "READONLY"
                    | "LOADING"
                    | "BUSY"
            ),
        }
    }

    /// The store's error for an operation.
    pub(crate) fn of(self, op: &'static str) -> StoreError {
        StoreError::Failed { op, retryable: self.is_retryable(), source: Box::new(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: &str) -> ServerError {
        match redis::parse_redis_value(format!("-{line}\r\n").as_bytes()) {
            Ok(redis::Value::ServerError(error)) => error,
            other => panic!("{line} is no error: {other:?}"),
        }
    }

    #[test]
    fn what_was_not_run_may_be_sent_again() {
        for line in ["MOVED 7 10.0.0.1:1", "TRYAGAIN x", "READONLY x", "LOADING x", "BUSY x"] {
            assert!(matches!(said(&error(line)), Said::Elsewhere(_)), "{line}");
        }
        assert!(matches!(said(&error("NOSCRIPT no such script")), Said::NoScript));
        for line in ["OOM x", "WRONGTYPE x", "CORRUPT x", "NOPERM x", "ERR x"] {
            assert!(matches!(said(&error(line)), Said::No(_)), "{line}");
        }
    }

    #[test]
    fn what_passes_is_retryable_and_what_stays_is_not() {
        for (line, retryable) in [
            ("OOM command not allowed", true),
            ("MISCONF x", true),
            ("LOADING x", true),
            ("ERR max number of clients reached", true),
            ("WRONGTYPE x", false),
            ("CORRUPT a room's record is not whole", false),
            ("NOPERM x", false),
            ("ERR x", false),
        ] {
            assert_eq!(said_so(&error(line)).is_retryable(), retryable, "{line}");
        }
        assert!(Fault::Late.is_retryable() && Fault::Broken.is_retryable());
    }

    #[test]
    fn what_was_sent_is_not_repeated() {
        let fault =
            said_so(&error("ERR unknown command 'EVALSHA', with args beginning with: 'secret' "));
        assert_eq!(fault.to_string(), "Redis says ERR: unknown command 'EVALSHA'");
    }
}
