//! How a bench is run: in earnest or briefly, all of it or a part.

use std::fmt::Display;
use std::time::Duration;

use criterion::Criterion;

use crate::Reading;

/// Whether the steps are only to be taken, not measured: `cargo bench` says `--bench`, `cargo test` does not.
#[must_use]
pub fn brief() -> bool {
    !std::env::args().any(|arg| arg == "--bench")
}

/// A size: as it is when measuring, a small one of the same kind otherwise. Different sizes stay different: benches are
/// named after them.
#[must_use]
pub fn scale(full: usize) -> usize {
    if brief() {
        full.min(full.checked_ilog2().map_or(0, |digits| digits as usize + 1))
    } else {
        full
    }
}

/// Whether a bench with a table of its own is to leave out what takes long: `--quick`.
#[must_use]
pub fn quick() -> bool {
    std::env::args().any(|arg| arg == "--quick")
}

/// Criterion, set so that all benches together take minutes rather than an hour.
///
/// `share` is the part of an iteration that is measured, for those that do much beside it: criterion plans by what is
/// measured only.
#[must_use]
pub fn criterion(share: f64) -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1).mul_f64(share))
        .without_plots()
}

/// A bench that is not criterion's: a few parts, each of which prints a table.
#[derive(Debug)]
pub struct Program {
    filter: Option<String>,
}

impl Program {
    /// As it was called. The one thing it understands is a part of a name; what else `cargo` passes is for others.
    #[must_use]
    pub fn from_args() -> Self {
        Self { filter: std::env::args().skip(1).find(|arg| !arg.starts_with('-')) }
    }

    /// Runs a part, unless others were asked for.
    pub fn part(&self, name: &str, run: impl FnOnce() -> Table) {
        if self.filter.as_ref().is_none_or(|filter| name.contains(filter.as_str())) {
            run().print(name);
        }
    }
}

/// Rows of figures, for people; and some of them for programs.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
    readings: Vec<Reading>,
}

impl Table {
    /// A table with these columns.
    #[must_use]
    pub fn new(columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Self { rows: vec![columns], readings: Vec::new() }
    }

    /// A row, in the order of the columns.
    pub fn row(&mut self, cells: &[&dyn Display]) {
        self.rows.push(cells.iter().map(ToString::to_string).collect());
    }

    /// A figure for programs, under a name of its own.
    pub fn reading(&mut self, name: impl Into<String>, value: f64, unit: &str) {
        let (part, name, unit) = (String::new(), name.into(), unit.to_owned());
        self.readings.push(Reading { part, name, value, unit });
    }

    /// Prints it under a name, and hands its figures over to whatever program asked for them.
    ///
    /// # Panics
    /// If they cannot be handed over: a bench whose figures are lost has to stop.
    #[allow(clippy::print_stdout, reason = "this is what these programs are for")]
    #[allow(clippy::expect_used, reason = "said above")]
    pub fn print(&self, name: &str) {
        let part = |reading: &Reading| Reading { part: name.to_owned(), ..reading.clone() };
        let readings: Vec<Reading> = self.readings.iter().map(part).collect();
        Reading::hand_over(&readings).expect("figures are handed over");
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        println!("{name}");
        for row in &self.rows {
            let cells = row.iter().zip(&widths);
            let line: Vec<String> = cells.map(|(cell, width)| format!("{cell:>width$}")).collect();
            println!("  {}", line.join("  "));
        }
        println!();
    }
}
