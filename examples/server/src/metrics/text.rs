//! The text that Prometheus reads.

use std::fmt::Write as _;

/// Families of samples, one after the other.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// What kind of numbers a family has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Text {
    /// Begins a family.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A number of the family; `labels` as [`labels`] gives them.
    pub(super) fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = if labels.is_empty() {
            writeln!(self.0, "{name} {value}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}")
        };
    }

    /// A family of one number.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.family(name, Kind::Gauge, help);
        self.sample(name, "", value);
    }

    /// A family of one number that only grows.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, Kind::Counter, help);
        self.sample(name, "", value);
    }

    /// All of it.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A name with nothing that Prometheus does not take.
pub(super) fn name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    name.chars().map(plain).collect()
}

/// `a="b",c="d"`.
pub(super) fn labels<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let one = |(key, value): (&str, &str)| {
        let value = value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
        format!("{}=\"{value}\"", name(key))
    };
    labels.map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_labels_are_escaped_and_names_made_plain() {
        let all = [("a", "b"), ("c.d", "say \"hi\"\n\\")];
        assert_eq!(labels(all.into_iter()), r#"a="b",c_d="say \"hi\"\n\\""#);
    }

    #[test]
    fn a_family_is_headed_by_its_help_and_kind() {
        let mut text = Text::default();
        text.counter("x_total", "How many\nthere were", 3);
        assert_eq!(
            text.finish(),
            "# HELP x_total How many\\nthere were\n# TYPE x_total counter\nx_total 3\n"
        );
    }
}
