//! The script ran, and its answer was lost.

use std::time::Duration;

use chat_core::store::Appended;
use chat_core::testkit::{Node, build};
use chat_core::{Error, NodeId};
use chat_redis::Settings;
use chat_testing::{Proxy, Server, until};

use super::support::guest::{Guest, said};
use super::support::program::{engine, options, spec};
use super::{id, own};

const LEASE: Duration = Duration::from_secs(20);

/// A server, a way to it on which answers get lost, and the addresses of one store by both.
async fn ways() -> (Server, Proxy, String, String) {
    let server = Server::start();
    let proxy = Proxy::to(server.port).await;
    let own = own("");
    let (good, bad) = (server.url() + &own, proxy.url() + &own + "&timeout_ms=1500");
    (server, proxy, good, bad)
}

async fn node(url: &str) -> std::sync::Arc<Node> {
    let settings = Settings::from_url(url).unwrap().with_store(options(LEASE));
    Node::attach(settings.connect().await.unwrap(), NodeId::random()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_is_written_once_however_often_it_is_made() {
    let (_server, proxy, good, bad) = ways().await;
    let (there, here) = (node(&good).await, node(&bad).await);
    let room = there.open(build::public("film")).await.id;
    let kim = here.guest("kim");
    kim.enter(&room).await;
    let say = kim.saying(&room, "once");
    proxy.lose_answers();
    let lost = here.backend.rooms.append(here.writer, say.clone()).await;
    assert!(lost.is_err(), "{lost:?}");
    // It is there, and nobody here knows.
    assert_eq!(said(&there.log(&room).await), [(2, "once".to_owned())]);
    proxy.find_answers();
    for _ in 0..3 {
        until("it is answered", async || {
            match here.backend.rooms.append(here.writer, say.clone()).await {
                Ok(Appended::Written(entry)) => entry.n == 2,
                Ok(other) => panic!("{other:?}"),
                Err(_) => false,
            }
        })
        .await;
    }
    assert_eq!(said(&there.log(&room).await).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_session_says_is_there_once_although_the_answer_was_lost() {
    let (_server, proxy, good, bad) = ways().await;
    let (there, here) = (engine(&good, LEASE).await, engine(&bad, LEASE).await);
    let lee = Guest::in_room(&there, "lee", "film").await;
    let kim = Guest::in_room(&here, "kim", "film").await;
    for number in 0..5 {
        let text = format!("once-{number}");
        proxy.lose_answers();
        let (session, body) = (kim.session.clone(), text.clone());
        let saying = tokio::spawn(async move { session.say(&id("film"), body.as_str()).await });
        lee.hears(&[&text]).await;
        proxy.find_answers();
        // The engine asks again by itself. Where that was too early, too, the caller is told to.
        match saying.await.unwrap() {
            Ok(spoken) => assert_eq!(lee.count(&[&format!(" {} ", spoken.n), &text]), 1),
            Err(error) => assert_eq!(error.code(), "unavailable"),
        }
        until("it goes on", async || here.room(&id("film")).await.is_ok()).await;
        assert_eq!(lee.count(&[&text]), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_makes_a_say_once_over_any_number_of_lost_answers() {
    let (_server, proxy, good, bad) = ways().await;
    let (there, here) = (engine(&good, LEASE).await, engine(&bad, LEASE).await);
    let lee = Guest::in_room(&there, "lee", "film").await;
    let kim = Guest::in_room(&here, "kim", "film").await;
    let key = build::key("k");
    proxy.lose_answers();
    let refused = kim.session.say_once(&id("film"), "keyed", &key).await.unwrap_err();
    assert!(matches!(refused, Error::Store { retryable: true, .. }), "{refused:?}");
    lee.hears(&["keyed"]).await;
    proxy.find_answers();
    until("it is answered", async || {
        let spoken = kim.session.say_once(&id("film"), "keyed", &key).await;
        spoken.is_ok_and(|spoken| spoken.duplicate)
    })
    .await;
    assert_eq!(lee.count(&["keyed"]), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_never_told_that_they_are_in_is_no_ghost() {
    let (_server, proxy, good, bad) = ways().await;
    let (there, here) = (engine(&good, LEASE).await, engine(&bad, LEASE).await);
    let lee = Guest::in_room(&there, "lee", "film").await;
    let kim = Guest::on(&here, "kim").await;
    // The channel is known before, so that the join itself is what gets lost.
    kim.session.join_or_open(spec("film")).await.unwrap();
    kim.session.leave(&id("film")).await.unwrap();
    lee.hears(&["left kim"]).await;
    proxy.lose_answers();
    let refused = kim.session.join(&id("film")).await.unwrap_err();
    assert_eq!(refused.code(), "unavailable");
    until("kim is in, and does not know", async || lee.count(&["joined kim"]) == 2).await;
    proxy.find_answers();
    // The node undoes what it does not know of, under its living lease.
    until("kim is out", async || lee.count(&["left kim"]) == 2).await;
    assert_eq!(there.room(&id("film")).await.unwrap().live, 1);
    // And may come again.
    until("kim is in", async || kim.session.join(&id("film")).await.is_ok()).await;
    assert_eq!(there.room(&id("film")).await.unwrap().live, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_never_told_that_they_are_out_is_out() {
    let (_server, proxy, good, bad) = ways().await;
    let (there, here) = (engine(&good, LEASE).await, engine(&bad, LEASE).await);
    let lee = Guest::in_room(&there, "lee", "film").await;
    let kim = Guest::in_room(&here, "kim", "film").await;
    proxy.lose_answers();
    assert_eq!(kim.session.leave(&id("film")).await.unwrap_err().code(), "unavailable");
    proxy.find_answers();
    lee.hears(&["left kim"]).await;
    until("there is nothing left to do", async || {
        matches!(kim.session.leave(&id("film")).await, Err(Error::NotMember))
    })
    .await;
    assert_eq!(lee.count(&["left kim"]), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_opened_once_and_found_when_the_answer_was_lost() {
    let (_server, proxy, good, bad) = ways().await;
    let (there, here) = (engine(&good, LEASE).await, engine(&bad, LEASE).await);
    // So that the node lives, and knows how many rooms there are.
    here.open(spec("tea")).await.unwrap();
    proxy.lose_answers();
    assert!(here.open(spec("film")).await.is_err());
    until("it is open", async || there.room(&id("film")).await.is_ok()).await;
    let epoch = there.room(&id("film")).await.unwrap().epoch;
    proxy.find_answers();
    until("it is found", async || matches!(here.open(spec("film")).await, Err(Error::RoomExists)))
        .await;
    assert_eq!(there.room(&id("film")).await.unwrap().epoch, epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_whose_answers_are_lost_holds_nobody() {
    let (_server, proxy, good, bad) = ways().await;
    let (there, here) = (engine(&good, LEASE).await, engine(&bad, LEASE).await);
    let lee = Guest::on(&there, "lee").await;
    let kim = Guest::on(&here, "kim").await;
    lee.session.seek("strangers", &[]).await.unwrap();
    proxy.lose_answers();
    let _ = kim.session.seek("strangers", &[]).await;
    proxy.find_answers();
    // Whatever became of it: in the end they meet, and are in one room together.
    until("they meet", async || {
        let _ = kim.session.seek("strangers", &[]).await;
        let rooms = (kim.session.rooms().await, lee.session.rooms().await);
        matches!(rooms, (Ok(one), Ok(two)) if one.len() == 1 && one == two)
    })
    .await;
    until("both are told", async || kim.count(&["matched"]) > 0 && lee.count(&["matched"]) > 0)
        .await;
}
