//! Connections that have joined and do nothing: what they hold.

use std::thread;
use std::time::Duration;

use super::chat::{arrive, errand, fresh_name, join, ping};
use super::effort::Begun;
use super::fault::Fault;
use super::memory::Memory;
use super::progress::Progress;
use super::run::Run;
use super::swarm::{NAP, Swarm};
use super::target::Target;

/// The first ones are not counted: with them come the pages of a program that is used for the first time.
const FIRST: usize = 200;

/// Idle connections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Idle {
    /// How many are counted.
    pub connections: usize,
    /// How many are in a room together.
    pub room_of: usize,
    /// How long a server is left alone before it is looked at.
    pub settle: Duration,
}

impl Idle {
    /// Measures it: by how much the process grows for each connection, all of it included.
    ///
    /// # Errors
    /// Where anything goes wrong, also where one of the connections is no longer answered at the end.
    pub fn run(&self, target: &Target, progress: &Progress) -> Result<Run, Fault> {
        if self.connections == 0 || self.room_of == 0 {
            return Err(Fault::Settings("connections and rooms of at least one are needed"));
        }
        let all = FIRST + self.connections;
        let mut swarm = Swarm::of(all, NAP)?;
        let name = fresh_name();
        let room = |link: usize| format!("{name}-{}", link / self.room_of);
        let join = |link: usize, id: usize| join(id, &room(link), self.room_of);

        arrive(&mut swarm, target, FIRST, progress)?;
        errand(&mut swarm, 0..FIRST, 1, progress, join)?;
        self.settle(&mut swarm)?;
        let before = Memory::of(target.pid)?;

        let arriving = Begun::now(target)?;
        arrive(&mut swarm, target, self.connections, progress)?;
        let arriving = arriving.end_now(target)?;
        errand(&mut swarm, FIRST..all, 1, progress, join)?;
        self.settle(&mut swarm)?;
        let after = Memory::of(target.pid)?;
        errand(&mut swarm, 0..all, 1, progress, |_, id| ping(id))?;

        let count = self.connections as u64;
        let mut run = Run::new("idle");
        run.add("connections", "idle joined connections", "", count as f64);
        run.add("room_of", "in rooms of", "", self.room_of as f64);
        run.add_memory(before, after, count);
        let arrival = arriving.each(count);
        run.add("cpu_us_per_arrival", "server CPU per connection with its hello", "µs", arrival);
        run.add_load(&arriving);
        Ok(run)
    }

    /// Reads what comes, notices of others among it, and then leaves the server alone.
    fn settle(&self, swarm: &mut Swarm) -> Result<(), Fault> {
        while swarm.turn(Duration::from_millis(100), |_, _, _| Ok(()))? {}
        thread::sleep(self.settle);
        while swarm.turn(Duration::ZERO, |_, _, _| Ok(()))? {}
        Ok(())
    }
}
