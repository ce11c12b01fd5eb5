//! What a bench with a table of its own hands over to programs: its figures, a line of JSON each, appended to the file
//! that [`READINGS`] names. Without that variable nothing is written.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The environment variable that names the file.
pub const READINGS: &str = "CHAT_BENCH_READINGS";

/// One figure, under a name that says at which size it was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The part of the bench it belongs to, which can be asked for alone.
    pub part: String,
    /// What was measured.
    pub name: String,
    /// How much it was.
    pub value: f64,
    /// Of what: `ns`, `µs`, `ms`, `s`, `bytes`, `/s`, or nothing.
    pub unit: String,
}

impl Reading {
    /// Appends them to the file that was asked for, if one was.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn hand_over(all: &[Self]) -> io::Result<()> {
        let Some(file) = std::env::var_os(READINGS) else { return Ok(()) };
        let mut lines = String::new();
        for reading in all {
            lines.push_str(&serde_json::to_string(reading)?);
            lines.push('\n');
        }
        OpenOptions::new().create(true).append(true).open(file)?.write_all(lines.as_bytes())
    }

    /// What was handed over in a file. Without a file it is nothing: the bench had nothing to say.
    ///
    /// # Errors
    /// Where it cannot be read, or is something else.
    pub fn all(file: &Path) -> io::Result<Vec<Self>> {
        let text = match std::fs::read_to_string(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text?,
        };
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }
}
