//! Somebody empties Redis.

use std::time::Duration;

use super::support::guest::Guest;
use super::support::program::{engine, spec};
use super::{id, own};
use chat_testing::{Server, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_go_on_after_everything_was_deleted() {
    let server = Server::start();
    let (url, lease) = (own(&server.url()), Duration::from_secs(1));
    let engines = [engine(&url, lease).await, engine(&url, lease).await];
    let kim = Guest::in_room(&engines[0], "kim", "film").await;
    let lee = Guest::in_room(&engines[1], "lee", "film").await;
    kim.session.say(&id("film"), "hello").await.unwrap();
    lee.hears(&["hello"]).await;
    let _: () = server.ask(&["FLUSHALL"]).await;

    // Whoever was in a room is told that it is not what it was.
    for guest in [&kim, &lee] {
        until("they are told", async || {
            guest.count(&["reset film"]) + guest.count(&["entry film", "closed"]) > 0
        })
        .await;
    }
    assert_eq!(kim.session.say(&id("film"), "?").await.unwrap_err().code(), "no_such_room");
    // The same sessions begin again, also in a room of the same name.
    for room in ["tea", "film"] {
        for guest in [&kim, &lee] {
            guest.session.join_or_open(spec(room)).await.unwrap();
        }
        kim.session.say(&id(room), format!("new-{room}").as_str()).await.unwrap();
        lee.hears(&["entry", room, &format!("new-{room}")]).await;
        assert_eq!(engines[1].room(&id(room)).await.unwrap().live, 2);
    }
    // And stay, beyond a lease.
    tokio::time::sleep(lease * 2).await;
    assert_eq!(engines[0].room(&id("film")).await.unwrap().live, 2);
    assert_eq!(lee.count(&["left "]), 0, "{:?}", lee.lines());
}
