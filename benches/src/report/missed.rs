//! Everything that has a target and does not reach it, in one list.

use super::amount::amount;
use super::claims::{IN_PROCESS, ON_REDIS, goal_beside};
use super::markdown::plain;
use super::results::Results;
use super::verdict::{Goal, Verdict};

/// The list, as Markdown. That there is nothing in it is said too.
pub(super) fn list(results: &Results) -> String {
    let all = limit(results).chain(peers(results)).chain(claims(results)).chain(python(results));
    let lines: Vec<String> = all.collect();
    if lines.is_empty() { "Of what was measured here, nothing.".to_owned() } else { lines.concat() }
}

fn line(what: &str, measured: f64, goal: Goal, unit: &str) -> Option<String> {
    let missed = goal.verdict(measured) == Verdict::Missed;
    missed
        .then(|| format!("- {what}: **{}**, to be {}\n", amount(measured, unit), goal.bound(unit)))
}

fn limit(results: &Results) -> impl Iterator<Item = String> {
    let rows = results.compared.iter().flat_map(|compared| &compared.rows);
    rows.filter(|row| row.verdict() == Verdict::Missed).map(|row| {
        let ratio = row.ratio.map_or(f64::NAN, |ratio| ratio.median);
        let measured = if row.of_ratio { ratio } else { row.server.median };
        let (unit, bound) = (row.goal_unit(), row.goal().bound(row.goal_unit()));
        format!("- {}: **{}**, to be {bound}\n", plain(&row.case), amount(measured, unit))
    })
}

fn peers(results: &Results) -> impl Iterator<Item = String> {
    results.beside.iter().flat_map(|beside| {
        let both = beside.rows.iter().flat_map(|case| beside.peers().map(move |peer| (case, peer)));
        both.filter_map(move |(case, peer)| {
            let what = format!("{}, beside {}", plain(&case.case), plain(&peer.title));
            let advantage = case.advantage(peer)?;
            line(&what, advantage.median, goal_beside(beside, case, peer), "× less")
        })
    })
}

fn claims(results: &Results) -> impl Iterator<Item = String> {
    IN_PROCESS.iter().chain(ON_REDIS).filter_map(|claim| {
        let outcome = claim.outcome(results)?;
        line(claim.title, outcome.measured.median, claim.goal, &outcome.unit)
    })
}

fn python(results: &Results) -> impl Iterator<Item = String> {
    let figures = results.python.iter().flat_map(|python| &python.figures);
    figures
        .filter_map(|figure| line(&plain(&figure.name), figure.median, figure.goal(), &figure.unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::tests::sample;

    #[test]
    fn it_has_all_that_is_missed_and_nothing_else() {
        let wanted = "\
- a delivery, 500 pairs, closed loop: **2.51 ×**, to be ≤ 1.80 ×
- a delivery, one room of 500, closed loop, beside Socket.IO: **1.50 × less**, to be ≥ 2 × less
- 1,000,000 rooms due at the same instant: the last one late by: **1.61 s**, to be ≤ 1 s
";
        assert_eq!(list(&sample()), wanted);
        let nothing = Results { compared: None, beside: None, told: Vec::new(), ..sample() };
        assert_eq!(list(&nothing), "Of what was measured here, nothing.");
    }
}
