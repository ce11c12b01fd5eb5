//! Who somebody is.

use crate::error::{Error, Invalid};
use crate::id::UserId;
use crate::limits::Limits;
use crate::text::Name;

/// Who connects: a request, checked when it is used.
///
/// ```
/// # use chat_core::User;
/// let kim = User::named("42", "Kim");
/// let somebody = User::anonymous();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    id: Option<String>,
    name: Option<String>,
}

impl User {
    /// A user of the host: its id for them, and the name that others see.
    #[must_use]
    pub fn named(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: Some(id.into()), name: Some(name.into()) }
    }

    /// A user without an account, under a new random id and a name made from it.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { id: None, name: None }
    }

    /// The same user under this name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Checks id and name against the limits.
    pub(crate) fn check(&self, limits: &Limits) -> Result<Identity, Error> {
        let id = match &self.id {
            Some(id) => UserId::new(id)?,
            None => UserId::anonymous(),
        };
        let name = match &self.name {
            Some(name) => Name::new(name, limits.name)?,
            None => Identity::made_name(&id),
        };
        Ok(Identity { id, name })
    }
}

/// A user whose id and name have been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The id.
    pub id: UserId,
    /// The name that others see.
    pub name: Name,
}

impl Identity {
    /// A checked user.
    ///
    /// # Errors
    /// Where the id or the name is not allowed.
    pub fn new(id: &str, name: &str) -> Result<Self, Invalid> {
        Ok(Self { id: UserId::new(id)?, name: Name::new(name, Limits::default().name)? })
    }

    /// The name of somebody who gave none: from the first letters of a made id.
    #[must_use]
    pub fn made_name(id: &UserId) -> Name {
        let letters: String = id.as_str().chars().skip(2).take(4).collect();
        Name::stored(&format!("guest-{letters}"))
    }
}
