//! Marks in rows, one for each program, with whiskers from the least to the most.
//!
//! No bars: the axis is logarithmic, and begins nowhere, so that the length of a bar would say nothing.

use super::axis::{Axis, tick};
use super::paper::{Held, LETTER, Paper, WIDTH};
use crate::report::Measured;
use crate::report::amount::amounts;

/// A plot of marks.
#[derive(Debug)]
pub(in crate::report) struct Marks {
    pub(in crate::report) title: String,
    /// What is along the axis.
    pub(in crate::report) axis: String,
    pub(in crate::report) unit: String,
    pub(in crate::report) rows: Vec<Row>,
}

/// A row with its mark.
#[derive(Debug)]
pub(in crate::report) struct Row {
    pub(in crate::report) label: String,
    /// None, where it was not measured: its place stays empty.
    pub(in crate::report) measured: Option<Measured>,
    /// In the colour that is looked for.
    pub(in crate::report) ours: bool,
}

const TOP: f64 = 50.0;
const HIGH: f64 = 34.0;
const BELOW: f64 = 56.0;
/// For what stands behind a mark.
const BEHIND: f64 = 190.0;
/// Between two values along the axis.
const APART: f64 = 62.0;

impl Marks {
    pub(in crate::report) fn svg(&self) -> String {
        let height = TOP + HIGH * self.rows.len() as f64 + BELOW;
        let mut paper = Paper::new(height, &self.title, &self.spoken());
        let longest = self.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
        let left = (longest as f64 * LETTER + 30.0).clamp(90.0, 360.0);
        let there = || self.rows.iter().filter_map(|row| row.measured);
        let ends = there().flat_map(|measured| [measured.min, measured.median, measured.max]);
        let ends: Vec<f64> = ends.collect();
        let axis = Axis::round(ends.iter().copied(), left, WIDTH - BEHIND);
        let bottom = height - BELOW;
        let mut last = f64::NEG_INFINITY;
        for value in axis.ticks() {
            let x = axis.at(value);
            paper.line("grid", (x, TOP - 8.0), (x, bottom));
            if x - last >= APART {
                paper.words(x, bottom + 18.0, "faint", Held::Middle, &tick(value, &self.unit));
                last = x;
            }
        }
        let middle = f64::midpoint(left, WIDTH - BEHIND);
        paper.words(middle, bottom + 40.0, "faint", Held::Middle, &self.axis);
        for (at, row) in self.rows.iter().enumerate() {
            let y = TOP + HIGH * at as f64;
            let base = y + HIGH / 2.0 + 1.0;
            paper.words(left - 10.0, base, "", Held::Right, &row.label);
            let Some(measured) = row.measured else {
                paper.words(left + 8.0, base, "faint", Held::Left, "not measured");
                continue;
            };
            let Measured { median, min, max } = measured;
            let class = if row.ours { "ours" } else { "plain" };
            let middle = y + HIGH / 2.0 - 4.0;
            paper.line("grid", (left, middle), (WIDTH - BEHIND, middle));
            if min < max {
                let [least, most] = [min, max].map(|end| axis.at(end));
                paper.line("range", (least, middle), (most, middle));
                for end in [least, most] {
                    paper.line("range", (end, middle - 5.0), (end, middle + 5.0));
                }
            }
            paper.mark(class, (axis.at(median), middle));
            let behind = axis.at(max.max(median)) + 12.0;
            paper.words(behind, base, "", Held::Left, &amounts(measured, &self.unit));
        }
        paper.finish()
    }

    fn spoken(&self) -> String {
        let told = |row: &Row| {
            let told = row.measured.map(|measured| amounts(measured, &self.unit));
            format!("{}: {}", row.label, told.as_deref().unwrap_or("not measured"))
        };
        let rows: Vec<String> = self.rows.iter().map(told).collect();
        format!("Marks on a logarithmic axis, {}. {}.", self.axis, rows.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(measured: Option<Measured>) -> Marks {
        let row = |label: &str, measured, ours| Row { label: label.to_owned(), measured, ours };
        let spread = Measured { median: 2.0, min: 1.5, max: 2.5 };
        let rows = vec![row("ours", Some(spread), true), row("theirs", measured, false)];
        Marks { title: "A title".to_owned(), axis: "CPU".to_owned(), unit: "µs".to_owned(), rows }
    }

    #[test]
    fn who_was_not_measured_leaves_a_gap() {
        let there = marks(Some(Measured::once(200.0))).svg();
        assert_eq!(there.matches("<circle").count(), 2);
        let gap = marks(None).svg();
        assert_eq!(gap.matches("<circle").count(), 1);
        assert!(gap.contains("not measured") && gap.contains("theirs: not measured"));
        assert!(!gap.contains("NaN"));
    }

    #[test]
    fn a_range_has_two_ends_and_a_single_figure_none() {
        let svg = marks(Some(Measured::once(3.0))).svg();
        assert_eq!(svg.matches("class=\"range\"").count(), 3);
        assert!(svg.contains("2 µs (1.50 to 2.50)"));
    }
}
