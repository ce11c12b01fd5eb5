//! Coming into rooms: connections that are inside, each in the room of its number.

use std::ops::Range;
use std::time::Duration;

use crate::load::chat::PATIENCE;
use crate::load::dialect::Step;
use crate::load::fault::Fault;
use crate::load::progress::Progress;
use crate::load::served::Served;
use crate::load::swarm::Swarm;

/// So many are on their way at once: enough to keep a server busy. Bursts are not what is measured.
const AT_ONCE: usize = 8;

/// Nothing has come for so long: what came of the comings has come.
const QUIET: Duration = Duration::from_millis(50);

/// Rooms of as many each, filled one after the other.
#[derive(Debug)]
pub(in crate::load) struct Layout {
    /// What all their names begin with.
    pub(in crate::load) name: String,
    /// How many are in each.
    pub(in crate::load) members: usize,
}

impl Layout {
    /// The room of a connection.
    pub(in crate::load) fn room(&self, link: usize) -> usize {
        link / self.members
    }

    /// Its name.
    pub(in crate::load) fn name(&self, room: usize) -> String {
        format!("{}-{room}", self.name)
    }
}

/// Connects these, which are the next ones, and has each come into its room.
///
/// # Errors
/// Where one of them does not get there.
pub(in crate::load) fn enter(
    swarm: &mut Swarm,
    served: &Served,
    layout: &Layout,
    links: Range<usize>,
    progress: &Progress,
) -> Result<(), Fault> {
    let (mut inside, goal) = (0, links.len());
    let mut next = links.start;
    while inside < goal {
        while next < links.end && next - links.start - inside < AT_ONCE {
            let path = served.dialect.path(&layout.name(layout.room(next)));
            swarm.connect_at(&served.target, path.as_deref().unwrap_or(&served.target.path))?;
            next += 1;
        }
        let any = swarm.turn(PATIENCE, |link, heard, out| {
            if !links.contains(&link) {
                return Ok(()); // It is told of those who come.
            }
            match served.dialect.enter(&heard, &layout.name(layout.room(link)), layout.members) {
                Step::Say(text) => out.command(&text),
                Step::Inside => inside += 1,
                Step::Wait => {}
            }
            Ok(())
        })?;
        if !any {
            return Err(Fault::Silence(PATIENCE.as_secs(), "somebody to come in"));
        }
        progress.share("coming", inside, goal);
    }
    quiet(swarm)
}

/// Reads until nothing more comes: notices of others, and the end of what a server does after it has let somebody in.
pub(in crate::load) fn quiet(swarm: &mut Swarm) -> Result<(), Fault> {
    while swarm.turn(QUIET, |_, _, _| Ok(()))? {}
    Ok(())
}
