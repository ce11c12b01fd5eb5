//! How a bench is run: in earnest or briefly, all of it or a part.

use std::fmt::Display;
use std::time::Duration;

use criterion::Criterion;

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

/// Rows of figures.
#[derive(Debug)]
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// A table with these columns.
    #[must_use]
    pub fn new(columns: &[&str]) -> Self {
        Self(vec![columns.iter().map(|&column| column.to_owned()).collect()])
    }

    /// A row, in the order of the columns.
    pub fn row(&mut self, cells: &[&dyn Display]) {
        self.0.push(cells.iter().map(ToString::to_string).collect());
    }

    /// Prints it under a name.
    #[allow(clippy::print_stdout, reason = "this is what these programs are for")]
    pub fn print(&self, name: &str) {
        let columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        println!("{name}");
        for row in &self.0 {
            let cells = row.iter().zip(&widths);
            let line: Vec<String> = cells.map(|(cell, width)| format!("{cell:>width$}")).collect();
            println!("  {}", line.join("  "));
        }
        println!();
    }
}
