//! Rooms, names and requests with defaults, so that a case says only what matters to it.

use std::time::Duration;

use crate::body::Body;
use crate::entry::Cursor;
use crate::id::{Epoch, Key, PoolName, RoomId, UserId};
use crate::room::{NewRoom, RoomKind, RoomPolicy};
use crate::store::{Attempt, Close, Say, Speaker};
use crate::text::{Name, Tag, Title};
use crate::why::CloseWhy;

/// Seconds.
#[must_use]
pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A room's id.
#[must_use]
pub fn room_id(id: &str) -> RoomId {
    RoomId::new(id).unwrap()
}

/// A user's id.
#[must_use]
pub fn user_id(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

/// A key of a `say`.
#[must_use]
pub fn key(key: &str) -> Key {
    Key::new(key).unwrap()
}

/// A name.
#[must_use]
pub fn name(name: &str) -> Name {
    Name::new(name, 64).unwrap()
}

/// A pool.
#[must_use]
pub fn pool(name: &str) -> PoolName {
    PoolName::new(name).unwrap()
}

/// Tags, from words between spaces.
#[must_use]
pub fn tags(words: &str) -> Vec<Tag> {
    words.split_whitespace().map(|tag| Tag::new(tag, 32).unwrap().folded()).collect()
}

/// A public room with the default policy, its title being its id.
#[must_use]
pub fn public(id: &str) -> NewRoom {
    NewRoom {
        id: room_id(id),
        kind: RoomKind::Public,
        title: Title::new(id, 100).unwrap(),
        meta: None,
        owner: None,
        policy: RoomPolicy::open_room(),
    }
}

/// A public room whose policy differs from the default in this.
#[must_use]
pub fn public_with(id: &str, change: impl FnOnce(&mut RoomPolicy)) -> NewRoom {
    let mut room = public(id);
    change(&mut room.policy);
    room
}

/// A private room with the default policy.
#[must_use]
pub fn private(id: &str) -> NewRoom {
    NewRoom { kind: RoomKind::Private, ..public(id) }
}

/// Something the site itself says.
#[must_use]
pub fn notice(room: &RoomId, text: &str) -> Say {
    Say {
        room: room.clone(),
        epoch: None,
        author: Speaker::System,
        body: Body::text(text),
        key: None,
        attempt: attempt(),
    }
}

/// A `say` of its own: never the same twice.
#[must_use]
pub fn attempt() -> Attempt {
    (u128::from(Epoch::random().0) << 64 | u128::from(Epoch::random().0)).into()
}

/// A close by the host, whatever the epoch.
#[must_use]
pub fn closing(room: &RoomId, why: CloseWhy) -> Close {
    Close { room: room.clone(), epoch: None, why, owner: None }
}

/// The cursor of one who has read nothing of this epoch.
#[must_use]
pub fn beginning(epoch: Epoch) -> Cursor {
    Cursor { epoch, n: 0, at: None }
}
