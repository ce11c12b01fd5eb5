//! Matching pools by name: the outermost lock.
//!
//! A pool and its pair rooms change in one step. So whoever may close a pair room takes the lock of its pool first, and
//! the pool's knowledge of who is in which pair room is released in the step that closes the room. As with rooms, a
//! pool is handed to a closure, and no guard leaves this file.
//!
//! A pool is made when somebody wants to wait in it, and goes at the end of the step in which nothing is left in it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::deadlines::{Deadlines, Timer};
use crate::error::{Bound, StoreError};
use crate::id::{PoolName, RoomId};
use crate::limits::MatchRules;
use crate::matching;
use crate::store::{Due, StoreResult};

/// One pool: the rules' own, and its place among what is due.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) rules: matching::Pool,
    name: PoolName,
    timer: Timer,
    /// Whether this pool was taken from the map.
    gone: bool,
}

impl Pool {
    /// Sets the deadline to what it is, when it came due. Every other step only sets it earlier.
    pub(super) fn rearm(&mut self, deadlines: &Deadlines) {
        let (at, name) = (self.rules.next_deadline(), &self.name);
        deadlines.set(&mut self.timer, at, || Due::Pool(name.clone()));
    }

    fn rearm_earlier(&mut self, deadlines: &Deadlines) {
        let (at, name) = (self.rules.next_deadline(), &self.name);
        deadlines.set_earlier(&mut self.timer, at, || Due::Pool(name.clone()));
    }

    fn go(&mut self, deadlines: &Deadlines) {
        self.gone = true;
        deadlines.set(&mut self.timer, None, || Due::Pool(self.name.clone()));
    }
}

#[derive(Debug)]
pub(super) struct Pools {
    pools: Mutex<HashMap<PoolName, Arc<Mutex<Pool>>>>,
    max: usize,
    rules: MatchRules,
}

impl Pools {
    pub(super) fn new(max: usize, rules: MatchRules) -> Self {
        Self { pools: Mutex::default(), max, rules }
    }

    /// Runs a step on a pool; `None` where there is none of this name.
    pub(super) fn with<R>(
        &self,
        name: &PoolName,
        deadlines: &Deadlines,
        step: impl FnOnce(&mut Pool) -> R,
    ) -> Option<R> {
        let found = self.pools.lock().get(name).map(Arc::clone)?;
        let mut pool = found.lock();
        (!pool.gone).then(|| self.run(&mut pool, deadlines, step))
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
                return Ok(self.run(&mut pool, deadlines, step));
            }
        }
    }

    /// Runs a step with the pool of a room, where it is a pair room whose pool is there. Whoever may close the room
    /// does it in here.
    pub(super) fn with_pool_of<R>(
        &self,
        room: &RoomId,
        deadlines: &Deadlines,
        step: impl FnOnce(Option<&mut Pool>) -> R,
    ) -> R {
        let Some(name) = room.pool() else { return step(None) };
        loop {
            let found = self.pools.lock().get(&name).map(Arc::clone);
            let Some(found) = found else { return step(None) };
            let mut pool = found.lock();
            if !pool.gone {
                return self.run(&mut pool, deadlines, |pool| step(Some(pool)));
            }
        }
    }

    /// All names, ascending.
    pub(super) fn names(&self) -> Vec<PoolName> {
        let mut names: Vec<_> = self.pools.lock().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// A step, and what follows from it for the pool itself.
    fn run<R>(
        &self,
        pool: &mut Pool,
        deadlines: &Deadlines,
        step: impl FnOnce(&mut Pool) -> R,
    ) -> R {
        let result = step(pool);
        if pool.rules.is_empty() {
            pool.go(deadlines);
            // Nobody waits for a pool while holding the map.
            self.pools.lock().remove(&pool.name);
        } else {
            pool.rearm_earlier(deadlines);
        }
        result
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
            // One that only remembers last partners is given up early. The map's lock is inside the pools': one that is
            // locked is in use, and is not waited for.
            pools.retain(|_, pool| match pool.try_lock() {
                Some(mut pool) if pool.rules.is_idle() => {
                    pool.go(deadlines);
                    false
                }
                _ => true,
            });
        }
        if pools.len() >= self.max {
            return Err(StoreError::TooMany { bound: Bound::Pools, max: self.max });
        }
        let pool = Pool {
            rules: matching::Pool::new(name.clone(), self.rules.clone()),
            name: name.clone(),
            timer: deadlines.timer(),
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
    use crate::id::{Incarnation, NodeId, SessionId, UserId, Writer};
    use crate::room::RoomPolicy;
    use crate::store::Request;
    use crate::time::Timestamp;

    fn name(name: &str) -> PoolName {
        PoolName::new(name).unwrap()
    }

    fn wait(pool: &mut Pool) {
        let writer = Writer { node: NodeId(1), incarnation: Incarnation(1) };
        let request = Request {
            pool: pool.name.clone(),
            user: UserId::new("kim").unwrap(),
            session: writer.session(SessionId(1)),
            tags: vec![],
            strict: false,
            blocked: vec![],
            policy: RoomPolicy::pair(),
        };
        let _ = pool.rules.submit(request, Timestamp(10)).unwrap();
    }

    #[test]
    fn one_goes_with_the_step_in_which_nothing_is_left() {
        let (pools, deadlines) = (Pools::new(2, MatchRules::default()), Deadlines::default());
        pools.with_or_new(&name("b"), &deadlines, |_| ()).unwrap();
        assert!(pools.names().is_empty());
        pools.with_or_new(&name("a"), &deadlines, wait).unwrap();
        assert_eq!(pools.names(), [name("a")]);
        let due = deadlines.peek(Timestamp(u64::MAX), 9).due;
        assert_eq!(due, [Due::Pool(name("a"))]);
        let kim = UserId::new("kim").unwrap();
        let session = Writer { node: NodeId(1), incarnation: Incarnation(1) }.session(SessionId(1));
        pools
            .with(&name("a"), &deadlines, |pool| {
                let _ = pool.rules.withdraw(&kim, session, Timestamp(11));
            })
            .unwrap();
        assert!(pools.names().is_empty());
        assert!(deadlines.peek(Timestamp(u64::MAX), 9).due.is_empty());
    }

    #[test]
    fn there_are_no_more_than_may_be_and_one_that_is_idle_gives_its_place() {
        let (pools, deadlines) = (Pools::new(2, MatchRules::default()), Deadlines::default());
        pools.with_or_new(&name("a"), &deadlines, wait).unwrap();
        let (kim, lee) = (UserId::new("kim").unwrap(), UserId::new("lee").unwrap());
        let block = |pool: &mut Pool| {
            let _ = pool.rules.block(&kim, &lee, Timestamp(10));
        };
        pools.with_or_new(&name("b"), &deadlines, block).unwrap();
        let refused = pools.with_or_new(&name("c"), &deadlines, wait);
        assert!(matches!(refused, Err(StoreError::TooMany { bound: Bound::Pools, max: 2 })));
        assert_eq!(pools.names(), [name("a"), name("b")]);
    }
}
