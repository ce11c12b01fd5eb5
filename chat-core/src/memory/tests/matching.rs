//! Matching, as nodes see it: what they ask for, their mail, and the rooms.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;

use super::{World, attach, closing, done, entering, user, world, world_of};
use crate::entry::What;
use crate::error::{Bound, StoreError};
use crate::id::{MatchId, PoolName, RoomId, SessionId, SessionKey, UserId, Writer};
use crate::limits::{MatchRules, StoreOptions};
use crate::room::RoomPolicy;
use crate::store::{
    Blocked, Confirmed, Due, Existing, ExpiryStore, Happened, Mail, MatchStore, Next, PairBreak,
    PresenceStore, Request, RoomStore, Submitted, Withdrawn,
};
use crate::text::Tag;
use crate::why::{CloseWhy, UnmatchedWhy};

fn pool(name: &str) -> PoolName {
    PoolName::new(name).unwrap()
}

/// Users by number; each one's session has that number.
fn request(by: Writer, n: u64, tags: &[&str]) -> Request {
    Request {
        pool: pool("p"),
        user: user(&format!("u{n}")),
        session: by.session(SessionId(n)),
        tags: tags.iter().map(|tag| Tag::stored(tag)).collect(),
        strict: false,
        blocked: Vec::new(),
        policy: RoomPolicy::pair(),
    }
}

/// A match that was proposed to one session.
#[derive(Debug, Clone)]
struct Proposal {
    which: MatchId,
    room: RoomId,
    session: SessionKey,
}

impl World {
    fn submit(&self, request: Request) -> Submitted {
        done(self.store.submit(request.session.writer, request))
    }

    fn wait(&self, by: Writer, n: u64, tags: &[&str]) {
        assert_eq!(self.submit(request(by, n, tags)), Submitted::Waiting);
    }

    fn proposed(&self, by: Writer) -> Vec<Proposal> {
        let mail = done(self.store.mail(by));
        let proposed = mail.into_iter().filter_map(|mail| match mail {
            Mail::Proposed { which, room, session, .. } => Some(Proposal { which, room, session }),
            _ => None,
        });
        proposed.collect()
    }

    fn confirm(&self, p: &Proposal) -> Confirmed {
        done(self.store.confirm(p.session.writer, &pool("p"), p.which, p.session))
    }

    /// Both on this world's node wait, are paired, and have their room.
    fn pair(&self, one: u64, two: u64) -> RoomId {
        done(self.store.mail(self.by));
        for n in [one, two] {
            // A tag of their own, so that they meet each other.
            let tag = format!("{one}-{two}");
            self.wait(self.by, n, &[&tag]);
        }
        let proposed = self.proposed(self.by);
        assert_eq!(proposed.len(), 2);
        assert_eq!(self.confirm(&proposed[0]), Confirmed::Half);
        assert!(matches!(self.confirm(&proposed[1]), Confirmed::Opened { .. }));
        done(self.store.mail(self.by));
        proposed[0].room.clone()
    }

    fn breaks(&self, room: &RoomId, n: u64) -> PairBreak {
        PairBreak { room: room.clone(), session: self.session(n), user: user(&format!("u{n}")) }
    }

    fn waiting(&self, n: u64) -> bool {
        !done(self.store.waiting(&user(&format!("u{n}")))).is_empty()
    }

    fn closed(&self, room: &RoomId) -> Option<CloseWhy> {
        match &done(self.store.get(std::slice::from_ref(room)))[0] {
            Existing::Closed { why } => Some(*why),
            _ => None,
        }
    }
}

#[test]
fn two_on_two_nodes_are_brought_together() {
    let world = world();
    let (other, _) = attach(&world.store, 2);
    world.wait(world.by, 1, &["film", "music"]);
    assert!(world.waiting(1));
    world.wait(other, 2, &["music"]);
    let (one, two) = (world.proposed(world.by).remove(0), world.proposed(other).remove(0));
    assert_eq!((one.which, &one.room), (two.which, &two.room));
    assert_eq!(one.room.pool(), Some(pool("p")));
    done(world.store.subscribe(world.by, &one.room));
    assert_eq!(world.confirm(&one), Confirmed::Half);
    let Confirmed::Opened { room, wrote, users } = world.confirm(&two) else { panic!() };
    assert_eq!((&room, wrote.len()), (&one.room, 2));
    assert_eq!(users.map(|(real, _)| real), [user("u1"), user("u2")]);
    assert_eq!(*world.told.entries.lock(), wrote, "subscribed before, so nothing is missed");
    for (node, session) in [(world.by, one.session), (other, two.session)] {
        let shared = vec![Tag::stored("music")];
        let matched = Mail::Matched { pool: pool("p"), room: room.clone(), session, shared };
        assert_eq!(done(world.store.mail(node)), [matched]);
    }
    assert!(!world.waiting(1) && !world.waiting(2));
    assert_eq!(world.confirm(&two), Confirmed::Gone);
    let engaged = Submitted::Engaged { room: room.clone() };
    assert_eq!(world.submit(request(world.by, 1, &[])), engaged);
    let (name, who) = (pool("p"), user("u1"));
    let withdrawn = world.store.withdraw(world.by, &name, &who, world.session(1));
    assert_eq!(done(withdrawn), Withdrawn::Engaged { room });
}

#[test]
fn what_ends_a_pair_room_lets_its_two_wait_again() {
    type Ends = fn(&World, &RoomId);
    let ends: [(&str, Ends); 4] = [
        ("leave", |world, room| {
            done(world.store.leave(world.by, room, world.session(1)));
        }),
        ("kick", |world, room| {
            done(world.store.kick(world.by, room, &user("u2")));
        }),
        ("close", |world, room| {
            done(world.store.close(world.by, closing(room.as_str())));
        }),
        ("grace", |world, room| {
            done(world.store.lose(world.by, world.session(1), std::slice::from_ref(room)));
            world.pass(5);
        }),
    ];
    for (what, end) in ends {
        let world = world();
        let room = world.pair(1, 2);
        end(&world, &room);
        assert!(world.closed(&room).is_some(), "{what}");
        world.wait(world.by, 1, &[]);
        world.wait(world.by, 2, &[]);
        assert!(world.proposed(world.by).is_empty(), "{what}: not the last partner at once");
        world.pass(5);
        assert_eq!(world.proposed(world.by).len(), 2, "{what}");
    }
}

#[test]
fn a_node_that_dies_before_the_second_confirmation_leaves_the_other_waiting() {
    let world = world();
    let (other, _) = attach(&world.store, 2);
    world.wait(world.by, 1, &[]);
    world.clock.advance(Duration::from_millis(10));
    world.wait(other, 2, &[]);
    let (one, two) = (world.proposed(world.by).remove(0), world.proposed(other).remove(0));
    world.confirm(&two);
    done(world.store.detach(other));
    assert_eq!(world.confirm(&one), Confirmed::Gone);
    assert!(world.waiting(1) && !world.waiting(2));
    assert_eq!(world.store.rooms(), 0);
    // With the time of entry that it had: it is older than one who came meanwhile.
    let mut third = request(world.by, 3, &[]);
    third.blocked = vec![user("u1")];
    world.submit(third);
    world.wait(world.by, 4, &[]);
    let sessions: Vec<_> = world.proposed(world.by).iter().map(|p| p.session).collect();
    assert_eq!(sessions, [world.session(1), world.session(4)]);
}

#[test]
fn a_node_that_is_over_neither_waits_nor_confirms() {
    let world = world();
    let (other, _) = attach(&world.store, 2);
    world.wait(world.by, 1, &[]);
    world.wait(other, 2, &[]);
    let two = world.proposed(other).remove(0);
    done(world.store.detach(other));
    let fenced = |result| matches!(result, Err(StoreError::Fenced));
    let name = pool("p");
    let confirm = world.store.confirm(other, &name, two.which, two.session);
    assert!(fenced(confirm.now_or_never().unwrap().map(|_| ())));
    let submit = world.store.submit(world.by, request(other, 3, &[]));
    assert!(fenced(submit.now_or_never().unwrap().map(|_| ())));
    assert!(!world.waiting(3));
}

#[test]
fn a_dead_nodes_tickets_are_taken_out_a_batch_at_a_time() {
    let options = StoreOptions { reap_batch: 2, ..StoreOptions::default() };
    let world = world_of(options);
    let (other, _) = attach(&world.store, 2);
    for n in 10..15 {
        let mut request = request(other, n, &[&format!("t{n}")]);
        request.pool = pool(if n % 2 == 0 { "even" } else { "odd" });
        request.strict = true;
        world.submit(request);
    }
    world.wait(world.by, 1, &[]);
    world.wait(other, 2, &[]);
    assert_eq!(world.proposed(world.by).len(), 1);
    done(world.store.detach(other));
    let mut more = vec![];
    while more.last() != Some(&false) {
        more.push(done(world.store.reap(world.by, &Due::Node(other))).more);
    }
    assert_eq!(more, [true, true, false]);
    for n in (10..15).chain([2]) {
        assert!(!world.waiting(n), "{n}");
    }
    assert!(world.waiting(1), "and the match that was proposed is broken");
    world.wait(world.by, 3, &[]);
    assert_eq!(world.proposed(world.by).len(), 2);
    assert_eq!(world.store.pools.names(), [pool("p")]);
}

#[test]
fn next_leaves_and_waits_in_one_step() {
    let world = world();
    let room = world.pair(1, 2);
    // A second tab of the same user is out with it.
    done(world.store.enter(world.by, entering(room.as_str(), world.session(11), "u1")));
    world.wait(world.by, 3, &[]);
    let next = |leave, request| done(world.store.next(world.by, leave, request));
    let mut strange = world.breaks(&room, 1);
    strange.session = world.session(9);
    assert_eq!(next(strange, request(world.by, 1, &[])), Next::NotMember);
    let mut strange = world.breaks(&room, 3);
    strange.session = world.session(1);
    assert_eq!(next(strange, request(world.by, 3, &[])), Next::NotMember);
    assert_eq!(world.closed(&room), None);
    let Next::Waiting { wrote } = next(world.breaks(&room, 1), request(world.by, 1, &[])) else {
        panic!()
    };
    assert!(matches!(wrote[0].what, What::Left { .. }));
    assert!(matches!(wrote[1].what, What::Closed { why: CloseWhy::PartnerLeft }));
    let proposed = world.proposed(world.by);
    let sessions: Vec<_> = proposed.iter().map(|p| p.session).collect();
    assert_eq!(sessions, [world.session(3), world.session(1)]);
    // The other one of the two says `next` in the room that has closed.
    let gone = next(world.breaks(&room, 2), request(world.by, 2, &[]));
    assert_eq!(gone, Next::Waiting { wrote: vec![] });
    for p in &proposed {
        world.confirm(p);
    }
    let again = next(world.breaks(&room, 1), request(world.by, 1, &[]));
    assert_eq!(again, Next::Engaged { room: proposed[0].room.clone() });
    let unknown = RoomId::random_pair(&pool("p"));
    assert_eq!(next(world.breaks(&unknown, 2), request(world.by, 2, &[])), Next::Missing);
    let other_pool = RoomId::random_pair(&pool("q"));
    assert_eq!(next(world.breaks(&other_pool, 2), request(world.by, 2, &[])), Next::Missing);
    assert_eq!(world.store.pools.names(), [pool("p")], "nothing was made for it");
}

#[test]
fn next_is_refused_before_anything_is_left() {
    let rules = MatchRules { waiting: 2, ..MatchRules::default() };
    let world = world_of(StoreOptions { matching: rules, ..StoreOptions::default() });
    let room = world.pair(1, 2);
    world.wait(world.by, 3, &["a"]);
    world.wait(world.by, 4, &["b"]);
    let refused = world.store.next(world.by, world.breaks(&room, 1), request(world.by, 1, &[]));
    let refused = refused.now_or_never().unwrap();
    assert!(matches!(refused, Err(StoreError::TooMany { bound: Bound::Waiting, max: 2 })));
    assert_eq!(world.closed(&room), None);
}

#[test]
fn who_is_blocked_is_never_met_again() {
    for late in [false, true] {
        let world = world();
        let room = world.pair(1, 2);
        let block = |n| done(world.store.block(world.by, world.breaks(&room, n)));
        assert_eq!(block(3), Blocked::NotMember);
        if late {
            done(world.store.leave(world.by, &room, world.session(1)));
        }
        let Blocked::Blocked { wrote } = block(1) else { panic!() };
        assert_eq!(wrote.len(), if late { 0 } else { 2 });
        assert_eq!(world.closed(&room), Some(CloseWhy::PartnerLeft));
        world.wait(world.by, 1, &[]);
        world.wait(world.by, 2, &[]);
        for _ in 0..600 {
            world.pass(1);
        }
        assert!(world.proposed(world.by).is_empty());
        assert!(world.waiting(1) && world.waiting(2));
        world.wait(world.by, 3, &[]);
        assert_eq!(world.proposed(world.by).len(), 2);
        assert_eq!(block(1), Blocked::Missing, "remembered no longer");
    }
}

#[test]
fn what_comes_with_time_comes_with_reaping() {
    let world = world();
    world.wait(world.by, 1, &["a"]);
    world.wait(world.by, 2, &["b"]);
    assert!(world.proposed(world.by).is_empty());
    assert_eq!(world.pass(3), []);
    let proposed = world.proposed(world.by);
    assert_eq!(proposed.len(), 2, "both have widened");
    world.confirm(&proposed[0]);
    assert_eq!(world.pass(3), [Happened::Lapsed { pool: pool("p") }]);
    let session = proposed[1].session;
    let lapsed = Mail::Unmatched { pool: pool("p"), session, why: UnmatchedWhy::Lapsed };
    assert_eq!(done(world.store.mail(world.by)), [lapsed]);
    assert!(world.waiting(1) && !world.waiting(2));
    done(world.store.lose_place(world.by, world.session(1), &user("u1"), &[pool("p"), pool("q")]));
    assert_eq!(done(world.store.waiting(&user("u1"))), [pool("p")]);
    world.pass(5);
    assert!(!world.waiting(1));
    assert!(world.store.pools.names().is_empty(), "nothing is left of the pool");
    assert_eq!(done(world.store.peek(0, 9)).due, []);
}

#[test]
fn places_and_matches_are_not_judged_after_a_long_silence() {
    let world = world();
    world.wait(world.by, 1, &[]);
    world.wait(world.by, 2, &[]);
    world.wait(world.by, 3, &["c"]);
    done(world.store.lose_place(world.by, world.session(3), &user("u3"), &[pool("p")]));
    let proposed = world.proposed(world.by);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.sweep().happened, []);
    assert!(world.waiting(3));
    world.confirm(&proposed[0]);
    assert!(matches!(world.confirm(&proposed[1]), Confirmed::Opened { .. }));
    world.pass(16);
    assert!(!world.waiting(3));
}

#[test]
fn a_pool_goes_when_nothing_is_left_in_it() {
    let rules = MatchRules { partners_kept: Duration::from_secs(10), ..MatchRules::default() };
    let world = world_of(StoreOptions { matching: rules, ..StoreOptions::default() });
    let room = world.pair(1, 2);
    done(world.store.leave(world.by, &room, world.session(1)));
    assert_eq!(world.store.pools.names().len(), 1, "it remembers the last partners");
    world.pass(200);
    assert!(world.store.pools.names().is_empty());
    assert_eq!((world.store.rooms(), world.store.registry.cells()), (0, 0));
}

#[test]
fn many_at_once_are_each_in_one_room_with_one_other() {
    const USERS: u64 = 400;
    let world = world();
    let nodes: Vec<Writer> = (10..14).map(|n| attach(&world.store, n).0).collect();
    thread::scope(|scope| {
        for (i, node) in nodes.iter().enumerate() {
            let world = &world;
            scope.spawn(move || {
                for n in (0..USERS).filter(|n| *n % 4 == i as u64) {
                    world.wait(*node, n, &[]);
                    if n % 7 == 0 {
                        // Asks once more from another tab, which may break what is proposed.
                        let mut again = request(*node, n, &[]);
                        again.session = node.session(SessionId(1_000 + n));
                        world.submit(again);
                    }
                    for p in world.proposed(*node) {
                        world.confirm(&p);
                    }
                }
            });
        }
    });
    // What was proposed behind somebody's back is confirmed now.
    for _ in 0..3 {
        for node in &nodes {
            for p in world.proposed(*node) {
                world.confirm(&p);
            }
        }
    }
    let mut rooms: BTreeMap<RoomId, BTreeSet<UserId>> = BTreeMap::new();
    let mut alone = 0;
    for n in 0..USERS {
        let user = user(&format!("u{n}"));
        let of = done(world.store.rooms_of(&user, 9));
        assert!(of.len() <= 1, "{user} is in {of:?}");
        match of.into_iter().next() {
            Some(room) => {
                assert!(!world.waiting(n));
                rooms.entry(room).or_default().insert(user);
            }
            None => alone += 1,
        }
    }
    assert!(rooms.values().all(|users| users.len() == 2));
    assert_eq!(alone, 0, "an even number, and all take anybody");
}
