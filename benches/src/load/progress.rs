//! How far a run is, for somebody who watches; nothing where nobody does.

use std::cell::Cell;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use crate::Watch;

/// As often is enough for the eye.
const PAUSE: Duration = Duration::from_millis(100);

const WIDTH: usize = 24;

/// A line on the terminal that is written over and over.
#[derive(Debug)]
pub struct Progress {
    title: String,
    shown: bool,
    last: Cell<Option<Watch>>,
}

impl Progress {
    /// Shown where standard error is a terminal.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), shown: std::io::stderr().is_terminal(), last: Cell::new(None) }
    }

    /// Never shown.
    #[must_use]
    pub fn silent() -> Self {
        Self { title: String::new(), shown: false, last: Cell::new(None) }
    }

    /// So much of a whole.
    pub(super) fn share(&self, what: &str, done: usize, whole: usize) {
        #[allow(clippy::cast_precision_loss, reason = "for the eye")]
        self.part(done as f64 / whole.max(1) as f64, what);
    }

    /// A part of one.
    pub(super) fn part(&self, part: f64, what: impl Display) {
        if !self.shown || self.last.get().is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        self.last.set(Some(Watch::start()));
        let bar = bar(part);
        // A terminal that is gone is no reason to stop.
        let _ = write!(std::io::stderr(), "\r\x1b[2K{} [{bar}] {what}", self.title);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}

fn bar(part: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and WIDTH"
    )]
    let full = (part.clamp(0.0, 1.0) * WIDTH as f64) as usize;
    format!("{}{}", "#".repeat(full), "-".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_its_part() {
        assert_eq!(bar(0.0), "-".repeat(WIDTH));
        assert_eq!(bar(0.5), format!("{}{}", "#".repeat(12), "-".repeat(12)));
        assert_eq!(bar(7.0), "#".repeat(WIDTH));
        assert_eq!(bar(f64::NAN), "-".repeat(WIDTH));
    }
}
