//! Joining: the snapshot, and going on from it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, Stand, is_cursor, is_entry, is_member, is_room, keys, seconds};

fn numbers(entries: &Value) -> Vec<u64> {
    entries.as_array().unwrap().iter().map(|entry| entry["n"].as_u64().unwrap()).collect()
}

async fn say_many(client: &mut Client, room: &str, times: usize) {
    let say = |at| json!({"do": "say", "room": room, "body": at});
    for each in client.send_all((0..times).map(say)).await {
        assert!(client.reply(each).await["ok"]["n"].is_u64());
    }
}

#[tokio::test]
async fn the_snapshot_is_the_room_with_oneself_in_it() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    say_many(&mut kim, "a", 3).await;
    let mut lee = stand.user("lee").await;
    let ok = lee.ok(json!({"do": "join", "room": "a"})).await;
    assert_eq!(keys(&ok), ["created", "cursor", "entries", "members", "resumed", "room", "you"]);
    is_room(&ok["room"]);
    is_cursor(&ok["cursor"]);
    ok["members"].as_array().unwrap().iter().for_each(is_member);
    ok["entries"].as_array().unwrap().iter().for_each(is_entry);
    assert_eq!(
        (&ok["you"], &ok["created"], &ok["resumed"]),
        (&json!("lee"), &json!(false), &json!(false))
    );
    assert_eq!((&ok["room"]["live"], &ok["cursor"]["n"]), (&json!(2), &json!(5)));
    let users: Vec<_> = ok["members"].as_array().unwrap().iter().map(|m| &m["user"]).collect();
    assert_eq!(users, ["lee", "user0"]);
    // What was said, with the notices between; one's own coming is at or before the cursor.
    assert_eq!(ok["room"]["last"]["n"], 4);
    assert_eq!(numbers(&ok["entries"]).last(), Some(&5));
    assert_eq!(
        (&ok["entries"][3]["ev"], &ok["entries"][3]["user"]),
        (&json!("joined"), &json!("lee"))
    );
    assert_eq!(ok["cursor"]["at"], ok["entries"][3]["at"]);
    lee.nothing().await;
    kim.events().await;
    say_many(&mut kim, "a", 1).await;
    assert_eq!(lee.event("said").await["n"], 6);
}

#[tokio::test]
async fn join_with_create_opens_what_is_not_there() {
    let stand = Stand::new().await;
    let (mut kim, mut lee) = (stand.user("kim").await, stand.user("lee").await);
    assert_eq!(kim.code(json!({"do": "join", "room": "a"})).await, "no_such_room");
    let create =
        json!({"title": "A", "kind": "private", "meta": {"x": 1}, "policy": {"capacity": 7}});
    let ok = kim.ok(json!({"do": "join", "room": "a", "create": create})).await;
    assert_eq!(ok["created"], true);
    let room = &ok["room"];
    assert_eq!(
        (&room["kind"], &room["capacity"], &room["owner"]),
        (&json!("private"), &json!(7), &json!("kim"))
    );
    assert_eq!(
        (&room["meta"], &room["live"], &room["visitors"]),
        (&json!({"x": 1}), &json!(1), &json!(1))
    );
    assert_eq!((&ok["cursor"]["n"], numbers(&ok["entries"])), (&json!(1), vec![1]));
    // Where it is there, nothing of it is changed.
    let ok = lee.ok(json!({"do": "join", "room": "a", "create": {"title": "B"}})).await;
    assert_eq!(
        (&ok["created"], &ok["room"]["title"], &ok["room"]["owner"]),
        (&json!(false), &json!("A"), &json!("kim"))
    );
    // Null is as if it were not there.
    assert_eq!(lee.code(json!({"do": "join", "room": "b", "create": null})).await, "no_such_room");
}

#[tokio::test]
async fn since_gives_everything_behind_it() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let cursor = lee.ok(json!({"do": "join", "room": "a"})).await["cursor"].take();
    lee.vanish();
    say_many(&mut kim, "a", 5).await;
    let mut mia = stand.user("mia").await;
    mia.ok(json!({"do": "join", "room": "a"})).await;
    let mut lee = stand.user("user1").await;
    let ok = lee.ok(json!({"do": "join", "room": "a", "since": cursor, "recent": 1})).await;
    assert_eq!((&ok["resumed"], ok.get("why")), (&json!(true), None));
    // Notices are among it.
    assert_eq!(numbers(&ok["entries"]), [3, 4, 5, 6, 7, 8]);
    assert_eq!(ok["entries"][5]["ev"], "joined");
    assert_eq!(ok["cursor"]["n"], 8);
    say_many(&mut kim, "a", 1).await;
    assert_eq!(lee.event("said").await["n"], 9);
    // With nothing behind it there is nothing.
    let head = lee.ok(json!({"do": "join", "room": "a", "since": ok["cursor"]})).await;
    assert_eq!(numbers(&head["entries"]), [9]);
    let head = lee.ok(json!({"do": "join", "room": "a", "since": head["cursor"]})).await;
    assert_eq!((&head["resumed"], &head["entries"]), (&json!(true), &json!([])));
}

#[tokio::test]
async fn without_its_time_a_cursor_is_compared_by_number_alone() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    say_many(&mut kim, "a", 3).await;
    let head = kim.ok(json!({"do": "join", "room": "a"})).await["cursor"].take();
    let epoch = &head["epoch"];
    let since = |since: Value| json!({"do": "join", "room": "a", "since": since});
    for at in [json!({"epoch": epoch, "n": 2}), json!({"epoch": epoch, "n": 2, "at": null})] {
        let ok = kim.ok(since(at)).await;
        assert_eq!((&ok["resumed"], numbers(&ok["entries"])), (&json!(true), vec![3, 4]));
    }
    let wrong = kim
        .ok(since(json!({"epoch": epoch, "n": 4, "at": head["at"].as_u64().unwrap() + 1})))
        .await;
    assert_eq!((&wrong["resumed"], &wrong["why"]), (&json!(false), &json!("epoch")));
    assert_eq!(numbers(&wrong["entries"]), [2, 3, 4]);
}

#[tokio::test]
async fn a_log_that_began_anew_is_another_epoch() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let before = kim.ok(json!({"do": "join", "room": "a"})).await["cursor"].take();
    kim.ok(json!({"do": "close", "room": "a"})).await;
    kim.event("closed").await;
    let again = json!({"do": "join", "room": "a", "since": before, "create": {"title": "Again"}});
    let ok = kim.ok(again).await;
    assert_eq!(
        (&ok["created"], &ok["resumed"], &ok["why"]),
        (&json!(true), &json!(false), &json!("epoch"))
    );
    assert_ne!(ok["cursor"]["epoch"], before["epoch"]);
    assert_eq!(numbers(&ok["entries"]), [1]);
    say_many(&mut kim, "a", 1).await;
    assert_eq!(kim.event("said").await["n"], 2);
}

#[tokio::test]
async fn an_epoch_that_no_server_made_is_another_epoch() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    for epoch in ["", "x", "방", "0", "18446744073709551616", &"9".repeat(1_000)] {
        let since = json!({"epoch": epoch, "n": 1, "at": 5});
        let ok = kim.ok(json!({"do": "join", "room": "a", "since": since})).await;
        assert_eq!((&ok["resumed"], &ok["why"]), (&json!(false), &json!("epoch")), "{epoch}");
        assert_eq!(numbers(&ok["entries"]), [1]);
    }
}

#[tokio::test]
async fn a_cursor_beyond_the_head_is_of_another_epoch() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let epoch = kim.ok(json!({"do": "join", "room": "a"})).await["cursor"]["epoch"].take();
    for n in [2, 1_000_000, (1_u64 << 53) - 1] {
        let since = json!({"epoch": epoch, "n": n});
        let ok = kim.ok(json!({"do": "join", "room": "a", "since": since})).await;
        assert_eq!((&ok["resumed"], &ok["why"]), (&json!(false), &json!("epoch")));
    }
}

#[tokio::test]
async fn since_zero_is_everything_or_trimmed() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let create = json!({"title": "A", "policy": {"history": 5}});
    let ok = kim.ok(json!({"do": "join", "room": "a", "create": create})).await;
    let since = json!({"epoch": ok["cursor"]["epoch"], "n": 0});
    let join = json!({"do": "join", "room": "a", "since": since, "recent": 2});
    say_many(&mut kim, "a", 5).await;
    let ok = kim.ok(join.clone()).await;
    assert_eq!((&ok["resumed"], numbers(&ok["entries"])), (&json!(true), vec![1, 2, 3, 4, 5, 6]));
    say_many(&mut kim, "a", 1).await;
    let ok = kim.ok(join).await;
    assert_eq!((&ok["resumed"], &ok["why"]), (&json!(false), &json!("trimmed")));
    // No part of what was missed: the newest, as without `since`.
    assert_eq!(numbers(&ok["entries"]), [6, 7]);
}

#[tokio::test]
async fn a_gap_longer_than_a_thousand_is_trimmed() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let create = json!({"title": "A", "policy": {"history": 10_000}});
    let ok = kim.ok(json!({"do": "join", "room": "a", "create": create})).await;
    let join = json!({"do": "join", "room": "a", "since": ok["cursor"], "recent": 3});
    say_many(&mut kim, "a", 1_000).await;
    let ok = kim.ok(join.clone()).await;
    assert_eq!((&ok["resumed"], ok["entries"].as_array().unwrap().len()), (&json!(true), 1_000));
    say_many(&mut kim, "a", 1).await;
    let ok = kim.ok(join).await;
    assert_eq!((&ok["resumed"], &ok["why"]), (&json!(false), &json!("trimmed")));
    assert_eq!(numbers(&ok["entries"]), [1_000, 1_001, 1_002]);
}

#[tokio::test]
async fn a_cursor_has_its_form() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    for wrong in [
        json!(1),
        json!("1"),
        json!([]),
        json!({}),
        json!({"n": 1}),
        json!({"epoch": "1"}),
        json!({"epoch": 1, "n": 1}),
        json!({"epoch": "1", "n": "1"}),
        json!({"epoch": "1", "n": -1}),
        json!({"epoch": "1", "n": 1.5}),
        json!({"epoch": "1", "n": 1_u64 << 53}),
        json!({"epoch": "1", "n": 1, "at": "now"}),
        json!({"epoch": "1", "n": 1, "at": -1}),
    ] {
        assert_eq!(
            kim.wrong(json!({"do": "join", "room": "a", "since": wrong})).await,
            "since",
            "{wrong}"
        );
    }
    let ok = kim.ok(json!({"do": "join", "room": "a", "since": null})).await;
    assert_eq!((&ok["resumed"], ok.get("why")), (&json!(false), None));
}

#[tokio::test]
async fn recent_is_the_newest_that_were_said_with_the_notices_between_and_behind() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    say_many(&mut kim, "a", 300).await;
    kim.ok(json!({"do": "rename", "name": "Kim"})).await;
    let mut join = async |recent: Value| {
        kim.ok(json!({"do": "join", "room": "a", "recent": recent})).await["entries"].take()
    };
    assert_eq!(numbers(&join(json!(0)).await), Vec::<u64>::new());
    assert_eq!(numbers(&join(json!(1)).await), [301, 302]);
    assert_eq!(numbers(&join(json!(200)).await), (102..=302).collect::<Vec<_>>());
    // More than 200 is 200; not to be told is 50.
    for more in [201, 1_000_000, (1_u64 << 53) - 1] {
        assert_eq!(numbers(&join(json!(more)).await), (102..=302).collect::<Vec<_>>());
    }
    assert_eq!(numbers(&join(Value::Null).await), (252..=302).collect::<Vec<_>>());
    let ok = kim.ok(json!({"do": "join", "room": "a"})).await;
    assert_eq!(numbers(&ok["entries"]), (252..=302).collect::<Vec<_>>());
    for wrong in [json!(-1), json!(0.5), json!("1"), json!(true), json!(1_u64 << 53)] {
        assert_eq!(kim.wrong(json!({"do": "join", "room": "a", "recent": wrong})).await, "recent");
    }
}

#[tokio::test]
async fn joining_twice_is_a_fresh_snapshot_and_nobody_comes_twice() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let first = lee.ok(json!({"do": "join", "room": "a"})).await;
    say_many(&mut kim, "a", 2).await;
    lee.events().await;
    let ok = lee.ok(json!({"do": "join", "room": "a"})).await;
    assert_eq!((&first["cursor"]["n"], &ok["cursor"]["n"]), (&json!(2), &json!(4)));
    assert_eq!((&ok["room"]["live"], ok["members"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(numbers(&ok["entries"]), [3, 4]);
    say_many(&mut kim, "a", 1).await;
    let events = lee.events().await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["n"], 5);
}

#[tokio::test]
async fn a_second_connection_of_a_user_is_no_second_coming() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let mut tab = stand.user("user1").await;
    let ok = tab.ok(json!({"do": "join", "room": "a"})).await;
    assert_eq!((&ok["room"]["live"], &ok["cursor"]["n"]), (&json!(2), &json!(2)));
    tab.ok(json!({"do": "leave", "room": "a"})).await;
    kim.nothing().await;
    lee.ok(json!({"do": "say", "room": "a", "body": 1})).await;
    kim.event("said").await;
    tab.nothing().await;
    lee.ok(json!({"do": "leave", "room": "a"})).await;
    let left = kim.event("left").await;
    assert_eq!(
        (&left["user"], &left["why"], &left["live"]),
        (&json!("user1"), &json!("left"), &json!(1))
    );
}

#[tokio::test]
async fn nothing_of_a_room_comes_behind_the_reply_to_its_leave() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    for round in 0..30 {
        let talk = (0..20).map(|at| json!({"do": "say", "room": "a", "body": at}));
        let sent = kim.send_all(talk).await;
        let leave = lee.send(json!({"do": "leave", "room": "a"})).await;
        lee.reply(leave).await;
        let leave_at =
            lee.texts.iter().rposition(|text| text.starts_with(&format!(r#"{{"re":{}"#, leave.0)));
        for each in sent {
            kim.reply(each).await;
        }
        lee.events().await;
        let behind =
            lee.texts[leave_at.unwrap() + 1..].iter().filter(|text| text.contains(r#""room":"a""#));
        assert_eq!(behind.count(), 0, "round {round}");
        lee.ok(json!({"do": "join", "room": "a"})).await;
    }
}

/// Everything that a member was told of a room, from its join on, is in its place and there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pushed_goes_on_right_behind_the_cursor_however_much_is_said_meanwhile() {
    let stand = Stand::new().await;
    let [kim, lee] = stand.room_of("a").await;
    let talks = [kim, lee].map(|mut client| {
        tokio::spawn(async move {
            for _ in 0..40 {
                say_many(&mut client, "a", 10).await;
                tokio::task::yield_now().await;
            }
        })
    });
    let mut cursor: Option<Value> = None;
    let mut rounds = 0;
    while !talks.iter().all(tokio::task::JoinHandle::is_finished) || rounds < 60 {
        let mut mia = stand.user("mia").await;
        let mut join = json!({"do": "join", "room": "a", "recent": 3});
        if let Some(cursor) = &cursor {
            join["since"] = cursor.clone();
        }
        let sent = mia.send(join).await;
        let ok = mia.reply(sent).await["ok"].take();
        // Nothing of the room came before the reply: the first frame was that to `hello`.
        assert!(
            mia.texts[1].starts_with(&format!(r#"{{"re":{},"ok""#, sent.0)),
            "{}",
            mia.texts[1]
        );
        let mut at = ok["cursor"]["n"].as_u64().unwrap();
        if let Some(cursor) = &cursor {
            assert_eq!(ok["resumed"], true, "{ok}");
            let missed: Vec<u64> = (cursor["n"].as_u64().unwrap() + 1..=at).collect();
            assert_eq!(numbers(&ok["entries"]), missed);
        }
        for event in mia.events().await {
            assert_eq!(event["n"].as_u64(), Some(at + 1), "{event}");
            at += 1;
            cursor = Some(json!({"epoch": ok["cursor"]["epoch"], "n": at, "at": event["at"]}));
        }
        if rounds % 3 == 0 {
            mia.ok(json!({"do": "leave", "room": "a"})).await;
        }
        rounds += 1;
    }
    for talk in talks {
        talk.await.unwrap();
    }
}

#[tokio::test]
async fn a_snapshot_has_the_first_two_hundred_members_and_members_has_the_others() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let mut guests = Vec::new();
    for at in 0..205 {
        let user = chat_core::User::new(format!("m{at:03}"));
        let guest = stand.server.engine().connect(user).await.unwrap();
        guest.join(&"a".parse().unwrap()).await.unwrap();
        guests.push(guest);
    }
    let ok = kim.ok(json!({"do": "join", "room": "a"})).await;
    assert_eq!((ok["members"].as_array().unwrap().len(), &ok["room"]["live"]), (200, &json!(206)));
    let users = |page: &Value| -> Vec<String> {
        let members = page["members"].as_array().unwrap();
        members.iter().map(|member| member["user"].as_str().unwrap().to_owned()).collect()
    };
    let first = users(&ok);
    assert!(first.is_sorted());
    let ok = kim.ok(json!({"do": "members", "room": "a", "after": first.last()})).await;
    assert_eq!(keys(&ok), ["count", "cursor", "members", "more"]);
    assert_eq!((&ok["count"], &ok["more"], users(&ok).len()), (&json!(206), &json!(false), 6));
    assert_eq!(users(&ok).last().unwrap(), "user0");
    let ok = kim.ok(json!({"do": "members", "room": "a"})).await;
    assert_eq!((users(&ok).len(), &ok["more"]), (100, &json!(true)));
    let ok = kim.ok(json!({"do": "members", "room": "a", "limit": 1_000})).await;
    assert_eq!(users(&ok), first);
    let ok = kim.ok(json!({"do": "members", "room": "a", "limit": 1, "after": "m1"})).await;
    assert_eq!((users(&ok), &ok["more"]), (vec!["m100".to_owned()], &json!(true)));
    assert_eq!(ok["cursor"]["n"], 206);
    for wrong in [json!(0), json!(-1), json!("1"), json!(1.5)] {
        assert_eq!(kim.wrong(json!({"do": "members", "room": "a", "limit": wrong})).await, "limit");
    }
    for wrong in [json!(""), json!("a b"), json!("x".repeat(129)), json!(1)] {
        assert_eq!(kim.wrong(json!({"do": "members", "room": "a", "after": wrong})).await, "after");
    }
}

#[tokio::test]
async fn what_was_lost_with_a_connection_comes_with_since_after_the_grace_too() {
    let stand = Stand::new().await;
    let [mut kim, lee] = stand.room_of("a").await;
    let mut cursor = json!({"n": 2});
    cursor["epoch"] = kim.ok(json!({"do": "join", "room": "a"})).await["cursor"]["epoch"].take();
    lee.vanish();
    stand.until_sessions(1).await;
    stand.pass(Duration::from_millis(5_100)).await;
    let left = kim.event("left").await;
    assert_eq!(
        (&left["why"], &left["user"], &left["live"]),
        (&json!("lost"), &json!("user1"), &json!(1))
    );
    say_many(&mut kim, "a", 1).await;
    stand.pass(seconds(60)).await;
    let mut lee = stand.user("user1").await;
    let ok = lee.ok(json!({"do": "join", "room": "a", "since": cursor})).await;
    let kinds: Vec<_> =
        ok["entries"].as_array().unwrap().iter().map(|entry| &entry["ev"]).collect();
    assert_eq!(kinds, ["left", "said", "joined"]);
}
