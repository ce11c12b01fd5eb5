//! The request with which a connection begins.

use chat_ws::{Options, Origin, Upgrade};
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use crate::support::{Client, Raw, Setup, Stand};

/// The status with which an upgrade is answered.
async fn status(stand: &Stand, headers: &[(&'static str, &str)]) -> u16 {
    match Client::try_connect(stand.address, headers).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(error) => match *error {
            Error::Http(response) => response.status().as_u16(),
            other => panic!("{other}"),
        },
    }
}

#[tokio::test]
async fn the_subprotocol_is_chat_v1_or_none() {
    let stand = Stand::new().await;
    for (offered, chosen) in [
        (None, None),
        (Some("chat.v1"), Some("chat.v1")),
        (Some("chat.v2, chat.v1"), Some("chat.v1")),
        (Some("chat.v1,other"), Some("chat.v1")),
    ] {
        let headers: Vec<_> =
            offered.iter().map(|offered| ("sec-websocket-protocol", *offered)).collect();
        let (mut client, response) = Client::try_connect(stand.address, &headers).await.unwrap();
        let told =
            response.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap());
        assert_eq!(told, chosen, "{offered:?}");
        client.hello(json!({})).await;
    }
    // One who speaks something else alone is told of none, as the standard has it.
    let mut raw = Raw::open(stand.address).await;
    let request = Raw::request().replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
    raw.send(request.as_bytes()).await;
    let head = raw.head().await.to_ascii_lowercase();
    assert!(
        head.starts_with("http/1.1 101 ") && !head.contains("sec-websocket-protocol"),
        "{head}"
    );
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_with_403() {
    let stand = Setup::new()
        .with(|options| options.origins = vec!["https://app.example.org".parse().unwrap()])
        .stand()
        .await;
    let own = format!("http://{}", stand.address);
    for (origin, expected) in [
        (own.as_str(), 101),
        ("https://app.example.org", 101),
        ("https://app.example.org:443", 101),
        ("http://app.example.org", 403),
        ("https://app.example.org.evil.org", 403),
        ("https://evil.org", 403),
        ("http://127.0.0.1", 403),
        ("null", 403),
        ("", 403),
        ("file://", 403),
    ] {
        assert_eq!(status(&stand, &[("origin", origin)]).await, expected, "{origin}");
    }
    assert_eq!(status(&stand, &[("origin", &own), ("origin", "https://evil.org")]).await, 403);
    // Not a browser.
    assert_eq!(status(&stand, &[]).await, 101);
}

#[tokio::test]
async fn pages_of_a_host_that_is_named_may_connect_whatever_their_scheme_and_port() {
    let hosts = |names: &[&str]| names.iter().map(|name| Origin::host(name).unwrap()).collect();
    let named = hosts(&["example.org", ".example.net", "[::1]"]);
    let stand = Setup::new().with(|options| options.origins = named).stand().await;
    for (origin, expected) in [
        ("https://example.org", 101),
        ("http://example.org:3000", 101),
        ("https://www.example.org", 403),
        ("https://www.example.net", 101),
        ("https://example.net:8443", 101),
        ("http://[::1]:3000", 101),
        ("https://evil.example", 403),
        ("null", 403),
    ] {
        assert_eq!(status(&stand, &[("origin", origin)]).await, expected, "{origin}");
    }
    let all = hosts(&["*"]);
    let stand = Setup::new().with(|options| options.origins = all).stand().await;
    for origin in ["https://anywhere.example", "null", "app://x"] {
        assert_eq!(status(&stand, &[("origin", origin)]).await, 101, "{origin}");
    }
}

#[tokio::test]
async fn what_a_proxy_says_is_believed_of_a_trusted_one_alone() {
    let headers = [
        ("host", "10.0.0.7:8000"),
        ("origin", "https://chat.example.org"),
        ("x-forwarded-host", "chat.example.org"),
        ("x-forwarded-proto", "https"),
    ];
    assert_eq!(status(&Stand::new().await, &headers).await, 403);
    let trusting =
        |options: &mut Options| options.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let stand = Setup::new().with(trusting).stand().await;
    assert_eq!(status(&stand, &headers).await, 101);
    assert_eq!(
        status(
            &stand,
            &[headers[0], ("origin", "http://chat.example.org"), headers[2], headers[3]]
        )
        .await,
        403
    );
}

#[tokio::test]
async fn connections_are_bounded_by_address_with_429_and_in_all_with_503() {
    let stand = Setup::new()
        .with(|options| {
            options.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
            options.connections_of_address = 2;
            options.connections = 4;
        })
        .stand()
        .await;
    let from = |address: &'static str| [("x-forwarded-for", address)];
    let connect = async |address| {
        Client::try_connect(stand.address, &from(address)).await.map(|(client, _)| client)
    };
    let one = connect("192.0.2.1").await.unwrap();
    let _two = connect("192.0.2.1").await.unwrap();
    assert_eq!(status(&stand, &from("192.0.2.1")).await, 429);
    // What stands before the last address was written by the client.
    assert_eq!(status(&stand, &[("x-forwarded-for", "203.0.113.1, 192.0.2.1")]).await, 429);
    let _three = connect("192.0.2.2").await.unwrap();
    let _four = connect("2001:db8::1").await.unwrap();
    assert_eq!(status(&stand, &from("192.0.2.3")).await, 503);
    one.vanish();
    crate::support::soon("a place", async {
        while stand.server.connections() > 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let _five = connect("192.0.2.1").await.unwrap();
}

#[test]
fn a_refusal_is_known_before_the_upgrade_is_answered() {
    let (server, _) = Setup::new()
        .with(|options| {
            options.connections_of_address = 1;
            options.connections = 2;
        })
        .server();
    let from = |last: u8| server.admit(Upgrade::from_peer([192, 0, 2, last].into()));
    let one = from(1).unwrap();
    assert_eq!(from(1).unwrap_err().status(), 429);
    let _two = from(2).unwrap();
    assert_eq!(from(3).unwrap_err().status(), 503);
    // An admission that comes to nothing gives its place back.
    drop(one);
    let peer = server.peer(from(1).unwrap());
    assert_eq!(server.connections(), 2);
    drop(peer);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn no_extension_is_agreed_to() {
    let stand = Stand::new().await;
    let offers = [("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")];
    let (mut client, response) = Client::try_connect(stand.address, &offers).await.unwrap();
    assert!(response.headers().get("sec-websocket-extensions").is_none());
    client.hello(json!({})).await;
}
