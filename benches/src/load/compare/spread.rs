//! Several measurements of one thing.

use std::fmt;

use serde_json::{Value, json};

use crate::load::run::short;

/// The middle one, and between what they lie.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::load) struct Spread {
    pub(in crate::load) median: f64,
    pub(in crate::load) min: f64,
    pub(in crate::load) max: f64,
}

impl Spread {
    /// Of none it is zero.
    pub(in crate::load) fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else {
            return Self::default();
        };
        let (below, above) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Self { median: f64::midpoint(below, above), min, max }
    }

    pub(in crate::load) fn json(self) -> Value {
        json!({ "median": self.median, "min": self.min, "max": self.max })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, min, max } = *self;
        f.write_str(&short(median))?;
        if min < max { write!(f, " ({}–{})", short(min), short(max)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        let odd = Spread::of(&[3.0, 1.0, 8.0]);
        assert_eq!(odd, Spread { median: 3.0, min: 1.0, max: 8.0 });
        assert_eq!(odd.to_string(), "3 (1–8)");
        assert_eq!(Spread::of(&[4.0, 1.0]).median, 2.5);
        assert_eq!(Spread::of(&[2.5]).to_string(), "2.50");
        assert_eq!(Spread::of(&[]), Spread::default());
    }
}
