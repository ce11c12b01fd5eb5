//! From HTTP to WebSocket.

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The answer to an upgrade that came in one piece, if it is one.
pub(super) fn answer(request: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(request).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    if !lines.next()?.starts_with("GET ") {
        return None;
    }
    let mut key = None;
    let mut protocol = "";
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("sec-websocket-key") {
            key = Some(derive_accept_key(value.trim().as_bytes()));
        } else if name.eq_ignore_ascii_case("sec-websocket-protocol")
            && value.split(',').any(|offered| offered.trim() == "chat.v1")
        {
            protocol = "Sec-WebSocket-Protocol: chat.v1\r\n";
        }
    }
    Some(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n{protocol}\r\n",
        key?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        let request = b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, chat.v1\r\nSec-WebSocket-Version: 13\r\n\r\n";
        let answer = answer(request).unwrap();
        assert!(answer.starts_with("HTTP/1.1 101 "));
        assert!(answer.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert!(answer.ends_with("\r\nSec-WebSocket-Protocol: chat.v1\r\n\r\n"));
    }

    #[test]
    fn what_is_no_upgrade_gets_none() {
        for request in
            ["", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nSec-WebSocket-Key: x"]
        {
            assert_eq!(answer(request.as_bytes()), None, "{request:?}");
        }
    }
}
