//! WebSocket itself, by the byte.

use crate::support::{Raw, Stand};

const PING: &str = r#"{"id":5,"do":"ping"}"#;

async fn breaks(what: &str, bytes: &[u8]) {
    let stand = Stand::new().await;
    let mut raw = Raw::hello(stand.address).await;
    raw.send(bytes).await;
    let (code, last) = raw.closed().await;
    assert_eq!((code, last.as_str()), (4400, r#"{"ev":"bye","why":"protocol"}"#), "{what}");
    raw.rest().await;
    stand.until_sessions(0).await;
}

#[tokio::test]
async fn what_is_against_the_rules_of_websocket_closes_with_4400() {
    let text = |bytes: &[u8]| Raw::masked(0x81, bytes);
    breaks("invalid UTF-8", &text(b"{\"id\":1,\"do\":\"\xff\"}")).await;
    breaks("half a character", &text(b"{\"id\":1,\"do\":\"\xea\xb0")).await;
    breaks("a surrogate in UTF-8", &text(b"\"\xed\xa0\x80\"")).await;
    breaks("not masked", &[0x81, 2, b'{', b'}']).await;
    for opcode in [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        breaks("a reserved opcode", &Raw::masked(0x80 | opcode, b"")).await;
    }
    for bit in [0x40, 0x20, 0x10] {
        breaks("a reserved bit", &Raw::masked(0x81 | bit, PING.as_bytes())).await;
    }
    breaks("a continuation of nothing", &Raw::masked(0x80, b"x")).await;
    breaks(
        "a message within a message",
        &[Raw::masked(0x01, b"x"), Raw::masked(0x81, b"y")].concat(),
    )
    .await;
    breaks("a fragmented ping", &Raw::masked(0x09, b"x")).await;
    breaks("a ping that is too long", &Raw::masked(0x89, &[b'x'; 126])).await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_closes_with_4413_before_it_was_read() {
    let stand = Stand::new().await;
    let most = format!(r#"{{"id":5,"do":"ping","x":"{}"}}"#, "x".repeat(65_536 - 27));
    assert_eq!(most.len(), 65_536);
    let mut raw = Raw::hello(stand.address).await;
    raw.send(&Raw::text(&most)).await;
    assert_eq!(raw.frame().await, (0x81, br#"{"re":5,"ok":{}}"#.to_vec()));
    let more = format!("{most} ");
    raw.send(&Raw::text(&more)).await;
    assert_eq!(raw.closed().await, (4413, r#"{"ev":"bye","why":"too_large"}"#.to_owned()));
    // In pieces, too.
    let mut raw = Raw::hello(stand.address).await;
    let (one, two) = more.as_bytes().split_at(40_000);
    raw.send(&[Raw::masked(0x01, one), Raw::masked(0x80, two)].concat()).await;
    assert_eq!(raw.closed().await.0, 4413);
    // What claims to be gigabytes is refused by its head.
    let mut raw = Raw::hello(stand.address).await;
    raw.send(&[0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]).await;
    let (code, _) = raw.closed().await;
    assert!(code == 4413 || code == 4400, "{code}");
}

#[tokio::test]
async fn pings_are_answered_with_what_they_carry() {
    let stand = Stand::new().await;
    let mut raw = Raw::hello(stand.address).await;
    raw.send(&Raw::masked(0x89, b"")).await;
    assert_eq!(raw.frame().await, (0x8a, vec![]));
    raw.send(&Raw::masked(0x89, &[7; 125])).await;
    assert_eq!(raw.frame().await, (0x8a, vec![7; 125]));
    // A pong that nobody asked for is no fault.
    raw.send(&Raw::masked(0x8a, b"x")).await;
    raw.send(&Raw::text(PING)).await;
    assert_eq!(raw.frame().await.1, br#"{"re":5,"ok":{}}"#);
}

#[tokio::test]
async fn a_flood_of_pings_holds_nobody_up_and_costs_no_memory() {
    let stand = Stand::new().await;
    let mut raw = Raw::hello(stand.address).await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let flood = Raw::masked(0x89, &[7; 125]).repeat(100);
    let mut sent = 0;
    // It reads nothing: at some point its pings are not taken any more.
    while let Ok(done) = tokio::time::timeout(
        crate::support::millis(200),
        tokio::io::AsyncWriteExt::write_all(&mut raw.0, &flood),
    )
    .await
    {
        if done.is_err() {
            break;
        }
        sent += flood.len();
        assert!(sent < 256 << 20, "all of it was taken");
    }
    kim.ok(serde_json::json!({"do": "say", "room": "a", "body": 1})).await;
    lee.event("said").await;
}

#[tokio::test]
async fn a_close_is_answered_and_the_place_is_free() {
    let stand = Stand::new().await;
    let mut raw = Raw::hello(stand.address).await;
    assert_eq!(stand.server.connections(), 1);
    raw.send(&Raw::masked(0x88, &1001_u16.to_be_bytes())).await;
    let (opcode, payload) = raw.frame().await;
    assert_eq!((opcode, &payload[..]), (0x88, &1001_u16.to_be_bytes()[..]));
    assert!(raw.rest().await.is_empty());
    stand.until_sessions(0).await;
    // Without a code, too.
    let mut raw = Raw::hello(stand.address).await;
    raw.send(&Raw::masked(0x88, b"")).await;
    assert_eq!(raw.frame().await.0, 0x88);
    raw.rest().await;
    stand.until_sessions(0).await;
}

#[tokio::test]
async fn who_only_stops_sending_is_gone_too() {
    let stand = Stand::new().await;
    let mut raw = Raw::hello(stand.address).await;
    tokio::io::AsyncWriteExt::shutdown(&mut raw.0).await.unwrap();
    raw.rest().await;
    stand.until_sessions(0).await;
}

#[tokio::test]
async fn frames_may_come_byte_by_byte() {
    let stand = Stand::new().await;
    let mut raw = Raw::hello(stand.address).await;
    for byte in Raw::text(PING) {
        raw.send(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(raw.frame().await, (0x81, br#"{"re":5,"ok":{}}"#.to_vec()));
}

#[tokio::test]
async fn answers_to_pings_stand_between_frames_and_never_within_one() {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let mut raw = Raw::hello(stand.address).await;
    raw.send(&Raw::text(r#"{"id":2,"do":"join","room":"a"}"#)).await;
    raw.frame().await;
    let pings: Vec<u8> = (0..100_u8).flat_map(|at| Raw::masked(0x89, &[at; 100])).collect();
    let talks = tokio::spawn(async move {
        let body = "x".repeat(9_000);
        for _ in 0..100 {
            kim.ok(serde_json::json!({"do": "say", "room": "a", "body": body})).await;
        }
    });
    raw.send(&pings).await;
    let (mut pongs, mut said) = (0, 2);
    while pongs < 100 || said < 102 {
        let (opcode, payload) = raw.frame().await;
        if opcode == 0x8a {
            assert_eq!(payload, [pongs; 100]);
            pongs += 1;
        } else {
            let frame: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            said += 1;
            assert_eq!((opcode, &frame["n"]), (0x81, &serde_json::json!(said)));
        }
    }
    talks.await.unwrap();
}

#[tokio::test]
async fn what_is_still_on_its_way_to_the_server_does_not_take_its_last_word_back() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let stand = Stand::new().await;
    for _ in 0..10 {
        let mut raw = Raw::hello(stand.address).await;
        // The head of a frame that is too large, and the rest of it when the server has closed already.
        let frame = Raw::text(&"x".repeat(120_000));
        raw.send(&frame[..1_000]).await;
        assert_eq!(raw.closed().await.0, 4413);
        raw.send(&frame[1_000..]).await;
        raw.0.shutdown().await.unwrap();
        // Hung up on, not reset: where that comes late it erases what was not read yet.
        let rest = crate::support::soon("the end", raw.0.read(&mut [0; 10])).await;
        assert_eq!(rest.expect("no reset"), 0);
    }
}
