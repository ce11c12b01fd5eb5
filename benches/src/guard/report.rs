//! What the guard says.

use std::fmt;

use super::{Check, Part, Verdict};
use crate::Table;

/// So much below what was recorded is worth to be recorded.
const BETTER: f64 = 0.9;

/// All checks that were made.
#[derive(Debug, Default)]
pub struct Report {
    passed: usize,
    failed: usize,
    not_run: usize,
}

impl Report {
    /// Shows the checks of a part, and counts them.
    pub fn show(&mut self, part: Part, checks: &[Check]) {
        let mut table = Table::new(&["", "recorded", "now", "ratio", "at most", ""]);
        for check in checks {
            let Check { what, recorded, now, bound, again } = check;
            let of_recorded = now.zip(*recorded).map(|(now, recorded)| now / recorded);
            let number = |value: Option<f64>| value.map(figure).unwrap_or_default();
            let said = match check.verdict() {
                Verdict::Missed if *again => "MISSED, twice",
                Verdict::Missed => "MISSED",
                Verdict::Holds if *again => "holds, the second time",
                Verdict::Holds if of_recorded.is_some_and(|ratio| ratio < BETTER) => {
                    "holds; better than recorded"
                }
                Verdict::Holds => "holds",
                Verdict::NotRun => "not run",
            };
            let ratio = of_recorded.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            table.row(&[what, &number(*recorded), &number(*now), &ratio, &figure(*bound), &said]);
            match check.verdict() {
                Verdict::Holds => self.passed += 1,
                Verdict::Missed => self.failed += 1,
                Verdict::NotRun => self.not_run += 1,
            }
        }
        table.print(match part {
            Part::Instructions => "instructions",
            Part::Ratios => "ratios",
            Part::Memory => "bytes each",
        });
    }

    /// Whether nothing was missed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failed == 0
    }
}

/// As test programs say it, so that it can be added up with theirs.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, not_run } = self;
        let verdict = if self.holds() { "ok" } else { "FAILED" };
        write!(
            f,
            "test result: {verdict}. {passed} passed; {failed} failed; {not_run} ignored; 0 measured; 0 filtered out"
        )
    }
}

fn figure(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missed_fails_and_what_was_not_run_does_not() {
        let check = |now| Check { what: "a", recorded: None, now, bound: 3.0, again: false };
        let mut report = Report::default();
        report.show(Part::Memory, &[check(Some(2.0)), check(None)]);
        assert!(report.holds());
        assert!(report.to_string().starts_with("test result: ok. 1 passed; 0 failed; 1 ignored;"));
        report.show(Part::Ratios, &[check(Some(4.0))]);
        assert!(!report.holds());
        assert!(
            report.to_string().starts_with("test result: FAILED. 1 passed; 1 failed; 1 ignored;")
        );
    }
}
