//! Who somebody is.

use crate::error::Error;
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
    /// A user of the host who gave no name, or one without an account who comes back with the id they were given:
    /// others see a name that is made.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), name: None }
    }

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

    /// The id that was given; `None` for one that is made when it is used.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The name that was given, as it was.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
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
    /// The name of somebody who gave none: from the first letters of a made id. An id of the host's own is not shown in
    /// part (it may be an address): its name is plainly `guest`.
    #[must_use]
    pub fn made_name(id: &UserId) -> Name {
        match id.as_str().strip_prefix("u_").or_else(|| id.as_str().strip_prefix("a_")) {
            Some(made) => {
                let letters: String = made.chars().take(4).collect();
                Name::stored(&format!("guest-{letters}"))
            }
            None => Name::stored("guest"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_has_the_name_they_had() {
        let first = User::anonymous().check(&Limits::default()).unwrap();
        let again = User::new(first.id.as_str()).check(&Limits::default()).unwrap();
        assert_eq!(again, first);
        assert!(again.name.as_str().starts_with("guest-"));
    }

    #[test]
    fn an_id_of_the_hosts_is_not_shown_as_a_name() {
        for id in ["7", "kim@example.org"] {
            assert_eq!(User::new(id).check(&Limits::default()).unwrap().name, "guest");
        }
    }
}
