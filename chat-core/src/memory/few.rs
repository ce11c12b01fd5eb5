//! An ordered map that is small while it holds little: most rooms hold two or three users, and a node of a tree is made
//! for eleven. Beyond a few entries it is a tree, and stays one.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::mem;
use std::ops::Bound;

/// So many are kept in a row.
const FEW: usize = 12;

#[derive(Debug)]
pub(super) enum Few<K, V> {
    /// Ascending.
    Row(Vec<(K, V)>),
    Tree(BTreeMap<K, V>),
}

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self::Row(Vec::new())
    }
}

impl<K: Ord, V> Few<K, V> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Row(row) => row.len(),
            Self::Tree(tree) => tree.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::Row(row) => place(row, key).ok().map(|place| &row[place].1),
            Self::Tree(tree) => tree.get(key),
        }
    }

    pub(super) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::Row(row) => place(row, key).ok().map(|place| &mut row[place].1),
            Self::Tree(tree) => tree.get_mut(key),
        }
    }

    /// Puts a value in, in place of the one that is there.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self {
            Self::Tree(tree) => tree.insert(key, value),
            Self::Row(row) => match place(row, &key) {
                Ok(place) => Some(mem::replace(&mut row[place].1, value)),
                Err(place) if row.len() < FEW => {
                    if row.len() == row.capacity() {
                        row.reserve_exact(row.len().clamp(1, 4));
                    }
                    row.insert(place, (key, value));
                    None
                }
                Err(_) => {
                    let mut tree: BTreeMap<K, V> = mem::take(row).into_iter().collect();
                    tree.insert(key, value);
                    *self = Self::Tree(tree);
                    None
                }
            },
        }
    }

    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::Row(row) => {
                let (_, value) = row.remove(place(row, key).ok()?);
                if row.is_empty() {
                    *row = Vec::new();
                }
                Some(value)
            }
            Self::Tree(tree) => tree.remove(key),
        }
    }

    /// Entries from a key on, ascending.
    pub(super) fn from<'a, Q: Ord + ?Sized>(
        &'a self,
        from: Bound<&Q>,
    ) -> impl Iterator<Item = (&'a K, &'a V)> + use<'a, K, V, Q>
    where
        K: Borrow<Q>,
    {
        let (row, tree) = match self {
            Self::Row(row) => {
                let start = match from {
                    Bound::Unbounded => 0,
                    Bound::Included(key) => row.partition_point(|(one, _)| one.borrow() < key),
                    Bound::Excluded(key) => row.partition_point(|(one, _)| one.borrow() <= key),
                };
                (Some(row[start..].iter().map(|(key, value)| (key, value))), None)
            }
            Self::Tree(tree) => (None, Some(tree.range((from, Bound::Unbounded)))),
        };
        row.into_iter().flatten().chain(tree.into_iter().flatten())
    }

    /// All keys, ascending.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.from(Bound::Unbounded::<&K>).map(|(key, _)| key)
    }
}

fn place<K: Borrow<Q>, V, Q: Ord + ?Sized>(row: &[(K, V)], key: &Q) -> Result<usize, usize> {
    row.binary_search_by(|(one, _)| one.borrow().cmp(key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(steps in proptest::collection::vec((0u8..4, 0u8..40), 0..200)) {
            let (mut few, mut map) = (Few::default(), BTreeMap::new());
            for (n, (kind, key)) in steps.into_iter().enumerate() {
                match kind {
                    0 | 1 => assert_eq!(few.insert(key, n), map.insert(key, n)),
                    2 => assert_eq!(few.remove(&key), map.remove(&key)),
                    _ => assert_eq!(few.get_mut(&key), map.get_mut(&key)),
                }
                assert_eq!(few.get(&key), map.get(&key));
                assert_eq!((few.len(), few.is_empty()), (map.len(), map.is_empty()));
                assert!(few.keys().eq(map.keys()));
                for from in [Bound::Included(&key), Bound::Excluded(&key), Bound::Unbounded] {
                    assert!(few.from(from).eq(map.range((from, Bound::Unbounded))));
                }
            }
        }
    }
}
