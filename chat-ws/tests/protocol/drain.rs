//! Sending everybody away.

use std::time::Duration;

use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use crate::support::{Client, Hold, Raw, Setup, Solo, Stand, Turnstile, millis, seconds, soon};

#[tokio::test]
async fn everybody_is_told_when_to_come_back_each_at_another_time() {
    let stand = Stand::new().await;
    let mut clients = Vec::new();
    for at in 0..20 {
        clients.push(stand.guest(&format!("g{at}")).await);
    }
    // One who has not said hello is sent away as well.
    let mut newcomer = stand.connect().await;
    let everybody = clients.iter_mut().chain([&mut newcomer]).map(Client::bye);
    let everybody = futures_util::future::join_all(everybody);
    let ((), byes) = tokio::join!(stand.server.drain(seconds(10)), everybody);
    assert!(stand.server.is_draining());
    assert_eq!(stand.server.connections(), 0);
    let mut waits = Vec::new();
    for (code, bye) in byes {
        assert_eq!((code, &bye["why"]), (4000, &json!("drain")));
        let wait = bye["retry_ms"].as_u64().unwrap();
        assert!(wait <= 3_000, "{wait}");
        waits.push(wait);
    }
    waits.sort_unstable();
    assert!(waits[20] - waits[0] > 500, "{waits:?}");
    // The listener is done, too.
    let mut stand = stand;
    soon("the listener's end", &mut stand.serving).await.unwrap();
}

#[tokio::test]
async fn commands_under_way_are_answered_first() {
    let hold = Hold { say: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.say.clone().unwrap();
    let stand = Setup::new().with_hooks(hold).stand().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let first = kim.send(json!({"do": "say", "room": "a", "body": 1})).await;
    let second = kim.send(json!({"do": "say", "room": "a", "body": 2})).await;
    turnstile.until_came(1).await;
    lee.ok(json!({"do": "ping"})).await;
    kim.ok(json!({"do": "ping"})).await;
    let drains = tokio::spawn({
        let server = stand.server.clone();
        async move { server.drain(seconds(10)).await }
    });
    // Who asked for nothing goes at once.
    assert_eq!(lee.bye().await.0, 4000);
    lee.vanish();
    turnstile.open(2);
    assert_eq!(kim.reply(first).await["ok"]["n"], 3);
    assert_eq!(kim.reply(second).await["ok"]["n"], 4);
    assert_eq!(kim.bye().await.0, 4000);
    drains.await.unwrap();
}

#[tokio::test]
async fn one_that_waits_for_ever_is_let_go_in_time() {
    let hold = Hold { say: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.say.clone().unwrap();
    let stand = Setup::new().with_hooks(hold).stand().await;
    let [mut kim] = stand.room_of("a").await;
    kim.send(json!({"do": "say", "room": "a", "body": 1})).await;
    turnstile.until_came(1).await;
    let began = tokio::time::Instant::now();
    let (_, (code, bye)) = tokio::join!(stand.server.drain(millis(400)), kim.bye());
    assert_eq!((code, &bye["why"]), (4000, &json!("drain")));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn nothing_new_is_taken_once_one_is_to_go() {
    let (server, _) = Setup::new().server();
    let mut solo = Solo::guest(&server);
    let drain = server.drain(seconds(1));
    let mut drain = std::pin::pin!(drain);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let _ = tokio::time::timeout(millis(1), &mut drain).await;
    });
    let frames = solo.poll();
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0]["why"], "drain");
    assert!(!solo.peer.wants_more(&solo.out));
}

#[tokio::test]
async fn an_upgrade_meanwhile_is_refused_with_503() {
    let hold = Hold { say: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.say.clone().unwrap();
    let stand = Setup::new().with_hooks(hold).stand().await;
    let [mut kim] = stand.room_of("a").await;
    kim.send(json!({"do": "say", "room": "a", "body": 1})).await;
    turnstile.until_came(1).await;
    // Connected before, asks after.
    let mut raw = Raw::open(stand.address).await;
    let drains = tokio::spawn({
        let server = stand.server.clone();
        async move { server.drain(seconds(40)).await }
    });
    soon("the drain to begin", async {
        while !stand.server.is_draining() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    raw.send(Raw::request().as_bytes()).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 503 "));
    for _ in 0..3 {
        match Client::try_connect(stand.address, &[]).await.map_err(|error| *error) {
            Err(Error::Http(response)) => assert_eq!(response.status(), 503),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("let in"),
        }
    }
    let refused = stand.server.admit(chat_ws::Upgrade::default()).unwrap_err();
    assert_eq!(refused.status(), 503);
    turnstile.open(1);
    assert_eq!(kim.bye().await.0, 4000);
    drains.await.unwrap();
    let mut stand = stand;
    soon("the listener's end", &mut stand.serving).await.unwrap();
}

#[tokio::test]
async fn who_is_in_the_midst_of_a_handshake_does_not_hold_up_the_end() {
    let mut stand = Stand::new().await;
    let mut dawdles = Raw::open(stand.address).await;
    dawdles.send(b"GET /ws HTTP/1.1\r\n").await;
    stand.guest("Kim").await.close(1000).await;
    let began = tokio::time::Instant::now();
    stand.server.drain(seconds(10)).await;
    soon("the listener's end", &mut stand.serving).await.unwrap();
    assert!(began.elapsed() < seconds(5));
}

#[tokio::test]
async fn who_comes_back_elsewhere_resumes() {
    let stand = Stand::new().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let cursor = lee.ok(json!({"do": "join", "room": "a"})).await["cursor"].take();
    kim.ok(json!({"do": "say", "room": "a", "body": "before"})).await;
    let (_, one, two) = tokio::join!(stand.server.drain(seconds(10)), kim.bye(), lee.bye());
    assert_eq!((one.0, two.0), (4000, 4000));
    // The same engine behind another server: a restarted front.
    let again = chat_ws::Server::builder(stand.server.engine().clone()).build();
    let mut solo = Solo::guest(&again);
    let ok = solo.ok(json!({"do": "join", "room": "a", "since": cursor}));
    assert_eq!((&ok["resumed"], &ok["entries"][0]["body"]), (&json!(true), &json!("before")));
}
