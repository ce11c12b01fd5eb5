//! What is compared, and what it is to be.

use std::time::Duration;

use super::spread::Spread;
use crate::load::{
    Fanout, Idle, Joins, Length, Matching, NAP, Pairs, Resume, Storm, Watching, Work,
};

/// The size of a body: a short line.
const BYTES: usize = 32;

/// One thing that is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) title: &'static str,
    /// Nothing where it follows from others.
    pub(super) work: Option<Work>,
    /// Whether the limit can do it too; else it is the server's alone.
    pub(super) of_both: bool,
    /// The figure that counts.
    pub(super) key: &'static str,
    pub(super) unit: &'static str,
    pub(super) goal: Goal,
    /// One of those that show how a delivery's cost grows with the room.
    pub(super) by_size: bool,
}

/// What a figure is to be: at most this, and better that.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// Of the limit's.
    Ratio { must: f64, aim: f64 },
    /// In its own unit.
    Value { must: f64, aim: f64 },
    /// It is only shown.
    Shown,
}

impl Goal {
    pub(super) fn bounds(self) -> [Option<f64>; 2] {
        match self {
            Self::Ratio { must, aim } | Self::Value { must, aim } => [Some(must), Some(aim)],
            Self::Shown => [None, None],
        }
    }

    /// Whether the bounds are of the ratio, and not of the server's own figure.
    pub(super) fn of_ratio(self) -> bool {
        matches!(self, Self::Ratio { .. })
    }

    fn measured(self, server: Spread, ratio: Option<Spread>) -> Option<f64> {
        match self {
            Self::Ratio { .. } => ratio.map(|ratio| ratio.median),
            Self::Value { .. } => Some(server.median),
            Self::Shown => None,
        }
    }

    pub(super) fn holds(self, server: Spread, ratio: Option<Spread>) -> bool {
        let measured = self.measured(server, ratio);
        let [must, _] = self.bounds();
        // What could not be measured (no number) does not hold.
        must.is_none_or(|must| measured.is_some_and(|measured| measured <= must))
    }

    pub(super) fn verdict(self, server: Spread, ratio: Option<Spread>) -> &'static str {
        let ([_, aim], measured) = (self.bounds(), self.measured(server, ratio));
        match (aim, measured) {
            (Some(aim), Some(measured)) if measured <= aim => "aim reached",
            (Some(_), _) if self.holds(server, ratio) => "reached",
            (Some(_), _) => "MISSED",
            (None, _) => "",
        }
    }
}

impl Case {
    /// That a delivery costs the same in small rooms and large ones.
    pub(super) const fn flatness() -> Self {
        Self {
            title: "a delivery in 100 to 1,000: most ÷ least",
            work: None,
            of_both: false,
            key: "flatness",
            unit: "",
            goal: Goal::Value { must: 1.25, aim: 1.1 },
            by_size: false,
        }
    }
}

/// All of them. `scale` shortens times; of connections there are as many, or the figures would be others.
pub(super) fn cases(scale: f64) -> Vec<Case> {
    let time = |seconds: f64| Length::Time(Duration::from_secs_f64(seconds * scale));
    // In a closed loop deliveries wake nobody, and are alike. At a rate, where servers rest in between, they do: the
    // waking is a part of what is measured, of both, and latencies are exact.
    let nap = |rate: Option<f64>| if rate.is_none() { NAP } else { Duration::ZERO };
    let fanout = |title, members, rate, seconds, goal| Case {
        title,
        work: Some(Work::Fanout(Fanout {
            members,
            rate,
            length: time(seconds),
            bytes: BYTES,
            nap: nap(rate),
        })),
        of_both: true,
        key: "cpu_us_per_delivery",
        unit: "µs",
        goal,
        by_size: rate.is_none(),
    };
    let pairs = |title, rate, seconds, goal| Case {
        title,
        work: Some(Work::Pairs(Pairs {
            pairs: 500,
            rate,
            length: time(seconds),
            bytes: BYTES,
            nap: nap(rate),
        })),
        of_both: true,
        key: "cpu_us_per_delivery",
        unit: "µs",
        goal,
        by_size: false,
    };
    let own = |title, work, key, unit, goal, of_both| Case {
        title,
        work: Some(work),
        of_both,
        key,
        unit,
        goal,
        by_size: false,
    };
    // Memory is looked at when the server has come to rest.
    let settle = Duration::from_secs_f64(2.0 * scale);
    let idle = Work::Idle(Idle { connections: 5_000, room_of: 100, settle });
    let memory = Goal::Value { must: 10_000.0, aim: 5_000.0 };
    let joins = Work::Joins(Joins { connections: 500, rooms: 40, room_of: 1 });
    let join = Goal::Value { must: 60.0, aim: 30.0 };
    let storm = Work::Storm(Storm { connections: 2_000, at_once: 128 });
    let seek = |rate: Option<f64>, seconds| {
        let (length, nap) = (time(seconds), nap(rate));
        Work::Matching(Matching { connections: 500, rate, length, nap })
    };
    let watch =
        Work::Watching(Watching { watchers: 500, rooms: 30, rate: 50.0, length: time(4.0) });
    let resume = Work::Resume(Resume { members: 1_000, room_of: 100, missed: 20, at_once: 128 });
    let room = Goal::Ratio { must: 1.6, aim: 1.2 };
    let pair = Goal::Ratio { must: 1.8, aim: 1.3 };
    vec![
        fanout("a delivery, one room of 500, closed loop", 500, None, 3.0, room),
        fanout("a delivery, one room of 500, 20 messages/s", 500, Some(20.0), 4.0, room),
        fanout("a delivery, one room of 100, closed loop", 100, None, 2.0, Goal::Shown),
        fanout("a delivery, one room of 1,000, closed loop", 1_000, None, 3.0, Goal::Shown),
        pairs("a delivery, 500 pairs, closed loop", None, 3.0, pair),
        pairs("a delivery, 500 pairs, 1,000 questions/s", Some(1_000.0), 4.0, pair),
        own(
            "memory of an idle joined connection",
            idle,
            "bytes_per_connection",
            "bytes",
            memory,
            true,
        ),
        own("CPU of a join", joins, "cpu_us_per_join", "µs", join, true),
        own(
            "CPU of a connection, 2,000 at once",
            storm,
            "cpu_us_per_connection",
            "µs",
            Goal::Shown,
            true,
        ),
        own(
            "CPU of a match, 500 who seek, closed loop",
            seek(None, 3.0),
            "cpu_us_per_match",
            "µs",
            Goal::Shown,
            true,
        ),
        own(
            "from seeking to a match at p99, 200 matches/s",
            seek(Some(200.0), 3.0),
            "latency_p99_us",
            "µs",
            Goal::Shown,
            true,
        ),
        own(
            "CPU of a change of a list that 500 watch, for each of them",
            watch,
            "cpu_us_per_change_and_watcher",
            "µs",
            Goal::Shown,
            false,
        ),
        own(
            "CPU of coming back to 20 missed messages, 1,000 at once",
            resume,
            "cpu_us_per_resume",
            "µs",
            Goal::Shown,
            false,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let server = Spread::of(&[9_000.0]);
        let value = Goal::Value { must: 10_000.0, aim: 5_000.0 };
        assert_eq!(value.verdict(server, None), "reached");
        assert_eq!(value.verdict(Spread::of(&[5_000.0]), None), "aim reached");
        assert_eq!(value.verdict(Spread::of(&[10_001.0]), None), "MISSED");
        let ratio = Goal::Ratio { must: 1.6, aim: 1.2 };
        assert_eq!(ratio.verdict(server, Some(Spread::of(&[1.5]))), "reached");
        assert!(!ratio.holds(server, Some(Spread::of(&[1.7]))) && !ratio.holds(server, None));
        assert!(!ratio.holds(server, Some(Spread::of(&[f64::NAN]))));
        assert!(Goal::Shown.holds(server, None) && Goal::Shown.verdict(server, None).is_empty());
    }

    #[test]
    fn titles_are_different_and_figures_are_there() {
        let all = cases(1.0);
        let mut titles: Vec<_> = all.iter().map(|case| case.title).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), all.len());
        assert_eq!(all.iter().filter(|case| case.by_size).count(), 3);
    }
}
