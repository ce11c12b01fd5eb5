//! Many at once: matching.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::matches::{confirm, confirm_all, matched, post};
use super::together;
use crate::id::{NodeId, UserId};
use crate::store::{Confirmed, Existing, Next, Withdrawn};
use crate::testkit::build::{pool, secs};
use crate::testkit::{Node, Stand, World};
use crate::why::{CloseWhy, UnmatchedWhy};

const ROUNDS: usize = 20;
const MANY: usize = 16;

async fn two(world: &World) -> [Arc<Node>; 2] {
    [world.node().await, world.node().await]
}

/// An even number who come at once are all paired, each with one other.
pub(super) async fn all_are_paired_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let pool = pool(&format!("p{round}"));
        let guests: Vec<_> = (0..MANY).map(|n| nodes[n % 2].guest(&format!("g{n}"))).collect();
        together(guests.iter().map(|guest| {
            let (guest, pool) = (guest.clone(), pool.clone());
            async move { guest.seek(&pool).await }
        }))
        .await;
        let matched = confirm_all(&[&nodes[0], &nodes[1]]).await;
        let mut rooms: HashMap<_, Vec<_>> = HashMap::new();
        for (session, room) in matched {
            rooms.entry(room).or_default().push(session);
        }
        assert_eq!(rooms.len(), MANY / 2);
        let sessions: HashSet<_> = rooms.values().flatten().collect();
        assert_eq!(sessions.len(), MANY, "each in one room");
        for guest in &guests {
            assert!(guest.waiting().await.is_empty());
            assert_eq!(guest.rooms().await.len(), round + 1);
        }
    }
}

/// The tabs of one user that ask at once are one ticket: nobody meets themselves, and one partner is one match.
pub(super) async fn many_tabs_are_one_ticket(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let pool = pool(&format!("p{round}"));
        let kim = nodes[0].guest("kim");
        let tabs: Vec<_> = (0..MANY).map(|n| kim.on(&nodes[n % 2])).collect();
        together(tabs.iter().map(|tab| {
            let (tab, pool) = (tab.clone(), pool.clone());
            async move { tab.seek(&pool).await }
        }))
        .await;
        let mail = post(&[&nodes[0], &nodes[1]]).await;
        assert!(mail.proposed.is_empty(), "nobody meets themselves: {mail:?}");
        assert_eq!(mail.unmatched.len(), MANY - 1, "all but one were replaced");
        assert!(mail.unmatched.iter().all(|(_, why)| *why == UnmatchedWhy::Replaced));
        let replaced: HashSet<_> = mail.unmatched.iter().map(|(session, _)| *session).collect();
        let stays = tabs.iter().find(|tab| !replaced.contains(&tab.session)).unwrap();
        let lee = nodes[1].guest("lee");
        lee.seek(&pool).await;
        post(&[&nodes[0], &nodes[1]]).await.pairs(stays, &lee);
    }
}

/// Where one confirms while the other withdraws, either both are in the room or neither.
pub(super) async fn confirming_races_withdrawing(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let pool = pool(&format!("p{round}"));
        let (kim, lee) =
            (nodes[0].guest(&format!("k{round}")), nodes[1].guest(&format!("l{round}")));
        kim.seek(&pool).await;
        lee.seek(&pool).await;
        let (to_kim, to_lee) = post(&[&nodes[0], &nodes[1]]).await.pairs(&kim, &lee);
        assert_eq!(confirm(&lee, &to_lee).await, Confirmed::Half);
        let confirming = {
            let (kim, to_kim) = (kim.clone(), to_kim.clone());
            tokio::spawn(async move { confirm(&kim, &to_kim).await })
        };
        let withdrawing = {
            let (lee, pool) = (lee.clone(), pool.clone());
            tokio::spawn(async move {
                let matching = &lee.node.backend.matching;
                let by = lee.node.writer;
                matching.withdraw(by, &pool, &lee.user, lee.session).await.unwrap()
            })
        };
        let (confirmed, withdrawn) = (confirming.await.unwrap(), withdrawing.await.unwrap());
        match (confirmed, withdrawn) {
            (Confirmed::Opened { room, .. }, Withdrawn::Engaged { room: told }) => {
                assert_eq!(room, told);
                assert_eq!(nodes[0].view(&room).await.live, 2);
            }
            (Confirmed::Gone, Withdrawn::Withdrawn) => {
                assert_eq!(kim.waiting().await, [pool]);
                assert!(lee.waiting().await.is_empty());
            }
            other => panic!("neither both nor none: {other:?}"),
        }
    }
}

/// Where both go on at once, the room closes once, and both wait.
pub(super) async fn both_may_go_on_at_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let pool = pool(&format!("p{round}"));
        let (kim, lee) =
            (nodes[0].guest(&format!("k{round}")), nodes[1].guest(&format!("l{round}")));
        let pair = matched(&pool, kim, lee).await;
        let wrote = together([&pair.one, &pair.two].map(|guest| {
            let (guest, room, pool) = (guest.clone(), pair.room.clone(), pool.clone());
            async move {
                let (matching, by) = (&guest.node.backend.matching, guest.node.writer);
                let (leave, request) = (guest.breaking(&room), guest.seeking(&pool));
                match matching.next(by, leave, request).await.unwrap() {
                    Next::Waiting { wrote } => wrote.len(),
                    other => panic!("{other:?}"),
                }
            }
        }))
        .await;
        assert_eq!(wrote.iter().sum::<usize>(), 2, "one left and one closed, told once");
        let log = nodes[0].log(&pair.room).await;
        assert_eq!(log.iter().filter(|entry| entry.is_closed()).count(), 1);
        for guest in [&pair.one, &pair.two] {
            assert_eq!(guest.waiting().await, std::slice::from_ref(&pool));
        }
        post(&[&nodes[0], &nodes[1]]).await;
    }
}

/// Users who seek, go on and come back at full speed on two nodes: nobody is in two rooms of a pool, every room has
/// two, and in the end nobody is forgotten.
pub(super) async fn nobody_is_in_two_matches(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    let pool = pool("p");
    let guests: Vec<_> = (0..MANY).map(|n| nodes[n % 2].guest(&format!("g{n}"))).collect();
    for _ in 0..ROUNDS {
        together(guests.iter().map(|guest| {
            let (guest, pool) = (guest.clone(), pool.clone());
            async move {
                guest.try_seek(guest.seeking(&pool)).await;
            }
        }))
        .await;
        let mut matched = confirm_all(&[&nodes[0], &nodes[1]]).await;
        world.pass(secs(6)).await;
        matched.extend(confirm_all(&[&nodes[0], &nodes[1]]).await);
        let sessions: HashSet<_> = matched.iter().map(|(session, _)| *session).collect();
        assert_eq!(sessions.len(), matched.len(), "nobody is told of two matches");
        let mut rooms: HashMap<_, Vec<&UserId>> = HashMap::new();
        for guest in &guests {
            let own = guest.rooms().await;
            assert_eq!(
                own.len() + guest.waiting().await.len(),
                1,
                "{} is in one place",
                guest.user
            );
            for room in own {
                rooms.entry(room).or_default().push(&guest.user);
            }
        }
        assert!(rooms.values().all(|users| users.len() == 2), "{rooms:?}");
        assert_eq!(rooms.len(), MANY / 2, "nobody who fits is left waiting");
        together(guests.iter().step_by(3).map(|guest| {
            let guest = guest.clone();
            async move {
                if let Some(room) = guest.rooms().await.first() {
                    guest.try_leave(room).await;
                }
            }
        }))
        .await;
    }
}

/// At no moment has a user left who goes on and does not wait yet.
pub(super) async fn next_leaves_no_gap(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let pool = pool(&format!("p{round}"));
        let (kim, lee) =
            (nodes[0].guest(&format!("k{round}")), nodes[1].guest(&format!("l{round}")));
        let pair = matched(&pool, kim, lee).await;
        let going_on = {
            let (kim, room, pool) = (pair.one.clone(), pair.room.clone(), pool.clone());
            tokio::spawn(async move {
                let (matching, by) = (&kim.node.backend.matching, kim.node.writer);
                matching.next(by, kim.breaking(&room), kim.seeking(&pool)).await.unwrap()
            })
        };
        for _ in 0..100_000 {
            if !nodes[1].is_open(&pair.room).await {
                break;
            }
            tokio::task::yield_now().await;
        }
        let waiting = pair.one.waiting().await;
        assert_eq!(waiting, [pool], "out of the room, and not in the queue");
        assert!(matches!(going_on.await.unwrap(), Next::Waiting { .. }));
        post(&[&nodes[0], &nodes[1]]).await;
    }
}

/// Where one side's life ends while the other confirms, no room is left with a ghost in it, and the other is not lost.
pub(super) async fn confirming_races_a_death(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let other = world.node().await;
    for round in 0..ROUNDS {
        let pool = pool(&format!("p{round}"));
        let dying = Node::attach(world.stage.backend().await, NodeId::random()).await;
        let (kim, lee) = (dying.guest(&format!("k{round}")), other.guest(&format!("l{round}")));
        kim.seek(&pool).await;
        lee.seek(&pool).await;
        let (to_kim, to_lee) = post(&[&dying, &other]).await.pairs(&kim, &lee);
        assert_eq!(confirm(&kim, &to_kim).await, Confirmed::Half);
        let ending = tokio::spawn(async move {
            dying.backend.expiry.detach(dying.writer).await.unwrap();
        });
        let confirmed = confirm(&lee, &to_lee).await;
        ending.await.unwrap();
        world.sweep().await;
        match confirmed {
            Confirmed::Opened { room, .. } => {
                assert_eq!(other.ended(&room).await, CloseWhy::PartnerLeft);
                assert!(lee.rooms().await.is_empty());
                lee.seek(&pool).await;
            }
            Confirmed::Gone => assert_eq!(other.get(&to_lee.room).await, Existing::Missing),
            Confirmed::Half => panic!("the other had confirmed"),
        }
        assert_eq!(lee.waiting().await, [pool]);
        assert!(kim.waiting().await.is_empty() && kim.rooms().await.is_empty());
        post(&[&other]).await;
    }
}
