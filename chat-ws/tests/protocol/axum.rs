//! The handler for axum, behind a server of axum's own.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Error;

use crate::support::{Client, Raw, Setup, seconds};

struct Site {
    server: chat_ws::Server,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A site with a page of its own, and chat at `/ws`.
async fn site(setup: Setup) -> Site {
    let (server, _) = setup.server();
    let app = Router::new()
        .route("/", get(|| async { "a page" }))
        .route("/ws", chat_ws::axum::websocket(server.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, app).await.unwrap();
    });
    Site { server, address, serving }
}

#[tokio::test]
async fn chat_is_served_beside_a_sites_own_routes() {
    let site = site(Setup::new()).await;
    let (mut kim, response) =
        Client::try_connect(site.address, &[("sec-websocket-protocol", "chat.v1")]).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat.v1");
    kim.hello(json!({"name": "Kim"})).await;
    let mut lee = Client::connect(site.address).await;
    lee.hello(json!({})).await;
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}})).await;
    lee.ok(json!({"do": "join", "room": "a"})).await;
    kim.event("joined").await;
    lee.ok(json!({"do": "say", "room": "a", "body": "x".repeat(16_000)})).await;
    assert_eq!(kim.event("said").await["body"].as_str().unwrap().len(), 16_000);
    let mut raw = Raw::open(site.address).await;
    raw.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(raw.rest().await.ends_with(b"a page"));
}

async fn head(site: &Site, request: &str) -> String {
    let mut raw = Raw::open(site.address).await;
    raw.send(request.as_bytes()).await;
    raw.head().await.to_ascii_lowercase()
}

#[tokio::test]
async fn what_is_no_upgrade_is_told_what_to_do() {
    let site = site(Setup::new()).await;
    let plain = head(&site, "GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(plain.starts_with("http/1.1 426 ") && plain.contains("upgrade: websocket"), "{plain}");
    let old = head(&site, &Raw::request().replace("Version: 13", "Version: 8")).await;
    assert!(old.starts_with("http/1.1 400 ") && old.contains("sec-websocket-version: 13"), "{old}");
    let keyless = head(&site, &Raw::request().replace("Sec-WebSocket-Key", "X-Key")).await;
    assert!(keyless.starts_with("http/1.1 400 "), "{keyless}");
    let post = head(&site, &Raw::request().replace("GET", "POST")).await;
    assert!(post.starts_with("http/1.1 405 "), "{post}");
    // As proxies and browsers write it.
    let list = Raw::request()
        .replace("Connection: Upgrade", "Connection: keep-alive, UPGRADE")
        .replace("Upgrade: websocket", "Upgrade: WebSocket");
    let good = head(&site, &list).await;
    assert!(good.starts_with("http/1.1 101 "), "{good}");
    assert_eq!(site.server.connections(), 1);
}

#[tokio::test]
async fn refusals_are_what_they_are_on_a_listener() {
    let setup = Setup::new().with(|options| {
        options.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        options.connections_of_address = 1;
        options.connections = 2;
    });
    let site = site(setup).await;
    let status =
        async |headers: &[(&'static str, &str)]| match Client::try_connect(site.address, headers)
            .await
        {
            Ok((client, _)) => (101, Some(client)),
            Err(error) => match *error {
                Error::Http(response) => (response.status().as_u16(), None),
                other => panic!("{other}"),
            },
        };
    assert_eq!(status(&[("origin", "https://evil.org")]).await.0, 403);
    // The address of the socket is known, by `ConnectInfo`: so is the proxy's word.
    let one = status(&[("x-forwarded-for", "192.0.2.1")]).await;
    assert_eq!(one.0, 101);
    assert_eq!(status(&[("x-forwarded-for", "192.0.2.1")]).await.0, 429);
    let two = status(&[("x-forwarded-for", "192.0.2.2")]).await;
    assert_eq!(two.0, 101);
    assert_eq!(status(&[("x-forwarded-for", "192.0.2.3")]).await.0, 503);
    let (mut one, mut two) = (one.1.unwrap(), two.1.unwrap());
    let (_, one, two) = tokio::join!(site.server.drain(seconds(5)), one.bye(), two.bye());
    assert_eq!((one.0, two.0), (4000, 4000));
    assert_eq!(status(&[]).await.0, 503);
}

#[tokio::test]
async fn frames_right_behind_the_request_are_served() {
    let site = site(Setup::new()).await;
    let mut raw = Raw::open(site.address).await;
    let both = [
        Raw::request().into_bytes(),
        Raw::text(r#"{"id":1,"do":"hello"}"#),
        Raw::text(r#"{"id":2,"do":"ping"}"#),
    ]
    .concat();
    raw.send(&both).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 101 "));
    assert!(raw.frame().await.1.starts_with(br#"{"re":1,"ok""#));
    assert_eq!(raw.frame().await.1, br#"{"re":2,"ok":{}}"#);
}
