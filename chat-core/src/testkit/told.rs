//! Logs as short lines, so that a case can be read beside what it expects.

use crate::entry::{Entry, SharedEntry, What};

/// What each entry tells, one line each: `joined kim 1`, `said kim hello`, `left kim 0 lost`, `renamed kim Kimmy`,
/// `closed idle`; the site itself speaks as `-`.
#[must_use]
pub fn told(entries: &[SharedEntry]) -> Vec<String> {
    entries.iter().map(|entry| line(entry)).collect()
}

/// The numbers of entries.
#[must_use]
pub fn numbers(entries: &[SharedEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.n).collect()
}

fn line(entry: &Entry) -> String {
    match &entry.what {
        What::Said(said) => {
            let by = said.by.as_ref().map_or("-", |by| by.as_str());
            let body = String::from_utf8_lossy(said.body.as_bytes()).into_owned();
            format!("said {by} {}", body.trim_matches('"'))
        }
        What::Joined { user, live, .. } => format!("joined {user} {live}"),
        What::Left { user, live, why, .. } => format!("left {user} {live} {why}"),
        What::Renamed { user, name } => format!("renamed {user} {name}"),
        What::Closed { why } => format!("closed {why}"),
    }
}
