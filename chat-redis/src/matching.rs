//! [`MatchStore`] on Redis: the rules are those of [`chat_core::matching`], in `lua/lib/pool.lua`.
//!
//! A pool and its pair rooms are in one shard, so each operation is one script. What is random in a step (names of matches,
//! rooms, users) is made here and given along.

use async_trait::async_trait;
use bytes::Bytes;
use redis::Value;

use chat_core::store::{
    Blocked, Confirmed, Happened, Mail, MatchStore, Next, PairBreak, Reaped, Request, StoreResult,
    Submitted, Withdrawn,
};
use chat_core::user::Identity;
use chat_core::{Bound, Epoch, MatchId, PoolName, RoomId, SessionKey, StoreError, UserId, Writer};

use crate::codec::{self, Corrupt};
use crate::keys::Whose;
use crate::link::{failed, unreadable};
use crate::reply::Parts;
use crate::script::{Call, Script};
use crate::store::{RedisStore, first_word};

#[async_trait]
impl MatchStore for RedisStore {
    async fn submit(&self, by: Writer, request: Request) -> StoreResult<Submitted> {
        const OP: &str = "submit";
        let submit = |make| {
            let call = self.in_pool(&self.scripts.submit, &request.pool, None);
            let call = call.arg(&codec::writer(by)[..]).arg(request.pool.as_str());
            ask(call, &request, make)
        };
        let (word, mut parts) = self.with_pool(OP, by, submit).await?;
        match &word[..] {
            b"waiting" => Ok(Submitted::Waiting),
            b"engaged" => Ok(Submitted::Engaged { room: room(OP, &mut parts)? }),
            _ => Err(self.refused(OP, &word)),
        }
    }

    async fn confirm(
        &self,
        by: Writer,
        pool: &PoolName,
        which: MatchId,
        session: SessionKey,
    ) -> StoreResult<Confirmed> {
        const OP: &str = "confirm";
        let aliases = [UserId::alias(), UserId::alias()];
        let mut known = self.proposals.room(pool, which);
        loop {
            let mut call = self
                .in_pool(&self.scripts.confirm, pool, known.as_ref())
                .arg(&codec::writer(by)[..])
                .arg(pool.as_str())
                .arg(match_id(which))
                .arg(&codec::session(session)[..])
                .arg(known.as_ref().map_or("", RoomId::as_str))
                .arg(codec::epoch(Epoch::random()));
            for alias in &aliases {
                call = call.arg(alias.as_str()).arg(Identity::made_name(alias).as_str());
            }
            let (word, mut parts) = self.step(OP, call).await?;
            match (&word[..], known) {
                (b"half", _) => return Ok(Confirmed::Half),
                (b"gone", _) => return Ok(Confirmed::Gone),
                (b"over", _) => {
                    self.expel(OP, by, pool, which).await?;
                    return Ok(Confirmed::Gone);
                }
                (b"room", None) => known = Some(room(OP, &mut parts)?),
                (b"opened", Some(room)) => {
                    return opened(room, aliases, parts).map_err(unreadable(OP));
                }
                _ => return Err(self.refused(OP, &word)),
            }
        }
    }

    async fn withdraw(
        &self,
        by: Writer,
        pool: &PoolName,
        user: &UserId,
        session: SessionKey,
    ) -> StoreResult<Withdrawn> {
        const OP: &str = "withdraw";
        let call = self.of_ticket(&self.scripts.withdraw, by, pool, user, session);
        let (word, mut parts) = self.step(OP, call).await?;
        match &word[..] {
            b"withdrawn" => Ok(Withdrawn::Withdrawn),
            b"engaged" => Ok(Withdrawn::Engaged { room: room(OP, &mut parts)? }),
            b"not" => Ok(Withdrawn::NotWaiting),
            _ => Err(self.refused(OP, &word)),
        }
    }

    async fn lose_place(
        &self,
        by: Writer,
        session: SessionKey,
        user: &UserId,
        pools: &[PoolName],
    ) -> StoreResult<()> {
        const OP: &str = "lose_place";
        let lose = |pool| self.of_ticket(&self.scripts.lose_place, by, pool, user, session);
        self.steps(OP, pools.iter().map(lose).collect()).await
    }

    async fn next(&self, by: Writer, leave: PairBreak, request: Request) -> StoreResult<Next> {
        const OP: &str = "next";
        if leave.room.pool().as_ref() != Some(&request.pool) {
            return Ok(Next::Missing);
        }
        let next = |make| {
            let call = self.in_room(&self.scripts.next, &leave.room);
            let call = call.arg(&codec::writer(by)[..]).arg(request.pool.as_str());
            let call = call.arg(leave.room.as_str()).arg(&codec::session(leave.session)[..]);
            ask(call, &request, make)
        };
        let (word, mut parts) = self.with_pool(OP, by, next).await?;
        match &word[..] {
            b"waiting" => {
                let wrote = parts.wrote(&leave.room).map_err(unreadable(OP))?;
                Ok(Next::Waiting { wrote })
            }
            b"engaged" => Ok(Next::Engaged { room: room(OP, &mut parts)? }),
            b"notmember" => Ok(Next::NotMember),
            b"missing" => Ok(Next::Missing),
            _ => Err(self.refused(OP, &word)),
        }
    }

    async fn block(&self, by: Writer, leave: PairBreak) -> StoreResult<Blocked> {
        const OP: &str = "block";
        let Some(pool) = leave.room.pool() else { return Ok(Blocked::Missing) };
        let block = |make: &'static str| {
            let call = self.in_room(&self.scripts.block, &leave.room);
            let call = call.arg(&codec::writer(by)[..]).arg(pool.as_str());
            let call = call.arg(leave.room.as_str()).arg(&codec::session(leave.session)[..]);
            seeds(call.arg(leave.user.as_str()).arg(make), &pool)
        };
        let (word, mut parts) = self.with_pool(OP, by, block).await?;
        match &word[..] {
            b"blocked" => {
                let wrote = parts.wrote(&leave.room).map_err(unreadable(OP))?;
                Ok(Blocked::Blocked { wrote })
            }
            b"notmember" => Ok(Blocked::NotMember),
            b"missing" => Ok(Blocked::Missing),
            _ => Err(self.refused(OP, &word)),
        }
    }

    async fn waiting(&self, user: &UserId) -> StoreResult<Vec<PoolName>> {
        const OP: &str = "waiting";
        let mut pools = self.pools(OP).await?;
        let of = |pool| Whose { room: None, pool: Some(pool) };
        let reads = pools.iter().map(|pool| {
            let (shard, mut ticket) = (self.layout.shard_of_pool(pool), redis::cmd("HEXISTS"));
            ticket.arg(self.layout.key_named(shard, "TICKETS", of(pool))).arg(user.as_str());
            (shard, vec![ticket])
        });
        let answers = self.link.together_all(OP, reads.collect()).await?;
        let mut waits = answers.iter().flatten().map(|answer| *answer != Value::Int(0));
        pools.retain(|_| waits.next() == Some(true));
        pools.sort_unstable();
        Ok(pools)
    }

    async fn mail(&self, by: Writer) -> StoreResult<Vec<Mail>> {
        self.read_mail(by).await
    }
}

impl RedisStore {
    /// Does what is due in a pool.
    pub(crate) async fn reap_pool(&self, by: Writer, pool: &PoolName) -> StoreResult<Reaped> {
        const OP: &str = "reap";
        let call = self.in_pool(&self.scripts.reap_pool, pool, None);
        let call = seeds(call.arg(&codec::writer(by)[..]).arg(pool.as_str()), pool);
        let (_, mut parts) = self.step(OP, call).await?;
        let lapsed = parts.number().map_err(unreadable(OP))?;
        let more = parts.number().map_err(unreadable(OP))? > 0;
        let happened = (0..lapsed).map(|_| Happened::Lapsed { pool: pool.clone() }).collect();
        Ok(Reaped { happened, wrote: Vec::new(), more })
    }

    /// Takes out tickets in a shard of a life that is over, at most so many; how many there were to look at, and whether
    /// there are more.
    pub(crate) async fn drop_tickets(
        &self,
        by: Writer,
        shard: u16,
        dead: Writer,
        most: usize,
    ) -> StoreResult<(usize, bool)> {
        const OP: &str = "reap";
        let dead = codec::writer(dead);
        let bound = |mark: &[u8], letter: &[u8]| [mark, &dead[..], letter].concat();
        let mut read = redis::cmd("ZRANGE");
        read.arg(self.layout.key_named(shard, "INDEX", Whose::default()));
        read.arg(bound(b"[", b"p")).arg(bound(b"(", b"q")).arg("BYLEX");
        read.arg("LIMIT").arg(0).arg(most.saturating_add(1));
        let mut answers = self.link.together(OP, shard, None, vec![read]).await?;
        let rows = answers.pop().ok_or_else(|| failed(OP, Corrupt("an answer")))?;
        let mut rows = Parts::of(rows).map_err(unreadable(OP))?;
        let more = rows.left() > most;
        let mut found = 0;
        // Rows of one pool are beside one another.
        let mut calls: Vec<(PoolName, Call)> = Vec::new();
        while rows.left() > usize::from(more) {
            let row = rows.bytes().map_err(unreadable(OP))?;
            let (pool, user) = codec::read_ticket_row(&row).map_err(unreadable(OP))?;
            found += 1;
            let call = match calls.pop_if(|(last, _)| *last == pool) {
                Some((_, call)) => call,
                None => {
                    let call = self.in_pool(&self.scripts.drop_tickets, &pool, None);
                    let call = call.arg(&codec::writer(by)[..]).arg(pool.as_str());
                    seeds(call.arg(&dead[..]), &pool)
                }
            };
            calls.push((pool, call.arg(user.as_str())));
        }
        self.steps(OP, calls.into_iter().map(|(_, call)| call).collect()).await?;
        Ok((found, more))
    }

    /// Gives up the sides of a match whose nodes' lives are over.
    async fn expel(
        &self,
        op: &'static str,
        by: Writer,
        pool: &PoolName,
        which: MatchId,
    ) -> StoreResult<()> {
        let call = self.in_pool(&self.scripts.expel, pool, None).arg(&codec::writer(by)[..]);
        let call = seeds(call.arg(pool.as_str()).arg(match_id(which)), pool);
        self.step(op, call).await.map(drop)
    }

    /// Runs scripts of which nothing is to be known but that they ran.
    async fn steps(&self, op: &'static str, calls: Vec<Call>) -> StoreResult<()> {
        if calls.is_empty() {
            return Ok(());
        }
        for answer in self.link.run_all(op, calls).await? {
            first_word(op, answer)?;
        }
        Ok(())
    }

    /// A script's call for a ticket.
    fn of_ticket(
        &self,
        script: &Script,
        by: Writer,
        pool: &PoolName,
        user: &UserId,
        session: SessionKey,
    ) -> Call {
        let call = self.in_pool(script, pool, None);
        let call = call.arg(&codec::writer(by)[..]).arg(pool.as_str());
        seeds(call.arg(user.as_str()).arg(&codec::session(session)[..]), pool)
    }

    /// Runs a script in a pool, which is made if there is none and one more may be. Almost always the pool is there, and it
    /// is one call.
    async fn with_pool(
        &self,
        op: &'static str,
        by: Writer,
        call: impl Fn(&'static str) -> Call + Send,
    ) -> StoreResult<(Bytes, Parts)> {
        let (word, parts) = self.step(op, call("")).await?;
        if word != "new" {
            return Ok((word, parts));
        }
        let max = self.options.pools;
        let pools = self.pools(op).await?;
        if pools.len() >= max {
            // One that only remembers last partners is given up early.
            let forget = |pool| {
                let call = self.in_pool(&self.scripts.forget_pool, pool, None);
                call.arg(&codec::writer(by)[..]).arg(pool.as_str())
            };
            self.steps(op, pools.iter().map(forget).collect()).await?;
            if self.pools(op).await?.len() >= max {
                return Err(StoreError::TooMany { bound: Bound::Pools, max });
            }
        }
        self.step(op, call("1")).await
    }

    /// All pools that there are.
    async fn pools(&self, op: &'static str) -> StoreResult<Vec<PoolName>> {
        let reads = (0..self.layout.shards()).map(|shard| {
            let mut members = redis::cmd("SMEMBERS");
            members.arg(self.layout.key_named(shard, "POOLS", Whose::default()));
            (shard, vec![members])
        });
        let answers = self.link.together_all(op, reads.collect()).await?;
        let mut pools = Vec::new();
        for answer in answers.into_iter().flatten() {
            let mut names = Parts::of(answer).map_err(unreadable(op))?;
            while names.left() > 0 {
                let name = names.bytes().map_err(unreadable(op))?;
                pools.push(codec::read_word(&name, "a pool's name").map_err(unreadable(op))?);
            }
        }
        Ok(pools)
    }

    /// What a script's answer means that stands for a refusal, or for nothing at all.
    fn refused(&self, op: &'static str, word: &[u8]) -> StoreError {
        if word == b"full" {
            return StoreError::TooMany {
                bound: Bound::Waiting,
                max: self.options.matching.waiting,
            };
        }
        failed(op, Corrupt("an answer of matching"))
    }
}

/// A match as it is kept.
fn match_id(which: MatchId) -> String {
    format!("{:016x}", which.0)
}

/// The arguments `which` and `coming`: random names, for what a step may propose.
fn seeds(call: Call, pool: &PoolName) -> Call {
    call.arg(match_id(MatchId::random())).arg(RoomId::random_pair(pool).as_str())
}

/// The arguments of one who wants a partner, from `session` to the end.
fn ask(call: Call, request: &Request, make: &'static str) -> Call {
    let tags: Vec<&str> = request.tags.iter().map(chat_core::Tag::as_str).collect();
    let blocked: Vec<&str> = request.blocked.iter().map(UserId::as_str).collect();
    let call = call
        .arg(&codec::session(request.session)[..])
        .arg(request.user.as_str())
        .arg(if request.strict { "1" } else { "" })
        .arg(codec::policy(&request.policy))
        .arg(tags.join("\0"))
        .arg(blocked.join("\0"))
        .arg(make);
    seeds(call, &request.pool)
}

/// A room's id, as the next part of an answer.
fn room(op: &'static str, parts: &mut Parts) -> StoreResult<RoomId> {
    let read = |parts: &mut Parts| codec::read_word(&parts.bytes()?, "a room's id");
    read(parts).map_err(unreadable(op))
}

fn opened(room: RoomId, aliases: [UserId; 2], mut parts: Parts) -> Result<Confirmed, Corrupt> {
    let epoch = codec::read_epoch(&parts.bytes()?)?;
    let [one, two] = aliases;
    let mut user = || codec::read_word(&parts.bytes()?, "a user of a match");
    let users = [(user()?, one), (user()?, two)];
    let wrote = parts.entries(&room, epoch)?;
    Ok(Confirmed::Opened { room, wrote, users })
}
