//! Where and when something was measured.

use std::fs;

use serde_json::{Value, json};

use crate::time::unix_ms;

/// A machine and a day.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its processor.
    pub cpu: String,
    /// How many of its cores may be used.
    pub cores: usize,
    /// The version of Linux.
    pub kernel: String,
    /// The date.
    pub day: String,
}

impl Machine {
    /// This one, today.
    #[must_use]
    pub fn this() -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cpu: model.map_or("unknown", |(_, model)| model).trim().to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: kernel.trim().to_owned(),
            day: day(unix_ms() / 86_400_000),
        }
    }

    pub(super) fn json(&self) -> Value {
        let Self { cpu, cores, kernel, day } = self;
        json!({ "cpu": cpu, "cores": cores, "kernel": kernel, "day": day })
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cpu, cores, kernel, day } = self;
        write!(f, "{day}, {cores} cores of {cpu}, Linux {kernel}")
    }
}

/// The date of a day after 1970-01-01, by years that begin in March: then the leap day is the last one.
fn day(since_1970: u64) -> String {
    let days = since_1970 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        let dates = [(0, "1970-01-01"), (11_016, "2000-02-29"), (11_017, "2000-03-01")];
        for (since_1970, date) in dates {
            assert_eq!(day(since_1970), date);
        }
        assert_eq!(day(20_778), "2026-11-21");
    }
}
