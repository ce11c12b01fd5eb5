//! Rooms of any number and size, of any server that has rooms: all of them are driven by this one load, whatever they
//! are spoken to in.

mod enter;
mod seen;

use std::time::Duration;

pub(super) use self::enter::{Layout, enter, quiet};
use self::seen::Seen;
use super::chat::{PATIENCE, fresh_name};
use super::effort::own_cpu;
use super::fault::Fault;
use super::heard::Heard;
use super::latency::Latency;
use super::length::Length;
use super::mark::{Ledger, Part, number};
use super::progress::Progress;
use super::run::Run;
use super::served::{Served, Spending};
use super::swarm::Swarm;
use crate::Watch;

/// How long is talked before anything is measured, whatever the server gets done in that: programs that compile
/// themselves while they run have got to it by then.
const WARM_UP: Duration = Duration::from_millis(500);

/// For so long nothing more may come once everything has.
const SURPLUS: Duration = Duration::from_millis(50);

/// Rooms in which something is said.
///
/// Members of a room take turns in speaking. In a closed loop the next message of a room goes out when its last one has
/// reached everybody in it; with rooms of two that is a ping-pong. At a rate messages go out when they are due, to one
/// room after the other, whatever the server does.
#[derive(Debug, Clone, Copy)]
pub struct Rooms {
    /// How many.
    pub rooms: usize,
    /// Who is in each.
    pub members: usize,
    /// Messages a second over all rooms; none is a closed loop.
    pub rate: Option<f64>,
    /// How long; messages are those of all rooms.
    pub length: Length,
    /// How long is talked before, at most.
    pub warm_up: Duration,
    /// The size of a body, at least.
    pub bytes: usize,
    /// How long the load naps instead of being woken; nothing where latencies are to be exact.
    pub nap: Duration,
}

/// In which order a room's messages have to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    AsSaid,
    Any,
}

impl Rooms {
    /// A closed loop in so many rooms of as many.
    #[must_use]
    pub fn closed(rooms: usize, members: usize, length: Length) -> Self {
        let nap = super::NAP;
        Self { rooms, members, rate: None, length, warm_up: WARM_UP, bytes: 32, nap }
    }

    /// The same at a rate, with readers that wait and are woken.
    #[must_use]
    pub fn at_rate(rooms: usize, members: usize, rate: f64, length: Length) -> Self {
        Self { rate: Some(rate), nap: Duration::ZERO, ..Self::closed(rooms, members, length) }
    }

    /// Measures it.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure.
    pub fn run(&self, served: &Served, progress: &Progress) -> Result<Run, Fault> {
        let links = self.rooms * self.members;
        if links == 0 {
            return Err(Fault::Settings("there has to be a room, and somebody in it"));
        }
        let mut swarm = Swarm::speaking(served.dialect, links, self.nap)?;
        let layout = Layout { name: fresh_name(), members: self.members };
        enter(&mut swarm, served, &layout, 0..links, progress)?;
        let warm = Self { rate: None, length: Length::Time(self.warm_up), ..*self };
        warm.talk(&mut swarm, served, &layout, progress)?;
        self.talk(&mut swarm, served, &layout, progress)
    }

    pub(super) fn talk(
        &self,
        swarm: &mut Swarm,
        served: &Served,
        layout: &Layout,
        progress: &Progress,
    ) -> Result<Run, Fault> {
        let reads = swarm.reads();
        let mut talk = Talk::new(self, served, layout)?;
        // What a server asks whether one is still there does not count as news: who has lost a message goes on asking.
        let (mut news, mut last_news) = (0, Duration::ZERO);
        loop {
            let now = talk.spending.elapsed();
            talk.speak(swarm, now)?;
            if talk.is_over(now) {
                break;
            }
            if talk.news() > news {
                (news, last_news) = (talk.news(), now);
            } else if now.saturating_sub(last_news) >= PATIENCE {
                talk.is_whole()?;
                return Err(Fault::Silence(PATIENCE.as_secs(), "commands to be answered"));
            }
            let wait = talk.due().map_or(PATIENCE, |due| due.saturating_sub(now));
            swarm.turn(wait, |link, heard, _| talk.hear(link, &heard))?;
            progress.part(self.length.part(talk.ledger.len(), now, self.rate), "talking");
        }
        let (wall, load) = (talk.spending.elapsed(), own_cpu());
        let reads = swarm.reads() - reads;
        let watch = Watch::start();
        while let Some(wait) = SURPLUS.checked_sub(watch.elapsed()) {
            swarm.turn(wait, |link, heard, _| talk.hear(link, &heard))?;
        }
        let spent = talk.spending.end(served, wall, load)?;
        talk.is_whole()?;

        let mut run = Run::new("rooms");
        run.add("rooms", "rooms", "", self.rooms as f64);
        run.add("members", "members of each", "", self.members as f64);
        run.add("rate", "messages per second (0: closed loop)", "", self.rate.unwrap_or(0.0));
        run.add("messages", "messages", "", talk.ledger.len() as f64);
        run.add_deliveries(talk.seen.delivered(), reads, &spent.all);
        if let Some(store) = spent.store_each(talk.seen.delivered()) {
            run.add("store_cpu_us_per_delivery", "of which the store's", "µs", store);
        }
        run.add_latency(&talk.latency, self.rate.is_some());
        run.add_load(&spent.all);
        Ok(run)
    }
}

/// A talk in all rooms, as it goes on.
struct Talk<'a> {
    rooms: &'a Rooms,
    layout: &'a Layout,
    served: &'a Served,
    spending: Spending,
    ledger: Ledger,
    /// Of each message its room, and the so many-th it is there.
    said: Vec<(usize, usize)>,
    /// Of each room how many were said, and how many deliveries of them are on their way.
    states: Vec<(usize, usize)>,
    /// Rooms in which everybody has everything, in a closed loop.
    free: Vec<usize>,
    seen: Seen,
    answered: u64,
    latency: Latency,
}

impl<'a> Talk<'a> {
    fn new(rooms: &'a Rooms, served: &'a Served, layout: &'a Layout) -> Result<Self, Fault> {
        let order = if rooms.rate.is_none() { Order::AsSaid } else { Order::Any };
        Ok(Self {
            rooms,
            layout,
            served,
            ledger: Ledger::default(),
            said: Vec::new(),
            states: vec![(0, 0); rooms.rooms],
            free: if rooms.rate.is_none() { (0..rooms.rooms).collect() } else { Vec::new() },
            seen: Seen::nothing(rooms.rooms * rooms.members, order),
            answered: 0,
            latency: Latency::new(),
            spending: served.spending()?,
        })
    }

    fn goes_on(&self, now: Duration) -> bool {
        self.rooms.length.goes_on(self.ledger.len(), now, self.rooms.rate)
    }

    /// When the next message is due, at a rate.
    fn due(&self) -> Option<Duration> {
        let rate = self.rooms.rate.filter(|_| self.goes_on(Duration::ZERO))?;
        Some(Duration::from_secs_f64(self.ledger.len() as f64 / rate))
    }

    /// Says what is to be said by now.
    fn speak(&mut self, swarm: &mut Swarm, now: Duration) -> Result<(), Fault> {
        while let Some(due) = self.due().filter(|&due| due <= now) {
            self.say(swarm, self.said.len() % self.rooms.rooms, due)?;
        }
        for room in std::mem::take(&mut self.free) {
            if self.goes_on(now) {
                self.say(swarm, room, now)?;
            }
        }
        Ok(())
    }

    /// Grows with whatever is said, comes, or is answered.
    fn news(&self) -> u64 {
        self.ledger.len() + self.seen.delivered() + self.answered
    }

    fn say(&mut self, swarm: &mut Swarm, room: usize, due: Duration) -> Result<(), Fault> {
        let members = self.rooms.members;
        let (number, body) = self.ledger.mark(Part::Asks, due, self.rooms.bytes);
        let (said, missing) = &mut self.states[room];
        self.said.push((room, *said));
        let speaker = room * members + *said % members;
        *said += 1;
        *missing += members;
        let name = self.layout.name(room);
        swarm.send(speaker, &self.served.dialect.say(number, &name, &body))
    }

    fn hear(&mut self, link: usize, heard: &Heard<'_>) -> Result<(), Fault> {
        let body = match *heard {
            // In chat.v1 it is JSON, with what follows it.
            Heard::Said { body, .. } => body.trim_start_matches('"'),
            Heard::Told { body } => body,
            Heard::Done { .. } => {
                self.answered += 1;
                return Ok(());
            }
            _ => return Ok(()),
        };
        let Some((_, number)) = number(body) else {
            return Err(Fault::NotUnderstood(body.chars().take(80).collect()));
        };
        let stray = |what| Fault::Stray { link, number, what };
        let &(room, index) = self.said.get(number).ok_or_else(|| stray("which nobody has said"))?;
        if self.layout.room(link) != room {
            return Err(stray("which is of another room"));
        }
        self.seen.given(link, index).map_err(stray)?;
        if let Some(late) = self.ledger.late(number, self.spending.elapsed()) {
            self.latency.record(late);
        }
        let (_, missing) = &mut self.states[room];
        *missing -= 1;
        if *missing == 0 && self.rooms.rate.is_none() {
            self.free.push(room);
        }
        Ok(())
    }

    /// Whether nothing more is to be said, and nothing is on its way.
    fn is_over(&self, now: Duration) -> bool {
        let arrived = self.seen.delivered() >= self.due_in_all();
        let answered = !self.served.dialect.answers() || self.answered >= self.ledger.len();
        !self.goes_on(now) && arrived && answered
    }

    fn is_whole(&self) -> Result<(), Fault> {
        if self.seen.are(|link| self.states[self.layout.room(link)].0) {
            return Ok(());
        }
        Err(Fault::Void { expected: self.due_in_all(), delivered: self.seen.delivered() })
    }

    fn due_in_all(&self) -> u64 {
        self.ledger.len() * self.rooms.members as u64
    }
}
