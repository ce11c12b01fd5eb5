//! What one connection has counted and not told yet.

use crate::metrics::Metrics;

/// Numbers of one connection on their way to those of all. These are written by all threads, and would be what every delivery
/// waits for; so they are told now and then: when there are some, when the connection was idle for a while, at its end.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) bytes: u64,
    commands: u32,
    /// How many commands were told one by one or together since it was idle.
    told: u32,
}

impl Tally {
    pub(super) fn is_due(&self) -> bool {
        self.events >= 256 || self.bytes >= 64 * 1024
    }

    pub(super) fn command(&mut self, metrics: &Metrics) {
        // The first eight one by one, so that what happens rarely is seen at once; then ever more together.
        const MOST: u32 = 64;
        self.commands += 1;
        if self.commands > (self.told / 8).min(MOST) {
            metrics.commands.increment(self.commands.into());
            self.told = self.told.saturating_add(self.commands);
            self.commands = 0;
        }
    }

    pub(super) fn tell(&mut self, metrics: &Metrics) {
        let Self { events, bytes, commands, told: _ } = std::mem::take(self);
        if events > 0 {
            metrics.events.increment(events);
        }
        if bytes > 0 {
            metrics.bytes.increment(bytes);
        }
        if commands > 0 {
            metrics.commands.increment(commands.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_commands_are_counted_at_once_and_many_together_and_none_is_lost() {
        let (metrics, mut tally) = (Metrics::new(), Tally::default());
        let mut told = Vec::new();
        for given in 1..=2_000_u32 {
            tally.command(&metrics);
            assert_eq!(tally.told + tally.commands, given);
            if tally.commands == 0 {
                told.push(given);
            }
        }
        assert_eq!(told[..9], [1, 2, 3, 4, 5, 6, 7, 8, 10]);
        assert!(told.len() < 200, "{}", told.len());
        assert!(told.windows(2).all(|pair| pair[1] - pair[0] <= 65));
    }
}
