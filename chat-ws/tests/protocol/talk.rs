//! Saying and signalling.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Stand, keys, seconds};

/// Sends a body as it stands, and gets what the other is told, as it stands.
async fn handed_on(from: &mut Client, to: &mut Client, verb: &str, body: &str) -> String {
    let id = 900_000_000;
    from.send_text(format!(r#"{{"id":{id},"do":"{verb}","room":"a","body":{body}}}"#)).await;
    let reply = from.reply(crate::support::Sent(id)).await;
    assert!(reply.get("ok").is_some(), "{body} got {reply}");
    to.next_event().await;
    let text = to.texts.last().unwrap();
    let (_, after) = text.split_once(r#""body":"#).unwrap();
    after.strip_suffix('}').unwrap().to_owned()
}

#[tokio::test]
async fn everybody_is_told_the_same_entry_the_sender_too() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let ok = kim.ok(json!({"do": "say", "room": "a", "body": {"text": "hi"}})).await;
    assert_eq!(ok, json!({"n": 3, "at": stand.clock.now().0, "dup": false}));
    let said = json!({"ev": "said", "room": "a", "n": 3, "at": ok["at"], "by": "user0", "name": "user0", "body": {"text": "hi"}});
    assert_eq!(kim.next_event().await, said);
    assert_eq!(lee.next_event().await, said);
    // And so it is in a snapshot, in history, and as the newest of the room.
    let page = lee.ok(json!({"do": "history", "room": "a", "limit": 1})).await;
    assert_eq!(page["entries"][0], said);
    let room = lee.ok(json!({"do": "join", "room": "a"})).await;
    assert_eq!(room["room"]["last"], said);
    assert_eq!(room["entries"].as_array().unwrap().last().unwrap(), &said);
}

#[tokio::test]
async fn a_key_said_again_is_the_first_entry_again() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let mut tab = stand.user("user0").await;
    tab.ok(json!({"do": "join", "room": "a"})).await;
    let say = |body: Value| json!({"do": "say", "room": "a", "body": body, "key": "k 1"});
    let first = kim.ok(say(json!("one"))).await;
    assert_eq!(first["dup"], false);
    let said = lee.event("said").await;
    assert_eq!((&said["key"], &said["n"]), (&json!("k 1"), &first["n"]));
    for client in [&mut kim, &mut tab] {
        let again = client.ok(say(json!("two"))).await;
        assert_eq!(
            (&again["n"], &again["at"], &again["dup"]),
            (&first["n"], &first["at"], &json!(true))
        );
    }
    lee.nothing().await;
    // A key is a user's own, and a room's.
    assert_eq!(lee.ok(say(json!("three"))).await["dup"], false);
    kim.ok(json!({"do": "join", "room": "b", "create": {"title": "B"}})).await;
    assert_eq!(
        kim.ok(json!({"do": "say", "room": "b", "body": 1, "key": "k 1"})).await["dup"],
        false
    );
}

#[tokio::test]
async fn a_key_is_remembered_for_five_minutes_and_not_for_more_than_ten() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let say = json!({"do": "say", "room": "a", "body": 1, "key": "k"});
    let first = kim.ok(say.clone()).await;
    stand.pass(seconds(299)).await;
    assert_eq!(kim.ok(say.clone()).await["n"], first["n"]);
    stand.pass(seconds(602)).await;
    let anew = kim.ok(say).await;
    assert_eq!((&anew["dup"], &anew["n"]), (&json!(false), &json!(3)));
}

#[tokio::test]
async fn a_key_has_its_bounds() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let say = |key: Value| json!({"do": "say", "room": "a", "body": 1, "key": key});
    for good in [json!("x".repeat(64)), json!("~"), Value::Null] {
        kim.ok(say(good)).await;
    }
    for wrong in [json!(""), json!("x".repeat(65)), json!(1), json!(["k"]), json!("a\nb")] {
        assert_eq!(kim.wrong(say(wrong)).await, "key");
    }
}

#[tokio::test]
async fn any_json_is_a_body_and_comes_as_it_was_byte_for_byte() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let mut tab = stand.user("user0").await;
    tab.ok(json!({"do": "join", "room": "a"})).await;
    for body in [
        "null",
        "true",
        "0",
        "-0.0",
        "1E+5",
        "1e300",
        "123456789012345678901234567890.123456789012345678901234567890",
        r#""""#,
        r#""\u0000\u0007 \" \\ \/ \b""#,
        r#""\ud800""#,
        r#""\udc00\ud800x""#,
        r#""\ud83d\ude00 😀 각""#,
        r#""</script><!--\u2028""#,
        "\"\u{2028}\u{7f}\u{feff}\"",
        r#"{"a":1,"a":2,"":{}}"#,
        r#"[ 1 ,	[ ] , { "x" : null } ]"#,
        r#"{"ev":"said","re":1,"n":99}"#,
        &format!("{}{}", "[".repeat(31), "]".repeat(31)),
    ] {
        let said = handed_on(&mut kim, &mut lee, "say", body).await;
        assert_eq!(said, body);
        kim.event("said").await;
        tab.event("said").await;
        let signal = handed_on(&mut kim, &mut tab, "signal", body).await;
        assert_eq!(signal, body);
        lee.event("signal").await;
    }
}

#[tokio::test]
async fn a_body_has_to_be_there() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    assert_eq!(kim.wrong(json!({"do": "say", "room": "a"})).await, "body");
    assert_eq!(kim.wrong(json!({"do": "signal", "room": "a"})).await, "body");
    kim.ok(json!({"do": "say", "room": "a", "body": null})).await;
    assert_eq!(kim.event("said").await["body"], Value::Null);
}

#[tokio::test]
async fn a_body_of_16_kib_is_not_too_large_and_one_more_byte_is() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    // In bytes, quotes and all.
    let fits = "각".repeat((16_384 - 2) / 3);
    assert_eq!(json!(fits).to_string().len(), 16_382);
    for verb in ["say", "signal"] {
        kim.ok(json!({"do": verb, "room": "a", "body": format!("{fits}xx")})).await;
        let err = kim.err(json!({"do": verb, "room": "a", "body": format!("{fits}xxx")})).await;
        assert_eq!(err["code"], "too_large");
    }
    assert_eq!(lee.event("said").await["body"].as_str().unwrap().len(), 16_382);
    lee.event("signal").await;
    lee.nothing().await;
}

#[tokio::test]
async fn the_newest_of_a_room_is_cut_where_it_is_long_and_the_entry_is_not() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let short = "x".repeat(510);
    let long = format!("{}😀{}", "각".repeat(199), "y".repeat(400));
    let object = json!({"text": "x".repeat(600)});
    let number = format!("0.{}", "1".repeat(511));
    for (body, is, cut) in [
        (json!(short).to_string(), json!(short), false),
        (json!("x".repeat(511)).to_string(), json!("x".repeat(200)), true),
        (json!(long).to_string(), json!(format!("{}😀", "각".repeat(199))), true),
        (object.to_string(), Value::Null, true),
        (json!(["x".repeat(600)]).to_string(), Value::Null, true),
        (number, Value::Null, true),
        // Half a character is none that can be cut: it stays what it was.
        (format!(r#""\ud83d{}""#, "z".repeat(600)), Value::Null, true),
    ] {
        let said = handed_on(&mut kim, &mut lee, "say", &body).await;
        assert_eq!(said, body);
        let room = lee.ok(json!({"do": "rooms", "ids": ["a"]})).await["rooms"][0].take();
        let last = &room["last"];
        assert_eq!((&last["body"], last.get("cut").is_some()), (&is, cut), "{body}");
        let page = lee.ok(json!({"do": "history", "room": "a", "limit": 1})).await;
        assert!(page["entries"][0].get("cut").is_none());
        assert!(lee.texts.last().unwrap().contains(&body));
        lee.ok(json!({"do": "join", "room": "a", "recent": 1})).await;
        assert!(lee.texts.last().unwrap().contains(&body));
    }
}

#[tokio::test]
async fn a_signal_goes_to_all_connections_but_the_senders() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let mut tab = stand.user("user0").await;
    tab.ok(json!({"do": "join", "room": "a"})).await;
    let outside = &mut stand.user("user0").await;
    assert_eq!(kim.ok(json!({"do": "signal", "room": "a", "body": "typing"})).await, json!({}));
    for client in [&mut lee, &mut tab] {
        let signal = client.next_event().await;
        assert_eq!(signal, json!({"ev": "signal", "room": "a", "by": "user0", "body": "typing"}));
    }
    kim.nothing().await;
    outside.nothing().await;
    // It is not in the log.
    let ok = kim.ok(json!({"do": "say", "room": "a", "body": 1})).await;
    assert_eq!(ok["n"], 3);
    let page = kim.ok(json!({"do": "history", "room": "a"})).await;
    assert!(!page.to_string().contains("typing"));
    assert_eq!(outside.code(json!({"do": "signal", "room": "a", "body": 1})).await, "not_member");
    assert_eq!(
        outside.code(json!({"do": "signal", "room": "no", "body": 1})).await,
        "no_such_room"
    );
}

#[tokio::test]
async fn what_is_for_members_is_for_members() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let mut lee = stand.user("lee").await;
    for verb in ["say", "signal", "leave", "history", "members"] {
        assert_eq!(
            lee.code(json!({"do": verb, "room": "a", "body": 1})).await,
            "not_member",
            "{verb}"
        );
        assert_eq!(
            lee.code(json!({"do": verb, "room": "no", "body": 1})).await,
            "no_such_room",
            "{verb}"
        );
    }
    // Once left, too.
    kim.ok(json!({"do": "leave", "room": "a"})).await;
    for verb in ["say", "signal", "leave", "history", "members"] {
        assert_eq!(
            kim.code(json!({"do": verb, "room": "a", "body": 1})).await,
            "not_member",
            "{verb}"
        );
    }
}

#[tokio::test]
async fn the_site_itself_speaks_without_a_name() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let engine = stand.server.engine();
    let room = "a".parse().unwrap();
    engine.post(&room, "maintenance", chat_core::Author::System, None).await.unwrap();
    let said = kim.event("said").await;
    assert_eq!(keys(&said), ["at", "body", "by", "ev", "n", "name", "room"]);
    assert_eq!((&said["by"], &said["name"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_frame_of_many_fragments_is_one_command() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let body = json!({"text": "각".repeat(4_000)});
    let command = json!({"id": 77, "do": "say", "room": "a", "body": body}).to_string();
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    // In the midst of characters, with a ping between.
    let pieces: Vec<&[u8]> = command.as_bytes().chunks(1_000).collect();
    for (at, piece) in pieces.iter().enumerate() {
        let opcode = OpCode::Data(if at == 0 { Data::Text } else { Data::Continue });
        let frame = Frame::message(piece.to_vec(), opcode, at + 1 == pieces.len());
        kim.send_message(Message::Frame(frame)).await;
        kim.send_message(Message::Ping(vec![at as u8].into())).await;
    }
    assert!(kim.reply(crate::support::Sent(77)).await["ok"]["n"].is_u64());
    assert_eq!(kim.event("said").await["body"], body);
}
