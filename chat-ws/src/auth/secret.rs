//! What tokens are signed with.

use std::fmt;

/// Bytes that nobody else knows. Nodes of one chat share it.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

/// A secret that could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret needs at least {} bytes", Secret::LEAST)]
pub struct TooShort;

impl Secret {
    /// The fewest bytes: as many as the hash has, below which it is what is guessed.
    pub const LEAST: usize = 32;

    /// These bytes.
    ///
    /// # Errors
    /// Where there are fewer than [`Secret::LEAST`].
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Result<Self, TooShort> {
        let bytes = bytes.into();
        if bytes.len() < Self::LEAST { Err(TooShort) } else { Ok(Self(bytes)) }
    }

    /// A new one: tokens signed with it are good as long as it is kept.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = vec![0; Self::LEAST];
        // The operating system's generator fails only on machines on which nothing else would work either.
        #[allow(clippy::expect_used)]
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(bytes.into())
    }

    /// The bytes, for those who keep them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
