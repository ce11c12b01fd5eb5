//! The program as it is without its feature `redis`.

use crate::support::client::Client;
use crate::support::node::Node;

#[tokio::test]
async fn a_store_on_redis_is_refused_by_name() {
    for scheme in ["redis", "rediss", "redis+sentinel", "redis+cluster", "valkey", "rediss+cluster"]
    {
        let url = format!("{scheme}://kim:hunter2@localhost");
        let ended = Node::refused(&["--store", &url], &[]).await;
        assert_eq!(ended.code, 2, "{}", ended.err);
        assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
        for part in [format!("{scheme}://"), "without the feature `redis`".to_owned()] {
            assert!(ended.err.contains(&part), "{}", ended.err);
        }
        assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    }
}

#[tokio::test]
async fn in_memory_it_works() {
    let node = Node::start(&["--store", "memory://"]).await;
    Client::hello(node.address).await;
    assert_eq!(node.get("/readyz").await.status, 200);
}
