//! A handler for axum.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use std::net::SocketAddr;
//!
//! let server = chat_ws::Server::builder(chat_core::Engine::in_memory()).build();
//! let app = axum::Router::new().route("/ws", chat_ws::axum::websocket(server));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
//! // Where connections come from is known with this alone.
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
//! # }
//! ```
//!
//! Connections are not axum's any more once they are upgraded: [`Server::drain`] is what ends them.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::listen::offers;
use crate::server::{Admission, Server};
use crate::upgrade::Upgrade;

/// A route at which a server speaks chat.v1.
pub fn websocket<S: Clone + Send + Sync + 'static>(server: Server) -> MethodRouter<S> {
    get(move |request: Request| async move { answer(&server, request) })
}

fn answer(server: &Server, mut request: Request) -> Response {
    let headers = request.headers();
    let is_websocket =
        has_word(headers, &CONNECTION, "upgrade") && has_word(headers, &UPGRADE, "websocket");
    if !is_websocket {
        let to = [(UPGRADE, "websocket"), (CONNECTION, "upgrade")];
        return (StatusCode::UPGRADE_REQUIRED, to, "this speaks WebSocket").into_response();
    }
    if !has_word(headers, &SEC_WEBSOCKET_VERSION, "13") {
        let version = [(SEC_WEBSOCKET_VERSION, "13")];
        return (StatusCode::BAD_REQUEST, version, "another version of WebSocket").into_response();
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY) else {
        return (StatusCode::BAD_REQUEST, "no key").into_response();
    };
    let accept = derive_accept_key(key.as_bytes());
    let speaks = offers(headers);
    let Some(upgrading) = request.extensions_mut().remove::<OnUpgrade>() else {
        return (StatusCode::UPGRADE_REQUIRED, "this connection cannot be upgraded")
            .into_response();
    };
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let upgrade = Upgrade { peer: from, headers: std::mem::take(request.headers_mut()) };
    let admission = match server.admit(upgrade) {
        Ok(admission) => admission,
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN);
            return (status, refusal.to_string()).into_response();
        }
    };
    // Ends with the connection, which the server knows and can end.
    tokio::spawn(serve(server.clone(), upgrading, admission));
    let upgraded = [
        (CONNECTION, "upgrade".to_owned()),
        (UPGRADE, "websocket".to_owned()),
        (SEC_WEBSOCKET_ACCEPT, accept),
    ];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, upgraded).into_response();
    if speaks {
        let name = http::HeaderValue::from_static("chat.v1");
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
    }
    response
}

async fn serve(server: Server, upgrading: OnUpgrade, admission: Admission) {
    let Ok(upgraded) = upgrading.await else { return };
    // The socket itself where that is what is behind it, so that nothing stands between.
    match plain(upgraded) {
        Ok((stream, read)) => {
            let _ = stream.set_nodelay(true);
            server.serve_begun(stream, read, admission).await;
        }
        Err(upgraded) => server.serve_stream(TokioIo::new(upgraded), admission).await,
    }
}

/// The socket behind an upgraded connection, be it that hyper served it by itself or behind the look at its first bytes by which
/// `axum::serve` tells protocols apart.
fn plain(upgraded: Upgraded) -> Result<(TcpStream, Bytes), Upgraded> {
    type Socket = TokioIo<TcpStream>;
    match upgraded.downcast::<Socket>() {
        Ok(parts) => Ok((parts.io.into_inner(), parts.read_buf)),
        Err(upgraded) => {
            let parts = downcast::<Socket>(upgraded)?;
            Ok((parts.io.into_inner(), parts.read_buf))
        }
    }
}

/// Whether a header that is a list has this word.
fn has_word(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).any(|each| each.trim().eq_ignore_ascii_case(word))
}
