//! A watched list as a client keeps it: a snapshot, and the changes to it, one after the other.

use std::rc::Rc;

use serde::Deserialize;

use super::fault::Fault;

/// A list at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    version: u64,
    limit: usize,
    pub(super) rows: Vec<Row>,
}

/// A room, as far as its place in a list of `live` depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Row {
    pub(super) id: Box<str>,
    pub(super) live: u32,
    pub(super) visitors: u32,
}

/// What leads from one version to the next.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    version: u64,
    ops: Vec<Op>,
}

#[derive(Debug, Deserialize)]
struct Op {
    gone: Option<Box<str>>,
    at: Option<usize>,
    room: Option<Row>,
}

#[derive(Deserialize)]
struct Snapshot {
    #[serde(default)]
    version: u64,
    rooms: Vec<Row>,
}

impl Listed {
    /// Of the answer to `watch`, or to `rooms`, which has no version.
    pub(super) fn read(text: &str, limit: usize) -> Result<Self, Fault> {
        let Snapshot { version, rooms } = serde_json::from_str(text).map_err(Fault::NotChat)?;
        Ok(Self { version, limit, rows: rooms })
    }

    /// Makes the next version of it: false, and nothing done, where the change does not lead on from this one.
    pub(super) fn apply(&mut self, change: &Change) -> bool {
        if change.version != self.version + 1 {
            return false;
        }
        self.version = change.version;
        let named = |row: &Row| {
            change.ops.iter().any(|op| {
                let id = op.gone.as_ref().or(op.room.as_ref().map(|room| &room.id));
                id == Some(&row.id)
            })
        };
        self.rows.retain(|row| !named(row));
        // They come in ascending order.
        for (at, room) in change.rows() {
            self.rows.insert(at.min(self.rows.len()), room.clone());
        }
        self.rows.truncate(self.limit);
        true
    }
}

impl Change {
    /// The rows that are put in, and where.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, &Row)> {
        self.ops.iter().filter_map(|op| Some((op.at?, op.room.as_ref()?)))
    }
}

/// Reads changes. All who watch one list are sent the same text, which is read once.
#[derive(Debug, Default)]
pub(super) struct Changes {
    last: Option<(String, Rc<Change>)>,
}

impl Changes {
    pub(super) fn read(&mut self, text: &str) -> Result<Rc<Change>, Fault> {
        if let Some((last, change)) = &self.last
            && last == text
        {
            return Ok(Rc::clone(change));
        }
        let change = Rc::new(serde_json::from_str(text).map_err(Fault::NotChat)?);
        self.last = Some((text.to_owned(), Rc::clone(&change)));
        Ok(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(rooms: &[(&str, u32)]) -> Listed {
        let row = |&(id, live): &(&str, u32)| Row { id: id.into(), live, visitors: live };
        Listed { version: 41, limit: 3, rows: rooms.iter().map(row).collect() }
    }

    fn change(text: &str) -> Rc<Change> {
        Changes::default().read(text).unwrap()
    }

    #[test]
    fn a_change_leads_to_the_next_version() {
        let mut live = list(&[("a", 9), ("b", 5), ("c", 2)]);
        let up = r#"{"ev":"list","list":"live","version":42,"ops":[{"gone":"b"},
            {"at":0,"room":{"id":"c","live":10,"visitors":10,"title":"C"}},
            {"at":2,"room":{"id":"d","live":1,"visitors":1}}]}"#;
        assert!(live.apply(&change(up)));
        assert_eq!(live, Listed { version: 42, ..list(&[("c", 10), ("a", 9), ("d", 1)]) });
        let full = r#"{"version":43,"ops":[{"at":0,"room":{"id":"e","live":11,"visitors":11}}]}"#;
        assert!(live.apply(&change(full)));
        assert_eq!(live.rows, list(&[("e", 11), ("c", 10), ("a", 9)]).rows, "cut to its limit");
    }

    #[test]
    fn a_hole_is_seen() {
        let mut live = list(&[("a", 9)]);
        let text = r#"{"version":43,"ops":[{"gone":"a"}]}"#;
        assert!(!live.apply(&change(text)) && live == list(&[("a", 9)]));
        let again = r#"{"version":41,"ops":[]}"#;
        assert!(!live.apply(&change(again)));
    }

    #[test]
    fn another_text_is_read_anew() {
        let mut changes = Changes::default();
        let first = changes.read(r#"{"version":2,"ops":[]}"#).unwrap();
        let same = changes.read(r#"{"version":2,"ops":[]}"#).unwrap();
        assert!(Rc::ptr_eq(&first, &same));
        assert_eq!(changes.read(r#"{"version":3,"ops":[]}"#).unwrap().version, 3);
        assert!(changes.read("{}").is_err());
    }

    #[test]
    fn snapshots_are_read_with_a_version_and_without() {
        let rooms = r#"[{"id":"a","live":9,"visitors":9,"last":null}]"#;
        let watched = format!(r#"{{"list":"live","version":41,"rooms":{rooms}}}"#);
        assert_eq!(Listed::read(&watched, 3).unwrap(), list(&[("a", 9)]));
        let page = format!(r#"{{"rooms":{rooms},"total":1}}"#);
        assert_eq!(Listed::read(&page, 3).unwrap().rows, list(&[("a", 9)]).rows);
    }
}
