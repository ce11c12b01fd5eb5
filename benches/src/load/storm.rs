//! A connect storm: many who come at the same time, as after a server has started anew.

use super::chat::{arrive, errand, hello, ping};
use super::effort::Begun;
use super::fault::Fault;
use super::heard::Heard;
use super::progress::Progress;
use super::run::Run;
use super::rush::rush;
use super::swarm::{NAP, Swarm};
use super::target::Target;

/// The first ones are not counted: whatever is made at the first time has been made then.
const FIRST: usize = 20;

/// Connections, each with its upgrade and its `hello`, made as fast as the server takes them.
///
/// It is a closed loop of so many at once: the server is never idle, and latencies are those of one who comes in the middle
/// of it, mostly time in which others are served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storm {
    /// How many.
    pub connections: usize,
    /// So many are on their way at once, at most.
    pub at_once: usize,
}

impl Storm {
    /// Measures it.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure. Each connection has to be answered, once, and again
    /// when all are there.
    pub fn run(&self, target: &Target, progress: &Progress) -> Result<Run, Fault> {
        if self.connections == 0 {
            return Err(Fault::Settings("at least one connection is needed"));
        }
        let all = FIRST + self.connections;
        let mut swarm = Swarm::of(all, NAP)?;
        arrive(&mut swarm, target, FIRST, progress)?;
        let begun = Begun::now(target)?;
        let latency = rush(
            &mut swarm,
            target,
            FIRST..all,
            self.at_once,
            progress,
            |_, out| out.command(&hello()),
            |_, heard| Ok(matches!(heard, Heard::Done { .. })),
        )?;
        let effort = begun.end_now(target)?;
        errand(&mut swarm, 0..all, 1, progress, |_, id| ping(id))?;

        let count = self.connections as u64;
        let seconds = effort.wall.as_secs_f64();
        let mut run = Run::new("storm");
        run.add("connections", "connections, each with its hello", "", count as f64);
        run.add("at_once", "on their way at once", "", self.at_once as f64);
        run.add("seconds", "time until the last one is answered", "s", seconds);
        run.add(
            "connections_per_s",
            "connections per second",
            "",
            count as f64 / seconds.max(1e-9),
        );
        let each = effort.each(count);
        run.add("cpu_us_per_connection", "server CPU per connection with its hello", "µs", each);
        run.add_latency(&latency, false);
        run.add_load(&effort);
        Ok(run)
    }
}
