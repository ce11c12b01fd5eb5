//! How long deliveries take.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest that is told apart from longer ones.
const LONGEST: u64 = 60_000_000_000;

/// Latencies, in three digits from a microsecond to a minute.
#[derive(Debug)]
pub(super) struct Latency(Option<Histogram<u64>>);

impl Latency {
    pub(super) fn new() -> Self {
        // These bounds are fine: there would be none if they were not.
        Self(Histogram::new_with_bounds(1_000, LONGEST, 3).ok())
    }

    pub(super) fn record(&mut self, latency: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(LONGEST));
        }
    }

    /// Microseconds at a percentile.
    pub(super) fn at(&self, percentile: f64) -> f64 {
        let value = self.0.as_ref().map_or(0, |all| all.value_at_percentile(percentile));
        Duration::from_nanos(value).as_secs_f64() * 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut latency = Latency::new();
        assert_eq!(latency.at(50.0), 0.0);
        for micros in 1..=1_000 {
            latency.record(Duration::from_micros(micros));
        }
        for (percentile, micros) in [(50.0, 500.0), (99.0, 990.0), (99.9, 999.0), (100.0, 1_000.0)]
        {
            let off = (latency.at(percentile) / micros - 1.0).abs();
            assert!(off < 0.002, "{percentile}: {}", latency.at(percentile));
        }
        latency.record(Duration::from_secs(3_600));
        assert!((latency.at(100.0) / 6e7 - 1.0).abs() < 0.01, "beyond the longest is the longest");
    }
}
