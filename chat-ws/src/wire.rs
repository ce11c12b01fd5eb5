//! What the engine hands out, as chat.v1 writes it: for whatever shows the same things elsewhere.
//!
//! A binding for another language, a log, a page made on a server: who reads JSON of this crate reads one form of it, whichever way it
//! came. Texts of entries, signals and changes of lists are made once and kept with what they tell, as for connections;
//! taking one again copies nothing.
//!
//! ```
//! # use chat_core::{Body, CloseWhy, Entry, Epoch, RoomId, Said, Timestamp, What};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let said = Said { by: None, name: None, body: Body::text("hello"), key: None };
//! let entry = Entry::new(RoomId::new("rust")?, Epoch(1), 7, Timestamp(1_800_000_000_000), What::Said(said));
//! assert_eq!(
//!     chat_ws::wire::entry(&entry.into()),
//!     r#"{"ev":"said","room":"rust","n":7,"at":1800000000000,"by":null,"name":null,"body":"hello"}"#
//! );
//! # Ok(()) }
//! ```

use bytes::Bytes;
use chat_core::{
    Cursor, Event, History, ListSnapshot, Member, MembersPage, RoomPage, RoomView, SharedEntry,
    Snapshot, Spoken,
};

use crate::close::Close;
use crate::frame::Frame;
use crate::json::{Text, write};

/// An event, as a connection is told it; `bye` says why. `None` for kinds that came after this crate.
#[must_use]
pub fn event(event: &Event) -> Option<Frame> {
    Some(match event {
        Event::Entry(entry) => write::entry(entry),
        Event::Signal(signal) => write::signal(signal),
        Event::Count { room, live } => write::count(room, *live),
        Event::Matched(matched) => write::matched(matched),
        Event::Unmatched { pool, why } => write::unmatched(pool, *why),
        Event::List(change) => write::list(change),
        Event::Reset { room, cursor, why } => write::reset(room, cursor, *why),
        Event::Kicked { room } => write::kicked(room),
        Event::Bye { why } => write::bye(Close::from(*why).as_str(), None),
        // Something that came after this was written.
        _ => return None,
    })
}

/// An entry of a room's log.
#[must_use]
pub fn entry(entry: &SharedEntry) -> Bytes {
    write::entry(entry).json()
}

/// A room: the wire's `RoomInfo`.
#[must_use]
pub fn room(room: &RoomView) -> Bytes {
    object(400, |o| write::room_info(o, room))
}

/// Rows of a list of rooms, as the reply to `rooms`.
#[must_use]
pub fn room_page(page: &RoomPage) -> Bytes {
    object(40 + 300 * page.rooms.len(), |o| write::rooms(o, page))
}

/// A page of what was said, as the reply to `history`.
#[must_use]
pub fn history(page: &History) -> Bytes {
    object(100 + write::space_for(&page.entries), |o| write::history(o, page))
}

/// A page of members, as the reply to `members`.
#[must_use]
pub fn members(page: &MembersPage) -> Bytes {
    object(100 + 80 * page.members.len(), |o| write::members(o, page))
}

/// Somebody in a room.
#[must_use]
pub fn member(member: &Member) -> Bytes {
    object(80, |o| write::member(o, member))
}

/// A list at the moment from which it is watched, as the reply to `watch`.
#[must_use]
pub fn list_snapshot(list: &ListSnapshot) -> Bytes {
    object(60 + 300 * list.rooms.len(), |o| write::watched(o, list))
}

/// A room as of one moment, as the reply to `join`. `created` is whether this join opened it.
#[must_use]
pub fn snapshot(snapshot: &Snapshot, created: bool) -> Bytes {
    object(write::space_of(snapshot), |o| write::joined(o, snapshot, created))
}

/// What became of something said, as the reply to `say`.
#[must_use]
pub fn spoken(spoken: &Spoken) -> Bytes {
    object(60, |o| write::spoken(o, spoken))
}

/// How far somebody has read a room's log.
#[must_use]
pub fn cursor(cursor: &Cursor) -> Bytes {
    object(80, |o| write::cursor(o, cursor))
}

/// A text of its own that is one object.
fn object(space: usize, fields: impl FnOnce(&mut Text)) -> Bytes {
    let mut text = Text::with_space(space);
    text.object(fields);
    text.into_json()
}
