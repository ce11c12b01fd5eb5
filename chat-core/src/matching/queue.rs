//! The queues: one by tag, and the general one.
//!
//! Those who stand in one queue are apart from one another (blocked, or last partners), or they would be matched.
//! So almost every queue holds one ticket, and that costs no allocation.

use std::collections::{BTreeSet, btree_set};
use std::ops::Bound;

use super::keyed::{Keyed, Map};
use super::slab::Slab;
use super::ticket::{Place, Slot};
use crate::text::Tag;

/// Tickets in order of their places.
#[derive(Debug, Default)]
pub(super) enum Queue {
    #[default]
    Empty,
    One(Place),
    Many(BTreeSet<Place>),
}

impl Queue {
    pub(super) fn insert(&mut self, place: Place) {
        match self {
            Self::Empty => *self = Self::One(place),
            Self::One(there) if *there == place => {}
            Self::One(there) => *self = Self::Many(BTreeSet::from([*there, place])),
            Self::Many(places) => {
                places.insert(place);
            }
        }
    }

    pub(super) fn remove(&mut self, place: Place) {
        match self {
            Self::Empty => {}
            Self::One(there) if *there == place => *self = Self::Empty,
            Self::One(_) => {}
            Self::Many(places) => {
                places.remove(&place);
                if let (1, Some(last)) = (places.len(), places.first()) {
                    *self = Self::One(*last);
                }
            }
        }
    }

    /// Whether nobody but this one stands in it.
    pub(super) fn is_only(&self, slot: Slot) -> bool {
        match self {
            Self::Empty => true,
            Self::One(place) => place.slot == slot,
            Self::Many(_) => false,
        }
    }

    /// Places in order, those behind `after`.
    pub(super) fn behind(&self, after: Option<Place>) -> Places<'_> {
        match self {
            Self::Empty => Places::Few(None),
            Self::One(place) => Places::Few(Some(*place).filter(|p| Some(*p) > after)),
            Self::Many(places) => {
                let from = after.map_or(Bound::Unbounded, Bound::Excluded);
                Places::Many(places.range((from, Bound::Unbounded)))
            }
        }
    }
}

#[derive(Debug)]
pub(super) enum Places<'a> {
    Few(Option<Place>),
    Many(btree_set::Range<'a, Place>),
}

impl Iterator for Places<'_> {
    type Item = Place;
    fn next(&mut self) -> Option<Place> {
        match self {
            Self::Few(place) => place.take(),
            Self::Many(places) => places.next().copied(),
        }
    }
}

/// Several queues as one, in order, each ticket once.
#[derive(Debug)]
pub(super) struct Merged<'a>(Vec<(Place, Places<'a>)>);

impl<'a> Merged<'a> {
    pub(super) fn of(queues: impl Iterator<Item = Places<'a>>) -> Self {
        Self(queues.filter_map(|mut rest| Some((rest.next()?, rest))).collect())
    }
}

impl Iterator for Merged<'_> {
    type Item = Place;
    fn next(&mut self) -> Option<Place> {
        let first = self.0.iter().map(|(place, _)| *place).min()?;
        self.0.retain_mut(|(place, rest)| {
            if *place != first {
                return true;
            }
            rest.next().is_some_and(|next| {
                *place = next;
                true
            })
        });
        Some(first)
    }
}

/// Tags that some ticket has, by number, each with its queue.
#[derive(Debug, Default)]
pub(super) struct Tags {
    numbers: Map<Tag, u32>,
    kept: Slab<Kept>,
}

#[derive(Debug)]
struct Kept {
    tag: Keyed<Tag>,
    /// Tickets that have it, in the queue or not.
    holders: u32,
    queue: Queue,
}

impl Tags {
    /// The number of a tag, from now on held once more.
    pub(super) fn hold(&mut self, tag: Keyed<Tag>) -> u32 {
        let kept = &mut self.kept;
        let id = *self.numbers.entry(tag).or_insert_with_key(|tag| {
            kept.insert(Kept { tag: tag.clone(), holders: 0, queue: Queue::Empty })
        });
        if let Some(kept) = kept.get_mut(id) {
            kept.holders += 1;
        }
        id
    }

    /// Held once less; nobody is left in its queue when the last holder lets go.
    pub(super) fn let_go(&mut self, id: u32) {
        let Some(kept) = self.kept.get_mut(id) else { return };
        kept.holders -= 1;
        if kept.holders == 0
            && let Some(gone) = self.kept.remove(id)
        {
            self.numbers.remove(&gone.tag);
        }
    }

    pub(super) fn name(&self, id: u32) -> Option<&Tag> {
        self.kept.get(id).map(|kept| &*kept.tag)
    }

    pub(super) fn queue(&self, id: u32) -> Option<&Queue> {
        self.kept.get(id).map(|kept| &kept.queue)
    }

    pub(super) fn queue_mut(&mut self, id: u32) -> Option<&mut Queue> {
        self.kept.get_mut(id).map(|kept| &mut kept.queue)
    }

    #[cfg(test)]
    pub(super) fn holders(&self, id: u32) -> u32 {
        self.kept.get(id).unwrap().holders
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.numbers.len(), self.kept.len());
        self.numbers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::keyed::Hashing;
    use crate::time::Timestamp;

    fn place(entered: u64, arrival: u64) -> Place {
        Place { entered: Timestamp(entered), arrival, slot: arrival as u32 }
    }

    #[test]
    fn a_queue_is_in_order_of_entry_then_arrival() {
        let mut queue = Queue::default();
        let places = [place(5, 9), place(5, 2), place(1, 10), place(7, 1)];
        for at in places.into_iter().chain([place(5, 2)]) {
            queue.insert(at);
        }
        let order = [place(1, 10), place(5, 2), place(5, 9), place(7, 1)];
        assert_eq!(queue.behind(None).collect::<Vec<_>>(), order);
        assert_eq!(queue.behind(Some(order[1])).collect::<Vec<_>>(), order[2..]);
        queue.remove(place(6, 6));
        for at in &order[..3] {
            queue.remove(*at);
        }
        assert!(matches!(queue, Queue::One(at) if at == order[3]));
        assert_eq!(queue.behind(Some(order[3])).next(), None);
        queue.remove(order[3]);
        assert!(matches!(queue, Queue::Empty));
    }

    #[test]
    fn queues_merge_into_one_that_names_each_once() {
        let mut queues = [Queue::default(), Queue::default(), Queue::default()];
        for (i, at) in [(0, 1), (0, 3), (0, 5), (1, 2), (1, 3), (1, 5)] {
            queues[i].insert(place(at, at));
        }
        let merged = Merged::of(queues.iter().map(|q| q.behind(None)));
        assert_eq!(merged.map(|p| p.arrival).collect::<Vec<_>>(), [1, 2, 3, 5]);
    }

    #[test]
    fn a_tag_is_kept_as_long_as_somebody_has_it() {
        let mut tags = Tags::default();
        let hashing = Hashing::default();
        let key = |text| hashing.key(Tag::new(text, 32).unwrap());
        let music = key("music");
        let id = tags.hold(music.clone());
        assert_eq!(tags.hold(music.clone()), id);
        tags.let_go(id);
        assert_eq!((tags.name(id), tags.len()), (Some(&*music), 1));
        tags.let_go(id);
        assert_eq!((tags.name(id), tags.len()), (None, 0));
        assert_eq!(tags.hold(key("film")), id);
    }
}
