//! Rooms of two: who is in them, as whom, and how they end.

use super::matches::{Pair, confirm_all, matched, pair_room, post};
use crate::body::Body;
use crate::entry::What;
use crate::id::UserId;
use crate::room::RoomKind;
use crate::store::{
    Appended, Departure, Entered, Existing, Say, Signalled, Speaker, Submitted, Withdrawn,
};
use crate::testkit::build::{name, pool, secs};
use crate::testkit::{Guest, Stand, World, told};
use crate::user::Identity;
use crate::why::CloseWhy;

fn closed() -> Appended {
    Appended::Closed { why: CloseWhy::PartnerLeft }
}

/// In everything that the store gives out about a pair room the two go by aliases, made for that room.
pub(super) async fn aliases_are_all_that_is_seen(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two, pool) = (world.node().await, world.node().await, pool("p"));
    let pair = matched(&pool, one.guest("kim.real"), two.guest("lee.real")).await;
    let Pair { room, one: kim, two: lee, alias_one, alias_two, wrote } = &pair;
    assert_ne!(alias_one, alias_two);
    let mut seen = Vec::new();
    let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));
    see(wrote);
    let snapshot = kim.enter(room).await.snapshot;
    assert_eq!(&snapshot.you, alias_one);
    see(&snapshot);
    let tab = lee.on(&one);
    let admission = tab.enter(room).await;
    assert_eq!(&admission.snapshot.you, alias_two);
    assert!(admission.wrote.is_empty(), "a second tab");
    see(&admission);
    let said = kim.say(room, "hello").await;
    let said = said.said().unwrap().clone();
    assert_eq!(
        (said.by.as_ref(), said.name.clone()),
        (Some(alias_one), Some(Identity::made_name(alias_one)))
    );
    see(&said);
    let author = Speaker::User { user: lee.user.clone(), name: name("Lee Real") };
    let posted = lee.try_say(Say { author, ..lee.saying(room, "by post") }).await;
    see(&posted);
    let author = Speaker::User { user: alias_two.clone(), name: name("Lee Real") };
    let Appended::Written(posted) = lee.try_say(Say { author, ..lee.saying(room, "x") }).await
    else {
        panic!("an alias is one of the two")
    };
    let said = posted.said().unwrap();
    assert_eq!(
        (said.by.as_ref(), &said.name),
        (Some(alias_two), &Some(Identity::made_name(alias_two)))
    );
    let rooms = &one.backend.rooms;
    let sent = rooms.signal(one.writer, room, kim.session, Body::text("x")).await.unwrap();
    assert_eq!(sent, Signalled::Sent);
    two.sink.until("a signal", |sink| !sink.signals(room).is_empty()).await;
    assert_eq!(&two.sink.signals(room)[0].by, alias_one);
    see(&two.sink.signals(room)[0].by);
    let members = one.members(room).await;
    let mut aliases: Vec<&UserId> = members.iter().map(|member| &member.user).collect();
    aliases.sort();
    let mut expected = [alias_one, alias_two];
    expected.sort();
    assert_eq!(aliases, expected);
    see(&members);
    see(&one.view(room).await);
    see(&one.history(room, 50).await);
    see(&lee.leave(room).await);
    see(&one.log(room).await);
    two.sink.reaches(room, one.log(room).await.last().unwrap().n).await;
    see(&two.sink.entries(room));
    for text in seen {
        assert!(!text.contains("real") && !text.contains("Real"), "seen: {text}");
    }
}

/// Another match is another pair of aliases.
pub(super) async fn aliases_are_made_for_one_match(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let first = pair_room(&node, &pool, "kim", "lee").await;
    first.one.leave(&first.room).await;
    let second = matched(&pool, first.one.tab(), node.guest("max")).await;
    assert_ne!(first.alias_one, second.alias_one);
    assert_ne!(first.room, second.room);
    let third = pair_room(&node, &crate::testkit::build::pool("q"), "ann", "bob").await;
    let all = [&first, &second, &third].map(|pair| [&pair.alias_one, &pair.alias_two]);
    let distinct: std::collections::HashSet<_> = all.iter().flatten().collect();
    assert_eq!(distinct.len(), 6);
}

/// A new pair room has both in it, a `joined` for each, and the policy of pair rooms.
pub(super) async fn both_are_in_from_the_start(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    let view = node.view(&pair.room).await;
    assert_eq!((view.kind, view.live, view.owner), (RoomKind::Pair, 2, None));
    let mut joined: Vec<&UserId> = Vec::new();
    for entry in &pair.wrote {
        let What::Joined { user, .. } = &entry.what else { panic!("{entry:?}") };
        joined.push(user);
    }
    joined.sort();
    let mut aliases = [&pair.alias_one, &pair.alias_two];
    aliases.sort();
    assert_eq!(joined, aliases);
    assert_eq!(node.log(&pair.room).await, pair.wrote);
    for guest in [&pair.one, &pair.two] {
        assert_eq!(guest.rooms().await, std::slice::from_ref(&pair.room), "by the real id");
    }
    let presence = &node.backend.presence;
    assert!(presence.rooms_of(&pair.alias_one, 10).await.unwrap().is_empty(), "not by the alias");
}

/// A pair room is for its two alone; each of them may bring another session.
pub(super) async fn a_third_is_not_let_in(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    let max = node.guest("max");
    let mut enter = max.entering(&pair.room);
    assert_eq!(max.try_enter(enter.clone()).await, Entered::Forbidden);
    enter.user = pair.alias_one.clone();
    assert_eq!(max.try_enter(enter).await, Entered::Forbidden, "an alias is nobody's id");
    assert_eq!(max.try_say(max.saying(&pair.room, "x")).await, Appended::NotMember);
    let author = Speaker::User { user: max.user.clone(), name: max.name.clone() };
    let by_host = Say { author, ..max.saying(&pair.room, "x") };
    assert_eq!(max.try_say(by_host).await, Appended::NotMember);
    let tab = pair.one.tab();
    tab.enter(&pair.room).await;
    tab.say(&pair.room, "me too").await;
    assert_eq!(node.view(&pair.room).await.live, 2);
    node.post(&pair.room, "be kind").await;
}

/// When one of the two leaves, with whichever session, the talk is over for both.
pub(super) async fn leaving_ends_the_talk(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two, pool) = (world.node().await, world.node().await, pool("p"));
    let pair = matched(&pool, one.guest("kim"), two.guest("lee")).await;
    let tab = pair.one.on(&two);
    tab.enter(&pair.room).await;
    let wrote = tab.leave(&pair.room).await;
    let left = format!("left {} 1 left", pair.alias_one);
    assert_eq!(told(&wrote), [left.as_str(), "closed partner_left"]);
    for guest in [&pair.one, &pair.two, &tab] {
        assert_eq!(guest.try_say(guest.saying(&pair.room, "x")).await, closed());
        assert!(guest.rooms().await.is_empty());
    }
    for node in [&one, &two] {
        node.sink.reaches(&pair.room, 4).await;
        assert_eq!(node.sink.entries(&pair.room), one.log(&pair.room).await);
    }
    assert_eq!(one.get(&pair.room).await, Existing::Closed { why: CloseWhy::PartnerLeft });
}

/// A lost one has the room's grace; when it is over, the room closes at once.
pub(super) async fn a_loss_ends_the_talk_after_the_grace(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    assert!(pair.one.lose(&pair.room).await.is_empty());
    world.pass(secs(3)).await;
    let back = pair.one.tab();
    assert!(back.enter(&pair.room).await.wrote.is_empty(), "a refresh is nothing");
    world.pass(secs(10)).await;
    assert!(node.is_open(&pair.room).await);
    back.lose(&pair.room).await;
    let passed = world.pass(secs(5)).await;
    let left = format!("left {} 1 lost", pair.alias_one);
    assert_eq!(told(&passed.wrote_in(&pair.room)), [left.as_str(), "closed partner_left"]);
    assert_eq!(passed.closed(&pair.room), [CloseWhy::PartnerLeft]);
}

/// When the node of one dies, the talk is over.
pub(super) async fn a_dead_node_ends_the_talk(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (one, two, pool) = (world.node().await, world.node().await, pool("p"));
    let pair = matched(&pool, one.guest("kim"), two.guest("lee")).await;
    world.kill(&one);
    let passed = world.pass(world.options.lease + secs(1)).await;
    let left = format!("left {} 1 lost", pair.alias_one);
    assert_eq!(told(&passed.wrote_in(&pair.room)), [left.as_str(), "closed partner_left"]);
    assert_eq!(passed.closed(&pair.room), [CloseWhy::PartnerLeft]);
    pair.two.seek(&pool).await;
}

/// Who is put out, by id or alias, ends the talk.
pub(super) async fn putting_one_out_ends_the_talk(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    for by_alias in [false, true] {
        let (one, two) = (format!("k{by_alias}"), format!("l{by_alias}"));
        let pair = pair_room(&node, &pool, &one, &two).await;
        let user = if by_alias { &pair.alias_one } else { &pair.one.user };
        let presence = &node.backend.presence;
        let out = presence.kick(node.writer, &pair.room, user).await.unwrap();
        let Departure::Out { wrote } = out else { panic!("{out:?}") };
        let left = format!("left {} 1 kicked", pair.alias_one);
        assert_eq!(told(&wrote), [left.as_str(), "closed partner_left"]);
        node.mail().await;
    }
}

/// A silent pair room ends as any other.
pub(super) async fn a_silent_pair_room_closes(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    world.pass(secs(590)).await;
    assert!(node.is_open(&pair.room).await);
    pair.two.say(&pair.room, "still there?").await;
    world.pass(secs(20)).await;
    assert!(node.is_open(&pair.room).await);
    let passed = world.pass(secs(580)).await;
    assert_eq!(passed.closed(&pair.room), [CloseWhy::Idle]);
    for guest in [&pair.one, &pair.two] {
        guest.seek(&pool).await;
    }
}

/// Who is in a pair room is engaged in that pool, and only there, until the room closes, however it does.
pub(super) async fn engaged_until_the_room_closes(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let withdraw = async |guest: &Guest| {
        let matching = &guest.node.backend.matching;
        matching.withdraw(guest.node.writer, &pool, &guest.user, guest.session).await.unwrap()
    };
    for (n, end) in ["leave", "close", "idle"].into_iter().enumerate() {
        let pair = pair_room(&node, &pool, &format!("k{n}"), &format!("l{n}")).await;
        let engaged = Submitted::Engaged { room: pair.room.clone() };
        for guest in [&pair.one, &pair.two, &pair.one.tab()] {
            assert_eq!(guest.try_seek(guest.seeking(&pool)).await, engaged);
            assert_eq!(withdraw(guest).await, Withdrawn::Engaged { room: pair.room.clone() });
            assert!(guest.waiting().await.is_empty());
        }
        match end {
            "leave" => drop(pair.one.leave(&pair.room).await),
            "close" => drop(node.close(&pair.room).await),
            _ => drop(world.pass(secs(601)).await),
        }
        pair.one.seek(&pool).await;
        assert_eq!(withdraw(&pair.two).await, Withdrawn::NotWaiting);
        assert_eq!(withdraw(&pair.one).await, Withdrawn::Withdrawn);
        node.mail().await;
    }
    let pair = pair_room(&node, &pool, "ann", "bob").await;
    pair.one.seek(&crate::testkit::build::pool("q")).await;
    assert!(confirm_all(&[&node]).await.is_empty());
}

/// Names are made ones in a pair room, and stay so.
pub(super) async fn renaming_does_not_reach_pair_rooms(stand: &dyn Stand) {
    let world = World::new(stand).await;
    let (node, pool) = (world.node().await, pool("p"));
    let pair = pair_room(&node, &pool, "kim", "lee").await;
    let rooms = std::slice::from_ref(&pair.room);
    let presence = &node.backend.presence;
    for user in [&pair.one.user, &pair.alias_one] {
        let wrote = presence.rename(node.writer, user, &name("Kim"), rooms).await.unwrap();
        assert!(wrote.is_empty());
    }
    for member in node.members(&pair.room).await {
        assert_eq!(member.name, Identity::made_name(&member.user));
    }
    post(&[&node]).await.nothing("nothing of matching");
}
