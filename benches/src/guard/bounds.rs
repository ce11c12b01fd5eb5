//! What was recorded, and what is allowed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Fault;

/// The file of bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Instructions of each step, by its name.
    pub instructions: Instructions,
    /// What a ratio may be, by what it is of.
    pub ratios: BTreeMap<String, f64>,
    /// What something may hold, in bytes.
    pub bytes: BTreeMap<String, f64>,
}

/// What steps took when it was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instructions {
    /// How many times as many are allowed. Another compiler or C library is worth some percent.
    pub allowed: f64,
    /// How many there were.
    pub recorded: BTreeMap<String, u64>,
}

impl Bounds {
    /// Reads them.
    ///
    /// # Errors
    /// Where the file is not there, or is none.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let text = fs::read_to_string(path).map_err(Fault::system("reading the bounds"))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Writes them.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Fault> {
        let text = format!("{}\n", serde_json::to_string_pretty(self)?);
        fs::write(path, text).map_err(Fault::system("writing the bounds"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::{PARTS, Part};
    use crate::steps::ALL;

    fn committed() -> Bounds {
        Bounds::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/guard.json"))).unwrap()
    }

    #[test]
    fn each_thing_that_is_measured_has_a_bound_and_no_other_has() {
        let bounds = committed();
        let steps: Vec<&str> = bounds.instructions.recorded.keys().map(String::as_str).collect();
        let mut wanted: Vec<&str> = ALL.iter().map(|step| step.name).collect();
        wanted.sort_unstable();
        assert_eq!(steps, wanted);
        for part in PARTS {
            let there = match part {
                Part::Instructions => continue,
                Part::Ratios => &bounds.ratios,
                Part::Memory => &bounds.bytes,
            };
            let mut wanted = part.measures();
            wanted.sort_unstable();
            assert_eq!(there.keys().map(String::as_str).collect::<Vec<_>>(), wanted);
        }
    }

    #[test]
    fn what_is_recorded_is_read_again() {
        let bounds = committed();
        let path = std::env::temp_dir().join(format!("guard-{}.json", std::process::id()));
        bounds.write(&path).unwrap();
        let again = Bounds::read(&path);
        fs::remove_file(&path).unwrap();
        assert_eq!(again.unwrap(), bounds);
    }

    #[test]
    fn a_file_with_something_else_in_it_is_refused() {
        let read = |text: &str| serde_json::from_str::<Bounds>(text).is_ok();
        let right =
            r#"{"instructions":{"allowed":1.2,"recorded":{"drain":1}},"ratios":{},"bytes":{}}"#;
        assert!(read(right) && !read(&right.replace("bytes", "bites")) && !read("{}"));
    }
}
