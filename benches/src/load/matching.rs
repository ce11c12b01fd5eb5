//! Strangers who are matched, part, and seek the next one, again and again.

use std::time::Duration;

use serde::Deserialize;

use super::chat::{PATIENCE, arrive, next, seek};
use super::effort::{Begun, Effort};
use super::fault::Fault;
use super::heard::Heard;
use super::latency::Latency;
use super::length::Length;
use super::met::{Met, Pair, Seek};
use super::progress::Progress;
use super::run::Run;
use super::swarm::Swarm;
use super::target::Target;

/// When nobody has met for so long at the end, two who are together part: those who are left over may be the last
/// partners of one another, whom a server keeps apart for a while.
const LEFT_OVER: Duration = Duration::from_millis(100);

/// After so many matches it is over, however long it was to be: a server bounds how many rooms it has, with those that it remembers for
/// a while after they have closed. chat-server has room for 100,000.
const MOST: u64 = 60_000;

/// For so long nothing more may come once everybody has met.
const SURPLUS: Duration = Duration::from_millis(50);

/// Those who seek.
///
/// Both of a pair say `next` when both have been told of one another, which is a leave and a search in one step: a match is two of
/// them. In a closed loop they do so at once, so that nearly all seek all the time, and a latency is mostly the time in
/// which others are matched. At a rate two pairs part at once when two matches are due, so that nobody has
/// only the one it has just left to meet, and everybody else stays where they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matching {
    /// How many, an even number.
    pub connections: usize,
    /// Matches a second; none is a closed loop.
    pub rate: Option<f64>,
    /// How long; messages are matches.
    pub length: Length,
    /// How long the load naps instead of being woken; nothing where latencies are to be exact.
    pub nap: Duration,
}

impl Matching {
    /// Measures it.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure. Everybody who has sought has to be matched, each match has to
    /// have two, and both have to be told of it.
    pub fn run(&self, target: &Target, progress: &Progress) -> Result<Run, Fault> {
        if self.connections < 4 || !self.connections.is_multiple_of(2) {
            return Err(Fault::Settings("an even number of connections is needed, at least four"));
        }
        let mut swarm = Swarm::of(self.connections, self.nap)?.whose_rooms_end();
        arrive(&mut swarm, target, self.connections, progress)?;
        let mut floor = Floor::new(self.connections, Begun::now(target)?);
        // The first matches are not measured: pools and rooms have been made then.
        for link in 0..self.connections {
            floor.met.seeks(link, Seek { since: Duration::ZERO, counts: false });
            swarm.send(link, &seek(1))?;
            floor.turn(&mut swarm, Duration::ZERO)?;
        }
        floor.asked = self.connections;
        floor.until_all(&mut swarm)?;

        floor.begun = Begun::now(target)?;
        let effort = self.go_round(&mut floor, &mut swarm, target, progress)?;
        let matches = floor.counted;
        floor.until_all(&mut swarm)?;
        floor.surplus(&mut swarm)?;

        let mut run = Run::new("matching");
        run.add("connections", "those who seek", "", self.connections as f64);
        run.add("rate", "matches per second (0: closed loop)", "", self.rate.unwrap_or(0.0));
        run.add("matches", "matches", "", matches as f64);
        run.add("seconds", "time", "s", effort.wall.as_secs_f64());
        let per_second = matches as f64 / effort.wall.as_secs_f64().max(1e-9);
        run.add("matches_per_s", "matches per second", "", per_second);
        run.add("cpu_us_per_match", "server CPU per match (two)", "µs", effort.each(matches));
        run.add("cpu_s", "server CPU", "s", effort.server.as_secs_f64());
        run.add_latency(&floor.latency, self.rate.is_some());
        run.add_load(&effort);
        Ok(run)
    }

    /// All that is measured. It goes on, uncounted, until each search that counts has come to its end.
    fn go_round(
        &self,
        floor: &mut Floor,
        swarm: &mut Swarm,
        target: &Target,
        progress: &Progress,
    ) -> Result<Effort, Fault> {
        let mut effort: Option<Effort> = None;
        let mut parted = 0_u64;
        loop {
            let now = floor.begun.elapsed();
            let done = if self.rate.is_some() { parted } else { floor.counted };
            let goes_on =
                effort.is_none() && done < MOST && self.length.goes_on(done, now, self.rate);
            // At a rate all that was due is to be seen through. In a closed loop there is always more under way.
            if effort.is_none() && !goes_on && (self.rate.is_none() || floor.open == 0) {
                effort = Some(floor.begun.end_now(target)?);
                floor.over = true;
            }
            if let (Some(effort), 0) = (effort, floor.open) {
                return Ok(effort);
            }
            let due = match self.rate {
                Some(rate) => goes_on.then(|| Duration::from_secs_f64(parted as f64 / rate)),
                None => Some(now),
            };
            let together = if self.rate.is_some() { 2 } else { 1 };
            if let Some(due) = due.filter(|&due| due <= now)
                && floor.met.pairs() >= together
            {
                for _ in 0..together {
                    floor.part(swarm, due, effort.is_none())?;
                    parted += 1;
                }
                continue;
            }
            let wait = due.and_then(|due| due.checked_sub(now)).filter(|wait| !wait.is_zero());
            if !floor.turn(swarm, wait.unwrap_or(PATIENCE))? && wait.is_none() {
                return Err(Fault::Silence(PATIENCE.as_secs(), "partners"));
            }
            progress.part(self.length.part(done, now, self.rate), "matching");
        }
    }
}

/// Where they meet, as it goes on.
struct Floor {
    met: Met,
    begun: Begun,
    latency: Latency,
    asked: usize,
    answered: usize,
    /// Searches that count and have not come to their end.
    open: usize,
    /// Matches while it was measured.
    counted: u64,
    /// Matches count no longer.
    over: bool,
}

#[derive(Deserialize)]
struct Matched<'a> {
    #[serde(borrow)]
    room: Room<'a>,
}

#[derive(Deserialize)]
struct Room<'a> {
    id: &'a str,
}

impl Floor {
    fn new(links: usize, begun: Begun) -> Self {
        let (met, latency) = (Met::new(links), Latency::new());
        Self { met, begun, latency, asked: 0, answered: 0, open: 0, counted: 0, over: false }
    }

    /// Two part, and seek the next one since this time.
    fn part(&mut self, swarm: &mut Swarm, since: Duration, counts: bool) -> Result<(), Fault> {
        let Some(Pair { room, links }) = self.met.part() else { return Ok(()) };
        for link in links {
            self.met.seeks(link, Seek { since, counts });
            self.open += usize::from(counts);
            self.asked += 1;
            swarm.send(link, &next(self.asked, &room))?;
        }
        Ok(())
    }

    fn turn(&mut self, swarm: &mut Swarm, wait: Duration) -> Result<bool, Fault> {
        let Self { met, begun, latency, answered, open, counted, over, .. } = self;
        swarm.turn(wait, |link, heard, _| {
            match heard {
                Heard::Matched(event) => {
                    let event: Matched<'_> = serde_json::from_str(event).map_err(Fault::NotChat)?;
                    let told = met.told(link, event.room.id)?;
                    if told.seek.counts {
                        *open -= 1;
                        latency.record(begun.elapsed().saturating_sub(told.seek.since));
                    }
                    *counted += u64::from(told.both && !*over);
                }
                Heard::Done { .. } => *answered += 1,
                _ => {}
            }
            Ok(())
        })
    }

    /// Waits until everybody is together with somebody and nothing is unanswered.
    fn until_all(&mut self, swarm: &mut Swarm) -> Result<(), Fault> {
        let watch = crate::Watch::start();
        while !self.met.all() || self.answered < self.asked {
            if watch.elapsed() > PATIENCE {
                return Err(Fault::Silence(PATIENCE.as_secs(), "a partner for each who seeks"));
            }
            if !self.turn(swarm, LEFT_OVER)? {
                self.part(swarm, self.begun.elapsed(), false)?;
            }
        }
        self.counted = 0;
        Ok(())
    }

    /// Sees whether more comes than was due.
    fn surplus(&mut self, swarm: &mut Swarm) -> Result<(), Fault> {
        let watch = crate::Watch::start();
        while let Some(wait) = SURPLUS.checked_sub(watch.elapsed()) {
            self.turn(swarm, wait)?;
        }
        if self.answered == self.asked {
            Ok(())
        } else {
            Err(Fault::Void { expected: self.asked as u64, delivered: self.answered as u64 })
        }
    }
}
