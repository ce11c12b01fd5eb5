//! How a connection ends.

use chat_core::ByeWhy;

/// Why a connection is closed by this side, each with its code on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Close {
    /// The server goes away; the client comes back, with jitter, and resumes.
    Drain,
    /// More waits for this connection than it may hold; the client comes back and resumes.
    Slow,
    /// No sign of life.
    Silent,
    /// Again and again what is no command, or no WebSocket.
    Protocol,
    /// Bad or missing credentials.
    Unauthorized,
    /// Put out by the host.
    Kicked,
    /// Another connection took its place.
    Replaced,
    /// No `hello` in time.
    NoHello,
    /// A frame larger than allowed.
    TooLarge,
    /// Over the rate limit again and again.
    TooFast,
    /// The engine let the session go without saying why.
    Gone,
}

impl Close {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::Drain,
        Self::Slow,
        Self::Silent,
        Self::Protocol,
        Self::Unauthorized,
        Self::Kicked,
        Self::Replaced,
        Self::NoHello,
        Self::TooLarge,
        Self::TooFast,
        Self::Gone,
    ];

    /// The close code.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            // Whoever was let go without a reason may come back.
            Self::Drain | Self::Gone => 4000,
            Self::Slow => 4001,
            Self::Silent => 4002,
            Self::Protocol => 4400,
            Self::Unauthorized => 4401,
            // Two connections that take each other's place would do so for ever: who was replaced stays away.
            Self::Kicked | Self::Replaced => 4403,
            Self::NoHello => 4408,
            Self::TooLarge => 4413,
            Self::TooFast => 4429,
        }
    }

    /// The word for it: the `why` of `bye`, and the reason in the close frame.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Slow => "slow",
            Self::Silent => "silent",
            Self::Protocol => "protocol",
            Self::Unauthorized => "unauthorized",
            Self::Kicked => "kicked",
            Self::Replaced => "replaced",
            Self::NoHello => "no_hello",
            Self::TooLarge => "too_large",
            Self::TooFast => "too_fast",
            Self::Gone => "gone",
        }
    }
}

impl From<ByeWhy> for Close {
    fn from(why: ByeWhy) -> Self {
        match why {
            ByeWhy::Drain => Self::Drain,
            ByeWhy::Kicked => Self::Kicked,
            ByeWhy::Replaced => Self::Replaced,
            ByeWhy::Slow => Self::Slow,
            _ => Self::Gone,
        }
    }
}
