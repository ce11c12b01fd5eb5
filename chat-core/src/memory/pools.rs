//! Matching pools by name: the outermost lock.
//!
//! A pool and its pair rooms change in one step. So whoever may close a pair room takes the lock of its pool first, and
//! the pool's knowledge of who is in which pair room is released in the step that closes the room. As with rooms, a
//! pool is handed to a closure, and no guard leaves this file.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::deadlines::{Deadlines, Timer};
use crate::error::{Bound, StoreError};
use crate::id::{PoolName, RoomId, UserId};
use crate::store::StoreResult;

/// One pool. Who waits in it is added to this by matching.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) name: PoolName,
    pub(super) timer: Timer,
    /// In which pair room each user is.
    engaged: HashMap<UserId, RoomId>,
    /// Whether this pool was taken from the map.
    gone: bool,
}

impl Pool {
    /// The pair room of a user.
    pub(super) fn engaged(&self, user: &UserId) -> Option<&RoomId> {
        self.engaged.get(user)
    }

    /// The user is in this pair room.
    pub(super) fn engage(&mut self, user: &UserId, room: &RoomId) {
        self.engaged.insert(user.clone(), room.clone());
    }

    /// This pair room has closed; where the user is in another one since, that stays.
    pub(super) fn release(&mut self, user: &UserId, room: &RoomId) {
        if self.engaged.get(user) == Some(room) {
            self.engaged.remove(user);
        }
    }

    /// Whether nothing would be lost if it went: a pool is taken out only where another one needs the place.
    fn is_unused(&self) -> bool {
        self.engaged.is_empty() && !self.timer.is_set()
    }
}

#[derive(Debug)]
pub(super) struct Pools {
    pools: Mutex<HashMap<PoolName, Arc<Mutex<Pool>>>>,
    max: usize,
}

impl Pools {
    pub(super) fn new(max: usize) -> Self {
        Self { pools: Mutex::default(), max }
    }

    /// Runs a step on a pool; `None` where there is none of this name.
    pub(super) fn with<R>(&self, name: &PoolName, step: impl FnOnce(&mut Pool) -> R) -> Option<R> {
        let found = self.pools.lock().get(name).map(Arc::clone)?;
        let mut pool = found.lock();
        (!pool.gone).then(|| step(&mut pool))
    }

    /// Runs a step on a pool, which is made if there is none of this name.
    ///
    /// # Errors
    /// Where there are too many, all of them in use.
    pub(super) fn with_or_new<R>(
        &self,
        name: &PoolName,
        deadlines: &Deadlines,
        step: impl FnOnce(&mut Pool) -> R,
    ) -> StoreResult<R> {
        loop {
            let found = self.find_or_make(name, deadlines)?;
            let mut pool = found.lock();
            if !pool.gone {
                return Ok(step(&mut pool));
            }
        }
    }

    /// Runs a step with the pool of a room, where it is a pair room whose pool is there. Whoever may close the room
    /// does it in here.
    pub(super) fn with_pool_of<R>(
        &self,
        room: &RoomId,
        step: impl FnOnce(Option<&mut Pool>) -> R,
    ) -> R {
        let Some(name) = room.pool() else { return step(None) };
        loop {
            let found = self.pools.lock().get(&name).map(Arc::clone);
            let Some(found) = found else { return step(None) };
            let mut pool = found.lock();
            if !pool.gone {
                return step(Some(&mut pool));
            }
        }
    }

    /// All names, ascending.
    pub(super) fn names(&self) -> Vec<PoolName> {
        let mut names: Vec<_> = self.pools.lock().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    fn find_or_make(
        &self,
        name: &PoolName,
        deadlines: &Deadlines,
    ) -> StoreResult<Arc<Mutex<Pool>>> {
        let mut pools = self.pools.lock();
        if let Some(pool) = pools.get(name) {
            return Ok(Arc::clone(pool));
        }
        if pools.len() >= self.max {
            // The map's lock is inside the pools': one that is locked is in use, and is not waited for.
            pools.retain(|_, pool| match pool.try_lock() {
                Some(mut pool) => {
                    pool.gone = pool.is_unused();
                    !pool.gone
                }
                None => true,
            });
        }
        if pools.len() >= self.max {
            return Err(StoreError::TooMany { bound: Bound::Pools, max: self.max });
        }
        let pool = Pool {
            name: name.clone(),
            timer: deadlines.timer(),
            engaged: HashMap::new(),
            gone: false,
        };
        let pool = Arc::new(Mutex::new(pool));
        pools.insert(name.clone(), Arc::clone(&pool));
        Ok(pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> PoolName {
        PoolName::new(name).unwrap()
    }

    #[test]
    fn one_that_is_in_use_keeps_its_place() {
        let (pools, deadlines) = (Pools::new(2), Deadlines::default());
        let (kim, room) = (UserId::new("kim").unwrap(), RoomId::random_pair(&name("a")));
        pools.with_or_new(&name("a"), &deadlines, |pool| pool.engage(&kim, &room)).unwrap();
        for other in ["b", "c", "d"] {
            pools.with_or_new(&name(other), &deadlines, |_| ()).unwrap();
        }
        assert_eq!(pools.names(), [name("a"), name("d")]);
        pools.with(&name("d"), |pool| pool.engage(&kim, &room)).unwrap();
        let refused = pools.with_or_new(&name("e"), &deadlines, |_| ());
        assert!(matches!(refused, Err(StoreError::TooMany { bound: Bound::Pools, max: 2 })));
    }

    #[test]
    fn a_later_room_is_not_released_by_an_earlier_ones_end() {
        let (pools, deadlines) = (Pools::new(2), Deadlines::default());
        let kim = UserId::new("kim").unwrap();
        let (one, two) = (RoomId::random_pair(&name("a")), RoomId::random_pair(&name("a")));
        pools
            .with_or_new(&name("a"), &deadlines, |pool| {
                pool.engage(&kim, &one);
                pool.engage(&kim, &two);
                pool.release(&kim, &one);
                assert_eq!(pool.engaged(&kim), Some(&two));
                pool.release(&kim, &two);
                assert_eq!(pool.engaged(&kim), None);
            })
            .unwrap();
    }
}
