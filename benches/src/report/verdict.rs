//! What a figure is to be, and whether it is.

use std::fmt;

use super::amount::amount;

/// Bounds of a figure: what it must keep, and what would be better.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Goal {
    pub(super) must: Option<f64>,
    pub(super) aim: Option<f64>,
    /// More is better.
    pub(super) at_least: bool,
}

/// Whether they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    AimReached,
    Reached,
    Missed,
    /// Nothing was to be reached.
    Shown,
}

impl Goal {
    pub(super) const NONE: Self = Self { must: None, aim: None, at_least: false };

    pub(super) const fn at_most(must: f64) -> Self {
        Self { must: Some(must), aim: None, at_least: false }
    }

    pub(super) const fn at_least(must: f64) -> Self {
        Self { must: Some(must), aim: None, at_least: true }
    }

    pub(super) const fn better(self, aim: f64) -> Self {
        Self { aim: Some(aim), ..self }
    }

    /// What could not be measured has missed it.
    pub(super) fn verdict(self, value: f64) -> Verdict {
        let keeps = |bound: f64| if self.at_least { value >= bound } else { value <= bound };
        match (self.must, self.aim) {
            (None, None) => Verdict::Shown,
            (_, Some(aim)) if keeps(aim) => Verdict::AimReached,
            (Some(must), _) if keeps(must) => Verdict::Reached,
            (None, Some(_)) => Verdict::Shown,
            (Some(_), _) => Verdict::Missed,
        }
    }

    /// What must be kept, without what would be better.
    pub(super) fn bound(self, unit: &str) -> String {
        Self { aim: None, ..self }.text(unit)
    }

    /// As a table tells it: `≤ 60 µs, aim 25 µs`.
    pub(super) fn text(self, unit: &str) -> String {
        let sign = if self.at_least { '≥' } else { '≤' };
        let must = self.must.map(|must| format!("{sign} {}", amount(must, unit)));
        let aim = self.aim.map(|aim| format!("aim {}", amount(aim, unit)));
        [must, aim].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Verdict {
    /// What the load says of its own figures.
    pub(super) fn told(text: &str) -> Self {
        match text {
            "aim reached" => Self::AimReached,
            "reached" => Self::Reached,
            "" => Self::Shown,
            _ => Self::Missed,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AimReached => "aim reached",
            Self::Reached => "reached",
            Self::Missed => "**missed**",
            Self::Shown => "",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept_or_missed() {
        let most = Goal::at_most(60.0).better(25.0);
        let least = Goal::at_least(25.0).better(40.0);
        for (goal, value, wanted) in [
            (most, 25.0, Verdict::AimReached),
            (most, 60.0, Verdict::Reached),
            (most, 60.1, Verdict::Missed),
            (most, f64::NAN, Verdict::Missed),
            (least, 41.0, Verdict::AimReached),
            (least, 25.0, Verdict::Reached),
            (least, 24.9, Verdict::Missed),
            (Goal::at_most(1.0), 1.0, Verdict::Reached),
            (Goal::NONE, 7.0, Verdict::Shown),
        ] {
            assert_eq!(goal.verdict(value), wanted, "{goal:?} {value}");
        }
        assert_eq!(most.text("µs"), "≤ 60 µs, aim 25 µs");
        assert_eq!(least.text("×"), "≥ 25 ×, aim 40 ×");
        assert_eq!(Goal::NONE.text("µs"), "");
    }

    #[test]
    fn an_unknown_word_is_no_praise() {
        assert_eq!(Verdict::told("MISSED"), Verdict::Missed);
        assert_eq!(Verdict::told("aim reached"), Verdict::AimReached);
        assert_eq!(Verdict::told("quite good"), Verdict::Missed);
    }
}
