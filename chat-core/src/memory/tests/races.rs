//! Many threads at the same room.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use futures_util::FutureExt;

use super::{World, attach, closing, done, entering, id, new_room, saying, user, world};
use crate::entry::Cursor;
use crate::id::{PoolName, SessionId};
use crate::list::{Order, Page};
use crate::room::RoomPolicy;
use crate::store::{
    Appended, Closing, Due, Entered, ExpiryStore, MatchStore, Opened, PresenceStore, RankingStore,
    Request, Resumed, RoomStore,
};

const THREADS: usize = 4;

/// Runs the same on all threads at once.
fn together(run: impl Fn(usize) + Sync) {
    let ready = AtomicUsize::new(0);
    thread::scope(|scope| {
        for n in 0..THREADS {
            let (run, ready) = (&run, &ready);
            scope.spawn(move || {
                ready.fetch_add(1, Ordering::SeqCst);
                while ready.load(Ordering::SeqCst) < THREADS {
                    std::hint::spin_loop();
                }
                run(n);
            });
        }
    });
}

#[test]
fn one_closer_wins_and_closed_is_the_last_entry() {
    for _ in 0..200 {
        let World { store, by, told, .. } = world();
        done(store.open(by, new_room("r")));
        done(store.subscribe(by, &id("r")));
        let won = AtomicUsize::new(0);
        together(|n| {
            if n > 0 {
                done(store.append(by, saying("r", None)));
            }
            if let Closing::Closed(_) = done(store.close(by, closing("r"))) {
                won.fetch_add(1, Ordering::SeqCst);
            }
            let late = done(store.append(by, saying("r", None)));
            assert!(matches!(late, Appended::Closed { .. }), "{late:?}");
        });
        assert_eq!(won.into_inner(), 1);
        let told = told.entries.lock();
        assert_eq!(told.iter().filter(|entry| entry.is_closed()).count(), 1);
        assert!(told.last().unwrap().is_closed());
    }
}

#[test]
fn the_log_has_no_holes_and_sinks_are_told_in_its_order() {
    let World { store, by, told, .. } = world();
    done(store.open(by, new_room("r")));
    done(store.subscribe(by, &id("r")));
    together(|n| {
        let session = by.session(SessionId(n as u64));
        for round in 0..500 {
            if round % 10 == 0 {
                let who = format!("u{n}");
                done(store.enter(by, entering("r", session, &who)));
                done(store.leave(by, &id("r"), session));
            }
            done(store.append(by, saying("r", None)));
        }
    });
    let told = told.entries.lock();
    let written = (THREADS * (500 + 2 * 50)) as u64;
    assert!(told.iter().map(|entry| entry.n).eq(1..=written));
    assert!(told.is_sorted_by_key(|entry| entry.at));
    let before = Cursor { epoch: told[0].epoch, n: written - 300, at: None };
    let Resumed::Entries { entries, .. } = done(store.resume(&id("r"), before, 1_000)) else {
        panic!("the newest are kept");
    };
    assert_eq!(entries, told[told.len() - 300..]);
}

#[test]
fn a_snapshot_ends_where_what_is_told_goes_on() {
    let World { store, by, told, .. } = world();
    done(store.open(by, new_room("r")));
    done(store.subscribe(by, &id("r")));
    together(|n| {
        let session = by.session(SessionId(n as u64));
        for round in 0..300 {
            if n > 0 {
                done(store.append(by, saying("r", None)));
                continue;
            }
            let who = format!("u{round}");
            let Entered::In(admission) = done(store.enter(by, entering("r", session, &who))) else {
                panic!("the room is open");
            };
            let snapshot = admission.snapshot;
            assert!(snapshot.members.iter().any(|member| member.user == who.as_str()));
            assert_eq!(snapshot.members.len(), snapshot.room.live as usize);
            let last = snapshot.entries.last().unwrap();
            assert_eq!(last.cursor(), snapshot.cursor);
            let told = told.entries.lock();
            assert_eq!(told[snapshot.cursor.n as usize - 1], *last, "in the log, and told of");
            drop(told);
            done(store.leave(by, &id("r"), session));
        }
    });
}

#[test]
fn the_last_place_is_given_once() {
    for _ in 0..200 {
        let World { store, by, .. } = world();
        let mut room = new_room("r");
        room.policy.capacity = 2;
        done(store.open(by, room));
        let full = AtomicUsize::new(0);
        together(|n| {
            let session = by.session(SessionId(n as u64));
            match done(store.enter(by, entering("r", session, &format!("u{n}")))) {
                Entered::In(admission) => assert!(admission.snapshot.room.live <= 2),
                Entered::Full => drop(full.fetch_add(1, Ordering::SeqCst)),
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(full.into_inner(), THREADS - 2);
    }
}

#[test]
fn a_room_that_comes_and_goes_is_opened_once_at_a_time_and_nothing_gets_into_a_later_life() {
    let World { store, by, clock, .. } = world();
    let (opened, closed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    together(|n| {
        for round in 0..500 {
            let epoch = match done(store.open(by, new_room("r"))) {
                Opened::Opened(view) => {
                    opened.fetch_add(1, Ordering::SeqCst);
                    view.epoch
                }
                Opened::Exists(view) => view.epoch,
            };
            if let Appended::Written(entry) = done(store.append(by, saying("r", Some(epoch)))) {
                assert_eq!(entry.epoch, epoch);
            }
            if let Closing::Closed(_) = done(store.close(by, closing("r"))) {
                closed.fetch_add(1, Ordering::SeqCst);
            }
            if n == 0 && round % 5 == 0 {
                clock.advance(std::time::Duration::from_secs(61));
                done(store.reap(by, &Due::Room(id("r"))));
            }
        }
    });
    assert_eq!(opened.into_inner(), closed.into_inner());
    clock.advance(std::time::Duration::from_secs(61));
    done(store.reap(by, &Due::Room(id("r"))));
    assert_eq!((store.rooms(), store.registry.cells()), (0, 0));
}

#[test]
fn who_comes_in_while_their_node_is_given_up_leaves_no_ghost() {
    for _ in 0..100 {
        let World { store, by, .. } = world();
        let (dying, _) = attach(&store, 2);
        for room in 0..8 {
            done(store.open(by, new_room(&format!("r{room}"))));
        }
        together(|n| {
            for round in 0..64u64 {
                if n == 0 && round == 16 {
                    done(store.detach(dying));
                }
                if n == 1 && round > 16 {
                    done(store.reap(by, &Due::Node(dying)));
                }
                let (room, session) = (format!("r{}", round % 8), SessionId(round * 9 + n as u64));
                let enter = entering(&room, dying.session(session), &format!("u{n}-{round}"));
                // It may be refused from some moment on.
                let entered = futures_util::FutureExt::now_or_never(store.enter(dying, enter));
                drop(entered.expect("complete"));
            }
        });
        while done(store.reap(by, &Due::Node(dying))).more {}
        assert!(store.nodes.find(dying).is_none(), "it is forgotten");
        for room in 0..8 {
            let page = done(store.members(&id(&format!("r{room}")), None, 9)).unwrap();
            assert_eq!(page.count, 0);
        }
        assert_eq!(store.users.len(), 0);
    }
}

#[test]
fn every_page_is_in_the_order_of_the_numbers_it_shows() {
    let World { store, by, .. } = world();
    for room in 0..20 {
        done(store.open(by, new_room(&format!("r{room}"))));
    }
    let over = AtomicBool::new(false);
    together(|n| {
        if n == 0 {
            for _ in 0..2_000 {
                let page = done(store.page(Order::Live, Page::first(50)));
                assert_eq!((page.rooms.len(), page.total), (20, 20));
                assert!(page.rooms.is_sorted_by(|one, two| one.live >= two.live));
                let names: BTreeSet<_> = page.rooms.iter().map(|room| room.id.clone()).collect();
                assert_eq!(names.len(), 20, "each room once");
            }
            over.store(true, Ordering::SeqCst);
            return;
        }
        let mut round = 0u64;
        while !over.load(Ordering::SeqCst) {
            round += 1;
            let (room, n) = (format!("r{}", round * n as u64 % 20), n as u64);
            let session = by.session(SessionId(n * 1_000 + round % 40));
            let who = format!("u{n}-{}", round % 40);
            if round % 80 < 40 {
                done(store.enter(by, entering(&room, session, &who)));
            } else {
                done(store.leave(by, &id(&room), session));
            }
        }
    });
}

#[test]
fn whoever_waits_while_the_node_ends_is_not_left_waiting() {
    let pool = PoolName::new("p").unwrap();
    let world = world();
    for n in 0..60 {
        let (other, _) = attach(&world.store, 2);
        together(|thread| match thread {
            0 => {
                done(world.store.detach(other));
                while done(world.store.reap(world.by, &Due::Node(other))).more {}
            }
            thread => {
                // Until refused: some of them come while the node ends.
                for round in 0.. {
                    let request = Request {
                        pool: pool.clone(),
                        user: user(&format!("u{n}-{thread}-{round}")),
                        session: other.session(SessionId(round)),
                        tags: Vec::new(),
                        strict: true,
                        blocked: Vec::new(),
                        policy: RoomPolicy::pair(),
                    };
                    let submit = world.store.submit(other, request).now_or_never();
                    if submit.expect("complete").is_err() {
                        break;
                    }
                }
            }
        });
        assert!(world.store.pools.names().is_empty(), "somebody waits for a node that is over");
    }
}
