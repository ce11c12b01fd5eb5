//! What takes more than a minute: in one test, so that it takes no more than one, and in a module that comes first, so that the others
//! run beside it.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::proxy::Stand;
use crate::support::node::Node;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_ends_no_websocket_and_nothing_keeps_plain_http() {
    tokio::join!(
        seventy_idle_seconds_end_nothing(),
        no_connection_is_used_for_plain_http_for_ever()
    );
}

/// Longer than nginx waits for a node (60 s): what keeps connections are the nodes' pings.
async fn seventy_idle_seconds_end_nothing() {
    let stand = Stand::new(&[]).await;
    let (mut kim, mut lee) = (stand.hello(json!({})).await, stand.hello(json!({})).await);
    let create = json!({"room": "tea", "create": {"title": "Tea"}});
    kim.ask("join", create.clone()).await.unwrap();
    lee.ask("join", create).await.unwrap();
    kim.event("joined").await;
    let idle = Duration::from_secs(70);
    tokio::join!(kim.idle(idle), lee.idle(idle));
    kim.ask("say", json!({"room": "tea", "body": "still here"})).await.unwrap();
    assert_eq!(lee.event("said").await["body"], "still here");
    assert_eq!(stand.connections().await.iter().sum::<u64>(), 2);
    assert_eq!(stand.nginx.errors(), "");
}

/// However busy they keep it, and however slowly they read.
async fn no_connection_is_used_for_plain_http_for_ever() {
    let node = Node::start(&[]).await;
    let began = Instant::now();
    let busy = async {
        let mut stream = TcpStream::connect(node.address).await.unwrap();
        let mut read = [0; 4096];
        loop {
            let sent = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await;
            if sent.is_err() || !matches!(stream.read(&mut read).await, Ok(1..)) {
                break;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    };
    let deaf = async {
        let mut stream = TcpStream::connect(node.address).await.unwrap();
        // Asks and asks, and reads nothing: until the system takes no more of its questions.
        let question = b"GET /assets/chat-client.js HTTP/1.1\r\nhost: a\r\n\r\n".repeat(100);
        while timeout(Duration::from_secs(1), stream.write_all(&question))
            .await
            .is_ok_and(|w| w.is_ok())
        {}
        // It is told of the end when it asks again.
        while timeout(Duration::from_secs(1), stream.write_all(b"G")).await.is_err_and(|_| true) {}
    };
    let both = async { tokio::join!(busy, deaf) };
    timeout(Duration::from_secs(80), both).await.expect("both are given up");
    assert!(began.elapsed() > Duration::from_secs(50), "others have a minute");
}
