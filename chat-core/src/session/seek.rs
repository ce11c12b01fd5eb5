//! Looking for a partner.

use super::SessionHandle;
use crate::engine::fenced;
use crate::error::{Bound, Error, Invalid, Problem, Result};
use crate::id::{PoolName, RoomId, UserId, Writer};
use crate::limits::Limits;
use crate::store::{Blocked, Next, PairBreak, Request, Submitted, Withdrawn};
use crate::text::Tag;

/// What is looked for; checked when it is used.
///
/// ```
/// # use chat_core::Seek;
/// let seek = Seek::new("random").with_tags(["music", "films"]).strict();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seek {
    pool: String,
    tags: Vec<String>,
    strict: bool,
}

impl Seek {
    /// Anybody in this pool.
    #[must_use]
    pub fn new(pool: impl Into<String>) -> Self {
        Self { pool: pool.into(), tags: Vec::new(), strict: false }
    }

    /// Rather somebody who shares one of these; after a few seconds, anybody.
    #[must_use]
    pub fn with_tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Only somebody who shares a tag, however long it takes.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    fn check(&self, limits: &Limits) -> Result<(PoolName, Vec<Tag>, bool)> {
        let pool = PoolName::new(&self.pool)?;
        let tags = check_tags(self.tags.iter().map(String::as_str), limits)?;
        if self.strict && tags.is_empty() {
            return Err(Invalid::new("strict", Problem::Contradiction).into());
        }
        Ok((pool, tags, self.strict))
    }
}

fn check_tags<'a>(raw: impl Iterator<Item = &'a str>, limits: &Limits) -> Result<Vec<Tag>> {
    let mut tags: Vec<Tag> = Vec::new();
    for (count, tag) in raw.enumerate() {
        if count == limits.tags {
            return Err(Invalid::new("tags", Problem::TooMany { max: limits.tags }).into());
        }
        let tag = Tag::new(tag, limits.tag)?.folded();
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

impl SessionHandle {
    /// Looks for a partner in a pool, rather one who shares a tag. The stream tells when one is found
    /// ([`Event::Matched`](crate::Event::Matched)): the session is in their room then. A second search of the user in
    /// the same pool, from whichever session, replaces the first and keeps its place in the queue.
    ///
    /// Not cancel safe: a cancelled search may be waiting; seek again, or [`cancel_seek`](Self::cancel_seek).
    ///
    /// # Errors
    /// `AlreadyMatched` while the user is in a pair room of the pool, `Invalid`, `TooMany`, or a fault of the
    /// store.
    pub async fn seek(&self, pool: &str, tags: &[&str]) -> Result<()> {
        self.seek_with(&Seek::new(pool).with_tags(tags.iter().copied())).await
    }

    /// As [`seek`](Self::seek), with everything that can be asked for, and no more cancel safe.
    pub async fn seek_with(&self, seek: &Seek) -> Result<()> {
        self.alive()?;
        let (engine, core) = (self.engine(), self.core());
        let (pool, tags, strict) = seek.check(engine.limits())?;
        engine.ask_may_seek(core, &pool).await?;
        // A match seats the session in one more room: whoever is at the bound seeks none.
        let most = engine.limits().rooms_of_session;
        if core.outbox.seated() >= most {
            return Err(Error::TooMany { bound: Bound::RoomsOfSession, max: most });
        }
        let most = engine.limits().pools_of_session;
        if core.requests().iter().filter(|request| request.pool != pool).count() >= most {
            return Err(Error::TooMany { bound: Bound::PoolsOfSession, max: most });
        }
        let blocked = engine.ask_blocks(core).await?;
        let request = self.request(engine.writer().await?, pool.clone(), tags, strict, blocked);
        core.seeks(request.clone());
        engine.may_be_matched();
        let submitted = fenced!(engine, |by| {
            let request = Request { session: core.key(by), ..request.clone() };
            engine.backend().matching.submit(by, request).await
        });
        match submitted {
            Ok(Submitted::Waiting) => {
                self.give_up_if_over(&pool).await;
                engine.read_mail().await;
                Ok(())
            }
            Ok(Submitted::Engaged { room }) => {
                core.seeks_no_more(&pool);
                Err(Error::AlreadyMatched { room })
            }
            Err(refused) => {
                core.seeks_no_more(&pool);
                Err(refused)
            }
        }
    }

    /// Stops looking, for the user, from whichever session the search was made.
    ///
    /// Cancel safe in that it can be repeated.
    ///
    /// # Errors
    /// `AlreadyMatched` where a partner was found meanwhile, `NotWaiting`, or a fault of the store.
    pub async fn cancel_seek(&self, pool: &str) -> Result<()> {
        self.alive()?;
        let (engine, core) = (self.engine(), self.core());
        let pool = PoolName::new(pool)?;
        let withdrawn = fenced!(engine, |by| {
            engine.backend().matching.withdraw(by, &pool, &core.user, core.key(by)).await
        })?;
        engine.read_mail().await;
        match withdrawn {
            Withdrawn::Withdrawn => {
                core.seeks_no_more(&pool);
                Ok(())
            }
            Withdrawn::Engaged { room } => Err(Error::AlreadyMatched { room }),
            Withdrawn::NotWaiting => {
                core.seeks_no_more(&pool);
                Err(Error::NotWaiting)
            }
        }
    }

    /// Leaves a pair room and looks for the next partner, as one step: it is the user who does, with all sessions. Pool and
    /// strictness stay; so do the tags, where none are given. When this is answered, nothing more of the room reaches
    /// this session.
    ///
    /// Not cancel safe: see [`seek`](Self::seek).
    ///
    /// # Errors
    /// `NotMember`, `NoSuchRoom`, `Invalid`, or a fault of the store.
    pub async fn seek_next(&self, room: &RoomId, tags: Option<&[&str]>) -> Result<()> {
        self.alive()?;
        let (engine, core) = (self.engine(), self.core());
        let Some(pool) = room.pool() else { return Err(not_a_pair()) };
        let before = core.request(&pool);
        let tags = match (tags, &before) {
            (Some(tags), _) => check_tags(tags.iter().copied(), engine.limits())?,
            (None, Some(before)) => before.tags.clone(),
            (None, None) => Vec::new(),
        };
        let strict = before.is_some_and(|before| before.strict) && !tags.is_empty();
        let blocked = engine.ask_blocks(core).await?;
        let request = self.request(engine.writer().await?, pool.clone(), tags, strict, blocked);
        let next = {
            let _changing = core.changing.lock().await;
            self.alive()?;
            core.seeks(request.clone());
            engine.may_be_matched();
            let next = fenced!(engine, |by| {
                let leave = self.pair_break(by, room);
                let request = Request { session: core.key(by), ..request.clone() };
                engine.backend().matching.next(by, leave, request).await
            });
            if matches!(next, Ok(Next::Waiting { .. })) {
                engine.hub().stand_up(room, &core.outbox);
            }
            next
        };
        let refused = match next {
            Ok(Next::Waiting { wrote }) => {
                engine.wrote(&wrote);
                self.give_up_if_over(&pool).await;
                engine.read_mail().await;
                return Ok(());
            }
            Ok(Next::Engaged { room }) => Error::AlreadyMatched { room },
            Ok(Next::NotMember) => Error::NotMember,
            Ok(Next::Missing) => Error::NoSuchRoom,
            Err(error) => error,
        };
        core.seeks_no_more(&pool);
        Err(refused)
    }

    /// Leaves a pair room, and is never paired with that partner again, in either direction. Also when the partner has left
    /// already, as long as the room is remembered.
    ///
    /// Cancel safe in that it can be repeated.
    ///
    /// # Errors
    /// `Invalid` where it is not a pair room, `NotMember`, `NoSuchRoom`, or a fault of the store.
    pub async fn block(&self, room: &RoomId) -> Result<()> {
        self.alive()?;
        let (engine, core) = (self.engine(), self.core());
        if !room.is_pair() {
            return Err(not_a_pair());
        }
        let blocked = {
            let _changing = core.changing.lock().await;
            let blocked = fenced!(engine, |by| {
                engine.backend().matching.block(by, self.pair_break(by, room)).await
            })?;
            if matches!(blocked, Blocked::Blocked { .. }) {
                engine.hub().stand_up(room, &core.outbox);
            }
            blocked
        };
        match blocked {
            Blocked::Blocked { wrote } => {
                engine.wrote(&wrote);
                engine.read_mail().await;
                Ok(())
            }
            Blocked::NotMember => Err(Error::NotMember),
            Blocked::Missing => Err(Error::NoSuchRoom),
        }
    }

    fn request(
        &self,
        by: Writer,
        pool: PoolName,
        tags: Vec<Tag>,
        strict: bool,
        blocked: Vec<UserId>,
    ) -> Request {
        let core = self.core();
        let policy = self.engine().policies().pair.clone();
        Request {
            pool,
            user: core.user.clone(),
            session: core.key(by),
            tags,
            strict,
            blocked,
            policy,
        }
    }

    fn pair_break(&self, by: Writer, room: &RoomId) -> PairBreak {
        let core = self.core();
        PairBreak { room: room.clone(), session: core.key(by), user: core.user.clone() }
    }

    /// A session that ended while its search was on its way did not know that it waits.
    async fn give_up_if_over(&self, pool: &PoolName) {
        let (engine, core) = (self.engine(), self.core());
        if core.outbox.is_over() {
            core.seeks_no_more(pool);
            let pools = [pool.clone()];
            let lost = fenced!(engine, |by| {
                engine.backend().matching.lose_place(by, core.key(by), &core.user, &pools).await
            });
            if lost.is_err() {
                engine.errands().lose(core, Vec::new(), pools.to_vec());
            }
        }
    }
}

fn not_a_pair() -> Error {
    Invalid::new("room", Problem::Form).into()
}
