//! Lists of rooms.

use chat_core::{RoomKind, RoomPolicy};

use super::counted;
use crate::{Bare, now, scatter};

const ROOMS: usize = 10_000;

/// Somebody comes to a room that is anywhere in the lists, which changes its place there, and goes, which changes it again.
pub(super) fn visit(times: usize) -> usize {
    let bare = Bare::new();
    let open = |n| bare.open(&format!("room-{n:08x}"), RoomKind::Public, RoomPolicy::open_room());
    let rooms: Vec<_> = (0..ROOMS).map(open).collect();
    for (n, room) in rooms.iter().enumerate() {
        for user in 0..scatter(n) % 3 {
            now(bare.backend.presence.enter(bare.by, bare.enter(room, n * 3 + user)));
        }
    }
    for n in 0..times {
        let room = &rooms[scatter(n) % ROOMS];
        let comer = bare.enter(room, 10_000_000 + n % 64);
        let session = comer.session;
        let mut comer = Some(comer);
        counted(&mut || {
            if let Some(comer) = comer.take() {
                now(bare.backend.presence.enter(bare.by, comer));
                now(bare.backend.presence.leave(bare.by, room, session));
            }
        });
    }
    times
}
