//! A sink that writes down what it is told.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::entry::{SharedEntry, Signal};
use crate::id::RoomId;
use crate::store::Sink;

/// Something that a [`Recorder`] was told.
#[derive(Debug, Clone)]
pub enum Heard {
    /// See [`Sink::entry`].
    Entry(SharedEntry),
    /// See [`Sink::signal`].
    Signal(Arc<Signal>),
    /// See [`Sink::count`].
    Count(RoomId),
    /// See [`Sink::mail`].
    Mail,
    /// See [`Sink::missed`].
    Missed,
}

/// A sink that keeps everything it is told, in order.
///
/// A store may tell its sinks a little later (over a network): what should have come is awaited with
/// [`Recorder::until`], and what should not have come is looked for behind something that has.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Vec<Heard>>);

impl Recorder {
    /// Everything so far.
    #[must_use]
    pub fn all(&self) -> Vec<Heard> {
        self.0.lock().clone()
    }

    /// The entries of a room, as they came.
    #[must_use]
    pub fn entries(&self, room: &RoomId) -> Vec<SharedEntry> {
        let mut entries = Vec::new();
        for heard in self.0.lock().iter() {
            if let Heard::Entry(entry) = heard
                && entry.room == *room
            {
                entries.push(Arc::clone(entry));
            }
        }
        entries
    }

    /// The signals of a room, as they came.
    #[must_use]
    pub fn signals(&self, room: &RoomId) -> Vec<Arc<Signal>> {
        let mut signals = Vec::new();
        for heard in self.0.lock().iter() {
            if let Heard::Signal(signal) = heard
                && signal.room == *room
            {
                signals.push(Arc::clone(signal));
            }
        }
        signals
    }

    /// How often it was told that a room's count has changed.
    #[must_use]
    pub fn counts(&self, room: &RoomId) -> usize {
        self.0.lock().iter().filter(|h| matches!(h, Heard::Count(r) if r == room)).count()
    }

    /// How often it was told that there is mail.
    #[must_use]
    pub fn mails(&self) -> usize {
        self.0.lock().iter().filter(|h| matches!(h, Heard::Mail)).count()
    }

    /// The number of the newest entry of a room, 0 before the first.
    #[must_use]
    pub fn newest(&self, room: &RoomId) -> u64 {
        self.entries(room).last().map_or(0, |entry| entry.n)
    }

    /// Waits until this is so.
    ///
    /// # Panics
    /// Where it does not come about within some seconds.
    pub async fn until(&self, what: &str, is: impl Fn(&Self) -> bool) {
        for _ in 0..5_000 {
            if is(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("the sink was never told: {what}; it was told {:?}", self.all());
    }

    /// Waits until it was told of entry `n` of the room, or a later one.
    pub async fn reaches(&self, room: &RoomId, n: u64) {
        self.until(&format!("entry {n} of {room}"), |sink| sink.newest(room) >= n).await;
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0.lock().clear();
    }
}

impl Sink for Recorder {
    fn entry(&self, entry: &SharedEntry) {
        self.0.lock().push(Heard::Entry(Arc::clone(entry)));
    }

    fn signal(&self, signal: &Arc<Signal>) {
        self.0.lock().push(Heard::Signal(Arc::clone(signal)));
    }

    fn count(&self, room: &RoomId) {
        self.0.lock().push(Heard::Count(room.clone()));
    }

    fn mail(&self) {
        self.0.lock().push(Heard::Mail);
    }

    fn missed(&self) {
        self.0.lock().push(Heard::Missed);
    }
}
