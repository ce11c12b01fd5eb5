//! A figure: the middle of several, and between what they lay.

use serde::{Deserialize, Deserializer, Serialize};

/// A median with its range. What is no number was not measured, or is a part of nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The middle one.
    #[serde(default = "nothing", deserialize_with = "number")]
    pub median: f64,
    /// The least; of criterion's figures the lower end of the interval that holds the median in 95 of 100 cases.
    #[serde(default = "nothing", deserialize_with = "number")]
    pub min: f64,
    /// The most.
    #[serde(default = "nothing", deserialize_with = "number")]
    pub max: f64,
}

fn nothing() -> f64 {
    f64::NAN
}

/// JSON has no word for what is no number, and says `null`.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

impl Measured {
    /// What was measured once.
    #[must_use]
    pub fn once(value: f64) -> Self {
        Self { median: value, min: value, max: value }
    }

    /// Whether there is a figure at all.
    #[must_use]
    pub fn is_there(self) -> bool {
        self.median.is_finite()
    }

    /// How often that is in a second, where this is how many nanoseconds one takes.
    pub(super) fn per_second(self) -> Self {
        let rate = |ns: f64| 1e9 / ns;
        Self { median: rate(self.median), min: rate(self.max), max: rate(self.min) }
    }

    /// By how much this is more than another, in so many equal parts.
    pub(super) fn above(self, other: Self, parts: f64) -> Self {
        let part = |this: f64, other: f64| (this - other) / parts;
        Self {
            median: part(self.median, other.median),
            min: part(self.min, other.max),
            max: part(self.max, other.min),
        }
    }

    /// How many times another this is: at the least if this came out low and the other high.
    pub(super) fn times(self, other: Self) -> Self {
        Self {
            median: self.median / other.median,
            min: self.min / other.max,
            max: self.max / other.min,
        }
    }

    /// With as many digits as say something.
    pub(super) fn rounded(self) -> Self {
        Self { median: rounded(self.median), min: rounded(self.min), max: rounded(self.max) }
    }
}

/// Four digits, so that committed figures can be read, and differ only where they do.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(min: f64, median: f64, max: f64) -> Measured {
        Measured { median, min, max }
    }

    #[test]
    fn what_is_null_was_not_measured() {
        let read: Measured = serde_json::from_str(r#"{"median":null,"min":1.0}"#).unwrap();
        assert!(!read.is_there() && read.max.is_nan());
    }

    #[test]
    fn ranges_are_as_wide_as_they_can_be() {
        let (many, few) = (measured(8.0, 10.0, 12.0), measured(1.0, 2.0, 4.0));
        assert_eq!(many.times(few), measured(2.0, 5.0, 12.0));
        assert_eq!(many.above(few, 2.0), measured(2.0, 4.0, 5.5));
        assert_eq!(measured(1e6, 2e6, 4e6).per_second(), measured(250.0, 500.0, 1_000.0));
    }

    #[test]
    fn four_digits_are_kept() {
        assert_eq!([1_234.56, 0.000_123_456, 0.0].map(rounded), [1_235.0, 0.000_123_5, 0.0]);
        assert!(rounded(f64::INFINITY).is_infinite());
    }
}
