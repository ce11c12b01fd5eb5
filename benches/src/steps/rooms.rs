//! Talking, reading, coming and going.

use std::task::{Poll, Waker};

use chat_core::{Author, Body, RoomSpec};

use super::counted;
use crate::{Stand, connect, now, poll_once};

const TEXT: &str = "something of an ordinary length";
/// As many messages as a room keeps here. With as many said before, each further one puts one out.
const KEPT: usize = 50;

/// A room whose log is full.
fn talked(members: usize) -> Stand {
    Stand::with(members, RoomSpec::public("room").with_history(KEPT as u32)).talked(KEPT)
}

/// Somebody says something in a room of 1,000: nearly all of it is marking.
pub(super) fn append_to_many(times: usize) -> usize {
    append(talked(1_000), times)
}

/// The same in a room of 10: most of it is appending, which would not show among so many marks.
pub(super) fn append_to_few(times: usize) -> usize {
    append(talked(10), times)
}

fn append(mut stand: Stand, times: usize) -> usize {
    let body = Body::text(TEXT);
    for _ in 0..times {
        let mut body = Some(body.clone());
        counted(&mut || {
            if let Some(body) = body.take() {
                now(stand.sessions[0].say(&stand.room, body));
            }
        });
        stand.read_all(Waker::noop());
    }
    times
}

/// A session reads the one thing that is new.
pub(super) fn drain(times: usize) -> usize {
    let (mut stand, mut events) = (talked(100), Vec::new());
    let rounds = times.div_ceil(stand.sessions.len());
    for _ in 0..rounds {
        now(stand.engine.post(&stand.room, TEXT, Author::System, None));
        for session in &mut stand.sessions {
            counted(&mut || {
                let polled = poll_once(session, Waker::noop(), &mut events);
                assert!(polled == Poll::Ready(true) && events.len() == 1);
                events.clear();
            });
        }
        stand.read_all(Waker::noop());
    }
    rounds * stand.sessions.len()
}

/// Somebody comes, is shown everything, and goes.
pub(super) fn join(times: usize) -> usize {
    let mut stand = talked(10);
    let comer = connect(&stand.engine, 1_000_000);
    let mut visit = |counts: bool| {
        let mut visit = || {
            now(comer.join(&stand.room));
            now(comer.leave(&stand.room));
        };
        if counts {
            counted(&mut visit)
        } else {
            visit()
        }
        stand.read_all(Waker::noop());
    };
    // Until the log keeps no more comings and goings.
    (0..150).for_each(|_| visit(false));
    (0..times).for_each(|_| visit(true));
    times
}
