//! How many commands a connection may send: token buckets, per connection and class of commands.
//!
//! Every command takes a token of the bucket for all commands and one of its class's. A bucket is full at first, and fills
//! at its rate. What comes while one is empty is refused with the time after which it would be taken. Whoever is refused again and
//! again is closed.

use std::time::Duration;

use tokio::time::Instant;

use crate::command::Class;

/// How many commands of one kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// In a second, on the long run.
    pub per_second: f32,
    /// At once.
    pub burst: f32,
}

impl Rate {
    /// This many in a second, and three seconds' worth at once.
    #[must_use]
    pub fn per_second(commands: u32) -> Self {
        let per_second = commands as f32;
        Self { per_second, burst: (per_second * 3.0).max(1.0) }
    }
}

/// How many commands a connection may send. `None` is without a bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// All commands together.
    pub all: Option<Rate>,
    /// [`Class::Talk`].
    pub talk: Option<Rate>,
    /// [`Class::Change`].
    pub change: Option<Rate>,
    /// [`Class::Read`].
    pub read: Option<Rate>,
    /// So many refusals within [`Rates::again_within`] close the connection.
    pub again: u32,
    /// See [`Rates::again`].
    pub again_within: Duration,
}

impl Rates {
    /// This many commands in a second; half as many of each class that is more than a word to others. Without a bound for 0.
    #[must_use]
    pub fn per_second(commands: u32) -> Self {
        if commands == 0 {
            return Self::unlimited();
        }
        let half = Some(Rate::per_second(commands.div_ceil(2)));
        let all = Some(Rate::per_second(commands));
        Self { all, talk: all, change: half, read: half, ..Self::unlimited() }
    }

    /// As many as come.
    #[must_use]
    pub fn unlimited() -> Self {
        Self {
            all: None,
            talk: None,
            change: None,
            read: None,
            again: 200,
            again_within: Duration::from_secs(10),
        }
    }

    fn of(&self, class: Class) -> Option<Rate> {
        match class {
            Class::Talk => self.talk,
            Class::Change => self.change,
            Class::Read => self.read,
            Class::Other => None,
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self::per_second(100)
    }
}

/// What a connection has used of its rates.
///
/// Times are milliseconds since it began: each connection has one of these.
#[derive(Debug)]
pub(crate) struct Used {
    began: Instant,
    all: Bucket,
    talk: Bucket,
    change: Bucket,
    read: Bucket,
    refused: u32,
    refused_since: u32,
}

/// What is said of a command by its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Take,
    Refuse {
        retry: Duration,
    },
    /// Refused, as so many before.
    Close,
}

impl Used {
    pub(crate) fn new(now: Instant) -> Self {
        let full = Bucket { missing: 0.0, at: 0 };
        Self {
            began: now,
            all: full,
            talk: full,
            change: full,
            read: full,
            refused: 0,
            refused_since: 0,
        }
    }

    /// Counts a command.
    pub(crate) fn count(&mut self, rates: &Rates, class: Class, now: Instant) -> Verdict {
        // Begins anew every seven weeks; only differences are looked at, which go on over that.
        let now = now.saturating_duration_since(self.began).as_millis() as u32;
        let of_class = match class {
            Class::Talk => Some(&mut self.talk),
            Class::Change => Some(&mut self.change),
            Class::Read => Some(&mut self.read),
            Class::Other => None,
        };
        let mut wait = Duration::ZERO;
        if let Some(rate) = rates.all {
            wait = wait.max(self.all.wait(rate, now));
        }
        let of_class = of_class.zip(rates.of(class));
        if let Some((bucket, rate)) = &of_class {
            wait = wait.max(bucket.wait(*rate, now));
        }
        if wait.is_zero() {
            if let Some(rate) = rates.all {
                self.all.take(rate, now);
            }
            if let Some((bucket, rate)) = of_class {
                bucket.take(rate, now);
            }
            return Verdict::Take;
        }
        let within =
            u128::from(now.wrapping_sub(self.refused_since)) <= rates.again_within.as_millis();
        if self.refused == 0 || !within {
            (self.refused, self.refused_since) = (0, now);
        }
        self.refused += 1;
        if self.refused >= rates.again { Verdict::Close } else { Verdict::Refuse { retry: wait } }
    }
}

/// One bucket, kept as what is missing in it.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    missing: f32,
    at: u32,
}

impl Bucket {
    fn missing(&self, rate: Rate, now: u32) -> f32 {
        let filled = now.wrapping_sub(self.at) as f32 / 1_000.0 * rate.per_second;
        (self.missing - filled).max(0.0)
    }

    /// How long until a token is there.
    fn wait(&self, rate: Rate, now: u32) -> Duration {
        let over = self.missing(rate, now) + 1.0 - rate.burst.max(1.0);
        if over <= 0.0 {
            return Duration::ZERO;
        }
        // In whole milliseconds, since that is how it is told; and not for ever where the rate is next to nothing.
        let millis = (over * 1_000.0 / rate.per_second.max(0.001)).ceil().min(3_600_000.0);
        Duration::from_millis(millis as u64 + 1)
    }

    fn take(&mut self, rate: Rate, now: u32) {
        *self = Self { missing: self.missing(rate, now) + 1.0, at: now };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let (rates, start) = (Rates::per_second(10), Instant::now());
        let mut used = Used::new(start);
        let taken = |used: &mut Used, now| {
            (0..100).take_while(|_| used.count(&rates, Class::Talk, now) == Verdict::Take).count()
        };
        assert_eq!(taken(&mut used, start), 30);
        let Verdict::Refuse { retry } = used.count(&rates, Class::Talk, start) else { panic!() };
        assert!(retry > Duration::ZERO && retry <= Duration::from_millis(102), "{retry:?}");
        assert_eq!(used.count(&rates, Class::Talk, start + retry), Verdict::Take);
        assert_eq!(taken(&mut used, start + retry + Duration::from_secs(1)), 10);
    }

    #[test]
    fn a_class_is_bounded_beside_all() {
        let (rates, now) = (Rates::per_second(10), Instant::now());
        let mut used = Used::new(now);
        let taken = (0..100).filter(|_| used.count(&rates, Class::Read, now) == Verdict::Take);
        assert_eq!(taken.count(), 15);
        assert_eq!(used.count(&rates, Class::Talk, now), Verdict::Take);
    }

    #[test]
    fn two_hundred_refusals_in_ten_seconds_are_enough() {
        let (rates, start) = (Rates::per_second(1), Instant::now());
        let mut used = Used::new(start);
        while used.count(&rates, Class::Other, start) == Verdict::Take {}
        for _ in 1..199 {
            assert!(matches!(used.count(&rates, Class::Other, start), Verdict::Refuse { .. }));
        }
        assert_eq!(used.count(&rates, Class::Other, start), Verdict::Close);
        // Slowly, it takes for ever.
        let mut used = Used::new(start);
        for tenth in 0..1_000 {
            let now = start + Duration::from_millis(100) * tenth;
            assert_ne!(used.count(&rates, Class::Other, now), Verdict::Close);
        }
    }

    #[test]
    fn who_stays_for_months_is_not_forgotten() {
        let (rates, start) = (Rates::per_second(1), Instant::now());
        let mut used = Used::new(start);
        for day in 0..200 {
            let now = start + Duration::from_secs(86_400 * day);
            for _ in 0..3 {
                assert_eq!(used.count(&rates, Class::Talk, now), Verdict::Take, "day {day}");
            }
            assert_ne!(used.count(&rates, Class::Talk, now), Verdict::Take);
        }
    }

    #[test]
    fn no_bound_is_none() {
        let (rates, now) = (Rates::per_second(0), Instant::now());
        let mut used = Used::new(now);
        assert!((0..10_000).all(|_| used.count(&rates, Class::Change, now) == Verdict::Take));
    }
}
