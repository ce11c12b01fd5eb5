//! Looking for a partner, through sessions, on one and on two engines.

use chat_core::{
    CloseWhy, Engine, Error, Event, HistoryPage, Matched, Member, RoomId, RoomKind, Seek, Session,
    UnmatchedWhy,
};

use crate::support::{Stage, code, connect, events, pass, secs, told};

/// The match that a session has been told of, behind whatever else.
fn matched(session: &mut Session) -> Matched {
    let found = events(session).into_iter().find_map(|event| match event {
        Event::Matched(matched) => Some(*matched),
        _ => None,
    });
    found.expect("a partner was found")
}

async fn pair(one: &mut Session, two: &mut Session, engines: &[&Engine]) -> (Matched, Matched) {
    one.seek("random", &[]).await.unwrap();
    two.seek("random", &[]).await.unwrap();
    settle(engines).await;
    (matched(one), matched(two))
}

/// Lets news go to and fro until there are none.
async fn settle(engines: &[&Engine]) {
    for _ in 0..4 {
        for engine in engines {
            engine.sweep().await;
        }
    }
}

/// Every claim is played with both users on one engine, and on two.
async fn on_one_and_two<F: Future<Output = ()>>(play: impl Fn(Stage, Engine, Engine) -> F) {
    let stage = Stage::new();
    let engine = stage.engine();
    play(stage, engine.clone(), engine).await;
    let stage = Stage::new();
    let (here, there) = (stage.engine(), stage.engine());
    play(stage, here, there).await;
}

#[tokio::test]
async fn two_who_seek_meet_and_are_in_their_room_already() {
    on_one_and_two(|_stage, here, there| async move {
        let (mut kim, mut lee) = (connect(&here, "kim").await, connect(&there, "lee").await);
        let (one, two) = pair(&mut kim, &mut lee, &[&here, &there]).await;
        assert_eq!((one.room(), one.pool.as_str()), (two.room(), "random"));
        assert_eq!(one.snapshot.room.kind, RoomKind::Pair);
        assert_eq!(one.room().pool().unwrap(), "random");
        kim.say(one.room(), "hi").await.unwrap();
        lee.say(two.room(), "hello").await.unwrap();
        let (alias_one, alias_two) = (&one.snapshot.you, &two.snapshot.you);
        let talk = [format!("said {alias_one} hi"), format!("said {alias_two} hello")];
        assert!(told(&mut kim).ends_with(&talk));
        assert!(told(&mut lee).ends_with(&talk));
        assert!(kim.waiting().await.unwrap().is_empty());
        assert_eq!(kim.rooms().await.unwrap(), [one.room().clone()]);
    })
    .await;
}

#[tokio::test]
async fn both_go_by_aliases_made_for_this_match_alone() {
    on_one_and_two(|stage, here, there| async move {
        let (mut kim, mut lee) = (connect(&here, "kim").await, connect(&there, "lee").await);
        let (one, two) = pair(&mut kim, &mut lee, &[&here, &there]).await;
        let id = one.room();
        kim.say(id, "hi").await.unwrap();
        kim.signal(id, "typing").await.unwrap();
        kim.rename("Kimmy").await.unwrap();
        let tab = connect(&here, "kim").await;
        let again = tab.join(id).await.unwrap();
        let page = lee.members(id, None, 10).await.unwrap();
        let seen = format!("{one:?}{two:?}{again:?}{page:?}{:?}", events(&mut lee));
        for real in ["\"kim\"", "\"lee\"", "Kimmy"] {
            assert!(!seen.contains(real), "{real} in {seen}");
        }
        assert_eq!(again.you, one.snapshot.you);
        assert_ne!(one.snapshot.you, two.snapshot.you);
        let mut seen: Vec<_> =
            page.members.iter().map(|Member { user, .. }| user.clone()).collect();
        seen.sort();
        let mut both = [one.snapshot.you.clone(), two.snapshot.you.clone()];
        both.sort();
        assert_eq!(seen, both);
        // Last partners meet again when both have waited a while and nobody else is there: under other aliases.
        let first = one.snapshot.you.clone();
        lee.leave(id).await.unwrap();
        kim.seek("random", &[]).await.unwrap();
        lee.seek("random", &[]).await.unwrap();
        pass(&stage.clock, &[&here, &there], secs(6)).await;
        settle(&[&here, &there]).await;
        assert_ne!(matched(&mut kim).snapshot.you, first);
    })
    .await;
}

#[tokio::test]
async fn shared_tags_come_first_and_are_told() {
    on_one_and_two(|stage, here, there| async move {
        let (mut kim, mut lee) = (connect(&here, "kim").await, connect(&there, "lee").await);
        let mut may = connect(&here, "may").await;
        kim.seek("random", &["music", "films"]).await.unwrap();
        lee.seek("random", &["sport"]).await.unwrap();
        settle(&[&here, &there]).await;
        assert!(events(&mut kim).is_empty());
        may.seek("random", &["Films"]).await.unwrap();
        settle(&[&here, &there]).await;
        let found = matched(&mut kim);
        assert_eq!(found.shared.len(), 1);
        assert_eq!(found.shared[0], "films");
        assert_eq!(matched(&mut may).room(), found.room());
        // The one who is left widens, and takes whoever comes.
        let mut new = connect(&there, "new").await;
        new.seek("random", &[]).await.unwrap();
        settle(&[&here, &there]).await;
        assert!(events(&mut new).is_empty());
        pass(&stage.clock, &[&here, &there], secs(3)).await;
        settle(&[&here, &there]).await;
        assert_eq!(matched(&mut lee).room(), matched(&mut new).room());
    })
    .await;
}

#[tokio::test]
async fn who_is_strict_waits_for_a_shared_tag() {
    on_one_and_two(|stage, here, there| async move {
        let (mut kim, mut lee) = (connect(&here, "kim").await, connect(&there, "lee").await);
        kim.seek_with(&Seek::new("random").with_tags(["go"]).strict()).await.unwrap();
        lee.seek("random", &[]).await.unwrap();
        pass(&stage.clock, &[&here, &there], secs(60)).await;
        settle(&[&here, &there]).await;
        assert!(events(&mut kim).is_empty() && events(&mut lee).is_empty());
        lee.seek("random", &["go"]).await.unwrap();
        settle(&[&here, &there]).await;
        assert_eq!(matched(&mut kim).room(), matched(&mut lee).room());
        // Strictness and tags stay for the next one.
        let id = kim.rooms().await.unwrap().remove(0);
        kim.seek_next(&id, None).await.unwrap();
        let mut may = connect(&there, "may").await;
        may.seek("random", &[]).await.unwrap();
        pass(&stage.clock, &[&here, &there], secs(30)).await;
        settle(&[&here, &there]).await;
        assert!(events(&mut may).is_empty());
        may.seek("random", &["go"]).await.unwrap();
        settle(&[&here, &there]).await;
        assert_eq!(matched(&mut may).shared[0], "go");
    })
    .await;
}

#[tokio::test]
async fn nobody_meets_themselves_also_from_two_tabs() {
    on_one_and_two(|stage, here, there| async move {
        let (mut one, mut two) = (connect(&here, "kim").await, connect(&there, "kim").await);
        one.seek("random", &[]).await.unwrap();
        two.seek("random", &["x"]).await.unwrap();
        pass(&stage.clock, &[&here, &there], secs(20)).await;
        settle(&[&here, &there]).await;
        assert_eq!(told(&mut one), ["unmatched random replaced"]);
        assert_eq!(told(&mut two), Vec::<String>::new());
        let mut lee = connect(&here, "lee").await;
        lee.seek("random", &[]).await.unwrap();
        settle(&[&here, &there]).await;
        assert_eq!(matched(&mut two).room(), matched(&mut lee).room());
        assert_eq!(told(&mut one), Vec::<String>::new(), "the tab that no longer waits");
        let refused = one.seek("random", &[]).await.unwrap_err();
        assert!(matches!(refused, Error::AlreadyMatched { .. }));
        assert_eq!(code(one.cancel_seek("random").await), "already_matched");
    })
    .await;
}

#[tokio::test]
async fn the_oldest_is_served_first_and_replacing_keeps_the_place() {
    on_one_and_two(|stage, here, there| async move {
        let engines = [&here, &there];
        let mut waiting = Vec::new();
        for (n, engine) in engines.iter().cycle().take(4).enumerate() {
            let session = connect(engine, &format!("u{n}")).await;
            // Apart from one another: each likes something else, and is strict.
            let seek = Seek::new("random").with_tags([format!("t{n}")]).strict();
            session.seek_with(&seek).await.unwrap();
            pass(&stage.clock, &engines, secs(1)).await;
            waiting.push(session);
        }
        // The first changes what it likes, and stays first.
        let all = ["t0", "t1", "t2", "t3"];
        waiting[0].seek_with(&Seek::new("random").with_tags(["t0", "any"]).strict()).await.unwrap();
        for (n, waits) in waiting.iter_mut().enumerate() {
            let mut new = connect(&here, &format!("new{n}")).await;
            new.seek("random", &all).await.unwrap();
            settle(&engines).await;
            let room = matched(&mut new).room().clone();
            assert_eq!(matched(waits).room(), &room, "{n}");
        }
    })
    .await;
}

#[tokio::test]
async fn cancelling_is_the_users_from_whichever_tab() {
    on_one_and_two(|_stage, here, there| async move {
        let (mut one, two) = (connect(&here, "kim").await, connect(&there, "kim").await);
        one.seek("random", &[]).await.unwrap();
        two.cancel_seek("random").await.unwrap();
        settle(&[&here, &there]).await;
        assert_eq!(told(&mut one), ["unmatched random replaced"]);
        assert_eq!(UnmatchedWhy::Replaced.as_str(), "replaced");
        assert_eq!(code(one.cancel_seek("random").await), "not_waiting");
        let mut lee = connect(&here, "lee").await;
        lee.seek("random", &[]).await.unwrap();
        settle(&[&here, &there]).await;
        assert!(events(&mut lee).is_empty() && events(&mut one).is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_lost_connection_keeps_its_place_and_meets_nobody_meanwhile() {
    on_one_and_two(|stage, here, there| async move {
        let engines = [&here, &there];
        let (kim, mut lee) = (connect(&here, "kim").await, connect(&there, "lee").await);
        kim.seek("random", &[]).await.unwrap();
        drop(kim);
        pass(&stage.clock, &engines, secs(2)).await;
        lee.seek("random", &[]).await.unwrap();
        settle(&engines).await;
        assert!(events(&mut lee).is_empty());
        let mut kim = connect(&there, "kim").await;
        kim.seek("random", &[]).await.unwrap();
        settle(&engines).await;
        assert_eq!(matched(&mut kim).room(), matched(&mut lee).room());
        // And after five seconds the place is gone.
        let may = connect(&here, "may").await;
        may.seek("random", &[]).await.unwrap();
        drop(may);
        pass(&stage.clock, &engines, secs(6)).await;
        let again = connect(&here, "may").await;
        assert!(again.waiting().await.unwrap().is_empty());
    })
    .await;
}

/// Three in a row: the middle one leaves the first for the third.
#[tokio::test]
async fn seek_next_is_one_step_and_concerns_the_user_with_all_tabs() {
    on_one_and_two(|_stage, here, there| async move {
        let engines = [&here, &there];
        let (mut kim, mut lee) = (connect(&here, "kim").await, connect(&there, "lee").await);
        let (one, _) = pair(&mut kim, &mut lee, &engines).await;
        let id = one.room().clone();
        let mut tab = connect(&there, "kim").await;
        tab.join(&id).await.unwrap();
        lee.say(&id, "undrained").await.unwrap();
        let mut may = connect(&there, "may").await;
        may.seek("random", &[]).await.unwrap();
        kim.seek_next(&id, None).await.unwrap();
        settle(&engines).await;
        let of_old = |event: &Event| matches!(event, Event::Entry(entry) if entry.room == id);
        let events_of_kim = events(&mut kim);
        assert!(!events_of_kim.iter().any(of_old), "nothing of the old room follows");
        let Some(Event::Matched(next)) = events_of_kim.into_iter().next() else {
            panic!("matched")
        };
        assert_eq!(matched(&mut may).room(), next.room());
        let alias = &one.snapshot.you;
        let end = [format!("left {alias} 1 left"), "closed partner_left".to_owned()];
        assert!(told(&mut lee).ends_with(&end));
        assert!(told(&mut tab).ends_with(&end));
        for session in [&kim, &tab] {
            assert_eq!(code(session.say(&id, "x").await), "not_member");
        }
        assert_eq!(code(lee.say(&id, "x").await), "room_closed");
        assert!(matches!(
            lee.join(&id).await.unwrap_err(),
            Error::RoomClosed { why: CloseWhy::PartnerLeft }
        ));
    })
    .await;
}

#[tokio::test]
async fn who_left_a_pair_room_is_no_member_in_whichever_tab_and_the_partner_is_told_why_it_ended() {
    on_one_and_two(|_stage, here, there| async move {
        let engines = [&here, &there];
        for how in ["leave", "next", "block"] {
            let (kim, lee) = (format!("kim-{how}"), format!("lee-{how}"));
            let mut lee = connect(&here, &lee).await;
            let mut tabs = [connect(&here, &kim).await, connect(&there, &kim).await];
            let (one, _) = pair(&mut tabs[0], &mut lee, &engines).await;
            let id = one.room();
            tabs[1].join(id).await.unwrap();
            match how {
                "leave" => tabs[0].leave(id).await.unwrap(),
                "next" => tabs[0].seek_next(id, None).await.unwrap(),
                _ => tabs[0].block(id).await.unwrap(),
            }
            settle(&engines).await;
            for (session, expected) in
                [(&tabs[0], "not_member"), (&tabs[1], "not_member"), (&lee, "room_closed")]
            {
                assert_eq!(code(session.say(id, "x").await), expected, "{how}");
                assert_eq!(code(session.signal(id, "x").await), expected, "{how}");
                let newest = HistoryPage::Newest { limit: 1 };
                assert_eq!(code(session.history(id, newest).await), expected, "{how}");
                assert_eq!(code(session.members(id, None, 1).await), expected, "{how}");
                assert_eq!(code(session.leave(id).await), expected, "{how}");
            }
            let _ = tabs[0].cancel_seek("random").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_pair_room_ends_when_one_leaves_is_lost_or_nothing_is_said() {
    on_one_and_two(|stage, here, there| async move {
        let engines = [&here, &there];
        let mut lee = connect(&there, "lee").await;
        let ends = async |lee: &mut Session, how: &str| {
            let mut kim = connect(&here, &format!("kim-{how}")).await;
            let (one, _) = pair(&mut kim, lee, &engines).await;
            events(lee);
            match how {
                "leave" => kim.leave(one.room()).await.unwrap(),
                "lose" => drop(kim),
                "kick" => here.kick(one.room(), kim.user()).await.unwrap(),
                _ => pass(&stage.clock, &engines, secs(600)).await,
            }
            if how == "lose" {
                pass(&stage.clock, &engines, secs(4)).await;
                assert!(events(lee).is_empty());
                pass(&stage.clock, &engines, secs(1)).await;
            }
            told(lee).last().unwrap().clone()
        };
        for how in ["leave", "lose", "kick"] {
            assert_eq!(ends(&mut lee, how).await, "closed partner_left", "{how}");
        }
        assert_eq!(ends(&mut lee, "idle").await, "closed idle");
        assert!(lee.rooms().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn blocked_ones_never_meet_again_in_either_direction() {
    on_one_and_two(|stage, here, there| async move {
        let engines = [&here, &there];
        let (mut kim, mut lee) = (connect(&here, "kim").await, connect(&there, "lee").await);
        let (one, _) = pair(&mut kim, &mut lee, &engines).await;
        lee.block(one.room()).await.unwrap();
        settle(&engines).await;
        assert_eq!(told(&mut kim).last().unwrap(), "closed partner_left");
        assert_eq!(told(&mut lee), Vec::<String>::new(), "nothing follows a block");
        kim.seek("random", &[]).await.unwrap();
        lee.seek("random", &[]).await.unwrap();
        pass(&stage.clock, &engines, secs(60)).await;
        settle(&engines).await;
        assert!(events(&mut kim).is_empty() && events(&mut lee).is_empty());
        let mut may = connect(&here, "may").await;
        may.seek("random", &[]).await.unwrap();
        settle(&engines).await;
        assert_eq!(matched(&mut may).room(), matched(&mut kim).room());
    })
    .await;
}

#[tokio::test]
async fn one_can_block_after_the_partner_has_left_and_not_twice_over() {
    let stage = Stage::new();
    let engine = stage.engine();
    let (mut kim, mut lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let (one, _) = pair(&mut kim, &mut lee, &[&engine]).await;
    lee.leave(one.room()).await.unwrap();
    kim.block(one.room()).await.unwrap();
    kim.seek("random", &[]).await.unwrap();
    lee.seek("random", &[]).await.unwrap();
    pass(&stage.clock, &[&engine], secs(60)).await;
    assert_eq!(told(&mut lee), Vec::<String>::new());
}

#[tokio::test]
async fn last_partners_are_the_last_choice() {
    on_one_and_two(|stage, here, there| async move {
        let engines = [&here, &there];
        let (mut kim, mut lee) = (connect(&here, "kim").await, connect(&there, "lee").await);
        let (one, _) = pair(&mut kim, &mut lee, &engines).await;
        kim.seek_next(one.room(), None).await.unwrap();
        lee.seek("random", &[]).await.unwrap();
        settle(&engines).await;
        assert!(matches!(events(&mut kim)[..], []));
        let mut may = connect(&here, "may").await;
        may.seek("random", &[]).await.unwrap();
        settle(&engines).await;
        assert_eq!(matched(&mut may).room(), matched(&mut kim).room(), "somebody else will do");
        let _ = stage;
    })
    .await;
}

#[tokio::test]
async fn a_search_that_is_refused_does_not_change_what_the_next_one_goes_on_with() {
    let stage = Stage::new();
    let engine = stage.engine();
    let (mut kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let strict = Seek::new("random").with_tags(["go"]).strict();
    kim.seek_with(&strict).await.unwrap();
    lee.seek_with(&strict).await.unwrap();
    let id = matched(&mut kim).room().clone();
    assert_eq!(code(kim.seek("random", &["chess"]).await), "already_matched");
    kim.seek_next(&id, None).await.unwrap();
    let mut may = connect(&engine, "may").await;
    may.seek("random", &["chess"]).await.unwrap();
    assert_eq!(told(&mut may), Vec::<String>::new());
    may.seek("random", &["go"]).await.unwrap();
    assert_eq!(told(&mut may), ["matched random"]);
}

#[tokio::test]
async fn only_the_two_come_in() {
    let stage = Stage::new();
    let engine = stage.engine();
    let (mut kim, mut lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let (one, _) = pair(&mut kim, &mut lee, &[&engine]).await;
    let id: &RoomId = one.room();
    let may = connect(&engine, "may").await;
    assert_eq!(code(may.join(id).await), "forbidden");
    assert_eq!(code(may.say(id, "x").await), "not_member");
    assert_eq!(code(may.block(id).await), "not_member");
    assert_eq!(code(may.seek_next(id, None).await), "not_member");
    assert!(may.waiting().await.unwrap().is_empty());
    assert_eq!(code(may.close(id).await), "forbidden");
    assert_eq!(code(kim.close(id).await), "forbidden");
    // An alias as an id is nobody.
    let fake = connect(&engine, one.snapshot.you.as_str()).await;
    assert_eq!(code(fake.join(id).await), "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_seek_at_once_everybody_finds_exactly_one() {
    for _ in 0..10 {
        let stage = Stage::new();
        let engines = [stage.engine(), stage.engine()];
        let mut tasks = Vec::new();
        for n in 0..40 {
            let engine = engines[n % 2].clone();
            tasks.push(tokio::spawn(async move {
                let mut session = connect(&engine, &format!("u{n}")).await;
                session.seek("random", &[]).await.unwrap();
                let Some(Event::Matched(found)) = session.next().await else { panic!("matched") };
                (session, found)
            }));
        }
        let mut rooms = std::collections::BTreeMap::new();
        let mut sessions = Vec::new();
        for task in tasks {
            let (session, found) = task.await.unwrap();
            *rooms.entry(found.room().clone()).or_insert(0) += 1;
            sessions.push(session);
        }
        assert_eq!(rooms.len(), 20);
        assert!(rooms.values().all(|users| *users == 2));
        for session in &sessions {
            assert_eq!(session.rooms().await.unwrap().len(), 1);
        }
    }
}
