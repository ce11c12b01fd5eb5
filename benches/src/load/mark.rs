//! Marks: what a load says, so that what arrives tells which message it is and when it was due.

use std::time::Duration;

/// Who of two speaks. In a room of many everybody asks and nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Speaks unasked.
    Asks,
    /// Speaks when asked.
    Answers,
}

/// When each message was due, by its number.
///
/// Due, not sent: at a fixed rate a server that stalls delays the load too, and what the load could not send in time
/// has waited nevertheless. To count from the sending would leave that out (coordinated omission).
#[derive(Debug, Default)]
pub(super) struct Ledger {
    due: Vec<Duration>,
}

impl Ledger {
    /// Another message, due at this time of the run. The text is its body: letters, digits and spaces, at least so
    /// many bytes.
    pub(super) fn mark(&mut self, part: Part, due: Duration, bytes: usize) -> (u64, String) {
        let number = self.due.len() as u64;
        self.due.push(due);
        let letter = if part == Part::Asks { 'q' } else { 'a' };
        let mut body = format!("{letter}{number:010} ");
        while body.len() < bytes {
            body.push(if body.len() % 6 == 5 { ' ' } else { 'x' });
        }
        (number, body)
    }

    /// Which message this is, and how long ago it was due.
    pub(super) fn read(&self, body: &str, now: Duration) -> Option<(Part, Duration)> {
        let (part, number) = number(body.strip_prefix('"')?)?;
        Some((part, self.late(number, now)?))
    }

    /// How long ago a message was due.
    pub(super) fn late(&self, number: usize, now: Duration) -> Option<Duration> {
        Some(now.saturating_sub(*self.due.get(number)?))
    }

    /// How many were said.
    pub(super) fn len(&self) -> u64 {
        self.due.len() as u64
    }
}

/// Which message it is whose body begins like this, and who says it.
pub(super) fn number(body: &str) -> Option<(Part, usize)> {
    let part = match body.as_bytes().first()? {
        b'q' => Part::Asks,
        b'a' => Part::Answers,
        _ => return None,
    };
    Some((part, body.get(1..11)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_which_message_it_is() {
        let (mut ledger, ms) = (Ledger::default(), Duration::from_millis);
        let (first, body) = ledger.mark(Part::Asks, ms(5), 32);
        assert!(first == 0 && body.len() == 32 && body.starts_with("q0000000000 "));
        let (second, answer) = ledger.mark(Part::Answers, ms(9), 0);
        assert_eq!((second, answer.len(), ledger.len()), (1, 12, 2));
        let quoted = format!("\"{answer}\"}}");
        assert_eq!(ledger.read(&quoted, ms(11)), Some((Part::Answers, ms(2))));
        assert_eq!(ledger.read(&format!("\"{body}\""), ms(6)), Some((Part::Asks, ms(1))));
    }

    #[test]
    fn what_somebody_else_said_has_none() {
        let ledger = Ledger::default();
        for body in ["", "\"q", "7", "\"hello\"", "\"q0000000000 \""] {
            assert_eq!(ledger.read(body, Duration::ZERO), None, "{body}");
        }
    }
}
