//! A node dies, and some of what it leaves cannot be read: everything else goes all the same.

use std::sync::Arc;

use chat_core::store::{Due, Entered};
use chat_core::testkit::Node;
use chat_core::testkit::build::{pool, public};
use chat_core::{NodeId, StoreOptions};
use chat_redis::Settings;
use chat_testing::Server;

/// Two nodes on a store of one shard that takes so many out at once.
async fn two_nodes(server: &Server, reap_batch: usize) -> [Arc<Node>; 2] {
    let options = StoreOptions { reap_batch, ..StoreOptions::default() };
    let url = format!("{}?shards=1", server.url());
    let settings = Settings::from_url(&url).unwrap().with_store(options);
    let backend = settings.connect().await.unwrap();
    [Node::attach(backend.clone(), NodeId(1)).await, Node::attach(backend, NodeId(2)).await]
}

/// Everything that one node finds to do about another that has ended; the last error there was.
async fn reap(by: &Node, of: &Node) -> Option<chat_core::StoreError> {
    let mut failed = None;
    for _ in 0..20 {
        match by.backend.expiry.reap(by.writer, &Due::Node(of.writer)).await {
            Ok(reaped) if !reaped.more => return failed,
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    }
    failed
}

async fn key(server: &Server, kind: &str) -> String {
    let keys = server.keys("chat:*").await;
    let found = keys.iter().find(|key| key.ends_with(&format!(":{kind}")));
    found.unwrap_or_else(|| panic!("no {kind} among {keys:?}")).clone()
}

/// Rows that the index has of a node.
async fn rows(server: &Server, of: &Node) -> usize {
    let keys = server.keys("chat:*").await;
    // With its last row it goes itself.
    let Some(index) = keys.iter().find(|key| key.ends_with(":index")) else { return 0 };
    let rows: Vec<Vec<u8>> = server.ask(&["ZRANGE", index, "0", "-1"]).await;
    let node = of.writer.node.0.to_be_bytes();
    rows.iter().filter(|row| row.starts_with(&node)).count()
}

#[tokio::test]
async fn proposed_matches_of_a_dead_node_are_taken_apart_wherever_a_batch_ends() {
    let server = Server::start();
    let [dies, lives] = two_nodes(&server, 2).await;
    let pool = pool("strangers");
    // By name the first two are one batch: of each match one side, the other behind it or alive.
    for (node, user) in [(&dies, "a"), (&dies, "z"), (&dies, "b"), (&lives, "c")] {
        node.guest(user).seek(&pool).await;
    }
    dies.backend.expiry.detach(dies.writer).await.unwrap();
    assert!(reap(&lives, &dies).await.is_none());
    for gone in ["a", "b", "z"] {
        assert!(lives.guest(gone).waiting().await.is_empty(), "{gone}");
    }
    assert_eq!(lives.guest("c").waiting().await, [pool]);
    assert_eq!(rows(&server, &dies).await, 0);
}

#[tokio::test]
async fn what_cannot_be_read_keeps_nobody_elses_ghosts() {
    let server = Server::start();
    let [dies, lives] = two_nodes(&server, 4).await;
    let mut rooms = Vec::new();
    for name in ["one", "three", "two"] {
        let room = lives.open(public(name)).await.id;
        for user in ["kim", "lee"] {
            let guest = dies.guest(&format!("{user}-{name}"));
            guest.enter(&room).await;
        }
        rooms.push(room);
    }
    dies.guest("sam").seek(&pool("strangers")).await;
    // A room's record, a ticket, and a row of the index.
    let _: i64 = server.ask(&["HSET", &key(&server, "r:one").await, "p", "nothing"]).await;
    let _: i64 = server.ask(&["HSET", &key(&server, "pt:strangers").await, "sam", "x"]).await;
    let index = key(&server, "index").await;
    let mut strange = dies.writer.node.0.to_be_bytes().to_vec();
    strange.extend(dies.writer.incarnation.0.to_be_bytes());
    strange.extend(b"r!");
    let _: i64 = redis::cmd("ZADD")
        .arg(&index)
        .arg(0)
        .arg(strange)
        .query_async(&mut server.connection().await)
        .await
        .unwrap();

    dies.backend.expiry.detach(dies.writer).await.unwrap();
    reap(&lives, &dies).await;
    assert_eq!(rows(&server, &dies).await, 0);
    for room in &rooms[1..] {
        assert!(lives.members(room).await.is_empty(), "{room}");
        let ann = lives.guest("ann");
        assert!(matches!(ann.try_enter(ann.entering(room)).await, Entered::In(_)));
    }
}
