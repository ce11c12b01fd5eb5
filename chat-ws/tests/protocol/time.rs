//! What happens with time: nobody says hello, nobody says anything, nobody reads.

use chat_ws::{Close, Outgoing};
use serde_json::json;

use crate::support::{Hold, Setup, Solo, Turnstile, millis, seconds};

#[test]
fn who_says_no_hello_in_ten_seconds_is_closed_with_4408() {
    let mut solo = Setup::new().solo();
    assert!(solo.pass(millis(9_999)).is_empty());
    assert_eq!(solo.close(), None);
    assert_eq!(solo.pass(millis(1)), [json!({"ev": "bye", "why": "no_hello"})]);
    assert_eq!(solo.close(), Some(Close::NoHello));
    assert_eq!(Close::NoHello.code(), 4408);
    assert_eq!(solo.peer.wake_at(), None);
}

#[test]
fn nothing_else_than_a_hello_that_works_keeps_it_open() {
    let mut solo = Setup::new().solo();
    for _ in 0..9 {
        solo.pass(seconds(1));
        solo.err(json!({"do": "ping"}));
        solo.err(json!({"do": "hello", "name": ""}));
        solo.peer.alive(solo.now);
    }
    solo.pass(millis(999));
    assert_eq!(solo.close(), None);
    solo.pass(millis(1));
    assert_eq!(solo.close(), Some(Close::NoHello));
}

#[test]
fn a_hello_in_the_last_moment_is_in_time() {
    let mut solo = Setup::new().solo();
    solo.pass(millis(9_999));
    solo.ok(json!({"do": "hello"}));
    solo.pass(seconds(20));
    assert_eq!(solo.close(), None);
}

#[tokio::test]
async fn a_hello_that_takes_too_long_to_check_is_not_in_time() {
    let hold = Hold { hello: Some(Turnstile::new()), ..Hold::NOTHING };
    let mut solo = Setup::new().with_auth(hold).solo();
    assert!(solo.tell(json!({"do": "hello"})).is_empty());
    assert_eq!(solo.pass(seconds(10)), [json!({"ev": "bye", "why": "no_hello"})]);
}

#[test]
fn after_25_seconds_of_silence_there_is_a_ping_and_after_60_an_end() {
    let mut solo = Solo::guest(&Setup::new().server().0);
    let mut pings = Vec::new();
    let start = solo.now;
    for _ in 0..599 {
        assert!(solo.pass(millis(100)).is_empty());
        if solo.out.take_ping() {
            pings.push((solo.now - start).as_millis());
        }
    }
    assert_eq!(pings, [25_000, 50_000]);
    assert_eq!(solo.close(), None);
    assert_eq!(solo.pass(millis(100)), [json!({"ev": "bye", "why": "silent"})]);
    assert_eq!(solo.close(), Some(Close::Silent));
    assert_eq!(Close::Silent.code(), 4002);
}

#[test]
fn any_sign_of_life_will_do() {
    let mut solo = Solo::guest(&Setup::new().server().0);
    for round in 0..20 {
        solo.pass(seconds(24));
        assert!(!solo.out.take_ping(), "{round}");
        match round % 3 {
            0 => solo.peer.alive(solo.now),
            1 => drop(solo.err(json!({"do": "dance"}))),
            _ => drop(solo.ok(json!({"do": "ping"}))),
        }
    }
    // Answering each ping at the last moment is enough.
    for _ in 0..20 {
        solo.pass(seconds(59));
        assert!(solo.out.take_ping());
        solo.peer.alive(solo.now);
        solo.poll();
    }
    assert_eq!(solo.close(), None);
}

#[test]
fn what_it_is_told_is_no_sign_of_its_life() {
    let (server, _) = Setup::new().server();
    let (mut kim, mut lee) = (Solo::guest(&server), Solo::guest(&server));
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}}));
    lee.ok(json!({"do": "join", "room": "a"}));
    for _ in 0..59 {
        kim.ok(json!({"do": "say", "room": "a", "body": 1}));
        assert_eq!(
            lee.pass(seconds(1)).len() + lee.poll().len(),
            1 + usize::from(lee.now == kim.now)
        );
    }
    lee.pass(seconds(1));
    assert_eq!(lee.close(), Some(Close::Silent));
}

#[test]
fn a_transport_without_pings_has_none_and_is_never_silent() {
    let (server, _) = Setup::new().with(|options| options.ping = None).server();
    let mut solo = Solo::of(&server);
    let ok = solo.ok(json!({"do": "hello"}));
    let limits = &ok["limits"];
    assert!(limits.get("ping_ms").is_none() && limits.get("silent_ms").is_none(), "{limits}");
    assert_eq!(solo.peer.wake_at(), None);
    solo.pass(seconds(1_000));
    assert!(!solo.out.take_ping());
    assert_eq!(solo.close(), None);
}

/// One in whose room so much is said that no more is put out for it, since it reads nothing.
fn full() -> (Solo, Solo) {
    let (server, _) = Setup::new().server();
    let (mut kim, mut lee) = (Solo::guest(&server), Solo::guest(&server));
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}}));
    lee.ok(json!({"do": "join", "room": "a"}));
    for _ in 0..40 {
        kim.ok(json!({"do": "say", "room": "a", "body": "x".repeat(16_000)}));
        lee.poll_unread();
    }
    let most = server.options().waiting;
    assert!(lee.out.bytes() >= most && lee.out.bytes() < most + 17_000, "{}", lee.out.bytes());
    (kim, lee)
}

#[test]
fn who_takes_nothing_for_five_seconds_though_there_is_more_is_closed_with_4001() {
    let (_kim, mut lee) = full();
    assert!(!lee.peer.wants_more(&lee.out));
    let start = lee.now;
    while lee.close().is_none() {
        lee.now = lee.peer.wake_at().expect("it is woken for that");
        lee.poll_unread();
    }
    assert_eq!((lee.now - start, lee.close()), (seconds(5), Some(Close::Slow)));
    assert_eq!(Close::Slow.code(), 4001);
    // What it did not take is not in the way of the word.
    assert_eq!(lee.take(), [json!({"ev": "bye", "why": "slow"})]);
}

#[test]
fn who_takes_a_little_now_and_then_is_not() {
    let (mut kim, mut lee) = full();
    let mut last = 2;
    let mut taken = 0;
    for _ in 0..60 {
        lee.now += millis(4_900);
        lee.peer.alive(lee.now);
        lee.poll_unread();
        let Some(frame) = lee.out.next_frame() else { break };
        let said: serde_json::Value = serde_json::from_slice(frame.as_json()).unwrap();
        // Without a hole, all the while.
        last += 1;
        assert_eq!(said["n"], last);
        taken += 1;
    }
    assert_eq!((taken, lee.close()), (40, None));
    kim.ok(json!({"do": "ping"}));
}

#[test]
fn replies_wait_for_room_too_and_are_bounded() {
    let (server, _) = Setup::new().server();
    let mut kim = Solo::guest(&server);
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}}));
    for _ in 0..20 {
        kim.ok(json!({"do": "say", "room": "a", "body": "x".repeat(16_000)}));
    }
    kim.take();
    let mut lee = Solo::guest(&server);
    lee.ok(json!({"do": "join", "room": "a", "recent": 0}));
    // Each of these is answered with 320 kB.
    for id in 0..60 {
        let text = json!({"id": 1_000 + id, "do": "history", "room": "a"}).to_string();
        lee.peer.receive(&text, lee.now, &mut lee.out);
        lee.poll_unread();
    }
    assert!(lee.out.bytes() < 600_000, "{}", lee.out.bytes());
    let mut replies = 0;
    while let Some(frame) = lee.out.next_frame() {
        replies += usize::from(frame.as_json().starts_with(br#"{"re":10"#));
        lee.poll_unread();
    }
    assert_eq!((replies, lee.close()), (60, None));
}

#[tokio::test(start_paused = true)]
async fn a_transport_may_leave_the_waiting_to_it() {
    let (server, _) = Setup::new().server();
    let mut peer = server.peer(server.admit(chat_ws::Upgrade::default()).unwrap());
    let mut out = Outgoing::default();
    let start = tokio::time::Instant::now();
    peer.ready(&mut out).await;
    assert_eq!((start.elapsed(), out.close()), (seconds(10), Some(Close::NoHello)));
    let mut peer = server.peer(server.admit(chat_ws::Upgrade::default()).unwrap());
    let mut out = Outgoing::default();
    peer.receive(r#"{"id":1,"do":"hello"}"#, tokio::time::Instant::now(), &mut out);
    peer.ready(&mut out).await;
    assert!(out.next_frame().is_some());
    let start = tokio::time::Instant::now();
    peer.ready(&mut out).await;
    assert!(out.take_ping());
    assert_eq!(start.elapsed(), seconds(25));
}
