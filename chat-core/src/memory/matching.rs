//! [`MatchStore`] in memory: the rules of [`crate::matching`] under the lock of a pool, and what follows from them.

use std::sync::Arc;

use async_trait::async_trait;

use super::MemoryStore;
use super::nodes::Life;
use super::pair::{PairOpened, Side};
use super::pools::Pool;
use crate::entry::SharedEntry;
use crate::error::{Bound, StoreError};
use crate::id::{MatchId, PoolName, SessionKey, UserId, Writer};
use crate::matching::{Confirming, Judge, Pairing, Step};
use crate::store::{
    Blocked, Confirmed, Departure, Happened, Mail, MatchStore, Next, PairBreak, Reaped, Request,
    StoreResult, Submitted, Withdrawn,
};
use crate::time::Timestamp;

#[async_trait]
impl MatchStore for MemoryStore {
    async fn submit(&self, by: Writer, request: Request) -> StoreResult<Submitted> {
        let lives = self.lives(by, request.session)?;
        let name = request.pool.clone();
        self.pools.with_or_new(&name, &self.deadlines, |pool| {
            check(&lives)?;
            self.submit_in(pool, request)
        })?
    }

    async fn confirm(
        &self,
        by: Writer,
        pool: &PoolName,
        which: MatchId,
        session: SessionKey,
    ) -> StoreResult<Confirmed> {
        let lives = self.lives(by, session)?;
        let confirmed = self.pools.with(pool, &self.deadlines, |pool| {
            check(&lives)?;
            match pool.rules.confirm(which, session) {
                Confirming::Gone => Ok(Confirmed::Gone),
                Confirming::Half => Ok(Confirmed::Half),
                Confirming::Ready(pairing) => self.bring_together(pool, which, pairing),
            }
        });
        confirmed.unwrap_or(Ok(Confirmed::Gone))
    }

    async fn withdraw(
        &self,
        by: Writer,
        pool: &PoolName,
        user: &UserId,
        session: SessionKey,
    ) -> StoreResult<Withdrawn> {
        let life = self.nodes.living(by)?;
        let withdrawn = self.pools.with(pool, &self.deadlines, |pool| {
            life.check()?;
            Ok(self.tell(pool.rules.withdraw(user, session, self.clock.now())))
        });
        withdrawn.unwrap_or(Ok(Withdrawn::NotWaiting))
    }

    async fn lose_place(
        &self,
        by: Writer,
        session: SessionKey,
        user: &UserId,
        pools: &[PoolName],
    ) -> StoreResult<()> {
        let life = self.nodes.living(by)?;
        for pool in pools {
            let lost = self.pools.with(pool, &self.deadlines, |pool| {
                life.check()?;
                self.tell(pool.rules.lose_place(user, session, self.clock.now()));
                Ok(())
            });
            lost.unwrap_or(Ok(()))?;
        }
        Ok(())
    }

    async fn next(&self, by: Writer, leave: PairBreak, request: Request) -> StoreResult<Next> {
        let lives = self.lives(by, request.session)?;
        if leave.room.pool().as_ref() != Some(&request.pool) {
            return Ok(Next::Missing);
        }
        let name = request.pool.clone();
        self.pools.with_or_new(&name, &self.deadlines, |pool| {
            check(&lives)?;
            if pool.rules.is_full() && !pool.rules.is_waiting(&request.user) {
                // Before anything is left: who is refused stays where they are.
                let max = self.options.matching.waiting;
                return Err(StoreError::TooMany { bound: Bound::Waiting, max });
            }
            let wrote = match self.part(pool, &lives[0], &leave)? {
                Parted::Out { wrote, .. } => wrote,
                Parted::NotMember => return Ok(Next::NotMember),
                Parted::Missing => return Ok(Next::Missing),
            };
            Ok(match self.submit_in(pool, request)? {
                Submitted::Waiting => Next::Waiting { wrote },
                Submitted::Engaged { room } => Next::Engaged { room },
            })
        })?
    }

    async fn block(&self, by: Writer, leave: PairBreak) -> StoreResult<Blocked> {
        let life = self.nodes.living(by)?;
        let Some(name) = leave.room.pool() else { return Ok(Blocked::Missing) };
        self.pools.with_or_new(&name, &self.deadlines, |pool| {
            life.check()?;
            Ok(match self.part(pool, &life, &leave)? {
                Parted::Out { wrote, other } => {
                    self.tell(pool.rules.block(&leave.user, &other, self.clock.now()));
                    Blocked::Blocked { wrote }
                }
                Parted::NotMember => Blocked::NotMember,
                Parted::Missing => Blocked::Missing,
            })
        })?
    }

    async fn waiting(&self, user: &UserId) -> StoreResult<Vec<PoolName>> {
        let waits = |name: &PoolName| {
            let waits = |pool: &mut Pool| pool.rules.is_waiting(user);
            self.pools.with(name, &self.deadlines, waits).unwrap_or(false)
        };
        let mut names = self.pools.names();
        names.retain(waits);
        Ok(names)
    }

    async fn mail(&self, by: Writer) -> StoreResult<Vec<Mail>> {
        Ok(self.nodes.living(by)?.take_mail())
    }
}

/// What became of one who leaves a pair room.
enum Parted {
    /// Out, or the room had closed before, and then nothing was written.
    Out {
        wrote: Vec<SharedEntry>,
        other: UserId,
    },
    NotMember,
    Missing,
}

/// Does what is due in a pool. `amnesty`: until then no waiting place and no proposed match is judged.
pub(super) fn reap_pool(
    store: &MemoryStore,
    life: &Life,
    name: &PoolName,
    amnesty: Option<Timestamp>,
) -> StoreResult<Reaped> {
    let reaped = store.pools.with(name, &store.deadlines, |pool| {
        life.check()?;
        let judge = amnesty.map_or(Judge::Now, |until| Judge::PutOff { until });
        let done = store.tell(pool.rules.due(store.clock.now(), judge));
        pool.rearm(&store.deadlines);
        let lapsed = (0..done.lapsed).map(|_| Happened::Lapsed { pool: name.clone() });
        Ok(Reaped { happened: lapsed.collect(), wrote: Vec::new(), more: done.more })
    });
    reaped.unwrap_or_else(|| Ok(Reaped::default()))
}

/// Takes out what a life that is over has waiting or proposed, in any pool, at most a batch of it; whether there is
/// more.
pub(super) fn node_over(store: &MemoryStore, writer: Writer) -> bool {
    let mut left = store.options.reap_batch.max(1);
    for name in store.pools.names() {
        let more = store.pools.with(&name, &store.deadlines, |pool| {
            let before = pool.rules.waiting();
            let more = store.tell(pool.rules.drop_writer(writer, left, store.clock.now()));
            left = left.saturating_sub(before - pool.rules.waiting());
            more
        });
        if more == Some(true) {
            return true;
        }
    }
    false
}

/// Refuses where one of them is over. Again with the pool locked: whoever takes out what a life has waiting finds
/// nothing behind itself.
fn check(lives: &[Arc<Life>; 2]) -> StoreResult<()> {
    lives.iter().try_for_each(|life| life.check())
}

impl MemoryStore {
    /// The life of who writes, and that of the session: nobody waits for a node that is over.
    fn lives(&self, by: Writer, session: SessionKey) -> StoreResult<[Arc<Life>; 2]> {
        Ok([self.nodes.living(by)?, self.nodes.living(session.writer)?])
    }

    /// Delivers what a step of a pool has to tell.
    fn tell<T>(&self, step: Step<T>) -> T {
        for mail in step.mail {
            if let Mail::Proposed { session, .. }
            | Mail::Matched { session, .. }
            | Mail::Unmatched { session, .. } = &mail
            {
                self.nodes.post(session.writer, mail);
            }
        }
        step.outcome
    }

    fn submit_in(&self, pool: &mut Pool, request: Request) -> StoreResult<Submitted> {
        pool.rules.submit(request, self.clock.now()).map(|step| self.tell(step))
    }

    /// Opens the room of two who have both confirmed; or gives up a side whose node is over.
    fn bring_together(
        &self,
        pool: &mut Pool,
        which: MatchId,
        pairing: Pairing,
    ) -> StoreResult<Confirmed> {
        let Pairing { room, sides, policy } = pairing;
        let sides = sides.map(|(user, session)| Side { user, session });
        match self.open_pair(pool, &room, &policy, &sides)? {
            PairOpened::Opened { wrote, users } => {
                self.tell(pool.rules.opened(which));
                Ok(Confirmed::Opened { room, wrote, users })
            }
            PairOpened::Over(over) => {
                for (side, _) in sides.iter().zip(over).filter(|(_, over)| *over) {
                    let now = self.clock.now();
                    self.tell(pool.rules.expel(&side.user, side.session, now));
                }
                Ok(Confirmed::Gone)
            }
        }
    }

    /// Takes a user out of a pair room of this pool, which closes it, if it has not closed before.
    fn part(&self, pool: &mut Pool, by: &Life, leave: &PairBreak) -> StoreResult<Parted> {
        let Some(known) = self.pair_room(&leave.room) else { return Ok(Parted::Missing) };
        let [(one, _), (two, _)] = known.users;
        let other = if one == leave.user {
            two
        } else if two == leave.user {
            one
        } else {
            return Ok(Parted::NotMember);
        };
        Ok(match self.leave_pair(pool, by, leave)? {
            Departure::Out { wrote } => Parted::Out { wrote, other },
            Departure::Closed { .. } => Parted::Out { wrote: Vec::new(), other },
            Departure::NotMember => Parted::NotMember,
            Departure::Missing => Parted::Missing,
        })
    }
}
