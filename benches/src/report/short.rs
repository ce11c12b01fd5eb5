//! The short table of ratios: beside the limit, and beside what would be used instead. It is the README's too.

use super::amount::{amount, amounts, number};
use super::beside::{Beside, BesideRow, Peer};
use super::claims::{goal_beside, is_main};
use super::compared::ComparedRow;
use super::markdown::{Table, code, plain};
use super::measured::Measured;
use super::results::Results;
use super::verdict::Verdict;

/// All that is to be reached beside the limit; of the peers each one in the case they are measured by, and every case in
/// which one of them is better; in details only if it is whatever the run.
pub(super) fn short_table(results: &Results) -> String {
    let mut table = Table::new(&["", "chat-server", "beside it", "ratio", "target", "", "again"]);
    let rows = results.compared.iter().flat_map(|compared| &compared.rows);
    for row in rows.filter(|row| row.verdict() != Verdict::Shown) {
        let limit = row.limit.map(|limit| format!("the limit: {}", amounts(limit, &row.unit)));
        table.row(&[
            plain(&row.case),
            amounts(row.server, &row.unit),
            limit.unwrap_or_default(),
            ratio(row),
            row.target(),
            row.verdict().to_string(),
            code(&row.command()),
        ]);
    }
    for (beside, case, peer) in results.beside.iter().flat_map(told) {
        let (Some(ours), Some(theirs)) = (case.ours_for(peer), case.of(&peer.name)) else {
            continue;
        };
        let Some(advantage) = case.advantage(peer) else { continue };
        let ours = amounts(ours, &case.unit);
        let goal = goal_beside(beside, case, peer);
        table.row(&[
            plain(&case.case),
            if peer.is_on_redis() { format!("on Redis: {ours}") } else { ours },
            format!("{}: {}", plain(&peer.title), amounts(theirs, &case.unit)),
            of_peer(advantage, &case.figure),
            goal.text("× less"),
            verdict_of_peer(goal.verdict(advantage.median), advantage, peer),
            code(&case.command()),
        ]);
    }
    table.text()
}

/// The rows in which peers are told of.
fn told(beside: &Beside) -> impl Iterator<Item = (&Beside, &BesideRow, &Peer)> {
    let both = beside.rows.iter().flat_map(|case| beside.peers().map(move |peer| (case, peer)));
    both.filter_map(move |(case, peer)| {
        let advantage = case.advantage(peer)?;
        let better = advantage.median < 1.0 && (advantage.max < 1.0 || !is_detail(case));
        (better || is_main(beside, case)).then_some((beside, case, peer))
    })
}

/// What is a part of another row, or says the same of a latency at another percentile: the whole tables have it.
fn is_detail(case: &BesideRow) -> bool {
    let of_latency = case.figure.starts_with("latency_") && case.figure != "latency_p99_us";
    case.figure.starts_with("store_") || of_latency
}

/// `**1.56 ×** (1.12 to 1.57)`.
pub(super) fn ratio(row: &ComparedRow) -> String {
    row.ratio.filter(|ratio| ratio.is_there()).map(bold).unwrap_or_default()
}

fn bold(measured: Measured) -> String {
    let Measured { median, min, max } = measured;
    let middle = format!("**{}**", amount(median, "×"));
    if min < max { format!("{middle} ({} to {})", number(min), number(max)) } else { middle }
}

/// What the engine's server has over a peer, or the peer over it.
pub(super) fn of_peer(advantage: Measured, figure: &str) -> String {
    let (better, worse) =
        if figure.contains("per_s") { ("more", "less") } else { ("less", "more") };
    if advantage.median >= 1.0 {
        return format!("{} {better}", bold(advantage));
    }
    let turned = Measured {
        median: 1.0 / advantage.median,
        min: 1.0 / advantage.max,
        max: 1.0 / advantage.min,
    };
    format!("{} {worse}", bold(turned))
}

/// That a peer is better is said in so many words.
pub(super) fn verdict_of_peer(verdict: Verdict, advantage: Measured, peer: &Peer) -> String {
    let better = if advantage.max < 1.0 {
        format!("**{} is better**", plain(&peer.title))
    } else {
        format!("{} is better at the median, within what runs differ by", plain(&peer.title))
    };
    match (verdict, advantage.median < 1.0) {
        (Verdict::Shown, true) => better,
        (verdict, true) => format!("{verdict}: {better}"),
        (verdict, false) => verdict.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::tests::sample;

    fn line(words: &[&str]) -> String {
        let table = short_table(&sample());
        let line = table.lines().find(|line| words.iter().all(|word| line.contains(word)));
        line.unwrap_or_else(|| panic!("{words:?} in\n{table}")).to_owned()
    }

    #[test]
    fn what_misses_its_target_is_shown_as_missed() {
        let missed = line(&["500 pairs"]);
        assert!(missed.contains("**2.51 ×** (2.28 to 2.77)"), "{missed}");
        assert!(missed.contains("≤ 1.80 ×, aim 1.30 ×") && missed.contains("**missed**"));
        let reached = line(&["one room of 500", "the limit"]);
        assert!(reached.contains("| reached |") && reached.contains("`target/release/chat-load"));
        assert!(!short_table(&sample()).contains("one room of 1,000"), "it has no target");
    }

    #[test]
    fn a_peer_that_is_better_is_said_to_be() {
        let ws = line(&["one room of 500", "`ws` on Node"]);
        assert!(ws.contains("**2 ×** more") && ws.contains("**`ws` on Node is better**"), "{ws}");
        // Elsewhere it is not, so it is not told of there.
        assert!(!short_table(&sample()).contains("memory of an idle connection |"));
        let channels = line(&["channels_redis"]);
        assert!(
            channels.contains("**100 ×** (90 to 110) less")
                && channels.contains("≥ 25 × less, aim 40 × less")
        );
        assert!(channels.contains("| on Redis: 4 µs |"), "{channels}");
        assert!(channels.contains("| aim reached |"), "{channels}");
        let socketio = line(&["Socket.IO"]);
        assert!(
            socketio.contains("**1.50 ×** less") && socketio.contains("**missed**"),
            "{socketio}"
        );
    }

    #[test]
    fn without_figures_there_is_no_table() {
        let results = Results { compared: None, beside: None, ..sample() };
        assert_eq!(short_table(&results), "");
    }
}
