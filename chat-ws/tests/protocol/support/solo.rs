//! A [`Peer`] by itself: no socket, and what time it is says the test.

use std::task::{Context, Waker};
use std::time::Duration;

use chat_ws::{Admission, Close, Outgoing, Peer, Server, Upgrade};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::check_frame;

pub(crate) struct Solo {
    pub(crate) peer: Peer,
    pub(crate) out: Outgoing,
    pub(crate) now: Instant,
    next: u64,
}

impl Solo {
    pub(crate) fn of(server: &Server) -> Self {
        Self::admitted(server, server.admit(Upgrade::default()).unwrap())
    }

    /// One that was let in already.
    pub(crate) fn admitted(server: &Server, admission: Admission) -> Self {
        let peer = server.peer(admission);
        Self { peer, out: Outgoing::default(), now: Instant::now(), next: 1 }
    }

    /// One that has said hello.
    pub(crate) fn guest(server: &Server) -> Self {
        let mut solo = Self::of(server);
        solo.ok(json!({"do": "hello"}));
        solo
    }

    /// Sends a text; everything that comes of it at once.
    pub(crate) fn text(&mut self, text: &str) -> Vec<Value> {
        self.peer.receive(text, self.now, &mut self.out);
        self.poll()
    }

    /// Sends a command, numbered; everything that comes of it at once.
    pub(crate) fn tell(&mut self, mut command: Value) -> Vec<Value> {
        command["id"] = self.next.into();
        self.next += 1;
        self.text(&command.to_string())
    }

    /// Sends a command that is answered at once; the reply.
    pub(crate) fn ask(&mut self, command: Value) -> Value {
        let re = self.next;
        let mut frames = self.tell(command);
        let at = frames.iter().position(|frame| frame["re"] == re).expect("a reply at once");
        frames.swap_remove(at)
    }

    /// Sends a command that is carried out at once.
    pub(crate) fn ok(&mut self, command: Value) -> Value {
        let mut reply = self.ask(command);
        assert!(reply.get("ok").is_some(), "{reply}");
        reply["ok"].take()
    }

    /// Sends a command that is refused at once; the error.
    pub(crate) fn err(&mut self, command: Value) -> Value {
        let mut reply = self.ask(command);
        assert!(reply.get("err").is_some(), "{reply}");
        reply["err"].take()
    }

    /// Lets it do what there is to be done, and takes what there is to be sent.
    pub(crate) fn poll(&mut self) -> Vec<Value> {
        self.poll_unread();
        self.take()
    }

    /// Lets it do what there is to be done, for a client that does not read.
    pub(crate) fn poll_unread(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        self.peer.poll(&mut cx, self.now, &mut self.out);
    }

    /// Takes what waits to be sent.
    pub(crate) fn take(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.out.next_frame())
            .map(|frame| {
                let frame = serde_json::from_slice(frame.as_json()).expect("JSON");
                check_frame(&frame);
                frame
            })
            .collect()
    }

    /// Lets time pass, and wakes it when it wants to be woken.
    pub(crate) fn pass(&mut self, time: Duration) -> Vec<Value> {
        let until = self.now + time;
        let mut frames = Vec::new();
        while let Some(at) = self.peer.wake_at().filter(|at| *at <= until) {
            assert!(
                at > self.now || self.peer.is_closed(),
                "it wants to be woken at once, for ever"
            );
            self.now = at;
            frames.extend(self.poll());
        }
        self.now = until;
        frames
    }

    pub(crate) fn close(&self) -> Option<Close> {
        self.out.close()
    }
}
