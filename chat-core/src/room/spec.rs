//! A room that is asked for, and what becomes of it when it is checked.

use std::time::Duration;

use super::{PolicyChange, PolicyDefaults, Presence, RoomKind, RoomPolicy};
use crate::body::Body;
use crate::error::{Error, Invalid, Problem};
use crate::id::{RoomId, UserId};
use crate::limits::Limits;
use crate::text::Title;

/// A room that is asked for; checked when it is used.
///
/// ```
/// # use chat_core::RoomSpec;
/// # use std::time::Duration;
/// let film = RoomSpec::public("Parasite (2019)").with_id("film-496243").with_empty(Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomSpec {
    id: Option<String>,
    kind: RoomKind,
    title: String,
    meta: Option<Body>,
    owner: Option<String>,
    policy: PolicyChange,
}

impl RoomSpec {
    /// A room in the lists.
    #[must_use]
    pub fn public(title: impl Into<String>) -> Self {
        Self::new(RoomKind::Public, title.into())
    }

    /// A room in no list; its id is its key.
    #[must_use]
    pub fn private(title: impl Into<String>) -> Self {
        Self::new(RoomKind::Private, title.into())
    }

    fn new(kind: RoomKind, title: String) -> Self {
        Self { id: None, kind, title, meta: None, owner: None, policy: PolicyChange::default() }
    }

    /// An id of one's own, for example that of the object the room belongs to. Without it, a random
    /// one is made.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// A JSON object of one's own that everybody sees with the room.
    #[must_use]
    pub fn with_meta(mut self, meta: Body) -> Self {
        self.meta = Some(meta);
        self
    }

    /// Who may close it. Without it: the session's user, where a session opens it, else nobody.
    #[must_use]
    pub fn with_owner(mut self, user: impl Into<String>) -> Self {
        self.owner = Some(user.into());
        self
    }

    /// All of what differs from the default policy.
    #[must_use]
    pub fn with_policy(mut self, policy: PolicyChange) -> Self {
        self.policy = policy;
        self
    }

    /// Distinct users at once.
    #[must_use]
    pub fn with_capacity(mut self, users: u32) -> Self {
        self.policy.capacity = Some(users);
        self
    }

    /// Ends the room when nothing was said for this long.
    #[must_use]
    pub fn with_idle(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.policy.idle = Some(after.into());
        self
    }

    /// Ends the room when nobody was in it for this long.
    #[must_use]
    pub fn with_empty(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.policy.empty = Some(after.into());
        self
    }

    /// Ends the room at this age.
    #[must_use]
    pub fn with_max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.policy.max_age = Some(age.into());
        self
    }

    /// How many of the newest things said are kept.
    #[must_use]
    pub fn with_history(mut self, entries: u32) -> Self {
        self.policy.history = Some(entries);
        self
    }

    /// How comings and goings are told.
    #[must_use]
    pub fn with_presence(mut self, presence: Presence) -> Self {
        self.policy.presence = Some(presence);
        self
    }

    /// How long a lost connection may take to come back unnoticed.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.policy.grace = Some(grace);
        self
    }

    /// The id that is asked for, unchecked.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The kind that is asked for.
    #[must_use]
    pub fn kind(&self) -> RoomKind {
        self.kind
    }

    /// The title that is asked for, unchecked.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Checks everything once; what comes out cannot be wrong.
    pub(crate) fn check(
        &self,
        limits: &Limits,
        defaults: &PolicyDefaults,
        opener: Option<&UserId>,
    ) -> Result<NewRoom, Error> {
        let id = match &self.id {
            Some(id) => RoomId::new(id)?,
            None => RoomId::random(),
        };
        if id.is_pair() {
            return Err(Invalid::new("room", Problem::Characters).into());
        }
        let default = match self.kind {
            RoomKind::Public => &defaults.public,
            RoomKind::Private => &defaults.private,
            RoomKind::Pair => return Err(Invalid::new("kind", Problem::Form).into()),
        };
        let policy = self.policy.apply(default);
        policy.check()?;
        if let Some(meta) = &self.meta {
            if meta.len() > limits.meta {
                return Err(Invalid::new("meta", Problem::TooLong { max: limits.meta }).into());
            }
            if !(meta.as_bytes().starts_with(b"{") && meta.as_bytes().ends_with(b"}")) {
                return Err(Invalid::new("meta", Problem::Form).into());
            }
        }
        let owner = match &self.owner {
            Some(owner) => Some(UserId::new(owner)?),
            None => opener.cloned(),
        };
        let title = Title::new(&self.title, limits.title)?;
        Ok(NewRoom { id, kind: self.kind, title, meta: self.meta.clone(), owner, policy })
    }
}

/// A room that is to be opened, everything in it checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoom {
    /// Its id.
    pub id: RoomId,
    /// Its kind.
    pub kind: RoomKind,
    /// Its title.
    pub title: Title,
    /// The host's own JSON object.
    pub meta: Option<Body>,
    /// Who may close it.
    pub owner: Option<UserId>,
    /// What holds in it.
    pub policy: RoomPolicy,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_room_counts_unless_told_otherwise() {
        let check = |spec: RoomSpec| {
            spec.check(&Limits::default(), &PolicyDefaults::default(), None)
                .map(|r| r.policy.presence)
        };
        assert_eq!(check(RoomSpec::public("x").with_capacity(1_000)).unwrap(), Presence::Log);
        assert_eq!(check(RoomSpec::public("x").with_capacity(1_001)).unwrap(), Presence::Count);
        let refused = RoomSpec::public("x").with_capacity(1_001).with_presence(Presence::Log);
        assert_eq!(check(refused).unwrap_err().code(), "bad_request");
    }

    #[test]
    fn bounds_of_a_policy_are_told_in_the_unit_of_their_field() {
        let idle = |idle| RoomPolicy { idle: Some(idle), ..RoomPolicy::open_room() }.check();
        let refused = idle(Duration::from_millis(999)).unwrap_err();
        assert_eq!(refused.to_string(), "idle_s is not within 1 and 2592000");
        assert!(idle(Duration::from_millis(1_500)).is_ok());
        assert!(idle(Duration::from_millis(2_592_000_001)).is_err());
    }

    #[test]
    fn nobody_can_ask_for_a_pair_room() {
        let spec = RoomSpec::public("x").with_id("random~abc");
        let refused = spec.check(&Limits::default(), &PolicyDefaults::default(), None);
        assert_eq!(refused.unwrap_err().code(), "bad_request");
    }
}
