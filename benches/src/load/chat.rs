//! What a load says: the commands of chat.v1, and errands, which are commands that many connections have to have
//! answered before something is measured.
//!
//! Fields go out in one order (`id`, `do`, `room`, others, `body`): the limit looks for them there.

use std::ops::Range;
use std::time::Duration;

use super::fault::Fault;
use super::heard::Heard;
use super::progress::Progress;
use super::swarm::Swarm;
use super::target::Target;

/// So many connections have something to do at once: enough to keep a server busy. Bursts are not what is measured.
const AT_ONCE: usize = 8;

/// A server that is silent for so long while something is due has lost it.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn hello() -> String {
    r#"{"id":0,"do":"hello","name":"Load"}"#.to_owned()
}

pub(super) fn open(id: usize, room: &str) -> String {
    format!(r#"{{"id":{id},"do":"open","room":"{room}","title":"load"}}"#)
}

/// Joins a room, which is made if it is not there. A capacity is only asked for where the usual one would not do.
pub(super) fn join(id: usize, room: &str, members: usize) -> String {
    let policy = if members > 1_000 {
        format!(r#","policy":{{"capacity":{members}}}"#)
    } else {
        String::new()
    };
    format!(r#"{{"id":{id},"do":"join","room":"{room}","create":{{"title":"load"{policy}}}}}"#)
}

pub(super) fn leave(id: usize, room: &str) -> String {
    format!(r#"{{"id":{id},"do":"leave","room":"{room}"}}"#)
}

pub(super) fn ping(id: usize) -> String {
    format!(r#"{{"id":{id},"do":"ping"}}"#)
}

pub(super) fn seek(id: usize) -> String {
    format!(r#"{{"id":{id},"do":"match"}}"#)
}

/// Leaves a pair room and seeks the next partner, in one step.
pub(super) fn next(id: usize, room: &str) -> String {
    format!(r#"{{"id":{id},"do":"next","room":"{room}"}}"#)
}

pub(super) fn say(id: u64, room: &str, body: &str) -> String {
    format!(r#"{{"id":{id},"do":"say","room":"{room}","body":"{body}"}}"#)
}

/// A name that no earlier run has used: a server that runs already may remember.
pub(super) fn fresh_name() -> String {
    format!("load-{}-{}", std::process::id(), crate::time::unix_ms())
}

/// Connects so many more, and has each say hello.
pub(super) fn arrive(
    swarm: &mut Swarm,
    target: &Target,
    count: usize,
    progress: &Progress,
) -> Result<(), Fault> {
    let goal = swarm.len() + count;
    let mut arrived = swarm.len();
    while arrived < goal {
        while swarm.len() < goal && swarm.len() - arrived < AT_ONCE {
            swarm.connect(target)?;
        }
        let any = swarm.turn(PATIENCE, |_, heard, out| {
            match heard {
                Heard::Upgraded => out.command(&hello()),
                Heard::Done { .. } => arrived += 1,
                _ => {}
            }
            Ok(())
        })?;
        if !any {
            return Err(Fault::Silence(PATIENCE.as_secs(), "`hello` to be answered"));
        }
        progress.share("connecting", arrived, goal);
    }
    Ok(())
}

/// Has each of these connections send so many commands, the next one when the last one is answered.
///
/// A command is made from the connection and the number of the command on it, which is to be its `id` too.
pub(super) fn errand(
    swarm: &mut Swarm,
    links: Range<usize>,
    each: usize,
    progress: &Progress,
    command: impl Fn(usize, usize) -> String,
) -> Result<(), Fault> {
    errand_heard(swarm, links, each, progress, command, |_, _| Ok(()))
}

/// The same, where what comes meanwhile matters.
pub(super) fn errand_heard(
    swarm: &mut Swarm,
    links: Range<usize>,
    each: usize,
    progress: &Progress,
    command: impl Fn(usize, usize) -> String,
    mut hear: impl FnMut(usize, &Heard<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let goal = links.len() * each;
    let (mut done, mut busy, mut next) = (0, 0, links.start);
    while done < goal {
        while next < links.end && busy < AT_ONCE {
            swarm.send(next, &command(next, 1))?;
            next += 1;
            busy += 1;
        }
        let any = swarm.turn(PATIENCE, |link, heard, out| {
            hear(link, &heard)?;
            let Heard::Done { id, .. } = heard else { return Ok(()) };
            done += 1;
            let id = usize::try_from(id).unwrap_or(each);
            if id < each {
                out.command(&command(link, id + 1));
            } else {
                busy -= 1;
            }
            Ok(())
        })?;
        if !any {
            return Err(Fault::Silence(PATIENCE.as_secs(), "commands to be answered"));
        }
        progress.share("commands", done, goal);
    }
    Ok(())
}
