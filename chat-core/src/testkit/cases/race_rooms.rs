//! Many at once: rooms and their logs.

use std::collections::HashSet;
use std::sync::Arc;

use super::together;
use crate::id::Epoch;
use crate::store::{Appended, Closing, Entered, Existing, Opened, Say};
use crate::testkit::build::{closing, key, public, public_with};
use crate::testkit::{Node, Stand, World, numbers};
use crate::why::CloseWhy;

const ROUNDS: usize = 20;
const MANY: usize = 16;

async fn two(world: &World) -> [Arc<Node>; 2] {
    [world.node().await, world.node().await]
}

/// Of many who open the same room, one does.
pub(super) async fn one_opens(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let opened = together((0..MANY).map(|n| {
            let node = Arc::clone(&nodes[n % 2]);
            async move {
                let room = public(&format!("r{round}"));
                match node.backend.rooms.open(node.writer, room).await.unwrap() {
                    Opened::Opened(view) => (true, view.epoch),
                    Opened::Exists(view) => (false, view.epoch),
                }
            }
        }))
        .await;
        assert_eq!(opened.iter().filter(|(first, _)| *first).count(), 1);
        let epochs: HashSet<Epoch> = opened.iter().map(|(_, epoch)| *epoch).collect();
        assert_eq!(epochs.len(), 1, "all were told of the same");
    }
}

/// Of many who open it by entering, one does, and all are in.
pub(super) async fn one_opens_by_entering(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let room = public(&format!("r{round}"));
        let entered = together((0..MANY).map(|n| {
            let (guest, room) = (nodes[n % 2].guest(&format!("g{n}")), room.clone());
            async move {
                let mut enter = guest.entering(&room.id);
                enter.create = Some(room);
                guest.enter_by(enter).await
            }
        }))
        .await;
        assert_eq!(entered.iter().filter(|admission| admission.created).count(), 1);
        assert_eq!(nodes[0].view(&room.id).await.live as usize, MANY);
        let log = nodes[0].log(&room.id).await;
        assert_eq!(numbers(&log), (1..=MANY as u64).collect::<Vec<_>>());
    }
}

/// Of many who close a room, one does, and is given its last entry.
pub(super) async fn exactly_one_closer_wins(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let room = nodes[0].open(public(&format!("r{round}"))).await.id;
        let closed = together((0..MANY).map(|n| {
            let (node, room) = (Arc::clone(&nodes[n % 2]), room.clone());
            async move {
                let why = if n % 3 == 0 { CloseWhy::Owner } else { CloseWhy::Admin };
                node.backend.rooms.close(node.writer, closing(&room, why)).await.unwrap()
            }
        }))
        .await;
        let won: Vec<_> = closed.iter().filter(|c| matches!(c, Closing::Closed(_))).collect();
        assert_eq!(won.len(), 1, "{closed:?}");
        let why = nodes[1].ended(&room).await;
        for other in &closed {
            assert!(
                matches!(other, Closing::Closed(_)) || *other == (Closing::Already { why }),
                "{other:?}"
            );
        }
        assert_eq!(nodes[0].log(&room).await.len(), 1);
    }
}

/// The same key from many sessions at once is written once, and all are told the same number.
pub(super) async fn a_key_has_one_winner(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let room = nodes[0].open(public(&format!("r{round}"))).await.id;
        let kim = nodes[0].guest("kim");
        let said = together((0..MANY).map(|n| {
            let (tab, room) = (kim.on(&nodes[n % 2]), room.clone());
            async move {
                tab.enter(&room).await;
                match tab.try_say(tab.saying_once(&room, "a", &key("k"))).await {
                    Appended::Written(entry) => (true, entry.n, entry.at),
                    Appended::Duplicate { n, at, .. } => (false, n, at),
                    other => panic!("{other:?}"),
                }
            }
        }))
        .await;
        assert_eq!(said.iter().filter(|(written, ..)| *written).count(), 1);
        let same: HashSet<_> = said.iter().map(|(_, n, at)| (*n, *at)).collect();
        assert_eq!(same.len(), 1);
        assert_eq!(nodes[0].log(&room).await.len(), 2, "joined once, said once");
    }
}

/// Many who talk at once make one log without holes, each in their own order, and every sink is told that log.
pub(super) async fn many_talk_into_one_log(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    let each = 40;
    let room = public_with("tea", |policy| policy.history = 10_000);
    let room = nodes[0].open(room).await.id;
    for node in &nodes {
        node.subscribe(&room).await;
    }
    let said = together((0..MANY).map(|n| {
        let (guest, room) = (nodes[n % 2].guest(&format!("g{n}")), room.clone());
        async move {
            guest.enter(&room).await;
            let mut own = Vec::new();
            for i in 0..each {
                own.push(guest.say(&room, &format!("{i}")).await);
            }
            own
        }
    }))
    .await;
    let log = nodes[0].log(&room).await;
    let total = (MANY * (each + 1)) as u64;
    assert_eq!(numbers(&log), (1..=total).collect::<Vec<_>>(), "no holes, nothing twice");
    assert!(log.is_sorted_by_key(|entry| entry.at));
    for own in said {
        assert!(numbers(&own).is_sorted(), "each in their own order");
        for entry in own {
            assert_eq!(log[entry.n as usize - 1], entry);
        }
    }
    for node in &nodes {
        node.sink.reaches(&room, total).await;
        assert_eq!(node.sink.entries(&room), log, "every sink is told the same");
    }
}

/// Who comes, or speaks, while a room closes is in before or not at all: nothing is behind `closed`, and nothing
/// opens it again.
pub(super) async fn nothing_revives_a_closing_room(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let opened = nodes[0].open(public(&format!("r{round}"))).await;
        let room = opened.id.clone();
        nodes[1].subscribe(&room).await;
        let inside = nodes[0].guest("inside");
        inside.enter(&room).await;
        let came = together((0..MANY).map(|n| {
            let (node, room) = (Arc::clone(&nodes[n % 2]), room.clone());
            let (guest, inside) = (node.guest(&format!("g{n}")), inside.clone());
            async move {
                if n == MANY / 2 {
                    node.close(&room).await;
                } else if n % 3 == 0 {
                    inside.try_say(inside.saying(&room, "x")).await;
                } else {
                    let entered = guest.try_enter(guest.entering(&room)).await;
                    let fine = matches!(entered, Entered::In(_) | Entered::Closed { .. });
                    assert!(fine, "{entered:?}");
                    if let Entered::In(admission) = entered {
                        return admission.wrote;
                    }
                }
                Vec::new()
            }
        }))
        .await;
        assert!(matches!(nodes[1].get(&room).await, Existing::Closed { .. }));
        let log = nodes[0].log(&room).await;
        assert_eq!(numbers(&log), (1..=log.len() as u64).collect::<Vec<_>>());
        let ends = log.iter().filter(|entry| entry.is_closed()).count();
        assert!(ends == 1 && log.last().unwrap().is_closed(), "closed is last: {log:?}");
        for entry in came.into_iter().flatten() {
            assert_eq!(log[entry.n as usize - 1], entry);
        }
        nodes[1].sink.reaches(&room, log.len() as u64).await;
        assert_eq!(nodes[1].sink.entries(&room), log);
        assert!(nodes[0].guest("g1").rooms().await.is_empty());
    }
}

/// While a room closes and opens again, who writes into the earlier life never writes into the next.
pub(super) async fn no_writer_slips_into_the_next_epoch(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    for round in 0..ROUNDS {
        let first = nodes[0].open(public(&format!("r{round}"))).await;
        let room = first.id.clone();
        together((0..MANY).map(|n| {
            let (node, room) = (Arc::clone(&nodes[n % 2]), room.clone());
            let epoch = first.epoch;
            async move {
                if n == MANY / 2 {
                    node.close(&room).await;
                    node.open(public(room.as_str())).await;
                    return;
                }
                let say = Say { epoch: Some(epoch), ..crate::testkit::build::notice(&room, "x") };
                for _ in 0..10 {
                    match node.backend.rooms.append(node.writer, say.clone()).await.unwrap() {
                        Appended::Written(entry) => assert_eq!(entry.epoch, epoch),
                        Appended::Closed { why } => assert_eq!(why, CloseWhy::Admin),
                        other => panic!("{other:?}"),
                    }
                }
            }
        }))
        .await;
        assert_ne!(nodes[0].view(&room).await.epoch, first.epoch);
        assert!(nodes[0].log(&room).await.is_empty(), "nobody spoke in the next one");
    }
}

/// What a sink was told can be read by anybody at that moment, while others write at full speed.
pub(super) async fn what_is_told_can_be_read_at_once(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let nodes = two(&world).await;
    let room = nodes[0].open(public("tea")).await.id;
    nodes[1].subscribe(&room).await;
    let total = 200;
    let (writer, reader) = (Arc::clone(&nodes[0]), Arc::clone(&nodes[1]));
    let talk = {
        let room = room.clone();
        tokio::spawn(async move {
            for n in 0..total {
                writer.post(&room, &format!("{n}")).await;
                tokio::task::yield_now().await;
            }
        })
    };
    let mut seen = 0;
    for _ in 0..100_000 {
        if seen == total {
            break;
        }
        let newest = reader.sink.newest(&room);
        if newest > seen {
            let heads = reader.backend.rooms.heads(std::slice::from_ref(&room)).await.unwrap();
            let head = heads[0].expect("it is open").n;
            assert!(head >= newest, "entry {newest} was told, {head} can be read");
            seen = newest;
        } else {
            tokio::task::yield_now().await;
        }
    }
    talk.await.unwrap();
    reader.sink.reaches(&room, total).await;
}
