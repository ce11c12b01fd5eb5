//! What a store does not begin with, where that takes a server of another kind; the rest is in `connecting`.

use std::error::Error;
use std::time::{Duration, Instant};

use chat_redis::{ConnectError, Settings};
use chat_testing::{Sentinels, Server};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::support::stand::server;

async fn refused(url: &str) -> ConnectError {
    let error = Settings::from_url(url).unwrap().connect().await.err();
    let error = error.unwrap_or_else(|| panic!("{url} was taken"));
    // Nowhere, whoever prints it how.
    let (mut said, mut source) = (format!("{error} {error:?}"), error.source());
    while let Some(next) = source {
        said += &format!(" {next} {next:?}");
        source = next.source();
    }
    assert!(!said.contains("hunter2"), "{said}");
    error
}

/// Something that answers every command as a Redis of this version, a little.
async fn fake(version: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (from, mut to) = socket.into_split();
                let mut lines = BufReader::new(from).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let answer = match line.to_ascii_uppercase().as_str() {
                        "HELLO" => format!(
                            "*4\r\n$7\r\nversion\r\n${}\r\n{version}\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n",
                            version.len()
                        ),
                        "MULTI" | "EXEC" | "HSETNX" | "HMGET" | "CLIENT" | "SELECT" | "PING" => {
                            "+OK\r\n".to_owned()
                        }
                        _ => continue,
                    };
                    if to.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_too_old() {
    let error = refused(&fake("6.2.14").await).await;
    assert!(matches!(&error, ConnectError::TooOld { version } if version == "6.2.14"), "{error:?}");
    assert!(error.to_string().contains('7'), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password() {
    let locked = Server::with("requirepass right");
    for login in ["", ":hunter2@", "kim:hunter2@"] {
        let url = locked.url().replace("redis://", &format!("redis://{login}"));
        let error = refused(&url).await;
        assert!(matches!(error, ConnectError::Refused { .. }), "{login}: {error:?}");
    }
    let url = locked.url().replace("redis://", "redis://:right@");
    Settings::from_url(&url).unwrap().connect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_kind_of_server() {
    let single = server().url().replace("redis://", "redis+cluster://");
    let error = refused(&single).await;
    assert!(matches!(&error, ConnectError::Mode { url: "redis", .. }), "{error:?}");
    let node = Server::with("cluster-enabled yes\ncluster-port {second}");
    let error = refused(&node.url()).await;
    assert!(matches!(&error, ConnectError::Mode { url: "redis+cluster", .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_no_sentinel_knows() {
    let sentinels = Sentinels::start().await;
    let error = refused(&sentinels.url().replace("master=chat", "master=hunter3")).await;
    assert!(matches!(error, ConnectError::NoMaster), "{error:?}");
    let one = format!("redis://127.0.0.1:{}", sentinels.sentinels[0].port);
    let error = refused(&one).await;
    assert!(matches!(&error, ConnectError::Mode { url: "redis+sentinel", .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there() {
    let gone = Server::start();
    let url = gone.url().replace("redis://", "redis://kim:hunter2@");
    gone.kill();
    let began = Instant::now();
    let error = refused(&url).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    // Somebody who listens and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    refused(&format!("redis://{}", silent.local_addr().unwrap())).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
