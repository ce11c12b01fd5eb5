//! What the engine hands out, written for elsewhere: the same as on the wire.

use std::task::{Context, Waker};

use chat_core::{
    Author, Body, ByeWhy, Event, HistoryPage, Order, Page, RoomId, RoomSpec, Session, User, UserId,
};
use chat_ws::wire;
use serde_json::{Value, json};

use crate::support::{Setup, Solo, Stand, check_frame, is_cursor, keys};

fn json_of(text: impl AsRef<[u8]>) -> Value {
    serde_json::from_slice(text.as_ref()).unwrap()
}

/// What a session was told, as frames.
fn frames(session: &mut Session) -> Vec<Value> {
    let mut events: Vec<Event> = Vec::new();
    session.take_some(&mut Context::from_waker(Waker::noop()), &mut events, 1_000);
    let frames = events.iter().map(|event| wire::event(event).expect("a frame"));
    let frames: Vec<Value> = frames.map(|frame| json_of(frame.as_json())).collect();
    frames.iter().for_each(check_frame);
    frames
}

/// What both were told, and in the same words; the kinds.
fn same(session: &mut Session, client: &mut Solo) -> Vec<String> {
    let told = frames(session);
    assert_eq!(told, client.poll());
    told.iter().map(|frame| frame["ev"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_written_for_elsewhere_is_what_the_replies_say() {
    let stand = Stand::new().await;
    let engine = stand.server.engine();
    let [mut kim, _lee] = stand.room_of("a").await;
    kim.ok(json!({"do": "open", "room": "b", "title": "\u{fc} \"b\"", "meta": {"x": [1.50]}}))
        .await;
    for at in 0..3 {
        kim.ok(json!({"do": "say", "room": "a", "body": {"at": at}})).await;
    }
    let a: RoomId = "a".parse().unwrap();

    let page = engine.rooms(Order::Live, Page::first(10)).await.unwrap();
    let rooms = kim.ok(json!({"do": "rooms", "order": "live", "limit": 10})).await;
    assert_eq!(json_of(wire::room_page(&page)), rooms);
    assert_eq!(json_of(wire::room(&page.rooms[0])), rooms["rooms"][0]);

    let said = engine.history(&a, HistoryPage::Newest { limit: 2 }).await.unwrap();
    let history = kim.ok(json!({"do": "history", "room": "a", "limit": 2})).await;
    assert_eq!(json_of(wire::history(&said)), history);
    assert_eq!(json_of(wire::entry(&said.entries[0])), history["entries"][0]);

    let page = engine.members(&a, None, 10).await.unwrap();
    let members = kim.ok(json!({"do": "members", "room": "a"})).await;
    assert_eq!(json_of(wire::members(&page)), members);
    assert_eq!(json_of(wire::member(&page.members[1])), members["members"][1]);
    assert_eq!(json_of(wire::cursor(&page.cursor)), members["cursor"]);

    let session = engine.connect(User::named("user0", "user0")).await.unwrap();
    let (snapshot, created) = session.join_with(chat_core::Join::room(&a)).await.unwrap();
    let joined = kim.ok(json!({"do": "join", "room": "a"})).await;
    assert_eq!(json_of(wire::snapshot(&snapshot, created)), joined);
    let opening = chat_core::Join::opening(RoomSpec::public("C"));
    let (snapshot, created) = session.join_with(opening).await.unwrap();
    assert_eq!(json_of(wire::snapshot(&snapshot, created))["created"], true);

    let spoken = session.say(&a, "x").await.unwrap();
    let said = json_of(wire::spoken(&spoken));
    assert_eq!(keys(&said), ["at", "dup", "n"]);
    assert_eq!(json_of(wire::cursor(&spoken.cursor()))["n"], said["n"]);

    let list = session.watch(Order::Newest, 5).await.unwrap();
    let watched = kim.ok(json!({"do": "watch", "order": "newest", "limit": 5})).await;
    assert_eq!(json_of(wire::list_snapshot(&list)), watched);
    let list = session.watch_online().await.unwrap();
    let watched = kim.ok(json!({"do": "watch", "order": "online"})).await;
    assert_eq!(json_of(wire::list_snapshot(&list)), watched);
}

#[tokio::test]
async fn events_for_elsewhere_are_the_frames_of_a_connection() {
    let (server, _) = Setup::new().server();
    let engine = server.engine().clone();
    let mut kim = Solo::guest(&server);
    let mut session = engine.connect(User::named("lee", "Lee")).await.unwrap();
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}}));
    let a: RoomId = "a".parse().unwrap();
    session.join(&a).await.unwrap();
    kim.poll();

    let mut other = Solo::guest(&server);
    other.ok(json!({"do": "join", "room": "a"}));
    other.ok(json!({"do": "say", "room": "a", "body": "hello", "key": "k"}));
    other.ok(json!({"do": "rename", "name": "Else"}));
    other.ok(json!({"do": "signal", "room": "a", "body": {"typing": true}}));
    assert_eq!(same(&mut session, &mut kim), ["joined", "said", "renamed", "signal"]);
    other.ok(json!({"do": "leave", "room": "a"}));
    engine.post(&a, Body::text("by the site"), Author::System, None).await.unwrap();
    engine.close(&a).await.unwrap();
    assert_eq!(same(&mut session, &mut kim), ["left", "said", "closed"]);
}

#[tokio::test]
async fn events_that_are_for_one_alone_have_their_frames_too() {
    let (server, _) = Setup::new().server();
    let engine = server.engine().clone();
    let mut kim = engine.connect(User::named("kim", "Kim")).await.unwrap();
    let lee = engine.connect(User::named("lee", "Lee")).await.unwrap();

    kim.seek("random", &["music"]).await.unwrap();
    lee.seek("random", &["music"]).await.unwrap();
    let matched = frames(&mut kim).remove(0);
    assert_eq!((&matched["ev"], &matched["pool"]), (&json!("matched"), &json!("random")));
    assert_eq!(matched["shared"], json!(["music"]));

    kim.seek("other", &[]).await.unwrap();
    let again = engine.connect(User::named("kim", "Kim")).await.unwrap();
    again.seek("other", &[]).await.unwrap();
    let unmatched = json!({"ev": "unmatched", "pool": "other", "why": "replaced"});
    assert_eq!(frames(&mut kim), [unmatched]);

    let room = kim.join_or_open(RoomSpec::public("A")).await.unwrap().room.id;
    frames(&mut kim);
    engine.kick(&room, &UserId::new("kim").unwrap()).await.unwrap();
    let kicked = frames(&mut kim).pop().unwrap();
    assert_eq!(kicked, json!({"ev": "kicked", "room": room.as_str()}));

    let spec = RoomSpec::public("B").with_policy(chat_core::PolicyChange {
        presence: Some(chat_core::Presence::Count),
        ..Default::default()
    });
    let room = kim.join_or_open(spec).await.unwrap().room.id;
    lee.join(&room).await.unwrap();
    engine.pass(crate::support::seconds(1)).await;
    let count = frames(&mut kim).pop().unwrap();
    assert_eq!(count, json!({"ev": "count", "room": room.as_str(), "live": 2}));

    kim.watch_online().await.unwrap();
    let _one = engine.connect(User::anonymous()).await.unwrap();
    engine.pass(crate::support::seconds(1)).await;
    let list = frames(&mut kim).pop().unwrap();
    assert_eq!((&list["list"], &list["online"]), (&json!("online"), &json!(3)));

    let reset = Event::Reset {
        room: room.clone(),
        cursor: lee.join(&room).await.unwrap().cursor,
        why: chat_core::ResetWhy::Slow,
    };
    let reset = json_of(wire::event(&reset).unwrap().as_json());
    check_frame(&reset);
    is_cursor(&reset["cursor"]);

    engine.disconnect(&UserId::new("kim").unwrap(), ByeWhy::Kicked).await.unwrap();
    let bye = frames(&mut kim).pop().unwrap();
    assert_eq!(bye, json!({"ev": "bye", "why": "kicked"}));
}
