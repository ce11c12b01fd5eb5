//! What can go wrong, each with the code under which it is known in Rust, on the wire and in Python.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::id::RoomId;
use crate::why::CloseWhy;

/// The result of most operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong with a value that came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It is empty.
    Empty,
    /// It is longer than allowed.
    TooLong {
        /// The most that is allowed.
        max: usize,
    },
    /// It holds characters that are not allowed.
    Characters,
    /// It is outside its bounds.
    OutOfRange {
        /// The least that is allowed.
        min: u64,
        /// The most that is allowed.
        max: u64,
    },
    /// There are more of them than allowed.
    TooMany {
        /// The most that is allowed.
        max: usize,
    },
    /// It contradicts another field.
    Contradiction,
    /// It is not of the form that is asked for.
    Form,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::TooLong { max } => write!(f, "is longer than {max}"),
            Self::Characters => f.write_str("has characters that are not allowed"),
            Self::OutOfRange { min, max } => write!(f, "is not within {min} and {max}"),
            Self::TooMany { max } => write!(f, "has more than {max}"),
            Self::Contradiction => f.write_str("contradicts another field"),
            Self::Form => f.write_str("is not of the form that is asked for"),
        }
    }
}

/// A field whose value is refused, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct Invalid {
    field: &'static str,
    problem: Problem,
}

impl Invalid {
    /// A refusal of the field.
    #[must_use]
    pub fn new(field: &'static str, problem: Problem) -> Self {
        Self { field, problem }
    }

    /// The field, as it is called on the wire.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        self.problem
    }
}

/// A host's own words for why something is denied: one line, at most 200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(Box<str>);

impl Reason {
    /// Takes over a text: control characters become spaces, the rest is cut after 200 characters.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let line: String =
            text.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self(line.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bound that was met; see [`crate::Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// Sessions of this engine.
    Sessions,
    /// Sessions of one user on this engine.
    SessionsOfUser,
    /// Rooms that one session is in.
    RoomsOfSession,
    /// Rooms in the store.
    Rooms,
    /// Pools in the store.
    Pools,
    /// Users waiting in a pool.
    Waiting,
    /// Pools in which one session waits.
    PoolsOfSession,
    /// Lists that one session watches.
    WatchesOfSession,
    /// Lists (order and length) that this engine computes.
    Lists,
    /// Ids in one question.
    Ids,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sessions => "sessions",
            Self::SessionsOfUser => "sessions of one user",
            Self::RoomsOfSession => "rooms of one session",
            Self::Rooms => "rooms",
            Self::Pools => "pools",
            Self::Waiting => "users waiting in one pool",
            Self::PoolsOfSession => "pools of one session",
            Self::WatchesOfSession => "watched lists of one session",
            Self::Lists => "watched lists",
            Self::Ids => "ids in one question",
        })
    }
}

/// Why an operation was refused, or could not be done.
///
/// Refusals are the caller's doing and will be refused again; [`Error::Store`] and
/// [`Error::Overloaded`] are not, and may be tried again where [`Error::retry_after`] says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field of the request is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Not allowed to this user.
    #[error("not allowed{}", reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default())]
    Forbidden {
        /// The host's own words, where it gave some.
        reason: Option<Reason>,
    },
    /// There is no such room.
    #[error("there is no such room")]
    NoSuchRoom,
    /// A room of this id is open already.
    #[error("a room of this id is open already")]
    RoomExists,
    /// The room holds as many users as it may.
    #[error("the room is full")]
    RoomFull,
    /// The room has closed.
    #[error("the room has closed: {why}")]
    RoomClosed {
        /// What ended it.
        why: CloseWhy,
    },
    /// This session is not in the room.
    #[error("not in this room")]
    NotMember,
    /// This user does not wait in the pool.
    #[error("not waiting in this pool")]
    NotWaiting,
    /// This user has a partner in the pool already.
    #[error("matched already")]
    AlreadyMatched {
        /// The room of the two.
        room: RoomId,
    },
    /// A body is larger than allowed.
    #[error("{what} is larger than {max} bytes")]
    TooLarge {
        /// Which part of the request.
        what: &'static str,
        /// The most that is allowed, in bytes.
        max: usize,
    },
    /// A bound of [`crate::Limits`] is met.
    #[error("too many {bound}: at most {max}")]
    TooMany {
        /// Which bound.
        bound: Bound,
        /// Its value.
        max: usize,
    },
    /// More is asked of this engine than it can do now.
    #[error("overloaded")]
    Overloaded,
    /// The session has ended.
    #[error("the session has ended")]
    SessionOver,
    /// The engine is shutting down, or has.
    #[error("the engine is shutting down")]
    ShutDown,
    /// A hook of the host failed, or took longer than its budget, and the engine fails closed.
    #[error("a hook did not answer")]
    Hook,
    /// The store failed.
    #[error("the store failed at {op}")]
    Store {
        /// The operation that failed.
        op: &'static str,
        /// Whether it may work when tried again.
        retryable: bool,
        /// What the store says.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    /// The code under which this is known on the wire and in Python.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "bad_request",
            Self::Forbidden { .. } => "forbidden",
            Self::NoSuchRoom => "no_such_room",
            Self::RoomExists => "room_exists",
            Self::RoomFull => "room_full",
            Self::RoomClosed { .. } => "room_closed",
            Self::NotMember => "not_member",
            Self::NotWaiting => "not_waiting",
            Self::AlreadyMatched { .. } => "already_matched",
            Self::TooLarge { .. } => "too_large",
            Self::TooMany { .. } => "too_many",
            Self::Overloaded => "overloaded",
            Self::SessionOver | Self::ShutDown | Self::Hook => "unavailable",
            Self::Store { retryable: true, .. } => "unavailable",
            Self::Store { retryable: false, .. } => "internal",
        }
    }

    /// How long to wait before the same may work; `None` where waiting does not help.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded
            | Self::ShutDown
            | Self::Hook
            | Self::Store { retryable: true, .. } => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// A refusal without further words.
    pub(crate) fn forbidden() -> Self {
        Self::Forbidden { reason: None }
    }
}

/// Why a store could not do an operation. Expected outcomes are values of the operation, not these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The node and incarnation that ask are over: their lease ran out and was judged.
    #[error("this incarnation of the node is over")]
    Fenced,
    /// A bound of the store is met.
    #[error("too many {bound}: at most {max}")]
    TooMany {
        /// Which bound.
        bound: Bound,
        /// Its value.
        max: usize,
    },
    /// The store cannot be reached, or what it keeps cannot be read.
    #[error("the store failed at {op}")]
    Failed {
        /// The operation that failed.
        op: &'static str,
        /// Whether it may work when tried again.
        retryable: bool,
        /// What is behind it.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooMany { bound, max } => Self::TooMany { bound, max },
            StoreError::Failed { op, retryable, source } => Self::Store { op, retryable, source },
            fenced @ StoreError::Fenced => {
                Self::Store { op: "write", retryable: true, source: Box::new(fenced) }
            }
        }
    }
}
