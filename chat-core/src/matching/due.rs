//! What comes with time: widenings, releases, scans that go on, places and matches that ran out, what is forgotten.

use super::outcome::{Done, Judge, Step};
use super::pool::Pool;
use super::ticket::{Slot, State};
use super::timers::Of;
use crate::store::Mail;
use crate::time::Timestamp;
use crate::why::UnmatchedWhy;

/// Deadlines handled in one step.
const ITEMS: usize = 100;
/// Misfits looked at in one step, beyond which no further deadline is begun.
const LOOKS: usize = 4_096;

impl Pool {
    /// When there is next something to do; what is already due has a time that has passed.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let timer = self.timers.first().map(|(at, _)| at);
        let times = [timer, self.partners.next(&self.rules), self.blocks.next()];
        times.into_iter().flatten().min()
    }

    /// Does a bounded part of what is due, the longest due first.
    pub fn due(&mut self, now: Timestamp, judge: Judge) -> Step<Done> {
        let mut step = Step::new(Done::default());
        let mut looked = 0;
        for _ in 0..ITEMS {
            let Some((_, of)) = self.timers.first().filter(|(at, _)| *at <= now) else { break };
            if looked >= LOOKS {
                break;
            }
            looked += match of {
                Of::Ticket(slot) => self.ticket_due(slot, now, judge, &mut step.mail),
                Of::Match(at) => self.match_due(at, now, judge, &mut step),
            };
        }
        for _ in 0..ITEMS {
            if looked >= LOOKS {
                break;
            }
            let Some(user) = self.blocks.expire(now) else { break };
            looked += self.settle_user(&user, now, &mut step.mail);
        }
        self.partners.forget(&self.rules, now);
        step.outcome.more = self.next_deadline().is_some_and(|at| at <= now);
        step
    }

    fn ticket_due(
        &mut self,
        slot: Slot,
        now: Timestamp,
        judge: Judge,
        mail: &mut Vec<Mail>,
    ) -> usize {
        let ticket = &mut self.tickets[slot];
        match (ticket.state, judge) {
            (State::Dormant { .. }, Judge::Now) => self.remove(slot),
            (State::Dormant { .. }, Judge::PutOff { until }) => {
                ticket.state = State::Dormant { until: later(until, now) };
                self.arm(slot);
            }
            (State::Waiting, _) => {
                let before = (ticket.widened, ticket.released);
                ticket.grow(&self.rules, now);
                // Whoever has not changed goes on where the scan stopped; all others begin anew.
                let same = before == (ticket.widened, ticket.released);
                let from = ticket
                    .paused
                    .take()
                    .filter(|_| same)
                    .map(|paused| paused.1)
                    .unwrap_or_default();
                return self.seek(slot, from, now, mail);
            }
            (State::Proposed { .. }, _) => self.arm(slot),
        }
        0
    }

    fn match_due(&mut self, at: u32, now: Timestamp, judge: Judge, step: &mut Step<Done>) -> usize {
        if let (Judge::PutOff { until }, Some(pair)) = (judge, self.proposed.get_mut(at)) {
            self.timers.clear(pair.until, pair.began, Of::Match(at));
            pair.until = later(until, now);
            self.timers.set(pair.until, pair.began, Of::Match(at));
            return 0;
        }
        let Some(pair) = self.take_apart(at) else { return 0 };
        step.outcome.lapsed += 1;
        for side in pair.sides.iter().filter(|side| !side.confirmed) {
            self.tell_unmatched(side.slot, UnmatchedWhy::Lapsed, &mut step.mail);
            self.remove(side.slot);
        }
        let confirmed = pair.sides.iter().find(|side| side.confirmed);
        confirmed.map_or(0, |side| self.settle(side.slot, now, &mut step.mail))
    }
}

/// Put off at least a little, or the same step would find it due again.
fn later(until: Timestamp, now: Timestamp) -> Timestamp {
    until.max(Timestamp(now.0.saturating_add(1)))
}
