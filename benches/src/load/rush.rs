//! Many who come at once, as fast as the server takes them.

use std::ops::Range;
use std::time::Duration;

use super::chat::PATIENCE;
use super::fault::Fault;
use super::heard::Heard;
use super::latency::Latency;
use super::progress::Progress;
use super::swarm::{Outgoing, Swarm};
use super::target::Target;
use crate::Watch;

/// Connects so many places of a swarm, anew where there was a connection, never more than so many at once.
///
/// `greet` says what each sends once it is upgraded. Whatever comes is given to `arrived`, which says whether that was
/// what its connection had come for; each has to arrive, and once. The latencies are those from the beginning of connecting
/// until then.
pub(super) fn rush(
    swarm: &mut Swarm,
    target: &Target,
    places: Range<usize>,
    at_once: usize,
    progress: &Progress,
    greet: impl Fn(usize, &mut Outgoing<'_>),
    mut arrived: impl FnMut(usize, &Heard<'_>) -> Result<bool, Fault>,
) -> Result<Latency, Fault> {
    let (watch, mut latency) = (Watch::start(), Latency::new());
    // When each of them began; nothing once it has arrived.
    let mut began: Vec<Option<Duration>> = Vec::with_capacity(places.len());
    let mut done = 0;
    while done < places.len() {
        while began.len() < places.len() && began.len() - done < at_once.max(1) {
            let at = places.start + began.len();
            began.push(Some(watch.elapsed()));
            if at < swarm.len() {
                swarm.reconnect(target, at)?;
            } else {
                swarm.connect(target)?;
            }
        }
        let any = swarm.turn(PATIENCE, |link, heard, out| {
            if matches!(heard, Heard::Upgraded) {
                greet(link, out);
            }
            if arrived(link, &heard)? {
                let place = link.checked_sub(places.start).and_then(|at| began.get_mut(at));
                let began = place.and_then(Option::take);
                let began = began.ok_or(Fault::Spoiled { link, what: "was answered twice" })?;
                latency.record(watch.elapsed().saturating_sub(began));
                done += 1;
            }
            Ok(())
        })?;
        if !any {
            return Err(Fault::Silence(PATIENCE.as_secs(), "those who connect to be answered"));
        }
        progress.share("connecting", done, places.len());
    }
    Ok(latency)
}
