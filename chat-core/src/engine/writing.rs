//! As whom a node writes: which of its lives it is in.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::id::{Incarnation, NodeId, Writer};

/// The life that a node is in, if it is in one.
///
/// Asked for by each step and changed once in a life. So it is a number and no lock: even to take a lock for reading is to write
/// to it, and what all threads write to is on its way between them all the time.
#[derive(Debug)]
pub(super) struct Writing {
    node: NodeId,
    /// One more than the incarnation; none is zero.
    next: AtomicU64,
}

impl Writing {
    /// In no life yet.
    pub(super) fn of(node: NodeId) -> Self {
        Self { node, next: AtomicU64::new(0) }
    }

    /// The life it is in.
    pub(super) fn get(&self) -> Option<Writer> {
        let incarnation = self.next.load(Ordering::Acquire).checked_sub(1)?;
        Some(Writer { node: self.node, incarnation: Incarnation(incarnation) })
    }

    /// A life has begun.
    pub(super) fn set(&self, by: Writer) {
        // A store counts lives one by one: none has ever counted so far.
        self.next.store(by.incarnation.0.saturating_add(1), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_life_may_be_number_zero() {
        let node = NodeId(7);
        let writing = Writing::of(node);
        assert_eq!(writing.get(), None);
        for incarnation in [0, 1, 9] {
            let by = Writer { node, incarnation: Incarnation(incarnation) };
            writing.set(by);
            assert_eq!(writing.get(), Some(by));
        }
    }
}
