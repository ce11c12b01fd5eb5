//! chat.v1 over a transport of one's own: a line of text for each frame, over plain TCP.
//!
//! Everything of the protocol is in the [`Peer`]; a transport reads, writes, and waits for both. Nobody can say a body with a line
//! break here; where others come over WebSocket, too, lines would have to be escaped. Run it, and type what one
//! would send over WebSocket:
//!
//! ```sh
//! cargo run -p chat-serving-examples --example tcp_lines
//! nc 127.0.0.1 8002
//! {"id":1,"do":"hello","name":"Kim"}
//! {"id":2,"do":"join","room":"lobby","create":{"title":"Lobby"}}
//! {"id":3,"do":"say","room":"lobby","body":"hello"}
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;

use chat_core::Engine;
use chat_ws::{Options, Outgoing, Peer, Server, Upgrade};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// One connection, until either side ends it. The peer's drop is the loss of it.
async fn serve(mut peer: Peer, socket: TcpStream, longest: u64) -> io::Result<()> {
    let (from, mut to) = socket.into_split();
    let (mut from, mut line, mut out) = (BufReader::new(from), Vec::new(), Outgoing::default());
    loop {
        // Bounded, so that no line fills the memory. What was read of one is kept if the other branch comes first.
        let left = longest.saturating_sub(line.len() as u64);
        let mut rest = (&mut from).take(left);
        tokio::select! {
            () = peer.ready(&mut out) => {}
            read = rest.read_until(b'\n', &mut line), if peer.wants_more(&out) => {
                if read? == 0 && left > 0 {
                    return Ok(());
                }
                if line.last() == Some(&b'\n') {
                    let text = std::mem::take(&mut line);
                    match std::str::from_utf8(&text) {
                        Ok(text) => peer.receive(text.trim_end(), Instant::now(), &mut out),
                        Err(_) => peer.broken(&mut out),
                    }
                } else if line.len() as u64 == longest {
                    peer.too_large(&mut out);
                }
            }
        }
        // Everything that waits goes out in one write.
        let mut text = Vec::new();
        while let Some(frame) = out.next_frame() {
            text.extend_from_slice(frame.as_json());
            text.push(b'\n');
        }
        to.write_all(&text).await?;
        if let Some(close) = out.close() {
            return to.write_all(format!("closed: {}\n", close.code()).as_bytes()).await;
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    // There are no pings on this transport: TCP itself has to notice who is gone.
    let options = Options { ping: None, ..Options::default() };
    let longest = options.frame as u64 + 1;
    let server = Server::builder(Engine::in_memory()).with_options(options).build();
    let at = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8002".to_owned());
    let listener = TcpListener::bind(at).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (socket, from) = listener.accept().await?;
        if let Ok(admission) = server.admit(Upgrade::from_peer(from.ip())) {
            tokio::spawn(serve(server.peer(admission), socket, longest));
        }
    }
}
