//! What a run has found: named figures, for programs as JSON and for people as a table.

use serde_json::{Map, Value, json};

use super::effort::{Effort, per};
use super::latency::Latency;
use super::memory::Memory;
use crate::Table;

/// The figure of the load itself.
const LOAD_SHARE: &str = "load_cpu_share";

/// One thread that is so busy may be what everything waits for.
const ALL_BUSY: f64 = 0.9;

/// One figure.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Its name for programs, with its unit.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its unit for people.
    pub unit: &'static str,
    /// Its value.
    pub value: f64,
}

/// What was done, to whom, and what it cost.
#[derive(Debug, Clone)]
pub struct Run {
    /// The mode.
    pub mode: &'static str,
    /// The server under test.
    pub server: String,
    /// In the order in which they are to be read.
    pub figures: Vec<Figure>,
}

impl Run {
    pub(super) fn new(mode: &'static str) -> Self {
        Self { mode, server: String::new(), figures: Vec::new() }
    }

    pub(super) fn add(
        &mut self,
        key: &'static str,
        label: &'static str,
        unit: &'static str,
        value: f64,
    ) {
        self.figures.push(Figure { key, label, unit, value });
    }

    /// What all runs that deliver messages tell.
    pub(super) fn add_deliveries(&mut self, deliveries: u64, reads: u64, effort: &Effort) {
        let per_second = effort.wall.as_secs_f64().max(1e-9).recip();
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        let count = deliveries as f64;
        self.add("deliveries", "deliveries", "", count);
        self.add("seconds", "time", "s", effort.wall.as_secs_f64());
        self.add("deliveries_per_s", "deliveries per second", "", count * per_second);
        self.add("cpu_us_per_delivery", "server CPU per delivery", "µs", effort.each(deliveries));
        self.add("cpu_s", "server CPU", "s", effort.server.as_secs_f64());
        self.add("deliveries_per_read", "deliveries per read", "", per(count, reads));
    }

    /// Latencies of deliveries. At a fixed rate they are counted from when a message was due.
    pub(super) fn add_latency(&mut self, latency: &Latency, fixed_rate: bool) {
        self.add("latency_p50_us", "latency p50", "µs", latency.at(50.0));
        self.add("latency_p99_us", "latency p99", "µs", latency.at(99.0));
        self.add("latency_p999_us", "latency p99.9", "µs", latency.at(99.9));
        self.add("latency_max_us", "latency max", "µs", latency.at(100.0));
        self.add("latency_since_due", "latency counted from when due", "", f64::from(fixed_rate));
    }

    /// By how much the server has grown for each of so many connections.
    pub(super) fn add_memory(&mut self, before: Memory, after: Memory, count: u64) {
        let grown = |after: u64, before: u64| (after as f64 - before as f64) / count as f64;
        let rss = grown(after.rss, before.rss);
        self.add("bytes_per_connection", "memory per connection (RSS)", "bytes", rss);
        let pss = grown(after.pss, before.pss);
        self.add("pss_bytes_per_connection", "memory per connection (PSS)", "bytes", pss);
        self.add("rss_bytes", "the whole server (RSS)", "bytes", after.rss as f64);
    }

    /// How much of a core the load itself has used.
    pub(super) fn load_share(&self) -> Option<f64> {
        self.figure(LOAD_SHARE)
    }

    /// How busy the load itself was. CPU and memory are the server's however busy that was; how much gets through in a second, and
    /// how fast, is not.
    pub(super) fn add_load(&mut self, effort: &Effort) {
        let share = effort.load_share();
        let label = if share < ALL_BUSY {
            "the load's own CPU, of one core"
        } else {
            "the load's own CPU, of one core: IT WAS THE LIMIT of rates and latencies"
        };
        self.add(LOAD_SHARE, label, "", share);
    }

    /// A figure by its name.
    #[must_use]
    pub fn figure(&self, key: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.key == key).map(|figure| figure.value)
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let figures: Map<String, Value> = self
            .figures
            .iter()
            .map(|figure| (figure.key.to_owned(), json!(figure.value)))
            .collect();
        json!({ "mode": self.mode, "server": self.server, "figures": figures })
    }

    /// For people.
    #[must_use]
    pub fn table(&self) -> Table {
        let mut table = Table::new(&["", self.mode, ""]);
        for Figure { label, unit, value, .. } in &self.figures {
            table.row(&[label, &short(*value), unit]);
        }
        table
    }
}

/// Three digits that say something, and thousands apart.
pub(super) fn short(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1_000.0 {
        let digits = format!("{:.0}", value.abs());
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        return if value < 0.0 { format!("-{text}") } else { text };
    }
    let places = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn figures_are_short() {
        let all = [0.0, 1.0, 0.123, 2.346, 23.46, 234.6, 2_345.6, 1_234_567.0, -1_500.0];
        let wanted = ["0", "1", "0.12", "2.35", "23.5", "235", "2,346", "1,234,567", "-1,500"];
        assert_eq!(all.map(short), wanted);
    }

    #[test]
    fn what_is_derived_is_right() {
        let ms = Duration::from_millis;
        let effort = Effort { server: ms(30), load: ms(10), wall: ms(500) };
        let mut run = Run::new("fanout");
        run.add_deliveries(10_000, 5_000, &effort);
        run.add_load(&effort);
        let figure = |key| (run.figure(key).unwrap() * 1e6).round() / 1e6;
        assert_eq!(figure("cpu_us_per_delivery"), 3.0);
        assert_eq!(figure("deliveries_per_s"), 20_000.0);
        assert_eq!(figure("deliveries_per_read"), 2.0);
        assert_eq!(figure("load_cpu_share"), 0.02);
        assert!(!run.figures.iter().any(|figure| figure.label.contains("LIMIT")));
        run.add_load(&Effort { load: ms(460), ..effort });
        assert!(run.figures.iter().any(|figure| figure.label.contains("LIMIT")));
        assert_eq!(run.json()["figures"]["deliveries"], 10_000.0);
        assert_eq!(run.figure("other"), None);
    }
}
