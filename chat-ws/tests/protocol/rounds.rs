//! Many threads, connections that hand on to one another what their commands have told others: nothing is lost or out of its place.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};

use async_trait::async_trait;
use chat_core::{Body, HookResult, Hooks, Identity, RoomId, SayVerdict};
use chat_ws::{Options, Upgrade};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::Barrier;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, protocol::Role};

use crate::support::{Client, Setup, Stand, seconds, soon};

/// Says so many, at the same time as others, and reads until all that everybody says has come: one number behind the other.
async fn talk(mut one: Client, says: u64, all: u64, begin: Arc<Barrier>) -> Client {
    begin.wait().await;
    let sent =
        one.send_all((0..says).map(|at| json!({"do": "say", "room": "a", "body": at}))).await;
    let mut last = None;
    for _ in 0..all {
        let n = one.event("said").await["n"].as_u64().unwrap();
        assert!(last.is_none_or(|last| n == last + 1), "{n} behind {last:?}");
        last = Some(n);
    }
    for each in sent {
        one.reply(each).await;
    }
    one
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_talk_at_once_get_all_of_it_in_one_order() {
    const MEMBERS: u64 = 12;
    const EACH: u64 = 60;
    let stand = Stand::new().await;
    let mut members: Vec<Client> = stand.room_of::<12>("a").await.into();
    let begin = Arc::new(Barrier::new(members.len()));
    for one in &mut members {
        one.events().await;
    }
    let talks: Vec<_> = members
        .into_iter()
        .map(|one| tokio::spawn(talk(one, EACH, MEMBERS * EACH, Arc::clone(&begin))))
        .collect();
    for talk in talks {
        talk.await.unwrap().nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn those_who_go_in_the_middle_of_it_take_nothing_from_the_others() {
    const EACH: u64 = 100;
    let stand = Stand::new().await;
    let mut members: Vec<Client> = stand.room_of::<10>("a").await.into();
    for one in &mut members {
        one.events().await;
    }
    let goers = members.split_off(4);
    let begin = Arc::new(Barrier::new(members.len() + 1));
    let talks: Vec<_> = members
        .into_iter()
        .map(|one| tokio::spawn(talk(one, EACH, 4 * EACH, Arc::clone(&begin))))
        .collect();
    begin.wait().await;
    for (at, mut goer) in goers.into_iter().enumerate() {
        for _ in 0..at * 10 {
            goer.event("said").await;
        }
        goer.vanish();
    }
    for talk in talks {
        // Who has gone is in their grace: no `left` comes in between.
        talk.await.unwrap().nothing().await;
    }
}

/// A stream that does what it is told to at its next write.
struct Odd {
    stream: DuplexStream,
    next: Arc<AtomicU8>,
}

const PANIC: u8 = 1;
const FAIL: u8 = 2;

impl AsyncRead for Odd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Odd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.next.swap(0, Ordering::SeqCst) {
            PANIC => panic!("as it was told to"),
            FAIL => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            _ => Pin::new(&mut self.stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Kim on an ordinary connection and somebody on an odd one in a room; then Kim says something, while the odd stream does this.
async fn beside_an_odd_one(what: u8) {
    let stand = Stand::new().await;
    let [mut kim] = stand.room_of("a").await;
    let (theirs, ours) = tokio::io::duplex(64 * 1024);
    let next = Arc::new(AtomicU8::new(0));
    let odd = Odd { stream: theirs, next: Arc::clone(&next) };
    let admission = stand.server.admit(Upgrade::default()).unwrap();
    let task = tokio::spawn(stand.server.serve_stream(odd, admission));
    let mut client = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
    for text in [r#"{"id":1,"do":"hello"}"#, r#"{"id":2,"do":"join","room":"a"}"#] {
        client.send(Message::text(text)).await.unwrap();
        client.next().await.unwrap().unwrap();
    }
    kim.event("joined").await;
    next.store(what, Ordering::SeqCst);
    kim.ok(json!({"do": "say", "room": "a", "body": 1})).await;
    kim.event("said").await;
    // The odd one ends, and by itself; whoever has said it goes on.
    soon("the odd connection to end", task).await.expect("it does not take its task with it");
    assert!(soon("its client to notice", client.next()).await.is_none_or(|read| read.is_err()));
    kim.ok(json!({"do": "say", "room": "a", "body": 2})).await;
    assert_eq!(stand.server.engine().stats().sessions, 1);
}

#[tokio::test]
async fn what_panics_in_a_visit_ends_the_one_visited_and_nobody_else() {
    beside_an_odd_one(PANIC).await;
}

#[tokio::test]
async fn a_stream_that_fails_in_a_visit_is_not_used_again() {
    beside_an_odd_one(FAIL).await;
}

/// A hook that holds its thread up when `2` is to be said, until it is let go.
struct Blocks(Mutex<mpsc::Receiver<()>>);

#[async_trait]
impl Hooks for Blocks {
    async fn may_say(&self, _: &Identity, _: &RoomId, body: &Body) -> HookResult<SayVerdict> {
        if body.as_bytes() == b"2" {
            let freed = self.0.lock().unwrap().recv_timeout(seconds(20));
            assert!(freed.is_ok(), "what was said before has not come through");
        }
        Ok(SayVerdict::Allow)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_said_before_a_hook_that_blocks_is_there() {
    let (free, freed) = mpsc::sync_channel(1);
    // No timer gives anybody a turn meanwhile.
    let patient = |options: &mut Options| options.hello_timeout = seconds(600);
    let stand = Setup::new().with(patient).with_hooks(Blocks(Mutex::new(freed))).stand().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    kim.send_all([1, 2].map(|body| json!({"do": "say", "room": "a", "body": body}))).await;
    assert_eq!(lee.event("said").await["body"], 1);
    free.send(()).unwrap();
    assert_eq!(lee.event("said").await["body"], 2);
}
