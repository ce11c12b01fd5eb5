//! Pair rooms, as matching opens and ends them.

use std::time::Duration;

use super::super::pair::{PairOpened, PairRoom, Side};
use super::{World, attach, closing, done, entering, new_room, user, world};
use crate::body::Body;
use crate::entry::What;
use crate::id::{PoolName, RoomId, SessionId, SessionKey, UserId, Writer};
use crate::room::RoomPolicy;
use crate::store::{
    Appended, Confirmed, Departure, Due, Entered, ExpiryStore, Happened, Mail, MatchStore,
    PairBreak, PresenceStore, Request, RoomStore, Say, Speaker,
};
use crate::text::Name;
use crate::why::{CloseWhy, LeftWhy};

/// Kim and Lee, each on a node of their own, in a pair room.
struct Two {
    world: World,
    lees: Writer,
    pool: PoolName,
    room: RoomId,
    users: [(UserId, UserId); 2],
}

fn two() -> Two {
    let world = world();
    let (lees, _) = attach(&world.store, 2);
    let pool = PoolName::new("random").unwrap();
    let [kim, lee] = sides(world.session(1), lees.session(SessionId(2)));
    for side in [&kim, &lee] {
        let request = Request {
            pool: pool.clone(),
            user: side.user.clone(),
            session: side.session,
            tags: Vec::new(),
            strict: false,
            blocked: Vec::new(),
            policy: RoomPolicy::pair(),
        };
        done(world.store.submit(side.session.writer, request));
    }
    let mail = done(world.store.mail(world.by));
    let [Mail::Proposed { which, room, .. }] = &mail[..] else { panic!("{mail:?}") };
    let (which, room) = (*which, room.clone());
    done(world.store.mail(lees));
    done(world.store.subscribe(world.by, &room));
    assert_eq!(done(world.store.confirm(lees, &pool, which, lee.session)), Confirmed::Half);
    let opened = done(world.store.confirm(world.by, &pool, which, kim.session));
    let Confirmed::Opened { wrote, users, .. } = opened else { panic!("{opened:?}") };
    assert_eq!(*world.told.entries.lock(), wrote);
    for node in [world.by, lees] {
        assert!(matches!(done(world.store.mail(node))[..], [Mail::Matched { .. }]));
    }
    Two { world, lees, pool, room, users }
}

fn sides(kim: SessionKey, lee: SessionKey) -> [Side; 2] {
    [Side { user: user("kim"), session: kim }, Side { user: user("lee"), session: lee }]
}

fn open(world: &World, pool: &PoolName, room: &RoomId, sides: &[Side; 2]) -> PairOpened {
    let (store, policy) = (&world.store, RoomPolicy::pair());
    let opened = store.pools.with_or_new(pool, &store.deadlines, |pool| {
        store.open_pair(pool, room, &policy, sides).unwrap()
    });
    opened.unwrap()
}

impl Two {
    fn engaged(&self, who: &str) -> Option<RoomId> {
        let store = &self.world.store;
        let engaged =
            |pool: &mut super::super::pools::Pool| pool.rules.engaged(&user(who)).cloned();
        store.pools.with(&self.pool, &store.deadlines, engaged).flatten()
    }

    fn ended(&self, why: CloseWhy) {
        assert_eq!((self.engaged("kim"), self.engaged("lee")), (None, None));
        let known = self.world.store.pair_room(&self.room).unwrap();
        assert_eq!(known, PairRoom { users: self.users.clone(), closed: Some(why) });
        for who in ["kim", "lee"] {
            assert!(done(self.world.store.rooms_of(&user(who), 9)).is_empty());
        }
        for writer in [self.world.by, self.lees] {
            assert!(done(self.world.store.index(writer, None, 9)).is_empty());
        }
    }
}

#[test]
fn both_are_in_at_once_and_go_by_aliases() {
    let two = two();
    let store = &two.world.store;
    assert_eq!(two.engaged("kim"), Some(two.room.clone()));
    assert_eq!(two.engaged("lee"), Some(two.room.clone()));
    assert_eq!(done(store.rooms_of(&user("kim"), 9)), std::slice::from_ref(&two.room));
    let page = done(store.members(&two.room, None, 9)).unwrap();
    let mut aliases: Vec<_> = two.users.iter().map(|(_, alias)| alias.clone()).collect();
    aliases.sort();
    assert!(page.members.iter().map(|member| &member.user).eq(&aliases));
    assert_eq!(page.cursor.n, 2);
    assert_eq!(done(store.index(two.world.by, None, 9)).len(), 1);
    let told = format!("{:?}", two.world.told.entries.lock());
    assert!(!told.contains("kim") && !told.contains("lee"), "{told}");
    let room = store.pair_room(&two.room).unwrap();
    assert_eq!(room, PairRoom { users: two.users.clone(), closed: None });
}

#[test]
fn a_second_tab_may_in_and_nobody_else() {
    let two = two();
    let room = two.room.as_str();
    let mut enter = entering(room, two.world.session(9), "kim");
    let Entered::In(admission) = done(two.world.store.enter(two.world.by, enter.clone())) else {
        panic!("kim may");
    };
    assert_eq!(admission.snapshot.you, two.users[0].1);
    assert!(admission.wrote.is_empty());
    enter.session = two.world.session(10);
    enter.user = user("sue");
    assert_eq!(done(two.world.store.enter(two.world.by, enter.clone())), Entered::Forbidden);
    // An alias is nobody who can come in.
    enter.user = two.users[0].1.clone();
    assert_eq!(done(two.world.store.enter(two.world.by, enter)), Entered::Forbidden);
}

#[test]
fn what_is_said_is_said_by_an_alias() {
    let two = two();
    let say = |author| {
        let body = Body::text("x");
        let say =
            Say { room: two.room.clone(), epoch: None, author, body, key: None, attempt: 0.into() };
        match done(two.world.store.append(two.world.by, say)) {
            Appended::Written(entry) => entry.said().unwrap().by.clone(),
            Appended::NotMember => Some(user("nobody")),
            other => panic!("{other:?}"),
        }
    };
    let (kim, alias) = two.users[0].clone();
    let vouched = |user| Speaker::User { user, name: Name::stored("Kim") };
    let session = two.world.session(1);
    assert_eq!(say(Speaker::Session { session, user: kim.clone() }), Some(alias.clone()));
    assert_eq!(say(vouched(kim)), Some(alias.clone()));
    assert_eq!(say(vouched(alias.clone())), Some(alias));
    assert_eq!(say(vouched(user("sue"))), Some(user("nobody")));
    assert_eq!(say(Speaker::Session { session, user: user("lee") }), Some(user("nobody")));
    assert_eq!(say(Speaker::System), None);
}

#[test]
fn leaving_takes_the_user_out_with_all_sessions_and_ends_the_talk() {
    let two = two();
    let (store, by) = (&two.world.store, two.world.by);
    done(store.enter(by, entering(two.room.as_str(), two.world.session(9), "kim")));
    let Departure::Out { wrote } = done(store.leave(by, &two.room, two.world.session(9))) else {
        panic!("kim is in");
    };
    assert!(matches!(wrote[0].what, What::Left { why: LeftWhy::Left, live: 1, .. }));
    assert!(matches!(wrote[1].what, What::Closed { why: CloseWhy::PartnerLeft }));
    assert_eq!(wrote.len(), 2);
    two.ended(CloseWhy::PartnerLeft);
}

#[test]
fn matching_ends_a_room_within_its_own_step() {
    let two = two();
    let store = &two.world.store;
    let life = store.nodes.living(two.world.by).unwrap();
    let leave = |session, who: &str| {
        let leave = PairBreak { room: two.room.clone(), session, user: user(who) };
        let leave_it = |pool: &mut super::super::pools::Pool| store.leave_pair(pool, &life, &leave);
        store.pools.with(&two.pool, &store.deadlines, leave_it).unwrap().unwrap()
    };
    assert_eq!(leave(two.world.session(9), "kim"), Departure::NotMember);
    assert_eq!(leave(two.world.session(1), "lee"), Departure::NotMember);
    assert!(
        matches!(leave(two.world.session(1), "kim"), Departure::Out { wrote } if wrote.len() == 2)
    );
    let why = CloseWhy::PartnerLeft;
    assert_eq!(leave(two.world.session(1), "kim"), Departure::Closed { why });
    two.ended(why);
}

#[test]
fn every_other_end_releases_both_too() {
    let gone = two();
    done(gone.world.store.lose(
        gone.lees,
        gone.lees.session(SessionId(2)),
        std::slice::from_ref(&gone.room),
    ));
    assert_eq!(gone.engaged("kim"), Some(gone.room.clone()), "within the grace");
    let why = CloseWhy::PartnerLeft;
    let (users, room) = (1, gone.room.clone());
    let expected = [Happened::Gone { room: room.clone(), users }, Happened::Closed { room, why }];
    assert_eq!(gone.world.pass(5), expected);
    gone.ended(why);

    let kicked = two();
    let alias = &kicked.users[1].1;
    done(kicked.world.store.kick(kicked.world.by, &kicked.room, alias));
    let sessions = vec![kicked.lees.session(SessionId(2))];
    let room = kicked.room.clone();
    assert_eq!(done(kicked.world.store.mail(kicked.lees)), [Mail::Kicked { room, sessions }]);
    kicked.ended(why);

    let closed = two();
    done(closed.world.store.close(closed.world.by, closing(closed.room.as_str())));
    closed.ended(CloseWhy::Admin);

    let idle = two();
    for _ in 0..60 {
        idle.world.pass(10);
        // The other node's lease goes on.
        done(idle.world.store.renew(idle.lees, 0));
    }
    idle.ended(CloseWhy::Idle);

    let dead = two();
    done(dead.world.store.detach(dead.lees));
    let reaped = done(dead.world.store.reap(dead.world.by, &Due::Node(dead.lees)));
    assert_eq!((reaped.wrote.len(), reaped.more), (2, false));
    assert_eq!((dead.engaged("kim"), dead.engaged("lee")), (None, None));
}

#[test]
fn of_two_ends_the_first_is_the_one_and_only() {
    let two = two();
    done(two.world.store.lose(
        two.lees,
        two.lees.session(SessionId(2)),
        std::slice::from_ref(&two.room),
    ));
    // Nobody reaps for ten minutes, but somebody looks: when it is done the room has been idle for too long, too.
    for _ in 0..125 {
        two.world.clock.advance(Duration::from_secs(5));
        done(two.world.store.peek(0, 9));
    }
    let reaped = done(two.world.store.reap(two.world.by, &Due::Room(two.room.clone())));
    assert_eq!(reaped.wrote.len(), 2);
    two.ended(CloseWhy::PartnerLeft);
}

#[test]
fn no_room_is_opened_with_a_dead_node() {
    let world = world();
    let (lees, _) = attach(&world.store, 2);
    let pool = PoolName::new("random").unwrap();
    let room = RoomId::random_pair(&pool);
    done(world.store.detach(lees));
    let sides = sides(world.session(1), lees.session(SessionId(2)));
    assert_eq!(open(&world, &pool, &room, &sides), PairOpened::Over([false, true]));
    assert_eq!((world.store.rooms(), world.store.registry.cells()), (0, 0));
    assert!(done(world.store.index(world.by, None, 9)).is_empty());
}

#[test]
fn nobody_but_matching_opens_a_pair_room() {
    let world = world();
    let refused =
        futures_util::FutureExt::now_or_never(world.store.open(world.by, new_room("random~abc")));
    assert!(refused.expect("complete").is_err());
    let mut enter = entering("random~abc", world.session(1), "kim");
    enter.create = Some(new_room("x"));
    let refused = futures_util::FutureExt::now_or_never(world.store.enter(world.by, enter));
    assert!(refused.expect("complete").is_err());
    assert_eq!(world.store.registry.cells(), 0);
}
