//! The page: RESULTS.md.

use std::fmt::Write as _;

use super::amount::{amount, amounts};
use super::beside::LIMIT;
use super::claims::{Claim, IN_PROCESS, ON_REDIS, goal_beside};
use super::growth::{self, Growth};
use super::markdown::{Table, code, plain};
use super::missed;
use super::plots::{RATIOS, growth_file, peers_file};
use super::results::{Again, Kind, Results};
use super::short::{of_peer, ratio, short_table, verdict_of_peer};

/// All of it, as Markdown.
#[must_use]
pub fn page(results: &Results) -> String {
    let parts = [
        head(results),
        about(results),
        section("In short", &short_table(results)),
        section("What is missed", &missed::list(results)),
        gaps(results),
        beside_limit(results),
        beside_peers(results),
        claims(
            "In process",
            "The engine with its store in memory: no sockets, no JSON.",
            IN_PROCESS,
            results,
        ),
        growing(results),
        claims(
            "On Redis",
            "One redis-server without persistence, one node with a connection of its own. CPU is what the server itself says of its commands.",
            ON_REDIS,
            results,
        ),
        python(results),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

fn head(results: &Results) -> String {
    let (time, day) = (minutes(results.seconds), &results.day);
    let how = match results.kind {
        Kind::Whole => format!(
            "Taken on {day} in {time} by `make bench`, which writes this page: nothing here is written by hand. Medians, and in brackets between what they lie: of three runs by turns where servers are measured, of criterion the interval that holds the median in 95 of 100 cases."
        ),
        Kind::Quick => format!(
            "> **A quick look, and no claim**: some of the cases, once and short, on {day} in {time}, by `make bench-quick`. `make bench` takes all of them three times, and writes this page anew."
        ),
    };
    let again: String = results
        .again
        .iter()
        .map(|Again { step, day, commit }| {
            format!("\n\nTaken once more since, by itself: {} ({day}, {commit}).", plain(step))
        })
        .collect();
    format!(
        "# Results\n\n{how}{again}\n\nHow it is measured, and what stands behind what is missed, is told in [README](README.md); everything in numbers is in [results.json](results.json). `×` is a ratio to what stands beside it in the same run on the same machine: that is what can be compared between machines.\n"
    )
}

fn minutes(seconds: u64) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    if minutes == 0 { format!("{seconds} s") } else { format!("{minutes} min {seconds} s") }
}

fn about(results: &Results) -> String {
    let mut table = Table::new(&["", ""]);
    for (name, value) in &results.about {
        table.row(&[plain(name), plain(value)]);
    }
    for peer in results.beside.iter().flat_map(|beside| &beside.programs) {
        if !peer.versions.is_empty() {
            table.row(&[plain(&peer.title), plain(&peer.versions)]);
        }
    }
    section("Machine and versions", &table.text())
}

fn section(title: &str, body: &str) -> String {
    let body = body.trim_end();
    if body.is_empty() { String::new() } else { format!("## {title}\n\n{body}\n") }
}

fn gaps(results: &Results) -> String {
    let mut lines = String::new();
    for missing in &results.missing {
        let _ = writeln!(lines, "- {}: {}", plain(&missing.step), plain(&missing.why));
    }
    section("What was not measured", &lines)
}

fn beside_limit(results: &Results) -> String {
    let Some(compared) = &results.compared else { return String::new() };
    let mut table = Table::new(&[
        "",
        &compared.limit,
        &compared.server,
        "ratio",
        "target",
        "",
        "the load",
        "again",
    ]);
    for row in &compared.rows {
        let limit = row.limit.map(|limit| amounts(limit, &row.unit)).unwrap_or_default();
        let (server, command) = (amounts(row.server, &row.unit), code(&row.command()));
        let verdict = row.verdict().to_string();
        let (load, target) = (row.load(), row.target());
        table.row(&[plain(&row.case), limit, server, ratio(row), target, verdict, load, command]);
    }
    let picture = picture("CPU as ratios to the limit", RATIOS);
    let before = "`chat-server` with its store in memory, over WebSockets, beside the least that a server could cost: a bare loop that sends ready frames and knows nothing. CPU of all threads from `schedstat`. *The load*: how much of a core the load itself has used at most, under the limit and under the server; near 1 it was as busy as it can be, which takes nothing from what a delivery cost the other side, only from how many there were.";
    section(
        "Through the whole server, beside the limit",
        &format!("{before}\n\n{}\n{picture}", table.text()),
    )
}

fn beside_peers(results: &Results) -> String {
    let Some(beside) = &results.beside else { return String::new() };
    let mut text = "What runs on Redis is compared with `chat-server` on Redis, and its CPU has Redis's in it; the others with `chat-server` in memory. Small servers as their own documentation shows them (`benches/peers/`), in the same run by turns, each doing the same work for the same load.\n".to_owned();
    for row in &beside.rows {
        let mut table = Table::new(&["", "needs", "beside the limit", "chat-server takes", ""]);
        let all = beside.programs.iter();
        for peer in all.filter(|peer| peer.is_on_redis() || !row.is_of_redis()) {
            let title = if peer.is_ours() {
                format!("**{}**", plain(&peer.title))
            } else {
                plain(&peer.title)
            };
            let Some(measured) = row.of(&peer.name) else {
                table.row(&[title.as_str(), "not measured", "", "", ""]);
                continue;
            };
            let limit = row.of(LIMIT).filter(|_| peer.name != LIMIT);
            let of_limit = limit.map(|limit| amount(measured.median / limit.median, "×"));
            let advantage = row.advantage(peer).filter(|_| peer.is_other());
            let goal = goal_beside(beside, row, peer);
            let verdict = advantage
                .map(|a| verdict_of_peer(goal.verdict(a.median), a, peer))
                .unwrap_or_default();
            table.row(&[
                title,
                amounts(measured, &row.unit),
                of_limit.unwrap_or_default(),
                advantage.map(|a| of_peer(a, &row.figure)).unwrap_or_default(),
                verdict,
            ]);
        }
        let picture = if row.is_of_redis() {
            String::new()
        } else {
            picture(&row.case, &peers_file(&row.case))
        };
        let _ = write!(
            text,
            "\n### {}\n\n{}\n\n{}\n{picture}",
            heading(&row.case),
            code(&row.command()),
            table.text()
        );
    }
    section("Beside what would be used instead", &text)
}

fn claims(title: &str, before: &str, all: &[Claim], results: &Results) -> String {
    let mut table = Table::new(&["", "measured", "target", "", "again"]);
    for claim in all {
        let Some(outcome) = claim.outcome(results) else { continue };
        let verdict = claim.goal.verdict(outcome.measured.median).to_string();
        let measured = amounts(outcome.measured, &outcome.unit);
        let (target, command) = (claim.goal.text(&outcome.unit), code(&outcome.command));
        table.row(&[claim.title.to_owned(), measured, target, verdict, command]);
    }
    let table = table.text();
    if table.is_empty() { table } else { section(title, &format!("{before}\n\n{table}")) }
}

fn growing(results: &Results) -> String {
    let mut text = String::new();
    for growth in growth::ALL {
        text.push_str(&grows(growth, results));
    }
    section("How it grows", &text)
}

fn grows(growth: &Growth, results: &Results) -> String {
    let Some(file) = growth_file(growth, results) else { return String::new() };
    let lines = growth.lines(results);
    let mut sizes: Vec<f64> =
        lines.iter().flat_map(|line| line.points.iter().map(|(size, _)| *size)).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let columns: Vec<String> = std::iter::once(growth.size.to_owned())
        .chain(sizes.iter().map(|size| super::amount::number(*size)))
        .collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new(&columns);
    for line in &lines {
        let mut cells = vec![line.label.to_owned()];
        for size in &sizes {
            let point = line.points.iter().find(|(at, _)| at == size);
            let told = point.map(|(_, found)| amount(found.measured.median, found.unit));
            cells.push(told.unwrap_or_default());
        }
        table.row(&cells);
    }
    let (title, command) = (growth.title, code(growth.command));
    format!("### {title}\n\n{command}\n\n{}{}\n", picture(title, &file), table.text())
}

fn python(results: &Results) -> String {
    let Some(python) = &results.python else {
        return section(
            "In Python",
            "Not a part of this run: [benches/python](python/README.md) has the figures, and `ci/python.sh bench` takes them.",
        );
    };
    let mut table = Table::new(&["", "measured", "target", "", "again"]);
    for figure in &python.figures {
        let goal = figure.goal();
        table.row(&[
            plain(&figure.name),
            amounts(figure.measured().rounded(), &figure.unit),
            goal.text(&figure.unit),
            goal.verdict(figure.median).to_string(),
            code(&figure.command()),
        ]);
    }
    let before = format!(
        "Python {}. What is measured is told in [python](python/README.md).",
        plain(&python.python)
    );
    section("In Python", &format!("{before}\n\n{}", table.text()))
}

fn picture(title: &str, file: &str) -> String {
    format!("![{}](plots/{file})\n\n", plain(title))
}

/// With a capital, as headings have it.
fn heading(case: &str) -> String {
    let mut letters = case.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    plain(&format!("{first}{}", letters.as_str()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A small run: one of each kind, with something missed, something missing, and names that want to be more.
    pub(in crate::report) fn sample() -> Results {
        serde_json::from_str(include_str!("sample.json")).unwrap()
    }

    fn line(words: &[&str]) -> String {
        let page = page(&sample());
        let line = page.lines().find(|line| words.iter().all(|word| line.contains(word)));
        line.unwrap_or_else(|| panic!("{words:?} in\n{page}")).to_owned()
    }

    #[test]
    fn a_part_that_was_taken_by_itself_is_said_to_be() {
        assert!(!page(&sample()).contains("Taken once more"));
        let (step, day) = ("bench drain".to_owned(), "2026-12-01".to_owned());
        let again = vec![Again { step, day, commit: "abc1234".to_owned() }];
        let text = page(&Results { again, ..sample() });
        assert!(
            text.contains("Taken once more since, by itself: bench drain (2026-12-01, abc1234).")
        );
    }

    #[test]
    fn each_figure_has_its_verdict_and_its_command() {
        let append = line(&["append + mark 1,000 cursors"]);
        let cells = "| 15.2 µs (14.8 to 16.1) | ≤ 60 µs, aim 25 µs | aim reached | `cargo bench -p chat-benches --bench append -- 'append and mark/noop/1000$'` |";
        assert!(append.ends_with(cells), "{append}");
        let expiry = line(&["| 1,000,000 rooms due"]);
        assert!(expiry.contains("| 1.61 s | ≤ 1 s, aim 300 ms | **missed** |"), "{expiry}");
        let list = line(&["commands that renew", "100,000"]);
        assert!(list.contains("| 16 | ≤ 16 | reached |"), "{list}");
    }

    #[test]
    fn who_has_no_redis_is_no_part_of_what_redis_needs() {
        let page = page(&sample());
        let (_, part) = page.split_once("### Of which Redis's").unwrap();
        let (part, _) = part.split_once("###").unwrap();
        assert!(
            part.contains("channels_redis | 9 µs |") && !part.contains("not measured"),
            "{part}"
        );
        assert!(!part.contains("![") && !part.contains("Socket.IO"), "{part}");
    }

    #[test]
    fn what_was_not_measured_is_a_gap_and_no_zero() {
        let page = page(&sample());
        assert!(line(&["| Socket.IO | not measured |"]).ends_with("| not measured |  |  |  |"));
        assert!(
            page.contains("## What was not measured\n\n- the peers: pip could not \\[reach\\] it")
        );
        assert!(!page.contains("drain of one entry"), "nobody measured it");
        assert!(!page.contains("NaN") && !page.contains("| 0 |"));
        assert!(page.contains("[benches/python](python/README.md)"));
    }

    #[test]
    fn a_quick_look_says_that_it_is_one() {
        let whole = sample();
        assert!(!page(&whole).contains("quick look") && page(&whole).contains("12 min 34 s"));
        let quick = Results { kind: Kind::Quick, ..whole };
        assert!(page(&quick).contains("> **A quick look, and no claim**"));
    }

    #[test]
    fn each_plot_is_on_the_page_and_none_that_is_not_there() {
        let results = sample();
        let page = page(&results);
        let named: Vec<&str> = page
            .split("](plots/")
            .skip(1)
            .filter_map(|rest| rest.split_once(')').map(|(file, _)| file))
            .collect();
        let mut there: Vec<String> =
            super::super::plots(&results).into_iter().map(|plot| plot.file).collect();
        let mut named: Vec<String> = named.into_iter().map(str::to_owned).collect();
        there.sort();
        named.sort();
        assert_eq!(named, there);
    }

    #[test]
    fn names_stay_in_their_cells() {
        let page = page(&sample());
        assert!(page.contains(r"one \| two &lt;b&gt;"), "the machine has a strange name");
        for table in page.lines().filter(|line| line.starts_with('|')) {
            assert!(table.ends_with('|'), "{table}");
        }
    }
}
