//! A room's id in the form in which ordered sets hold it: its first 16 bytes as numbers in front.
//!
//! Comparing two ids then hardly ever follows a pointer. In a set of a million rooms that is the difference
//! between twenty comparisons and twenty cache misses.

use std::cmp::Ordering;

use crate::id::RoomId;

/// A room's id, ordered as the id is.
#[derive(Debug, Clone)]
pub(super) struct Sorted {
    /// The first 16 bytes, filled up with zeros, which no id contains.
    prefix: [u64; 2],
    id: RoomId,
}

impl Sorted {
    pub(super) fn new(id: &RoomId) -> Self {
        let bytes = id.as_str().as_bytes();
        let word = |from: usize| {
            let mut word = [0u8; 8];
            let part = bytes.get(from..).unwrap_or_default();
            let len = part.len().min(8);
            word[..len].copy_from_slice(&part[..len]);
            u64::from_be_bytes(word)
        };
        Self { prefix: [word(0), word(8)], id: id.clone() }
    }

    pub(super) fn id(&self) -> &RoomId {
        &self.id
    }
}

impl Ord for Sorted {
    fn cmp(&self, other: &Self) -> Ordering {
        self.prefix.cmp(&other.prefix).then_with(|| {
            // What is shorter than the prefix is equal if the prefix is.
            if self.prefix[1] & 0xff == 0 { Ordering::Equal } else { self.id.cmp(&other.id) }
        })
    }
}

impl PartialOrd for Sorted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sorted {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sorted {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_order_of_the_ids() {
        let texts = [
            "a",
            "b",
            "aa",
            "ab",
            "a.b",
            "12345678",
            "123456789",
            "1234567",
            "1234567890123456",
            "12345678901234567",
            "12345678901234568",
            "123456789012345",
            "pool~abc",
            "pool-abc",
            "Z",
        ];
        for one in texts {
            for two in texts {
                let (one, two) = (RoomId::new(one).unwrap(), RoomId::new(two).unwrap());
                assert_eq!(Sorted::new(&one).cmp(&Sorted::new(&two)), one.cmp(&two), "{one} {two}");
            }
        }
    }
}
