//! In which rooms each user is: an index over all rosters, changed in the step that changes the roster.

use std::mem;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use crate::id::{RoomId, UserId};

#[derive(Debug, Default)]
pub(super) struct Users {
    rooms: DashMap<UserId, Rooms>,
}

/// The rooms of one user, ascending: nearly always one.
#[derive(Debug)]
enum Rooms {
    One(RoomId),
    Many(Vec<RoomId>),
}

impl Users {
    /// The user is in this room.
    pub(super) fn add(&self, user: &UserId, room: &RoomId) {
        match self.rooms.entry(user.clone()) {
            Entry::Occupied(mut rooms) => rooms.get_mut().add(room),
            Entry::Vacant(place) => {
                place.insert(Rooms::One(room.clone()));
            }
        }
    }

    /// The user is no longer in this room.
    pub(super) fn remove(&self, user: &UserId, room: &RoomId) {
        if let Entry::Occupied(mut rooms) = self.rooms.entry(user.clone())
            && rooms.get_mut().remove(room)
        {
            rooms.remove();
        }
    }

    /// The rooms of a user, ascending, at most `limit`.
    pub(super) fn rooms_of(&self, user: &UserId, limit: u32) -> Vec<RoomId> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let all = |rooms: &Rooms| match rooms {
            Rooms::One(room) => std::slice::from_ref(room).iter().take(limit).cloned().collect(),
            Rooms::Many(rooms) => rooms.iter().take(limit).cloned().collect(),
        };
        self.rooms.get(user).map(|rooms| all(&rooms)).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.rooms.len()
    }
}

impl Rooms {
    fn add(&mut self, room: &RoomId) {
        match self {
            Self::One(one) if one == room => {}
            Self::One(one) => {
                let mut both = vec![one.clone(), room.clone()];
                both.sort_unstable();
                *self = Self::Many(both);
            }
            Self::Many(all) => {
                if let Err(place) = all.binary_search(room) {
                    all.insert(place, room.clone());
                }
            }
        }
    }

    /// Whether none is left.
    fn remove(&mut self, room: &RoomId) -> bool {
        match self {
            Self::One(one) => return one == room,
            Self::Many(all) => {
                if let Ok(place) = all.binary_search(room) {
                    all.remove(place);
                }
                if all.len() == 1 {
                    let last = mem::take(all).swap_remove(0);
                    *self = Self::One(last);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_listed_ascending_and_each_once() {
        let (users, kim) = (Users::default(), UserId::new("kim").unwrap());
        let room = |id| RoomId::new(id).unwrap();
        for id in ["c", "a", "b", "a", "c"] {
            users.add(&kim, &room(id));
        }
        assert_eq!(users.rooms_of(&kim, 9), [room("a"), room("b"), room("c")]);
        assert_eq!(users.rooms_of(&kim, 1), [room("a")]);
        for id in ["b", "x", "a"] {
            users.remove(&kim, &room(id));
        }
        assert_eq!(users.rooms_of(&kim, 9), [room("c")]);
        users.remove(&kim, &room("x"));
        users.remove(&kim, &room("c"));
        assert!(users.rooms_of(&kim, 9).is_empty());
        assert_eq!(users.len(), 0);
    }
}
