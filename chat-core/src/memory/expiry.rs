//! [`ExpiryStore`] in memory: one shard, its names in one ordered set.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::MemoryStore;
use super::matching;
use super::nodes::{Judged, Life};
use super::pools::Pool;
use super::registry::Cell;
use super::roster::Out;
use super::step::{Rearm, Step};
use crate::id::{Incarnation, NodeId, RoomId, Writer};
use crate::store::{Due, ExpiryStore, Happened, Peeked, Reaped, Sink, StoreResult};
use crate::time::Timestamp;
use crate::why::LeftWhy;

#[async_trait]
impl ExpiryStore for MemoryStore {
    async fn attach(&self, node: NodeId, sink: Arc<dyn Sink>) -> StoreResult<Writer> {
        let now = self.clock.now();
        let (until, mail) = (now.after(self.options.lease), self.options.mail);
        let writer = self.nodes.attach(node, sink, until, mail, now, &self.deadlines);
        if writer.incarnation == Incarnation(1) {
            self.amnesty.begin(now);
        }
        Ok(writer)
    }

    async fn renew(&self, by: Writer, online: u64) -> StoreResult<u64> {
        let life = self.nodes.living(by)?;
        life.renew(self.clock.now().after(self.options.lease), online)?;
        Ok(self.nodes.online())
    }

    async fn detach(&self, by: Writer) -> StoreResult<()> {
        self.nodes.living(by)?.end(self.clock.now(), &self.deadlines);
        Ok(())
    }

    fn lease(&self) -> Duration {
        self.options.lease
    }

    fn shards(&self) -> u16 {
        1
    }

    async fn peek(&self, shard: u16, limit: u32) -> StoreResult<Peeked> {
        let now = self.clock.now();
        self.amnesty.seen(now);
        if shard > 0 {
            return Ok(Peeked { due: Vec::new(), next: None });
        }
        Ok(self.deadlines.peek(now, limit))
    }

    async fn reap(&self, by: Writer, due: &Due) -> StoreResult<Reaped> {
        let life = self.nodes.living(by)?;
        let amnesty = self.amnesty.seen(self.clock.now());
        match due {
            Due::Room(room) => self.reap_room(&life, room, amnesty),
            Due::Node(writer) => self.reap_node(&life, *writer, amnesty),
            Due::Pool(pool) => matching::reap_pool(self, &life, pool, amnesty),
        }
    }
}

impl MemoryStore {
    fn reap_room(
        &self,
        life: &Life,
        id: &RoomId,
        amnesty: Option<Timestamp>,
    ) -> StoreResult<Reaped> {
        self.pools.with_pool_of(id, &self.deadlines, |pool| {
            self.registry.with(id, |cell| {
                life.check()?;
                Ok(match cell {
                    Some(cell) => self.reap_cell(pool, cell, amnesty),
                    None => Reaped::default(),
                })
            })
        })
    }

    fn reap_cell(
        &self,
        pool: Option<&mut Pool>,
        cell: &mut Cell,
        amnesty: Option<Timestamp>,
    ) -> Reaped {
        let Some(mut step) = self.begin(pool, cell) else { return Reaped::default() };
        step.amnesty = amnesty;
        if let Some(closed) = &step.room.closed {
            if closed.at.after(self.options.closed_kept) > step.now {
                step.done(Rearm::Exactly);
                return Reaped::default();
            }
            let room = step.room.fixed.id.clone();
            self.deadlines.set(&mut step.room.timer, None, || Due::Room(room.clone()));
            cell.room = None;
            self.registry.release();
            return Reaped { happened: vec![Happened::Forgotten { room }], ..Reaped::default() };
        }
        let mut reaped = Reaped::default();
        self.reap_open(&mut step, &mut reaped);
        reaped.wrote = step.done(Rearm::Exactly);
        reaped
    }

    /// Does what is due in an open room: visitors pass, users are given up, the room ends.
    fn reap_open(&self, step: &mut Step<'_>, reaped: &mut Reaped) {
        let (room, now) = (step.room.fixed.id.clone(), step.now);
        let visitors = step.visitors_pass();
        if visitors > 0 {
            reaped.happened.push(Happened::Passed { room: room.clone(), visitors });
        }
        if let Some(keys) = &mut step.room.keys {
            keys.turn(now, self.options.keys_kept);
            if keys.is_empty() {
                step.room.keys = None;
            }
        }
        let closes = |step: &Step<'_>| step.room.closes().filter(|(at, _)| *at <= now);
        let mut gone = 0;
        while step.amnesty.is_none() && step.room.closed.is_none() {
            // What is due first happens first: whom the room's end takes along did not leave before.
            let end = closes(step).map_or(Timestamp(u64::MAX), |(at, _)| at);
            let user = match step.room.roster.earliest_grace() {
                Some((at, user)) if *at <= now && *at < end => user.clone(),
                _ => break,
            };
            if gone as usize >= self.options.reap_batch.max(1) {
                reaped.more = true;
                break;
            }
            step.user_out(&user, LeftWhy::Lost);
            gone += 1;
        }
        if gone > 0 {
            reaped.happened.push(Happened::Gone { room: room.clone(), users: gone });
        }
        if !reaped.more
            && let Some((_, why)) = closes(step)
        {
            step.close(why);
        }
        if let Some(why) = step.room.closed_why() {
            reaped.happened.push(Happened::Closed { room, why });
        }
    }

    fn reap_node(
        &self,
        by: &Life,
        writer: Writer,
        amnesty: Option<Timestamp>,
    ) -> StoreResult<Reaped> {
        let mut reaped = Reaped::default();
        let Some(dead) = self.nodes.find(writer) else { return Ok(reaped) };
        match dead.judge(self.clock.now(), amnesty, &self.deadlines) {
            Judged::Holds => return Ok(reaped),
            Judged::Over { first: true } => reaped.happened.push(Happened::Dead { writer }),
            Judged::Over { first: false } => {}
        }
        let mut left = self.options.reap_batch.max(1);
        while left > 0
            && let Some(room) = dead.first_room()
        {
            left = left.saturating_sub(self.take_out(by, &dead, &room, left, &mut reaped)?.max(1));
        }
        let rooms = dead.first_room().is_some();
        let waiting = matching::node_over(self, writer);
        reaped.more = rooms || waiting;
        if !reaped.more {
            self.nodes.forget(&dead, &self.deadlines);
        }
        Ok(reaped)
    }

    /// Takes out what a life that is over has in one room, at most `max` sessions; how many it were.
    fn take_out(
        &self,
        by: &Life,
        dead: &Arc<Life>,
        id: &RoomId,
        max: usize,
        reaped: &mut Reaped,
    ) -> StoreResult<usize> {
        self.pools.with_pool_of(id, &self.deadlines, |pool| {
            self.registry.with(id, |cell| {
                by.check()?;
                let Some(cell) = cell else {
                    dead.nothing_in(id);
                    return Ok(0);
                };
                cell.subscribers.drop_life(dead);
                dead.not_subscribed_to(id);
                let Some(mut step) = self.begin(pool, cell) else {
                    dead.nothing_in(id);
                    return Ok(0);
                };
                let sessions: Vec<_> =
                    step.room.roster.sessions_of(dead.writer, None).take(max).collect();
                if sessions.is_empty() {
                    dead.nothing_in(id);
                    return Ok(0);
                }
                let out = sessions.iter().map(|session| step.session_dead(*session));
                let users = out.filter(|out| matches!(out, Out::Last(_))).count();
                let users = u32::try_from(users).unwrap_or(u32::MAX);
                if users > 0 {
                    reaped.happened.push(Happened::Gone { room: id.clone(), users });
                }
                if let Some(why) = step.room.closed_why() {
                    reaped.happened.push(Happened::Closed { room: id.clone(), why });
                }
                reaped.wrote.append(&mut step.done(Rearm::Earlier));
                Ok(sessions.len())
            })
        })
    }
}
