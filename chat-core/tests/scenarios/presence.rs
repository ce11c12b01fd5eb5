//! Who is there: counted by user, kept by session.

use chat_core::{CloseWhy, Error, Presence, RoomSpec, SessionHandle};

use crate::support::{Stage, code, connect, engine, events, pass, secs, told, user};

async fn join(session: &SessionHandle, spec: RoomSpec) -> chat_core::Snapshot {
    session.join_or_open(spec.with_id("r")).await.unwrap()
}

fn spec() -> RoomSpec {
    RoomSpec::public("r")
}

#[tokio::test]
async fn a_refresh_is_not_a_second_person() {
    let engine = engine();
    let (kim, mut lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let id = join(&lee, spec()).await.room.id;
    kim.join(&id).await.unwrap();
    assert_eq!(told(&mut lee), ["joined kim 2"]);
    for _ in 0..5 {
        drop(kim.handle());
        let again = connect(&engine, "kim").await;
        let snapshot = again.join(&id).await.unwrap();
        assert_eq!(snapshot.room.live, 2);
        drop(again);
        engine.pass(secs(4)).await;
    }
    drop(kim);
    engine.pass(secs(4)).await;
    let back = connect(&engine, "kim").await;
    assert_eq!(back.rooms().await.unwrap(), std::slice::from_ref(&id));
    assert_eq!(back.join(&id).await.unwrap().room.live, 2);
    engine.pass(secs(60)).await;
    assert_eq!(told(&mut lee), Vec::<String>::new());
    assert_eq!(engine.room(&id).await.unwrap().visitors, 2);
}

#[tokio::test]
async fn a_lost_connection_is_gone_after_the_grace_and_a_leave_at_once() {
    let engine = engine();
    let (kim, may) = (connect(&engine, "kim").await, connect(&engine, "may").await);
    let mut lee = connect(&engine, "lee").await;
    let id = join(&lee, spec()).await.room.id;
    kim.join(&id).await.unwrap();
    may.join(&id).await.unwrap();
    events(&mut lee);
    may.leave(&id).await.unwrap();
    assert_eq!(told(&mut lee), ["left may 2 left"]);
    drop(kim);
    engine.pass(secs(4)).await;
    assert_eq!((told(&mut lee).len(), engine.room(&id).await.unwrap().live), (0, 2));
    engine.pass(secs(1)).await;
    assert_eq!(told(&mut lee), ["left kim 1 lost"]);
    let view = engine.room(&id).await.unwrap();
    assert_eq!((view.live, view.visitors), (1, 3));
}

#[tokio::test]
async fn a_second_tab_is_nobody_new_and_the_last_one_to_go_is_who_leaves() {
    let engine = engine();
    let mut lee = connect(&engine, "lee").await;
    let id = join(&lee, spec()).await.room.id;
    let (one, two) = (connect(&engine, "kim").await, connect(&engine, "kim").await);
    one.join(&id).await.unwrap();
    two.join(&id).await.unwrap();
    assert_eq!(told(&mut lee), ["joined kim 2"]);
    one.leave(&id).await.unwrap();
    assert_eq!(told(&mut lee), Vec::<String>::new());
    assert_eq!(code(one.say(&id, "x").await), "not_member");
    two.say(&id, "still here").await.unwrap();
    two.leave(&id).await.unwrap();
    assert_eq!(told(&mut lee), ["said kim still here", "left kim 1 left"]);
}

#[tokio::test]
async fn a_tab_that_leaves_during_the_grace_of_another_ends_it() {
    let engine = engine();
    let mut lee = connect(&engine, "lee").await;
    let id = join(&lee, spec()).await.room.id;
    let (one, two) = (connect(&engine, "kim").await, connect(&engine, "kim").await);
    one.join(&id).await.unwrap();
    drop(one);
    two.join(&id).await.unwrap();
    two.leave(&id).await.unwrap();
    assert_eq!(told(&mut lee), ["joined kim 2", "left kim 1 left"]);
    engine.pass(secs(10)).await;
    assert_eq!(told(&mut lee), Vec::<String>::new());
}

#[tokio::test]
async fn without_a_grace_a_lost_connection_is_gone_at_once() {
    let engine = engine();
    let mut lee = connect(&engine, "lee").await;
    let id = join(&lee, spec().with_grace(secs(0))).await.room.id;
    let kim = connect(&engine, "kim").await;
    kim.join(&id).await.unwrap();
    drop(kim);
    assert_eq!(told(&mut lee), ["joined kim 2", "left kim 1 lost"]);
}

#[tokio::test]
async fn capacity_counts_users_and_those_in_grace_but_not_tabs() {
    let engine = engine();
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let may = connect(&engine, "may").await;
    let id = join(&kim, spec().with_capacity(2)).await.room.id;
    lee.join(&id).await.unwrap();
    assert_eq!(code(may.join(&id).await), "room_full");
    let tab = connect(&engine, "lee").await;
    tab.join(&id).await.unwrap();
    drop(lee);
    drop(tab);
    assert_eq!(code(may.join(&id).await), "room_full");
    engine.pass(secs(5)).await;
    may.join(&id).await.unwrap();
    assert_eq!(engine.room(&id).await.unwrap().live, 2);
    assert_eq!(code(connect(&engine, "lee").await.join(&id).await), "room_full");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_want_the_last_place_one_gets_it() {
    for _ in 0..20 {
        let engine = engine();
        let id = engine.open(spec().with_capacity(1)).await.unwrap().id;
        let mut tasks = Vec::new();
        for n in 0..8 {
            let (engine, id) = (engine.clone(), id.clone());
            tasks.push(tokio::spawn(async move {
                let session = connect(&engine, &format!("u{n}")).await;
                let came_in = session.join(&id).await.is_ok();
                (session, came_in)
            }));
        }
        let mut sessions = Vec::new();
        for task in tasks {
            sessions.push(task.await.unwrap());
        }
        assert_eq!(sessions.iter().filter(|(_, came_in)| *came_in).count(), 1);
        assert_eq!(engine.room(&id).await.unwrap().live, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_open_a_room_by_joining_one_does() {
    for _ in 0..20 {
        let engine = engine();
        let mut tasks = Vec::new();
        for n in 0..8 {
            let engine = engine.clone();
            tasks.push(tokio::spawn(async move {
                let session = connect(&engine, &format!("u{n}")).await;
                let join = chat_core::Join::opening(spec().with_id("film-1"));
                let (snapshot, created) = session.join_with(join).await.unwrap();
                (session, snapshot, created)
            }));
        }
        let mut all = Vec::new();
        for task in tasks {
            all.push(task.await.unwrap());
        }
        assert_eq!(all.iter().filter(|(_, _, created)| *created).count(), 1);
        let epoch = all[0].1.cursor.epoch;
        assert!(all.iter().all(|(_, snapshot, _)| snapshot.cursor.epoch == epoch));
        assert_eq!(engine.room(&all[0].1.room.id).await.unwrap().live, 8);
    }
}

#[tokio::test]
async fn a_rename_is_told_in_every_room_and_kept() {
    let engine = engine();
    let (kim, mut lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let tab = connect(&engine, "kim").await;
    for id in ["a", "b"] {
        let id = lee.join_or_open(spec().with_id(id)).await.unwrap().room.id;
        kim.join(&id).await.unwrap();
    }
    events(&mut lee);
    assert_eq!(kim.rename("  Kimmy ").await.unwrap(), "Kimmy");
    assert_eq!(told(&mut lee), ["renamed kim Kimmy", "renamed kim Kimmy"]);
    assert_eq!(tab.name(), "Kimmy");
    kim.rename("Kimmy").await.unwrap();
    assert_eq!(told(&mut lee), Vec::<String>::new(), "the same name is no news");
    let id = crate::support::room("a");
    let page = lee.members(&id, None, 10).await.unwrap();
    assert_eq!(page.members[0].name, "Kimmy");
    assert_eq!(code(kim.rename(" \n ").await), "bad_request");
}

#[tokio::test]
async fn members_are_paged_by_id() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let id = join(&kim, spec()).await.room.id;
    let mut guests = Vec::new();
    for n in 0..5 {
        let guest = connect(&engine, &format!("g{n}")).await;
        guest.join(&id).await.unwrap();
        guests.push(guest);
    }
    let page = kim.members(&id, None, 4).await.unwrap();
    let ids: Vec<_> = page.members.iter().map(|member| member.user.as_str()).collect();
    assert_eq!((ids, page.more, page.count), (vec!["g0", "g1", "g2", "g3"], true, 6));
    let page = kim.members(&id, Some(&user("g3")), 4).await.unwrap();
    assert_eq!((page.members.len(), page.more, page.cursor.n), (2, false, 6));
    assert_eq!(kim.members(&id, None, 0).await.unwrap().members.len(), 0);
}

#[tokio::test]
async fn a_room_that_only_counts_tells_numbers_and_never_misses_the_last_one() {
    let engine = engine();
    let mut kim = connect(&engine, "kim").await;
    let snapshot = join(&kim, spec().with_presence(Presence::Count)).await;
    assert_eq!((snapshot.room.live, snapshot.cursor.n), (1, 0));
    let mut guests = Vec::new();
    for n in 0..50 {
        let guest = connect(&engine, &format!("g{n}")).await;
        guest.join(&snapshot.room.id).await.unwrap();
        guests.push(guest);
    }
    engine.sweep().await;
    assert_eq!(told(&mut kim), ["count 51"], "coalesced");
    for guest in guests.drain(..49) {
        guest.leave(&snapshot.room.id).await.unwrap();
    }
    engine.sweep().await;
    guests.clear();
    engine.pass(secs(5)).await;
    engine.sweep().await;
    assert_eq!(told(&mut kim).last().unwrap(), "count 1");
    kim.say(&snapshot.room.id, "x").await.unwrap();
    assert_eq!(told(&mut kim), ["said kim x"]);
}

#[tokio::test(start_paused = true)]
async fn counts_go_out_at_most_four_times_a_second_by_themselves() {
    let engine = engine();
    let mut kim = connect(&engine, "kim").await;
    let id = join(&kim, spec().with_presence(Presence::Count)).await.room.id;
    let mut guests = Vec::new();
    let mut counts = 0;
    for n in 0..100 {
        let guest = connect(&engine, &format!("g{n}")).await;
        guest.join(&id).await.unwrap();
        guests.push(guest);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        counts += told(&mut kim).len();
    }
    assert!((4..=9).contains(&counts), "{counts} in two seconds");
    tokio::time::sleep(std::time::Duration::from_millis(251)).await;
    let last = told(&mut kim);
    assert!(last.is_empty() || last == ["count 101"], "{last:?}");
}

#[tokio::test]
async fn rooms_end_when_nothing_was_said_nobody_was_there_or_they_are_old() {
    let stage = Stage::new();
    let engine = stage.engine();
    let mut kim = connect(&engine, "kim").await;
    let specs = [
        spec().with_id("idle").with_idle(secs(60)),
        spec().with_id("old").with_max_age(secs(90)),
        spec().with_id("empty").with_empty(secs(30)),
    ];
    let mut ids = Vec::new();
    for spec in specs {
        ids.push(kim.join_or_open(spec).await.unwrap().room.id);
    }
    kim.leave(&ids[2]).await.unwrap();
    let why = async |n: usize| match engine.room(&ids[n]).await {
        Err(Error::RoomClosed { why }) => Some(why),
        _ => None,
    };
    pass(&stage.clock, &[&engine], secs(29)).await;
    assert_eq!(why(2).await, None);
    pass(&stage.clock, &[&engine], secs(1)).await;
    assert_eq!(why(2).await, Some(CloseWhy::Empty));
    kim.say(&ids[0], "goes on").await.unwrap();
    pass(&stage.clock, &[&engine], secs(59)).await;
    assert_eq!((why(0).await, why(1).await), (None, None));
    pass(&stage.clock, &[&engine], secs(1)).await;
    assert_eq!((why(0).await, why(1).await), (Some(CloseWhy::Idle), Some(CloseWhy::MaxAge)));
    let mut told = told(&mut kim);
    told.sort();
    assert_eq!(told, ["closed idle", "closed max_age", "said kim goes on"]);
    assert_eq!(code(kim.close(&ids[0]).await), "room_closed");
    assert!(kim.rooms().await.unwrap().is_empty());
}

#[tokio::test]
async fn only_the_owner_and_the_host_close_a_room() {
    let engine = engine();
    let (mut kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let id = join(&kim, spec()).await.room.id;
    lee.join(&id).await.unwrap();
    assert_eq!(code(lee.close(&id).await), "forbidden");
    kim.close(&id).await.unwrap();
    assert_eq!(told(&mut kim), ["joined lee 2", "closed owner"]);
    assert_eq!(code(engine.close(&id).await), "room_closed");
    assert_eq!(code(lee.leave(&id).await), "room_closed");
    let nobodys = engine.open(spec()).await.unwrap().id;
    assert_eq!(code(kim.close(&nobodys).await), "forbidden");
    let lees = engine.open(spec().with_owner("lee")).await.unwrap().id;
    lee.close(&lees).await.unwrap();
    assert_eq!(code(kim.close(&crate::support::room("missing")).await), "no_such_room");
}
