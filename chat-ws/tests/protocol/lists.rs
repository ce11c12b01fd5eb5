//! Lists of rooms: pages of them, and what those who watch are told.

use serde_json::{Value, json};

use crate::support::{Client, Stand, is_room, seconds};

fn ids(rooms: &Value) -> Vec<&str> {
    rooms.as_array().unwrap().iter().map(|room| room["id"].as_str().unwrap()).collect()
}

/// Five rooms, each a second older than the next: `c` has two there, `a` and `e` one; `e` was left by one more. In `b`, then `d`, was
/// spoken.
async fn five(stand: &Stand) -> (Client, Client) {
    let (mut kim, mut lee) = (stand.user("kim").await, stand.user("lee").await);
    for room in ["a", "b", "c", "d", "e"] {
        kim.ok(json!({"do": "open", "room": room, "title": room})).await;
        stand.pass(seconds(1)).await;
    }
    for room in ["a", "c", "e", "b"] {
        kim.ok(json!({"do": "join", "room": room})).await;
    }
    for room in ["c", "e"] {
        lee.ok(json!({"do": "join", "room": room})).await;
    }
    kim.ok(json!({"do": "say", "room": "b", "body": 1})).await;
    kim.ok(json!({"do": "leave", "room": "b"})).await;
    stand.pass(seconds(1)).await;
    lee.ok(json!({"do": "join", "room": "d"})).await;
    lee.ok(json!({"do": "say", "room": "d", "body": 1})).await;
    lee.ok(json!({"do": "leave", "room": "d"})).await;
    lee.ok(json!({"do": "leave", "room": "e"})).await;
    kim.events().await;
    lee.events().await;
    (kim, lee)
}

#[tokio::test]
async fn each_order_is_what_it_says_and_ties_go_to_the_older() {
    let stand = Stand::new().await;
    let (mut kim, _lee) = five(&stand).await;
    for (order, expected) in [
        ("live", ["c", "a", "e", "b", "d"]),
        ("visitors", ["c", "e", "a", "b", "d"]),
        ("newest", ["e", "d", "c", "b", "a"]),
        ("active", ["d", "b", "a", "c", "e"]),
    ] {
        let page = kim.ok(json!({"do": "rooms", "order": order})).await;
        assert_eq!(
            (ids(&page["rooms"]), &page["total"]),
            (expected.to_vec(), &json!(5)),
            "{order}"
        );
        page["rooms"].as_array().unwrap().iter().for_each(is_room);
    }
    let page = kim.ok(json!({"do": "rooms", "order": "live"})).await;
    let counts: Vec<_> = page["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|room| (&room["live"], &room["visitors"]))
        .collect();
    assert_eq!(
        counts,
        [
            (&json!(2), &json!(2)),
            (&json!(1), &json!(1)),
            (&json!(1), &json!(2)),
            (&json!(0), &json!(1)),
            (&json!(0), &json!(1))
        ]
    );
}

#[tokio::test]
async fn visitors_fall_by_themselves_after_half_an_hour() {
    let stand = Stand::new().await;
    let (mut kim, _lee) = five(&stand).await;
    stand.pass(seconds(1_780)).await;
    let before = kim.ok(json!({"do": "rooms", "ids": ["e", "b"]})).await;
    assert_eq!(
        (&before["rooms"][0]["visitors"], &before["rooms"][1]["visitors"]),
        (&json!(2), &json!(1))
    );
    stand.pass(seconds(40)).await;
    let after = kim.ok(json!({"do": "rooms", "ids": ["e", "b"]})).await;
    assert_eq!(
        (&after["rooms"][0]["visitors"], &after["rooms"][1]["visitors"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let stand = Stand::new().await;
    let (mut kim, _lee) = five(&stand).await;
    let mut all = Vec::new();
    for offset in [0, 2, 4, 6] {
        let page =
            kim.ok(json!({"do": "rooms", "order": "newest", "limit": 2, "offset": offset})).await;
        assert_eq!(page["total"], 5);
        all.extend(ids(&page["rooms"]).into_iter().map(str::to_owned));
    }
    assert_eq!(all, ["e", "d", "c", "b", "a"]);
    for at in 0..120 {
        kim.ok(json!({"do": "open", "room": format!("r{at}"), "title": "A"})).await;
    }
    let len = async |client: &mut Client, limit: Value| {
        client.ok(json!({"do": "rooms", "order": "newest", "limit": limit})).await["rooms"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((len(&mut kim, Value::Null).await, len(&mut kim, json!(100)).await), (50, 100));
    assert_eq!(
        (len(&mut kim, json!(101)).await, len(&mut kim, json!(1_u64 << 40)).await),
        (100, 100)
    );
    for (field, wrong) in [
        ("limit", json!(0)),
        ("limit", json!(-1)),
        ("limit", json!("1")),
        ("offset", json!(-1)),
        ("offset", json!(0.5)),
        ("offset", json!("0")),
        ("order", json!("best")),
        ("order", json!(1)),
        ("order", json!("online")),
        ("order", Value::Null),
    ] {
        let mut command = json!({"do": "rooms", "order": "live"});
        command[field] = wrong;
        assert_eq!(kim.wrong(command).await, field);
    }
    assert_eq!(kim.wrong(json!({"do": "rooms"})).await, "order");
}

#[tokio::test]
async fn rooms_by_id_are_those_that_are_there_in_the_order_asked() {
    let stand = Stand::new().await;
    let (mut kim, _lee) = five(&stand).await;
    kim.ok(json!({"do": "open", "room": "ours", "kind": "private", "title": "Ours"})).await;
    kim.ok(json!({"do": "close", "room": "a"})).await;
    let page = kim.ok(json!({"do": "rooms", "ids": ["e", "no", "ours", "a", "b"]})).await;
    assert_eq!((ids(&page["rooms"]), &page["total"]), (vec!["e", "ours", "b"], &json!(3)));
    let page = kim.ok(json!({"do": "rooms", "ids": []})).await;
    assert_eq!(page, json!({"rooms": [], "total": 0}));
    let many: Vec<String> = (0..200).map(|at| format!("r{at}")).collect();
    kim.ok(json!({"do": "rooms", "ids": many})).await;
    let more: Vec<String> = (0..201).map(|at| format!("r{at}")).collect();
    for wrong in [json!("a"), json!([1]), json!(["a b"]), json!([""]), json!({}), json!(more)] {
        assert_eq!(kim.wrong(json!({"do": "rooms", "ids": wrong})).await, "ids");
    }
    assert_eq!(kim.wrong(json!({"do": "rooms", "ids": ["a"], "order": "live"})).await, "ids");
}

/// A list as a client keeps it.
struct Kept {
    rows: Vec<Value>,
    version: u64,
    limit: usize,
}

impl Kept {
    fn new(mut ok: Value, limit: usize) -> Self {
        let Value::Array(rows) = ok["rooms"].take() else { panic!("{ok}") };
        Self { rows, version: ok["version"].as_u64().unwrap(), limit }
    }

    /// As the contract says it, word by word.
    fn apply(&mut self, change: &Value) {
        assert_eq!(change["version"], self.version + 1, "a hole");
        self.version += 1;
        let ops = change["ops"].as_array().unwrap();
        assert!(!ops.is_empty());
        for op in ops {
            let id = op.get("gone").unwrap_or(&op["room"]["id"]);
            self.rows.retain(|row| row["id"] != *id);
        }
        let mut at: Vec<&Value> = ops.iter().filter(|op| op.get("at").is_some()).collect();
        at.sort_by_key(|op| op["at"].as_u64());
        for op in at {
            let at = usize::try_from(op["at"].as_u64().unwrap()).unwrap();
            self.rows.insert(at, op["room"].clone());
        }
        self.rows.truncate(self.limit);
    }

    /// Whether it is what somebody who asks anew gets, the newest said aside, which may come later.
    fn is(&self, page: &Value) -> bool {
        let without = |rows: &[Value]| -> Vec<Value> {
            let mut rows = rows.to_vec();
            rows.iter_mut().for_each(|row| row["last"] = Value::Null);
            rows
        };
        without(&self.rows) == without(page.as_array().unwrap())
    }
}

#[tokio::test]
async fn a_watched_list_and_one_that_is_asked_for_anew_are_the_same() {
    let stand = Stand::new().await;
    let (mut kim, mut lee) = five(&stand).await;
    let mut watchers = Vec::new();
    for order in ["live", "visitors", "newest", "active"] {
        for limit in [1, 3, 100] {
            let mut client = stand.guest("watches").await;
            let ok = client.ok(json!({"do": "watch", "order": order, "limit": limit})).await;
            assert_eq!(ok["list"], order);
            let kept = Kept::new(ok, limit);
            assert!(kept.is(&stand.rooms(order, u32::try_from(limit).unwrap()).await));
            watchers.push((order, limit, client, kept));
        }
    }
    // Churn of every kind, the same each time.
    let mut dice = 42_u64;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    for round in 0..12 {
        for _ in 0..6 {
            let room = format!("x{}", roll(8));
            let who = if roll(2) == 0 { &mut kim } else { &mut lee };
            let command = match roll(6) {
                0 => json!({"do": "open", "room": room, "title": "X"}),
                1 | 2 => json!({"do": "join", "room": room}),
                3 => json!({"do": "leave", "room": room}),
                4 => json!({"do": "say", "room": room, "body": round}),
                _ => json!({"do": "close", "room": room}),
            };
            who.ask(command).await;
        }
        stand.pass(seconds(roll(400))).await;
        for (order, limit, client, kept) in &mut watchers {
            let page = stand.rooms(order, u32::try_from(*limit).unwrap()).await;
            while !kept.is(&page) {
                let change = client.event("list").await;
                assert_eq!(change["list"], *order);
                kept.apply(&change);
            }
        }
    }
}

#[tokio::test]
async fn a_new_last_comes_too_within_a_second_or_two() {
    let stand = Stand::new().await;
    let (mut kim, _lee) = five(&stand).await;
    let mut watcher = stand.guest("watches").await;
    watcher.ok(json!({"do": "watch", "order": "newest"})).await;
    kim.ok(json!({"do": "say", "room": "a", "body": "news"})).await;
    let change = watcher.event("list").await;
    assert_eq!(change["ops"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&change["ops"][0]["at"], &change["ops"][0]["room"]["last"]["body"]),
        (&json!(4), &json!("news"))
    );
}

#[tokio::test]
async fn who_no_longer_watches_is_told_no_more_and_a_second_watch_replaces_the_first() {
    let stand = Stand::new().await;
    let (mut kim, _lee) = five(&stand).await;
    let (mut one, mut two) = (stand.guest("one").await, stand.guest("two").await);
    one.ok(json!({"do": "watch", "order": "newest"})).await;
    two.ok(json!({"do": "watch", "order": "newest", "limit": 2})).await;
    let ok = two.ok(json!({"do": "watch", "order": "newest", "limit": 3})).await;
    assert_eq!(ids(&ok["rooms"]), ["e", "d", "c"]);
    assert_eq!(one.ok(json!({"do": "unwatch", "order": "newest"})).await, json!({}));
    // Not to watch is no error.
    one.ok(json!({"do": "unwatch", "order": "newest"})).await;
    one.ok(json!({"do": "unwatch", "order": "online"})).await;
    kim.ok(json!({"do": "open", "room": "f", "title": "F"})).await;
    let mut kept = Kept::new(ok, 3);
    kept.apply(&two.event("list").await);
    assert_eq!(ids(&json!(kept.rows)), ["f", "e", "d"]);
    stand.pass(seconds(1)).await;
    kim.ok(json!({"do": "open", "room": "g", "title": "G"})).await;
    kept.apply(&two.event("list").await);
    assert_eq!(ids(&json!(kept.rows)), ["g", "f", "e"]);
    one.nothing().await;
    for command in [
        json!({"do": "watch"}),
        json!({"do": "watch", "order": "best"}),
        json!({"do": "unwatch"}),
        json!({"do": "unwatch", "order": 1}),
    ] {
        assert_eq!(one.wrong(command).await, "order");
    }
    for limit in [json!(0), json!(-1), json!("1")] {
        assert_eq!(
            one.wrong(json!({"do": "watch", "order": "live", "limit": limit})).await,
            "limit"
        );
    }
}

#[tokio::test]
async fn how_many_are_online_can_be_watched() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let _tab = stand.user("kim").await;
    let mut ok = kim.ok(json!({"do": "watch", "order": "online"})).await;
    assert_eq!((&ok["list"], ok.get("rooms")), (&json!("online"), None));
    // Users, not connections.
    while ok["online"] != 1 {
        ok = kim.event("list").await;
    }
    let mut version = ok["version"].as_u64().unwrap();
    let lee = stand.user("lee").await;
    let mut until = async |kim: &mut Client, online: u64| loop {
        let change = kim.event("list").await;
        version += 1;
        assert_eq!((&change["list"], &change["version"]), (&json!("online"), &json!(version)));
        if change["online"] == online {
            break;
        }
    };
    until(&mut kim, 2).await;
    lee.vanish();
    until(&mut kim, 1).await;
    kim.ok(json!({"do": "unwatch", "order": "online"})).await;
}

#[tokio::test]
async fn a_list_changes_no_more_than_four_times_a_second_and_for_what_was_said_alone_once() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}})).await;
    let (mut changes, mut talk) = (stand.guest("w").await, stand.guest("w").await);
    changes.ok(json!({"do": "watch", "order": "newest"})).await;
    talk.ok(json!({"do": "watch", "order": "live"})).await;
    let began = tokio::time::Instant::now();
    for at in 0..40 {
        kim.ok(json!({"do": "say", "room": "a", "body": at})).await;
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    let said = talk.events().await.len() as u128;
    let seconds = began.elapsed().as_millis() / 1_000;
    assert!(said <= seconds + 2, "{said} in {seconds} s");
    changes.events().await;
    let began = tokio::time::Instant::now();
    for at in 0..40 {
        kim.ok(json!({"do": "open", "room": format!("r{at}"), "title": "R"})).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let told = changes.events().await.len() as u128;
    let quarters = began.elapsed().as_millis() / 250;
    assert!(told > 0 && told <= quarters + 2, "{told} in {quarters} quarters of a second");
}
