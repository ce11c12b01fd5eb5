//! Coming and staying: what a connection costs that is made and comes into a room, and what it holds once it is there.

use std::thread;
use std::time::Duration;

use super::chat::fresh_name;
use super::fault::Fault;
use super::length::Length;
use super::memory::Memory;
use super::progress::Progress;
use super::rooms::{Layout, Rooms, enter, quiet};
use super::run::Run;
use super::served::Served;
use super::swarm::{NAP, Swarm};

/// The first ones are not counted, or as many as are if those are fewer: with them come the pages of a program that is
/// used for the first time.
const FIRST: usize = 200;

/// Connections in rooms, of any server that has rooms.
#[derive(Debug, Clone, Copy)]
pub struct Stay {
    /// How many are counted.
    pub connections: usize,
    /// How many are in a room together.
    pub room_of: usize,
    /// How long a server is left alone before it is looked at.
    pub settle: Duration,
}

impl Stay {
    /// Measures it. At the end something is said in each room, which everybody in it has to get.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure.
    pub fn run(&self, served: &Served, progress: &Progress) -> Result<Run, Fault> {
        let first = FIRST.min(self.connections);
        let all = first + self.connections;
        if self.room_of == 0 || first == 0 || !all.is_multiple_of(self.room_of) {
            return Err(Fault::Settings("connections are needed, and rooms that they fill"));
        }
        let mut swarm = Swarm::speaking(served.dialect, all, NAP)?;
        let layout = Layout { name: fresh_name(), members: self.room_of };
        enter(&mut swarm, served, &layout, 0..first, progress)?;
        let before = self.settled(&mut swarm, served)?;

        let coming = served.spending()?;
        enter(&mut swarm, served, &layout, first..all, progress)?;
        let coming = coming.end_now(served)?;
        let after = self.settled(&mut swarm, served)?;

        let rooms = all / self.room_of;
        let each_says_one = Length::Messages(rooms as u64);
        let rooms = Rooms::closed(rooms, self.room_of, each_says_one);
        rooms.talk(&mut swarm, served, &layout, progress)?;

        let count = self.connections as u64;
        let mut run = Run::new("stay");
        run.add("connections", "idle joined connections", "", count as f64);
        run.add("room_of", "in rooms of", "", self.room_of as f64);
        run.add_memory(before, after, count);
        let made = coming.all.each(count);
        run.add(
            "cpu_us_per_connection",
            "server CPU per connection made, with its join",
            "µs",
            made,
        );
        if let Some(store) = coming.store_each(count) {
            run.add("store_cpu_us_per_connection", "of which the store's", "µs", store);
        }
        run.add_load(&coming.all);
        Ok(run)
    }

    /// What it holds after it was left alone.
    fn settled(&self, swarm: &mut Swarm, served: &Served) -> Result<Memory, Fault> {
        quiet(swarm)?;
        thread::sleep(self.settle);
        quiet(swarm)?;
        served.memory()
    }
}
