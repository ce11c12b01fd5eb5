//! What connections cost, and what they cannot make a server hold.
//!
//! The server is a process of its own, started from this very program, so that what is measured is its memory alone. Read
//! from `/proc`: on Linux only.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod client;
mod server;

use client::Client;
use server::Server;

const MB: u64 = 1 << 20;
/// Rooms of those who are not going to read.
const DEAF: &str = "deaf";

/// Brings `count` connections in, each into a room of up to `together`.
async fn crowd(server: &Server, count: usize, together: usize, name: &str) -> Vec<Client> {
    let mut clients = Vec::with_capacity(count);
    for at in 0..count {
        let mut client = match name {
            DEAF => Client::deaf(server.port).await,
            _ => Client::connect(server.port).await,
        };
        let room = format!("{name}-{}", at / together);
        client.send(r#"{"id":1,"do":"hello"}"#).await;
        client
            .send(&format!(
                r#"{{"id":2,"do":"join","room":"{room}","create":{{"title":"A room"}}}}"#
            ))
            .await;
        client.read_until(r#""re":2,"ok""#).await;
        clients.push(client);
    }
    clients
}

#[tokio::test]
async fn an_idle_connection_in_a_room_costs_less_than_ten_kilobytes() {
    let server = Server::start();
    let warm = crowd(&server, 50, 50, "warm").await;
    let before = server.memory();
    const COUNT: usize = 1_500;
    let mut clients = crowd(&server, COUNT, 50, "room").await;
    // Everybody has been told of everybody.
    for (at, client) in clients.iter_mut().enumerate() {
        let last = (at / 50 + 1) * 50 == at + 1;
        if !last {
            client.read_until(r#""live":50"#).await;
        }
    }
    let each = server.memory().saturating_sub(before) / COUNT as u64;
    assert!(each <= 10_000, "{each} bytes for each");
    drop((warm, clients));
}

#[tokio::test]
async fn a_thousand_that_never_read_hold_no_more_than_they_may_and_nobody_else_notices() {
    let server = Server::start();
    // All in one room, where one talks and one listens.
    let deaf = crowd(&server, 1_000, 1_001, DEAF).await;
    let mut talker = crowd(&server, 1, 1, "other").await.remove(0);
    talker.send(r#"{"id":3,"do":"join","room":"deaf-0"}"#).await;
    talker.read_until(r#""re":3"#).await;
    let before = server.memory();
    let body = "x".repeat(16_000);
    for id in 10..1_010 {
        talker.send(&format!(r#"{{"id":{id},"do":"say","room":"deaf-0","body":"{body}"}}"#)).await;
        // Its own entry comes back to it, in its place, as quickly as ever.
        talker.read_until(&format!(r#""re":{id},"ok""#)).await;
    }
    let grown = server.memory().saturating_sub(before);
    // 16 MB were said. What is kept of it is the room's log, its tail, and what is on its way: shared by all.
    assert!(grown <= 64 * MB, "grown by {} MB", grown / MB);
    drop(deaf);
}

#[tokio::test]
async fn large_replies_that_nobody_reads_are_bounded_over_all_connections() {
    let server = Server::start();
    let mut talker = crowd(&server, 1, 1, "full").await.remove(0);
    let body = "x".repeat(16_000);
    for id in 10..210 {
        talker.send(&format!(r#"{{"id":{id},"do":"say","room":"full-0","body":"{body}"}}"#)).await;
        talker.read_until(&format!(r#""re":{id},"ok""#)).await;
    }
    let mut greedy = Vec::new();
    for _ in 0..100 {
        let mut client = Client::deaf(server.port).await;
        client.send(r#"{"id":1,"do":"hello"}"#).await;
        client.send(r#"{"id":2,"do":"join","room":"full-0","recent":0}"#).await;
        client.read_until(r#""re":2,"ok""#).await;
        greedy.push(client);
    }
    let before = server.memory();
    // Each asks for 3 MB, sixteen times, and reads nothing of it.
    for client in &mut greedy {
        for id in 10..26 {
            client
                .send(&format!(r#"{{"id":{id},"do":"history","room":"full-0","limit":200}}"#))
                .await;
        }
    }
    // The bound is reached, and whoever asks to read is told to wait; and is served again when there is room.
    let ask = r#""do":"history","room":"full-0","limit":1"#;
    let mut id = 1_000;
    for wanted in [r#""err":{"code":"overloaded""#, r#""ok""#] {
        loop {
            id += 1;
            talker.send(&format!(r#"{{"id":{id},{ask}}}"#)).await;
            let answer =
                talker.read_either(&format!(r#""re":{id},"#), &[r#""err""#, r#""ok""#]).await;
            if wanted.starts_with(answer) {
                break;
            }
        }
        // Everything else is answered all the while.
        id += 1;
        talker.send(&format!(r#"{{"id":{id},"do":"say","room":"full-0","body":1}}"#)).await;
        talker.read_until(&format!(r#""re":{id},"ok""#)).await;
    }
    let grown = server.peak().saturating_sub(before);
    // 4.8 GB were asked for. Allowed are 64 MB, and what was begun before they were reached.
    assert!(grown >= 50 * MB, "the bound was not reached: {} MB", grown / MB);
    assert!(grown <= 200 * MB, "grown by {} MB", grown / MB);
    drop(greedy);
}
