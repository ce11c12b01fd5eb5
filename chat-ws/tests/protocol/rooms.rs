//! Opening rooms, what they look like, who may close them.

use serde_json::{Value, json};

use crate::support::{Stand, is_room, keys, seconds};

#[tokio::test]
async fn a_room_looks_as_it_was_asked_for() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let ok = kim.ok(json!({"do": "open", "room": "Rust_1.0:a-b", "title": "  Rust ", "meta": {"a": [1.50, null]}})).await;
    assert_eq!(keys(&ok), ["room"]);
    let room = &ok["room"];
    is_room(room);
    let mut expected = json!({"id": "Rust_1.0:a-b", "kind": "public", "title": "Rust", "meta": {"a": [1.5, null]}, "owner": "kim",
        "capacity": 1000, "live": 0, "visitors": 0, "last": null});
    expected["created"] = stand.clock.now().0.into();
    assert_eq!(room, &expected);
    assert!(
        kim.texts.last().unwrap().contains("[1.50, null]")
            || kim.texts.last().unwrap().contains("[1.5,null]")
    );
}

#[tokio::test]
async fn opening_is_not_joining() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    kim.ok(json!({"do": "open", "room": "a", "title": "A"})).await;
    assert_eq!(kim.code(json!({"do": "say", "room": "a", "body": 1})).await, "not_member");
    assert_eq!(stand.live("a").await, 0);
    kim.nothing().await;
}

#[tokio::test]
async fn an_id_that_is_taken_is_refused_and_one_that_closed_is_free() {
    let stand = Stand::new().await;
    let (mut kim, mut lee) = (stand.user("kim").await, stand.user("lee").await);
    let open = json!({"do": "open", "room": "a", "title": "A"});
    kim.ok(open.clone()).await;
    assert_eq!(lee.code(open.clone()).await, "room_exists");
    assert_eq!(kim.code(open.clone()).await, "room_exists");
    kim.ok(json!({"do": "close", "room": "a"})).await;
    assert_eq!(lee.ok(open).await["room"]["owner"], "lee");
}

#[tokio::test]
async fn ids_that_the_server_makes_are_long_and_never_twice_the_same() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..50 {
        let ok = kim.ok(json!({"do": "open", "title": "A", "kind": "private"})).await;
        assert_eq!(ok["room"]["kind"], "private");
        let id = ok["room"]["id"].as_str().unwrap().to_owned();
        // 128 bits in letters of six.
        assert!(id.len() >= 22 && id.len() <= 64);
        assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b)), "{id}");
        assert!(ids.insert(id));
    }
}

#[tokio::test]
async fn an_id_has_its_letters_and_its_length() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let (longest, longer) = ("x".repeat(64), "x".repeat(65));
    kim.ok(json!({"do": "open", "room": longest, "title": "A"})).await;
    for wrong in [
        json!(""),
        json!(longer),
        json!("a b"),
        json!("a/b"),
        json!("방"),
        json!("a~b"),
        json!("random~x"),
        json!(7),
        json!(["a"]),
    ] {
        for (verb, more) in
            [("open", json!({"title": "A"})), ("join", json!({"create": {"title": "A"}}))]
        {
            let mut command = more;
            command["do"] = verb.into();
            command["room"] = wrong.clone();
            let name = wrong.as_str().unwrap_or_default();
            let reply = kim.err(command).await;
            assert_eq!(
                (&reply["code"], &reply["field"]),
                (&json!("bad_request"), &json!("room")),
                "{verb} {name}"
            );
        }
    }
    for verb in ["join", "leave", "say", "signal", "history", "members", "close", "next", "block"] {
        assert_eq!(kim.wrong(json!({"do": verb, "body": 1})).await, "room", "{verb}");
        assert_eq!(
            kim.wrong(json!({"do": verb, "body": 1, "room": "a b"})).await,
            "room",
            "{verb}"
        );
        assert_eq!(kim.wrong(json!({"do": verb, "body": 1, "room": null})).await, "room", "{verb}");
    }
}

#[tokio::test]
async fn a_title_has_to_be_there_and_has_its_bound() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    for wrong in [
        Value::Null,
        json!(""),
        json!(" \t"),
        json!("x".repeat(101)),
        json!("a\u{202e}"),
        json!("a\nb"),
        json!(7),
    ] {
        assert_eq!(kim.wrong(json!({"do": "open", "title": wrong})).await, "title", "{wrong}");
        assert_eq!(
            kim.wrong(json!({"do": "join", "room": "a", "create": {"title": wrong}})).await,
            "title",
            "{wrong}"
        );
    }
    assert_eq!(kim.wrong(json!({"do": "open"})).await, "title");
    let title = "각".repeat(100);
    let room = kim.ok(json!({"do": "open", "title": title})).await;
    assert_eq!(room["room"]["title"], title);
}

#[tokio::test]
async fn kind_and_meta_are_what_they_may_be() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    for wrong in [json!("pair"), json!("Public"), json!(""), json!(1)] {
        assert_eq!(kim.wrong(json!({"do": "open", "title": "A", "kind": wrong})).await, "kind");
    }
    for wrong in [json!([]), json!("x"), json!(1), json!(true)] {
        assert_eq!(kim.wrong(json!({"do": "open", "title": "A", "meta": wrong})).await, "meta");
    }
    // As much as fits, in bytes, and one more.
    let meta = |bytes: usize| json!({"x": "a".repeat(bytes - r#"{"x":""}"#.len())});
    let ok = kim.ok(json!({"do": "open", "title": "A", "meta": meta(1024)})).await;
    assert_eq!(ok["room"]["meta"], meta(1024));
    assert_eq!(kim.wrong(json!({"do": "open", "title": "A", "meta": meta(1025)})).await, "meta");
    // Null is as if it were not there.
    let ok = kim.ok(json!({"do": "open", "title": "A", "meta": null, "kind": null, "policy": null, "room": null})).await;
    assert_eq!((&ok["room"]["meta"], &ok["room"]["kind"]), (&json!({}), &json!("public")));
}

#[tokio::test]
async fn each_bound_of_a_policy_holds_from_both_sides() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let month = 30 * 86_400;
    let bounds = [
        ("capacity", 1, 100_000),
        ("idle_s", 1, month),
        ("empty_s", 1, month),
        ("max_age_s", 1, month),
        ("grace_ms", 0, 60_000),
        ("history", 0, 10_000),
    ];
    for (field, min, max) in bounds {
        for good in [min, max] {
            let ok = kim.ok(json!({"do": "open", "title": "A", "policy": {field: good}})).await;
            if field == "capacity" {
                assert_eq!(ok["room"]["capacity"], good);
            }
        }
        let far = [
            json!(max + 1),
            json!(1_u64 << 53),
            json!(-1),
            json!(4_294_967_296_u64 + min),
            json!(1.5),
            json!("1"),
            json!([1]),
        ];
        let below = if min == 0 { None } else { Some(json!(min - 1)) };
        for bad in far.into_iter().chain(below) {
            let wrong =
                kim.wrong(json!({"do": "open", "title": "A", "policy": {field: bad}})).await;
            assert_eq!(wrong, field, "{bad}");
            let create = json!({"title": "A", "policy": {field: bad}});
            assert_eq!(
                kim.wrong(json!({"do": "join", "room": "new", "create": create})).await,
                field,
                "{bad}"
            );
        }
    }
    for presence in ["Log", "", "none"] {
        assert_eq!(
            kim.wrong(json!({"do": "open", "title": "A", "policy": {"presence": presence}})).await,
            "presence"
        );
    }
    for policy in [json!([]), json!("log"), json!(1)] {
        assert_eq!(
            kim.wrong(json!({"do": "open", "title": "A", "policy": policy})).await,
            "policy"
        );
    }
    for create in [json!([]), json!("A"), json!(1)] {
        assert_eq!(
            kim.wrong(json!({"do": "join", "room": "new", "create": create})).await,
            "create"
        );
    }
}

#[tokio::test]
async fn comings_and_goings_are_logged_up_to_a_thousand_users() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let policy = |capacity: u32, presence: &str| json!({"do": "open", "title": "A", "policy": {"capacity": capacity, "presence": presence}});
    kim.ok(policy(1_000, "log")).await;
    kim.ok(policy(1_001, "count")).await;
    kim.ok(policy(10, "count")).await;
    assert_eq!(kim.wrong(policy(1_001, "log")).await, "presence");
    // Without being told, it is as it can be.
    let large = json!({"title": "A", "policy": {"capacity": 1_001}});
    let ok = kim.ok(json!({"do": "join", "room": "large", "create": large})).await;
    assert_eq!((&ok["cursor"]["n"], &ok["entries"]), (&json!(0), &json!([])));
    let small = json!({"title": "A", "policy": {"capacity": 1_000}});
    let ok = kim.ok(json!({"do": "join", "room": "small", "create": small})).await;
    assert_eq!(ok["cursor"]["n"], 1);
}

#[tokio::test]
async fn only_the_owner_closes_and_everybody_is_told() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    assert_eq!(lee.code(json!({"do": "close", "room": "a"})).await, "forbidden");
    lee.nothing().await;
    assert_eq!(kim.ok(json!({"do": "close", "room": "a"})).await, json!({}));
    for client in [&mut kim, &mut lee] {
        let closed = client.event("closed").await;
        assert_eq!(
            (&closed["why"], &closed["n"], &closed["room"]),
            (&json!("owner"), &json!(3), &json!("a"))
        );
        // The socket stays open, and the room says why, whatever is asked of it.
        for verb in ["join", "leave", "say", "signal", "history", "members"] {
            let err = client.err(json!({"do": verb, "room": "a", "body": 1})).await;
            assert_eq!(
                (&err["code"], &err["why"]),
                (&json!("room_closed"), &json!("owner")),
                "{verb}"
            );
        }
        client.nothing().await;
    }
    assert_eq!(kim.err(json!({"do": "close", "room": "a"})).await["code"], "room_closed");
    assert_eq!(kim.code(json!({"do": "close", "room": "never"})).await, "no_such_room");
}

#[tokio::test]
async fn nobody_owns_what_the_site_opened() {
    let stand = Stand::new().await;
    let spec = chat_core::RoomSpec::public("The site's").with_id("site");
    stand.server.engine().open(spec).await.unwrap();
    let mut kim = stand.user("kim").await;
    let ok = kim.ok(json!({"do": "join", "room": "site"})).await;
    assert_eq!((&ok["room"]["owner"], &ok["created"]), (&Value::Null, &json!(false)));
    assert_eq!(kim.code(json!({"do": "close", "room": "site"})).await, "forbidden");
}

#[tokio::test]
async fn a_closed_room_says_why_for_a_minute_then_it_never_was() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let mut never = stand.user("never").await;
    kim.ok(json!({"do": "close", "room": "a"})).await;
    stand.pass(seconds(59)).await;
    for client in [&mut kim, &mut lee, &mut never] {
        assert_eq!(client.err(json!({"do": "join", "room": "a"})).await["why"], "owner");
    }
    stand.pass(seconds(60)).await;
    for client in [&mut kim, &mut lee, &mut never] {
        for verb in ["join", "say", "leave", "history", "close"] {
            assert_eq!(
                client.code(json!({"do": verb, "room": "a", "body": 1})).await,
                "no_such_room",
                "{verb}"
            );
        }
    }
}

#[tokio::test]
async fn a_private_room_is_in_no_list_and_open_to_whoever_has_its_id() {
    let stand = Stand::new().await;
    let (mut kim, mut lee) = (stand.user("kim").await, stand.user("lee").await);
    let ok = kim.ok(json!({"do": "open", "title": "Ours", "kind": "private"})).await;
    let id = ok["room"]["id"].clone();
    for order in ["live", "visitors", "newest", "active"] {
        let page = lee.ok(json!({"do": "rooms", "order": order})).await;
        assert_eq!(page, json!({"rooms": [], "total": 0}));
    }
    let page = lee.ok(json!({"do": "rooms", "ids": [id]})).await;
    assert_eq!((&page["rooms"][0]["id"], &page["total"]), (&id, &json!(1)));
    assert_eq!(lee.ok(json!({"do": "join", "room": id})).await["room"]["kind"], "private");
}

#[tokio::test]
async fn a_full_room_is_full_until_somebody_goes() {
    let stand = Stand::new().await;
    let (mut kim, mut lee, mut two) =
        (stand.user("kim").await, stand.user("lee").await, stand.user("kim").await);
    let create = json!({"title": "One", "policy": {"capacity": 1, "grace_ms": 0}});
    kim.ok(json!({"do": "join", "room": "a", "create": create})).await;
    assert_eq!(lee.code(json!({"do": "join", "room": "a"})).await, "room_full");
    // Users are counted, not connections.
    two.ok(json!({"do": "join", "room": "a"})).await;
    kim.ok(json!({"do": "leave", "room": "a"})).await;
    assert_eq!(lee.code(json!({"do": "join", "room": "a"})).await, "room_full");
    two.ok(json!({"do": "leave", "room": "a"})).await;
    lee.ok(json!({"do": "join", "room": "a"})).await;
}

#[tokio::test]
async fn a_connection_is_in_no_more_than_64_rooms() {
    let stand = Stand::new().await;
    let mut kim = stand.user("kim").await;
    let join =
        |at: usize| json!({"do": "join", "room": format!("r{at}"), "create": {"title": "A"}});
    for at in 0..64 {
        kim.ok(join(at)).await;
    }
    let err = kim.err(join(64)).await;
    assert_eq!(err["code"], "too_many");
    // One that it is in already is no further one.
    kim.ok(join(63)).await;
    kim.ok(json!({"do": "leave", "room": "r0"})).await;
    kim.ok(join(64)).await;
}
