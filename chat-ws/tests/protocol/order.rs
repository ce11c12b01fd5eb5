//! Many commands at once: their order, and how many are taken.

use serde_json::{Value, json};

use crate::support::{Hold, Setup, Solo, Stand, Turnstile};

#[tokio::test]
async fn commands_of_one_room_are_carried_out_in_the_order_sent() {
    let stand = Stand::new().await;
    let mut kim = stand.guest("Kim").await;
    let sent = kim
        .send_all([
            json!({"do": "say", "room": "a", "body": 1}),
            json!({"do": "join", "room": "a", "create": {"title": "A"}}),
            json!({"do": "say", "room": "a", "body": 2}),
            json!({"do": "history", "room": "a"}),
            json!({"do": "leave", "room": "a"}),
            json!({"do": "say", "room": "a", "body": 3}),
            json!({"do": "join", "room": "a"}),
            json!({"do": "say", "room": "a", "body": 4}),
            json!({"do": "close", "room": "a"}),
            json!({"do": "say", "room": "a", "body": 5}),
        ])
        .await;
    let mut said = Vec::new();
    for each in sent {
        let reply = kim.reply(each).await;
        said.push(reply["err"]["code"].as_str().unwrap_or("ok").to_owned());
    }
    let expected =
        ["no_such_room", "ok", "ok", "ok", "ok", "not_member", "ok", "ok", "ok", "room_closed"];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_hundred_said_in_one_go_stand_in_that_order() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let sent = kim.send_all((0..100).map(|at| json!({"do": "say", "room": "a", "body": at}))).await;
    for (at, each) in sent.into_iter().enumerate() {
        assert_eq!(kim.reply(each).await["ok"]["n"], at + 3);
        assert_eq!(lee.event("said").await["body"], at);
    }
}

#[tokio::test]
async fn what_waits_in_one_room_holds_up_no_other() {
    let hold = Hold { say: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.say.clone().unwrap();
    let stand = Setup::new().with_hooks(hold).stand().await;
    let [mut kim] = stand.room_of("a").await;
    kim.ok(json!({"do": "join", "room": "b", "create": {"title": "B"}})).await;
    let say = kim.send(json!({"do": "say", "room": "a", "body": 1})).await;
    let behind = kim.send(json!({"do": "history", "room": "a"})).await;
    turnstile.until_came(1).await;
    // Another room, and what names none, goes on; replies come in whatever order.
    kim.ok(json!({"do": "history", "room": "b"})).await;
    kim.ok(json!({"do": "rooms", "order": "live"})).await;
    kim.ok(json!({"do": "match"})).await;
    kim.ok(json!({"do": "watch", "order": "newest"})).await;
    assert_eq!(kim.replies_left(), 0);
    turnstile.open(1);
    assert_eq!(kim.reply(say).await["ok"]["n"], 2);
    let page = kim.reply(behind).await;
    assert_eq!(page["ok"]["entries"].as_array().unwrap().last().unwrap()["body"], 1);
}

#[tokio::test]
async fn a_rename_is_behind_all_before_it_and_before_all_behind_it() {
    let hold = Hold { say: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.say.clone().unwrap();
    let stand = Setup::new().with_hooks(hold).stand().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    for client in [&mut kim, &mut lee] {
        client.ok(json!({"do": "join", "room": "b", "create": {"title": "B"}})).await;
    }
    kim.events().await;
    kim.send(json!({"do": "say", "room": "a", "body": 1})).await;
    kim.send(json!({"do": "rename", "name": "Kim"})).await;
    kim.send(json!({"do": "say", "room": "b", "body": 2})).await;
    turnstile.until_came(1).await;
    turnstile.open_for_good();
    let first = lee.event("said").await;
    assert_eq!((&first["room"], &first["name"]), (&json!("a"), &json!("user0")));
    for _ in 0..2 {
        assert_eq!(lee.event("renamed").await["name"], "Kim");
    }
    let second = lee.event("said").await;
    assert_eq!((&second["room"], &second["name"]), (&json!("b"), &json!("Kim")));
}

#[tokio::test]
async fn what_waits_for_its_turn_is_not_overtaken_in_its_own_room() {
    let hold = Hold { join: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.join.clone().unwrap();
    let stand = Setup::new().with_hooks(hold).stand().await;
    turnstile.open(1);
    let [mut kim] = stand.room_of("a").await;
    // As many as may be under way of those that are answered at length.
    for at in 0..8 {
        kim.send(json!({"do": "join", "room": format!("r{at}"), "create": {"title": "R"}})).await;
    }
    let page = kim.send(json!({"do": "history", "room": "a"})).await;
    let say = kim.send(json!({"do": "say", "room": "a", "body": "later"})).await;
    kim.ok(json!({"do": "ping"})).await;
    turnstile.open_for_good();
    let page = kim.reply(page).await;
    assert_eq!(page["ok"]["entries"][0]["ev"], "joined", "{page}");
    assert_eq!(kim.reply(say).await["ok"]["n"], 2);
}

#[tokio::test]
async fn a_search_and_what_is_said_in_its_pool_are_in_order() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, _) = crate::matching::pair(&stand).await;
    let room = &one["room"]["id"];
    let sent = kim
        .send_all([
            json!({"do": "say", "room": room, "body": "bye"}),
            json!({"do": "next", "room": room}),
            json!({"do": "unmatch"}),
            json!({"do": "match"}),
            json!({"do": "unmatch"}),
            json!({"do": "unmatch"}),
        ])
        .await;
    let mut codes = Vec::new();
    for each in sent {
        codes.push(kim.reply(each).await["err"]["code"].take());
    }
    let ok = Value::Null;
    assert_eq!(codes, [ok.clone(), ok.clone(), ok.clone(), ok.clone(), ok, json!("not_waiting")]);
    assert_eq!(lee.event("said").await["body"], "bye");
    assert_eq!(lee.event("left").await["why"], "left");
}

#[tokio::test]
async fn with_sixty_four_under_way_no_more_are_read_and_none_is_lost() {
    let hold = Hold { join: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.join.clone().unwrap();
    let (server, _) = Setup::new().with_hooks(hold).server();
    let mut solo = Solo::guest(&server);
    for at in 0..64 {
        assert!(solo.peer.wants_more(&solo.out), "{at}");
        let join = json!({"do": "join", "room": format!("r{at}"), "create": {"title": "A"}});
        assert!(solo.tell(join).is_empty());
    }
    assert!(!solo.peer.wants_more(&solo.out));
    turnstile.open_for_good();
    let mut replies = 0;
    for _ in 0..100 {
        replies += solo.poll().iter().filter(|frame| frame.get("ok").is_some()).count();
        // A task is given only so much to do at a time.
        tokio::task::yield_now().await;
    }
    assert_eq!(replies, 64);
    assert!(solo.peer.wants_more(&solo.out));
}

#[tokio::test]
async fn what_is_sent_beyond_that_waits_at_the_socket_and_is_answered_in_the_end() {
    let hold = Hold { say: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.say.clone().unwrap();
    let stand = Setup::new().with_hooks(hold).stand().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    // One is carried out at a time, since it is one room; the others wait.
    let sent = kim.send_all((0..300).map(|at| json!({"do": "say", "room": "a", "body": at}))).await;
    turnstile.until_came(1).await;
    let ping = kim.send(json!({"do": "ping"})).await;
    lee.ok(json!({"do": "ping"})).await;
    lee.nothing().await;
    assert_eq!(kim.replies_left(), 0);
    turnstile.open_for_good();
    for (at, each) in sent.into_iter().enumerate() {
        assert_eq!(kim.reply(each).await["ok"]["n"], at + 3);
        assert_eq!(lee.event("said").await["body"], at);
    }
    kim.reply(ping).await;
}

#[tokio::test]
async fn what_was_sent_before_a_close_is_carried_out() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    for at in 0..20 {
        let mut last = stand.user("last").await;
        last.send(json!({"do": "join", "room": "a"})).await;
        last.send(json!({"do": "say", "room": "a", "body": at})).await;
        last.close(1000).await;
        assert_eq!(lee.event_past_others("said").await["body"], at);
    }
    kim.events().await;
}
