//! As little of a client as will do: it takes no memory to speak of, and reads only when it is told to.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

pub(crate) struct Client {
    stream: TcpStream,
    /// What was read and not looked at: the end of a frame that is waited for may be the beginning of the next.
    read: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(port: u16) -> Self {
        Self::over(TcpSocket::new_v4().unwrap(), port).await
    }

    /// One that is not going to read. What the system holds for it is not the server's; but a thousand of them are a lot. (Who reads
    /// through so narrow a window waits for the system's timers now and then.)
    pub(crate) async fn deaf(port: u16) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        Self::over(socket, port).await
    }

    async fn over(socket: TcpSocket, port: u16) -> Self {
        let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let request = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut client = Self { stream, read: Vec::new() };
        client.read_until("\r\n\r\n").await;
        client
    }

    /// Sends a text frame, masked with nothing.
    pub(crate) async fn send(&mut self, text: &str) {
        let mut frame = vec![0x81];
        match u16::try_from(text.len()).unwrap() {
            len @ 0..=125 => frame.push(0x80 | len as u8),
            len => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&len.to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).await.unwrap();
    }

    /// Reads until this has come, and right behind it one of these; which.
    pub(crate) async fn read_either<'a>(&mut self, what: &str, then: &[&'a str]) -> &'a str {
        let each: Vec<String> = then.iter().map(|then| format!("{what}{then}")).collect();
        let found = self.read_any(&each).await;
        then[found]
    }

    /// Reads until this has come.
    pub(crate) async fn read_until(&mut self, what: &str) {
        self.read_any(&[what.to_owned()]).await;
    }

    async fn read_any(&mut self, each: &[String]) -> usize {
        let longest = each.iter().map(String::len).max().unwrap();
        let mut bytes = vec![0; 64 * 1024];
        loop {
            for (which, what) in each.iter().enumerate() {
                if let Some(at) = find(&self.read, what.as_bytes()) {
                    self.read.drain(..at + what.len());
                    self.read.shrink_to_fit();
                    return which;
                }
            }
            let read = self.stream.read(&mut bytes).await.unwrap();
            assert!(read > 0, "the connection ended before any of {each:?} came");
            // No more than may be the beginning of one is looked at again.
            let old = self.read.len().saturating_sub(longest);
            self.read.drain(..old);
            self.read.extend_from_slice(&bytes[..read]);
        }
    }
}

fn find(all: &[u8], part: &[u8]) -> Option<usize> {
    all.windows(part.len()).position(|window| window == part)
}
