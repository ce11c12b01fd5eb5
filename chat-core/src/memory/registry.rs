//! Rooms by id. What is found is handed to a closure with the room's lock held; neither the lock nor a guard of the
//! map leaves this file, so none can be held across an `await`, or while another room is looked for.
//!
//! The map's own locks are held for the look-up alone, never while a room's lock is waited for. The other way
//! around is allowed: whoever finds a cell of no further use takes it from the map with the cell locked, and marks it,
//! so that somebody who had found it just before looks again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use parking_lot::Mutex;

use super::record::Room;
use super::subscribers::Subscribers;
use crate::error::{Bound, StoreError};
use crate::id::RoomId;
use crate::store::StoreResult;

/// What there is under one id.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// Nodes that are told. They may subscribe before there is a room, and stay when it is opened again.
    pub(super) subscribers: Subscribers,
    /// The room: open, or closed and remembered.
    pub(super) room: Option<Room>,
    /// Whether this cell was taken from the map.
    gone: bool,
}

#[derive(Debug)]
pub(super) struct Registry {
    cells: DashMap<RoomId, Arc<Mutex<Cell>>>,
    /// Rooms in all cells, those remembered included: what the bound is for. Reserved before a room is
    /// made, so that it holds exactly.
    rooms: AtomicUsize,
    max: usize,
}

impl Registry {
    pub(super) fn new(max: usize) -> Self {
        Self { cells: DashMap::new(), rooms: AtomicUsize::new(0), max }
    }

    /// Runs a step on what there is under an id, if there is anything.
    pub(super) fn with<R>(&self, id: &RoomId, step: impl FnOnce(Option<&mut Cell>) -> R) -> R {
        // The guard of the map ends with this statement.
        let found = self.cells.get(id).map(|cell| Arc::clone(&cell));
        let Some(found) = found else { return step(None) };
        let mut cell = found.lock();
        if cell.gone {
            // Nothing was there when it went; what was opened since may as well come after this step.
            return step(None);
        }
        let result = step(Some(&mut cell));
        self.tidy(id, &mut cell);
        result
    }

    /// Runs a step on what there is under an id, or on a new empty cell.
    pub(super) fn with_or_new<R>(&self, id: &RoomId, step: impl FnOnce(&mut Cell) -> R) -> R {
        loop {
            let known = self.cells.get(id).map(|cell| Arc::clone(&cell));
            let found = known.unwrap_or_else(|| {
                let cell = self.cells.entry(id.clone()).or_default();
                Arc::clone(&cell)
            });
            let mut cell = found.lock();
            if !cell.gone {
                let result = step(&mut cell);
                self.tidy(id, &mut cell);
                return result;
            }
        }
    }

    /// Takes a cell without use from the map. The cell is locked.
    fn tidy(&self, id: &RoomId, cell: &mut Cell) {
        if cell.room.is_none() && cell.subscribers.is_empty() {
            cell.gone = true;
            // Only this cell can be there: another one comes only after this one is gone.
            self.cells.remove(id);
        }
    }

    /// Makes sure that there may be one room more, and counts it.
    pub(super) fn reserve(&self) -> StoreResult<()> {
        let grown = |rooms| (rooms < self.max).then_some(rooms + 1);
        match self.rooms.fetch_update(Ordering::AcqRel, Ordering::Acquire, grown) {
            Ok(_) => Ok(()),
            Err(_) => Err(StoreError::TooMany { bound: Bound::Rooms, max: self.max }),
        }
    }

    /// A room is no more, or was not made after all.
    pub(super) fn release(&self) {
        self.rooms.fetch_sub(1, Ordering::AcqRel);
    }

    /// Rooms, those remembered included.
    pub(super) fn rooms(&self) -> usize {
        self.rooms.load(Ordering::Acquire)
    }

    #[cfg(test)]
    pub(super) fn cells(&self) -> usize {
        self.cells.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_without_use_is_not_kept() {
        let registry = Registry::new(10);
        let id = RoomId::new("r").unwrap();
        assert!(registry.with(&id, |cell| cell.is_none()));
        registry.with_or_new(&id, |_| ());
        assert_eq!(registry.cells(), 0);
    }

    #[test]
    fn nobody_steps_into_a_cell_that_was_taken_away() {
        let (registry, id, inside) =
            (Registry::new(10), RoomId::new("r").unwrap(), AtomicUsize::new(0));
        let step = || {
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two cells of one id");
            std::thread::yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
        };
        std::thread::scope(|scope| {
            for n in 0..4 {
                let (registry, id, step) = (&registry, &id, &step);
                scope.spawn(move || {
                    for round in 0..5_000 {
                        if (n + round) % 2 == 0 {
                            registry.with_or_new(id, |_| step());
                        } else {
                            registry.with(id, |cell| cell.map(|_| step()));
                        }
                    }
                });
            }
        });
        assert_eq!(registry.cells(), 0);
    }

    #[test]
    fn the_bound_holds_exactly() {
        let registry = Registry::new(1);
        assert!(registry.reserve().is_ok());
        let refused = registry.reserve();
        assert!(matches!(refused, Err(StoreError::TooMany { bound: Bound::Rooms, max: 1 })));
        registry.release();
        assert!(registry.reserve().is_ok());
    }
}
