//! Everything that was measured, and where. It is kept as JSON beside the page that is made of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Beside, Compared, Measured, Python, Timed};

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// How thorough it was.
    pub kind: Kind,
    /// The date.
    pub day: String,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// The machine and the versions, each under its name.
    pub about: BTreeMap<String, String>,
    /// What could not be measured, and why.
    #[serde(default)]
    pub missing: Vec<Missing>,
    /// What was taken once more since, by itself.
    #[serde(default)]
    pub again: Vec<Again>,
    /// Criterion's.
    #[serde(default)]
    pub timed: Vec<Timed>,
    /// Those of benches with tables of their own.
    #[serde(default)]
    pub told: Vec<Told>,
    /// The server beside the limit.
    #[serde(default)]
    pub compared: Option<Compared>,
    /// The server beside its peers.
    #[serde(default)]
    pub beside: Option<Beside>,
    /// From Python.
    #[serde(default)]
    pub python: Option<Python>,
}

/// How thorough a run was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All cases, with repetitions.
    Whole,
    /// Some cases, once and short.
    Quick,
}

/// A part that is not of the run that the rest is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// What was run.
    pub step: String,
    /// The date.
    pub day: String,
    /// Of which commit.
    pub commit: String,
}

/// A gap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missing {
    /// What was to be run.
    pub step: String,
    /// Why it has no figures.
    pub why: String,
}

/// A figure of a bench with a table of its own, measured once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The file in `benches/benches/`.
    pub bench: String,
    /// The figure.
    #[serde(flatten)]
    pub reading: crate::Reading,
}

/// Something that was measured, whoever measured it.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) measured: Measured,
    pub(super) unit: &'a str,
    /// What measures it again.
    pub(super) command: String,
}

impl Results {
    /// Everything by its name. The limit's have `, limit` behind theirs.
    pub(super) fn all(&self) -> impl Iterator<Item = Found<'_>> {
        let timed = self.timed.iter().map(|timed| Found {
            name: Cow::Borrowed(&timed.id),
            measured: timed.ns,
            unit: "ns",
            command: bench_command(&timed.bench, &format!("{}$", timed.id)),
        });
        let told = self.told.iter().map(|told| Found {
            name: Cow::Borrowed(&told.reading.name),
            measured: Measured::once(told.reading.value).rounded(),
            unit: &told.reading.unit,
            command: bench_command(&told.bench, &told.reading.part),
        });
        let rows = self.compared.iter().flat_map(|compared| &compared.rows);
        let compared = rows.flat_map(|row| {
            let found = |name, measured| Found {
                name,
                measured,
                unit: row.unit.as_str(),
                command: row.command(),
            };
            let server = found(Cow::Borrowed(row.case.as_str()), row.server);
            let limit = row.limit.map(|limit| found(format!("{}, limit", row.case).into(), limit));
            std::iter::once(server).chain(limit)
        });
        timed.chain(told).chain(compared)
    }

    /// What has this name.
    pub(super) fn found(&self, name: &str) -> Option<Found<'_>> {
        self.all().find(|found| found.name == name && found.measured.is_there())
    }

    /// What has names like this, where `*` is a number: by that number.
    pub(super) fn by_number(&self, like: &str) -> Vec<(f64, Found<'_>)> {
        let Some((before, behind)) = like.split_once('*') else { return Vec::new() };
        let number = |name: &str| -> Option<f64> {
            let digits = name.strip_prefix(before)?.strip_suffix(behind)?;
            let digits = digits.replace(',', "");
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let there = self.all().filter(|found| found.measured.is_there());
        let mut all: Vec<_> =
            there.filter_map(|found| Some((number(&found.name)?, found))).collect();
        all.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        all
    }

    /// With as many digits as say something.
    #[must_use]
    pub fn rounded(mut self) -> Self {
        let compared = self.compared.iter_mut().flat_map(|compared| &mut compared.rows);
        for row in compared {
            row.server = row.server.rounded();
            row.limit = row.limit.map(Measured::rounded);
            row.ratio = row.ratio.map(Measured::rounded);
        }
        let beside = self.beside.iter_mut().flat_map(|beside| &mut beside.rows);
        for taken in beside.flat_map(|row| &mut row.values) {
            taken.measured = taken.measured.rounded();
        }
        self
    }
}

fn bench_command(bench: &str, part: &str) -> String {
    let quote = if part.contains('\'') { '"' } else { '\'' };
    format!("cargo bench -p chat-benches --bench {bench} -- {quote}{part}{quote}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::tests::sample;

    #[test]
    fn a_name_with_a_number_is_found_by_it() {
        let results = sample();
        let sizes =
            |like| -> Vec<f64> { results.by_number(like).iter().map(|(size, _)| *size).collect() };
        assert_eq!(sizes("append and mark/noop/*"), [1.0, 1_000.0]);
        // With commas, and without what only begins alike.
        assert_eq!(sizes("a delivery, one room of *, closed loop"), [500.0, 1_000.0]);
        assert_eq!(sizes("a delivery, one room of *, closed loop, limit"), [500.0]);
        assert!(sizes("append and mark").is_empty());
    }

    #[test]
    fn a_command_measures_that_and_nothing_else() {
        let results = sample();
        assert_eq!(
            results.found("append and mark/noop/1000").unwrap().command,
            "cargo bench -p chat-benches --bench append -- 'append and mark/noop/1000$'"
        );
        assert_eq!(
            bench_command("redis", "a node's"),
            "cargo bench -p chat-benches --bench redis -- \"a node's\""
        );
    }

    #[test]
    fn results_are_the_same_when_they_are_read_again() {
        let results = sample();
        let text = serde_json::to_string_pretty(&results).unwrap();
        let again: Results = serde_json::from_str(&text).unwrap();
        // What is no number is equal to nothing, so the text is compared.
        assert_eq!(serde_json::to_string_pretty(&again).unwrap(), text);
        assert!(text.contains("\"median\": null"));
    }
}
