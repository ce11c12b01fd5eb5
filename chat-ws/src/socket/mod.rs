//! WebSocket frames on a stream, around a [`Peer`].
//!
//! Reading is tungstenite's: frames, masks, fragments, the answers to pings and closes. Writing is ours, since what is sent is
//! ready: everything that waits goes out in one call. tungstenite's own answers are put among it at the boundary of a frame.
//!
//! ```text
//!  its own task: reads, works, hands out, writes ──┐
//!                                                  ├─ one at a time ─▶ Connection: Peer, Outgoing, stream
//!  others' turns: hand out, write (a visit) ───────┘      (link)
//!    whom a turn tells of something is noted down, and visited behind it (round)
//! ```
//!
//! *Guarantees*: one flush for all that is new; the read half is looked at when it has something, not at each outgoing wake.
//! *Under pressure*: see [`Peer`] and [`Outgoing`]. *How it ends*: with the client's close, with ours (sent if that can be done within
//! 5 s, and read behind so that it is not lost), or with the stream.

mod link;
mod pipe;
mod readable;
mod round;

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::has_budget_remaining;
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error as WsError, Message, error::ProtocolError};

use self::link::Owned;
use self::pipe::Pipe;
use self::readable::Readable;
use crate::close::Close;
use crate::options::Options;
use crate::outgoing::Outgoing;
use crate::peer::{Listening, Peer};
use crate::server::{Admission, Server};

/// What is read at a time, and held per connection: a tenth of what an idle one costs. Commands are short, and nearly all come in one
/// read; the longest body takes 32.
const READ_BUFFER: usize = 512;
/// Frames taken before others have their turn.
const FRAMES_AT_ONCE: usize = 32;
/// Pieces handed to the system at a time.
const SLICES: usize = 64;
/// What is copied together rather than handed over in pieces: a few small frames, a reply and the entry it is about, are copied in less
/// time than the system takes to look at a list of them. All, for streams that take only one piece.
const TOGETHER: usize = 4 * 1024;
/// How long the last word may take.
const LAST_WORD: Duration = Duration::from_secs(5);
/// How long a client may take to hang up behind it.
const HANG_UP: Duration = Duration::from_secs(1);

thread_local! {
    /// Where it is copied together.
    static TOGETHER_HERE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Server {
    /// Serves one stream on which the upgrade to WebSocket was answered already, until it ends.
    ///
    /// Dropping it is losing the connection.
    ///
    /// What others say may be written to the stream by *their* connections, right behind their turn: `poll_write` and `poll_flush` are then
    /// called on another thread than that of this future, one call at a time and with this future's waker. They must not block.
    pub fn serve_stream<S>(
        &self,
        stream: S,
        admission: Admission,
    ) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.serve_begun(stream, Bytes::new(), admission)
    }

    /// As [`Server::serve_stream`], where some of what the client sends behind its request was read with it.
    ///
    /// No `async fn`: those keep what they were given beside what they made of it, for as long as they run.
    pub(crate) fn serve_begun<S>(
        &self,
        stream: S,
        read: Bytes,
        admission: Admission,
    ) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection =
            Owned::new(Connection::new(stream, read, self.options(), self.peer(admission)));
        async move {
            let mut sleep = pin!(tokio::time::sleep_until(far(Instant::now())));
            std::future::poll_fn(|cx| {
                connection.turn(|connection, news| connection.poll(cx, news, sleep.as_mut()))
            })
            .await;
        }
    }
}

pub(crate) fn config(options: &Options) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(64 * 1024)
        .max_message_size(Some(options.frame))
        .max_frame_size(Some(options.frame))
}

struct Connection<S> {
    stream: S,
    context: WebSocketContext,
    readable: Arc<Readable>,
    read_waker: Waker,
    peer: Peer,
    out: Outgoing,
    phase: Phase,
    /// When it had its last turn.
    now: Instant,
    /// The waker of the session's events, which is its link's.
    told: Waker,
    /// Who polls, as far as the read half and the timer know.
    waker: Option<Waker>,
    /// When the timer wakes it.
    wakes_at: Option<Instant>,
}

#[derive(Clone, Copy)]
enum Phase {
    Open,
    /// The client has closed, or is gone; what it had asked for is still carried out, until then at the latest.
    Finishing {
        until: Instant,
    },
    /// The last frames are on their way; until then at the latest.
    Ending {
        until: Instant,
    },
    /// Everything was sent: reads until the client hangs up, since closing a socket with something unread in it would take the
    /// last frame back.
    HangingUp {
        until: Instant,
    },
}

/// Nothing to read, for now; or the end.
enum Took {
    Everything,
    /// There may be more.
    Some,
    TheEnd,
}

impl<S> Connection<S> {
    fn new(stream: S, read: Bytes, options: &Options, peer: Peer) -> Self {
        let config = config(options);
        let context = if read.is_empty() {
            // Nothing in it is still a part of the buffer that the request was read into: 8 kB, for as long as it is held.
            drop(read);
            WebSocketContext::new(Role::Server, Some(config))
        } else {
            WebSocketContext::from_partially_read(read.into(), Role::Server, Some(config))
        };
        let readable = Arc::new(Readable::default());
        Self {
            stream,
            context,
            read_waker: Waker::from(Arc::clone(&readable)),
            readable,
            peer,
            out: Outgoing::default(),
            phase: Phase::Open,
            now: Instant::now(),
            told: Waker::noop().clone(),
            waker: None,
            wakes_at: None,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        news: &AtomicBool,
        mut sleep: Pin<&mut Sleep>,
    ) -> Poll<()> {
        // Once for the life of a task, as a rule: telling them is not free, and this comes with each message.
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.readable.wakes(cx.waker());
            self.waker = Some(cx.waker().clone());
            self.wakes_at = None;
        }
        loop {
            let now = Instant::now();
            self.now = now;
            let done = match self.phase {
                Phase::Open => self.poll_open(cx, news, now),
                Phase::Finishing { until } if now >= until => Poll::Ready(Step::Over),
                Phase::Finishing { .. } => self.peer.poll_finish(cx).map(|()| Step::Over),
                Phase::Ending { until } => self.poll_ending(cx, now, until),
                Phase::HangingUp { until } if now >= until => Poll::Ready(Step::Over),
                Phase::HangingUp { .. } => self.poll_hanging_up(cx),
            };
            match done {
                Poll::Ready(Step::Over) => return Poll::Ready(()),
                Poll::Ready(Step::Again) => continue,
                Poll::Pending => {}
            }
            let wake_at = match self.phase {
                Phase::Open => self.peer.wake_at(),
                Phase::Finishing { until }
                | Phase::Ending { until }
                | Phase::HangingUp { until } => Some(until),
            };
            let wake_at = wake_at.unwrap_or_else(|| far(now));
            // A timer that is too early finds out; only one that is too late, or that was, has to be set.
            if self.wakes_at.is_some_and(|at| now < at && at <= wake_at) {
                return Poll::Pending;
            }
            sleep.as_mut().reset(wake_at);
            // A task that has used up its turn is not heard by the timer either, and asks again.
            self.wakes_at = has_budget_remaining().then_some(wake_at);
            ready!(sleep.as_mut().poll(cx));
        }
    }

    fn poll_open(&mut self, cx: &mut Context<'_>, news: &AtomicBool, now: Instant) -> Poll<Step> {
        let mut more = false;
        if self.readable.is_set() && self.peer.wants_more(&self.out) {
            self.readable.clear();
            match self.take(now) {
                Took::Everything => {}
                Took::Some => {
                    self.readable.set();
                    more = true;
                }
                Took::TheEnd => return self.hear_the_end(cx, now),
            }
        }
        let listening = Listening { waker: &self.told, news: Some(news) };
        self.peer.poll_listening(cx, &listening, now, &mut self.out);
        if self.out.take_ping() {
            const PING: &[u8] = &[0x89, 0];
            self.out.push_bytes(Bytes::from_static(PING));
        }
        if let Some(close) = self.out.close() {
            self.out.push_bytes(close_frame(close));
            self.phase = Phase::Ending { until: now + LAST_WORD };
            return Poll::Ready(Step::Again);
        }
        let was_full = self.out.held() >= self.peer.waiting();
        match self.poll_write(cx) {
            Poll::Ready(Err(_)) => return Poll::Ready(Step::Over),
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        let has_room = was_full && self.out.held() < self.peer.waiting();
        // What was not read because of commands that were under way, or of what waited.
        let reads_on = self.readable.is_set() && self.peer.wants_more(&self.out);
        if has_room || (reads_on && !more) {
            return Poll::Ready(Step::Again);
        }
        if more {
            // There is more to read, but others are to have their turn.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Sends what the session has been told of, for somebody else's turn. `false` where that takes a turn of its own: there is more to it,
    /// or the client is slow and waited for.
    fn hand_out(&mut self, news: &AtomicBool, now: Instant) -> bool {
        if !matches!(self.phase, Phase::Open) || !self.out.is_empty() {
            return false;
        }
        // Taken and put back: to clone it is to write to what the task's own thread writes to.
        let Some(waker) = self.waker.take() else { return false };
        let handed_out = self.hand_out_as(&waker, news, now);
        self.waker = Some(waker);
        handed_out
    }

    fn hand_out_as(&mut self, waker: &Waker, news: &AtomicBool, now: Instant) -> bool {
        let listening = Listening { waker: &self.told, news: Some(news) };
        self.peer.hand_out(&listening, now, &mut self.out);
        if self.out.close().is_some() || self.out.held() >= self.peer.waiting() {
            return false;
        }
        match self.poll_write(&mut Context::from_waker(waker)) {
            // What is left goes out when the stream takes it: of that its task is told.
            Poll::Ready(Ok(())) | Poll::Pending => true,
            Poll::Ready(Err(_)) => {
                // As in a turn of its own it is over, and that need not be said twice.
                self.phase = Phase::Ending { until: now };
                false
            }
        }
    }

    /// Reads frames and hands them over.
    fn take(&mut self, now: Instant) -> Took {
        let mut read_cx = Context::from_waker(&self.read_waker);
        for _ in 0..FRAMES_AT_ONCE {
            if !self.peer.wants_more(&self.out) {
                return Took::Some;
            }
            let mut pipe = Pipe { stream: &mut self.stream, cx: &mut read_cx, out: &mut self.out };
            match self.context.read(&mut pipe) {
                Ok(Message::Text(text)) => self.peer.receive(&text, now, &mut self.out),
                Ok(Message::Binary(_)) => self.peer.receive_binary(now, &mut self.out),
                Ok(Message::Close(_)) => return Took::TheEnd,
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => self.peer.alive(now),
                Err(WsError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Took::Everything;
                }
                Err(WsError::Capacity(_)) => self.peer.too_large(&mut self.out),
                Err(WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                    return Took::TheEnd;
                }
                Err(WsError::Protocol(_) | WsError::Utf8(_)) => self.peer.broken(&mut self.out),
                Err(_) => return Took::TheEnd,
            }
        }
        Took::Some
    }

    /// The client has closed, or is gone: the answer to its close is sent if it can be at once.
    fn hear_the_end(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Step> {
        let mut read_cx = Context::from_waker(&self.read_waker);
        let mut pipe = Pipe { stream: &mut self.stream, cx: &mut read_cx, out: &mut self.out };
        let _ = self.context.flush(&mut pipe);
        let _ = self.poll_write(cx);
        let _ = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.phase = Phase::Finishing { until: now + LAST_WORD };
        Poll::Ready(Step::Again)
    }

    fn poll_ending(&mut self, cx: &mut Context<'_>, now: Instant, until: Instant) -> Poll<Step> {
        if now >= until {
            return Poll::Ready(Step::Over);
        }
        if ready!(self.poll_write(cx)).is_err() {
            return Poll::Ready(Step::Over);
        }
        if ready!(Pin::new(&mut self.stream).poll_shutdown(cx)).is_err() {
            return Poll::Ready(Step::Over);
        }
        self.phase = Phase::HangingUp { until: now + HANG_UP };
        Poll::Ready(Step::Again)
    }

    fn poll_hanging_up(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        let mut bytes = [0; 1024];
        loop {
            let mut unread = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut unread));
            if read.is_err() || unread.filled().is_empty() {
                return Poll::Ready(Step::Over);
            }
        }
    }

    /// Writes as much as the stream takes.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.is_empty() {
            return Pin::new(&mut self.stream).poll_flush(cx);
        }
        let mut all = 0;
        let result = loop {
            if self.out.is_empty() {
                break Pin::new(&mut self.stream).poll_flush(cx);
            }
            let written = match write_some(&mut self.stream, &self.out, cx) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => written,
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Pending => break Poll::Pending,
            };
            all += written;
            self.out.advance(written);
        };
        self.peer.sent(all);
        result
    }
}

/// What a phase says.
enum Step {
    Again,
    Over,
}

fn write_some<S: AsyncWrite + Unpin>(
    stream: &mut S,
    out: &Outgoing,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let stream = Pin::new(stream);
    if out.len() == 1 {
        return stream.poll_write(cx, out.front());
    }
    let mut slices = [IoSlice::new(&[]); SLICES];
    let count = out.slices(&mut slices);
    let slices = &slices[..count];
    let all: usize = slices.iter().map(|slice| slice.len()).sum();
    if all > TOGETHER && stream.is_write_vectored() {
        return stream.poll_write_vectored(cx, slices);
    }
    if out.front().len() >= TOGETHER {
        return stream.poll_write(cx, out.front());
    }
    let mut together = TOGETHER_HERE.take();
    for slice in slices {
        if together.len() + slice.len() > TOGETHER {
            break;
        }
        together.extend_from_slice(slice);
    }
    let written = stream.poll_write(cx, &together);
    together.clear();
    TOGETHER_HERE.set(together);
    written
}

fn close_frame(close: Close) -> Bytes {
    let reason = close.as_str().as_bytes();
    let mut frame = Vec::with_capacity(4 + reason.len());
    // A reason is a word: its length fits.
    frame.extend_from_slice(&[0x88, 2 + reason.len() as u8]);
    frame.extend_from_slice(&close.code().to_be_bytes());
    frame.extend_from_slice(reason);
    frame.into()
}

/// As good as never.
fn far(now: Instant) -> Instant {
    now + Duration::from_secs(24 * 3600)
}
