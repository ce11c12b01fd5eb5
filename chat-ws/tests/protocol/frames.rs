//! What is a command, and what is none.

use chat_ws::Close;
use serde_json::{Value, json};

use crate::support::{Setup, Solo, Stand};

/// Texts that are no command at all.
const BAD: &[&str] = &[
    "",
    " ",
    "hello",
    "7",
    "null",
    "true",
    r#""ping""#,
    "[]",
    r#"[{"id":1,"do":"ping"}]"#,
    "{}",
    r#"{"id":1}"#,
    r#"{"do":"ping"}"#,
    r#"{"id":1,"do":"ping""#,
    r#"{"id":1,"do":"ping"}{"id":2,"do":"ping"}"#,
    r#"{"id":1,"do":"ping"} x"#,
    r#"{"id":1,"do":"ping",}"#,
    r#"{'id':1,'do':'ping'}"#,
    r#"{"id":1,"do":null}"#,
    r#"{"id":1,"do":7}"#,
    r#"{"id":1,"do":["ping"]}"#,
    r#"{"id":null,"do":"ping"}"#,
    r#"{"id":"1","do":"ping"}"#,
    r#"{"id":-1,"do":"ping"}"#,
    r#"{"id":1.5,"do":"ping"}"#,
    r#"{"id":1e999,"do":"ping"}"#,
    r#"{"id":9007199254740992,"do":"ping"}"#,
    r#"{"id":18446744073709551616,"do":"ping"}"#,
    r#"{"id":true,"do":"ping"}"#,
    r#"{"id":[1],"do":"ping"}"#,
    r#"{"id":01,"do":"ping"}"#,
    r#"{"id":1,"do":"ping","x":NaN}"#,
    "{\"id\":1,\"do\":\"ping\",\"x\":\"a\nb\"}",
    r#"{"id":1,"do":"\ud800"}"#,
    r#"{"ID":1,"DO":"ping"}"#,
];

#[test]
fn what_is_no_command_is_a_bad_request_without_a_number() {
    let (server, _) = Setup::new().server();
    for bad in BAD {
        let mut solo = Solo::guest(&server);
        let frames = solo.text(bad);
        assert_eq!(frames.len(), 1, "{bad}");
        assert_eq!(
            (&frames[0]["re"], &frames[0]["err"]["code"]),
            (&Value::Null, &json!("bad_request")),
            "{bad}"
        );
        solo.ok(json!({"do": "ping"}));
    }
}

#[test]
fn the_fifth_is_answered_and_then_it_closes() {
    let (server, _) = Setup::new().server();
    for greeted in [true, false] {
        let mut solo = if greeted { Solo::guest(&server) } else { Solo::of(&server) };
        for bad in &BAD[..4] {
            assert_eq!(solo.text(bad).len(), 1);
            assert_eq!(solo.close(), None);
            // What is answered under its number does not count, and forgives nothing.
            solo.err(json!({"do": "dance"}));
            solo.err(json!({"do": "say"}));
        }
        let last = solo.text("x");
        assert_eq!(last.len(), 2);
        assert_eq!(
            (&last[0]["re"], &last[0]["err"]["code"]),
            (&Value::Null, &json!("bad_request"))
        );
        assert_eq!(last[1], json!({"ev": "bye", "why": "protocol"}));
        assert_eq!(solo.close(), Some(Close::Protocol));
        assert_eq!(Close::Protocol.code(), 4400);
        // Nothing is taken any more.
        assert!(solo.text(r#"{"id":1,"do":"ping"}"#).is_empty());
        assert!(!solo.peer.wants_more(&solo.out));
    }
}

#[tokio::test]
async fn bad_frames_over_the_socket_close_with_4400_behind_the_last_answer() {
    let stand = Stand::new().await;
    let mut kim = stand.guest("Kim").await;
    for at in 0..5 {
        if at % 2 == 0 {
            kim.send_text("what").await;
        } else {
            kim.send_message(tokio_tungstenite::tungstenite::Message::binary(
                &br#"{"id":1,"do":"ping"}"#[..],
            ))
            .await;
        }
    }
    for _ in 0..5 {
        assert_eq!(kim.unnumbered().await["err"]["code"], "bad_request");
    }
    let (code, bye) = kim.bye().await;
    assert_eq!((code, bye), (4400, json!({"ev": "bye", "why": "protocol"})));
}

#[test]
fn an_unknown_command_is_refused_under_its_number_however_often() {
    let (server, _) = Setup::new().server();
    let mut solo = Solo::guest(&server);
    for verb in ["dance", "", "Say", "HELLO", " ping", "ping ", "방", &"x".repeat(5_000)] {
        for _ in 0..6 {
            assert_eq!(solo.err(json!({"do": verb}))["code"], "unknown_command");
        }
    }
    for _ in 0..30 {
        assert_eq!(solo.err(json!({"do": "say"}))["code"], "bad_request");
    }
    assert_eq!(solo.close(), None);
}

#[test]
fn numbers_are_the_clients_own_from_0_to_2_to_the_53_less_1() {
    let (server, _) = Setup::new().server();
    let mut solo = Solo::guest(&server);
    for id in [0, 1, 7, 7, 7, (1_u64 << 53) - 1, 0] {
        let frames = solo.text(&format!(r#"{{"id":{id},"do":"ping"}}"#));
        assert_eq!(frames, [json!({"re": id, "ok": {}})]);
    }
}

#[test]
fn unknown_fields_are_ignored_wherever_they_stand() {
    let (server, _) = Setup::new().server();
    let mut solo = Solo::of(&server);
    solo.ok(json!({"do": "hello", "version": 9, "x": {"y": []}, "": 1, "room": 7}));
    let join = json!({"do": "join", "room": "a", "x": 1, "body": 5, "limit": "no", "create": {"title": "A", "x": [], "policy": {"x": 1, "capacity": 3}}});
    assert_eq!(solo.ok(join)["room"]["capacity"], 3);
    let epoch = solo.ok(json!({"do": "join", "room": "a"}))["cursor"]["epoch"].take();
    let since = json!({"epoch": epoch, "n": 0, "x": 1});
    assert_eq!(solo.ok(json!({"do": "join", "room": "a", "since": since}))["resumed"], true);
    solo.ok(json!({"do": "ping", "room": 7, "since": 8, "title": 9, "tags": "x"}));
}

#[test]
fn fields_may_be_written_in_any_way_that_json_has() {
    let (server, _) = Setup::new().server();
    let mut solo = Solo::guest(&server);
    for text in [
        "\t{ \"do\" :\r\n \"ping\" , \"id\" : 5 } ",
        r#"{"i\u0064":5,"\u0064o":"p\u0069ng"}"#,
        r#"{"x":"]}]}{","id":5,"do":"ping"}"#,
    ] {
        assert_eq!(solo.text(text), [json!({"re": 5, "ok": {}})], "{text}");
    }
}

#[test]
fn a_field_that_stands_there_twice_is_not_guessed_at() {
    let (server, _) = Setup::new().server();
    for text in [r#"{"id":1,"id":2,"do":"ping"}"#, r#"{"id":1,"do":"ping","do":"leave"}"#] {
        let mut solo = Solo::guest(&server);
        let frames = solo.text(text);
        assert_eq!((frames.len(), &frames[0]["err"]["code"]), (1, &json!("bad_request")), "{text}");
    }
    let mut solo = Solo::guest(&server);
    let twice = r#"{"id":5,"do":"join","room":"a","create":{"title":"A","title":"B"}}"#;
    let frames = solo.text(twice);
    assert_eq!((&frames[0]["re"], &frames[0]["err"]["field"]), (&json!(5), &json!("create")));
}

#[test]
fn a_list_is_no_object_though_its_fields_were_in_order() {
    let (server, _) = Setup::new().server();
    let mut solo = Solo::guest(&server);
    let all = |first: &str, fields: usize| format!("[{first}{}]", ",null".repeat(fields));
    for fields in 0..30 {
        let mut solo = Solo::guest(&server);
        let frames = solo.text(&all(r#"1,"ping""#, fields));
        assert_eq!(
            (&frames[0]["re"], &frames[0]["err"]["code"]),
            (&Value::Null, &json!("bad_request"))
        );
    }
    for fields in 0..10 {
        for (field, create) in [
            ("create", all(r#""A""#, fields)),
            ("policy", format!(r#"{{"title":"A","policy":{}}}"#, all("5", fields))),
        ] {
            let text = format!(r#"{{"id":5,"do":"join","room":"new","create":{create}}}"#);
            let frames = solo.text(&text);
            assert_eq!((&frames[0]["re"], &frames[0]["err"]["field"]), (&json!(5), &json!(field)));
        }
        let since = all(r#""1",0"#, fields);
        let text = format!(r#"{{"id":5,"do":"join","room":"new","since":{since}}}"#);
        assert_eq!(solo.text(&text)[0]["err"]["field"], "since");
    }
}

#[test]
fn what_is_nested_deeper_than_32_is_no_command() {
    let (server, _) = Setup::new().server();
    let mut solo = Solo::guest(&server);
    solo.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}}));
    let nested = |open: &str, close: &str, deep: usize| {
        let body = format!("{}1{}", open.repeat(deep), close.repeat(deep));
        format!(r#"{{"id":5,"do":"say","room":"a","body":{body}}}"#)
    };
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        assert!(solo.text(&nested(open, close, 31))[0]["ok"]["n"].is_u64());
        assert_eq!(solo.text(&nested(open, close, 32))[0]["re"], Value::Null);
    }
    // Nor does depth that no stack would bear hurt anybody.
    let deep = nested("[", "]", 30_000);
    assert_eq!(solo.text(&deep)[0]["err"]["code"], "bad_request");
    let open = format!(r#"{{"id":5,"do":"say","room":"a","body":{}"#, "[".repeat(60_000));
    assert_eq!(solo.text(&open)[0]["err"]["code"], "bad_request");
}

#[test]
fn a_number_in_a_body_may_be_larger_than_any_reader_likes() {
    let (server, _) = Setup::new().server();
    let mut solo = Solo::guest(&server);
    solo.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}}));
    for number in ["1e400", "-1e-400", &"9".repeat(5_000)] {
        let text = format!(r#"{{"id":5,"do":"say","room":"a","body":{number}}}"#);
        solo.peer.receive(&text, solo.now, &mut solo.out);
        solo.poll_unread();
        let frames: Vec<_> = std::iter::from_fn(|| solo.out.next_frame()).collect();
        assert_eq!(frames.len(), 2, "{number}");
        let told = |end: &str| frames.iter().any(|frame| frame.as_json().ends_with(end.as_bytes()));
        assert!(told(&format!(r#""body":{number}}}"#)));
        assert!(told(r#""dup":false}}"#));
    }
}

#[test]
fn half_characters_are_no_names() {
    let (server, _) = Setup::new().server();
    let mut solo = Solo::guest(&server);
    for (command, field) in [
        (r#"{"id":5,"do":"rename","name":"\ud800"}"#, "name"),
        (r#"{"id":5,"do":"open","title":"a\udc00"}"#, "title"),
        (r#"{"id":5,"do":"match","tags":["\ud800"]}"#, "tags"),
        (r#"{"id":5,"do":"join","room":"\ud800"}"#, "room"),
    ] {
        let frames = solo.text(command);
        assert_eq!((&frames[0]["re"], &frames[0]["err"]["field"]), (&json!(5), &json!(field)));
    }
    // Two halves are one.
    assert_eq!(solo.text(r#"{"id":5,"do":"rename","name":"\ud83d\ude00"}"#)[0]["ok"]["name"], "😀");
}

#[test]
fn a_frame_of_65536_bytes_is_taken_and_one_more_closes() {
    let (server, _) = Setup::new().server();
    let of = |bytes: usize| {
        let around = r#"{"id":5,"do":"ping","x":""}"#.len();
        format!(r#"{{"id":5,"do":"ping","x":"{}"}}"#, "x".repeat(bytes - around))
    };
    let mut solo = Solo::guest(&server);
    assert_eq!(solo.text(&of(65_536)), [json!({"re": 5, "ok": {}})]);
    assert_eq!(solo.text(&of(65_537)), [json!({"ev": "bye", "why": "too_large"})]);
    assert_eq!(solo.close(), Some(Close::TooLarge));
    assert_eq!(Close::TooLarge.code(), 4413);
}

#[test]
fn an_error_is_a_code_and_words_for_people() {
    let (server, _) = Setup::new().server();
    let mut solo = Solo::guest(&server);
    let err = solo.err(json!({"do": "rename", "name": "x".repeat(40)}));
    assert_eq!(crate::support::keys(&err), ["code", "field", "message"]);
    // What was sent is not sent back.
    assert!(!err.to_string().contains("xxx"), "{err}");
}
