//! Why a command is not carried out, as its reply says it.

use std::borrow::Cow;
use std::time::Duration;

use chat_core::{Error, Invalid, RoomId};

/// A command that was refused, or failed.
#[derive(Debug)]
pub(crate) enum Refused {
    /// By the engine.
    Engine(Error),
    /// The frame is not a command.
    NotACommand,
    /// Nothing of this name can be done.
    Unknown,
    /// There was no `hello`, or its credentials are not good.
    Unauthorized,
    /// A second `hello`.
    Twice,
    /// Too many commands in too short a time.
    RateLimited {
        /// When the next one may be sent.
        retry: Duration,
    },
    /// Whoever says who somebody is cannot be asked.
    AuthAway,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<Invalid> for Refused {
    fn from(invalid: Invalid) -> Self {
        Self::Engine(invalid.into())
    }
}

impl Refused {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Engine(error) => error.code(),
            Self::NotACommand | Self::Twice => "bad_request",
            Self::Unknown => "unknown_command",
            Self::Unauthorized => "unauthorized",
            Self::RateLimited { .. } => "rate_limited",
            Self::AuthAway => "unavailable",
        }
    }

    /// For people. What a store says of itself stays here.
    pub(crate) fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Engine(Error::Store { .. }) => "the store cannot do this now".into(),
            Self::Engine(error) => error.to_string().into(),
            Self::NotACommand => {
                "not a command: one JSON object, with a whole number as id, and do".into()
            }
            Self::Unknown => "there is no such command".into(),
            Self::Unauthorized => "say hello first, with good credentials".into(),
            Self::Twice => "hello was said already".into(),
            Self::RateLimited { .. } => "too many commands".into(),
            Self::AuthAway => "credentials cannot be checked now".into(),
        }
    }

    pub(crate) fn retry(&self) -> Option<Duration> {
        match self {
            Self::Engine(error) => error.retry_after(),
            Self::RateLimited { retry } => Some(*retry),
            Self::AuthAway => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// Why a room has closed.
    pub(crate) fn why(&self) -> Option<&'static str> {
        match self {
            Self::Engine(Error::RoomClosed { why }) => Some(why.as_str()),
            _ => None,
        }
    }

    /// The room in which somebody is who wanted another.
    pub(crate) fn room(&self) -> Option<&RoomId> {
        match self {
            Self::Engine(Error::AlreadyMatched { room }) => Some(room),
            _ => None,
        }
    }

    /// The field that is wrong.
    pub(crate) fn field(&self) -> Option<&'static str> {
        match self {
            Self::Engine(Error::Invalid(invalid)) => Some(invalid.field()),
            _ => None,
        }
    }

    /// Whether it is a fault on this side, for the operator to look into.
    pub(crate) fn is_fault(&self) -> bool {
        matches!(self, Self::Engine(Error::Store { retryable: false, .. } | Error::Hook))
    }
}
