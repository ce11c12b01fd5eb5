//! The commands of one connection: which may begin, and which are under way.
//!
//! *Guarantees*: commands of one lane are carried out one after the other, in the order in which they came; others side by
//! side. *Under pressure*: it holds as many as it is given, which its peer bounds. *How it ends*: what is under way is
//! dropped with it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use chat_core::Session;
use smallvec::SmallVec;

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
    Greeted(Box<Somebody>, Frame),
}

/// Who a connection is.
pub(super) struct Somebody {
    pub(super) session: Session,
    /// The host knows them: they were given no token of their own.
    pub(super) has_account: bool,
}

/// A command that is carried out.
pub(super) type Doing = Pin<Box<dyn Future<Output = Done> + Send>>;

/// Commands under way at a time whose replies may be large: they are counted when they are there.
const LARGE_AT_ONCE: usize = 2;

#[derive(Default)]
pub(super) struct Work {
    /// Mostly there is one at a time, or none: that has its place here.
    queued: SmallVec<[Queued; 1]>,
    running: SmallVec<[Running; 1]>,
}

struct Queued {
    re: u64,
    lane: Lane,
    command: Command,
}

struct Running {
    lane: Lane,
    seeks: bool,
    large: bool,
    doing: Doing,
}

impl Work {
    /// How many commands wait or are under way.
    pub(super) fn len(&self) -> usize {
        self.queued.len() + self.running.len()
    }

    /// Whether some have not begun.
    pub(super) fn waits(&self) -> bool {
        !self.queued.is_empty()
    }

    /// Whether a search is under way: a partner that is found meanwhile is told behind its reply.
    pub(super) fn seeks(&self) -> bool {
        self.running.iter().any(|running| running.seeks)
    }

    /// Adds a command behind the others.
    pub(super) fn add(&mut self, re: u64, command: Command) {
        let lane = command.lane();
        self.queued.push(Queued { re, lane, command });
    }

    /// Begins the first command that has nothing to wait for. `false` where there is none.
    pub(super) fn begin(&mut self, how: impl FnOnce(u64, Command) -> Doing) -> bool {
        let large = self.running.iter().filter(|running| running.large).count();
        let next = (0..self.queued.len()).find(|at| {
            let Queued { lane, command, .. } = &self.queued[*at];
            let waits = (large >= LARGE_AT_ONCE && command.is_large())
                || self.running.iter().any(|earlier| lane.waits_for(&earlier.lane))
                || self.queued[..*at].iter().any(|earlier| lane.waits_for(&earlier.lane));
            !waits
        });
        let Some(at) = next else { return false };
        let Queued { re, lane, command } = self.queued.remove(at);
        let (seeks, large) = (command.seeks(), command.is_large());
        self.running.push(Running { lane, seeks, large, doing: how(re, command) });
        self.let_go();
        true
    }

    /// The next one that is done.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Done> {
        (0..self.running.len()).find_map(|at| self.poll_at(at, cx))
    }

    /// What became of the one that was begun last.
    pub(super) fn poll_newest(&mut self, cx: &mut Context<'_>) -> Option<Done> {
        self.running.len().checked_sub(1).and_then(|newest| self.poll_at(newest, cx))
    }

    fn poll_at(&mut self, at: usize, cx: &mut Context<'_>) -> Option<Done> {
        let Poll::Ready(done) = self.running[at].doing.as_mut().poll(cx) else { return None };
        self.running.remove(at);
        if self.running.is_empty() && self.running.spilled() {
            self.running = SmallVec::new();
        }
        Some(done)
    }

    /// Takes all that wait, not begun.
    pub(super) fn take_queued(&mut self) -> impl Iterator<Item = u64> + use<> {
        std::mem::take(&mut self.queued).into_iter().map(|queued| queued.re)
    }

    /// Most connections do nothing most of the time, and hold nothing then.
    fn let_go(&mut self) {
        if self.queued.is_empty() && self.queued.spilled() {
            self.queued = SmallVec::new();
        }
    }
}
