//! Those who only hold connections open, or send what is no request.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::support::client::Client;
use crate::support::http;
use crate::support::node::Node;

/// The head time-out and a little.
const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let node = Node::start(&[]).await;
    let began = Instant::now();
    let slow = async |first: &'static [u8]| {
        let mut stream = TcpStream::connect(node.address).await.unwrap();
        stream.write_all(first).await.unwrap();
        let mut rest = Vec::new();
        // A byte now and then is no progress.
        let drip = async {
            loop {
                match timeout(Duration::from_secs(1), stream.read_to_end(&mut rest)).await {
                    Ok(_) => break,
                    Err(_) if first.is_empty() => {}
                    Err(_) => {
                        let _ = stream.write_all(b"a").await;
                    }
                }
            }
        };
        timeout(SOON, drip).await.expect("it was given up");
    };
    tokio::join!(slow(b""), slow(b"GET / HTTP/1.1\r\nhost: "));
    assert!(began.elapsed() > Duration::from_secs(5), "others are given time");
    // And others were served all the while.
    assert_eq!(node.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_head_may_be_so_long() {
    let node = Node::start(&[]).await;
    let long = "x".repeat(60_000);
    let reply = node.get_with("/", &[("x-long", &long)]).await;
    assert_eq!(reply.status, 431);
    let path = format!("/{long}");
    assert!([414, 431].contains(&node.get(&path).await.status));
    let many: Vec<(String, String)> = (0..80).map(|n| (format!("x-{n}"), "1".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(node.get_with("/", &many).await.status, 431);
    // What browsers send is much less, cookies included.
    let cookie = format!("a={}", "x".repeat(8_000));
    assert_eq!(node.get_with("/", &[("cookie", &cookie)]).await.status, 200);
}

#[tokio::test]
async fn what_is_no_request_ends_the_connection() {
    let node = Node::start(&[]).await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        &[0; 100],
    ] {
        let mut stream = TcpStream::connect(node.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an end");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(node.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let node = Node::start(&[]).await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"ok\n") {
            assert!(timeout(SOON, stream.read_buf(&mut answer)).await.unwrap().unwrap() > 0);
        }
    }
}

/// Places are for plain HTTP: a WebSocket gives its own back.
#[tokio::test]
async fn websockets_take_no_place_of_others() {
    // The bound for files decides about the places: 256 / 8.
    let node = Node::start_under("ulimit -n 256", &["--max-connections", "60"]).await;
    let mut clients = Vec::new();
    for _ in 0..60 {
        clients.push(Client::hello(node.address).await);
    }
    for _ in 0..3 {
        assert_eq!(node.get("/healthz").await.status, 200);
    }
}

/// Whoever comes when all places are taken waits for one, and is served.
#[tokio::test]
async fn who_finds_no_place_waits_for_one() {
    let node = Node::start_under("ulimit -n 256", &["--max-connections", "60"]).await;
    let mut held = Vec::new();
    for _ in 0..32 {
        held.push(TcpStream::connect(node.address).await.unwrap());
    }
    let waiting = http::request(node.address, "GET", "/healthz", &[]);
    let mut waiting = std::pin::pin!(waiting);
    assert!(timeout(Duration::from_millis(500), waiting.as_mut()).await.is_err());
    held.clear();
    assert_eq!(waiting.await.status, 200);
}
