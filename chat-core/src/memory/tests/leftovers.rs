//! What a room, a user or a node leaves behind: nothing.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::{any, proptest};

use super::{attach, closing, done, entering, id, new_room, saying, user, world, world_of};
use crate::body::Body;
use crate::entry::What;
use crate::error::{Bound, StoreError};
use crate::id::{RoomId, SessionId};
use crate::limits::StoreOptions;
use crate::room::Presence;
use crate::store::{
    Appended, Due, Entered, ExpiryStore, Happened, Mail, MatchStore, PresenceStore, RankingStore,
    Resumed, RoomStore,
};
use crate::why::{CloseWhy, LeftWhy};

#[test]
fn a_closed_room_is_remembered_for_a_minute_and_then_is_not() {
    let world = world();
    let mut room = new_room("r");
    room.policy.idle = Some(Duration::from_secs(60));
    world.open(room);
    world.enter("r", 1, "kim");
    assert_eq!(world.pass(59), []);
    assert_eq!(world.pass(1), [Happened::Closed { room: id("r"), why: CloseWhy::Idle }]);
    assert!(done(world.store.rooms_of(&user("kim"), 9)).is_empty());
    assert_eq!(done(world.store.page(crate::list::Order::Live, Default::default())).total, 0);
    let late = done(world.store.append(world.by, saying("r", None)));
    assert_eq!(late, Appended::Closed { why: CloseWhy::Idle });
    assert_eq!(world.pass(59), []);
    assert_eq!(world.pass(1), [Happened::Forgotten { room: id("r") }]);
    assert_eq!(done(world.store.append(world.by, saying("r", None))), Appended::Missing);
    assert_eq!((world.store.rooms(), world.store.registry.cells()), (0, 0));
}

#[test]
fn a_room_opened_again_tells_how_it_ended_before() {
    let world = world();
    let before = world.open(new_room("r"));
    world.enter("r", 1, "kim");
    done(world.store.close(world.by, closing("r")));
    let after = world.open(new_room("r"));
    assert_ne!(before.epoch, after.epoch);
    let late = done(world.store.append(world.by, saying("r", Some(before.epoch))));
    assert_eq!(late, Appended::Closed { why: CloseWhy::Admin });
    let cursor = crate::entry::Cursor { epoch: before.epoch, n: 1, at: None };
    let Resumed::Lost { ended: Some(ended), .. } = done(world.store.resume(&id("r"), cursor, 10))
    else {
        panic!("the end is known");
    };
    assert!(ended.is_closed() && ended.epoch == before.epoch && ended.n == 2);
    // The first room's end does not end the second.
    assert!(world.pass(120).is_empty());
}

#[test]
fn subscribing_to_what_is_not_there_leaves_nothing() {
    let world = world();
    let first = done(world.store.subscribe(world.by, &id("r")));
    let second = done(world.store.subscribe(world.by, &id("r")));
    assert!(second > first);
    world.open(new_room("r"));
    done(world.store.append(world.by, saying("r", None)));
    assert_eq!(world.told.entries.lock().len(), 1, "one node is told once");
    done(world.store.unsubscribe(world.by, &id("r"), first));
    done(world.store.append(world.by, saying("r", None)));
    assert_eq!(world.told.entries.lock().len(), 2, "the later subscription is not touched");
    done(world.store.unsubscribe(world.by, &id("r"), second));
    done(world.store.append(world.by, saying("r", None)));
    assert_eq!(world.told.entries.lock().len(), 2);
    for n in 0..100 {
        let room = id(&format!("no{n}"));
        let which = done(world.store.subscribe(world.by, &room));
        done(world.store.unsubscribe(world.by, &room, which));
    }
    assert_eq!(world.store.registry.cells(), 1);
}

#[test]
fn a_dead_nodes_sessions_are_taken_out_in_batches_each_user_once() {
    let world = world_of(StoreOptions { reap_batch: 10, ..StoreOptions::default() });
    let (dying, sink) = attach(&world.store, 2);
    world.open(new_room("a"));
    world.open(new_room("b"));
    done(world.store.subscribe(dying, &id("a")));
    done(world.store.subscribe(dying, &id("nothing")));
    for n in 0..25 {
        let room = if n < 15 { "a" } else { "b" };
        let enter = entering(room, dying.session(SessionId(n)), &format!("u{n}"));
        done(world.store.enter(dying, enter));
    }
    // One of them has another session elsewhere, and stays.
    world.enter("a", 1, "u3");
    assert_eq!(Arc::strong_count(&sink), 2);
    done(world.store.detach(dying));
    assert_eq!(Arc::strong_count(&sink), 1, "the sink is forgotten");
    let mut left = Vec::new();
    let mut steps = 0;
    loop {
        let reaped = done(world.store.reap(world.by, &Due::Node(dying)));
        assert!(reaped.wrote.len() <= 10);
        assert_eq!(reaped.happened.contains(&Happened::Dead { writer: dying }), steps == 0);
        left.extend(reaped.wrote);
        steps += 1;
        if !reaped.more {
            break;
        }
    }
    let users: std::collections::BTreeSet<_> = left
        .iter()
        .map(|entry| match &entry.what {
            What::Left { user, why: LeftWhy::Lost, .. } => user.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((left.len(), users.len()), (24, 24));
    assert!(!users.contains("u3"));
    assert!(world.store.nodes.find(dying).is_none());
    assert_eq!(world.store.registry.cells(), 2, "no subscription to what is not there");
}

#[test]
fn a_batch_that_fits_leaves_no_more() {
    let world = world_of(StoreOptions { reap_batch: 10, ..StoreOptions::default() });
    let (dying, _) = attach(&world.store, 2);
    world.open(new_room("a"));
    done(world.store.subscribe(dying, &id("a")));
    for n in 0..20 {
        let enter = entering("a", dying.session(SessionId(n)), &format!("u{n}"));
        done(world.store.enter(dying, enter));
    }
    done(world.store.detach(dying));
    assert!(done(world.store.reap(world.by, &Due::Node(dying))).more);
    assert!(!done(world.store.reap(world.by, &Due::Node(dying))).more);
}

#[test]
fn graces_are_not_judged_when_nobody_could_have_come_back() {
    let world = world();
    world.open(new_room("r"));
    world.enter("r", 1, "kim");
    done(world.store.lose(world.by, world.session(1), &[id("r")]));
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.sweep().happened, [], "nobody is judged");
    assert_eq!(done(world.store.members(&id("r"), None, 9)).unwrap().count, 1);
    done(world.store.renew(world.by, 0));
    assert_eq!(world.pass(14), []);
    assert_eq!(world.pass(1), [Happened::Gone { room: id("r"), users: 1 }]);
}

#[test]
fn graces_end_in_batches_and_the_room_goes_empty_afterwards() {
    let world = world_of(StoreOptions { reap_batch: 4, ..StoreOptions::default() });
    let mut room = new_room("r");
    room.policy.empty = Some(Duration::from_secs(10));
    world.open(room);
    for n in 0..10 {
        world.enter("r", n, &format!("u{n}"));
        done(world.store.lose(world.by, world.session(n), &[id("r")]));
    }
    world.clock.advance(Duration::from_secs(5));
    let gone: Vec<_> =
        (0..3).map(|_| done(world.store.reap(world.by, &Due::Room(id("r"))))).collect();
    assert_eq!(gone.iter().map(|reaped| reaped.more).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(gone.iter().map(|reaped| reaped.wrote.len()).collect::<Vec<_>>(), [4, 4, 2]);
    assert_eq!(world.pass(9), []);
    assert_eq!(world.pass(1), [Happened::Closed { room: id("r"), why: CloseWhy::Empty }]);
}

#[test]
fn who_is_kicked_is_told_where_they_are() {
    let world = world();
    let (other, _) = attach(&world.store, 2);
    world.open(new_room("r"));
    world.enter("r", 1, "kim");
    done(world.store.enter(other, entering("r", other.session(SessionId(5)), "kim")));
    done(world.store.kick(world.by, &id("r"), &user("kim")));
    for (writer, session) in [(world.by, 1), (other, 5)] {
        let sessions = vec![writer.session(SessionId(session))];
        assert_eq!(done(world.store.mail(writer)), [Mail::Kicked { room: id("r"), sessions }]);
        assert!(done(world.store.mail(writer)).is_empty());
        assert!(done(world.store.index(writer, None, 9)).is_empty());
    }
}

#[test]
fn the_bound_on_rooms_holds_and_who_is_refused_leaves_nothing() {
    let world = world_of(StoreOptions { rooms: 2, ..StoreOptions::default() });
    world.open(new_room("a"));
    world.open(new_room("b"));
    let mut enter = entering("c", world.session(1), "kim");
    enter.create = Some(new_room("c"));
    let refused = futures_util::FutureExt::now_or_never(world.store.enter(world.by, enter.clone()));
    let refused = refused.expect("complete").unwrap_err();
    assert!(matches!(refused, StoreError::TooMany { bound: Bound::Rooms, max: 2 }));
    assert_eq!(world.store.nodes.find(world.by).unwrap().first_room(), None);
    assert_eq!(world.store.registry.cells(), 2);
    done(world.store.close(world.by, closing("a")));
    world.pass(60);
    assert!(matches!(done(world.store.enter(world.by, enter)), Entered::In(_)));
}

#[test]
fn the_index_is_paged_through_rooms_and_sessions() {
    let world = world();
    let mut all = Vec::new();
    for room in ["b", "a", "c"] {
        world.open(new_room(room));
        for n in 0..4 {
            world.enter(room, n, &format!("u{n}"));
        }
        // Somebody else's session is not in it.
        let (other, _) = attach(&world.store, 2);
        done(world.store.enter(other, entering(room, other.session(SessionId(2)), "lee")));
    }
    let mut after = None;
    loop {
        let rows = done(world.store.index(world.by, after.clone(), 3));
        assert!(rows.len() <= 3);
        let Some(last) = rows.last() else { break };
        after = Some(last.clone());
        all.extend(rows);
    }
    assert_eq!(all.len(), 12);
    assert!(all.is_sorted());
    assert!(done(world.store.index(world.by, None, 0)).is_empty());
}

proptest! {
    #[test]
    fn after_everything_has_ended_nothing_is_left(
        steps in proptest::collection::vec((0u8..9, 0u64..5, 0u64..4, any::<bool>()), 0..120)
    ) {
        let world = world();
        let (store, by) = (&world.store, world.by);
        let (other, sink) = attach(store, 2);
        let rooms: Vec<RoomId> = (0..4).map(|n| id(&format!("r{n}"))).collect();
        for (kind, who, room, flag) in steps {
            let (room, name) = (&rooms[room as usize], format!("u{who}"));
            let writer = if flag { by } else { other };
            let session = writer.session(SessionId(who));
            match kind {
                0 | 1 => {
                    let mut enter = entering(room.as_str(), session, &name);
                    let mut new = new_room(room.as_str());
                    if room == "r3" {
                        new.policy.presence = Presence::Count;
                    }
                    enter.create = Some(new);
                    done(store.enter(writer, enter));
                }
                2 => drop(done(store.leave(writer, room, session))),
                3 => drop(done(store.lose(writer, session, std::slice::from_ref(room)))),
                4 => drop(done(store.kick(by, room, &user(&name)))),
                5 => drop(done(store.close(by, closing(room.as_str())))),
                6 => drop(done(store.append(by, saying(room.as_str(), None)))),
                7 => drop(done(store.subscribe(writer, room))),
                _ => {
                    world.pass(1);
                    done(store.renew(other, 1));
                }
            }
            // The indexes say what the rosters say.
            for n in 0..5 {
                let who = user(&format!("u{n}"));
                let listed = done(store.rooms_of(&who, 9));
                let is_in = |room: &&RoomId| {
                    let page = done(store.members(room, None, 9));
                    page.is_some_and(|page| page.members.iter().any(|m| m.user == who))
                };
                assert_eq!(listed, rooms.iter().filter(is_in).cloned().collect::<Vec<_>>());
            }
            let signal = done(store.signal(by, room, session, Body::text("x")));
            let row = crate::store::IndexRow { room: room.clone(), session: session.session };
            let listed = done(store.index(writer, None, 99)).contains(&row);
            assert_eq!(listed, signal == crate::store::Signalled::Sent);
        }
        done(store.detach(other));
        world.sweep();
        for room in &rooms {
            done(store.close(by, closing(room.as_str())));
        }
        world.pass(60);
        assert_eq!((store.rooms(), store.users.len()), (0, 0));
        assert!(store.nodes.find(other).is_none());
        assert_eq!(Arc::strong_count(&sink), 1);
        let life = store.nodes.find(by).unwrap();
        assert_eq!(life.next_room(std::ops::Bound::Unbounded), None);
        while let Some(room) = life.first_room() {
            // What is left are subscriptions of the node that lives.
            done(store.unsubscribe(by, &room, crate::store::Subscription(0)));
            assert!(rooms.contains(&room));
            life.nothing_in(&room);
        }
        let peeked = done(store.peek(0, 9));
        assert!(peeked.due.is_empty() && peeked.next.is_some(), "only the living node's lease");
    }
}
