//! A listener that serves nothing but connections.
//!
//! For programs without HTTP of their own beside it. *Under pressure*: only so many handshakes are under way at a time, each for
//! as long as a `hello` may take; others wait with the system. *How it ends*: with [`Server::drain`], when the last connection has gone:
//! who comes meanwhile is answered that there is no place, not left waiting. Its drop ends all its connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use crate::server::{Admission, Server};
use crate::socket;
use crate::upgrade::Upgrade;

/// The subprotocol.
const CHAT_V1: &str = "chat.v1";
/// Handshakes at a time.
const HANDSHAKES: usize = 1_024;
/// How long to wait where the system has no sockets left.
const BREATH: Duration = Duration::from_millis(100);

impl Server {
    /// Serves connections on whatever path they ask for, until the server has drained.
    ///
    /// # Errors
    /// Where the listener is not one.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        listener.local_addr()?;
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
        let mut connections = JoinSet::new();
        let registry = &self.shared().registry;
        let mut drained = std::pin::pin!(async {
            registry.shutting().await;
            registry.emptied().await;
        });
        loop {
            // Each ends with its handshake; the semaphore is never closed.
            let turn = tokio::select! {
                turn = Arc::clone(&handshakes).acquire_owned() => turn,
                () = &mut drained => return Ok(()),
            };
            let Ok(turn) = turn else { return Ok(()) };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = &mut drained => return Ok(()),
            };
            let Ok((stream, from)) = accepted else {
                tokio::time::sleep(BREATH).await;
                continue;
            };
            let server = self.clone();
            connections.spawn(async move {
                let time = server.options().hello_timeout;
                let shaken = tokio::time::timeout(time, server.shake_hands(stream, from)).await;
                drop(turn);
                if let Ok(Some((stream, admission))) = shaken {
                    server.serve_stream(stream, admission).await;
                }
            });
        }
    }

    async fn shake_hands(
        &self,
        stream: TcpStream,
        from: SocketAddr,
    ) -> Option<(TcpStream, Admission)> {
        // Frames go out when they are ready, not when there are enough of them.
        let _ = stream.set_nodelay(true);
        let mut admission = None;
        #[allow(clippy::result_large_err, reason = "the form that is asked for")]
        let answer =
            |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
                let upgrade = Upgrade::from_peer(from.ip()).with_headers(request.headers().clone());
                match self.admit(upgrade) {
                    Ok(admitted) => admission = Some(admitted),
                    Err(refusal) => {
                        let mut refused = ErrorResponse::new(Some(refusal.to_string()));
                        *refused.status_mut() =
                            StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN);
                        return Err(refused);
                    }
                }
                if offers(request.headers()) {
                    let name = HeaderValue::from_static(CHAT_V1);
                    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
                }
                Ok(response)
            };
        let config = socket::config(self.options());
        let shaken = tokio_tungstenite::accept_hdr_async_with_config(stream, answer, Some(config));
        let stream = Box::pin(shaken).await.ok()?.into_inner();
        Some((stream, admission?))
    }
}

/// Whether a client offers the subprotocol. One that offers none is served the same.
pub(crate) fn offers(headers: &HeaderMap) -> bool {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|name| name.trim() == CHAT_V1)
}
