//! The commands of one connection: which may begin, and which are under way.
//!
//! *Guarantees*: commands of one lane are carried out one after the other, in the order in which they came; others side by
//! side. *Under pressure*: it holds as many as it is given, which its peer bounds. *How it ends*: what is under way is
//! dropped with it.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use chat_core::Session;

use crate::command::{Command, Lane};
use crate::frame::Frame;
use crate::refused::Refused;

/// What became of a command.
pub(super) enum Done {
    /// Its reply.
    Reply(Frame),
    /// It was refused.
    Refused(u64, Refused),
    /// Somebody came in.
    Greeted(Box<Session>, Frame),
}

/// A command that is carried out.
pub(super) type Doing = Pin<Box<dyn Future<Output = Done> + Send>>;

#[derive(Default)]
pub(super) struct Work {
    queued: VecDeque<Queued>,
    running: Vec<Running>,
}

struct Queued {
    re: u64,
    lane: Lane,
    command: Command,
}

struct Running {
    lane: Lane,
    seeks: bool,
    doing: Doing,
}

impl Work {
    /// How many commands wait or are under way.
    pub(super) fn len(&self) -> usize {
        self.queued.len() + self.running.len()
    }

    /// Whether a search is under way: a partner that is found meanwhile is told behind its reply.
    pub(super) fn seeks(&self) -> bool {
        self.running.iter().any(|running| running.seeks)
    }

    /// Adds a command behind the others.
    pub(super) fn add(&mut self, re: u64, command: Command) {
        let lane = command.lane();
        self.queued.push_back(Queued { re, lane, command });
    }

    /// Begins each command that has nothing to wait for.
    pub(super) fn begin(&mut self, mut how: impl FnMut(u64, Command) -> Doing) {
        let mut at = 0;
        while at < self.queued.len() {
            let lane = &self.queued[at].lane;
            let waits = self.running.iter().any(|earlier| lane.waits_for(&earlier.lane))
                || self.queued.range(..at).any(|earlier| lane.waits_for(&earlier.lane));
            if waits {
                at += 1;
            } else if let Some(Queued { re, lane, command }) = self.queued.remove(at) {
                let seeks = command.seeks();
                self.running.push(Running { lane, seeks, doing: how(re, command) });
            }
        }
        self.let_go();
    }

    /// The next one that is done.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Done> {
        for at in 0..self.running.len() {
            if let Poll::Ready(done) = self.running[at].doing.as_mut().poll(cx) {
                self.running.remove(at);
                if self.running.is_empty() {
                    self.running = Vec::new();
                }
                return Some(done);
            }
        }
        None
    }

    /// Takes all that wait, not begun.
    pub(super) fn take_queued(&mut self) -> impl Iterator<Item = u64> + use<> {
        std::mem::take(&mut self.queued).into_iter().map(|queued| queued.re)
    }

    /// Most connections do nothing most of the time, and hold nothing then.
    fn let_go(&mut self) {
        if self.queued.is_empty() && self.queued.capacity() > 0 {
            self.queued = VecDeque::new();
        }
    }
}
