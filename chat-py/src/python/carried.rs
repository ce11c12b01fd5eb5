//! What a `Peer` holds: chat-ws's side of the connection, from before there is an engine until it is over.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use chat_core::Engine as CoreEngine;
use chat_ws::{Frame, Outgoing, Peer as Spoken, Refusal};
use tokio::time::{Instant, Sleep};

use super::served::{Asked, Made};
use crate::first::Asked as Pending;
use crate::live::{Fault, Live};

/// The close of one that could not begin, by what a client does about it.
const COMES_BACK: (u16, &str) = (4000, "gone");
const STAYS_AWAY: (u16, &str) = (4403, "refused");

/// A connection, and who waits for what it says.
pub(crate) struct Carried {
    pub(crate) phase: Phase,
    pub(crate) out: Outgoing,
    /// Who waits in `aframes`.
    pub(crate) waker: Option<Waker>,
    pub(crate) busy: bool,
    /// The client could not go on, and has not been told that it can.
    pub(crate) full: bool,
    /// When to look again, if nothing happens before.
    pub(crate) sleep: Option<Pin<Box<Sleep>>>,
    /// It was said that there will be nothing any more.
    pub(crate) told: bool,
}

/// How far it is.
pub(crate) enum Phase {
    /// The engine is being made.
    Opening(Box<Opening>),
    Open(Box<Spoken>),
    /// It could not begin.
    Refused(u16, &'static str),
    /// The client has gone.
    Lost,
}

/// Who waits for an engine.
pub(crate) struct Opening {
    pub(crate) made: Arc<Made>,
    pub(crate) engine: Pending<Result<CoreEngine, Fault>>,
    pub(crate) asked: Option<Asked>,
}

impl Carried {
    pub(crate) fn new(phase: Phase) -> Self {
        // One that is being opened takes nothing yet.
        let full = matches!(phase, Phase::Opening(_));
        let (out, waker, sleep) = (Outgoing::default(), None, None);
        Self { phase, out, waker, busy: false, full, sleep, told: false }
    }

    /// Does everything that can be done now.
    pub(crate) fn look(&mut self, live: &Live, cx: &mut Context<'_>) {
        if let Phase::Opening(opening) = &mut self.phase
            && let Poll::Ready(phase) = opening.poll(cx)
        {
            self.phase = phase;
        }
        let Phase::Open(peer) = &mut self.phase else { return };
        loop {
            let now = Instant::now();
            // Whoever carries the frames sees to it that the client is there, and this loop may have been held up.
            peer.alive(now);
            peer.poll(cx, now, &mut self.out);
            self.out.take_ping();
            let Some(at) = peer.wake_at() else { return self.sleep = None };
            let sleep = self.sleep.get_or_insert_with(|| {
                let _context = live.handle().enter();
                Box::pin(tokio::time::sleep_until(at))
            });
            if sleep.deadline() != at {
                sleep.as_mut().reset(at);
            }
            if sleep.as_mut().poll(cx).is_pending() {
                return;
            }
        }
    }

    pub(crate) fn wants_more(&self) -> bool {
        self.phase.wants_more(&self.out)
    }

    pub(crate) fn close(&self) -> Option<(u16, &'static str)> {
        match &self.phase {
            Phase::Refused(code, reason) => Some((*code, reason)),
            _ => self.out.close().map(|close| (close.code(), close.as_str())),
        }
    }

    /// Whether there is something to be said to who waits.
    pub(crate) fn has_news(&mut self) -> bool {
        let wants_more = self.wants_more();
        let again = wants_more && std::mem::replace(&mut self.full, !wants_more);
        again || !self.out.is_empty() || self.is_over()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.close().is_some() || matches!(self.phase, Phase::Lost)
    }

    pub(crate) fn take(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.out.next_frame()).collect()
    }
}

impl Phase {
    pub(crate) fn wants_more(&self, out: &Outgoing) -> bool {
        matches!(self, Self::Open(peer) if peer.wants_more(out))
    }
}

impl Opening {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Phase> {
        let Poll::Ready(engine) = self.engine.poll(cx) else { return Poll::Pending };
        let (Ok(Ok(engine)), Some(asked)) = (engine, self.asked.take()) else {
            return Poll::Ready(Phase::Refused(COMES_BACK.0, COMES_BACK.1));
        };
        Poll::Ready(match self.made.admit(&engine, asked) {
            Ok((served, admission)) => Phase::Open(Box::new(served.peer(admission))),
            Err(Refusal::Origin) => Phase::Refused(STAYS_AWAY.0, STAYS_AWAY.1),
            Err(_) => Phase::Refused(COMES_BACK.0, COMES_BACK.1),
        })
    }
}
