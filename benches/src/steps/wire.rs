//! chat.v1, without a socket.

use std::hint::black_box;
use std::task::{Context, Waker};

use chat_core::{
    Body, Engine, Entry, Epoch, Event, Name, RoomId, Said, SharedEntry, Timestamp, What,
};
use chat_ws::{Options, Outgoing, Peer, Rates, Server, Upgrade, wire};
use tokio::time::Instant;

use super::counted;
use crate::{Bare, now};

const TEXT: &str = "something of an ordinary length";

/// One connection to a server, as a transport sees it.
struct Side {
    peer: Peer,
    out: Outgoing,
}

impl Side {
    #[allow(clippy::expect_used, reason = "a step that is not taken has to stop")]
    fn of(server: &Server) -> Self {
        let admission = server.admit(Upgrade::default()).expect("a place");
        Self { peer: server.peer(admission), out: Outgoing::default() }
    }

    fn receive(&mut self, text: &str, now: Instant) {
        self.peer.receive(text, now, &mut self.out);
        self.poll(now);
    }

    fn poll(&mut self, now: Instant) {
        self.peer.poll(&mut Context::from_waker(Waker::noop()), now, &mut self.out);
    }

    /// Takes what is to be sent; how many frames that is.
    fn sent(&mut self) -> usize {
        std::iter::from_fn(|| self.out.next_frame().map(|frame| drop(black_box(frame)))).count()
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a transport asks for the time, and this stands for one"
)]
fn at() -> Instant {
    Instant::now()
}

fn server() -> Server {
    let options = Options { rates: Rates::unlimited(), ..Options::default() };
    Server::builder(Engine::in_memory()).with_options(options).build()
}

fn say(id: usize) -> String {
    format!(r#"{{"id":{id},"do":"say","room":"room","body":"{TEXT}"}}"#)
}

/// A `say` of somebody who has not come in: it is read whole, and refused in a few words.
pub(super) fn read(times: usize) -> usize {
    let (mut side, at) = (Side::of(&server()), at());
    for n in 0..times {
        let text = say(n);
        counted(&mut || side.peer.receive(&text, at, &mut side.out));
        assert_eq!(side.sent(), 1, "refused");
    }
    times
}

/// What somebody has said becomes a frame, as it does once for all who get it.
pub(super) fn write(times: usize) -> usize {
    let room = Bare::room("room");
    for n in 0..times {
        let event = Event::Entry(said(&room, n as u64));
        counted(&mut || drop(black_box(wire::event(&event))));
    }
    times
}

fn said(room: &RoomId, n: u64) -> SharedEntry {
    let (by, name) = (Some(Bare::user(1)), Some(Name::stored("Somebody")));
    let what = What::Said(Said { by, name, body: Body::text(TEXT), key: None });
    Entry::new(room.clone(), Epoch(1), n, Timestamp(1_800_000_000_000), what).into()
}

/// One of two says something: it is read, appended, answered, and put out to both.
pub(super) fn talk(times: usize) -> usize {
    let (server, at) = (server(), at());
    let spec = chat_core::RoomSpec::public("A room").with_id("room").with_history(50);
    now(server.engine().open(spec));
    let mut sides = [Side::of(&server), Side::of(&server)];
    for side in &mut sides {
        side.receive(r#"{"id":0,"do":"hello"}"#, at);
        side.receive(r#"{"id":1,"do":"join","room":"room"}"#, at);
    }
    let mut talk = |n: usize, counts: bool| {
        let (text, mut frames) = (say(n), 0);
        let mut talk = || {
            let [one, two] = &mut sides;
            one.receive(&text, at);
            two.poll(at);
            frames = one.sent() + two.sent();
        };
        if counts {
            counted(&mut talk)
        } else {
            talk()
        }
        frames
    };
    // Until the log is full and everything was told that came before.
    for n in 0..60 {
        talk(n, false);
    }
    for n in 0..times {
        let frames = talk(n, true);
        assert_eq!(frames, 3, "the reply, and the entry to both");
    }
    times
}
