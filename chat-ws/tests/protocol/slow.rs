//! Those who read slowly, or not at all.

use chat_ws::Options;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpSocket;

use crate::support::{Raw, Setup, Solo, Stand, millis, seconds, soon};

/// A connection with as little room on its way as the system allows.
async fn narrow(stand: &Stand) -> Raw {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut raw = Raw(socket.connect(stand.address).await.unwrap());
    raw.send(Raw::request().as_bytes()).await;
    raw.head().await;
    raw.send(&Raw::text(r#"{"id":1,"do":"hello"}"#)).await;
    raw.send(&Raw::text(r#"{"id":2,"do":"join","room":"a"}"#)).await;
    for re in 1..=2 {
        let reply = loop {
            let (first, frame) = raw.frame().await;
            // A ping may come at any time.
            if first != 0x89 {
                break frame;
            }
        };
        assert!(reply.starts_with(format!(r#"{{"re":{re},"ok""#).as_bytes()));
    }
    raw
}

fn narrow_options(options: &mut Options) {
    options.waiting = 32 * 1024;
    options.stuck = millis(300);
}

#[tokio::test]
async fn one_that_never_reads_ends_and_the_others_notice_nothing() {
    let stand = Setup::new().with(narrow_options).stand().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let mut never = narrow(&stand).await;
    kim.event("joined").await;
    lee.event("joined").await;
    let mut said = 0;
    // What the system takes for one that does not read is megabytes; then it is stuck.
    while stand.server.engine().stats().sessions > 2 {
        kim.ok(json!({"do": "say", "room": "a", "body": "x".repeat(16_000)})).await;
        assert_eq!(lee.event("said").await["n"], said + 4);
        kim.event("said").await;
        said += 1;
        assert!(said < 5_000, "it is never found to be stuck");
        if said > 500 {
            tokio::time::sleep(millis(5)).await;
        }
    }
    // What was on its way comes, then the word if it could still be sent, then nothing.
    let rest = never.rest().await;
    let word = br#"{"ev":"bye","why":"slow"}"#;
    let ended = rest.windows(word.len()).any(|window| window == word);
    assert!(ended || !rest.is_empty());
}

#[tokio::test]
async fn one_that_begins_to_read_again_in_time_is_told_4001() {
    let stand = Setup::new().with(narrow_options).stand().await;
    let [mut kim] = stand.room_of("a").await;
    let mut slow = narrow(&stand).await;
    while stand.server.engine().stats().sessions > 1 {
        kim.ok(json!({"do": "say", "room": "a", "body": "x".repeat(16_000)})).await;
        kim.catch_up().await;
        if stand
            .server
            .engine()
            .room(&"a".parse().unwrap())
            .await
            .unwrap()
            .last
            .is_some_and(|last| last.n > 500)
        {
            tokio::time::sleep(millis(5)).await;
        }
    }
    // Not a frame in part: the close is in its place behind whole ones.
    let (code, last) = slow.closed().await;
    assert_eq!((code, last.as_str()), (4001, r#"{"ev":"bye","why":"slow"}"#));
}

/// Reads a little at a time. It is given every entry in order, or told with `reset` where it stands, and goes on from there.
#[tokio::test]
async fn a_slow_reader_gets_everything_or_a_reset_and_resumes() {
    let stand = Setup::new().with(|options| options.waiting = 32 * 1024).stand().await;
    let [mut kim] = stand.room_of("a").await;
    let mut slow = narrow(&stand).await;
    let total = 600_u64;
    let talks = tokio::spawn(async move {
        for at in 0..total {
            kim.ok(json!({"do": "say", "room": "a", "body": [at, "x".repeat(4_000)]})).await;
        }
        kim
    });
    let (mut at, mut next, mut bytes, mut resets) = (2, 10_u64, 0, 0);
    let mut epoch = Value::Null;
    while at < total + 2 {
        let (opcode, payload) = slow.frame().await;
        bytes += payload.len();
        if opcode == 0x89 {
            continue;
        }
        assert_eq!(opcode, 0x81, "it is not closed");
        let frame: Value = serde_json::from_slice(&payload).unwrap();
        if bytes > 40_000 {
            // The talk is faster than this.
            bytes = 0;
            tokio::time::sleep(millis(3)).await;
        }
        if frame["ev"] == "reset" {
            assert_eq!((&frame["cursor"]["n"], &frame["why"]), (&json!(at), &json!("slow")));
            resets += 1;
            next += 1;
            let join = json!({"id": next, "do": "join", "room": "a", "since": frame["cursor"], "recent": 0});
            slow.send(&Raw::text(&join.to_string())).await;
            epoch = frame["cursor"]["epoch"].clone();
        } else if frame["re"] == next {
            let ok = &frame["ok"];
            assert_eq!(ok["cursor"]["epoch"], epoch);
            if ok["resumed"] == true {
                for entry in ok["entries"].as_array().unwrap() {
                    at += 1;
                    assert_eq!(entry["n"], at);
                }
            } else {
                assert_eq!(ok["why"], "trimmed");
            }
            at = ok["cursor"]["n"].as_u64().unwrap();
        } else {
            at += 1;
            assert_eq!(frame["n"], at, "{resets} resets before");
        }
    }
    drop(talks.await.unwrap());
}

#[tokio::test]
async fn one_whose_other_end_is_gone_without_a_word_is_dropped_when_it_is_silent() {
    let stand = Setup::new()
        .with(|options| {
            options.ping = Some(millis(500));
            options.silent = seconds(3);
        })
        .stand()
        .await;
    let [mut kim] = stand.room_of("a").await;
    // It reads what the system reads for it, and answers no ping.
    let mut gone = narrow(&stand).await;
    let feeds = async {
        loop {
            kim.ok(json!({"do": "ping"})).await;
            tokio::time::sleep(millis(100)).await;
        }
    };
    tokio::select! {
        (code, bye) = gone.closed() => assert_eq!((code, bye.as_str()), (4002, r#"{"ev":"bye","why":"silent"}"#)),
        () = feeds => {}
    }
    // Who gives signs of life stays.
    kim.ok(json!({"do": "ping"})).await;
}

#[tokio::test]
async fn one_that_hangs_up_in_the_midst_of_everything_is_no_trouble() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    for at in 0..30 {
        let mut raw = narrow(&stand).await;
        for _ in 0..5 {
            kim.send(json!({"do": "say", "room": "a", "body": "x".repeat(10_000)})).await;
        }
        let half = Raw::text(r#"{"id":3,"do":"say","room":"a","body":"half"}"#);
        raw.send(&half[..half.len() - at % 20 - 1]).await;
        let mut some = [0; 100];
        let _ = soon("something", raw.0.read(&mut some)).await;
        drop(raw);
    }
    stand.until_sessions(1).await;
    kim.catch_up().await;
    stand.pass(seconds(10)).await;
    assert_eq!(stand.live("a").await, 1);
}

#[tokio::test]
async fn what_cannot_be_made_up_for_is_a_reset_and_then_silence_until_the_next_join() {
    let (server, _) = Setup::new().server();
    let (mut kim, mut lee) = (Solo::guest(&server), Solo::guest(&server));
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A", "policy": {"history": 5}}}));
    lee.ok(json!({"do": "join", "room": "a"}));
    kim.ok(json!({"do": "join", "room": "b", "create": {"title": "B"}}));
    lee.ok(json!({"do": "join", "room": "b"}));
    lee.poll();
    // More than a tail holds, and the log keeps five.
    let many = server.engine().limits().tail as u64 + 100;
    for at in 0..many {
        kim.ok(json!({"do": "say", "room": "a", "body": at}));
    }
    let mut told = lee.poll();
    server.engine().sweep().await;
    told.extend(lee.poll());
    let reset = told.last().unwrap();
    let last = told.len() as u64 + 1;
    assert_eq!(
        (&reset["ev"], &reset["why"], &reset["room"]),
        (&json!("reset"), &json!("slow"), &json!("a"))
    );
    assert_eq!(reset["cursor"]["n"], last);
    // It stays a member, is told nothing more of this room, and everything of the other one.
    kim.ok(json!({"do": "say", "room": "a", "body": "unheard"}));
    kim.ok(json!({"do": "say", "room": "b", "body": "heard"}));
    let told = lee.poll();
    assert_eq!((told.len(), &told[0]["body"]), (1, &json!("heard")));
    let frames = lee.tell(json!({"do": "say", "room": "a", "body": "still here"}));
    assert!(frames.iter().all(|frame| frame["ok"]["n"].is_u64()), "{frames:?}");
    kim.poll();
    let ok = lee.ok(json!({"do": "join", "room": "a", "since": reset["cursor"]}));
    assert_eq!((&ok["resumed"], &ok["why"]), (&json!(false), &json!("trimmed")));
    let n = ok["cursor"]["n"].as_u64().unwrap();
    kim.ok(json!({"do": "say", "room": "a", "body": "heard again"}));
    let told = lee.poll();
    assert_eq!((told.len(), &told[0]["n"]), (1, &json!(n + 1)));
}
