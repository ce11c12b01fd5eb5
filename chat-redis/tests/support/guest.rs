//! A user on an engine of the test itself, with everything that their session was told.

use std::sync::{Arc, Mutex};

use chat_core::{Engine, Event, RoomId, SessionHandle, SharedEntry, User};

use super::program::{line, spec, what};
use super::until;

/// A user with one session, which is read as fast as it comes.
#[derive(Debug)]
pub struct Guest {
    /// What the session can do.
    pub session: SessionHandle,
    heard: Arc<Mutex<Vec<Event>>>,
    _reading: Reading,
}

/// Ends with the guest: then the connection is lost.
#[derive(Debug)]
struct Reading(tokio::task::JoinHandle<()>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Guest {
    /// Connects.
    pub async fn on(engine: &Engine, user: &str) -> Self {
        let mut stream = engine.connect(User::named(user, user)).await.unwrap();
        let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
        let (session, writes) = (stream.handle(), Arc::clone(&heard));
        let reading = tokio::spawn(async move {
            while let Some(event) = stream.next().await {
                writes.lock().unwrap().push(event);
            }
        });
        Self { session, heard, _reading: Reading(reading) }
    }

    /// Connects and joins this room; it is opened if there is none.
    pub async fn in_room(engine: &Engine, user: &str, room: &str) -> Self {
        let guest = Self::on(engine, user).await;
        guest.session.join_or_open(spec(room)).await.unwrap();
        guest
    }

    /// What the session was told, as lines.
    pub fn lines(&self) -> Vec<String> {
        self.heard.lock().unwrap().iter().map(line).collect()
    }

    /// The entries of this room that it was told.
    pub fn entries(&self, room: &RoomId) -> Vec<SharedEntry> {
        let of_room = |event: &Event| match event {
            Event::Entry(entry) if entry.room == *room => Some(Arc::clone(entry)),
            _ => None,
        };
        self.heard.lock().unwrap().iter().filter_map(of_room).collect()
    }

    /// Until it was told a line in which all of these words are.
    pub async fn hears(&self, words: &[&str]) {
        let told = |line: &String| words.iter().all(|word| line.contains(word));
        until(&format!("heard: {words:?}"), async || self.lines().iter().any(told)).await;
    }

    /// How many lines there are in which all of these words are.
    pub fn count(&self, words: &[&str]) -> usize {
        self.lines().iter().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }
}

/// Asserts that nothing is missing between these entries of a room, and nothing comes twice.
pub fn assert_whole(entries: &[SharedEntry]) {
    for two in entries.windows(2) {
        assert_eq!(two[1].n, two[0].n + 1, "behind {} comes {}", what(&two[0]), what(&two[1]));
        assert!(two[1].at >= two[0].at, "time goes on in {}", two[0].room);
    }
}

/// The numbers of what these users have said, in order: `kim-0 kim-1 …`.
pub fn said(entries: &[SharedEntry]) -> Vec<(u64, String)> {
    let body = |entry: &SharedEntry| {
        let text = String::from_utf8_lossy(entry.said()?.body.as_bytes()).into_owned();
        Some((entry.n, text.trim_matches('"').to_owned()))
    };
    entries.iter().filter_map(body).collect()
}
