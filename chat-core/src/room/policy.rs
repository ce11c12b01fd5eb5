//! What holds in a room.

use std::time::Duration;

use crate::error::{Invalid, Problem};
use crate::words::words;

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
    pub(super) fn apply(&self, default: &RoomPolicy) -> RoomPolicy {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
