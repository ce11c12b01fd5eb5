//! Rooms: what is asked for, what holds in them, and what others see of them.

use std::sync::Arc;
use std::time::Duration;

use crate::body::Body;
use crate::entry::Entry;
use crate::error::{Error, Invalid, Problem};
use crate::id::{Epoch, RoomId, UserId};
use crate::limits::Limits;
use crate::text::Title;
use crate::time::Timestamp;
use crate::words::words;

/// Who may see a room, and who may join it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomKind {
    /// In the lists; open to all.
    Public,
    /// In no list; whoever has its id may join.
    Private,
    /// For two who were matched. Made by matching only.
    Pair,
}

words!(RoomKind, "kind", {
    Public => "public",
    Private => "private",
    Pair => "pair",
});

/// How comings and goings are told to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Each is an entry of the log.
    Log,
    /// Only the number is told, at most four times a second.
    Count,
}

words!(Presence, "presence", {
    Log => "log",
    Count => "count",
});

/// What holds in a room. `None` for a time means never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomPolicy {
    /// Distinct users at once.
    pub capacity: u32,
    /// The room ends when nothing was said for this long.
    pub idle: Option<Duration>,
    /// The room ends when nobody was in it for this long.
    pub empty: Option<Duration>,
    /// The room ends at this age.
    pub max_age: Option<Duration>,
    /// How many of the newest things said are kept.
    pub history: u32,
    /// How comings and goings are told.
    pub presence: Presence,
    /// How long a lost connection may take to come back unnoticed.
    pub grace: Duration,
}

impl RoomPolicy {
    /// The largest room in which every coming and going is an entry: in a room of m, notices make m²
    /// deliveries.
    pub const LOG_CAPACITY: u32 = 1_000;
    const DAY: Duration = Duration::from_secs(24 * 3600);
    const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

    /// What holds in public and private rooms where nothing else is asked for.
    #[must_use]
    pub fn open_room() -> Self {
        Self {
            capacity: Self::LOG_CAPACITY,
            idle: None,
            empty: Some(Self::DAY),
            max_age: None,
            history: 500,
            presence: Presence::Log,
            grace: Duration::from_secs(5),
        }
    }

    /// What holds in pair rooms where nothing else is asked for.
    #[must_use]
    pub fn pair() -> Self {
        Self { capacity: 2, idle: Some(Duration::from_secs(600)), empty: None, ..Self::open_room() }
    }

    /// Checks all bounds.
    ///
    /// # Errors
    /// Names the first field that is outside its bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        let within = |field, ok, min, max| {
            if ok { Ok(()) } else { Err(Invalid::new(field, Problem::OutOfRange { min, max })) }
        };
        let range =
            |field, value: u64, min, max| within(field, (min..=max).contains(&value), min, max);
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        range("capacity", self.capacity.into(), 1, 100_000)?;
        range("history", self.history.into(), 0, 10_000)?;
        range("grace_ms", millis(self.grace), 0, 60_000)?;
        for (field, time) in
            [("idle_s", self.idle), ("empty_s", self.empty), ("max_age_s", self.max_age)]
        {
            if let Some(time) = time {
                // Told in the unit of the field, compared as exactly as it was given.
                let (min, max) = (Duration::from_secs(1), Self::LONGEST);
                within(field, (min..=max).contains(&time), min.as_secs(), max.as_secs())?;
            }
        }
        if self.presence == Presence::Log && self.capacity > Self::LOG_CAPACITY {
            return Err(Invalid::new("presence", Problem::Contradiction));
        }
        Ok(())
    }
}

/// The policy of each kind of room, where a spec does not ask for something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDefaults {
    /// For public rooms.
    pub public: RoomPolicy,
    /// For private rooms.
    pub private: RoomPolicy,
    /// For pair rooms.
    pub pair: RoomPolicy,
}

impl Default for PolicyDefaults {
    fn default() -> Self {
        Self {
            public: RoomPolicy::open_room(),
            private: RoomPolicy::open_room(),
            pair: RoomPolicy::pair(),
        }
    }
}

/// What of a policy is asked to differ from the default of the room's kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyChange {
    /// See [`RoomPolicy::capacity`].
    pub capacity: Option<u32>,
    /// See [`RoomPolicy::idle`]; `Some(None)` is never.
    pub idle: Option<Option<Duration>>,
    /// See [`RoomPolicy::empty`]; `Some(None)` is never.
    pub empty: Option<Option<Duration>>,
    /// See [`RoomPolicy::max_age`]; `Some(None)` is never.
    pub max_age: Option<Option<Duration>>,
    /// See [`RoomPolicy::history`].
    pub history: Option<u32>,
    /// See [`RoomPolicy::presence`]. Without it: each is an entry, up to the capacity for which that
    /// is allowed, then only the number.
    pub presence: Option<Presence>,
    /// See [`RoomPolicy::grace`].
    pub grace: Option<Duration>,
}

impl PolicyChange {
    fn apply(&self, default: &RoomPolicy) -> RoomPolicy {
        let capacity = self.capacity.unwrap_or(default.capacity);
        let presence = self.presence.unwrap_or(if capacity > RoomPolicy::LOG_CAPACITY {
            Presence::Count
        } else {
            default.presence
        });
        RoomPolicy {
            capacity,
            presence,
            idle: self.idle.unwrap_or(default.idle),
            empty: self.empty.unwrap_or(default.empty),
            max_age: self.max_age.unwrap_or(default.max_age),
            history: self.history.unwrap_or(default.history),
            grace: self.grace.unwrap_or(default.grace),
        }
    }
}

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

/// What is seen of a room at one moment.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RoomView {
    /// Its id.
    pub id: RoomId,
    /// Which life of it.
    pub epoch: Epoch,
    /// Its kind.
    pub kind: RoomKind,
    /// Its title.
    pub title: Title,
    /// The host's own JSON object.
    pub meta: Option<Body>,
    /// Who may close it.
    pub owner: Option<UserId>,
    /// What holds in it.
    pub policy: Arc<RoomPolicy>,
    /// When it was opened.
    pub created: Timestamp,
    /// Distinct users now.
    pub live: u32,
    /// Distinct users now and within the visitors' window.
    pub visitors: u32,
    /// Whether there were more visitors than are kept, so that `visitors` is a lower bound.
    pub visitors_capped: bool,
    /// The newest thing said.
    pub last: Option<Arc<Entry>>,
}

impl RoomView {
    /// A view of a room that was just made; a store fills in the rest.
    #[must_use]
    pub fn new(room: &NewRoom, policy: Arc<RoomPolicy>, epoch: Epoch, created: Timestamp) -> Self {
        Self {
            id: room.id.clone(),
            epoch,
            kind: room.kind,
            title: room.title.clone(),
            meta: room.meta.clone(),
            owner: room.owner.clone(),
            policy,
            created,
            live: 0,
            visitors: 0,
            visitors_capped: false,
            last: None,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.id
    }
}

/// Somebody who is in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who; in a pair room their alias.
    pub user: UserId,
    /// Under what name.
    pub name: crate::text::Name,
    /// Since when.
    pub since: Timestamp,
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
    fn bounds_of_a_policy_name_their_field() {
        let field = |change: &dyn Fn(&mut RoomPolicy)| {
            let mut policy = RoomPolicy::open_room();
            change(&mut policy);
            policy.check().unwrap_err().field()
        };
        assert_eq!(field(&|p| p.capacity = 0), "capacity");
        assert_eq!(field(&|p| p.idle = Some(Duration::ZERO)), "idle_s");
        assert_eq!(field(&|p| p.empty = Some(Duration::from_secs(31 * 86_400))), "empty_s");
        assert_eq!(field(&|p| p.max_age = Some(Duration::MAX)), "max_age_s");
        assert_eq!(field(&|p| p.history = 10_001), "history");
        assert_eq!(field(&|p| p.grace = Duration::from_secs(61)), "grace_ms");
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
