//! Many rooms of two, made by matching: one asks, the other answers, and so on.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::Deserialize;

use super::chat::{PATIENCE, arrive, say, seek};
use super::effort::{Begun, own_cpu};
use super::fanout::surplus;
use super::fault::Fault;
use super::heard::Heard;
use super::latency::Latency;
use super::length::Length;
use super::mark::{Ledger, Part};
use super::numbers::Numbers;
use super::progress::Progress;
use super::run::Run;
use super::swarm::{Outgoing, Swarm};
use super::target::Target;

/// So many seek at once.
const AT_ONCE: usize = 64;

/// Pairs that talk.
///
/// In a closed loop each asks again as soon as it is answered. At a rate questions are due at their times, to one pair
/// after the other, whatever the server does. Each message is delivered twice: to the partner, and to who said it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pairs {
    /// How many.
    pub pairs: usize,
    /// Questions a second over all pairs; none is a closed loop.
    pub rate: Option<f64>,
    /// How long; messages are those of all pairs.
    pub length: Length,
    /// The size of a body, at least.
    pub bytes: usize,
    /// How long the load naps instead of being woken; nothing where latencies are to be exact.
    pub nap: Duration,
}

/// Who is in which room: the first one asks.
#[derive(Debug, Default)]
struct Couples {
    rooms: Vec<(String, Vec<usize>)>,
    of: Vec<usize>,
}

impl Pairs {
    /// Measures it.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure.
    pub fn run(&self, target: &Target, progress: &Progress) -> Result<Run, Fault> {
        if self.pairs == 0 {
            return Err(Fault::Settings("at least one pair is needed"));
        }
        let mut swarm = Swarm::of(self.pairs * 2, self.nap)?;
        arrive(&mut swarm, target, self.pairs * 2, progress)?;
        let couples = match_all(&mut swarm, progress)?;
        let warm = Self { rate: None, length: Length::Messages(4 * self.pairs as u64), ..*self };
        warm.talk(&mut swarm, target, &couples, progress)?;
        self.talk(&mut swarm, target, &couples, progress)
    }

    fn talk(
        &self,
        swarm: &mut Swarm,
        target: &Target,
        couples: &Couples,
        progress: &Progress,
    ) -> Result<Run, Fault> {
        let mut talk = Talk::new(self, couples, Begun::now(target)?);
        let before = swarm.reads();
        if self.rate.is_none() {
            for pair in 0..self.pairs {
                talk.ask(swarm, pair, Duration::ZERO)?;
            }
        }
        let mut silent_since = Duration::ZERO;
        while let ControlFlow::Continue(due) = talk.next() {
            let now = talk.begun.elapsed();
            if let Some(due) = due.filter(|&due| due <= now) {
                let pair = talk.asked % self.pairs;
                talk.ask(swarm, pair, due)?;
                silent_since = now;
                continue;
            }
            let wait = due.map_or(PATIENCE, |due| due - now);
            if swarm.turn(wait, |link, heard, out| talk.hear(link, &heard, out))? {
                silent_since = now;
            } else if now - silent_since >= PATIENCE {
                talk.numbers.are(|link| talk.said[couples.of[link]])?;
                return Err(Fault::Silence(PATIENCE.as_secs(), "commands to be answered"));
            }
            progress.part(self.length.part(talk.ledger.len(), now, talk.rate()), "talking");
        }
        let (wall, load) = (talk.begun.elapsed(), own_cpu());
        let reads = swarm.reads() - before;
        surplus(swarm, &mut talk.numbers)?;
        let effort = talk.begun.end(target, wall, load)?;
        talk.numbers.are(|link| talk.said[couples.of[link]])?;

        let mut run = Run::new("pairs");
        run.add("pairs", "pairs", "", self.pairs as f64);
        run.add("rate", "questions per second (0: closed loop)", "", self.rate.unwrap_or(0.0));
        run.add("messages", "messages", "", talk.ledger.len() as f64);
        run.add_deliveries(talk.numbers.delivered(), reads, &effort);
        run.add_latency(&talk.latency, self.rate.is_some());
        run.add_load(&effort);
        Ok(run)
    }
}

/// A talk of all pairs, as it goes on.
struct Talk<'a> {
    pairs: &'a Pairs,
    couples: &'a Couples,
    begun: Begun,
    ledger: Ledger,
    numbers: Numbers,
    latency: Latency,
    asked: usize,
    answered: u64,
    /// Messages of each pair.
    said: Vec<u64>,
}

impl<'a> Talk<'a> {
    fn new(pairs: &'a Pairs, couples: &'a Couples, begun: Begun) -> Self {
        let (ledger, latency) = (Ledger::default(), Latency::new());
        let (numbers, said) = (Numbers::new(couples.of.len()), vec![0; couples.rooms.len()]);
        Self { pairs, couples, begun, ledger, numbers, latency, asked: 0, answered: 0, said }
    }

    /// Messages a second: a question is two.
    fn rate(&self) -> Option<f64> {
        self.pairs.rate.map(|rate| rate * 2.0)
    }

    /// At a rate each question brings its answer, so the length counts both.
    fn goes_on(&self) -> bool {
        let said =
            if self.pairs.rate.is_some() { self.asked as u64 * 2 } else { self.ledger.len() };
        self.pairs.length.goes_on(said, self.begun.elapsed(), self.rate())
    }

    /// When the next question is due, if that is not for an answer to say; or the end.
    fn next(&self) -> ControlFlow<(), Option<Duration>> {
        match self.pairs.rate {
            Some(rate) if self.goes_on() => {
                ControlFlow::Continue(Some(Duration::from_secs_f64(self.asked as f64 / rate)))
            }
            _ => {
                // Each question is answered, so the talk ends with as many answers.
                let said = self.ledger.len();
                let whole = said == 2 * self.asked as u64;
                let arrived = self.numbers.delivered() >= 2 * said && self.answered >= said;
                let over = self.pairs.rate.is_some() || !self.goes_on();
                if whole && arrived && over {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(None)
                }
            }
        }
    }

    fn say(&mut self, pair: usize, part: Part, due: Duration) -> String {
        let (number, body) = self.ledger.mark(part, due, self.pairs.bytes);
        self.said[pair] += 1;
        self.asked += usize::from(part == Part::Asks);
        say(number, &self.couples.rooms[pair].0, &body)
    }

    fn ask(&mut self, swarm: &mut Swarm, pair: usize, due: Duration) -> Result<(), Fault> {
        let asker = self.couples.rooms[pair].1[0];
        let command = self.say(pair, Part::Asks, due);
        swarm.send(asker, &command)
    }

    fn hear(
        &mut self,
        link: usize,
        heard: &Heard<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), Fault> {
        match *heard {
            Heard::Said { n, body } => {
                self.numbers.given(link, n, true)?;
                let now = self.begun.elapsed();
                let Some((part, late)) = self.ledger.read(body, now) else { return Ok(()) };
                let pair = self.couples.of[link];
                let asks = self.couples.rooms[pair].1[0] == link;
                if asks == (part == Part::Asks) {
                    return Ok(()); // Its own.
                }
                self.latency.record(late);
                if part == Part::Asks {
                    out.command(&self.say(pair, Part::Answers, now));
                } else if self.pairs.rate.is_none() && self.goes_on() {
                    out.command(&self.say(pair, Part::Asks, now));
                }
            }
            Heard::Notice { n } => self.numbers.given(link, n, false)?,
            Heard::Done { .. } => self.answered += 1,
            _ => {}
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Matched {
    room: Room,
}

#[derive(Deserialize)]
struct Room {
    id: String,
}

/// Has all of them seek, and waits until each has a partner.
fn match_all(swarm: &mut Swarm, progress: &Progress) -> Result<Couples, Fault> {
    let goal = swarm.len();
    let mut rooms: HashMap<String, Vec<usize>> = HashMap::new();
    let (mut matched, mut answered, mut asked) = (0, 0, 0);
    while matched < goal || answered < goal {
        while asked < goal && asked - answered < AT_ONCE {
            swarm.send(asked, &seek(1))?;
            asked += 1;
        }
        let any = swarm.turn(PATIENCE, |link, heard, _| {
            match heard {
                Heard::Matched(event) => {
                    let event: Matched = serde_json::from_str(event).map_err(Fault::NotChat)?;
                    rooms.entry(event.room.id).or_default().push(link);
                    matched += 1;
                }
                Heard::Done { .. } => answered += 1,
                _ => {}
            }
            Ok(())
        })?;
        if !any {
            return Err(Fault::Silence(PATIENCE.as_secs(), "partners"));
        }
        progress.share("matching", matched, goal);
    }
    let rooms: Vec<(String, Vec<usize>)> = rooms.into_iter().collect();
    let mut of = vec![0; goal];
    for (pair, (_, links)) in rooms.iter().enumerate() {
        if links.len() != 2 {
            return Err(Fault::Settings(
                "each pair room must have two of this load: is there somebody else?",
            ));
        }
        links.iter().for_each(|&link| of[link] = pair);
    }
    Ok(Couples { rooms, of })
}
