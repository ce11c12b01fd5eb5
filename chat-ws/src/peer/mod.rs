//! One connection, without a socket: text frames in, ready frames and a close code out.
//!
//! ```text
//!  receive(text) ─▶ rate ─▶ json::read ─▶ work: lanes of commands ─▶ session ─▶ engine
//!                                              │ replies                │ events
//!  out ◀──────────────── json::write ◀─────────┴────────────────────────┘
//! ```
//!
//! *Guarantees*: each command gets one reply; commands of one room or pool are carried out in the order in which they came; nothing of a
//! room is put out before the reply to its `join`, or behind that to its `leave`; a partner is told behind the reply to the search.
//! *Under pressure*: it takes no more commands than [`Options::commands`] at a time ([`Peer::wants_more`]), and no more events
//! than fit ([`Options::waiting`]): what waits beyond that stays in the engine as a place in a log. *How it ends*: with a close
//! that it asks for, or by its drop; either way the connection is lost, and its user may come back within the grace.
//!
//! Time is handed in. A transport calls [`Peer::receive`] with each text frame, [`Peer::poll`] whenever it is woken or
//! [`Peer::wake_at`] has come, and sends what is then in [`Outgoing`]. One that has tokio's time around it can leave the waiting to
//! [`Peer::ready`].

mod act;
mod tally;
mod work;

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use chat_core::{Error, Event, Reason, Rest, User};
use tokio::time::Instant;
use tracing::Span;

use self::tally::Tally;
use self::work::{Doing, Done, Somebody, Work};
use crate::close::Close;
use crate::command::{Class, Command};
use crate::json::{read, write};
#[cfg(doc)]
use crate::options::Options;
use crate::outgoing::Outgoing;
use crate::rates::{Used, Verdict};
use crate::refused::Refused;
use crate::registry::{Asked, Place};
use crate::server::{Admission, Shared};
use crate::upgrade::Upgrade;
use crate::wire;

/// Events taken from a session at a time.
const EVENTS_AT_ONCE: usize = 64;

thread_local! {
    /// Where events lie for the moment in which they become frames: connections need none of their own.
    static EVENTS: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
}

/// One connection's side of chat.v1.
pub struct Peer {
    shared: Arc<Shared>,
    place: Place,
    /// What is logged of this connection is logged within it.
    span: Span,
    state: State,
    work: Work,
    used: Used,
    /// When there was a sign of life.
    heard: Instant,
    /// When a ping was asked for since then.
    pinged: Option<Instant>,
    /// Since when as much waits as may, and how much had been taken then.
    stuck: Option<(Instant, u64)>,
    bad_frames: u8,
    /// It closes as soon as what was asked for is answered.
    goes: bool,
    /// Who polls, as far as whoever may wake it from outside knows.
    waker: Option<Waker>,
    /// What was counted and not told yet.
    tally: Tally,
    /// By how much what waits is more than may, as it was told to the others.
    excess: usize,
}

enum State {
    /// Nobody yet. With whom it began, until then.
    New(Box<Newcomer>),
    /// Somebody.
    Open(Box<Somebody>),
    /// Over.
    Closed,
}

struct Newcomer {
    since: Instant,
    /// `hello` is being answered.
    greeting: bool,
    upgrade: Arc<Upgrade>,
    client: Option<IpAddr>,
    /// Who the transport knows it to be.
    known: Option<User>,
}

impl Peer {
    pub(crate) fn new(shared: Arc<Shared>, admission: Admission, now: Instant) -> Self {
        shared.metrics.opened.increment(1);
        shared.metrics.connections.increment(1.0);
        let Admission { place, client, upgrade, user } = admission;
        let newcomer = Newcomer { since: now, greeting: false, upgrade, client, known: user };
        Self {
            shared,
            place,
            span: tracing::debug_span!("connection", session = tracing::field::Empty),
            state: State::New(Box::new(newcomer)),
            work: Work::default(),
            used: Used::new(now),
            heard: now,
            pinged: None,
            stuck: None,
            bad_frames: 0,
            goes: false,
            waker: None,
            tally: Tally::default(),
            excess: 0,
        }
    }

    /// Takes a text frame. Call [`poll`](Self::poll) afterwards.
    pub fn receive(&mut self, text: &str, now: Instant, out: &mut Outgoing) {
        if self.is_closed() {
            return;
        }
        self.alive(now);
        if text.len() > self.shared.options.frame {
            return self.too_large(out);
        }
        let frame = read::frame(text, self.shared.options.depth);
        let class = match &frame {
            Ok(read::Frame { what: Ok(command), .. }) => command.class(),
            _ => Class::Other,
        };
        let verdict = self.used.count(&self.shared.options.rates, class, now);
        let re = frame.as_ref().ok().map(|frame| frame.id);
        match verdict {
            Verdict::Take => {}
            Verdict::Refuse { retry } => {
                self.shared.metrics.rate_limited.increment(1);
                return self.refuse(re, &Refused::RateLimited { retry }, out);
            }
            Verdict::Close => {
                self.shared.metrics.rate_limited.increment(1);
                let retry = self.shared.options.retry.max;
                self.refuse(re, &Refused::RateLimited { retry }, out);
                return self.close(Close::TooFast, out);
            }
        }
        match frame {
            Ok(read::Frame { id, what: Ok(command), .. }) => self.take(id, command, out),
            Ok(read::Frame { id, what: Err(wrong), is_hello }) => {
                let refused = match wrong {
                    _ if self.is_nobody() && !is_hello => Refused::Unauthorized,
                    read::Wrong::Unknown => Refused::Unknown,
                    read::Wrong::Field(invalid) => invalid.into(),
                };
                self.refuse(Some(id), &refused, out);
            }
            Err(read::NotACommand) => self.bad_frame(out),
        }
    }

    /// Takes note of a frame that is no text.
    pub fn receive_binary(&mut self, now: Instant, out: &mut Outgoing) {
        if !self.is_closed() {
            self.alive(now);
            match self.used.count(&self.shared.options.rates, Class::Other, now) {
                Verdict::Close => self.close(Close::TooFast, out),
                _ => self.bad_frame(out),
            }
        }
    }

    /// Takes note of a sign of life: a pong, a ping.
    pub fn alive(&mut self, now: Instant) {
        self.heard = now;
        self.pinged = None;
    }

    /// Ends the connection because of a frame that is larger than allowed.
    pub fn too_large(&mut self, out: &mut Outgoing) {
        self.close(Close::TooLarge, out);
    }

    /// Ends the connection because of what is against the rules of its transport.
    pub fn broken(&mut self, out: &mut Outgoing) {
        self.close(Close::Protocol, out);
    }

    /// Whether it takes another frame now. Where not, the transport leaves it where it is, so that its sender waits.
    #[must_use]
    pub fn wants_more(&self, out: &Outgoing) -> bool {
        let options = &self.shared.options;
        !self.is_closed()
            && !self.goes
            && self.work.len() < options.commands
            && out.held() < options.waiting
    }

    /// Whether it has ended: what is in [`Outgoing`] is the last.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// When to poll again if nothing happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        let options = &self.shared.options;
        let of_state = match &self.state {
            State::Closed => return None,
            State::New(newcomer) => Some(newcomer.since + options.hello_timeout),
            State::Open(_) => options.ping.map(|ping| {
                let next = self.pinged.unwrap_or(self.heard) + ping;
                next.min(self.heard + options.silent)
            }),
        };
        let of_stuck = self.stuck.map(|(since, _)| since + options.stuck);
        of_state.into_iter().chain(of_stuck).min()
    }

    /// Does everything that can be done now, and puts what is to be sent into `out`. The task is woken when there is more to
    /// do; what is due by time is done at [`wake_at`](Self::wake_at).
    pub fn poll(&mut self, cx: &mut Context<'_>, now: Instant, out: &mut Outgoing) {
        let listening = Listening { waker: cx.waker(), news: None };
        self.poll_listening(cx, &listening, now, out);
    }

    /// As [`Peer::poll`], with somebody else to be told of new events than of everything else.
    pub(crate) fn poll_listening(
        &mut self,
        cx: &mut Context<'_>,
        listening: &Listening<'_>,
        now: Instant,
        out: &mut Outgoing,
    ) {
        if self.is_closed() {
            return;
        }
        let _within = self.span.clone().entered();
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.place.remote().wakes(cx.waker());
            self.waker = Some(cx.waker().clone());
        }
        let asked = self.place.remote().asked();
        if asked == Asked::Now {
            return self.close(Close::Drain, out);
        }
        self.goes = asked == Asked::Soon;
        self.look_at_time(now, out);
        self.do_work(cx, out);
        if self.goes && self.work.len() == 0 {
            self.close(Close::Drain, out);
        }
        self.hand_out_events(listening, now, out);
        self.account(out);
    }

    /// Only puts what the session was told of into `out`.
    pub(crate) fn hand_out(&mut self, listening: &Listening<'_>, now: Instant, out: &mut Outgoing) {
        let _within = self.span.clone().entered();
        self.hand_out_events(listening, now, out);
        self.account(out);
    }

    /// Waits until there is something to send, by tokio's time.
    ///
    /// Cancel safe: nothing is lost.
    pub async fn ready(&mut self, out: &mut Outgoing) {
        let far = Duration::from_secs(24 * 3600);
        let mut sleep = pin!(tokio::time::sleep(far));
        std::future::poll_fn(|cx| {
            loop {
                self.poll(cx, Instant::now(), out);
                if !out.is_empty() || out.close().is_some() || out.wants_ping() {
                    return Poll::Ready(());
                }
                let wake_at = self.wake_at().unwrap_or_else(|| Instant::now() + far);
                sleep.as_mut().reset(wake_at);
                ready!(sleep.as_mut().poll(cx));
            }
        })
        .await;
    }

    /// For when the client has gone: carries out what it had asked for before. Nobody hears the replies.
    pub fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut out = Outgoing::default();
        // What is begun is as much as there is room for replies: each time anew.
        while self.work.len() > 0 {
            out.drop_unsent();
            let before = self.work.len();
            self.do_work(cx, &mut out);
            if self.work.len() == before {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// Bytes that may wait.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.options.waiting
    }

    /// Counts what was written.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.tally.bytes += bytes as u64;
        if self.tally.is_due() {
            self.tally.tell(&self.shared.metrics);
        }
    }

    fn is_nobody(&self) -> bool {
        matches!(&self.state, State::New(newcomer) if !newcomer.greeting)
    }

    /// Takes a command that is right as such.
    fn take(&mut self, re: u64, command: Command, out: &mut Outgoing) {
        match (&mut self.state, &command) {
            (State::New(newcomer), Command::Hello { .. }) if !newcomer.greeting => {
                newcomer.greeting = true;
            }
            (_, Command::Hello { .. }) => return self.refuse(Some(re), &Refused::Twice, out),
            (State::New(newcomer), _) if !newcomer.greeting => {
                return self.refuse(Some(re), &Refused::Unauthorized, out);
            }
            _ => {}
        }
        tracing::trace!(verb = command.verb(), "command");
        self.tally.command(&self.shared.metrics);
        self.work.add(re, command);
    }

    fn refuse(&self, re: Option<u64>, refused: &Refused, out: &mut Outgoing) {
        self.shared.metrics.errors.increment(1);
        if let (true, Refused::Engine(error)) = (refused.is_fault(), refused) {
            tracing::warn!(error = error as &dyn std::error::Error, "a command failed");
        }
        out.push(write::err(re, refused));
    }

    fn bad_frame(&mut self, out: &mut Outgoing) {
        self.bad_frames = self.bad_frames.saturating_add(1);
        self.refuse(None, &Refused::NotACommand, out);
        if self.bad_frames >= self.shared.options.bad_frames {
            self.close(Close::Protocol, out);
        }
    }

    fn look_at_time(&mut self, now: Instant, out: &mut Outgoing) {
        let options = &self.shared.options;
        match &self.state {
            State::Closed => {}
            State::New(newcomer) => {
                if now.saturating_duration_since(newcomer.since) >= options.hello_timeout {
                    self.close(Close::NoHello, out);
                }
            }
            State::Open(_) => {
                let Some(ping) = options.ping else { return };
                if self.work.len() >= options.commands {
                    // Nothing is read meanwhile: no sign of life could be seen.
                    self.heard = now;
                }
                if now.saturating_duration_since(self.heard) >= options.silent {
                    self.close(Close::Silent, out);
                } else if now.saturating_duration_since(self.pinged.unwrap_or(self.heard)) >= ping {
                    self.pinged = Some(now);
                    out.ask_ping();
                    self.tally.tell(&self.shared.metrics);
                }
            }
        }
    }

    /// Sees what is done, and begins what may begin, as long as there is room for replies.
    fn do_work(&mut self, cx: &mut Context<'_>, out: &mut Outgoing) {
        while let Some(done) = self.work.poll(cx) {
            self.was_done(done, out);
        }
        let hooks = self.shared.engine.has_hooks();
        while self.work.len() > 0 && out.held() < self.shared.options.waiting {
            let (shared, state) = (&self.shared, &self.state);
            if !self.work.begin(|re, command| begin(shared, state, re, command)) {
                break;
            }
            if let Some(done) = self.work.poll_newest(cx) {
                self.was_done(done, out);
            }
            // A hook may hold the thread up, whatever it should do: what this command has told others is to be with them before the
            // next one is asked about.
            if hooks && self.work.waits() {
                cx.waker().wake_by_ref();
                break;
            }
        }
    }

    fn was_done(&mut self, done: Done, out: &mut Outgoing) {
        match done {
            Done::Reply(frame) => out.push(frame),
            Done::Greeted(somebody, frame) => {
                out.push(frame);
                self.span.record("session", somebody.session.id().0);
                self.state = State::Open(somebody);
            }
            Done::Refused(re, refused) => self.was_refused(re, &refused, out),
        }
    }

    /// One reply may be more than may wait. How much there is of that is bounded over all connections.
    fn account(&mut self, out: &Outgoing) {
        let excess = out.held().saturating_sub(self.shared.options.waiting);
        if excess != self.excess {
            self.shared.excess.fetch_add(excess.wrapping_sub(self.excess), Ordering::Relaxed);
            self.excess = excess;
        }
    }

    fn was_refused(&mut self, re: u64, refused: &Refused, out: &mut Outgoing) {
        self.refuse(Some(re), refused, out);
        if let State::New(newcomer) = &mut self.state
            && std::mem::take(&mut newcomer.greeting)
        {
            // What was sent behind a `hello` that came to nothing was sent by nobody.
            let queued: Vec<u64> = self.work.take_queued().collect();
            queued.into_iter().for_each(|re| self.refuse(Some(re), &Refused::Unauthorized, out));
            if matches!(refused, Refused::Unauthorized) {
                self.close(Close::Unauthorized, out);
            }
        }
    }

    /// Takes events from the session, as many as fit.
    fn hand_out_events(&mut self, listening: &Listening<'_>, now: Instant, out: &mut Outgoing) {
        let State::Open(somebody) = &mut self.state else { return };
        let session = &mut somebody.session;
        if self.work.seeks() {
            return self.look_whether_stuck(now, out);
        }
        // Before it is looked: what comes from here on is news again.
        if let Some(news) = listening.news {
            news.swap(false, Ordering::AcqRel);
        }
        let cx = &mut Context::from_waker(listening.waker);
        let mut bye = None;
        let mut events = EVENTS.take();
        while out.held() < self.shared.options.waiting && bye.is_none() {
            let rest = session.take_some(cx, &mut events, EVENTS_AT_ONCE);
            self.tally.events += events.len() as u64;
            for event in events.drain(..) {
                if let Event::Bye { why } = event {
                    // It closes with it: what is told then is said there.
                    bye = Some(why.into());
                } else if let Some(frame) = wire::event(&event) {
                    out.push(frame);
                }
            }
            match rest {
                Rest::More => {}
                Rest::Nothing => break,
                Rest::Over => bye = bye.or(Some(Close::Gone)),
            }
        }
        EVENTS.set(events);
        if let Some(close) = bye {
            return self.close(close, out);
        }
        self.look_whether_stuck(now, out);
    }

    /// Where as much waits as may, that is no fault as long as some of it is taken now and then.
    fn look_whether_stuck(&mut self, now: Instant, out: &mut Outgoing) {
        match self.stuck {
            _ if out.held() < self.shared.options.waiting => self.stuck = None,
            Some((since, taken)) if taken == out.taken() => {
                if now.saturating_duration_since(since) >= self.shared.options.stuck {
                    self.close(Close::Slow, out);
                }
            }
            _ => self.stuck = Some((now, out.taken())),
        }
    }

    fn close(&mut self, why: Close, out: &mut Outgoing) {
        if self.is_closed() {
            return;
        }
        let options = &self.shared.options;
        let retry = match why {
            Close::Drain => Some(at_random(options.drain_spread)),
            Close::TooFast => Some(options.retry.max),
            _ => None,
        };
        if why == Close::Slow {
            // It comes back and resumes: what it did not take would only be in the way of the word that it has to.
            out.drop_unsent();
        }
        out.push(write::bye(why.as_str(), retry));
        out.set_close(why);
        self.shared.metrics.closed(why);
        tracing::debug!(why = why.as_str(), "closed");
        self.work = Work::default();
        self.state = State::Closed;
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.tally.tell(&self.shared.metrics);
        self.shared.excess.fetch_sub(self.excess, Ordering::Relaxed);
        self.shared.metrics.connections.decrement(1.0);
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New(_) => "new",
            State::Open(_) => "open",
            State::Closed => "closed",
        };
        f.debug_struct("Peer").field("state", &state).finish_non_exhaustive()
    }
}

/// Who is told when the session has events.
pub(crate) struct Listening<'a> {
    pub(crate) waker: &'a Waker,
    /// Set by that waker, and taken back when it is looked for them.
    pub(crate) news: Option<&'a AtomicBool>,
}

/// Begins a command.
fn begin(shared: &Arc<Shared>, state: &State, re: u64, command: Command) -> Doing {
    let refused = |refused| Box::pin(std::future::ready(Done::Refused(re, refused)));
    match (state, command) {
        (State::Open(_), command) if shared.is_too_full_for(&command) => {
            refused(Refused::Engine(Error::Overloaded))
        }
        (State::Open(somebody), Command::Rename(_))
            if somebody.has_account && !shared.options.accounts_rename =>
        {
            let reason = Some(Reason::new("the site knows by what name"));
            refused(Refused::Engine(Error::Forbidden { reason }))
        }
        (State::Open(somebody), command) => act::act(somebody.session.handle(), re, command),
        (State::New(newcomer), Command::Hello { token, name }) => {
            let from = act::Began {
                upgrade: Arc::clone(&newcomer.upgrade),
                client: newcomer.client,
                known: newcomer.known.clone(),
            };
            act::greet(Arc::clone(shared), from, re, token, name)
        }
        // Commands wait for the answer to `hello`, and are refused with it.
        (State::New(_) | State::Closed, _) => refused(Refused::Unauthorized),
    }
}

/// Somewhere within this time.
fn at_random(most: Duration) -> Duration {
    let mut bytes = [0; 4];
    // Without chance, all of it.
    let part = getrandom::fill(&mut bytes).map_or(u32::MAX, |()| u32::from_le_bytes(bytes));
    most.mul_f64(f64::from(part) / f64::from(u32::MAX))
}
