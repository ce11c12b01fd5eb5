//! A resume storm: all connections are lost at once, something is said meanwhile, and all come back.

use super::chat::{PATIENCE, errand, fresh_name, hello, say};
use super::effort::Begun;
use super::fault::Fault;
use super::heard::Heard;
use super::missed::{Joined, Token, since};
use super::numbers::Numbers;
use super::progress::Progress;
use super::run::Run;
use super::rush::rush;
use super::swarm::{NAP, Swarm};
use super::target::Target;
use crate::Watch;

/// So many arrive at once before anything is measured.
const ARRIVING: usize = 8;

/// One connection may be in so many rooms: the one who stays is in all of them.
const ROOMS: usize = 64;

/// What is said meanwhile has to be among what a room keeps.
const KEPT: usize = 400;

/// For so long nothing more may come once everything has.
const SURPLUS: std::time::Duration = std::time::Duration::from_millis(50);

/// Those who are cut off and come back.
///
/// Members are given the longest grace, so that nobody is thought to have left however slow the machine is, and what was missed is
/// what was said. Each comes back with a connection, an upgrade, `hello` with its token and `join` with its cursor, the last two in one write.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resume {
    /// How many.
    pub members: usize,
    /// How many are in a room together.
    pub room_of: usize,
    /// How much is said in each room meanwhile, by one who stays.
    pub missed: usize,
    /// So many are on their way back at once, at most.
    pub at_once: usize,
}

impl Resume {
    /// Measures it.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure. Each has to be given what it has missed, all of it, once and
    /// in order, and to hear what is said then.
    pub fn run(&self, target: &Target, progress: &Progress) -> Result<Run, Fault> {
        if self.members == 0 || self.room_of == 0 || self.missed > KEPT {
            return Err(Fault::Settings("members are needed, and at most 400 messages"));
        }
        let rooms = self.members.div_ceil(self.room_of);
        if rooms > ROOMS {
            return Err(Fault::Settings("at most 64 rooms: one stays in all of them"));
        }
        let stays = self.members;
        let name = fresh_name();
        let room = |number: usize| format!("{name}-{number}");
        let of = |link: usize| room(link / self.room_of);

        let mut swarm = Swarm::of(self.members + 1, NAP)?;
        let mut tokens = vec![String::new(); self.members + 1];
        let hello = |_: usize, out: &mut super::swarm::Outgoing<'_>| out.command(&hello());
        rush(&mut swarm, target, 0..self.members + 1, ARRIVING, progress, hello, |link, heard| {
            let Heard::Done { ok, .. } = heard else { return Ok(false) };
            tokens[link] = Token::read(ok)?;
            Ok(true)
        })?;
        let enter = |id: usize, room: &str| self.enter(id, room, "");
        errand(&mut swarm, stays..stays + 1, rooms, progress, |_, id| enter(id, &room(id - 1)))?;
        errand(&mut swarm, 0..stays, 1, progress, |link, id| enter(id, &of(link)))?;
        // Again, when all are there: from then on nobody is told of others, and the snapshot's cursor is what was read.
        let mut cursors = vec![String::new(); self.members];
        let mut read = vec![0; self.members];
        super::chat::errand_heard(
            &mut swarm,
            0..stays,
            1,
            progress,
            |link, id| enter(id, &of(link)),
            |link, heard| {
                if let Heard::Done { ok, .. } = heard {
                    let joined = Joined::read(ok)?;
                    (cursors[link], read[link]) = (since(&joined), joined.cursor.n);
                }
                Ok(())
            },
        )?;

        swarm.cut(0..self.members);
        let body = |number: usize| format!("m{number:06}");
        let says = |id: usize| say(id as u64, &room((id - 1) % rooms), &body((id - 1) / rooms));
        errand(&mut swarm, stays..stays + 1, self.missed * rooms, progress, |_, id| says(id))?;
        quiet(&mut swarm, |_, _| Ok(()))?;

        // What comes behind the answer to `join` has to follow on it, also while others are still on their way.
        let mut numbers = Numbers::new(self.members);
        let mut entries = 0;
        let begun = Begun::now(target)?;
        let latency = rush(
            &mut swarm,
            target,
            0..self.members,
            self.at_once,
            progress,
            |link, out| {
                let token = &tokens[link];
                out.command(&format!(r#"{{"id":0,"do":"hello","token":"{token}","name":"Load"}}"#));
                out.command(&self.enter(1, &of(link), &cursors[link]));
            },
            |link, heard| {
                let Heard::Done { id: 1, ok } = heard else {
                    return follows(&mut numbers, link, heard).map(|()| false);
                };
                let joined = Joined::read(ok)?;
                let expected = (0..self.missed).map(body);
                joined
                    .made_up_for(read[link], expected)
                    .map_err(|what| Fault::Spoiled { link, what })?;
                entries += joined.entries.len() as u64;
                numbers.given(link, joined.cursor.n, false)?;
                Ok(true)
            },
        )?;
        let effort = begun.end_now(target)?;

        // They are back if they hear what is said now.
        let last = |_, id: usize| say(id as u64, &room(id - 1), "back");
        super::chat::errand_heard(
            &mut swarm,
            stays..stays + 1,
            rooms,
            progress,
            last,
            |link, heard| follows(&mut numbers, link, heard),
        )?;
        let watch = Watch::start();
        while numbers.delivered() < self.members as u64 && watch.elapsed() < PATIENCE {
            swarm.turn(SURPLUS, |link, heard, _| follows(&mut numbers, link, &heard))?;
        }
        quiet(&mut swarm, |link, heard| follows(&mut numbers, link, heard))?;
        numbers.are(|_| 1)?;

        let count = self.members as u64;
        let seconds = effort.wall.as_secs_f64();
        let mut run = Run::new("resume");
        run.add("members", "cut off, and back", "", count as f64);
        run.add("room_of", "in rooms of", "", self.room_of as f64);
        run.add("missed", "messages each has missed", "", self.missed as f64);
        run.add("entries", "entries made up for", "", entries as f64);
        run.add("at_once", "on their way at once", "", self.at_once as f64);
        run.add("seconds", "time until the last one is back", "s", seconds);
        run.add("resumed_per_s", "back per second", "", count as f64 / seconds.max(1e-9));
        run.add(
            "cpu_us_per_resume",
            "server CPU per connection that is back",
            "µs",
            effort.each(count),
        );
        run.add_latency(&latency, false);
        run.add_load(&effort);
        Ok(run)
    }

    /// Joins; with a cursor what was missed since, else as little as there can be.
    fn enter(&self, id: usize, room: &str, cursor: &str) -> String {
        let since = if cursor.is_empty() {
            r#","recent":0"#.to_owned()
        } else {
            format!(r#","since":{cursor}"#)
        };
        let capacity = (self.room_of + 1).max(2);
        format!(
            r#"{{"id":{id},"do":"join","room":"{room}"{since},"create":{{"title":"load","policy":{{"capacity":{capacity},"grace_ms":60000}}}}}}"#
        )
    }
}

/// What a member is given of its room, which may be nothing but the next entry.
fn follows(numbers: &mut Numbers, link: usize, heard: &Heard<'_>) -> Result<(), Fault> {
    match *heard {
        Heard::Said { n, .. } => numbers.given(link, n, true),
        Heard::Notice { n } => numbers.given(link, n, false),
        _ => Ok(()),
    }
}

/// Sees what else comes, for a little while.
fn quiet(
    swarm: &mut Swarm,
    mut hear: impl FnMut(usize, &Heard<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let watch = Watch::start();
    while let Some(wait) = SURPLUS.checked_sub(watch.elapsed()) {
        swarm.turn(wait, |link, heard, _| hear(link, &heard))?;
    }
    Ok(())
}
