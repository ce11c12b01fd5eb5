//! Who is in which room, and who waits for a partner.

use std::collections::HashMap;

/// Rooms, each a list of places. A room stays when it is empty: this is no server to be kept running.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    by_name: HashMap<Box<str>, usize>,
    rooms: Vec<Room>,
    waiting: Option<usize>,
    pairs: u64,
}

#[derive(Debug, Default)]
struct Room {
    members: Vec<usize>,
    n: u64,
}

impl Rooms {
    /// The room of this name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Puts somebody in, into a new room if there is none.
    pub(super) fn enter(&mut self, name: &str, who: usize) -> usize {
        let index = self.find(name).unwrap_or_else(|| {
            self.rooms.push(Room::default());
            self.by_name.insert(name.into(), self.rooms.len() - 1);
            self.rooms.len() - 1
        });
        let members = &mut self.rooms[index].members;
        if !members.contains(&who) {
            members.push(who);
        }
        index
    }

    /// Takes somebody out.
    pub(super) fn leave(&mut self, room: usize, who: usize) {
        self.rooms[room].members.retain(|&member| member != who);
    }

    /// Those in a room.
    pub(super) fn members(&self, room: usize) -> &[usize] {
        &self.rooms[room].members
    }

    /// The newest number.
    pub(super) fn head(&self, room: usize) -> u64 {
        self.rooms[room].n
    }

    /// Another number.
    pub(super) fn next(&mut self, room: usize) -> u64 {
        self.rooms[room].n += 1;
        self.rooms[room].n
    }

    /// A room for this one and the one who waits, or it waits itself.
    pub(super) fn pair(&mut self, who: usize) -> Option<(String, [usize; 2])> {
        let Some(other) = self.waiting.take().filter(|&other| other != who) else {
            self.waiting = Some(who);
            return None;
        };
        self.pairs += 1;
        Some((format!("random~{:022}", self.pairs), [other, who]))
    }

    /// One is gone.
    pub(super) fn no_longer_waits(&mut self, who: usize) {
        self.waiting = self.waiting.filter(|&waiting| waiting != who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_paired_with_themselves_or_with_one_who_is_gone() {
        let mut rooms = Rooms::default();
        assert!(rooms.pair(1).is_none() && rooms.pair(1).is_none());
        rooms.no_longer_waits(1);
        assert!(rooms.pair(2).is_none());
        let (name, pair) = rooms.pair(3).unwrap();
        assert_eq!(pair, [2, 3]);
        assert!(rooms.pair(4).is_none());
        assert_ne!(rooms.pair(5).unwrap().0, name);
    }

    #[test]
    fn a_room_has_each_once_and_numbers_of_its_own() {
        let mut rooms = Rooms::default();
        let room = rooms.enter("a", 1);
        assert_eq!((rooms.enter("a", 1), rooms.enter("a", 2)), (room, room));
        let other = rooms.enter("b", 1);
        assert_eq!((rooms.next(room), rooms.next(room), rooms.next(other)), (1, 2, 1));
        rooms.leave(room, 1);
        assert_eq!((rooms.members(room), rooms.head(room)), (&[2][..], 2));
    }
}
