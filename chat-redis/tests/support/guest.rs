//! A user on an engine of the test itself, with everything that their session was told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chat_core::store::{Backend, Resumed};
use chat_core::{Cursor, Engine, Error, Event, RoomId, SessionHandle, SharedEntry, User};
use chat_testing::{PATIENCE, until};
use tokio::task::JoinHandle;

use super::program::{line, spec, what};

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
        let begun = Instant::now();
        while !self.lines().iter().any(told) {
            assert!(
                begun.elapsed() < PATIENCE,
                "{words:?} were not heard, but {:#?}",
                self.lines()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
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

/// Somebody who says one thing after the other.
#[derive(Debug)]
pub struct Talker {
    enough: Arc<AtomicBool>,
    acked: Arc<Mutex<Vec<(u64, String)>>>,
    talking: JoinHandle<()>,
}

impl Talker {
    /// Begins to talk: `what-0`, `what-1` and so on, each said until it is answered or refused.
    pub fn start(session: &SessionHandle, room: &RoomId, what: &str) -> Self {
        let (enough, acked) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Vec<_>>>::default());
        let (session, room, what) = (session.clone(), room.clone(), what.to_owned());
        let (stop, noted) = (Arc::clone(&enough), Arc::clone(&acked));
        let talking = tokio::spawn(async move {
            for number in 0.. {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let text = format!("{what}-{number}");
                match session.say(&room, text.as_str()).await {
                    Ok(spoken) => noted.lock().unwrap().push((spoken.n, text)),
                    Err(error @ (Error::Store { .. } | Error::Overloaded)) => {
                        assert_eq!(error.code(), "unavailable", "{error:?}");
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    // Not in the room for the moment: the node comes back.
                    Err(Error::NotMember | Error::NoSuchRoom | Error::RoomClosed { .. }) => {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    Err(other) => panic!("{other:?}"),
                }
            }
        });
        Self { enough, acked, talking }
    }

    /// How much was answered.
    pub fn count(&self) -> usize {
        self.acked.lock().unwrap().len()
    }

    /// Until so many more were answered.
    pub async fn says(&self, more: usize) {
        let enough = self.count() + more;
        until("the talk goes on", async || self.count() >= enough).await;
    }

    /// Everything that was answered, with its number.
    pub async fn finish(self) -> Vec<(u64, String)> {
        self.enough.store(true, Ordering::SeqCst);
        self.talking.await.unwrap();
        self.acked.lock().unwrap().clone()
    }
}

/// The whole log of a room.
pub async fn log(backend: &Backend, room: &RoomId) -> Vec<SharedEntry> {
    let head = backend.rooms.heads(std::slice::from_ref(room)).await.unwrap()[0].unwrap();
    let beginning = Cursor { epoch: head.epoch, n: 0, at: None };
    match backend.rooms.resume(room, beginning, u32::MAX).await.unwrap() {
        Resumed::Entries { entries, .. } => {
            assert_eq!(entries.first().map(|entry| entry.n), Some(1));
            assert_eq!(entries.last().map(|entry| entry.n), Some(head.n));
            assert_whole(&entries);
            entries
        }
        other => panic!("the log of {room} is not whole: {other:?}"),
    }
}

/// Asserts that all of this is in the log under its number, and that nothing was said twice.
pub fn assert_acknowledged(log: &[SharedEntry], acked: &[(u64, String)]) {
    let said = said(log);
    for one in acked {
        assert!(said.contains(one), "{one:?} was acknowledged and is not in the log");
    }
    // What one after the other was said is there one after the other.
    let by = |text: &str| text.rsplit_once('-').map_or("", |(by, _)| by).to_owned();
    let mut last: HashMap<String, u64> = HashMap::new();
    for (n, text) in acked {
        let before = last.insert(by(text), *n).unwrap_or(0);
        assert!(before < *n, "{text:?} is number {n}, and what was said before it is {before}");
    }
    let mut texts: Vec<&str> = said.iter().map(|(_, text)| text.as_str()).collect();
    texts.sort_unstable();
    let all = texts.len();
    texts.dedup();
    assert_eq!(texts.len(), all, "something was written twice");
}
