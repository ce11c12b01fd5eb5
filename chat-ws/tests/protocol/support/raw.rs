//! Bytes on a socket, for what no client library would send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::soon;

pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    /// A socket on which nothing was said.
    pub(crate) async fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// An upgraded one that has said hello.
    pub(crate) async fn hello(to: SocketAddr) -> Self {
        let mut raw = Self::open(to).await;
        raw.send(Self::request().as_bytes()).await;
        let answer = raw.head().await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        raw.send(&Self::text(r#"{"id":1,"do":"hello"}"#)).await;
        let (opcode, reply) = raw.frame().await;
        assert!(opcode == 0x81 && reply.starts_with(br#"{"re":1,"ok":"#));
        raw
    }

    /// A request for the upgrade.
    pub(crate) fn request() -> String {
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            .to_owned()
    }

    /// A masked frame with this first byte.
    pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        const MASK: [u8; 4] = [1, 2, 3, 4];
        let mut frame = vec![first];
        match payload.len() {
            len @ 0..=125 => frame.push(0x80 | len as u8),
            len @ 126..=0xffff => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(len as u16).to_be_bytes());
            }
            len => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    /// A text frame.
    pub(crate) fn text(text: &str) -> Vec<u8> {
        Self::masked(0x81, text.as_bytes())
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        soon("a write", self.0.write_all(bytes)).await.unwrap();
    }

    /// The head of an HTTP answer.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = soon("an answer", self.0.read_u8()).await else { break };
            head.push(byte);
        }
        String::from_utf8(head).unwrap()
    }

    /// The next frame: its first byte and what is in it.
    pub(crate) async fn frame(&mut self) -> (u8, Vec<u8>) {
        self.try_frame().await.expect("a frame")
    }

    async fn try_frame(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let first = soon("a frame", self.0.read_u8()).await?;
        let len = match self.0.read_u8().await? {
            126 => u64::from(self.0.read_u16().await?),
            127 => self.0.read_u64().await?,
            len => {
                assert!(len < 126, "a server does not mask");
                len.into()
            }
        };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        soon("the rest of a frame", self.0.read_exact(&mut payload)).await?;
        Ok((first, payload))
    }

    /// The code of the close that comes, with the word before it, after any other frames.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        let mut last = Vec::new();
        loop {
            let (opcode, payload) = self.frame().await;
            if opcode == 0x88 {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                let last = String::from_utf8(last).unwrap();
                return (code, last);
            }
            last = payload;
        }
    }

    /// Waits until the other side has hung up. Everything that still came.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // Reset or closed: it is over either way.
        let _ = soon("the end", self.0.read_to_end(&mut rest)).await;
        rest
    }
}
