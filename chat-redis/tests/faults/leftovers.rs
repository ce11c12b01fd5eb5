//! What is left in Redis when everybody has gone.

use std::time::Duration;

use chat_core::{Engine, UserId};
use chat_redis::Settings;
use chat_testing::{Server, until};

use super::id;
use super::support::guest::Guest;
use super::support::program::spec;

/// Moves the time of all shards.
async fn advance(server: &Server, by: Duration) {
    for book in server.keys("chat:*:book").await {
        let _: i64 = server.ask(&["HINCRBY", &book, "c", &by.as_millis().to_string()]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_but_the_books_is_left() {
    let server = Server::start();
    let connect = async || {
        let settings = Settings::from_url(&server.url()).unwrap().with_still_time();
        settings.connect().await.unwrap()
    };
    let mut engines: Vec<Engine> = Vec::new();
    for _ in 0..2 {
        engines.push(Engine::builder().with_backend(connect().await).build().unwrap());
    }
    let mut guests = Vec::new();
    for number in 0..6 {
        let guest = Guest::on(&engines[number % 2], &format!("g{number}")).await;
        for room in ["film", "tea"] {
            guest.session.join_or_open(spec(room)).await.unwrap();
            guest.session.say(&id(room), "hello").await.unwrap();
        }
        guest.session.rename(&format!("G{number}")).await.unwrap();
        guest.session.seek("strangers", &[]).await.unwrap();
        guests.push(guest);
    }
    let paired = async || guests.iter().all(|guest| guest.count(&["matched"]) > 0);
    until("all are paired", paired).await;
    engines[0].kick(&id("film"), &UserId::new("g1").unwrap()).await.unwrap();
    // One leaves, one goes on, one is lost, and of the others a node dies.
    guests[0].session.leave(&id("tea")).await.unwrap();
    let pair = guests[2].session.rooms().await.unwrap().into_iter().find(|room| room.is_pair());
    guests[2].session.seek_next(&pair.unwrap(), None).await.unwrap();
    guests.truncate(4);
    let dies = engines.pop().unwrap();
    drop(guests);
    drop(dies);
    for room in ["film", "tea"] {
        engines[0].close(&id(room)).await.unwrap();
    }
    // Time passes, as it does for nodes that are awake: leases, graces, closed rooms, memories of partners.
    let pass = async |minutes: u64| {
        for _ in 0..(minutes * 60 / 4) {
            advance(&server, Duration::from_secs(4)).await;
            engines[0].sweep().await;
        }
    };
    pass(10).await;
    for key in server.keys("*").await {
        // Who were last partners is remembered a little longer, and a pool with it.
        let kept = ["meta", "book", "due", "pools", "p:strangers", "p0:strangers", "p1:strangers"];
        let is_kept = kept.iter().any(|end| key.ends_with(&format!(":{end}")));
        let lives: i64 = server.ask(&["PTTL", &key]).await;
        assert!(is_kept || (0..=600_000).contains(&lives), "{key} is left, for {lives} ms");
    }
    pass(30).await;
    engines[0].shutdown().await;
    let mut left = Vec::new();
    for key in server.keys("*").await {
        if key.ends_with(":due") {
            // That the last node has ended is left for the next one to find.
            let due: Vec<Vec<u8>> = server.ask(&["ZRANGE", &key, "0", "-1"]).await;
            assert!(due.len() == 1 && due[0].len() == 17 && due[0][0] == b'n', "{due:?}");
            continue;
        }
        let fixed = key == "chat:meta" || key.ends_with(":book");
        let lives: i64 = server.ask(&["PTTL", &key]).await;
        if fixed {
            assert_eq!(lives, -1, "{key}");
        } else if !(0..=600_000).contains(&lives) {
            left.push((key, lives));
        }
    }
    assert!(left.is_empty(), "left behind: {left:?}");
    // The books hold nothing of anybody, but that the last node has ended.
    for book in server.keys("chat:*:book").await {
        let fields: Vec<Vec<u8>> = server.ask(&["HKEYS", &book]).await;
        let more: Vec<_> = fields.iter().filter(|field| field.len() > 1).collect();
        assert!(more.len() == 1 && more[0].len() == 17 && more[0][0] == b'D', "{book}: {more:?}");
        let rooms: Option<i64> = server.ask(&["HGET", &book, "r"]).await;
        assert_eq!(rooms.unwrap_or(0), 0, "{book}");
    }
}
