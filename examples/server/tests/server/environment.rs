//! What a flag says, the environment can say.

use serde_json::json;

use crate::support::client::Client;
use crate::support::node::Node;

#[tokio::test]
async fn everything_can_be_given_in_the_environment() {
    let node = Node::start_with(
        &[],
        &[
            ("CHAT_LISTEN", "127.0.0.1:0"),
            ("CHAT_STORE", "memory://"),
            ("CHAT_PING_MS", "20000"),
            ("CHAT_ALLOW_ORIGIN", "https://a.example.org,https://b.example.org"),
            ("CHAT_LOG", "json"),
            ("CHAT_NO_ANONYMOUS", "false"),
        ],
    )
    .await;
    let client = Client::hello(node.address).await;
    assert_eq!(client.hello["limits"]["ping_ms"], 20_000);
    assert_eq!(client.hello["limits"]["silent_ms"], 48_000);
    for origin in ["https://a.example.org", "https://b.example.org"] {
        assert!(Client::open(node.address, &[("origin", origin)]).await.is_ok(), "{origin}");
    }
    let other = Client::open(node.address, &[("origin", "https://c.example.org")]).await;
    assert_eq!(other.err(), Some(403));
    let line = node.process.err();
    let line: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!(line["level"], "INFO");
}

#[tokio::test]
async fn a_flag_comes_before_the_environment() {
    let vars = [("CHAT_PING_MS", "20000"), ("CHAT_GRACE_MS", "nonsense")];
    let node = Node::start_with(&["--ping-ms", "30000", "--grace-ms", "100"], &vars).await;
    let client = Client::hello_as(node.address, json!({})).await;
    assert_eq!(client.hello["limits"]["ping_ms"], 30_000);
}
