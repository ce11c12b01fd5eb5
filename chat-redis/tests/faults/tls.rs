//! TLS, with an authority of one's own.

use std::time::Duration;

use chat_redis::{ConnectError, Settings};
use chat_testing::Tls;

use super::support::guest::Guest;
use super::support::program::engine;
use super::{own, reasons};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_believed_whose_certificate_the_named_authority_has_signed() {
    let tls = Tls::start();
    let ca = tls.server.dir.join("ca.pem");
    let url = own(&format!("{}?ca={}", tls.url(), ca.display()));
    let engine = engine(&url, Duration::from_secs(5)).await;
    let kim = Guest::in_room(&engine, "kim", "film").await;
    let lee = Guest::in_room(&engine, "lee", "film").await;
    kim.session.say(&super::id("film"), "in private").await.unwrap();
    lee.hears(&["said kim in private"]).await;
    let info: String = tls.server.ask(&["CLIENT", "LIST"]).await;
    let second = format!("laddr=127.0.0.1:{}", tls.server.second());
    assert!(info.lines().filter(|client| client.contains(&second)).count() >= 2, "{info}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_not_believed_that_a_stranger_has_vouched_for() {
    let (tls, other) = (Tls::start(), Tls::start());
    let unknown = Settings::from_url(&tls.url()).unwrap().with_ca(other.ca).connect().await;
    assert!(matches!(unknown, Err(ConnectError::Unreachable { .. })), "{unknown:?}");
    let by_the_system = Settings::from_url(&tls.url()).unwrap().connect().await;
    assert!(by_the_system.is_err(), "{by_the_system:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_not_believed_under_a_name_that_its_certificate_does_not_have() {
    let tls = Tls::named(&["redis.example.org"]);
    let refused = Settings::from_url(&tls.url()).unwrap().with_ca(tls.ca.clone()).connect().await;
    let why = reasons(&refused.unwrap_err());
    assert!(why.contains("not valid for name"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_asks_for_a_certificate_is_given_one() {
    let tls = Tls::strict();
    let settings = || Settings::from_url(&tls.url()).unwrap().with_ca(tls.ca.clone());
    assert!(settings().connect().await.is_err());
    let (own, key) = tls.own.clone();
    settings().with_certificate(own, key).connect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_speaks_otherwise_than_the_port_is_refused() {
    let tls = Tls::start();
    let plain = tls.url().replace("rediss", "redis");
    let refused = Settings::from_url(&plain).unwrap().connect().await;
    assert!(refused.is_err(), "{refused:?}");
    let secret = tls.server.url().replace("redis", "rediss");
    let refused = Settings::from_url(&secret).unwrap().with_ca(tls.ca).connect().await;
    assert!(refused.is_err(), "{refused:?}");
}
