//! What an idle session holds, in process.

use std::task::Waker;

use chat_core::{Engine, RoomSpec, Session};

use super::Fault;
use crate::load::Memory;
use crate::{connect, now, read_all};

/// The first ones are not counted: with them come pages of a program that is used for the first time.
const FIRST: usize = 1_000;
const ROOM_OF: usize = 100;

/// By how much this process grows for each of so many idle sessions in rooms of 100: sessions, users, places and rooms,
/// and what the allocator adds. In a process that has done nothing else before, or it would fill what was freed there.
///
/// # Errors
/// Where the system does not say what this process holds.
pub fn held(sessions: usize) -> Result<f64, Fault> {
    let engine = Engine::in_memory();
    let mut all = Vec::with_capacity(FIRST + sessions);
    arrive(&engine, &mut all, FIRST);
    let me = std::process::id();
    let before = Memory::of(me)?;
    arrive(&engine, &mut all, sessions);
    let after = Memory::of(me)?;
    Ok((after.rss as f64 - before.rss as f64) / sessions as f64)
}

fn arrive(engine: &Engine, all: &mut Vec<Session>, count: usize) {
    let (mut events, first) = (Vec::new(), all.len());
    for user in first..first + count {
        let session = connect(engine, user);
        let spec = RoomSpec::public("A room with a title");
        now(session.join_or_open(spec.with_id(format!("room-{}", user / ROOM_OF))));
        all.push(session);
        if user % ROOM_OF == ROOM_OF - 1 {
            let room = (user + 1 - ROOM_OF).max(first);
            for session in &mut all[room..] {
                read_all(session, Waker::noop(), &mut events);
            }
        }
    }
}
