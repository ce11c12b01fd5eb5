//! Channels are a server's and keys are a database's: two stores under one prefix in two databases are two.

use std::time::Duration;

use chat_testing::Server;

use super::id;
use super::support::guest::{Guest, assert_whole};
use super::support::program::engine;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_in_two_databases_do_not_hear_each_other() {
    let server = Server::start();
    let lease = Duration::from_secs(5);
    let mut guests = Vec::new();
    for (database, user) in [("0", "kim"), ("0", "lee"), ("7", "ann"), ("7", "sam")] {
        let url = format!("{}/{database}", server.url());
        guests.push(Guest::in_room(&engine(&url, lease).await, user, "film").await);
    }
    for two in guests.chunks(2) {
        for number in 0..20 {
            two[0].session.say(&id("film"), format!("hello-{number}").as_str()).await.unwrap();
        }
        two[1].hears(&["hello-19"]).await;
    }
    for (two, others) in [(&guests[..2], ["ann", "sam"]), (&guests[2..], ["kim", "lee"])] {
        for guest in two {
            assert_whole(&guest.entries(&id("film")));
            let heard = others.iter().map(|other| guest.count(&[other])).sum::<usize>();
            assert_eq!((heard, guest.count(&["reset"])), (0, 0), "{:?}", guest.lines());
        }
    }
    let keys: Vec<i64> = vec![
        server.ask(&["DBSIZE"]).await,
        server.ask::<String>(&["INFO", "keyspace"]).await.lines().count() as i64,
    ];
    assert!(keys[0] > 0 && keys[1] >= 3, "both are used: {keys:?}");
}
