//! What cases about matching have in common: reading mail, confirming, and a pair room ready made.

use std::sync::Arc;

use crate::entry::SharedEntry;
use crate::id::{MatchId, PoolName, RoomId, SessionKey, UserId};
use crate::store::{Confirmed, Mail};
use crate::testkit::{Guest, Node};
use crate::text::Tag;
use crate::why::UnmatchedWhy;

/// A proposed match, as one side is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) pool: PoolName,
    pub(super) which: MatchId,
    pub(super) room: RoomId,
    pub(super) session: SessionKey,
    pub(super) user: UserId,
}

/// Mail about matching, by kind, each in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Post {
    pub(super) proposed: Vec<Proposal>,
    pub(super) matched: Vec<(SessionKey, RoomId, Vec<Tag>)>,
    pub(super) unmatched: Vec<(SessionKey, UnmatchedWhy)>,
}

impl Post {
    /// The proposal for this guest's session, of which there is one.
    pub(super) fn to(&self, guest: &Guest) -> Proposal {
        let mut own = self.proposed.iter().filter(|proposal| proposal.session == guest.session);
        let first = own.next().unwrap_or_else(|| panic!("nothing proposed to {}", guest.user));
        assert_eq!(own.next(), None, "{} has one proposal", guest.user);
        assert_eq!(first.user, guest.user);
        first.clone()
    }

    /// Checks that these two, and nobody else, are proposed to one another.
    pub(super) fn pairs(&self, one: &Guest, two: &Guest) -> (Proposal, Proposal) {
        assert_eq!(self.proposed.len(), 2, "two are proposed to one another: {:?}", self.proposed);
        let (to_one, to_two) = (self.to(one), self.to(two));
        assert_eq!((to_one.which, &to_one.room), (to_two.which, &to_two.room));
        (to_one, to_two)
    }

    /// Checks that nothing came.
    pub(super) fn nothing(&self, why: &str) {
        let Self { proposed, matched, unmatched } = self;
        assert!(
            proposed.is_empty() && matched.is_empty() && unmatched.is_empty(),
            "{why}: {self:?}"
        );
    }

    fn sort(&mut self, mail: Mail) {
        match mail {
            Mail::Proposed { pool, which, room, session, user } => {
                self.proposed.push(Proposal { pool, which, room, session, user });
            }
            Mail::Matched { room, session, shared, .. } => {
                self.matched.push((session, room, shared));
            }
            Mail::Unmatched { session, why, .. } => self.unmatched.push((session, why)),
            _ => {}
        }
    }
}

/// What came for these nodes since they last asked; each is told only of its own sessions.
pub(super) async fn post(nodes: &[&Arc<Node>]) -> Post {
    let mut post = Post::default();
    for node in nodes {
        for mail in node.mail().await {
            let mut own = Post::default();
            own.sort(mail.clone());
            let sessions = own.proposed.iter().map(|proposal| proposal.session);
            let sessions = sessions.chain(own.matched.iter().map(|matched| matched.0));
            for session in sessions.chain(own.unmatched.iter().map(|unmatched| unmatched.0)) {
                assert_eq!(session.writer, node.writer, "mail for a session of another node");
            }
            post.sort(mail);
        }
    }
    post
}

/// This side confirms.
pub(super) async fn confirm(guest: &Guest, proposal: &Proposal) -> Confirmed {
    guest.node.subscribe(&proposal.room).await;
    let matching = &guest.node.backend.matching;
    let (pool, which) = (&proposal.pool, proposal.which);
    matching.confirm(guest.node.writer, pool, which, guest.session).await.unwrap()
}

/// Everything proposed on these nodes is confirmed until nothing more comes; gives who was matched into which room.
pub(super) async fn confirm_all(nodes: &[&Arc<Node>]) -> Vec<(SessionKey, RoomId)> {
    let mut matched = Vec::new();
    for _ in 0..1_000 {
        let post = post(nodes).await;
        if post.proposed.is_empty() && post.matched.is_empty() {
            return matched;
        }
        for proposal in &post.proposed {
            let node = nodes.iter().find(|node| node.writer == proposal.session.writer).unwrap();
            node.subscribe(&proposal.room).await;
            let (matching, by) = (&node.backend.matching, node.writer);
            let (pool, which, session) = (&proposal.pool, proposal.which, proposal.session);
            matching.confirm(by, pool, which, session).await.unwrap();
        }
        matched.extend(post.matched.into_iter().map(|(session, room, _)| (session, room)));
    }
    panic!("matching does not come to an end");
}

/// Two in a pair room.
pub(super) struct Pair {
    pub(super) room: RoomId,
    pub(super) one: Guest,
    pub(super) two: Guest,
    pub(super) alias_one: UserId,
    pub(super) alias_two: UserId,
    pub(super) wrote: Vec<SharedEntry>,
}

/// Two new guests of a node, matched.
pub(super) async fn pair_room(node: &Arc<Node>, pool: &PoolName, one: &str, two: &str) -> Pair {
    matched(pool, node.guest(one), node.guest(two)).await
}

/// These two, matched; nobody else waits.
pub(super) async fn matched(pool: &PoolName, one: Guest, two: Guest) -> Pair {
    one.seek(pool).await;
    two.seek(pool).await;
    proposed(one, two).await
}

/// These two, to whom one another was proposed, confirm.
pub(super) async fn proposed(one: Guest, two: Guest) -> Pair {
    let mut mail = post(&[&one.node]).await;
    if one.node.writer != two.node.writer {
        mail.proposed.extend(post(&[&two.node]).await.proposed);
    }
    let (to_one, to_two) = mail.pairs(&one, &two);
    assert_eq!(confirm(&one, &to_one).await, Confirmed::Half);
    let Confirmed::Opened { room, wrote, users } = confirm(&two, &to_two).await else {
        panic!("both have confirmed")
    };
    assert_eq!(room, to_one.room);
    let alias = |of: &Guest| {
        let mut own = users.iter().filter(|(user, _)| *user == of.user);
        own.next().unwrap_or_else(|| panic!("{} has an alias", of.user)).1.clone()
    };
    let (alias_one, alias_two) = (alias(&one), alias(&two));
    let mut told = post(&[&one.node]).await.matched;
    if one.node.writer != two.node.writer {
        told.extend(post(&[&two.node]).await.matched);
    }
    let mut sessions: Vec<SessionKey> = told.iter().map(|(session, ..)| *session).collect();
    let mut both = [one.session, two.session];
    sessions.sort();
    both.sort();
    assert_eq!(sessions, both, "each side is told that it is matched");
    assert!(told.iter().all(|(_, into, _)| *into == room));
    Pair { room, one, two, alias_one, alias_two, wrote }
}
