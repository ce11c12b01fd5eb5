//! Who seeks and who has met whom: nothing but that what a server says of matches can be true.
//!
//! Whoever is told of a match has to have sought, each match has to have two, and both have to be told of the same room.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use super::fault::Fault;

/// All of those who are matched, by their places.
#[derive(Debug)]
pub(super) struct Met {
    /// Since when each of them seeks; nothing for who has been matched.
    seeking: Vec<Option<Seek>>,
    /// Rooms of which one was told so far.
    half: HashMap<Rc<str>, usize>,
    /// Rooms of which both were told, those who have waited longest first.
    together: VecDeque<Pair>,
}

/// Two who were told of the same room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) room: Rc<str>,
    pub(super) links: [usize; 2],
}

/// A search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seek {
    pub(super) since: Duration,
    /// Whether it is measured.
    pub(super) counts: bool,
}

/// What it means that one was told of a match.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// What it had sought by.
    pub(super) seek: Seek,
    /// Whether its partner was told before, so that the match is whole now.
    pub(super) both: bool,
}

impl Met {
    /// So many, of whom nobody seeks and nobody has met.
    pub(super) fn new(links: usize) -> Self {
        Self { seeking: vec![None; links], half: HashMap::new(), together: VecDeque::new() }
    }

    /// One seeks from now on.
    pub(super) fn seeks(&mut self, link: usize, seek: Seek) {
        if let Some(place) = self.seeking.get_mut(link) {
            *place = Some(seek);
        }
    }

    /// One was told of a match in this room.
    pub(super) fn told(&mut self, link: usize, room: &str) -> Result<Told, Fault> {
        let spoiled = |what| Fault::Spoiled { link, what };
        let seek = self.seeking.get_mut(link).and_then(Option::take);
        let seek = seek.ok_or(spoiled("was matched, and had not sought"))?;
        let Some(other) = self.half.remove(room) else {
            if self.together.iter().any(|pair| &*pair.room == room) {
                return Err(spoiled("was matched with two who had met"));
            }
            self.half.insert(room.into(), link);
            return Ok(Told { seek, both: false });
        };
        if other == link {
            return Err(spoiled("was matched with itself"));
        }
        self.together.push_back(Pair { room: room.into(), links: [other, link] });
        Ok(Told { seek, both: true })
    }

    /// So many have met and are together.
    pub(super) fn pairs(&self) -> usize {
        self.together.len()
    }

    /// Two who part: those who have been together longest.
    pub(super) fn part(&mut self) -> Option<Pair> {
        self.together.pop_front()
    }

    /// Whether everybody is together with one other.
    pub(super) fn all(&self) -> bool {
        self.half.is_empty() && self.together.len() * 2 == self.seeking.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEK: Seek = Seek { since: Duration::ZERO, counts: true };

    fn met(links: usize) -> Met {
        let mut met = Met::new(links);
        (0..links).for_each(|link| met.seeks(link, SEEK));
        met
    }

    #[test]
    fn two_who_are_told_of_one_room_have_met() {
        let mut met = met(4);
        assert_eq!(met.told(0, "a").unwrap(), Told { seek: SEEK, both: false });
        met.told(1, "b").unwrap();
        assert!(!met.all() && met.pairs() == 0);
        assert!(met.told(3, "b").unwrap().both && met.told(2, "a").unwrap().both);
        assert!(met.all());
        assert_eq!(met.part(), Some(Pair { room: "b".into(), links: [1, 3] }));
        assert!(!met.all());
    }

    #[test]
    fn what_cannot_be_is_void() {
        let void = |told: Result<Told, Fault>, with: &str| {
            assert!(matches!(told, Err(Fault::Spoiled { what, .. }) if what.contains(with)));
        };
        let mut two = met(2);
        two.told(0, "a").unwrap();
        void(two.told(0, "a"), "had not sought");
        two.seeks(0, SEEK);
        void(two.told(0, "a"), "itself");

        let mut three = met(3);
        three.told(0, "a").unwrap();
        three.told(1, "a").unwrap();
        void(three.told(2, "a"), "who had met");
    }
}
