//! Who a connection is.
//!
//! [`Authenticate`] is asked once for each `hello`. [`Tokens`] is the one that comes along: tokens of a site, and users without an
//! account who are given a token of their own.

mod jwt;
mod secret;
mod tokens;

use std::net::IpAddr;

use async_trait::async_trait;
use chat_core::User;

pub use jwt::{BadKey, JwtKey};
pub use secret::{Secret, TooShort};
pub use tokens::Tokens;

use crate::upgrade::Upgrade;

/// Says who a connection is.
#[async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// Who this is. Takes as long as the rest of the time for `hello` at the most; dropped if the connection goes.
    async fn authenticate(&self, who: Credentials<'_>) -> Result<Admitted, Denied>;
}

/// What a connection shows.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Credentials<'a> {
    /// The token of `hello`.
    pub token: Option<&'a str>,
    /// The name that is wished for. Not checked yet.
    pub name: Option<&'a str>,
    /// The request that the connection began with: cookies, headers of a trusted proxy.
    pub upgrade: &'a Upgrade,
    /// The client's address, behind the proxies that are trusted.
    pub client: Option<IpAddr>,
    /// Who the transport knows this to be ([`Admission::with_user`](crate::Admission::with_user)).
    pub known: Option<&'a User>,
}

/// Neither token nor cookies belong in logs.
impl std::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("token", &self.token.is_some())
            .field("client", &self.client)
            .field("known", &self.known.is_some())
            .finish_non_exhaustive()
    }
}

/// Somebody who may come in.
#[derive(Clone)]
pub struct Admitted {
    user: User,
    token: Option<Box<str>>,
}

impl Admitted {
    /// As this user.
    #[must_use]
    pub fn new(user: User) -> Self {
        Self { user, token: None }
    }

    /// With a token that brings the same user back, told in the reply to `hello`.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<Box<str>>) -> Self {
        self.token = Some(token.into());
        self
    }

    pub(crate) fn into_parts(self) -> (User, Option<Box<str>>) {
        (self.user, self.token)
    }
}

impl std::fmt::Debug for Admitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admitted").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Why somebody may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// Bad or missing credentials: the connection is closed.
    #[error("bad or missing credentials")]
    Unauthorized,
    /// They cannot be checked now; `hello` may be said again.
    #[error("credentials cannot be checked now")]
    Unavailable,
}
