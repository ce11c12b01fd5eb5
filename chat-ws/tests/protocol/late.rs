//! A store that takes its time, or fails: what is told meanwhile, and in which order.

use serde_json::json;

use crate::support::{Setup, Store, keys};

#[tokio::test]
async fn nothing_of_a_room_comes_before_the_reply_to_its_join_and_nothing_is_missed_meanwhile() {
    let store = Store::default();
    let stand = Setup::new().with_store(store.clone()).stand().await;
    let [mut kim] = stand.room_of("a").await;
    let mut lee = stand.user("lee").await;
    let late = store.is_late_with("enter");
    let join = lee.send(json!({"do": "join", "room": "a"})).await;
    // It is in, and does not know yet.
    late.until_came(1).await;
    store.is_well();
    assert_eq!(kim.event("joined").await["n"], 2);
    for at in 3..8 {
        assert_eq!(kim.ok(json!({"do": "say", "room": "a", "body": at})).await["n"], at);
    }
    lee.nothing().await;
    late.open(1);
    let ok = lee.reply(join).await["ok"].take();
    assert_eq!(ok["cursor"]["n"], 2);
    for at in 3..8 {
        assert_eq!(lee.event("said").await["n"], at);
    }
    lee.nothing().await;
}

#[tokio::test]
async fn a_partner_who_is_found_before_the_reply_to_the_search_is_told_behind_it() {
    let store = Store::default();
    let stand = Setup::new().with_store(store.clone()).stand().await;
    for verb in ["match", "next"] {
        let (mut kim, mut lee) = (stand.guest("Kim").await, stand.guest("Lee").await);
        let search = if verb == "match" {
            json!({"do": "match"})
        } else {
            let mut mia = stand.guest("Mia").await;
            mia.ok(json!({"do": "match"})).await;
            lee.ok(json!({"do": "match"})).await;
            let matched = lee.event("matched").await;
            json!({"do": "next", "room": matched["room"]["id"]})
        };
        let late = store.is_late_with(if verb == "match" { "submit" } else { "next" });
        let sent = lee.send(search).await;
        late.until_came(1).await;
        store.is_well();
        // They find each other while the one does not know yet that the other is looked for.
        let found = kim.send(json!({"do": "match"})).await;
        lee.nothing().await;
        late.open(1);
        assert_eq!(kim.reply(found).await["ok"], json!({"waiting": true}));
        let room = kim.event("matched").await["room"]["id"].take();
        kim.ok(json!({"do": "say", "room": room, "body": "hi"})).await;
        let matched = lee.event("matched").await;
        assert_eq!((lee.replies_left(), &matched["room"]["id"]), (1, &room), "{verb}");
        assert_eq!(lee.reply(sent).await["ok"], json!({"waiting": true}));
        assert_eq!(lee.event("said").await["body"], "hi");
        lee.ok(json!({"do": "leave", "room": room})).await;
    }
}

#[tokio::test]
async fn once_a_leave_is_under_way_nothing_more_of_the_room_comes() {
    let store = Store::default();
    let stand = Setup::new().with_store(store.clone()).stand().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let late = store.is_late_with("leave");
    let leave = lee.send(json!({"do": "leave", "room": "a"})).await;
    // What is sent behind it to the same room waits for it; what is sent elsewhere does not.
    let say = lee.send(json!({"do": "say", "room": "a", "body": "too late"})).await;
    late.until_came(1).await;
    kim.ok(json!({"do": "say", "room": "a", "body": 1})).await;
    lee.ok(json!({"do": "rooms", "order": "live"})).await;
    lee.nothing().await;
    late.open(1);
    assert_eq!(lee.reply(leave).await["ok"], json!({}));
    assert_eq!(lee.reply(say).await["err"]["code"], "not_member");
    lee.nothing().await;
}

#[tokio::test]
async fn a_store_that_is_away_is_unavailable_and_one_that_is_broken_internal() {
    let store = Store::default();
    let stand = Setup::new().with_store(store.clone()).stand().await;
    let [mut kim] = stand.room_of("a").await;
    for (op, command) in [
        ("append", json!({"do": "say", "room": "a", "body": 1, "key": "k"})),
        ("signal", json!({"do": "signal", "room": "a", "body": 1})),
        ("history", json!({"do": "history", "room": "a"})),
        ("members", json!({"do": "members", "room": "a"})),
        ("enter", json!({"do": "join", "room": "a"})),
        ("page", json!({"do": "rooms", "order": "live"})),
        ("get", json!({"do": "rooms", "ids": ["a"]})),
        ("open", json!({"do": "open", "room": "b", "title": "B"})),
        ("close", json!({"do": "close", "room": "b"})),
        ("submit", json!({"do": "match"})),
        ("withdraw", json!({"do": "unmatch"})),
        ("rename", json!({"do": "rename", "name": "Kim"})),
    ] {
        store.fails_at(op, true);
        let err = kim.err(command.clone()).await;
        assert_eq!(err["code"], "unavailable", "{op}");
        assert!(err["retry_ms"].as_u64().is_some_and(|wait| wait > 0), "{op}: {err}");
        assert!(!err.to_string().contains("6379"), "{err}");
        store.fails_at(op, false);
        let err = kim.err(command.clone()).await;
        assert_eq!(
            (&err["code"], keys(&err)),
            (&json!("internal"), vec!["code", "message"]),
            "{op}"
        );
        assert!(!err.to_string().contains("6379"), "{err}");
        store.is_well();
        kim.ok(command).await;
    }
}

#[tokio::test]
async fn a_hello_while_the_store_is_away_can_be_said_again() {
    let store = Store::default();
    let stand = Setup::new().with_store(store.clone()).stand().await;
    let mut kim = stand.connect().await;
    for op in ["rooms_of", "waiting"] {
        store.fails_at(op, true);
        let err = kim.err(json!({"do": "hello"})).await;
        assert_eq!(err["code"], "unavailable");
        assert!(err["retry_ms"].as_u64().is_some_and(|wait| wait > 0), "{err}");
        assert_eq!(kim.code(json!({"do": "ping"})).await, "unauthorized");
    }
    store.is_well();
    kim.hello(json!({})).await;
    // The attempts left nobody behind.
    assert_eq!(stand.server.engine().stats().sessions, 1);
}
