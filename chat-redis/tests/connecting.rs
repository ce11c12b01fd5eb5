//! What is said where a store cannot be had, and what is left behind by one that was.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use chat_core::entry::{SharedEntry, Signal};
use chat_core::id::{NodeId, RoomId};
use chat_core::store::Sink;
use chat_redis::{ConnectError, Settings, connect};
use chat_testing::Server;
use redis::FromRedisValue;

/// Asks a server without the store.
async fn ask<T: FromRedisValue>(server: &Server, words: &str) -> T {
    let mut to = redis::Client::open(server.url())
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .unwrap();
    let mut words = words.split(' ');
    let mut cmd = redis::cmd(words.next().unwrap());
    for word in words {
        cmd.arg(word);
    }
    cmd.query_async(&mut to).await.unwrap()
}

async fn refused(url: &str) -> ConnectError {
    connect(url).await.err().unwrap_or_else(|| panic!("{url} was taken"))
}

struct Nobody;

impl Sink for Nobody {
    fn entry(&self, _: &SharedEntry) {}
    fn signal(&self, _: &Arc<Signal>) {}
    fn count(&self, _: &RoomId) {}
    fn mail(&self) {}
    fn missed(&self) {}
}

#[tokio::test]
async fn who_is_not_there_cannot_be_reached() {
    let error = refused("redis://127.0.0.1:1").await;
    assert!(
        matches!(&error, ConnectError::Unreachable { at, .. } if at == "127.0.0.1:1"),
        "{error}"
    );
}

#[tokio::test]
async fn shards_are_fixed_by_who_comes_first() {
    let server = Server::start();
    let first = Settings::from_url(&server.url()).unwrap().with_shards(4).connect().await.unwrap();
    assert_eq!(first.expiry.shards(), 4);
    let error = refused(&server.url()).await;
    assert!(matches!(&error, ConnectError::Shards { kept, asked: 16 } if kept == "4"), "{error}");
    refused(&format!("{}?shards=5", server.url())).await;
    connect(&format!("{}?shards=4", server.url())).await.unwrap();
    connect(&format!("{}?prefix=another", server.url())).await.unwrap();
}

#[tokio::test]
async fn another_format_is_not_touched() {
    let server = Server::start();
    connect(&server.url()).await.unwrap();
    let _: i64 = ask(&server, "HSET chat:meta format 99").await;
    let error = refused(&server.url()).await;
    assert!(matches!(&error, ConnectError::Format { kept, .. } if kept == "99"), "{error}");
}

#[tokio::test]
async fn what_is_not_ours_is_not_touched() {
    let server = Server::start();
    let _: () = ask(&server, "SET chat:meta theirs").await;
    let error = refused(&server.url()).await;
    assert!(matches!(&error, ConnectError::Foreign { key } if key == "chat:meta"), "{error}");
    assert_eq!(ask::<String>(&server, "GET chat:meta").await, "theirs");
}

#[tokio::test]
async fn a_url_of_another_kind_is_named() {
    let server = Server::start();
    let cluster = server.url().replace("redis:", "redis+cluster:");
    let error = refused(&cluster).await;
    assert!(matches!(&error, ConnectError::Mode { url: "redis", .. }), "{error}");
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_never_shown() {
    let server = Server::start();
    let _: () = ask(&server, "ACL SETUSER kim on >right ~* &* +@all").await;
    connect(&server.url().replace("//", "//kim:right@")).await.unwrap();
    let error = refused(&server.url().replace("//", "//kim:hunter2@")).await;
    assert!(matches!(&error, ConnectError::Refused { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_permission_that_lacks_is_named() {
    let server = Server::start();
    let url = server.url().replace("//", "//kim:pw@");
    for (rule, named) in [
        ("-xadd", "xadd"),
        ("-hsetnx", "hsetnx"),
        ("-ssubscribe", "ssubscribe"),
        ("-zrange", "zrange"),
    ] {
        let _: () =
            ask(&server, &format!("ACL SETUSER kim reset on >pw ~chat:* &chat:* +@all {rule}"))
                .await;
        let error = refused(&url).await;
        let is_named =
            matches!(&error, ConnectError::NotPermitted { said } if said.contains(named));
        assert!(is_named, "{rule}: {error}");
    }
    let _: () = ask(&server, "ACL SETUSER kim reset on >pw ~chat:* resetchannels +@all").await;
    assert!(matches!(refused(&url).await, ConnectError::NotPermitted { .. }));
    let _: () = ask(&server, "ACL SETUSER kim reset on >pw ~chat:* &chat:* +@all").await;
    connect(&url).await.unwrap();
}

/// Everything that a store keeps going ends with it.
#[tokio::test]
async fn a_store_that_is_dropped_leaves_no_connection() {
    let server = Server::start();
    let clients = async || ask::<String>(&server, "CLIENT LIST").await.lines().count();
    assert_eq!(clients().await, 1, "who asks");
    let backend = connect(&server.url()).await.unwrap();
    let by = backend.expiry.attach(NodeId(7), Arc::new(Nobody)).await.unwrap();
    let room = RoomId::new("tea").unwrap();
    backend.rooms.subscribe(by, &room).await.unwrap();
    assert_eq!(clients().await, 3);
    drop(backend);
    for _ in 0..500 {
        if clients().await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("connections are left");
}
