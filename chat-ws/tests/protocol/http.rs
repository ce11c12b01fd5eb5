//! Lists and history for those who are not connected.

use serde_json::{Value, json};

use crate::support::{Stand, is_entry, is_room, keys};

async fn rooms(stand: &Stand, query: &str) -> (u16, Value) {
    let answer = chat_ws::http::rooms(stand.server.engine(), query).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

async fn messages(stand: &Stand, room: &str, query: &str) -> (u16, Value) {
    let answer = chat_ws::http::messages(stand.server.engine(), room, query).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

#[tokio::test]
async fn a_page_of_rooms_is_as_over_the_socket() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    stand.pass(crate::support::seconds(1)).await;
    kim.ok(json!({"do": "open", "room": "b", "title": "B"})).await;
    kim.ok(json!({"do": "open", "kind": "private", "title": "C"})).await;
    let (status, page) = rooms(&stand, "").await;
    assert_eq!((status, keys(&page), &page["total"]), (200, vec!["rooms", "total"], &json!(2)));
    page["rooms"].as_array().unwrap().iter().for_each(is_room);
    assert_eq!(page, kim.ok(json!({"do": "rooms", "order": "live"})).await);
    let (_, page) = rooms(&stand, "order=newest&limit=1&offset=1").await;
    assert_eq!((&page["rooms"][0]["id"], &page["total"]), (&json!("a"), &json!(2)));
    for (query, field) in [
        ("order=best", "order"),
        ("limit=x", "limit"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("offset=1e3", "offset"),
    ] {
        let (status, answer) = rooms(&stand, query).await;
        assert_eq!(
            (status, &answer["err"]["code"], &answer["err"]["field"]),
            (400, &json!("bad_request"), &json!(field)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_was_said_is_as_over_the_socket_for_public_rooms_alone() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    for at in 0..5 {
        kim.ok(json!({"do": "say", "room": "a", "body": at})).await;
    }
    let (status, page) = messages(&stand, "a", "before=4&limit=1").await;
    assert_eq!((status, keys(&page)), (200, vec!["entries", "epoch", "first", "more"]));
    assert_eq!(page, kim.ok(json!({"do": "history", "room": "a", "before": 4, "limit": 1})).await);
    page["entries"].as_array().unwrap().iter().for_each(is_entry);
    kim.ok(json!({"do": "join", "room": "ours", "create": {"kind": "private", "title": "Ours"}}))
        .await;
    for (room, expected) in [("ours", 404), ("no", 404), ("random~x", 404), ("a b", 400), ("", 400)]
    {
        assert_eq!(messages(&stand, room, "").await.0, expected, "{room}");
    }
    kim.ok(json!({"do": "close", "room": "a"})).await;
    let (status, answer) = messages(&stand, "a", "").await;
    assert_eq!((status, &answer["err"]["why"]), (410, &json!("owner")));
}
