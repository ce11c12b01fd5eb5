//! Reasons: why something ended, was skipped, or is not given. Each is a word on the wire, the same everywhere.

use crate::words::words;

/// How a user left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeftWhy {
    /// They said so.
    Left,
    /// Their connection was lost and did not come back in time.
    Lost,
    /// They were put out.
    Kicked,
}

words!(LeftWhy, "why", {
    Left => "left",
    Lost => "lost",
    Kicked => "kicked",
});

/// What ended a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseWhy {
    /// Nothing was said for as long as the policy allows.
    Idle,
    /// Nobody was in it for as long as the policy allows.
    Empty,
    /// One of the two in a pair room went.
    PartnerLeft,
    /// Its owner closed it.
    Owner,
    /// The host closed it.
    Admin,
    /// It reached the greatest age that the policy allows.
    MaxAge,
}

words!(CloseWhy, "why", {
    Idle => "idle",
    Empty => "empty",
    PartnerLeft => "partner_left",
    Owner => "owner",
    Admin => "admin",
    MaxAge => "max_age",
});

/// Why a log cannot be continued from a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LostWhy {
    /// The log began anew, or is not the one that was read.
    Epoch,
    /// The gap is older than what is kept, or longer than is given.
    Trimmed,
}

words!(LostWhy, "why", {
    Epoch => "epoch",
    Trimmed => "trimmed",
});

/// Why entries were skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResetWhy {
    /// The session reads more slowly than the room talks.
    Slow,
    /// Its node was given up, and could not enter it again.
    Fenced,
    /// The room's log is not the one that was read.
    Epoch,
}

words!(ResetWhy, "why", {
    Slow => "slow",
    Fenced => "fenced",
    Epoch => "epoch",
});

/// Why a session no longer waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnmatchedWhy {
    /// Another connection of the user waits in its place, or withdrew for all of them.
    Replaced,
    /// The match that was proposed was not confirmed for this session in time, or its node was given up.
    Lapsed,
}

words!(UnmatchedWhy, "why", {
    Replaced => "replaced",
    Lapsed => "lapsed",
});

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ByeWhy {
    /// The engine shuts down.
    Drain,
    /// The host ended it.
    Kicked,
    /// Another connection took its place.
    Replaced,
    /// Too much waits for it.
    Slow,
    /// Its owner let it go.
    Gone,
}

words!(ByeWhy, "why", {
    Drain => "drain",
    Kicked => "kicked",
    Replaced => "replaced",
    Slow => "slow",
    Gone => "gone",
});
