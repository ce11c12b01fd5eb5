//! Who is there: comings, goings, names, and those who were put out.

use chat_core::ByeWhy;
use serde_json::{Value, json};

use crate::support::{Stand, millis, seconds};

#[tokio::test]
async fn comings_and_goings_are_entries_with_who_and_how_many() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let mut lee = stand.user("lee").await;
    lee.ok(json!({"do": "join", "room": "a"})).await;
    let at = stand.clock.now().0;
    let joined = json!({"ev": "joined", "room": "a", "n": 2, "at": at, "user": "lee", "name": "lee", "live": 2});
    assert_eq!(kim.next_event().await, joined);
    assert_eq!(lee.ok(json!({"do": "leave", "room": "a"})).await, json!({}));
    let left = json!({"ev": "left", "room": "a", "n": 3, "at": at, "user": "lee", "name": "lee", "live": 1, "why": "left"});
    assert_eq!(kim.next_event().await, left);
    lee.nothing().await;
}

#[tokio::test]
async fn a_lost_connection_has_its_grace_whatever_its_last_word() {
    let stand = Stand::new().await;
    let [mut kim, one, two, three] = stand.room_of("a").await;
    kim.events().await;
    one.vanish();
    two.close(1000).await;
    three.close(1001).await;
    stand.until_sessions(1).await;
    stand.pass(millis(4_900)).await;
    kim.nothing().await;
    assert_eq!(stand.live("a").await, 4);
    stand.pass(millis(200)).await;
    for live in [3, 2, 1] {
        let left = kim.event("left").await;
        assert_eq!((&left["why"], &left["live"]), (&json!("lost"), &json!(live)));
    }
    kim.nothing().await;
}

#[tokio::test]
async fn a_grace_is_the_rooms_own() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let create = json!({"title": "B", "policy": {"grace_ms": 60_000}});
    kim.ok(json!({"do": "join", "room": "b", "create": create})).await;
    let mut lee = stand.user("lee").await;
    lee.ok(json!({"do": "join", "room": "a"})).await;
    lee.ok(json!({"do": "join", "room": "b"})).await;
    kim.events().await;
    lee.vanish();
    stand.until_sessions(1).await;
    stand.pass(seconds(10)).await;
    assert_eq!(kim.event("left").await["room"], "a");
    stand.pass(seconds(49)).await;
    kim.nothing().await;
    stand.pass(seconds(2)).await;
    assert_eq!(kim.event("left").await["room"], "b");
}

#[tokio::test]
async fn a_rename_is_told_in_each_room_and_holds_from_then_on() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    kim.ok(json!({"do": "join", "room": "b", "create": {"title": "B"}})).await;
    lee.ok(json!({"do": "join", "room": "b"})).await;
    let mut tab = stand.user("user0").await;
    tab.ok(json!({"do": "join", "room": "c", "create": {"title": "C"}})).await;
    lee.ok(json!({"do": "join", "room": "c"})).await;
    for client in [&mut kim, &mut lee, &mut tab] {
        client.events().await;
    }
    assert_eq!(
        kim.ok(json!({"do": "rename", "name": " \u{1100}\u{1161}\u{11a8} "})).await,
        json!({"name": "각"})
    );
    let mut rooms = Vec::new();
    for event in lee.events().await {
        assert_eq!(
            (&event["ev"], &event["user"], &event["name"]),
            (&json!("renamed"), &json!("user0"), &json!("각"))
        );
        rooms.push(event["room"].as_str().unwrap().to_owned());
    }
    rooms.sort();
    // All of the user's rooms: also those of another connection.
    assert_eq!(rooms, ["a", "b", "c"]);
    kim.ok(json!({"do": "say", "room": "a", "body": 1})).await;
    assert_eq!(lee.event("said").await["name"], "각");
    let page = lee.ok(json!({"do": "members", "room": "a"})).await;
    assert_eq!(page["members"][0]["name"], "각");
    // And where one comes later.
    lee.ok(json!({"do": "join", "room": "d", "create": {"title": "D"}})).await;
    kim.ok(json!({"do": "join", "room": "d"})).await;
    assert_eq!(lee.event("joined").await["name"], "각");
}

#[tokio::test]
async fn a_rename_has_the_bounds_of_a_name() {
    let stand = Stand::new().await;
    let mut kim = stand.guest("Kim").await;
    for wrong in
        [Value::Null, json!(""), json!(" "), json!("x".repeat(33)), json!("a\u{202e}"), json!(1)]
    {
        assert_eq!(kim.wrong(json!({"do": "rename", "name": wrong})).await, "name");
    }
    assert_eq!(kim.wrong(json!({"do": "rename"})).await, "name");
    let longest = "각".repeat(32);
    assert_eq!(kim.ok(json!({"do": "rename", "name": longest})).await["name"], longest);
}

#[tokio::test]
async fn a_large_room_counts() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let create = json!({"title": "A", "policy": {"presence": "count"}});
    kim.ok(json!({"do": "join", "room": "a", "create": create})).await;
    let mut lee = stand.user("lee").await;
    let ok = lee.ok(json!({"do": "join", "room": "a"})).await;
    assert_eq!((&ok["cursor"]["n"], &ok["room"]["live"]), (&json!(0), &json!(2)));
    lee.ok(json!({"do": "rename", "name": "Lee"})).await;
    let mut counted = kim.event("count").await;
    while counted["live"] != 2 {
        counted = kim.event("count").await;
    }
    assert_eq!(counted, json!({"ev": "count", "room": "a", "live": 2}));
    lee.ok(json!({"do": "leave", "room": "a"})).await;
    loop {
        if kim.event("count").await["live"] == 1 {
            break;
        }
    }
    assert_eq!(kim.ok(json!({"do": "say", "room": "a", "body": 1})).await["n"], 1);
    assert_eq!(kim.event_past_others("said").await["n"], 1);
}

#[tokio::test]
async fn who_is_put_out_of_a_room_is_told_so_on_each_connection() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let mut tab = stand.user("user1").await;
    tab.ok(json!({"do": "join", "room": "a"})).await;
    stand.server.engine().kick(&"a".parse().unwrap(), &"user1".parse().unwrap()).await.unwrap();
    let left = kim.event("left").await;
    assert_eq!(
        (&left["user"], &left["why"], &left["live"]),
        (&json!("user1"), &json!("kicked"), &json!(1))
    );
    for client in [&mut lee, &mut tab] {
        assert_eq!(client.event("left").await, left);
        assert_eq!(client.next_event().await, json!({"ev": "kicked", "room": "a"}));
        assert_eq!(client.code(json!({"do": "say", "room": "a", "body": 1})).await, "not_member");
    }
    kim.ok(json!({"do": "say", "room": "a", "body": 1})).await;
    lee.nothing().await;
    // Nothing keeps them from coming again, if the site does not.
    lee.ok(json!({"do": "join", "room": "a"})).await;
}

#[tokio::test]
async fn who_is_put_out_altogether_is_told_and_closed() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let mut tab = stand.user("user1").await;
    let user = "user1".parse().unwrap();
    stand.server.engine().disconnect(&user, ByeWhy::Kicked).await.unwrap();
    for client in [&mut lee, &mut tab] {
        let (code, bye) = client.bye().await;
        assert_eq!((code, bye), (4403, json!({"ev": "bye", "why": "kicked"})));
    }
    stand.pass(seconds(6)).await;
    assert_eq!(kim.event("left").await["user"], "user1");
    let mut lee = stand.user("user1").await;
    stand.server.engine().disconnect(&user, ByeWhy::Replaced).await.unwrap();
    assert_eq!(lee.bye().await.0, 4403);
}

#[tokio::test]
async fn when_the_engine_ends_everybody_is_sent_away_to_come_back() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let (_, (code, bye)) = tokio::join!(stand.server.engine().shutdown(), kim.bye());
    assert_eq!((code, &bye["why"]), (4000, &json!("drain")));
    assert!(bye["retry_ms"].is_u64());
}

#[tokio::test]
async fn a_large_room_counts_no_more_than_four_times_a_second() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let create = json!({"title": "A", "policy": {"presence": "count"}});
    kim.ok(json!({"do": "join", "room": "a", "create": create})).await;
    let mut lee = stand.user("lee").await;
    let began = tokio::time::Instant::now();
    for _ in 0..30 {
        lee.ok(json!({"do": "join", "room": "a"})).await;
        lee.ok(json!({"do": "leave", "room": "a"})).await;
        tokio::time::sleep(millis(15)).await;
    }
    lee.ok(json!({"do": "join", "room": "a"})).await;
    stand.user("mia").await.ok(json!({"do": "join", "room": "a"})).await;
    let mut counts = 1;
    // The last one is never swallowed.
    while kim.event("count").await["live"] != 3 {
        counts += 1;
    }
    let quarters = began.elapsed().as_millis() / 250;
    assert!(counts <= quarters + 2, "{counts} in {quarters} quarters of a second");
}
