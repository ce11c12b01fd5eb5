//! Reading rooms without a script: native commands cost Redis a fraction of what the same costs from Lua.
//!
//! What belongs together is read in one transaction, so that it is of one moment. Entries of a log never change, so
//! more of them can be read later: all that has to be compared is the epoch.

use chat_core::store::HistoryPage;
use chat_core::{RoomId, RoomView, SharedEntry};
use redis::{Cmd, Value};

use crate::codec::{self, Corrupt, Record};
use crate::keys::Whose;
use crate::log::Log;
use crate::reply;
use crate::store::RedisStore;

/// The answers to the commands of one transaction, taken one after the other.
#[derive(Debug)]
pub(crate) struct Answers(std::vec::IntoIter<Value>);

impl Answers {
    pub(crate) fn new(answers: Vec<Value>) -> Self {
        Self(answers.into_iter())
    }

    pub(crate) fn value(&mut self) -> Result<Value, Corrupt> {
        self.0.next().ok_or(Corrupt("an answer for each command"))
    }

    /// The record of a room, where there is one. Answers `record_of`.
    pub(crate) fn record(&mut self, room: &RoomId) -> Result<Option<Record>, Corrupt> {
        Record::read(room, &reply::pairs(self.value()?)?)
    }

    /// A room as it is shown, where there is one. Answers `view_of`.
    pub(crate) fn view(&mut self, room: &RoomId) -> Result<Option<(Record, RoomView)>, Corrupt> {
        let record = self.record(room)?;
        let (live, gone) = (reply::number(&self.value()?)?, reply::number(&self.value()?)?);
        let last = reply::stream(self.value()?)?;
        let Some(record) = record else { return Ok(None) };
        let last = entries(&record, last)?.pop();
        let view = record.view(live, gone, last);
        Ok(Some((record, view)))
    }

    /// A part of a stream, as it was read.
    pub(crate) fn stream(&mut self) -> Result<Vec<(u64, bytes::Bytes)>, Corrupt> {
        reply::stream(self.value()?)
    }

    /// A part of both streams, ascending. Answers two commands.
    pub(crate) fn log(&mut self, record: &Record) -> Result<Log, Corrupt> {
        let (said, notices) = (self.stream()?, self.stream()?);
        let (mut said, mut notices) = (entries(record, said)?, entries(record, notices)?);
        for part in [&mut said, &mut notices] {
            if part.first().map(|entry| entry.n) > part.last().map(|entry| entry.n) {
                part.reverse();
            }
        }
        Ok(Log { said, notices }.kept(record))
    }
}

/// Entries of a room's log, as they were read from a stream.
pub(crate) fn entries(
    record: &Record,
    read: Vec<(u64, bytes::Bytes)>,
) -> Result<Vec<SharedEntry>, Corrupt> {
    let entry =
        |(n, bytes): (u64, bytes::Bytes)| codec::read_entry(&record.id, record.epoch, n, &bytes);
    read.into_iter().map(entry).collect()
}

impl RedisStore {
    /// The name of one of a room's keys.
    pub(crate) fn key_of(&self, room: &RoomId, name: &str) -> String {
        let whose = Whose { room: Some(room), pool: None };
        self.layout.key_named(self.layout.shard_of(room), name, whose)
    }

    /// Reads a room's record.
    pub(crate) fn record_of(&self, room: &RoomId) -> Cmd {
        let mut cmd = redis::cmd("HGETALL");
        cmd.arg(self.key_of(room, "ROOM"));
        cmd
    }

    /// Reads a room as it is shown: four commands.
    pub(crate) fn view_of(&self, room: &RoomId) -> Vec<Cmd> {
        let count = |name| {
            let mut cmd = redis::cmd("ZCARD");
            cmd.arg(self.key_of(room, name));
            cmd
        };
        let last = self.backwards(room, "SAID", "+", 1);
        vec![self.record_of(room), count("MEMBERS"), count("VISITORS"), last]
    }

    /// Reads a stream of a room from its newest entry, or from below one, backwards.
    pub(crate) fn backwards(&self, room: &RoomId, name: &str, from: &str, count: u64) -> Cmd {
        let mut cmd = redis::cmd("XREVRANGE");
        cmd.arg(self.key_of(room, name)).arg(from).arg("-").arg("COUNT").arg(count);
        cmd
    }

    /// Reads a stream of a room from an entry on.
    pub(crate) fn forwards(&self, room: &RoomId, name: &str, from: &str, count: u64) -> Cmd {
        let mut cmd = redis::cmd("XRANGE");
        cmd.arg(self.key_of(room, name)).arg(from).arg("+").arg("COUNT").arg(count);
        cmd
    }

    /// Reads what is needed for everything after entry `n`, that one included: two commands.
    pub(crate) fn log_from(&self, room: &RoomId, n: u64, max: u32) -> Vec<Cmd> {
        let (from, count) = (clip(n).to_string(), u64::from(max) + 2);
        ["SAID", "NOTICES"].map(|name| self.forwards(room, name, &from, count)).into()
    }

    /// Reads what is needed for a page of history: two commands.
    pub(crate) fn log_page(&self, room: &RoomId, page: HistoryPage) -> Vec<Cmd> {
        let all = self.options.notices.max(1) as u64;
        let (from, limit, on) = match page {
            HistoryPage::Newest { limit } => ("+".to_owned(), limit, false),
            // An id below the first is no id. Without the second part it would stand for all that begin with the first.
            HistoryPage::Before { n, limit } => (format!("({}-0", clip(n).max(1)), limit, false),
            HistoryPage::After { n, limit } => (format!("({}-0", clip(n)), limit, true),
        };
        let read = |name, count| {
            if on {
                self.forwards(room, name, &from, count)
            } else {
                self.backwards(room, name, &from, count)
            }
        };
        vec![read("SAID", u64::from(limit) + 1), read("NOTICES", all)]
    }
}

/// A number that a client has sent, within what Redis takes as the id of an entry.
fn clip(n: u64) -> u64 {
    n.min(1 << 62)
}
