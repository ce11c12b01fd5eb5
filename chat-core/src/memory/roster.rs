//! Who is in a room: counted by user, kept by session.
//!
//! A user is in the room while they have a session there, or a grace in which a lost one may come back. Numbers are
//! the sizes of these sets. In a pair room the users here are aliases.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::few::Few;
use crate::id::{SessionId, SessionKey, UserId, Writer};
use crate::room::Member;
use crate::text::Name;
use crate::time::Timestamp;

/// The users of a room and their sessions.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// Boxed, so that what is moved about in the map stays small.
    users: Few<UserId, Box<Present>>,
    /// Whose each session is. Ordered by node first, so that a node's sessions are found together.
    sessions: Few<SessionKey, UserId>,
    /// Users whose last connection was lost, by when they are given up.
    graces: BTreeSet<(Timestamp, UserId)>,
}

/// A user in the room.
#[derive(Debug)]
struct Present {
    name: Name,
    since: Timestamp,
    sessions: Sessions,
    /// Until when a lost connection may come back; only without sessions.
    grace: Option<Timestamp>,
}

/// The sessions of one user: nearly always one.
#[derive(Debug)]
enum Sessions {
    None,
    One(SessionKey),
    Many(Vec<SessionKey>),
}

/// What became of a session that was taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Out {
    /// It was not in.
    NotIn,
    /// Its user has others.
    Remains,
    /// It was this user's last one; the user is still in the room, without sessions.
    Last(UserId),
}

impl Roster {
    /// Distinct users.
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    pub(super) fn contains(&self, user: &UserId) -> bool {
        self.users.get(user).is_some()
    }

    /// Under what name a user is in the room.
    pub(super) fn name(&self, user: &UserId) -> Option<&Name> {
        self.users.get(user).map(|present| &present.name)
    }

    /// Whose a session is, where it is in.
    pub(super) fn user_of(&self, session: &SessionKey) -> Option<&UserId> {
        self.sessions.get(session)
    }

    /// Takes a session in and ends a grace; tells whether the user is new.
    pub(super) fn enter(
        &mut self,
        session: SessionKey,
        user: &UserId,
        name: &Name,
        now: Timestamp,
    ) -> bool {
        if self.sessions.insert(session, user.clone()).is_some() {
            return false;
        }
        if let Some(present) = self.users.get_mut(user) {
            present.sessions.add(session);
            if let Some(until) = present.grace.take() {
                self.graces.remove(&(until, user.clone()));
            }
            return false;
        }
        let (name, sessions) = (name.clone(), Sessions::One(session));
        let present = Present { name, since: now, sessions, grace: None };
        self.users.insert(user.clone(), Box::new(present));
        true
    }

    /// Takes one session out.
    pub(super) fn take_session(&mut self, session: &SessionKey) -> Out {
        let Some(user) = self.sessions.remove(session) else { return Out::NotIn };
        let Some(present) = self.users.get_mut(&user) else { return Out::NotIn };
        present.sessions.remove(session);
        if present.sessions.is_none() { Out::Last(user) } else { Out::Remains }
    }

    /// Keeps the place of a user without sessions until then.
    pub(super) fn grace(&mut self, user: &UserId, until: Timestamp) {
        if let Some(present) = self.users.get_mut(user)
            && present.sessions.is_none()
        {
            if let Some(earlier) = present.grace.replace(until) {
                self.graces.remove(&(earlier, user.clone()));
            }
            self.graces.insert((until, user.clone()));
        }
    }

    /// The grace that ends first, and whose it is.
    pub(super) fn earliest_grace(&self) -> Option<&(Timestamp, UserId)> {
        self.graces.first()
    }

    /// Takes a user out with all sessions; their name and these sessions.
    pub(super) fn take_user(&mut self, user: &UserId) -> Option<(Name, Vec<SessionKey>)> {
        let present = self.users.remove(user)?;
        if let Some(until) = present.grace {
            self.graces.remove(&(until, user.clone()));
        }
        let sessions = present.sessions.into_vec();
        for session in &sessions {
            self.sessions.remove(session);
        }
        Some((present.name, sessions))
    }

    /// Gives a user another name; whether it is another one.
    pub(super) fn rename(&mut self, user: &UserId, name: &Name) -> bool {
        match self.users.get_mut(user) {
            Some(present) if present.name != *name => {
                present.name = name.clone();
                true
            }
            _ => false,
        }
    }

    /// Users with an id above `after`, ascending; and whether more come behind these.
    pub(super) fn page(&self, after: Option<&UserId>, limit: u32) -> (Vec<Member>, bool) {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut range = self.users.from(from);
        let mut members = Vec::with_capacity(limit.min(self.users.len()));
        members.extend(range.by_ref().take(limit).map(|(user, present)| Member {
            user: user.clone(),
            name: present.name.clone(),
            since: present.since,
        }));
        (members, range.next().is_some())
    }

    /// All users.
    pub(super) fn users(&self) -> impl Iterator<Item = &UserId> {
        self.users.keys()
    }

    /// The sessions that a node's life has here, ascending, those behind `after`.
    pub(super) fn sessions_of(
        &self,
        writer: Writer,
        after: Option<SessionId>,
    ) -> impl Iterator<Item = SessionKey> {
        let first = writer.session(after.unwrap_or(SessionId(0)));
        let from = if after.is_some() { Bound::Excluded(first) } else { Bound::Included(first) };
        let sessions = self.sessions.from(from.as_ref()).map(|(session, _)| *session);
        sessions.take_while(move |session| session.writer == writer)
    }

    /// The lives of nodes that have sessions here.
    pub(super) fn writers(&self) -> impl Iterator<Item = Writer> {
        let mut next = self.sessions.keys().next().copied();
        std::iter::from_fn(move || {
            let writer = next?.writer;
            let last = writer.session(SessionId(u64::MAX));
            next = self.sessions.from(Bound::Excluded(&last)).next().map(|(session, _)| *session);
            Some(writer)
        })
    }
}

impl Sessions {
    fn add(&mut self, session: SessionKey) {
        match self {
            Self::None => *self = Self::One(session),
            Self::One(first) => *self = Self::Many(vec![*first, session]),
            Self::Many(all) => all.push(session),
        }
    }

    fn remove(&mut self, session: &SessionKey) {
        match self {
            Self::One(one) if one == session => *self = Self::None,
            Self::Many(all) => {
                all.retain(|one| one != session);
                if let [last] = all[..] {
                    *self = Self::One(last);
                }
            }
            Self::None | Self::One(_) => {}
        }
    }

    fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    fn into_vec(self) -> Vec<SessionKey> {
        match self {
            Self::None => Vec::new(),
            Self::One(one) => vec![one],
            Self::Many(all) => all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Incarnation, NodeId};

    fn key(node: u64, session: u64) -> SessionKey {
        Writer { node: NodeId(node), incarnation: Incarnation(1) }.session(SessionId(session))
    }

    fn user(id: &str) -> UserId {
        UserId::new(id).unwrap()
    }

    fn enter(roster: &mut Roster, session: SessionKey, id: &str) -> bool {
        roster.enter(session, &user(id), &Name::stored(id), Timestamp(1))
    }

    #[test]
    fn a_second_tab_is_nobody_new() {
        let mut roster = Roster::default();
        assert!(enter(&mut roster, key(1, 1), "kim"));
        assert!(!enter(&mut roster, key(2, 1), "kim"));
        assert!(!enter(&mut roster, key(1, 1), "kim"), "the same tab once more");
        assert_eq!(roster.len(), 1);
        assert_eq!(roster.take_session(&key(1, 1)), Out::Remains);
        assert_eq!(roster.take_session(&key(1, 1)), Out::NotIn);
        assert_eq!(roster.take_session(&key(2, 1)), Out::Last(user("kim")));
    }

    #[test]
    fn coming_back_ends_the_grace() {
        let mut roster = Roster::default();
        enter(&mut roster, key(1, 1), "kim");
        roster.take_session(&key(1, 1));
        roster.grace(&user("kim"), Timestamp(9));
        assert_eq!(roster.earliest_grace(), Some(&(Timestamp(9), user("kim"))));
        assert!(!enter(&mut roster, key(1, 2), "kim"));
        assert_eq!(roster.earliest_grace(), None);
        roster.grace(&user("kim"), Timestamp(9));
        assert_eq!(roster.earliest_grace(), None, "a grace for one who is there");
    }

    #[test]
    fn a_user_goes_with_everything() {
        let mut roster = Roster::default();
        for n in 1..=3 {
            enter(&mut roster, key(n, 7), "kim");
        }
        let (name, sessions) = roster.take_user(&user("kim")).unwrap();
        assert_eq!((name.as_str(), sessions.len()), ("kim", 3));
        assert!(roster.is_empty() && roster.sessions.is_empty() && roster.graces.is_empty());
        assert_eq!(roster.take_user(&user("kim")), None);
    }

    #[test]
    fn sessions_are_found_by_node() {
        let mut roster = Roster::default();
        for (node, session) in [(1, 0), (1, 5), (1, u64::MAX), (2, 3), (4, 1)] {
            enter(&mut roster, key(node, session), &format!("{node}-{session}"));
        }
        let one = key(1, 0).writer;
        let ids = |after| roster.sessions_of(one, after).map(|s| s.session.0).collect::<Vec<_>>();
        assert_eq!(ids(None), [0, 5, u64::MAX]);
        assert_eq!(ids(Some(SessionId(0))), [5, u64::MAX]);
        assert!(ids(Some(SessionId(u64::MAX))).is_empty());
        let nodes: Vec<_> = roster.writers().map(|writer| writer.node.0).collect();
        assert_eq!(nodes, [1, 2, 4]);
    }

    #[test]
    fn members_are_paged_by_id() {
        let mut roster = Roster::default();
        for (n, id) in ["c", "a", "b"].into_iter().enumerate() {
            enter(&mut roster, key(1, n as u64), id);
        }
        let ids = |after: Option<&str>, limit| {
            let (members, more) = roster.page(after.map(user).as_ref(), limit);
            (members.iter().map(|m| m.user.to_string()).collect::<String>(), more)
        };
        assert_eq!(ids(None, 2), ("ab".into(), true));
        assert_eq!(ids(Some("b"), 2), ("c".into(), false));
        assert_eq!(ids(None, 0), (String::new(), true));
        assert_eq!(ids(Some("zz"), 9), (String::new(), false));
    }
}
