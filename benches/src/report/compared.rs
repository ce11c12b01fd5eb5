//! What `chat-load compare --json` says: a server beside the limit.

use serde::{Deserialize, Serialize};

use super::Measured;
use super::verdict::{Goal, Verdict};

/// A comparison. Its single runs are left out: they are many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// How the limit is called.
    pub limit: String,
    /// How the server is called.
    pub server: String,
    /// One for each case.
    pub rows: Vec<ComparedRow>,
}

/// One case, of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedRow {
    /// What was done.
    pub case: String,
    /// Of its figure.
    pub unit: String,
    /// The figure, by the name that a run has for it.
    pub figure: String,
    /// The limit's.
    pub limit: Option<Measured>,
    /// The server's.
    pub server: Measured,
    /// The server's as a ratio to the limit's.
    pub ratio: Option<Measured>,
    /// What it must be.
    pub must: Option<f64>,
    /// What would be better.
    pub aim: Option<f64>,
    /// Whether it is, in the load's words.
    pub verdict: String,
    /// Whether `must` and `aim` are of the ratio, or of the server's own figure.
    #[serde(default)]
    pub of_ratio: bool,
    /// How much of a core the load itself has used, under the limit and under the server.
    #[serde(default)]
    pub load_share: [Option<f64>; 2],
    /// What measures it again.
    #[serde(default)]
    pub command: Option<String>,
}

impl Compared {
    /// The case with this name.
    #[must_use]
    pub fn row(&self, case: &str) -> Option<&ComparedRow> {
        self.rows.iter().find(|row| row.case == case)
    }
}

impl ComparedRow {
    pub(super) fn verdict(&self) -> Verdict {
        Verdict::told(&self.verdict)
    }

    pub(super) fn goal(&self) -> Goal {
        Goal { must: self.must, aim: self.aim, at_least: false }
    }

    /// In what its goal is given.
    pub(super) fn goal_unit(&self) -> &str {
        if self.of_ratio { "×" } else { &self.unit }
    }

    /// What was to be reached, as a table tells it.
    pub(super) fn target(&self) -> String {
        self.goal().text(self.goal_unit())
    }

    /// The same in words: of a core, beside the limit and beside the server.
    pub(super) fn load(&self) -> String {
        let shares: Vec<String> =
            self.load_share.iter().flatten().map(|share| format!("{share:.2}")).collect();
        shares.join(", ")
    }

    pub(super) fn command(&self) -> String {
        let usual = || format!("target/release/chat-load compare --only '{}'", self.case);
        self.command.clone().unwrap_or_else(usual)
    }
}
