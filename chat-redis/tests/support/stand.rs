//! Where the suite puts its stores: one server, and one cluster, for all tests of a program.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use chat_core::store::Backend;
use chat_core::testkit::{Stage, Stand};
use chat_core::{StoreOptions, Timestamp};
use chat_redis::Settings;
use chat_testing::{Cluster, PATIENCE, Server};
use redis::aio::MultiplexedConnection;
use tokio::sync::OnceCell;

/// Makes stores of so many shards on one server, each under a prefix of its own.
#[derive(Debug)]
pub struct RedisStand(pub u16);

/// Makes stores on one cluster of three nodes, each under a prefix of its own.
#[derive(Debug, Default)]
pub struct ClusterStand;

/// The server that the tests of this program share. It ends with the program.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER.get_or_init(Cluster::start).await
}

/// A prefix that nobody else has in this program.
pub fn fresh_prefix() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

#[async_trait]
impl Stand for RedisStand {
    async fn stage(&self, options: StoreOptions) -> Arc<dyn Stage> {
        Arc::new(RedisStage::new(&server().url(), self.0, vec![server()], options))
    }
}

#[async_trait]
impl Stand for ClusterStand {
    async fn stage(&self, options: StoreOptions) -> Arc<dyn Stage> {
        let cluster = cluster().await;
        Arc::new(RedisStage::new(&cluster.url(), 16, cluster.nodes.iter().collect(), options))
    }
}

#[derive(Debug)]
struct RedisStage {
    settings: Settings,
    prefix: String,
    servers: Vec<&'static Server>,
    /// By server: a connection, and what it keeps of the stage's books.
    books: OnceCell<Vec<(MultiplexedConnection, Vec<String>)>>,
}

impl RedisStage {
    fn new(url: &str, shards: u16, servers: Vec<&'static Server>, options: StoreOptions) -> Self {
        let prefix = fresh_prefix();
        let settings = Settings::from_url(url).unwrap().with_prefix(&prefix).with_shards(shards);
        // A busy machine is no broken store: what is waited for too long is found by other tests.
        let settings = settings.with_timeout(PATIENCE).with_connect_timeout(PATIENCE);
        let settings = settings.with_still_time();
        Self { settings: settings.with_store(options), prefix, servers, books: OnceCell::new() }
    }

    async fn find_books(&self) -> Vec<(MultiplexedConnection, Vec<String>)> {
        let mut books = Vec::new();
        for server in &self.servers {
            let mut connection = server.connection().await;
            let mut keys = redis::cmd("KEYS");
            keys.arg(format!("{}:*:book", self.prefix));
            let keys = keys.query_async(&mut connection).await.unwrap();
            books.push((connection, keys));
        }
        books
    }
}

#[async_trait]
impl Stage for RedisStage {
    async fn backend(&self) -> Backend {
        self.settings.clone().connect().await.unwrap()
    }

    async fn advance(&self, by: Duration) {
        // Each shard has a book from its first node on, and there is always one before time moves.
        let books = self.books.get_or_init(|| self.find_books()).await;
        for (connection, keys) in books {
            if keys.is_empty() {
                continue;
            }
            let mut pipe = redis::Pipeline::new();
            for key in keys {
                // What the scripts add to the server's time.
                pipe.cmd("HINCRBY").arg(key).arg("c").arg(by.as_millis() as u64).ignore();
            }
            let _: () = pipe.query_async(&mut connection.clone()).await.unwrap();
        }
    }

    async fn now(&self) -> Timestamp {
        let books = self.books.get_or_init(|| self.find_books()).await;
        let (connection, keys) = books.iter().find(|(_, keys)| !keys.is_empty()).unwrap();
        let mut read = redis::cmd("HGET");
        read.arg(&keys[0]).arg("c");
        let moved: Option<u64> = read.query_async(&mut connection.clone()).await.unwrap();
        Timestamp(1_700_000_000_000 + moved.unwrap_or(0))
    }
}
