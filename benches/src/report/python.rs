//! What `ci/python.sh bench --json` says.

use serde::{Deserialize, Serialize};

use super::Measured;
use super::verdict::Goal;

/// Figures of the Python module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Python {
    /// The version of Python.
    pub python: String,
    /// In their order.
    pub figures: Vec<PythonFigure>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PythonFigure {
    /// What was measured; the word before the colon is the part it belongs to.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// What each round took.
    pub rounds: Vec<f64>,
    /// What it must be.
    pub must: Option<f64>,
    /// More is better.
    #[serde(default)]
    pub at_least: bool,
    /// The middle round.
    pub median: f64,
}

impl PythonFigure {
    pub(super) fn measured(&self) -> Measured {
        let of = |pick: fn(f64, f64) -> f64| self.rounds.iter().copied().reduce(pick);
        let (min, max) = (of(f64::min), of(f64::max));
        let median = self.median;
        Measured { median, min: min.unwrap_or(median), max: max.unwrap_or(median) }
    }

    pub(super) fn goal(&self) -> Goal {
        Goal { must: self.must, aim: None, at_least: self.at_least }
    }

    pub(super) fn command(&self) -> String {
        let part = self.name.split_once(':').map_or("", |(part, _)| part);
        format!("ci/python.sh bench {part}").trim_end().to_owned()
    }
}
