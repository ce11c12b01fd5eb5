//! Short names for what tests are made of.

use std::time::Duration;

use crate::id::{
    Incarnation, MatchId, NodeId, PoolName, RoomId, SessionId, SessionKey, UserId, Writer,
};
use crate::limits::MatchRules;
use crate::matching::{Confirming, Judge, Pool, Step};
use crate::room::RoomPolicy;
use crate::store::{Mail, Request, Submitted};
use crate::text::Tag;
use crate::time::Timestamp;

pub(super) fn pool_of(rules: MatchRules) -> Pool {
    Pool::new(PoolName::new("p").unwrap(), rules)
}

pub(super) fn user(n: u8) -> UserId {
    UserId::new(&format!("u{n}")).unwrap()
}

pub(super) fn number(user: &UserId) -> u8 {
    user.as_str()[1..].parse().unwrap()
}

pub(super) fn writer(n: u8) -> Writer {
    Writer { node: NodeId(n.into()), incarnation: Incarnation(1) }
}

/// A user's session number `tab`, which is on the node of that number.
pub(super) fn session(user: u8, tab: u8) -> SessionKey {
    writer(tab).session(SessionId(u64::from(user)))
}

pub(super) fn at(millis: u64) -> Timestamp {
    Timestamp(millis)
}

/// Whoever asks for a partner, with everything that may be asked.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) user: u8,
    pub(super) tab: u8,
    pub(super) tags: Vec<u8>,
    pub(super) strict: bool,
    pub(super) blocked: Vec<u8>,
}

impl Ask {
    pub(super) fn of(user: u8) -> Self {
        Self { user, tab: 0, tags: vec![], strict: false, blocked: vec![] }
    }

    pub(super) fn tags(mut self, tags: &[u8]) -> Self {
        self.tags = tags.to_vec();
        self
    }

    pub(super) fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    pub(super) fn tab(mut self, tab: u8) -> Self {
        self.tab = tab;
        self
    }

    pub(super) fn blocked(mut self, blocked: &[u8]) -> Self {
        self.blocked = blocked.to_vec();
        self
    }

    pub(super) fn request(&self) -> Request {
        // The history tells whose policy a room has got.
        let policy = RoomPolicy { history: self.user.into(), ..RoomPolicy::pair() };
        Request {
            pool: PoolName::new("p").unwrap(),
            user: user(self.user),
            session: session(self.user, self.tab),
            tags: self.tags.iter().map(|n| Tag::new(&format!("t{n}"), 9).unwrap()).collect(),
            strict: self.strict,
            blocked: self.blocked.iter().map(|n| user(*n)).collect(),
            policy,
        }
    }
}

/// A proposal that was mailed to both sides.
#[derive(Debug, Clone)]
pub(super) struct Proposal {
    pub(super) which: MatchId,
    pub(super) room: RoomId,
    /// Whoever waited longer first.
    pub(super) users: [u8; 2],
    pub(super) sessions: [SessionKey; 2],
}

/// The proposals in a mail bag; each must have come to both sides.
pub(super) fn proposals(mail: &[Mail]) -> Vec<Proposal> {
    let mut halves = Vec::new();
    for one in mail {
        if let Mail::Proposed { which, room, session, user, .. } = one {
            halves.push((*which, room.clone(), *session, number(user)));
        }
    }
    let pairs = halves.chunks(2).map(|pair| {
        let [(which, room, s0, u0), (other, same, s1, u1)] = pair else {
            panic!("one side only: {pair:?}")
        };
        assert_eq!((which, room), (other, same));
        let (users, sessions) = ([*u0, *u1], [*s0, *s1]);
        Proposal { which: *which, room: room.clone(), users, sessions }
    });
    pairs.collect()
}

/// Shorthands over a pool for scenarios, in which everybody has one tab unless said otherwise.
pub(super) trait Short {
    fn ask(&mut self, ask: &Ask, now: u64) -> Step<Submitted>;
    /// Asks, and tells with whom a match was proposed at once.
    fn meets(&mut self, ask: &Ask, now: u64) -> Option<u8>;
    fn tick(&mut self, now: u64) -> Vec<Mail>;
    fn pair(&mut self, proposal: &Proposal);
}

impl Short for Pool {
    fn ask(&mut self, ask: &Ask, now: u64) -> Step<Submitted> {
        let step = self.submit(ask.request(), at(now)).unwrap();
        self.check();
        step
    }

    fn meets(&mut self, ask: &Ask, now: u64) -> Option<u8> {
        let step = self.ask(ask, now);
        let found = proposals(&step.mail);
        assert!(found.len() <= 1);
        found.first().map(|p| if p.users[0] == ask.user { p.users[1] } else { p.users[0] })
    }

    fn tick(&mut self, now: u64) -> Vec<Mail> {
        let mut mail = Vec::new();
        for _ in 0..100 {
            let step = self.due(at(now), Judge::Now);
            self.check();
            mail.extend(step.mail);
            if !step.outcome.more {
                return mail;
            }
        }
        panic!("due again and again")
    }

    fn pair(&mut self, proposal: &Proposal) {
        assert_eq!(self.confirm(proposal.which, proposal.sessions[1]), Confirming::Half);
        let Confirming::Ready(pairing) = self.confirm(proposal.which, proposal.sessions[0]) else {
            panic!("not ready")
        };
        assert_eq!(pairing.room, proposal.room);
        assert_eq!(pairing.sides.each_ref().map(|(u, _)| number(u)), proposal.users);
        let step = self.opened(proposal.which);
        assert_eq!(step.mail.len(), 2);
        self.check();
    }
}

pub(super) fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}
