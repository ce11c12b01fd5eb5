//! How fast one may speak.

use chat_ws::{Close, Options, Rates};
use serde_json::{Value, json};

use crate::support::{Setup, Solo, millis};

fn limited(per_second: u32) -> Setup {
    Setup::new().with(|options| options.rates = Rates::per_second(per_second))
}

const EVERYTHING: &[&str] = &[
    "hello", "ping", "open", "join", "leave", "say", "signal", "history", "members", "close",
    "rename", "rooms", "watch", "unwatch", "match", "unmatch", "next", "block", "dance",
];

#[test]
fn every_command_counts_whatever_becomes_of_it() {
    for verb in EVERYTHING {
        let mut solo = Solo::guest(&limited(10).server().0);
        let mut taken = 0;
        let err = loop {
            let reply = solo.ask(json!({"do": verb, "room": "no", "body": 1}));
            if reply["err"]["code"] == "rate_limited" {
                break reply["err"].clone();
            }
            taken += 1;
            assert!(taken < 100, "{verb} does not count");
        };
        // Three seconds' worth; of what is more than a word to others, half.
        assert!([14, 15, 29].contains(&taken), "{verb}: {taken}");
        assert!(err["retry_ms"].as_u64().unwrap() > 0);
    }
}

#[test]
fn what_is_no_command_counts_too() {
    let setup = limited(10).with(|options| options.bad_frames = 200);
    let mut solo = Solo::guest(&setup.server().0);
    for _ in 0..29 {
        assert_eq!(solo.text("x")[0]["err"]["code"], "bad_request");
    }
    let frames = solo.text("x");
    assert_eq!(
        (&frames[0]["re"], &frames[0]["err"]["code"]),
        (&Value::Null, &json!("rate_limited"))
    );
    assert_eq!(solo.ask(json!({"do": "ping"}))["err"]["code"], "rate_limited");
}

#[test]
fn after_retry_ms_the_command_is_taken() {
    for rate in [1, 3, 7, 100] {
        let mut solo = Solo::guest(&limited(rate).server().0);
        solo.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}}));
        for round in 0..50 {
            let say = json!({"do": "say", "room": "a", "body": round});
            let err = loop {
                let reply = solo.ask(say.clone());
                if let Some(err) = reply.get("err") {
                    break err.clone();
                }
            };
            assert_eq!(err["code"], "rate_limited");
            let retry = err["retry_ms"].as_u64().unwrap();
            assert!(retry > 0 && retry <= 1_002, "{retry}");
            // Not for longer than needed, either.
            solo.pass(millis(retry / 2));
            if retry > 10 {
                assert_eq!(solo.ask(say.clone())["err"]["code"], "rate_limited", "{rate}");
            }
            solo.pass(millis(retry - retry / 2));
            solo.ok(say);
        }
    }
}

#[test]
fn two_hundred_refused_within_ten_seconds_close_with_4429() {
    let mut solo = Solo::guest(&limited(1).server().0);
    while solo.ask(json!({"do": "ping"})).get("ok").is_some() {}
    for refused in 1..199 {
        solo.pass(millis(45));
        let reply = solo.ask(json!({"do": "ping"}));
        // Now and then one is taken.
        if reply.get("ok").is_some() {
            assert_eq!(solo.ask(json!({"do": "ping"}))["err"]["code"], "rate_limited");
        }
        assert_eq!(solo.close(), None, "{refused}");
    }
    let frames = solo.tell(json!({"do": "ping"}));
    assert_eq!(frames[0]["err"]["code"], "rate_limited");
    assert_eq!(frames[1], json!({"ev": "bye", "why": "too_fast", "retry_ms": 15_000}));
    assert_eq!(solo.close(), Some(Close::TooFast));
    assert_eq!(Close::TooFast.code(), 4429);
}

#[test]
fn two_hundred_refused_in_more_than_ten_seconds_do_not() {
    let mut solo = Solo::guest(&limited(1).server().0);
    for _ in 0..600 {
        solo.pass(millis(60));
        solo.tell(json!({"do": "ping"}));
    }
    assert_eq!(solo.close(), None);
}

#[test]
fn the_usual_rate_lets_people_talk_and_machines_not() {
    assert_ne!(Options::default().rates, Rates::unlimited());
    let mut solo =
        Solo::guest(&Setup::new().with(|options| options.rates = Rates::default()).server().0);
    solo.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}}));
    for _ in 0..100 {
        solo.ok(json!({"do": "say", "room": "a", "body": 1}));
        solo.pass(millis(20));
    }
    let refused = (0..1_000)
        .find(|_| solo.ask(json!({"do": "say", "room": "a", "body": 1})).get("err").is_some());
    assert!(refused.is_some());
}

#[tokio::test]
async fn a_flood_over_the_socket_ends_with_4429_and_hurts_nobody() {
    let stand = limited(5).stand().await;
    let mut kim = stand.guest("Kim").await;
    let mut lee = stand.guest("Lee").await;
    // One after the other: however long that takes, and so however many more are allowed meanwhile.
    let mut refused = 0;
    while refused < 200 {
        let ping = kim.send(json!({"do": "ping"})).await;
        refused += usize::from(kim.reply(ping).await.get("err").is_some());
    }
    let (code, bye) = kim.bye().await;
    assert_eq!((code, &bye["retry_ms"]), (4429, &json!(15_000)));
    lee.ok(json!({"do": "ping"})).await;
}

#[test]
fn another_connection_has_a_rate_of_its_own() {
    let (server, _) = limited(5).server();
    let (mut one, mut two) = (Solo::guest(&server), Solo::guest(&server));
    while one.ask(json!({"do": "ping"})).get("ok").is_some() {}
    two.ok(json!({"do": "ping"}));
}
