//! Who somebody is, over restarts.

use chat_testing::{Server, fresh_dir};
use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::node::Node;

/// The user that a server makes of a token; none where it does not believe it.
async fn user(node: &Node, token: &Value) -> Option<String> {
    let mut client = Client::open(node.address, &[]).await.unwrap();
    let hello = client.ask("hello", json!({"token": token})).await;
    hello.ok().map(|ok| ok["user"].as_str().unwrap().to_owned())
}

/// A user of this server's making: who, and the token.
async fn somebody(node: &Node) -> (String, Value) {
    let hello = Client::hello(node.address).await.hello;
    (hello["user"].as_str().unwrap().to_owned(), hello["token"].clone())
}

#[tokio::test]
async fn without_anything_they_are_good_until_the_end() {
    let node = Node::start(&[]).await;
    let (who, token) = somebody(&node).await;
    assert_eq!(user(&node, &token).await, Some(who));
    let next = Node::start(&[]).await;
    assert_eq!(user(&next, &token).await, None);
}

#[tokio::test]
async fn a_file_outlives_a_restart() {
    let dir = fresh_dir();
    let file = dir.join("secret");
    let flags = ["--secret-file", file.to_str().unwrap()];
    let node = Node::start(&flags).await;
    let (who, token) = somebody(&node).await;
    node.process.kill();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let next = Node::start(&flags).await;
    assert_eq!(user(&next, &token).await, Some(who));
    let secret = std::fs::read_to_string(&file).unwrap();
    assert!(!next.process.err().contains(secret.trim()));
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn nodes_on_one_redis_share_theirs() {
    let redis = Server::start();
    let url = redis.url();
    let node = Node::start(&["--store", &url]).await;
    let (who, token) = somebody(&node).await;
    let other = Node::start(&["--store", &url]).await;
    assert_eq!(user(&other, &token).await.as_ref(), Some(&who));
    node.process.kill();
    other.process.kill();
    let next = Node::start(&["--store", &url]).await;
    assert_eq!(user(&next, &token).await, Some(who));
    let elsewhere = Node::start(&["--store", &format!("{url}?prefix=other")]).await;
    assert_eq!(user(&elsewhere, &token).await, None);
}

#[tokio::test]
async fn a_short_secret_is_refused() {
    let dir = fresh_dir();
    let file = dir.join("secret");
    std::fs::write(&file, "hunter2\n").unwrap();
    for flag in ["--secret-file", "--jwt-secret-file", "--jwt-public-key-file"] {
        let ended = Node::refused(&[flag, file.to_str().unwrap()], &[]).await;
        assert_eq!(ended.code, 2, "{flag}");
        assert!(ended.err.contains(flag) && !ended.err.contains("hunter2"), "{}", ended.err);
    }
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn what_is_wrong_beside_it_makes_no_secret() {
    let dir = fresh_dir();
    let file = dir.join("secret");
    let flags = ["--secret-file", file.to_str().unwrap(), "--store", "mysql://localhost"];
    assert_eq!(Node::refused(&flags, &[]).await.code, 2);
    assert!(!file.exists());
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn a_site_may_sign_with_a_secret_of_its_own() {
    let dir = fresh_dir();
    let file = dir.join("site");
    std::fs::write(&file, "an-old-secret-of-the-site-and-long\n").unwrap();
    let node = Node::start(&["--jwt-secret-file", file.to_str().unwrap()]).await;
    // {"alg":"HS256","typ":"JWT"} {"sub":"kim","name":"Kim"}, signed with it.
    let token = signed(&std::fs::read(&file).unwrap()[..34], r#"{"sub":"kim","name":"Kim"}"#);
    assert_eq!(user(&node, &json!(token)).await.as_deref(), Some("kim"));
    let forged = signed(b"another-secret-that-is-long-enough", r#"{"sub":"kim"}"#);
    assert_eq!(user(&node, &json!(forged)).await, None);
    // Users without an account are let in beside them.
    let (who, token) = somebody(&node).await;
    assert_eq!(user(&node, &token).await, Some(who));
    std::fs::remove_dir_all(dir).unwrap();
}

/// A token as a site would sign it.
fn signed(secret: &[u8], claims: &str) -> String {
    use data_encoding::BASE64URL_NOPAD as BASE64;
    let message =
        [r#"{"alg":"HS256","typ":"JWT"}"#, claims].map(|part| BASE64.encode(part.as_bytes()));
    let message = message.join(".");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let signature = BASE64.encode(ring::hmac::sign(&key, message.as_bytes()).as_ref());
    format!("{message}.{signature}")
}
