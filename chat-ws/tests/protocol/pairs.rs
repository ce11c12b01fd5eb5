//! Pair rooms: two who do not know each other.

use serde_json::{Value, json};

use crate::matching::pair;
use crate::support::{Setup, Solo, Stand, seconds};

fn room(matched: &Value) -> &Value {
    &matched["room"]["id"]
}

#[tokio::test]
async fn the_partners_real_id_and_name_are_in_no_frame() {
    let stand = Stand::new().await;
    let (mut kim, mut lee) = (stand.user("realkim").await, stand.user("reallee").await);
    kim.ok(json!({"do": "match", "tags": ["t"]})).await;
    lee.ok(json!({"do": "match", "tags": ["t"]})).await;
    let (one, two) = (kim.event("matched").await, lee.event("matched").await);
    let room = room(&one).clone();
    for client in [&mut kim, &mut lee] {
        for command in [
            json!({"do": "say", "room": room, "body": 1, "key": "k"}),
            json!({"do": "signal", "room": room, "body": 1}),
            json!({"do": "history", "room": room}),
            json!({"do": "members", "room": room}),
            json!({"do": "join", "room": room, "since": one["cursor"]}),
            json!({"do": "rename", "name": "realkim reallee"}),
            json!({"do": "rooms", "ids": [room]}),
            json!({"do": "close", "room": room}),
        ] {
            client.ask(command).await;
        }
    }
    // A lost connection, its return, and the end.
    let token = stand.token("realkim");
    let texts = kim.texts.clone();
    kim.vanish();
    stand.until_sessions(1).await;
    stand.pass(seconds(2)).await;
    let mut kim = stand.connect().await;
    assert_eq!(kim.hello(json!({"token": token})).await["rooms"], json!([room]));
    let again = kim.ok(json!({"do": "join", "room": room})).await;
    assert_eq!(again["you"], one["you"]);
    kim.ok(json!({"do": "block", "room": room})).await;
    assert_eq!(lee.event_past_others("closed").await["why"], "partner_left");
    lee.catch_up().await;
    let own =
        |text: &String| text.contains(r#""ok":{"user":"#) || text.contains(r#""ok":{"name":"#);
    for text in lee.texts.iter().filter(|text| !own(text)) {
        assert!(!text.contains("realkim"), "{text}");
    }
    for text in texts.iter().chain(&kim.texts).filter(|text| !own(text)) {
        assert!(!text.contains("reallee"), "{text}");
        // Not even one's own: in the room one is another.
        assert!(!text.contains("realkim"), "{text}");
    }
    assert_ne!(one["you"], two["you"]);
}

#[tokio::test]
async fn a_pair_room_is_for_its_two_alone() {
    let stand = Stand::new().await;
    let (mut kim, one, _lee, _) = pair(&stand).await;
    let mut mia = stand.guest("Mia").await;
    assert_eq!(mia.code(json!({"do": "join", "room": room(&one)})).await, "forbidden");
    for verb in ["say", "signal", "leave", "history", "members", "next", "block"] {
        let code = mia.code(json!({"do": verb, "room": room(&one), "body": 1})).await;
        assert!(code == "not_member" || code == "forbidden", "{verb}: {code}");
    }
    for order in ["live", "newest", "visitors", "active"] {
        assert_eq!(mia.ok(json!({"do": "rooms", "order": order})).await["total"], 0);
    }
    assert_eq!(kim.code(json!({"do": "close", "room": room(&one)})).await, "forbidden");
    assert_eq!(mia.code(json!({"do": "join", "room": "random~nosuchroom"})).await, "no_such_room");
}

#[tokio::test]
async fn leave_ends_the_talk_for_all_connections_of_the_user() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, _) = pair(&stand).await;
    let mut tab = stand.connect().await;
    tab.hello(json!({"token": kim.token()})).await;
    assert_eq!(tab.ok(json!({"do": "join", "room": room(&one)})).await["you"], one["you"]);
    assert_eq!(kim.ok(json!({"do": "leave", "room": room(&one)})).await, json!({}));
    let left = lee.event("left").await;
    assert_eq!(
        (&left["user"], &left["why"], &left["live"]),
        (&one["you"], &json!("left"), &json!(1))
    );
    assert_eq!(lee.event("closed").await["why"], "partner_left");
    kim.nothing().await;
    for client in [&mut kim, &mut tab] {
        let err = client.err(json!({"do": "say", "room": room(&one), "body": 1})).await;
        assert!(err["code"] == "not_member" || err["code"] == "room_closed", "{err}");
    }
    assert_eq!(
        lee.err(json!({"do": "say", "room": room(&one), "body": 1})).await["why"],
        "partner_left"
    );
    // Both are free to look again.
    kim.ok(json!({"do": "match"})).await;
    lee.ok(json!({"do": "match"})).await;
}

#[tokio::test]
async fn other_connections_are_not_members_after_leave_next_and_block() {
    let stand = Stand::new().await;
    for verb in ["leave", "next", "block"] {
        let (mut kim, one, _lee, _) = pair(&stand).await;
        let mut tab = stand.connect().await;
        tab.hello(json!({"token": kim.token()})).await;
        tab.ok(json!({"do": "join", "room": room(&one)})).await;
        kim.ok(json!({"do": verb, "room": room(&one)})).await;
        for command in ["say", "signal", "history", "members", "leave"] {
            let code = tab.code(json!({"do": command, "room": room(&one), "body": 1})).await;
            assert_eq!(code, "not_member", "{command} after {verb}");
        }
        kim.ask(json!({"do": "unmatch"})).await;
        stand.pass(seconds(20)).await;
    }
}

#[tokio::test]
async fn next_leaves_and_looks_on_in_one_step() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, _) = pair(&stand).await;
    lee.ok(json!({"do": "say", "room": room(&one), "body": 1})).await;
    kim.event("said").await;
    assert_eq!(kim.ok(json!({"do": "next", "room": room(&one)})).await, json!({"waiting": true}));
    lee.event("said").await;
    assert_eq!(lee.event("left").await["why"], "left");
    assert_eq!(lee.event("closed").await["why"], "partner_left");
    // Nothing of the old room follows.
    kim.nothing().await;
    let mut mia = stand.guest("Mia").await;
    mia.ok(json!({"do": "match"})).await;
    let next = kim.event("matched").await;
    assert_ne!(room(&next), room(&one));
    assert_ne!(next["you"], one["you"]);
    // Not from a room that is over for oneself, or none of this kind.
    let err = kim.err(json!({"do": "next", "room": room(&one)})).await;
    assert!(
        ["not_member", "room_closed", "already_matched"].iter().any(|code| err["code"] == *code),
        "{err}"
    );
    mia.ok(json!({"do": "join", "room": "lobby", "create": {"title": "L"}})).await;
    assert_eq!(mia.code(json!({"do": "next", "room": "lobby"})).await, "bad_request");
}

#[tokio::test]
async fn next_is_for_whoever_was_left_too() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, _) = pair(&stand).await;
    kim.ok(json!({"do": "leave", "room": room(&one)})).await;
    lee.event("left").await;
    lee.event("closed").await;
    let reply = lee.ask(json!({"do": "next", "room": room(&one)})).await;
    // The talk is over: it looks on, or is told so.
    assert!(
        reply["ok"] == json!({"waiting": true}) || reply["err"]["code"] == "room_closed",
        "{reply}"
    );
}

#[tokio::test]
async fn next_keeps_pool_strictness_and_tags() {
    let stand = Stand::new().await;
    let (mut kim, mut lee) = (stand.guest("Kim").await, stand.guest("Lee").await);
    for client in [&mut kim, &mut lee] {
        client.ok(json!({"do": "match", "pool": "films", "tags": ["noir"], "strict": true})).await;
    }
    let one = kim.event("matched").await;
    kim.ok(json!({"do": "next", "room": room(&one)})).await;
    let mut mia = stand.guest("Mia").await;
    mia.ok(json!({"do": "match", "pool": "films"})).await;
    stand.pass(seconds(20)).await;
    kim.nothing().await;
    let mut nia = stand.guest("Nia").await;
    nia.ok(json!({"do": "match", "pool": "films", "tags": ["noir"]})).await;
    assert_eq!(kim.event("matched").await["shared"], json!(["noir"]));
    // With others, those hold.
    let mut two = nia.event("matched").await;
    nia.ok(json!({"do": "next", "room": room(&two), "tags": ["tea"]})).await;
    kim.events().await;
    lee.events().await;
    lee.ok(json!({"do": "match", "pool": "films", "tags": ["tea"], "strict": true})).await;
    two = nia.event("matched").await;
    assert_eq!(two["shared"], json!(["tea"]));
    for wrong in [json!("x"), json!([1]), json!([""])] {
        assert_eq!(
            nia.wrong(json!({"do": "next", "room": room(&two), "tags": wrong})).await,
            "tags"
        );
    }
}

#[tokio::test]
async fn the_last_partner_is_not_the_next_while_somebody_else_will_do() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, _) = pair(&stand).await;
    kim.ok(json!({"do": "next", "room": room(&one)})).await;
    lee.events().await;
    lee.ok(json!({"do": "match"})).await;
    kim.nothing().await;
    let mut mia = stand.guest("Mia").await;
    mia.ok(json!({"do": "match"})).await;
    mia.event("matched").await;
    kim.event("matched").await;
    lee.nothing().await;
}

#[tokio::test]
async fn where_nobody_else_comes_the_last_partner_is_the_next() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, _) = pair(&stand).await;
    kim.ok(json!({"do": "next", "room": room(&one)})).await;
    lee.events().await;
    lee.ok(json!({"do": "match"})).await;
    kim.nothing().await;
    stand.pass(seconds(6)).await;
    assert_ne!(room(&kim.event("matched").await), room(&one));
    lee.event("matched").await;
}

#[tokio::test]
async fn who_was_blocked_is_never_met_again() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, _) = pair(&stand).await;
    assert_eq!(kim.ok(json!({"do": "block", "room": room(&one)})).await, json!({}));
    assert_eq!(lee.event("left").await["user"], one["you"]);
    assert_eq!(lee.event("closed").await["why"], "partner_left");
    kim.ok(json!({"do": "match"})).await;
    lee.ok(json!({"do": "match"})).await;
    for _ in 0..5 {
        stand.pass(seconds(60)).await;
        kim.nothing().await;
        lee.nothing().await;
    }
    let mut mia = stand.guest("Mia").await;
    mia.ok(json!({"do": "match"})).await;
    mia.event("matched").await;
    mia.ok(json!({"do": "join", "room": "lobby", "create": {"title": "L"}})).await;
    let err = mia.err(json!({"do": "block", "room": "lobby"})).await;
    assert_eq!(err["code"], "bad_request");
}

#[tokio::test]
async fn whoever_was_left_may_block_too() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, _) = pair(&stand).await;
    kim.ok(json!({"do": "leave", "room": room(&one)})).await;
    lee.ok(json!({"do": "block", "room": room(&one)})).await;
    kim.ok(json!({"do": "match"})).await;
    lee.ok(json!({"do": "match"})).await;
    stand.pass(seconds(60)).await;
    kim.nothing().await;
}

#[tokio::test]
async fn a_rename_does_not_reach_a_pair_room() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, _) = pair(&stand).await;
    kim.ok(json!({"do": "rename", "name": "Somebody"})).await;
    lee.nothing().await;
    kim.nothing().await;
    kim.ok(json!({"do": "say", "room": room(&one), "body": 1})).await;
    let said = lee.event("said").await;
    let before =
        one["members"].as_array().unwrap().iter().find(|member| member["user"] == one["you"]);
    assert_eq!(said["name"], before.unwrap()["name"]);
}

#[tokio::test]
async fn a_pair_room_survives_a_refresh_and_not_a_loss() {
    let stand = Stand::new().await;
    let (kim, one, mut lee, _) = pair(&stand).await;
    let token = kim.token().to_owned();
    kim.close(1001).await;
    stand.until_sessions(1).await;
    stand.pass(seconds(3)).await;
    let mut kim = stand.connect().await;
    assert_eq!(kim.hello(json!({"token": token})).await["rooms"], json!([room(&one)]));
    let err = kim.err(json!({"do": "match"})).await;
    assert_eq!((&err["code"], &err["room"]), (&json!("already_matched"), room(&one)));
    let ok = kim.ok(json!({"do": "join", "room": room(&one), "since": one["cursor"]})).await;
    assert_eq!(
        (&ok["resumed"], &ok["entries"], &ok["you"]),
        (&json!(true), &json!([]), &one["you"])
    );
    lee.nothing().await;
    kim.vanish();
    stand.until_sessions(1).await;
    stand.pass(seconds(6)).await;
    let left = lee.event("left").await;
    assert_eq!((&left["why"], &left["user"]), (&json!("lost"), &one["you"]));
    assert_eq!(lee.event("closed").await["why"], "partner_left");
}

#[tokio::test]
async fn a_pair_room_ends_when_nothing_is_said_for_ten_minutes() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, _) = pair(&stand).await;
    stand.pass(seconds(590)).await;
    kim.ok(json!({"do": "say", "room": room(&one), "body": 1})).await;
    stand.pass(seconds(595)).await;
    lee.event("said").await;
    lee.nothing().await;
    stand.pass(seconds(6)).await;
    kim.event("said").await;
    for client in [&mut kim, &mut lee] {
        assert_eq!(client.event("closed").await["why"], "idle");
    }
}

#[test]
fn nothing_of_a_pair_room_comes_before_its_matched() {
    for _ in 0..20 {
        let (server, _) = Setup::new().server();
        let (mut kim, mut lee) = (Solo::guest(&server), Solo::guest(&server));
        kim.ok(json!({"do": "match"}));
        let frames = lee.tell(json!({"do": "match"}));
        let matched = frames.iter().find(|frame| frame["ev"] == "matched").unwrap();
        // Before the other has looked at anything, much is said.
        for at in 0..10 {
            lee.ok(json!({"do": "say", "room": room(matched), "body": at}));
            lee.ok(json!({"do": "signal", "room": room(matched), "body": at}));
        }
        let told = kim.poll();
        assert_eq!((&told[0]["ev"], room(&told[0])), (&json!("matched"), room(matched)));
        let mut at = told[0]["cursor"]["n"].as_u64().unwrap();
        for said in told.iter().filter(|frame| frame["ev"] == "said") {
            at += 1;
            assert_eq!(said["n"], at);
        }
        assert_eq!(at, told[0]["cursor"]["n"].as_u64().unwrap() + 10);
    }
}
