//! What is to be reached in process and on Redis, and from which figures that is seen. What a whole server is to reach
//! stands where it is measured, in `load`.

use super::beside::{Beside, BesideRow, Peer};
use super::measured::Measured;
use super::results::{Found, Results};
use super::verdict::Goal;

/// A sentence with a figure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) title: &'static str,
    from: From,
    pub(super) goal: Goal,
}

/// How it follows from what was measured.
#[derive(Debug, Clone, Copy)]
enum From {
    /// It is that.
    Is(&'static str),
    /// How often it is done in a second.
    Rate(&'static str),
    /// By how much something is more than something else, in equal parts.
    Above(&'static str, &'static str, f64),
}

/// What became of a claim.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) measured: Measured,
    pub(super) unit: String,
    pub(super) command: String,
}

impl Claim {
    const fn is(title: &'static str, name: &'static str, goal: Goal) -> Self {
        Self { title, from: From::Is(name), goal }
    }

    const fn rate(title: &'static str, name: &'static str, goal: Goal) -> Self {
        Self { title, from: From::Rate(name), goal }
    }

    /// What was measured of it, in the unit that its goal is given in, if it was.
    pub(super) fn outcome(&self, results: &Results) -> Option<Outcome> {
        let outcome = |measured: Measured, unit: &str, found: Found<'_>| Outcome {
            measured: measured.rounded(),
            unit: unit.to_owned(),
            command: found.command,
        };
        Some(match self.from {
            From::Is(name) => {
                let found = results.found(name)?;
                outcome(found.measured, found.unit, found)
            }
            From::Rate(name) => {
                let found = results.found(name)?;
                outcome(found.measured.per_second(), "/s", found)
            }
            From::Above(name, other, parts) => {
                let (found, other) = (results.found(name)?, results.found(other)?);
                let all = found.command.replace(", public/", ", (public|private)/");
                let found = Found { command: all, ..found };
                outcome(found.measured.above(other.measured, parts), found.unit, found)
            }
        })
    }
}

const US: f64 = 1e3;

/// In process, with the store in memory; times in nanoseconds, as criterion has them.
pub(super) const IN_PROCESS: &[Claim] = &[
    Claim::is(
        "append + mark 1,000 cursors, nobody woken",
        "append and mark/noop/1000",
        Goal::at_most(60.0 * US).better(25.0 * US),
    ),
    Claim::is(
        "the same, each session a tokio task that is woken",
        "append and mark/tokio/1000",
        Goal::at_most(60.0 * US).better(25.0 * US),
    ),
    Claim::is("drain of one entry, per cursor", "drain/of 1000 sessions/1", Goal::at_most(150.0)),
    Claim::is(
        "join + leave, in the store",
        "enter and leave the store/public/999",
        Goal::at_most(3.0 * US),
    ),
    Claim::is(
        "join + leave, through the engine, without a snapshot",
        "join and leave/room of 10/nothing asked for",
        Goal::at_most(3.0 * US),
    ),
    Claim::is("a refresh: lost, connected, joined", "refresh: lost, connected, joined", Goal::NONE),
    Claim::is("a room opened by who joins it, and left", "join or open, and leave", Goal::NONE),
    Claim::is(
        "a message in one of 25,000 rooms of 4, said and read by all, the same room again",
        "talk: said, and read by all/25,000 rooms of 4/hot",
        Goal::NONE,
    ),
    Claim::is(
        "the same, each time another room",
        "talk: said, and read by all/25,000 rooms of 4/cold",
        Goal::NONE,
    ),
    Claim::is(
        "a message in 10 rooms of 1,000, said and read by all, in turn",
        "talk: said, and read by all/10 rooms of 1,000/in turn",
        Goal::NONE,
    ),
    Claim::is(
        "a visit of one of 25,000 rooms of 4, each time another",
        "visit: join and leave/25,000 rooms of 4/cold",
        Goal::NONE,
    ),
    Claim::is(
        "a step of a mixture in 10,000 rooms of 10, most of it in 100 of them",
        "a mixture/10,000 rooms of 10, most in 100 of them",
        Goal::NONE,
    ),
    Claim::is(
        "a message under a new key, 60,000 known",
        "say, in a room of 10/a new key/60000 known",
        Goal::NONE,
    ),
    Claim::is("the newest 50 of a history of 10,000", "history of 10,000/newest 50", Goal::NONE),
    Claim::is("50 rooms by their ids, of 100,000", "50 rooms by id/of/100000", Goal::NONE),
    Claim::is(
        "200 of 100,000 members, from the middle",
        "200 members/from the middle/of 100000",
        Goal::NONE,
    ),
    Claim::rate(
        "matching with 100,000 waiting: joins a second, the rule",
        "matching, the rule/strict/100000",
        Goal::at_least(500e3).better(1e6),
    ),
    Claim::rate(
        "the same in the store, with lock and mail",
        "matching, in the store/strict/100000",
        Goal::at_least(500e3).better(1e6),
    ),
    Claim::is(
        "the same: delay of one seeker at p99",
        "one seeker's delay, 100000 waiting, strict: p99",
        Goal::at_most(10.0 * US),
    ),
    Claim::is(
        "a pair, from the first `seek` to the end of its room",
        "a pair: seek, meet, leave",
        Goal::NONE,
    ),
    Claim {
        title: "a change of rank at 100,000 rooms: a message, which brings a room to the front",
        from: From::Above("rank/say, public/100000", "rank/say, private/100000", 1.0),
        goal: Goal::at_most(2.0 * US).better(1.0 * US),
    },
    Claim {
        title: "a change of rank at 100,000 rooms: each of the three of a visit, anywhere in the order",
        from: From::Above(
            "rank/come and go, public/100000",
            "rank/come and go, private/100000",
            3.0,
        ),
        goal: Goal::at_most(2.0 * US).better(1.0 * US),
    },
    Claim::is("a page of 50 of 100,000 rooms", "page of 50/from/0", Goal::NONE),
    Claim::is(
        "1,000,000 rooms due at the same instant: the last one late by",
        "1000000 rooms end at once: late at the most",
        Goal::at_most(1e3).better(300.0),
    ),
    Claim::is(
        "a million rooms in a minute: late at p99",
        "200000 rooms end one after the other: late at p99",
        Goal::at_most(1e3).better(300.0),
    ),
    Claim::is(
        "an idle session in one room of 1,000",
        "a session in a room of 1000",
        Goal::at_most(1e3),
    ),
    Claim::is(
        "an idle session in one room of 100",
        "a session in a room of 100",
        Goal::at_most(1e3),
    ),
    Claim::is("an open room in which nobody is", "an open room, public, of 1000000", Goal::NONE),
    Claim::is(
        "one who waits for a partner, with three tags",
        "one who waits, strict, of 100000",
        Goal::NONE,
    ),
];

/// On Redis. The server's CPU in microseconds.
pub(super) const ON_REDIS: &[Claim] = &[
    Claim::is(
        "append, in a listed room: CPU of the server",
        "redis CPU: append, in a listed room",
        Goal::at_most(16.0).better(12.0),
    ),
    Claim::is(
        "enter, the step: CPU of the server",
        "redis CPU: enter, the step",
        Goal::at_most(25.0).better(18.0),
    ),
    Claim::is("leave: CPU of the server", "redis CPU: leave", Goal::at_most(25.0).better(18.0)),
    Claim::is(
        "the snapshot behind an enter, 50 said and 200 members: CPU of the server",
        "redis CPU: the snapshot behind it: 50 said, 200 members",
        Goal::at_most(60.0).better(45.0),
    ),
    Claim::is(
        "`submit`, every second one of which is matched: CPU of the server",
        "redis CPU: submit (every second one is matched)",
        Goal::NONE,
    ),
    Claim::is(
        "`confirm`, every second one of which opens the room: CPU of the server",
        "redis CPU: confirm (every second one opens the room)",
        Goal::NONE,
    ),
    Claim::is(
        "appends a second, one node, 16 rooms",
        "redis: appends in 16 rooms",
        Goal::at_least(30e3),
    ),
    Claim::is(
        "appends a second, one node, one room",
        "redis: appends in one room",
        Goal::at_least(30e3),
    ),
    Claim::is(
        "match joins a second, one pool",
        "redis: joins: submitted, and paired in the same step",
        Goal::at_least(20e3),
    ),
    Claim::is(
        "the same until both have confirmed and the room is open",
        "redis: the same, confirmed by both, until the room is open",
        Goal::NONE,
    ),
    Claim::is(
        "a list of 50 of 100,000 rooms, most users first",
        "redis: a list of 50 of 100000, by live",
        Goal::at_most(2.0),
    ),
    Claim::is(
        "a list of 50 of 100,000 rooms, last active first",
        "redis: a list of 50 of 100000, by active",
        Goal::at_most(2.0),
    ),
    Claim::is(
        "commands that renew the lease of a node with 1 session",
        "redis: commands that renew a lease of 1 sessions",
        Goal::NONE,
    ),
    Claim::is(
        "commands that renew the lease of a node with 100,000 sessions",
        "redis: commands that renew a lease of 100000 sessions",
        Goal::at_most(16.0),
    ),
    Claim::is(
        "a dead node's 10,000 sessions in 5,000 rooms: out after its lease",
        "redis: a dead node's 10000 sessions in 5000 rooms: out after its lease",
        Goal::at_most(1.0),
    ),
    Claim::is(
        "meanwhile the longest step",
        "redis: a dead node's 10000 sessions in 5000 rooms: longest step",
        Goal::at_most(5.0),
    ),
    Claim::is(
        "a dead node's 10,000 sessions in 10 rooms: out after its lease",
        "redis: a dead node's 10000 sessions in 10 rooms: out after its lease",
        Goal::at_most(1.0),
    ),
    Claim::is(
        "1,000,000 idle rooms, open and listed",
        "redis: 1000000 idle rooms, open and listed, nobody in, nothing said",
        Goal::at_most(2e9),
    ),
    Claim::is(
        "an idle room with one message, where a million are to have 2 GB",
        "redis: an idle room, the same, one message kept",
        Goal::at_most(2e3),
    ),
    Claim::is(
        "the same with `stream-node-max-bytes 512`",
        "redis: an idle room, the same, with `stream-node-max-bytes 512`",
        Goal::NONE,
    ),
];

/// How many times less than a peer's the work of a case is to cost here. There is a goal for the main case alone.
pub(super) fn goal_beside(beside: &Beside, case: &BesideRow, peer: &Peer) -> Goal {
    match peer.name.as_str() {
        _ if !is_main(beside, case) => Goal::NONE,
        "channels_redis" => Goal::at_least(25.0).better(40.0),
        "socketio" => Goal::at_least(2.0).better(3.0),
        _ => Goal::NONE,
    }
}

/// Whether this is the case that peers are measured by: the first one of a room of 500, or else the first delivery.
pub(super) fn is_main(beside: &Beside, case: &BesideRow) -> bool {
    let mut cases = beside.rows.iter().filter(|row| row.figure == "cpu_us_per_delivery");
    let of_500 = cases.clone().find(|row| row.case.contains("room of 500"));
    of_500.or_else(|| cases.next()).is_some_and(|main| main.case == case.case)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::tests::sample;

    #[test]
    fn a_change_of_rank_is_the_difference() {
        let claim =
            IN_PROCESS.iter().find(|claim| claim.title.contains("a message, which")).unwrap();
        let outcome = claim.outcome(&sample()).unwrap();
        assert_eq!(outcome.measured.median, 360.0);
        assert!(
            outcome.command.contains("rank/say, (public|private)/100000$"),
            "{}",
            outcome.command
        );
    }

    #[test]
    fn a_rate_is_how_often_it_fits_into_a_second() {
        let claim = IN_PROCESS.iter().find(|claim| claim.title.contains("the rule")).unwrap();
        let outcome = claim.outcome(&sample()).unwrap();
        assert_eq!((outcome.measured.median, outcome.unit.as_str()), (625e3, "/s"));
    }

    #[test]
    fn titles_are_different() {
        for all in [IN_PROCESS, ON_REDIS] {
            let mut titles: Vec<_> = all.iter().map(|claim| claim.title).collect();
            titles.sort_unstable();
            titles.dedup();
            assert_eq!(titles.len(), all.len());
        }
    }
}
