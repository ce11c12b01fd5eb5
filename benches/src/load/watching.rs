//! A list that many watch while its rooms change.

use std::time::Duration;

use super::chat::{PATIENCE, arrive, errand, errand_heard, fresh_name, join, leave, open};
use super::effort::{Begun, own_cpu, per};
use super::fault::Fault;
use super::heard::Heard;
use super::latency::Latency;
use super::length::Length;
use super::listed::{Changes, Listed};
use super::progress::Progress;
use super::run::Run;
use super::swarm::{NAP, Swarm};
use super::target::Target;
use super::tides::{Tides, Tidings};

/// Rows of the list.
const LIMIT: usize = 20;

/// Those who come and go: a few, as whoever is in a room is told of the others there, which is not what is measured.
const MOVERS: usize = 8;

/// A list that is silent for so long may have come to rest: changes are told at most four times a second.
const REST: Duration = Duration::from_millis(400);

/// It has so long to come to rest, and to be what the server says it is.
const SETTLING: Duration = Duration::from_secs(5);

/// Those who watch, and how much changes.
///
/// The list is that of the rooms with most users. Each change is a join or a leave by one of eight others, in one room after the
/// other, and moves that room in the list or out of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watching {
    /// How many watch.
    pub watchers: usize,
    /// How many rooms there are; twenty are in the list.
    pub rooms: usize,
    /// Changes a second.
    pub rate: f64,
    /// How long; messages are changes.
    pub length: Length,
}

impl Watching {
    /// Measures it.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure. Versions have to follow on one another, and in the end each
    /// list, made of its snapshot and all changes, has to be what the server answers when it is asked.
    pub fn run(&self, target: &Target, progress: &Progress) -> Result<Run, Fault> {
        if self.watchers == 0 || !(1..=64).contains(&self.rooms) {
            return Err(Fault::Settings("at least one has to watch, and 1 to 64 rooms"));
        }
        let all = MOVERS + self.watchers;
        let mut swarm = Swarm::of(all, NAP)?;
        arrive(&mut swarm, target, all, progress)?;
        let name = fresh_name();
        let rooms: Vec<String> = (0..self.rooms).map(|room| format!("{name}-{room}")).collect();
        let tides = Tides { rooms: self.rooms, movers: MOVERS };
        errand(&mut swarm, 0..1, self.rooms, progress, |_, id| open(id, &rooms[id - 1]))?;
        for mover in 0..MOVERS {
            let before = tides.before(mover);
            let enter = |_, id: usize| join(id, &rooms[before[id - 1]], MOVERS);
            errand(&mut swarm, mover..mover + 1, before.len(), progress, enter)?;
        }
        let mut gallery = Gallery::new(self.watchers, &rooms);
        errand_heard(
            &mut swarm,
            MOVERS..all,
            1,
            progress,
            |_, id| format!(r#"{{"id":{id},"do":"watch","order":"live","limit":{LIMIT}}}"#),
            |link, heard| gallery.hear(link, heard, None),
        )?;
        // What has changed before all of them watched.
        while swarm.turn(REST, |link, heard, _| gallery.hear(link, &heard, None))? {}
        self.change(&mut swarm, target, progress, tides, &rooms, &mut gallery)
    }

    fn change(
        &self,
        swarm: &mut Swarm,
        target: &Target,
        progress: &Progress,
        tides: Tides,
        rooms: &[String],
        gallery: &mut Gallery,
    ) -> Result<Run, Fault> {
        (gallery.told, gallery.bytes) = (0, 0);
        let begun = Begun::now(target)?;
        let (mut changes, mut answered) = (0_u64, 0_u64);
        let mut silent_since = Duration::ZERO;
        loop {
            let now = begun.elapsed();
            let more = self.length.goes_on(changes, now, Some(self.rate));
            if !more && answered == changes {
                break;
            }
            let due = more.then(|| Duration::from_secs_f64(changes as f64 / self.rate));
            if let Some(due) = due.filter(|&due| due <= now) {
                let step = tides.step(changes);
                let (id, room) = (usize::try_from(changes).unwrap_or_default(), &rooms[step.room]);
                let command = if step.comes { join(id, room, MOVERS) } else { leave(id, room) };
                swarm.send(step.mover, &command)?;
                gallery.tidings.due(step, due);
                changes += 1;
                silent_since = now;
                continue;
            }
            let wait = due.map_or(PATIENCE, |due| due - now);
            let any = swarm.turn(wait, |link, heard, _| {
                if link < MOVERS {
                    answered += u64::from(matches!(heard, Heard::Done { .. }));
                    return Ok(());
                }
                gallery.hear(link, &heard, Some(begun.elapsed()))
            })?;
            if any {
                silent_since = now;
            } else if now - silent_since >= PATIENCE {
                return Err(Fault::Silence(PATIENCE.as_secs(), "commands to be answered"));
            }
            progress.part(self.length.part(changes, now, Some(self.rate)), "watching");
        }
        let (wall, load) = (begun.elapsed(), own_cpu());
        // The last changes are told, and paid for, in the next quarter of a second.
        while swarm
            .turn(REST, |link, heard, _| gallery.hear(link, &heard, Some(begun.elapsed())))?
        {
        }
        let effort = begun.end(target, wall, load)?;
        gallery.comes_to_rest(swarm)?;

        let watchers = self.watchers as u64;
        let seconds = wall.as_secs_f64().max(1e-9);
        let mut run = Run::new("watching");
        run.add("watchers", "who watch a list of twenty", "", self.watchers as f64);
        run.add("rooms", "rooms", "", self.rooms as f64);
        run.add("rate", "changes per second", "", self.rate);
        run.add("changes", "changes", "", changes as f64);
        run.add("seconds", "time", "s", seconds);
        let told = gallery.told;
        run.add("diffs", "changes of the list, told to each who watches", "", told as f64);
        // As many as until the last one, which is in the quarter of a second behind the last change.
        let each = per(told as f64 / gallery.last.as_secs_f64().max(1e-9), watchers);
        run.add("diffs_per_watcher_per_s", "the same a second, for each of them", "", each);
        run.add("bytes_per_diff", "the size of one", "bytes", per(gallery.bytes as f64, told));
        let both = effort.each(changes * watchers);
        run.add("cpu_us_per_change_and_watcher", "server CPU per change and watcher", "µs", both);
        run.add("cpu_us_per_diff", "server CPU per change told", "µs", effort.each(told));
        run.add("cpu_s", "server CPU", "s", effort.server.as_secs_f64());
        run.add_latency(&gallery.latency, true);
        run.add_load(&effort);
        Ok(run)
    }
}

/// All who watch, with what each of them sees.
struct Gallery {
    lists: Vec<Option<Listed>>,
    changes: Changes,
    tidings: Tidings,
    latency: Latency,
    /// Changes of the list that were told, and their bytes.
    told: u64,
    bytes: u64,
    /// When the last one was.
    last: Duration,
}

impl Gallery {
    fn new(watchers: usize, rooms: &[String]) -> Self {
        let tidings = Tidings::new(rooms, watchers);
        let (changes, latency) = (Changes::default(), Latency::new());
        Self {
            lists: vec![None; watchers],
            changes,
            tidings,
            latency,
            told: 0,
            bytes: 0,
            last: Duration::ZERO,
        }
    }

    /// What one who watches is told; before anything is measured there is no time.
    fn hear(&mut self, link: usize, heard: &Heard<'_>, now: Option<Duration>) -> Result<(), Fault> {
        let Some(watcher) = link.checked_sub(MOVERS) else { return Ok(()) };
        let Some(list) = self.lists.get_mut(watcher) else { return Ok(()) };
        match *heard {
            Heard::Done { ok, .. } => *list = Some(Listed::read(ok, LIMIT)?),
            Heard::List(text) => {
                let change = self.changes.read(text)?;
                let spoiled = |what| Fault::Spoiled { link, what };
                let list = list.as_mut().ok_or(spoiled("was told of a list it does not watch"))?;
                for (_, row) in change.rows() {
                    // One that was out of the list may have changed long before it came in.
                    let was_in = list.rows.iter().any(|old| old.id == row.id);
                    let due = self.tidings.told(watcher, row);
                    if let (Some(now), Some(due), true) = (now, due, was_in) {
                        self.latency.record(now.saturating_sub(due));
                    }
                }
                if !list.apply(&change) {
                    return Err(spoiled("was not told the next version of its list"));
                }
                self.told += 1;
                self.last = now.unwrap_or_default();
                self.bytes += text.len() as u64;
            }
            _ => {}
        }
        Ok(())
    }

    /// Waits until all lists are what the server says when it is asked.
    fn comes_to_rest(&mut self, swarm: &mut Swarm) -> Result<(), Fault> {
        let watch = crate::Watch::start();
        loop {
            swarm.send(0, &format!(r#"{{"id":0,"do":"rooms","order":"live","limit":{LIMIT}}}"#))?;
            let mut asked = None;
            while asked.is_none() {
                let any = swarm.turn(PATIENCE, |link, heard, _| match heard {
                    Heard::Done { ok, .. } if link == 0 => {
                        asked = Some(Listed::read(ok, LIMIT)?);
                        Ok(())
                    }
                    heard => self.hear(link, &heard, None),
                })?;
                if !any {
                    return Err(Fault::Silence(PATIENCE.as_secs(), "`rooms` to be answered"));
                }
            }
            let is_other = |list: &Option<Listed>| {
                list.as_ref().map(|list| &list.rows) != asked.as_ref().map(|list| &list.rows)
            };
            let Some(other) = self.lists.iter().position(is_other) else { return Ok(()) };
            if watch.elapsed() > SETTLING {
                let what = "has a list that is not the server's";
                return Err(Fault::Spoiled { link: MOVERS + other, what });
            }
            swarm.turn(REST, |link, heard, _| self.hear(link, &heard, None))?;
        }
    }
}
