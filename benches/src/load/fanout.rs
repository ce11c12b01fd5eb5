//! One room of many: each message goes to all of them.

use std::time::Duration;

use super::chat::{PATIENCE, arrive, errand, fresh_name, join, say};
use super::effort::{Begun, own_cpu, per};
use super::fault::Fault;
use super::heard::Heard;
use super::latency::Latency;
use super::length::Length;
use super::mark::{Ledger, Part};
use super::numbers::Numbers;
use super::progress::Progress;
use super::run::Run;
use super::swarm::Swarm;
use super::target::Target;

/// Messages before anything is measured: whatever is made at the first time has been made then.
const WARM_UP: u64 = 20;

/// For so long nothing more may come once everything has.
const SURPLUS: Duration = Duration::from_millis(50);

/// A room, and how much is said in it.
///
/// Members take turns in speaking. In a closed loop the next message goes out when the last one has reached everybody,
/// so nothing can be batched; at a rate it goes out when it is due, whatever the server does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fanout {
    /// Who is there.
    pub members: usize,
    /// Messages a second; none is a closed loop.
    pub rate: Option<f64>,
    /// How long.
    pub length: Length,
    /// The size of a body, at least.
    pub bytes: usize,
    /// How long the load naps instead of being woken; nothing where latencies are to be exact.
    pub nap: Duration,
}

impl Fanout {
    /// Measures it.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure.
    pub fn run(&self, target: &Target, progress: &Progress) -> Result<Run, Fault> {
        if self.members == 0 {
            return Err(Fault::Settings("a room needs members"));
        }
        let mut swarm = Swarm::of(self.members, self.nap)?;
        arrive(&mut swarm, target, self.members, progress)?;
        let room = fresh_name();
        errand(&mut swarm, 0..self.members, 1, progress, |_, id| join(id, &room, self.members))?;
        let warm = Self { rate: None, length: Length::Messages(WARM_UP), ..*self };
        warm.talk(&mut swarm, target, &room, progress)?;
        self.talk(&mut swarm, target, &room, progress)
    }

    fn talk(
        &self,
        swarm: &mut Swarm,
        target: &Target,
        room: &str,
        progress: &Progress,
    ) -> Result<Run, Fault> {
        let members = self.members as u64;
        let mut ledger = Ledger::default();
        let mut numbers = Numbers::new(self.members);
        let mut latency = Latency::new();
        let mut answered = 0;
        let before = swarm.reads();
        let begun = Begun::now(target)?;
        let mut silent_since = Duration::ZERO;
        loop {
            let now = begun.elapsed();
            let said = ledger.len();
            let all_arrived = numbers.delivered() >= said * members && answered >= said;
            let more = self.length.goes_on(said, now, self.rate);
            // When the next one is due: now, at its time, or when something else has happened.
            let due = match self.rate {
                _ if !more => None,
                Some(rate) => Some(Duration::from_secs_f64(per(1.0, 1) * said as f64 / rate)),
                None => all_arrived.then_some(now),
            };
            if !more && all_arrived {
                break;
            }
            if let Some(due) = due.filter(|&due| due <= now) {
                let (number, body) = ledger.mark(Part::Asks, due, self.bytes);
                let sender = usize::try_from(number % members).unwrap_or_default();
                swarm.send(sender, &say(number, room, &body))?;
                silent_since = now;
                continue;
            }
            let wait = due.map_or(PATIENCE, |due| due - now);
            let any = swarm.turn(wait, |link, heard, _| {
                match heard {
                    Heard::Said { n, body } => {
                        numbers.given(link, n, true)?;
                        if let Some((_, late)) = ledger.read(body, begun.elapsed()) {
                            latency.record(late);
                        }
                    }
                    Heard::Notice { n } => numbers.given(link, n, false)?,
                    Heard::Done { .. } => answered += 1,
                    _ => {}
                }
                Ok(())
            })?;
            if any {
                silent_since = now;
            } else if now - silent_since >= PATIENCE {
                numbers.are(|_| said)?;
                return Err(Fault::Silence(PATIENCE.as_secs(), "commands to be answered"));
            }
            progress.part(self.length.part(said, now, self.rate), "talking");
        }
        let (wall, load, reads) = (begun.elapsed(), own_cpu(), swarm.reads() - before);
        surplus(swarm, &mut numbers)?;
        let effort = begun.end(target, wall, load)?;
        let said = ledger.len();
        numbers.are(|_| said)?;

        let mut run = Run::new("fanout");
        run.add("members", "members", "", members as f64);
        run.add("rate", "messages per second (0: closed loop)", "", self.rate.unwrap_or(0.0));
        run.add("messages", "messages", "", said as f64);
        run.add_deliveries(numbers.delivered(), reads, &effort);
        run.add_latency(&latency, self.rate.is_some());
        run.add_load(&effort);
        Ok(run)
    }
}

/// Sees whether more comes than was due, and gives the server time to come to rest.
pub(super) fn surplus(swarm: &mut Swarm, numbers: &mut Numbers) -> Result<(), Fault> {
    let watch = crate::Watch::start();
    while let Some(wait) = SURPLUS.checked_sub(watch.elapsed()) {
        swarm.turn(wait, |link, heard, _| match heard {
            Heard::Said { n, .. } => numbers.given(link, n, true),
            _ => Ok(()),
        })?;
    }
    Ok(())
}
