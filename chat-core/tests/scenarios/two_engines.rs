//! Two engines on one store are one service; one that was paused takes up its life again.

use chat_core::{
    Author, ByeWhy, CloseWhy, Engine, Error, Event, Order, Page, Presence, RoomId, RoomSpec,
    StoreOptions, User,
};

use crate::support::{
    Stage, code, connect, entries, events, line, numbers, pass, room, secs, told, user,
};

struct Two {
    stage: Stage,
    here: Engine,
    there: Engine,
}

fn two() -> Two {
    let stage = Stage::new();
    let (here, there) = (stage.engine(), stage.engine());
    Two { stage, here, there }
}

fn in_room(event: &Event, id: &RoomId) -> bool {
    match event {
        Event::Entry(entry) => entry.room == *id,
        Event::Reset { room, .. } => room == id,
        _ => false,
    }
}

impl Two {
    async fn pass(&self, seconds: u64) {
        pass(&self.stage.clock, &[&self.here, &self.there], secs(seconds)).await;
    }

    async fn room(&self) -> RoomId {
        self.here.open(RoomSpec::public("r").with_id("r")).await.unwrap().id
    }
}

#[tokio::test]
async fn users_of_two_nodes_are_in_one_room() {
    let two = two();
    let id = two.room().await;
    let (mut kim, mut lee) = (connect(&two.here, "kim").await, connect(&two.there, "lee").await);
    kim.join(&id).await.unwrap();
    assert_eq!(lee.join(&id).await.unwrap().members.len(), 2);
    kim.say(&id, "one").await.unwrap();
    lee.say(&id, "two").await.unwrap();
    lee.signal(&id, "typing").await.unwrap();
    assert_eq!(
        told(&mut kim),
        ["joined lee 2", "said kim one", "said lee two", "signal lee typing"]
    );
    assert_eq!(told(&mut lee), ["said kim one", "said lee two"]);
    let list = two.there.rooms(Order::Live, Page::default()).await.unwrap();
    assert_eq!((list.total, list.rooms[0].live), (1, 2));
}

#[tokio::test]
async fn a_user_on_two_nodes_is_one_person() {
    let two = two();
    let id = two.room().await;
    let (one, other) = (connect(&two.here, "kim").await, connect(&two.there, "kim").await);
    let mut lee = connect(&two.here, "lee").await;
    lee.join(&id).await.unwrap();
    one.join(&id).await.unwrap();
    other.join(&id).await.unwrap();
    drop(one);
    two.pass(10).await;
    assert_eq!(told(&mut lee), ["joined kim 2"]);
    drop(other);
    let back = connect(&two.here, "kim").await;
    back.join(&id).await.unwrap();
    two.pass(10).await;
    assert_eq!(told(&mut lee), Vec::<String>::new());
}

#[tokio::test]
async fn a_host_acts_from_any_node() {
    let two = two();
    let id = two.room().await;
    let (mut kim, mut tab) = (connect(&two.here, "kim").await, connect(&two.here, "kim").await);
    let mut lee = connect(&two.here, "lee").await;
    for session in [&kim, &tab, &lee] {
        session.join(&id).await.unwrap();
    }
    [&mut kim, &mut tab, &mut lee].into_iter().for_each(|session| drop(events(session)));
    two.there.post(&id, "hello", Author::System, None).await.unwrap();
    two.there.kick(&id, &user("kim")).await.unwrap();
    two.here.sweep().await;
    for session in [&mut kim, &mut tab] {
        assert_eq!(told(session), ["said - hello", "left kim 1 kicked", "kicked r"]);
        assert_eq!(code(session.say(&id, "x").await), "not_member");
    }
    assert_eq!(told(&mut lee), ["said - hello", "left kim 1 kicked"]);
    assert_eq!(code(two.there.kick(&id, &user("kim")).await), "not_member");
    kim.join(&id).await.unwrap();
    two.there.disconnect(&user("kim"), ByeWhy::Kicked).await.unwrap();
    two.here.sweep().await;
    assert_eq!(told(&mut kim).last().unwrap(), "bye kicked");
    assert_eq!(told(&mut tab).last().unwrap(), "bye kicked");
    two.there.close(&id).await.unwrap();
    assert_eq!(told(&mut lee), ["joined kim 2", "closed admin"]);
}

#[tokio::test]
async fn being_put_out_of_a_room_that_only_counts_is_told_too() {
    let two = two();
    let mut kim = connect(&two.here, "kim").await;
    let spec = RoomSpec::public("r").with_id("r").with_presence(Presence::Count);
    let id = kim.join_or_open(spec).await.unwrap().room.id;
    kim.say(&id, "x").await.unwrap();
    two.there.kick(&id, &user("kim")).await.unwrap();
    two.there.post(&id, "not for kim", Author::System, None).await.unwrap();
    two.here.sweep().await;
    let told = told(&mut kim);
    assert_eq!(told.first().unwrap(), "said kim x");
    assert_eq!(told.last().unwrap(), "kicked r");
    two.there.post(&id, "nor this", Author::System, None).await.unwrap();
    assert!(events(&mut kim).is_empty());
}

/// The node learns of a kick by mail, which may be read after the session has come in again.
#[tokio::test]
async fn who_comes_back_after_a_kick_is_not_put_out_by_late_news_of_it() {
    for presence in [Presence::Log, Presence::Count] {
        let two = two();
        let mut kim = connect(&two.here, "kim").await;
        let spec = RoomSpec::public("r").with_id("r").with_presence(presence);
        let id = kim.join_or_open(spec).await.unwrap().room.id;
        two.there.kick(&id, &user("kim")).await.unwrap();
        kim.join(&id).await.unwrap();
        two.here.sweep().await;
        two.there.post(&id, "welcome back", Author::System, None).await.unwrap();
        assert_eq!(told(&mut kim), ["said - welcome back"], "{presence:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn news_from_another_node_comes_without_being_asked_for() {
    let two = two();
    let mut kim = connect(&two.here, "kim").await;
    let lee = connect(&two.there, "lee").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    lee.join(&id).await.unwrap();
    kim.seek("random", &[]).await.unwrap();
    lee.seek("random", &[]).await.unwrap();
    tokio::time::sleep(secs(1)).await;
    assert_eq!(told(&mut kim), ["matched random", "joined lee 2"]);
    two.there.disconnect(&user("kim"), ByeWhy::Kicked).await.unwrap();
    tokio::time::sleep(secs(1)).await;
    assert_eq!(told(&mut kim), ["bye kicked"]);
}

#[tokio::test]
async fn online_is_the_sum_over_nodes() {
    let two = two();
    let _kim = connect(&two.here, "kim").await;
    let _tab = connect(&two.here, "kim").await;
    let _lee = connect(&two.there, "lee").await;
    two.pass(3).await;
    let more = connect(&two.here, "may").await;
    assert_eq!(two.here.online().await.unwrap(), 3);
    drop(more);
    assert_eq!(two.here.online().await.unwrap(), 2);
    assert_eq!(two.there.online().await.unwrap(), 2);
}

#[tokio::test]
async fn a_dead_nodes_users_leave_once_at_the_end_of_its_lease() {
    let two = two();
    let id = two.room().await;
    let mut lee = connect(&two.here, "lee").await;
    lee.join(&id).await.unwrap();
    let mut dead = Vec::new();
    for n in 0..250 {
        let session = connect(&two.there, &format!("u{n}")).await;
        session.join(&id).await.unwrap();
        dead.push(session);
    }
    // Kim has another connection, on the node that lives.
    let (kim_there, kim_here) = (connect(&two.there, "kim").await, connect(&two.here, "kim").await);
    kim_there.join(&id).await.unwrap();
    kim_here.join(&id).await.unwrap();
    two.there.sweep().await;
    events(&mut lee);
    two.here.pass(secs(14)).await;
    assert_eq!(told(&mut lee), Vec::<String>::new());
    two.here.pass(secs(2)).await;
    let left = told(&mut lee);
    assert_eq!(left.len(), 250);
    assert!(left.iter().all(|line| line.starts_with("left u") && line.ends_with(" lost")));
    assert_eq!(two.here.room(&id).await.unwrap().live, 2);
}

#[tokio::test]
async fn a_node_that_was_only_paused_enters_its_sessions_again() {
    let two = two();
    let id = two.room().await;
    let full = RoomSpec::public("full").with_id("full").with_capacity(1);
    let mut kim = connect(&two.there, "kim").await;
    let mut lee = connect(&two.here, "lee").await;
    lee.join(&id).await.unwrap();
    kim.join(&id).await.unwrap();
    let full = kim.join_or_open(full).await.unwrap();
    let closed = kim.join_or_open(RoomSpec::public("c").with_id("closed")).await.unwrap().room.id;
    events(&mut lee);
    // The other node does not come to renew its lease; this one judges it, and lets somebody else in.
    two.there.sweep().await;
    two.here.pass(secs(20)).await;
    assert_eq!(told(&mut lee), ["left kim 1 lost"]);
    lee.join(&full.room.id).await.unwrap();
    two.here.close(&closed).await.unwrap();
    lee.say(&id, "while it was away").await.unwrap();
    // It comes back, and finds out with the first thing it does.
    kim.say(&id, "back").await.unwrap();
    two.there.sweep().await;
    assert_eq!(told(&mut lee), ["said lee while it was away", "joined kim 2", "said kim back"]);
    let told = events(&mut kim);
    let of_r: Vec<_> = told.iter().filter(|event| in_room(event, &id)).map(line).collect();
    assert_eq!(
        of_r,
        ["left kim 1 lost", "said lee while it was away", "joined kim 2", "said kim back"]
    );
    let of_full: Vec<_> =
        told.iter().filter(|event| in_room(event, &full.room.id)).map(line).collect();
    assert_eq!(of_full.last().unwrap(), "reset 1 fenced", "{of_full:?}");
    let of_closed: Vec<_> = told.iter().filter(|event| in_room(event, &closed)).map(line).collect();
    assert_eq!(of_closed, ["left kim 0 lost", "closed admin"]);
    assert_eq!(code(kim.say(&full.room.id, "x").await), "not_member");
    kim.leave(&id).await.unwrap();
    two.pass(60).await;
    assert_eq!(two.here.room(&id).await.unwrap().live, 1, "nothing of the old life is left");
}

#[tokio::test]
async fn a_paused_node_that_only_renews_finds_out_too_and_what_waits_goes_on_waiting() {
    let two = two();
    let mut kim = connect(&two.there, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
    kim.seek("random", &[]).await.unwrap();
    two.here.pass(secs(20)).await;
    assert_eq!(two.here.room(&id).await.unwrap().live, 0);
    two.there.sweep().await;
    assert_eq!(two.here.room(&id).await.unwrap().live, 1);
    assert_eq!(kim.waiting().await.unwrap().len(), 1);
    let read = numbers(&entries(&mut kim));
    assert_eq!(read, [2, 3], "left and joined again, without a hole");
    let lee = connect(&two.here, "lee").await;
    lee.seek("random", &[]).await.unwrap();
    two.there.sweep().await;
    two.here.sweep().await;
    two.there.sweep().await;
    assert_eq!(told(&mut kim), ["matched random"]);
}

#[tokio::test]
async fn where_nobody_could_be_heard_nobody_is_judged() {
    let two = two();
    let id = two.room().await;
    let (kim, mut lee) = (connect(&two.there, "kim").await, connect(&two.here, "lee").await);
    kim.join(&id).await.unwrap();
    lee.join(&id).await.unwrap();
    // The machine sleeps for an hour: no lease was renewed, no grace was looked at.
    two.stage.clock.advance(secs(3600));
    two.here.sweep().await;
    two.there.sweep().await;
    two.pass(30).await;
    assert_eq!(told(&mut lee), Vec::<String>::new());
    assert_eq!(two.here.room(&id).await.unwrap().live, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_close_a_room_from_two_nodes_one_does() {
    for _ in 0..20 {
        let two = two();
        let id = two.room().await;
        let mut kim = connect(&two.here, "kim").await;
        kim.join(&id).await.unwrap();
        let mut tasks = Vec::new();
        for n in 0..8 {
            let engine = if n % 2 == 0 { two.here.clone() } else { two.there.clone() };
            let id = id.clone();
            tasks.push(tokio::spawn(async move { engine.close(&id).await }));
        }
        let mut closed = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => closed += 1,
                Err(error) => {
                    assert!(matches!(error, Error::RoomClosed { why: CloseWhy::Admin }));
                }
            }
        }
        assert_eq!(closed, 1);
        assert_eq!(told(&mut kim), ["closed admin"]);
    }
}

#[tokio::test]
async fn a_room_of_another_node_is_unsubscribed_after_a_while_and_read_again_later() {
    let two = two();
    let id = two.room().await;
    let (kim, mut lee) = (connect(&two.there, "kim").await, connect(&two.here, "lee").await);
    kim.join(&id).await.unwrap();
    for round in 0..3 {
        lee.join(&id).await.unwrap();
        kim.say(&id, format!("{round}")).await.unwrap();
        assert_eq!(told(&mut lee), [format!("said kim {round}")]);
        lee.leave(&id).await.unwrap();
        kim.say(&id, "unheard").await.unwrap();
        two.here.sweep().await;
    }
}

#[tokio::test]
async fn the_stores_bounds_hold_for_all_nodes() {
    let stage = Stage::with(StoreOptions { rooms: 2, ..StoreOptions::default() });
    let (here, there) = (stage.engine(), stage.engine());
    here.open(RoomSpec::public("a")).await.unwrap();
    there.open(RoomSpec::public("b").with_id("b")).await.unwrap();
    assert_eq!(code(here.open(RoomSpec::public("c")).await), "too_many");
    here.close(&room("b")).await.unwrap();
    pass(&stage.clock, &[&here, &there], secs(61)).await;
    let kim = here.connect(User::anonymous()).await.unwrap();
    kim.join_or_open(RoomSpec::public("c")).await.unwrap();
}
