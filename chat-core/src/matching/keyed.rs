//! Names that know their hash.
//!
//! A step looks one user up in several maps, and a map that grows hashes all it holds once more, each a name somewhere else
//! in memory: tens of milliseconds at a hundred thousand, in which everybody waits. So a name is hashed once, where
//! it comes in. The hash is keyed (names come from outside, and must not be able to collide on purpose).

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::ops::Deref;

/// A name with its hash, which is that of one [`Hashing`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keyed<T> {
    /// First, so that it is compared first.
    hash: u64,
    name: T,
}

impl<T> Deref for Keyed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.name
    }
}

impl<T> Hash for Keyed<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A map by such names.
pub(super) type Map<K, V> = HashMap<Keyed<K>, V, BuildHasherDefault<AsItIs>>;

/// The secret that makes the hashes of one pool.
#[derive(Debug, Default)]
pub(super) struct Hashing(RandomState);

impl Hashing {
    pub(super) fn key<T: Hash>(&self, name: T) -> Keyed<T> {
        Keyed { hash: self.0.hash_one(&name), name }
    }
}

/// Takes a hash for what it is.
#[derive(Debug, Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// Not used by [`Keyed`].
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}
