//! The listener: handshakes of every kind, and many of them.

use serde_json::json;

use crate::support::{Raw, Setup, Stand, millis};

#[tokio::test]
async fn what_is_no_upgrade_is_refused_or_hung_up_on_and_the_next_one_served() {
    let stand = Stand::new().await;
    for request in [
        "hello\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03\r\n\r\n",
        &format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000)),
        &format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(20_000)),
    ] {
        let mut raw = Raw::open(stand.address).await;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut raw.0, request.as_bytes()).await;
        let answer = raw.rest().await;
        assert!(
            !answer.starts_with(b"HTTP/1.1 101"),
            "{}",
            request.chars().take(60).collect::<String>()
        );
    }
    assert_eq!(stand.server.connections(), 0);
    stand.guest("Kim").await.ok(json!({"do": "ping"})).await;
}

#[tokio::test]
async fn a_handshake_that_is_not_finished_in_time_is_given_up() {
    let stand = Setup::new().with(|options| options.hello_timeout = millis(100)).stand().await;
    let mut slow = Raw::open(stand.address).await;
    slow.send(b"GET /ws HTTP/1.1\r\nHost: loc").await;
    assert!(slow.rest().await.is_empty());
    let mut silent = Raw::open(stand.address).await;
    assert!(silent.rest().await.is_empty());
    let mut empty = Raw::open(stand.address).await;
    empty.send(b"\r\n\r\n").await;
    assert!(empty.rest().await.is_empty());
}

#[tokio::test]
async fn who_dawdles_holds_up_nobody_else() {
    let stand = Stand::new().await;
    let mut dawdlers = Vec::new();
    for _ in 0..200 {
        let mut raw = Raw::open(stand.address).await;
        raw.send(b"GET /ws HTTP/1.1\r\n").await;
        dawdlers.push(raw);
    }
    stand.guest("Kim").await.ok(json!({"do": "ping"})).await;
    // They are late, not wrong.
    let last = dawdlers.last_mut().unwrap();
    last.send(&Raw::request().as_bytes()["GET /ws HTTP/1.1\r\n".len()..]).await;
    assert!(last.head().await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn many_come_at_once() {
    let stand = Stand::new().await;
    let comings = (0..200).map(|at| {
        let stand = &stand;
        async move {
            let mut client = stand.guest(&format!("g{at}")).await;
            client.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}})).await;
            client
        }
    });
    let mut clients = futures_util::future::join_all(comings).await;
    assert_eq!(stand.live("a").await, 200);
    // Each of them sees each of them: the log has no holes for anybody.
    clients[0].ok(json!({"do": "say", "room": "a", "body": "all here"})).await;
    for client in &mut clients {
        let mut last = None;
        loop {
            let event = client.next_event().await;
            let n = event["n"].as_u64().unwrap();
            assert!(last.is_none_or(|last| n == last + 1), "{event}");
            last = Some(n);
            if event["ev"] == "said" {
                break;
            }
        }
    }
}

#[tokio::test]
async fn frames_right_behind_the_request_are_not_lost() {
    let stand = Stand::new().await;
    let mut raw = Raw::open(stand.address).await;
    let both = [
        Raw::request().into_bytes(),
        Raw::text(r#"{"id":1,"do":"hello"}"#),
        Raw::text(r#"{"id":2,"do":"ping"}"#),
    ]
    .concat();
    raw.send(&both).await;
    // A client may not send before it is answered: it is served, or hung up on, but never left hanging.
    let head = raw.head().await;
    if head.starts_with("HTTP/1.1 101 ") {
        assert!(raw.frame().await.1.starts_with(br#"{"re":1,"#));
        assert_eq!(raw.frame().await.1, br#"{"re":2,"ok":{}}"#);
    } else {
        raw.rest().await;
    }
    stand.guest("Kim").await.ok(json!({"do": "ping"})).await;
}

#[tokio::test]
async fn the_drop_of_the_listener_ends_its_connections() {
    let stand = Stand::new().await;
    let _kim = stand.guest("Kim").await;
    stand.serving.abort();
    stand.until_sessions(0).await;
}
