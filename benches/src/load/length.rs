//! How long something is measured.

use std::time::Duration;

/// A time or a number of messages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// So long.
    Time(Duration),
    /// So many, however long that takes.
    Messages(u64),
}

impl Length {
    /// Whether another message is to be said after so many. At a rate a time is a number of messages too.
    pub(super) fn goes_on(self, said: u64, now: Duration, rate: Option<f64>) -> bool {
        self.part(said, now, rate) < 1.0
    }

    /// How much of it is over.
    pub(super) fn part(self, said: u64, now: Duration, rate: Option<f64>) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        let (said, all) = match (self, rate) {
            (Self::Messages(all), _) => (said as f64, all as f64),
            (Self::Time(time), Some(rate)) => (said as f64, (time.as_secs_f64() * rate).ceil()),
            (Self::Time(time), None) => (now.as_secs_f64(), time.as_secs_f64()),
        };
        if all > 0.0 { said / all } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_at_a_rate_is_a_number() {
        let (time, late) = (Length::Time(Duration::from_secs(2)), Duration::from_secs(60));
        assert!(time.goes_on(0, Duration::ZERO, None) && !time.goes_on(0, late, None));
        // Twenty were due, so twenty are said, however late they are.
        assert!(time.goes_on(19, late, Some(10.0)) && !time.goes_on(20, late, Some(10.0)));
        assert!(
            Length::Messages(3).goes_on(2, late, None)
                && !Length::Messages(3).goes_on(3, late, None)
        );
        assert!(!Length::Messages(0).goes_on(0, Duration::ZERO, None));
    }
}
