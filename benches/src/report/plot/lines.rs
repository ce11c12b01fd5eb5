//! Lines over a size, each with its name where it ends.

use super::axis::{Axis, size, tick};
use super::paper::{Held, Paper, WIDTH};
use crate::report::Measured;
use crate::report::amount::amounts;

/// A plot of lines.
#[derive(Debug)]
pub(in crate::report) struct Lines {
    pub(in crate::report) title: String,
    /// What grows.
    pub(in crate::report) size: String,
    pub(in crate::report) unit: String,
    pub(in crate::report) series: Vec<Series>,
}

/// A line.
#[derive(Debug)]
pub(in crate::report) struct Series {
    pub(in crate::report) label: String,
    pub(in crate::report) points: Vec<(f64, Measured)>,
}

const HEIGHT: f64 = 400.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = HEIGHT - 64.0;
const LEFT: f64 = 84.0;
/// For the names.
const BEHIND: f64 = 270.0;
/// How much of that is left for letters.
#[cfg(test)]
pub(in crate::report) const NAME: f64 = BEHIND - 38.0;
/// Between two names, and between two sizes.
const APART: (f64, f64) = (18.0, 40.0);
/// There are so many colours.
const COLOURS: usize = 4;

impl Lines {
    pub(in crate::report) fn svg(&self) -> String {
        let mut paper = Paper::new(HEIGHT, &self.title, &self.spoken());
        let points = || self.series.iter().flat_map(|series| &series.points);
        let mut sizes: Vec<f64> = points().map(|(size, _)| *size).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        let right = WIDTH - BEHIND;
        let across = Axis::exact(sizes.iter().copied(), LEFT + 16.0, right);
        let ends: Vec<f64> = points().flat_map(|(_, m)| [m.min, m.median, m.max]).collect();
        let up = Axis::round(ends.iter().copied(), BOTTOM, TOP);

        for value in up.ticks() {
            let y = up.at(value);
            paper.line("grid", (LEFT, y), (right, y));
            paper.words(LEFT - 8.0, y + 4.0, "faint", Held::Right, &tick(value, &self.unit));
        }
        let mut last = f64::NEG_INFINITY;
        for value in &sizes {
            let x = across.at(*value);
            paper.line("grid", (x, BOTTOM), (x, BOTTOM + 5.0));
            if x - last >= APART.1 {
                paper.words(x, BOTTOM + 20.0, "faint", Held::Middle, &size(*value));
                last = x;
            }
        }
        let middle = f64::midpoint(LEFT, right);
        paper.words(middle, BOTTOM + 44.0, "faint", Held::Middle, &self.size);

        for (at, series) in self.series.iter().enumerate() {
            let colour = at % COLOURS;
            let place = |(size, m): &(f64, Measured)| (across.at(*size), up.at(m.median));
            let places: Vec<_> = series.points.iter().map(place).collect();
            for ((_, m), (x, _)) in series.points.iter().zip(&places) {
                if m.min < m.max {
                    let ends = [m.min, m.max].map(|end| (*x, up.at(end)));
                    paper.line(&format!("line c{colour}"), ends[0], ends[1]);
                }
            }
            paper.path(&format!("line c{colour}"), &places);
            for place in places {
                paper.dot(&format!("d{colour}"), place);
            }
        }
        let ends: Vec<_> = self.series.iter().map(|series| series.end(&up)).collect();
        for ((at, series), y) in self.series.iter().enumerate().zip(apart(&ends)) {
            let class = format!("d{}", at % COLOURS);
            let x = right + 14.0;
            paper.line(&format!("line c{}", at % COLOURS), (x, y), (x + 14.0, y));
            paper.words(x + 20.0, y + 4.0, &class, Held::Left, &series.label);
        }
        paper.finish()
    }

    fn spoken(&self) -> String {
        let point =
            |(at, m): &(f64, Measured)| format!("{} at {}", amounts(*m, &self.unit), size(*at));
        let series = |series: &Series| {
            let points: Vec<String> = series.points.iter().map(point).collect();
            format!("{}: {}", series.label, points.join(", "))
        };
        let all: Vec<String> = self.series.iter().map(series).collect();
        format!("Lines over {}, both axes logarithmic. {}.", self.size, all.join("; "))
    }
}

impl Series {
    /// How high its last point is.
    fn end(&self, up: &Axis) -> f64 {
        self.points.last().map_or(BOTTOM, |(_, last)| up.at(last.median))
    }
}

/// The same heights, moved until no two are too near to each other.
fn apart(heights: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let mut moved = heights.to_vec();
    let mut least = f64::NEG_INFINITY;
    for at in &order {
        moved[*at] = moved[*at].max(least);
        least = moved[*at] + APART.0;
    }
    // What was pushed out below comes back up, and pushes in turn.
    let mut most = BOTTOM;
    for at in order.iter().rev() {
        moved[*at] = moved[*at].min(most);
        most = moved[*at] - APART.0;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_lie_on_each_other() {
        let moved = apart(&[100.0, 102.0, 101.0, 300.0]);
        assert_eq!(moved, [100.0, 136.0, 118.0, 300.0]);
        let low = apart(&[BOTTOM, BOTTOM]);
        assert_eq!((low[0] - low[1]).abs(), APART.0);
        assert!(low.iter().all(|y| *y <= BOTTOM));
    }

    #[test]
    fn each_series_has_its_points_and_its_name() {
        let series = |label: &str, values: &[(f64, f64)]| Series {
            label: label.to_owned(),
            points: values.iter().map(|(at, value)| (*at, Measured::once(*value))).collect(),
        };
        let series =
            vec![series("one", &[(0.0, 85.0), (100.0, 90.0)]), series("two", &[(100.0, 900.0)])];
        let (title, size, unit) = ("A title".to_owned(), "rooms".to_owned(), "ns".to_owned());
        let svg = Lines { title, size, unit, series }.svg();
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.contains(">one</text>") && svg.contains(">two</text>"));
        assert!(svg.contains("one: 85 ns at 0, 90 ns at 100"), "{svg}");
    }
}
