//! Whatever comes in from outside: a clear refusal with its code, nothing lost, never a panic.

use std::time::Duration;

use chat_core::{
    Author, Body, Cursor, Engine, Epoch, HistoryPage, Join, Key, Name, NodeId, Order, Page,
    PolicyChange, PoolName, Presence, Reason, RoomId, RoomSpec, Seek, SessionId, Tag, Timestamp,
    Title, User, UserId,
};
use futures_util::FutureExt;
use proptest::prelude::*;

use crate::support::{code, connect, engine, told};

#[tokio::test]
async fn users_with_bad_ids_or_names_are_refused() {
    let engine = engine();
    let long_id = "x".repeat(129);
    let long_name = "각".repeat(33);
    let bad = [
        ("", "Kim"),
        ("a b", "Kim"),
        ("é", "Kim"),
        ("a\n", "Kim"),
        (&*long_id, "Kim"),
        ("kim", ""),
        ("kim", " \t "),
        ("kim", "a\u{0}b"),
        ("kim", "\u{202e}evil"),
        ("kim", &*long_name),
    ];
    for (id, name) in bad {
        assert_eq!(
            code(engine.connect(User::named(id, name)).await),
            "bad_request",
            "{id:?} {name:?}"
        );
    }
    assert_eq!(engine.stats().users, 0);
    // Typed on a Mac: 32 syllables that come as three letters each.
    let decomposed = "\u{1100}\u{1161}\u{11a8}".repeat(32);
    let kim = engine.connect(User::named("kim", decomposed)).await.unwrap();
    assert_eq!(kim.name(), "각".repeat(32).as_str());
}

#[tokio::test]
async fn bad_rooms_are_refused_and_name_the_field() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let spec = || RoomSpec::public("r");
    let meta = |text: &str| Body::json(text.to_owned());
    let bad: Vec<(RoomSpec, &str)> = vec![
        (spec().with_id(""), "room"),
        (spec().with_id("a/b"), "room"),
        (spec().with_id("방"), "room"),
        (spec().with_id("x".repeat(65)), "room"),
        (spec().with_id("random~abc"), "room"),
        (RoomSpec::public(""), "title"),
        (RoomSpec::public("x".repeat(101)), "title"),
        (RoomSpec::public("a\u{7}b"), "title"),
        (spec().with_meta(meta("[]")), "meta"),
        (spec().with_meta(meta("")), "meta"),
        (spec().with_meta(meta(&format!("{{\"a\":\"{}\"}}", "x".repeat(1024)))), "meta"),
        (spec().with_owner("a b"), "user"),
        (spec().with_capacity(0), "capacity"),
        (spec().with_capacity(u32::MAX), "capacity"),
        (spec().with_history(u32::MAX), "history"),
        (spec().with_idle(Duration::ZERO), "idle_s"),
        (spec().with_empty(Duration::MAX), "empty_s"),
        (spec().with_max_age(Duration::from_millis(999)), "max_age_s"),
        (spec().with_grace(Duration::MAX), "grace_ms"),
        (spec().with_capacity(5_000).with_presence(Presence::Log), "presence"),
    ];
    for (spec, field) in bad {
        let refused = engine.open(spec.clone()).await.unwrap_err();
        assert_eq!(refused.code(), "bad_request");
        assert!(refused.to_string().starts_with(field), "{refused} names {field}");
        assert_eq!(code(kim.join_or_open(spec).await), "bad_request");
    }
    assert_eq!(engine.rooms(Order::Live, Page::default()).await.unwrap().total, 0);
}

#[tokio::test]
async fn bodies_that_are_empty_or_too_large_are_refused() {
    let engine = engine();
    let mut kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    let max = engine.limits().body;
    let fits = Body::text(&"x".repeat(max - 2));
    assert_eq!(fits.len(), max);
    kim.say(&id, fits.clone()).await.unwrap();
    let large = Body::text(&"x".repeat(max - 1));
    let empty = Body::json(Vec::new());
    for (body, refusal) in [(large, "too_large"), (empty, "bad_request")] {
        assert_eq!(code(kim.say(&id, body.clone()).await), refusal);
        assert_eq!(code(kim.signal(&id, body.clone()).await), refusal);
        assert_eq!(code(engine.post(&id, body, Author::System, None).await), refusal);
    }
    kim.say(&id, "").await.unwrap();
    assert_eq!(told(&mut kim).len(), 2);
    let nobody = Author::User(User::named("a b", "x"));
    assert_eq!(code(engine.post(&id, "x", nobody, None).await), "bad_request");
}

#[tokio::test]
async fn zero_and_huge_limits_are_refused_or_cut() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    for n in 0..300 {
        kim.say(&id, format!("{n}")).await.unwrap();
    }
    let huge = u32::MAX;
    for page in [
        HistoryPage::Newest { limit: huge },
        HistoryPage::Before { n: u64::MAX, limit: huge },
        HistoryPage::After { n: 0, limit: huge },
    ] {
        assert_eq!(kim.history(&id, page).await.unwrap().entries.len(), 200, "{page:?}");
    }
    for page in [
        HistoryPage::Newest { limit: 0 },
        HistoryPage::Before { n: 0, limit: 5 },
        HistoryPage::After { n: u64::MAX, limit: 5 },
    ] {
        assert!(kim.history(&id, page).await.unwrap().entries.is_empty(), "{page:?}");
    }
    assert_eq!(kim.members(&id, None, huge).await.unwrap().members.len(), 1);
    assert_eq!(code(engine.rooms(Order::Live, Page::first(0)).await), "bad_request");
    assert_eq!(engine.rooms(Order::Live, Page::first(huge)).await.unwrap().rooms.len(), 1);
    let deep = Page::first(10).from(1_001);
    assert_eq!(code(engine.rooms(Order::Live, deep).await), "bad_request");
    assert!(engine.rooms(Order::Live, Page::first(10).from(1_000)).await.unwrap().rooms.is_empty());
    assert_eq!(code(kim.watch(Order::Live, 0).await), "bad_request");
    assert_eq!(kim.watch(Order::Live, huge).await.unwrap().rooms.len(), 1);
    let ids = vec![id; 201];
    assert_eq!(code(engine.rooms_by_id(&ids).await), "too_many");
    assert!(engine.rooms_by_id(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_bad_search_is_refused() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let long = "x".repeat(33);
    let bad = [
        Seek::new(""),
        Seek::new("Random"),
        Seek::new("a b"),
        Seek::new(long.clone()),
        Seek::new("random").with_tags([""]),
        Seek::new("random").with_tags([long]),
        Seek::new("random").with_tags(["a\u{0}"]),
        Seek::new("random").with_tags(["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
        Seek::new("random").strict(),
    ];
    for seek in bad {
        assert_eq!(code(kim.seek_with(&seek).await), "bad_request", "{seek:?}");
    }
    assert!(kim.waiting().await.unwrap().is_empty());
    assert_eq!(code(kim.cancel_seek("random").await), "not_waiting");
    assert_eq!(code(kim.cancel_seek("RANDOM").await), "bad_request");
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    assert_eq!(code(kim.seek_next(&id, None).await), "bad_request");
    assert_eq!(code(kim.block(&id).await), "bad_request");
    let pair = RoomId::new("random~nowhere").unwrap();
    assert_eq!(code(kim.seek_next(&pair, None).await), "no_such_room");
    assert_eq!(code(kim.block(&pair).await), "no_such_room");
    assert_eq!(code(kim.join(&pair).await), "no_such_room");
    assert_eq!(code(kim.say(&pair, "x").await), "no_such_room");
    let create = Join::room(&pair).or_open(RoomSpec::public("x"));
    assert_eq!(code(kim.join_with(create).await), "bad_request");
}

/// Texts as they come: ordinary, over-long, full of what misleads, in pieces.
fn text() -> impl Strategy<Value = String> {
    let misleading = "[\u{0}-\u{20}\u{7f}-\u{a0}\u{1100}-\u{11ff}\u{200b}-\u{202e}\u{2066}-\u{2069}\u{feff}~a각]{0,40}";
    prop_oneof![any::<String>(), "[a-zA-Z0-9_.:~-]{0,80}", misleading, "[ -~]{0,140}"]
}

fn duration() -> impl Strategy<Value = Option<Option<Duration>>> {
    let some = prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0u64..5_000).prop_map(Duration::from_millis)
    ];
    proptest::option::of(proptest::option::of(some))
}

fn cursor() -> impl Strategy<Value = Cursor> {
    let n = prop_oneof![0u64..12, Just(u64::MAX), any::<u64>()];
    let at = proptest::option::of(prop_oneof![any::<u64>(), Just(1_700_000_000_000)]);
    (any::<u64>(), n, at).prop_map(|(epoch, n, at)| Cursor {
        epoch: Epoch(epoch),
        n,
        at: at.map(Timestamp),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsers_never_panic_and_what_they_take_is_read_back(text in text(), max in 0usize..40) {
        if let Ok(id) = RoomId::new(&text) {
            prop_assert!(id.as_str() == text && id.as_str().len() <= RoomId::MAX);
            prop_assert_eq!(id.is_pair(), id.pool().is_some());
            prop_assert!(id.pool().is_none_or(|pool| PoolName::new(pool.as_str()).is_ok()));
        }
        prop_assert!(UserId::new(&text).is_ok_and(|id| id == text.as_str()) || UserId::new(&text).is_err());
        prop_assert!(PoolName::new(&text).is_err() || RoomId::random_pair(&PoolName::new(&text).unwrap()).is_pair());
        prop_assert!(Key::new(&text).is_err() || text.len() <= Key::MAX);
        for number in [text.parse::<Epoch>().map(|n| n.0), text.parse::<NodeId>().map(|n| n.0), text.parse::<SessionId>().map(|n| n.0)] {
            prop_assert!(number.is_err() || text.len() <= 16);
        }
        if let Ok(name) = Name::new(&text, max) {
            prop_assert!(name.as_str().chars().count() <= max && !name.as_str().chars().any(char::is_control));
            prop_assert_eq!(&Name::new(name.as_str(), max).unwrap(), &name, "cleaned once is clean");
            prop_assert_eq!(name.as_str().trim(), name.as_str());
        }
        let _ = Title::new(&text, max);
        if let Ok(tag) = Tag::new(&text, max) {
            prop_assert_eq!(tag.folded().folded(), tag.folded());
        }
        prop_assert!(Reason::new(&text).as_str().chars().count() <= 200);
        let body = Body::text(&text);
        prop_assert_eq!(serde_json::from_slice::<String>(body.as_bytes()).unwrap(), text);
    }

    #[test]
    fn whatever_is_asked_for_is_done_or_refused(
        texts in proptest::collection::vec(text(), 8),
        times in (duration(), duration(), duration()),
        numbers in (proptest::option::of(any::<u32>()), proptest::option::of(any::<u32>()), any::<u32>(), any::<u32>()),
        cursor in cursor(),
        tags in proptest::collection::vec(text(), 0..10),
    ) {
        let engine = Engine::in_memory();
        let ask = async {
            let _ = engine.connect(User::named(texts[0].clone(), texts[1].clone())).await;
            let kim = engine.connect(User::named("kim", "Kim")).await.unwrap();
            let policy = PolicyChange {
                capacity: numbers.0, history: numbers.1, idle: times.0, empty: times.1, max_age: times.2,
                presence: None, grace: times.0.flatten(),
            };
            let spec = RoomSpec::public(texts[2].clone()).with_id(texts[3].clone()).with_policy(policy)
                .with_owner(texts[0].clone()).with_meta(Body::json(texts[4].clone()));
            let _ = engine.open(spec.clone()).await;
            let _ = kim.join_or_open(spec).await;
            let _ = kim.rename(&texts[5]).await;
            let id = kim.join_or_open(RoomSpec::public("r").with_id("r")).await.unwrap().room.id;
            for n in 0..5 {
                kim.say(&id, format!("{n}")).await.unwrap();
            }
            let (limit, n) = (numbers.2, cursor.n);
            let epoch = engine.room(&id).await.unwrap().epoch;
            for cursor in [cursor, Cursor { epoch, ..cursor }] {
                let snapshot = kim.join_with(Join::room(&id).since(cursor).recent(limit)).await.unwrap().0;
                assert!(snapshot.entries.iter().all(|entry| entry.n <= snapshot.cursor.n));
            }
            for page in [HistoryPage::Newest { limit }, HistoryPage::Before { n, limit }, HistoryPage::After { n, limit }] {
                kim.history(&id, page).await.unwrap();
            }
            let _ = engine.rooms(Order::Visitors, Page { offset: numbers.3, limit }).await;
            let _ = kim.watch(Order::Active, limit).await;
            let _ = kim.members(&id, UserId::new(&texts[6]).ok().as_ref(), limit).await.unwrap();
            let _ = kim.seek_with(&Seek::new(texts[7].clone()).with_tags(tags.clone())).await;
            let _ = kim.seek_with(&Seek::new("random").with_tags(tags).strict()).await;
            let _ = kim.cancel_seek(&texts[7]).await;
            if let Ok(key) = Key::new(&texts[0]) {
                kim.say_once(&id, texts[1].as_str(), &key).await.unwrap();
            }
            engine.shutdown().await;
        };
        prop_assert!(ask.now_or_never().is_some());
    }
}
