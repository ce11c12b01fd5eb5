//! How rooms end by themselves.

use serde_json::{Value, json};

use crate::support::{Client, Stand, seconds};

async fn open(stand: &Stand, policy: Value) -> Client {
    let mut kim = stand.user("kim").await;
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A", "policy": policy}})).await;
    kim
}

#[tokio::test]
async fn a_room_in_which_nothing_is_said_ends_where_it_was_asked_to() {
    let stand = Stand::new().await;
    let mut kim = open(&stand, json!({"idle_s": 60})).await;
    stand.pass(seconds(50)).await;
    kim.ok(json!({"do": "say", "room": "a", "body": 1})).await;
    kim.event("said").await;
    stand.pass(seconds(50)).await;
    // Signals and comings say nothing.
    kim.ok(json!({"do": "signal", "room": "a", "body": 1})).await;
    kim.ok(json!({"do": "join", "room": "a"})).await;
    stand.pass(seconds(9)).await;
    kim.nothing().await;
    stand.pass(seconds(2)).await;
    let closed = kim.event("closed").await;
    assert_eq!((&closed["why"], &closed["n"]), (&json!("idle"), &json!(3)));
    kim.nothing().await;
    assert_eq!(kim.err(json!({"do": "say", "room": "a", "body": 1})).await["why"], "idle");
}

#[tokio::test]
async fn a_room_ends_at_its_age_however_lively() {
    let stand = Stand::new().await;
    let mut kim = open(&stand, json!({"max_age_s": 30})).await;
    for _ in 0..29 {
        kim.ok(json!({"do": "say", "room": "a", "body": 1})).await;
        stand.pass(seconds(1)).await;
    }
    kim.events().await;
    stand.pass(seconds(2)).await;
    assert_eq!(kim.event("closed").await["why"], "max_age");
}

#[tokio::test]
async fn an_empty_room_ends_after_a_day_if_nothing_else_was_asked_for() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    for (room, policy) in [
        ("usual", json!({})),
        ("short", json!({"empty_s": 10})),
        ("never", json!({"empty_s": null})),
        ("unasked", json!({"empty_s": 10})),
    ] {
        kim.ok(json!({"do": "open", "room": room, "title": "A", "policy": policy})).await;
    }
    kim.ok(json!({"do": "join", "room": "short"})).await;
    stand.pass(seconds(12)).await;
    // A room that nobody ever joined is empty from its opening.
    assert_eq!(kim.err(json!({"do": "join", "room": "unasked"})).await["why"], "empty");
    kim.ok(json!({"do": "leave", "room": "short"})).await;
    stand.pass(seconds(12)).await;
    assert_eq!(kim.err(json!({"do": "join", "room": "short"})).await["why"], "empty");
    stand.pass(seconds(86_400 - 30)).await;
    let there = kim.ok(json!({"do": "rooms", "order": "newest"})).await;
    assert_eq!(there["total"], 2);
    stand.pass(seconds(10)).await;
    assert_eq!(kim.err(json!({"do": "join", "room": "usual"})).await["why"], "empty");
    kim.ok(json!({"do": "join", "room": "never"})).await;
}

#[tokio::test]
async fn a_public_room_has_no_idle_end_of_its_own() {
    let stand = Stand::new().await;
    let mut kim = open(&stand, json!({})).await;
    stand.pass(seconds(3 * 86_400)).await;
    kim.nothing().await;
    assert_eq!(kim.ok(json!({"do": "say", "room": "a", "body": 1})).await["n"], 2);
}

#[tokio::test]
async fn the_site_ends_a_room_as_admin() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    stand.server.engine().close(&"a".parse().unwrap()).await.unwrap();
    assert_eq!(kim.event("closed").await["why"], "admin");
}
