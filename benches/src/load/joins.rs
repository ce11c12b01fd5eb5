//! What it costs to come: a connection, an opened room, a joined and a left one.

use super::chat::{arrive, errand, fresh_name, join, leave, open};
use super::effort::Begun;
use super::fault::Fault;
use super::progress::Progress;
use super::run::Run;
use super::swarm::{NAP, Swarm};
use super::target::Target;

/// A connection may be in so many rooms.
const ROOMS: usize = 64;

/// Connections that open, join and leave rooms, each one command after the other.
///
/// Rooms are there before they are joined, so that a join is a join. In rooms of more than one, those who are there
/// already are told of each who comes, which is a delivery and costs what deliveries cost: the join itself is measured
/// in rooms of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Joins {
    /// How many connections.
    pub connections: usize,
    /// How many rooms each of them joins.
    pub rooms: usize,
    /// How many join each room.
    pub room_of: usize,
}

impl Joins {
    /// Measures it.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure.
    pub fn run(&self, target: &Target, progress: &Progress) -> Result<Run, Fault> {
        if self.connections == 0 || self.room_of == 0 || !(1..=ROOMS).contains(&self.rooms) {
            return Err(Fault::Settings(
                "connections are needed, with 1 to 64 rooms each, of at least one",
            ));
        }
        // Whoever is the first of a room opens it.
        let rooms = self.connections.div_ceil(self.room_of) * self.rooms;
        let joins = (self.connections * self.rooms) as u64;
        let name = fresh_name();
        let room = |link: usize, id: usize| format!("{name}-{}-{id}", link / self.room_of);

        let mut swarm = Swarm::of(self.connections, NAP)?;
        let links = 0..self.connections;
        let arriving = Begun::now(target)?;
        arrive(&mut swarm, target, self.connections, progress)?;
        let arriving = arriving.end_now(target)?;

        let opening = Begun::now(target)?;
        let opens = |link: usize, id: usize| open(id, &room(link * self.room_of, id));
        errand(&mut swarm, 0..rooms / self.rooms, self.rooms, progress, opens)?;
        let opening = opening.end_now(target)?;

        let joining = Begun::now(target)?;
        let joined = |link: usize, id: usize| join(id, &room(link, id), self.room_of);
        errand(&mut swarm, links.clone(), self.rooms, progress, joined)?;
        let joining = joining.end_now(target)?;

        let leaving = Begun::now(target)?;
        errand(&mut swarm, links, self.rooms, progress, |link, id| leave(id, &room(link, id)))?;
        let leaving = leaving.end_now(target)?;

        let mut run = Run::new("joins");
        run.add("joins", "joins", "", joins as f64);
        run.add("room_of", "in rooms of", "", self.room_of as f64);
        run.add("cpu_us_per_join", "server CPU per join", "µs", joining.each(joins));
        run.add("cpu_us_per_leave", "server CPU per leave", "µs", leaving.each(joins));
        run.add("cpu_us_per_open", "server CPU per opened room", "µs", opening.each(rooms as u64));
        let arrival = arriving.each(self.connections as u64);
        run.add("cpu_us_per_arrival", "server CPU per connection with its hello", "µs", arrival);
        run.add_load(&joining);
        Ok(run)
    }
}
