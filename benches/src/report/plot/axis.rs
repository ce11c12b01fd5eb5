//! Logarithmic axes: from a value to a place, and which values are written beside them.

use crate::report::amount::fitting;

/// An axis between two places on paper.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
    /// Where nothing stands, which has no logarithm: at the near end, apart from the others.
    zero: Option<f64>,
}

/// How far nothing is from the least.
const APART: f64 = 44.0;

impl Axis {
    /// From a round number below all values to one above them.
    pub(super) fn round(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let (least, most) = ends(values);
        let (below, above) = (round_below(least), round_above(most));
        let above = if above > below { above } else { above * 2.0 };
        Self { least: below, most: above, from, to, zero: None }
    }

    /// From the least to the most; zeros apart.
    pub(super) fn exact(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let zero = values.clone().any(|value| value == 0.0).then_some(from);
        let (least, most) = ends(values);
        let most = if most > least { most } else { least * 10.0 };
        let from = if zero.is_some() { from + APART } else { from };
        Self { least, most, from, to, zero }
    }

    /// The place of a value; of one outside, the end that it is beyond.
    pub(super) fn at(&self, value: f64) -> f64 {
        if value <= 0.0 {
            return self.zero.unwrap_or(self.from);
        }
        let part = (value.ln() - self.least.ln()) / (self.most.ln() - self.least.ln());
        self.from + part.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Round values to write beside it: of each decade 1, 2 and 5, or 1 alone where there are many.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let decades = (self.most / self.least).log10();
        let digits: &[u8] = if decades > 2.5 { &[1] } else { &[1, 2, 5] };
        let first = self.least.log10().floor() as i32;
        let last = self.most.log10().ceil() as i32;
        let all = (first..=last).flat_map(|power| digits.iter().map(move |d| decimal(*d, power)));
        let slack = 1.0 + 1e-9;
        all.filter(|tick| *tick * slack >= self.least && *tick <= self.most * slack).collect()
    }
}

/// As a program would be told it, so that 0.2 is 0.2.
fn decimal(digit: u8, power: i32) -> f64 {
    format!("{digit}e{power}").parse().unwrap_or(1.0)
}

fn ends(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let values = values.filter(|value| value.is_finite() && *value > 0.0);
    let least = values.clone().reduce(f64::min).unwrap_or(1.0);
    (least, values.reduce(f64::max).unwrap_or(10.0))
}

fn round_below(value: f64) -> f64 {
    let power = value.log10().floor() as i32;
    let round = [5, 2, 1].map(|digit| decimal(digit, power));
    round.into_iter().find(|round| *round <= value).unwrap_or(value)
}

fn round_above(value: f64) -> f64 {
    let power = value.log10().floor() as i32;
    let round = [decimal(1, power), decimal(2, power), decimal(5, power)];
    round.into_iter().find(|round| *round >= value).unwrap_or(decimal(1, power + 1))
}

/// A round value with its unit: `500 ns`, `2 µs`.
pub(super) fn tick(value: f64, unit: &str) -> String {
    let (whole, unit) = fitting(value, unit);
    let text = format!("{:.4}", value / whole);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} {unit}").trim_end().to_owned()
}

/// A size, short: `100`, `100k`, `1M`.
pub(super) fn size(value: f64) -> String {
    for (unit, name) in [(1e6, "M"), (1e3, "k")] {
        if value >= unit && value % unit == 0.0 {
            return format!("{}{name}", value / unit);
        }
    }
    crate::report::amount::number(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decade_is_as_long_as_the_next() {
        let axis = Axis::exact([1.0, 10.0, 100.0].into_iter(), 0.0, 200.0);
        assert_eq!(
            [1.0, 10.0, 100.0, 1e9].map(|value| axis.at(value).round()),
            [0.0, 100.0, 200.0, 200.0]
        );
    }

    #[test]
    fn nothing_has_a_place_of_its_own() {
        let axis = Axis::exact([0.0, 10.0, 100.0].into_iter(), 10.0, 200.0);
        assert_eq!(axis.at(0.0), 10.0);
        assert_eq!(axis.at(10.0), 10.0 + APART);
    }

    #[test]
    fn ticks_are_round() {
        let ticks = |values: [f64; 2]| Axis::round(values.into_iter(), 0.0, 1.0).ticks();
        assert_eq!(ticks([1.4, 4.6]), [1.0, 2.0, 5.0]);
        assert_eq!(ticks([0.15, 0.31]), [0.1, 0.2, 0.5]);
        assert_eq!(ticks([3.0, 26_000.0]), [10.0, 100.0, 1_000.0, 10_000.0]);
        assert_eq!(ticks([7.0, 7.0]), [5.0, 10.0]);
        assert_eq!(
            [tick(500.0, "ns"), tick(2_000.0, "ns"), tick(0.2, "µs")],
            ["500 ns", "2 µs", "0.2 µs"]
        );
        assert_eq!([0.0, 999.0, 1e5, 1e6].map(size), ["0", "999", "100k", "1M"]);
    }
}
