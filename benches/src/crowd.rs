//! A pool in which very many wait, and a stream of others who come and find somebody, or not.
//!
//! Whoever waits has three tags that nobody else has, so that all of them can wait at once. Of those who come, every
//! other one shares a tag with one who waits, anywhere in the pool, and is paired with that one at once; the next one
//! waits in the place that became free. So the pool stays as large as it is, and each step looks somewhere else in memory.

use chat_core::id::{Incarnation, MatchId, NodeId, SessionId};
use chat_core::matching::{Confirming, Pool, Step};
use chat_core::store::{Mail, Request, SessionKey, Submitted, Writer};
use chat_core::{MatchRules, PoolName, RoomPolicy, Tag, Timestamp};

use crate::Bare;

/// The pool, and who is in it.
#[derive(Debug)]
pub struct Crowd {
    /// The pool.
    pub pool: Pool,
    /// The time there. It stands still: nobody's wish widens.
    pub at: Timestamp,
    seekers: Seekers,
}

impl Crowd {
    /// This many wait, in a pool of its own. `strict`: they will never take somebody without a shared tag; otherwise
    /// they would, later, and have a timer each.
    ///
    /// # Panics
    /// If somebody is paired who should wait.
    #[must_use]
    pub fn new(size: usize, strict: bool) -> Self {
        let rules = MatchRules { waiting: size + 1_100_000, ..MatchRules::default() };
        let nobody = Writer { node: NodeId(1), incarnation: Incarnation(1) };
        let mut seekers = Seekers::new(nobody, strict);
        let mut pool = Pool::new(seekers.pool.clone(), rules);
        let at = Timestamp(1);
        for _ in 0..size {
            let waits = pool.submit(seekers.one_who_waits(), at);
            assert!(waits.is_ok_and(|step| step.mail.is_empty()), "nobody has these tags");
        }
        Self { pool, at, seekers }
    }

    /// Those who come next, every other one of whom finds somebody.
    pub fn comers(&mut self, count: usize) -> Vec<Request> {
        self.seekers.comers(count)
    }

    /// Somebody who comes next and whose tags nobody has.
    pub fn one_who_waits(&mut self) -> Request {
        self.seekers.one_who_waits()
    }

    /// One of them comes: this is what is measured.
    ///
    /// # Panics
    /// If the pool is full.
    #[inline]
    #[allow(clippy::expect_used, reason = "its bound is out of reach")]
    pub fn submit(&mut self, comer: Request) -> Step<Submitted> {
        self.pool.submit(comer, self.at).expect("the pool is not full")
    }

    /// Lets those who were paired confirm, talk and part.
    ///
    /// # Panics
    /// If the match is gone.
    pub fn part(&mut self, mail: &[Mail]) {
        for news in mail {
            let Mail::Proposed { which, room, session, .. } = news else { continue };
            if let Confirming::Ready(pairing) = self.confirm(*which, *session) {
                // Who waits is told of the match: there is nobody to tell.
                let _ = self.pool.opened(*which);
                let [(one, _), (two, _)] = &pairing.sides;
                self.pool.closed(room, [one, two], self.at);
            }
        }
    }

    fn confirm(&mut self, which: MatchId, session: SessionKey) -> Confirming {
        let confirming = self.pool.confirm(which, session);
        assert!(!matches!(confirming, Confirming::Gone), "nobody took it back");
        confirming
    }
}

/// Makes those who come.
#[derive(Debug)]
pub struct Seekers {
    pool: PoolName,
    by: Writer,
    strict: bool,
    policy: RoomPolicy,
    /// The tags by which those who wait can be found.
    waiting: Vec<usize>,
    made: usize,
    turn: usize,
}

impl Seekers {
    /// Nobody has come yet; all will be sessions of this node.
    ///
    /// # Panics
    /// Never: the pool's name is one.
    #[must_use]
    #[allow(clippy::expect_used, reason = "letters")]
    pub fn new(by: Writer, strict: bool) -> Self {
        let pool = PoolName::new("random").expect("a pool's name");
        Self { pool, by, strict, policy: RoomPolicy::pair(), waiting: Vec::new(), made: 0, turn: 0 }
    }

    /// Somebody whose tags nobody has.
    pub fn one_who_waits(&mut self) -> Request {
        self.waiting.push(self.made);
        self.one(self.made)
    }

    /// Every other one shares a tag with one who waits.
    pub fn comers(&mut self, count: usize) -> Vec<Request> {
        (0..count).map(|_| self.comer()).collect()
    }

    fn comer(&mut self) -> Request {
        self.turn += 1;
        if self.turn.is_multiple_of(2) {
            return self.one_who_waits();
        }
        let which = scatter(self.turn) % self.waiting.len();
        let tag = self.waiting.swap_remove(which);
        self.one(tag)
    }

    fn one(&mut self, shared: usize) -> Request {
        let number = self.made;
        self.made += 1;
        let tags = [format!("tag {shared}"), format!("a {number}"), format!("b {number}")];
        Request {
            pool: self.pool.clone(),
            user: Bare::user(number),
            session: self.by.session(SessionId(number as u64)),
            tags: tags.iter().map(|tag| Tag::stored(tag)).collect(),
            strict: self.strict,
            blocked: Vec::new(),
            policy: self.policy.clone(),
        }
    }
}

/// The same number for the same number, and otherwise any.
#[must_use]
pub fn scatter(n: usize) -> usize {
    (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) as usize & 0x7fff_ffff
}
