//! What the scenarios share: engines on one store with one clock, and sessions read as short lines.

pub(crate) mod spy;

use std::time::Duration;

use chat_core::{
    Backend, Clock, Engine, EngineBuilder, Event, MemoryStore, RoomId, Session, SharedEntry,
    StoreOptions, Timestamp, User, UserId, What,
};
use futures_util::FutureExt;

/// One store, and the clock that moves it.
pub(crate) struct Stage {
    pub(crate) clock: Clock,
    pub(crate) backend: Backend,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(StoreOptions::default())
    }

    pub(crate) fn with(options: StoreOptions) -> Self {
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        let backend = MemoryStore::backend(clock.clone(), options);
        Self { clock, backend }
    }

    /// An engine on this store, to be changed.
    pub(crate) fn builder(&self) -> EngineBuilder {
        Engine::builder().with_backend(self.backend.clone()).with_clock(self.clock.clone())
    }

    /// Another engine on this store.
    pub(crate) fn engine(&self) -> Engine {
        self.builder().build().unwrap()
    }
}

/// An engine of its own, with a clock that stands still.
pub(crate) fn engine() -> Engine {
    Stage::new().engine()
}

/// Lets time pass for several engines on one store, as if all had been running.
pub(crate) async fn pass(clock: &Clock, engines: &[&Engine], time: Duration) {
    let mut left = time;
    while !left.is_zero() {
        let step = left.min(Duration::from_secs(3));
        clock.advance(step);
        for engine in engines {
            engine.sweep().await;
        }
        left -= step;
    }
}

pub(crate) fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(crate) fn room(id: &str) -> RoomId {
    RoomId::new(id).unwrap()
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

/// A session of a user whose name is their id.
pub(crate) async fn connect(engine: &Engine, id: &str) -> Session {
    engine.connect(User::named(id, id)).await.unwrap()
}

/// Everything that a session has been told and has not taken yet.
pub(crate) fn events(session: &mut Session) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(Some(event)) = session.next().now_or_never() {
        events.push(event);
    }
    events
}

/// The entries among what a session has been told.
pub(crate) fn entries(session: &mut Session) -> Vec<SharedEntry> {
    let entry = |event| match event {
        Event::Entry(entry) => Some(entry),
        _ => None,
    };
    events(session).into_iter().filter_map(entry).collect()
}

/// The same as [`events`], one line each.
pub(crate) fn told(session: &mut Session) -> Vec<String> {
    events(session).iter().map(line).collect()
}

/// Entries, one line each.
pub(crate) fn lines(entries: &[SharedEntry]) -> Vec<String> {
    entries.iter().map(entry_line).collect()
}

/// The numbers of entries.
pub(crate) fn numbers(entries: &[SharedEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.n).collect()
}

pub(crate) fn line(event: &Event) -> String {
    match event {
        Event::Entry(entry) => entry_line(entry),
        Event::Signal(signal) => format!("signal {} {}", signal.by, text(&signal.body)),
        Event::Count { live, .. } => format!("count {live}"),
        Event::Matched(matched) => format!("matched {}", matched.pool),
        Event::Unmatched { pool, why } => format!("unmatched {pool} {}", why.as_str()),
        Event::List(change) => format!("list {}", change.version),
        Event::Reset { cursor, why, .. } => format!("reset {} {}", cursor.n, why.as_str()),
        Event::Kicked { room } => format!("kicked {room}"),
        Event::Bye { why } => format!("bye {}", why.as_str()),
        other => format!("{other:?}"),
    }
}

fn entry_line(entry: &SharedEntry) -> String {
    match &entry.what {
        What::Said(said) => {
            let by = said.by.as_ref().map_or("-", |by| by.as_str());
            format!("said {by} {}", text(&said.body))
        }
        What::Joined { user, live, .. } => format!("joined {user} {live}"),
        What::Left { user, live, why, .. } => format!("left {user} {live} {why}"),
        What::Renamed { user, name } => format!("renamed {user} {name}"),
        What::Closed { why } => format!("closed {why}"),
        other => format!("{other:?}"),
    }
}

pub(crate) fn text(body: &chat_core::Body) -> String {
    String::from_utf8_lossy(body.as_bytes()).trim_matches('"').to_owned()
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(result: chat_core::Result<T>) -> &'static str {
    result.unwrap_err().code()
}
