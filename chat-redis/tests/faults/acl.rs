//! A user of Redis who may do what is needed and nothing else.

use std::time::Duration;

use chat_redis::{ConnectError, Settings};
use chat_testing::{Server, until};

use super::id;
use super::support::guest::Guest;
use super::support::program::{engine, spec};

/// The line that stands in the README.
pub(crate) fn line() -> Vec<String> {
    let readme = include_str!("../../../README.md");
    let line = readme.lines().find(|line| line.starts_with("ACL SETUSER chat ")).unwrap();
    line.split(' ').map(|word| word.replace(">password", ">hunter2")).collect()
}

pub(crate) async fn set_user(server: &Server, words: &[String]) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let _: () = server.ask(&words).await;
}

fn url(server: &Server) -> String {
    server.url().replace("redis://", "redis://chat:hunter2@")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_in_the_readme_is_enough_for_everything() {
    let server = Server::start();
    set_user(&server, &line()).await;
    let lease = Duration::from_secs(1);
    let engines = [engine(&url(&server), lease).await, engine(&url(&server), lease).await];
    let kim = Guest::in_room(&engines[0], "kim", "film").await;
    let lee = Guest::in_room(&engines[1], "lee", "film").await;
    kim.session.say(&id("film"), "hello").await.unwrap();
    lee.hears(&["said kim hello"]).await;
    kim.session.signal(&id("film"), "typing").await.unwrap();
    kim.session.rename("Kim2").await.unwrap();
    lee.hears(&["renamed kim"]).await;
    engines[1].kick(&id("film"), kim.session.user()).await.unwrap();
    kim.hears(&["kicked film"]).await;
    kim.session.join_or_open(spec("film")).await.unwrap();
    for guest in [&kim, &lee] {
        guest.session.seek("strangers", &[]).await.unwrap();
    }
    kim.hears(&["matched strangers~"]).await;
    let pair = kim.session.rooms().await.unwrap().into_iter().find(|room| room.is_pair()).unwrap();
    kim.session.seek_next(&pair, None).await.unwrap();
    lee.hears(&["closed partner_left"]).await;
    kim.session.cancel_seek("strangers").await.unwrap();
    lee.session.watch(chat_core::Order::Live, 10).await.unwrap();
    // A node goes without a word; the others take it out.
    let [first, second] = engines;
    drop((kim, first));
    lee.hears(&["left kim"]).await;
    second.close(&id("film")).await.unwrap();
    second.shutdown().await;
    // Nothing was refused, not even what nobody was told of.
    let log: Vec<redis::Value> = server.ask(&["ACL", "LOG"]).await;
    assert!(log.is_empty(), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_said_by_name_when_connecting() {
    let server = Server::start();
    for missing in ["-evalsha", "-ssubscribe", "-spublish", "-hset", "-xadd", "-multi", "-time"] {
        let mut words = line();
        words.push(missing.to_owned());
        set_user(&server, &words).await;
        let refused = Settings::from_url(&url(&server)).unwrap().connect().await;
        let Err(ConnectError::NotPermitted { said }) = refused else {
            panic!("without {}: {refused:?}", &missing[1..]);
        };
        assert!(said.contains(&missing[1..]), "without {}: {said}", &missing[1..]);
        assert!(!said.contains("hunter2"));
        let _: u64 = server.ask(&["ACL", "DELUSER", "chat"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_keys_and_channels_are_not_touched() {
    let server = Server::start();
    set_user(&server, &line()).await;
    let elsewhere = format!("{}?prefix=other", url(&server));
    let refused = Settings::from_url(&elsewhere).unwrap().connect().await;
    assert!(matches!(refused, Err(ConnectError::NotPermitted { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permission_that_is_taken_away_later_is_a_clear_error() {
    let server = Server::start();
    set_user(&server, &line()).await;
    let engine = engine(&url(&server), Duration::from_secs(5)).await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    let words = ["ACL", "SETUSER", "chat", "-xadd"].map(str::to_owned);
    set_user(&server, &words).await;
    let refused = kim.session.say(&id("film"), "hm").await.unwrap_err();
    let chat_core::Error::Store { source, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(refused.code(), "internal");
    assert!(source.to_string().contains("can't run this command"), "{source}");
    let words = ["ACL", "SETUSER", "chat", "+xadd"].map(str::to_owned);
    set_user(&server, &words).await;
    until("it goes on", async || kim.session.say(&id("film"), "well").await.is_ok()).await;
    let all =
        engine.history(&id("film"), chat_core::HistoryPage::Newest { limit: 10 }).await.unwrap();
    assert_eq!(all.entries.iter().map(|entry| entry.n).collect::<Vec<_>>(), [2]);
}
