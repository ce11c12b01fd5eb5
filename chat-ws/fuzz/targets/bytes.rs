//! Bytes at random behind the upgrade: frames of WebSocket, or what is none.

use chat_core::Engine;
use chat_ws::{Options, Rates, Server, Upgrade};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Sends this in two pieces and hangs up. Whatever it is: no panic, the connection ends, and its place is free again.
pub(crate) fn run(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(async {
        let options = Options { rates: Rates::unlimited(), ..Options::default() };
        let server = Server::builder(Engine::in_memory()).with_options(options).build();
        let Ok(admission) = server.admit(Upgrade::default()) else { return };
        let (ours, theirs) = tokio::io::duplex(4096);
        let client = async move {
            let (mut from, mut to) = tokio::io::split(ours);
            let sends = async move {
                let (first, second) = bytes.split_at(bytes.len() / 2);
                let _ = to.write_all(first).await;
                tokio::task::yield_now().await;
                let _ = to.write_all(second).await;
                let _ = to.shutdown().await;
            };
            let mut answer = Vec::new();
            let reads = from.read_to_end(&mut answer);
            let (_, _) = tokio::join!(sends, reads);
        };
        tokio::join!(server.serve_stream(theirs, admission), client);
        assert_eq!(server.connections(), 0);
    });
}
