//! The secret that programs on one store share.

use chat_redis::{ConnectError, Settings};
use chat_testing::{Cluster, Server};

use super::acl::{line, set_user};

async fn secret(url: &str) -> Result<Vec<u8>, ConnectError> {
    Settings::from_url(url).unwrap().secret().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_ask_at_once_are_told_the_same() {
    let server = Server::start();
    let asking = (0..16).map(|_| {
        let url = server.url();
        tokio::spawn(async move { secret(&url).await.unwrap() })
    });
    let asking: Vec<_> = asking.collect();
    let mut told = Vec::new();
    for one in asking {
        told.push(one.await.unwrap());
    }
    assert!(told[0].len() >= 32);
    assert!(told.iter().all(|one| *one == told[0]));
    // It is no part of what the store itself has to agree on.
    chat_redis::connect(&server.url()).await.unwrap();
    assert_eq!(secret(&server.url()).await.unwrap(), told[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_store_has_its_own() {
    let server = Server::start();
    let one = secret(&server.url()).await.unwrap();
    let other = secret(&format!("{}?prefix=other", server.url())).await.unwrap();
    assert_ne!(one, other);
    assert_ne!(secret("memory://").await.unwrap(), secret("memory://").await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_keeps_it_in_one_place() {
    let cluster = Cluster::start().await;
    let one = secret(&cluster.url()).await.unwrap();
    assert_eq!(secret(&cluster.url()).await.unwrap(), one);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_needs_no_permission_of_its_own() {
    let server = Server::start();
    set_user(&server, &line()).await;
    let url = server.url().replace("redis://", "redis://chat:hunter2@");
    let one = secret(&url).await.unwrap();
    assert_eq!(secret(&url).await.unwrap(), one);
    let log: Vec<redis::Value> = server.ask(&["ACL", "LOG"]).await;
    assert!(log.is_empty(), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_still_tells_it() {
    let server = Server::with("maxmemory-policy noeviction");
    let one = secret(&server.url()).await.unwrap();
    let _: () = server.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    assert_eq!(secret(&server.url()).await.unwrap(), one);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_short_is_not_taken_for_one() {
    let server = Server::start();
    let _: u64 = server.ask(&["HSET", "chat:meta", "secret", "hunter2"]).await;
    let refused = secret(&server.url()).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Foreign { .. }), "{refused:?}");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
}
