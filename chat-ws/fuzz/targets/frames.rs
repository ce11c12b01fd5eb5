//! Lines at random as the frames of a client, straight into its peer.

use std::task::{Context, Waker};

use chat_core::Engine;
use chat_ws::{Options, Outgoing, Rates, Server, Upgrade};
use tokio::time::Instant;

/// Says hello, then each line of this. Whatever it is: no panic; one frame for each reply, and each frame is one text of UTF-8;
/// as many replies as there were lines, until the connection closes.
pub(crate) fn run(bytes: &[u8]) {
    let options = Options { rates: Rates::unlimited(), ..Options::default() };
    let server = Server::builder(Engine::in_memory()).with_options(options).build();
    let Ok(admission) = server.admit(Upgrade::default()) else { return };
    let (mut peer, mut out) = (server.peer(admission), Outgoing::default());
    let mut cx = Context::from_waker(Waker::noop());
    let now = Instant::now();
    let hello = &br#"{"id":0,"do":"hello"}"#[..];
    let (mut asked, mut answered, mut closed) = (0, 0, false);
    for line in std::iter::once(hello).chain(bytes.split(|byte| *byte == b'\n')) {
        match std::str::from_utf8(line) {
            Ok(text) => peer.receive(text, now, &mut out),
            Err(_) => peer.receive_binary(now, &mut out),
        }
        peer.poll(&mut cx, now, &mut out);
        asked += 1;
        while let Some(frame) = out.next_frame() {
            let text = std::str::from_utf8(frame.as_json()).expect("a text");
            assert!(text.starts_with('{') && text.ends_with('}'), "{text}");
            answered += usize::from(text.starts_with(r#"{"re":"#));
        }
        if out.close().is_some() {
            closed = true;
            break;
        }
    }
    // The store in memory answers at once.
    assert!(closed || answered == asked, "{answered} replies for {asked} frames");
    assert!(answered <= asked);
}
