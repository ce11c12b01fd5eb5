//! How often a value was how large: counts by fixed bounds, which can be added up over nodes.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::HistogramFn;

use super::text::Text;

/// For times, which are in seconds.
const SECONDS: &[f64] = &[
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
/// For numbers and sizes.
const SIZES: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0];

/// Counts by bounds.
#[derive(Debug)]
pub(super) struct Histogram {
    bounds: &'static [f64],
    /// One for each bound, and one for what is above all.
    counts: Vec<AtomicU64>,
    /// The bits of an `f64`.
    sum: AtomicU64,
}

impl Histogram {
    /// By the usual endings of names.
    pub(super) fn named(name: &str) -> Self {
        let bounds = if name.ends_with("_seconds") { SECONDS } else { SIZES };
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0_f64.to_bits()) }
    }

    /// Its samples.
    pub(super) fn render(&self, name: &str, labels: &str, text: &mut Text) {
        let bucket = format!("{name}_bucket");
        let comma = if labels.is_empty() { "" } else { "," };
        let mut below = 0;
        for (at, count) in self.counts.iter().enumerate() {
            below += count.load(Ordering::Relaxed);
            let bound = self.bounds.get(at).map_or("+Inf".to_owned(), ToString::to_string);
            text.sample(&bucket, &format!("{labels}{comma}le=\"{bound}\""), below);
        }
        let sum = f64::from_bits(self.sum.load(Ordering::Relaxed));
        text.sample(&format!("{name}_sum"), labels, sum);
        text.sample(&format!("{name}_count"), labels, below);
    }
}

impl HistogramFn for Histogram {
    fn record(&self, value: f64) {
        let at = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let add = |sum: u64| Some((f64::from_bits(sum) + value).to_bits());
        // The closure always gives a value.
        let _ = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_counts_what_is_not_above_it() {
        let histogram = Histogram::named("x_bytes");
        for value in [0.0, 1.0, 2.0, 1e9] {
            histogram.record(value);
        }
        let mut text = Text::default();
        histogram.render("x_bytes", "a=\"b\"", &mut text);
        let text = text.finish();
        for line in [
            r#"x_bytes_bucket{a="b",le="1"} 2"#,
            r#"x_bytes_bucket{a="b",le="4"} 3"#,
            r#"x_bytes_bucket{a="b",le="262144"} 3"#,
            r#"x_bytes_bucket{a="b",le="+Inf"} 4"#,
            r#"x_bytes_sum{a="b"} 1000000003"#,
            r#"x_bytes_count{a="b"} 4"#,
        ] {
            assert!(text.lines().any(|there| there == line), "{line}: {text}");
        }
    }
}
