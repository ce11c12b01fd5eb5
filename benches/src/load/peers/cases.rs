//! What is done with each of them.

use std::time::Duration;

use crate::load::{Fault, Length, Progress, Rooms, Run, Served, Stay};

/// Something that is measured, and the rows that come of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) title: &'static str,
    pub(super) work: Work,
    pub(super) rows: &'static [Row],
}

/// What is done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    Rooms(Rooms),
    Stay(Stay),
}

/// One figure of a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) title: &'static str,
    pub(super) key: &'static str,
    pub(super) unit: &'static str,
    /// A part of the titles of this case's rows and of no other.
    pub(super) only: &'static str,
}

impl Work {
    pub(super) fn run(&self, served: &Served, progress: &Progress) -> Result<Run, Fault> {
        match self {
            Self::Rooms(rooms) => rooms.run(served, progress),
            Self::Stay(stay) => stay.run(served, progress),
        }
    }
}

impl Row {
    /// What measures it again.
    pub(super) fn command(&self, scale: f64) -> String {
        let scale = if scale < 1.0 { format!(" --scale {scale}") } else { String::new() };
        format!("target/release/chat-load peers --only '{}'{scale}", self.only)
    }
}

const fn row(
    only: &'static str,
    title: &'static str,
    key: &'static str,
    unit: &'static str,
) -> Row {
    Row { title, key, unit, only }
}

const CPU: &str = "cpu_us_per_delivery";
const STORE_CPU: &str = "store_cpu_us_per_delivery";

const ROOM: &str = "room of 500";
const ROOM_ROWS: &[Row] = &[
    row(ROOM, "a delivery, one room of 500, closed loop", CPU, "µs"),
    row(ROOM, "of which Redis's: a delivery, one room of 500, closed loop", STORE_CPU, "µs"),
];

const RATE: &str = "room of 100";
const RATE_ROWS: &[Row] = &[
    row(RATE, "a delivery, one room of 100, 10 messages/s, readers woken", CPU, "µs"),
    row(RATE, "of which Redis's: a delivery, one room of 100, 10 messages/s", STORE_CPU, "µs"),
    row(RATE, "latency p50, one room of 100, 10 messages/s", "latency_p50_us", "µs"),
    row(RATE, "latency p99, one room of 100, 10 messages/s", "latency_p99_us", "µs"),
];

const PAIRS: &str = "rooms of two";
const PAIRS_ROWS: &[Row] = &[
    row(PAIRS, "a delivery, 100 rooms of two, closed loop", CPU, "µs"),
    row(PAIRS, "of which Redis's: a delivery, 100 rooms of two, closed loop", STORE_CPU, "µs"),
];

const STAY: &str = "connection";
const STAY_ROWS: &[Row] = &[
    row(STAY, "memory of an idle joined connection", "bytes_per_connection", "bytes"),
    row(STAY, "CPU of a connection made, with its join", "cpu_us_per_connection", "µs"),
    row(STAY, "of which Redis's: CPU of a connection made", "store_cpu_us_per_connection", "µs"),
];

/// All of them. `scale` shortens times; of connections there are as many, or the figures would be others.
///
/// The rate is one that the slowest of them keeps up with by far: a message to 100 takes Channels an eighth of the time
/// until the next one. It is long enough for some dozens of messages: those of one share its fate, so that a percentile
/// beyond the 99th would be that of one message.
pub(super) fn cases(scale: f64) -> Vec<Case> {
    let time = |seconds: f64| Duration::from_secs_f64(seconds * scale);
    let length = |seconds: f64| Length::Time(time(seconds));
    let settle = time(0.5);
    vec![
        Case {
            title: "one room of 500",
            work: Work::Rooms(Rooms::closed(1, 500, length(1.5))),
            rows: ROOM_ROWS,
        },
        Case {
            title: "one room of 100 at a rate",
            work: Work::Rooms(Rooms::at_rate(1, 100, 10.0, length(5.0))),
            rows: RATE_ROWS,
        },
        Case {
            title: "100 rooms of two",
            work: Work::Rooms(Rooms::closed(100, 2, length(1.2))),
            rows: PAIRS_ROWS,
        },
        Case {
            title: "1,000 connections",
            work: Work::Stay(Stay { connections: 1_000, room_of: 20, settle }),
            rows: STAY_ROWS,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_repeats_the_rows_of_its_case_and_no_others() {
        let all: Vec<&[Row]> = cases(1.0).iter().map(|case| case.rows).collect();
        for (at, rows) in all.iter().enumerate() {
            for Row { only, .. } in *rows {
                for (other, rows) in all.iter().enumerate() {
                    let repeated = rows.iter().filter(|row| row.title.contains(only)).count();
                    assert_eq!(repeated, if other == at { rows.len() } else { 0 }, "{only}");
                }
            }
        }
    }

    #[test]
    fn titles_are_different() {
        let mut titles: Vec<_> =
            cases(1.0).iter().flat_map(|case| case.rows).map(|row| row.title).collect();
        let all = titles.len();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), all);
    }
}
