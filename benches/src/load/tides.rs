//! Rooms that fill and empty, each at another moment, as a few come and go: a list of them is never at rest.
//!
//! Each room goes through the same circle: those who move about enter it one after the other, and leave it in the same
//! order. So every change gives a room a number of users that tells, on what side of the circle one is, which change it was.

use std::collections::HashMap;
use std::time::Duration;

use super::listed::Row;

/// Rooms, and who moves about in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tides {
    pub(super) rooms: usize,
    pub(super) movers: usize,
}

/// A change: somebody comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) room: usize,
    pub(super) mover: usize,
    pub(super) comes: bool,
    /// How many are in the room then.
    pub(super) live: u32,
}

impl Tides {
    /// How far round the circle a room is in the beginning.
    fn begin(self, room: usize) -> usize {
        room % (2 * self.movers)
    }

    fn at(self, room: usize, place: usize) -> Step {
        let place = place % (2 * self.movers);
        let comes = place < self.movers;
        let (mover, live) = if comes {
            (place, place + 1)
        } else {
            (place - self.movers, 2 * self.movers - 1 - place)
        };
        Step { room, mover, comes, live: u32::try_from(live).unwrap_or(u32::MAX) }
    }

    /// The change of this number: one room after the other.
    pub(super) fn step(self, number: u64) -> Step {
        let number = usize::try_from(number).unwrap_or_default();
        let room = number % self.rooms;
        self.at(room, self.begin(room) + number / self.rooms)
    }

    /// In which rooms somebody is before the first change.
    pub(super) fn before(self, mover: usize) -> Vec<usize> {
        let is_in = |room: &usize| {
            let begin = self.begin(*room);
            mover < begin && begin <= mover + self.movers
        };
        (0..self.rooms).filter(is_in).collect()
    }
}

/// When each change was due, to tell from a row of a list how late it is.
#[derive(Debug)]
pub(super) struct Tidings {
    rooms: HashMap<Box<str>, usize>,
    /// Of each room: how many were in it after a change, and when that was due.
    due: Vec<Vec<(u32, Duration)>>,
    /// Of each who watches, of each room: the first change that it has not been told of.
    untold: Vec<Vec<usize>>,
}

impl Tidings {
    /// Of these rooms, for so many who watch.
    pub(super) fn new(rooms: &[String], watchers: usize) -> Self {
        let names = rooms.iter().enumerate();
        Self {
            rooms: names.map(|(room, name)| (name.as_str().into(), room)).collect(),
            due: vec![Vec::new(); rooms.len()],
            untold: vec![vec![0; rooms.len()]; watchers],
        }
    }

    pub(super) fn due(&mut self, step: Step, due: Duration) {
        if let Some(changes) = self.due.get_mut(step.room) {
            changes.push((step.live, due));
        }
    }

    /// When the change was due that this row tells somebody of; nothing if it tells of none.
    pub(super) fn told(&mut self, watcher: usize, row: &Row) -> Option<Duration> {
        let &room = self.rooms.get(&row.id)?;
        let untold = self.untold.get_mut(watcher)?.get_mut(room)?;
        let changes = self.due.get(room)?.get(*untold..)?;
        let at = changes.iter().position(|&(live, _)| live == row.live)?;
        *untold += at + 1;
        changes.get(at).map(|&(_, due)| due)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nobody_comes_twice_or_leaves_where_they_are_not() {
        for (rooms, movers) in [(5, 3), (30, 8), (1, 1), (7, 2)] {
            let tides = Tides { rooms, movers };
            let mut inside: HashSet<(usize, usize)> = HashSet::new();
            for mover in 0..movers {
                inside.extend(tides.before(mover).into_iter().map(|room| (room, mover)));
            }
            let mut seen = HashSet::new();
            for number in 0..(rooms * movers * 5) as u64 {
                let Step { room, mover, comes, live } = tides.step(number);
                let changed = if comes {
                    inside.insert((room, mover))
                } else {
                    inside.remove(&(room, mover))
                };
                assert!(changed, "{number}: {:?}", tides.step(number));
                let count = inside.iter().filter(|(of, _)| *of == room).count();
                assert_eq!(count, live as usize);
                seen.insert((room, live));
            }
            assert_eq!(seen.len(), rooms * (movers + 1), "from nobody to all of them");
        }
    }

    #[test]
    fn a_row_tells_of_the_change_it_shows_and_of_those_before() {
        let ms = Duration::from_millis;
        let mut tidings = Tidings::new(&["a".to_owned()], 2);
        let row = |live| Row { id: "a".into(), live, visitors: 9 };
        for live in 1..=3_u32 {
            let step = Step { room: 0, mover: 0, comes: true, live };
            tidings.due(step, ms(u64::from(live)));
        }
        assert_eq!(tidings.told(0, &row(2)), Some(ms(2)));
        assert_eq!(tidings.told(0, &row(2)), None, "it has been told of that");
        assert_eq!(tidings.told(0, &row(1)), None, "and of what was before");
        assert_eq!(tidings.told(0, &row(3)), Some(ms(3)));
        assert_eq!(tidings.told(1, &row(1)), Some(ms(1)), "another one has not");
        let other = Row { id: "b".into(), live: 1, visitors: 1 };
        assert_eq!(tidings.told(1, &other), None);
    }
}
