//! Writing what a client is told.

use std::time::Duration;

use bytes::Bytes;
use chat_core::{
    Body, Cursor, Encoding, Entry, Epoch, History, ListChange, ListOp, ListSnapshot, Matched,
    Member, MembersPage, Name, PoolName, Replay, ResetWhy, RoomId, RoomPage, RoomView, SharedEntry,
    Signal, Snapshot, Spoken, UnmatchedWhy, What,
};
use std::sync::LazyLock;

use super::Text;
use crate::frame::Frame;
use crate::refused::Refused;

/// Entries, signals and changes of lists as they are sent.
static WHOLE: LazyLock<Encoding> = LazyLock::new(Encoding::register);
/// Entries as the newest said of a room, where what is long is cut.
static CUT: LazyLock<Encoding> = LazyLock::new(Encoding::register);

/// A body longer than this is cut where it stands for the talk of its room.
const LONGEST_LAST: usize = 512;
/// What is left of a text that is cut, in characters.
const LAST_CHARACTERS: usize = 200;

/// An entry, encoded once however many get it.
pub(crate) fn entry(entry: &SharedEntry) -> Frame {
    Frame::kept(entry.frame(*WHOLE, |entry| encode(entry, None).into_bytes()))
}

/// A signal, encoded once however many get it.
pub(crate) fn signal(signal: &Signal) -> Frame {
    Frame::kept(signal.frame(*WHOLE, |signal| {
        let mut text = Text::with_space(100 + signal.body.len());
        text.object(|o| {
            o.plain("ev", "signal");
            o.plain("room", signal.room.as_str());
            o.str("by", signal.by.as_str());
            body(o, &signal.body);
        });
        text.into_frame().into_bytes()
    }))
}

/// A change of a watched list, encoded once however many watch it.
pub(crate) fn list(change: &ListChange) -> Frame {
    Frame::kept(change.frame(*WHOLE, |change| {
        let mut text = Text::with_space(64 + 300 * change.ops.len());
        text.object(|o| {
            o.plain("ev", "list");
            o.plain("list", change.watched.as_str());
            o.number("version", change.version);
            if let Some(online) = change.online {
                o.number("online", online);
                return;
            }
            o.array("ops", &change.ops, |t, op| {
                t.object(|o| match op {
                    ListOp::Gone(id) => o.plain("gone", id.as_str()),
                    ListOp::At { at, room } => {
                        o.number("at", (*at).into());
                        self::room(o, room);
                    }
                });
            });
        });
        text.into_frame().into_bytes()
    }))
}

fn event(ev: &'static str, space: usize, fields: impl FnOnce(&mut Text)) -> Frame {
    let mut text = Text::with_space(space);
    text.object(|o| {
        o.plain("ev", ev);
        fields(o);
    });
    text.into_frame()
}

/// How many are in a room that only counts.
pub(crate) fn count(room: &RoomId, live: u32) -> Frame {
    event("count", 100, |o| {
        o.plain("room", room.as_str());
        o.number("live", live.into());
    })
}

/// A partner was found.
pub(crate) fn matched(matched: &Matched) -> Frame {
    let snapshot = &matched.snapshot;
    event("matched", 600, |o| {
        o.plain("pool", matched.pool.as_str());
        room(o, &snapshot.room);
        o.str("you", snapshot.you.as_str());
        o.object_in("cursor", |o| cursor(o, &snapshot.cursor));
        members_in(o, &snapshot.members);
        o.array("shared", &matched.shared, |t, tag| t.string(tag.as_str()));
    })
}

/// A connection no longer waits.
pub(crate) fn unmatched(pool: &PoolName, why: UnmatchedWhy) -> Frame {
    event("unmatched", 60, |o| {
        o.plain("pool", pool.as_str());
        o.plain("why", why.as_str());
    })
}

/// Entries were skipped.
pub(crate) fn reset(room: &RoomId, at: &Cursor, why: ResetWhy) -> Frame {
    event("reset", 150, |o| {
        o.plain("room", room.as_str());
        o.object_in("cursor", |o| cursor(o, at));
        o.plain("why", why.as_str());
    })
}

/// The connection was put out of a room.
pub(crate) fn kicked(room: &RoomId) -> Frame {
    event("kicked", 100, |o| o.plain("room", room.as_str()))
}

/// The last word before a close.
pub(crate) fn bye(why: &'static str, retry: Option<Duration>) -> Frame {
    event("bye", 60, |o| {
        o.plain("why", why);
        if let Some(retry) = retry {
            o.number("retry_ms", millis(retry));
        }
    })
}

/// A reply: what was asked for.
pub(crate) fn ok(re: u64, space: usize, fields: impl FnOnce(&mut Text)) -> Frame {
    let mut text = Text::with_space(32 + space);
    text.object(|o| {
        o.number("re", re);
        o.object_in("ok", fields);
    });
    text.into_frame()
}

/// A reply: why not. Without a number where the command had none.
pub(crate) fn err(re: Option<u64>, refused: &Refused) -> Frame {
    let mut text = Text::with_space(160);
    text.object(|o| {
        match re {
            Some(re) => o.number("re", re),
            None => o.raw("re", b"null"),
        }
        error_in(o, refused);
    });
    text.into_frame()
}

/// The field `err`.
pub(crate) fn error_in(o: &mut Text, refused: &Refused) {
    o.object_in("err", |o| {
        o.plain("code", refused.code());
        o.str("message", &refused.message());
        if let Some(field) = refused.field() {
            o.plain("field", field);
        }
        if let Some(why) = refused.why() {
            o.plain("why", why);
        }
        if let Some(room) = refused.room() {
            o.plain("room", room.as_str());
        }
        if let Some(retry) = refused.retry() {
            o.number("retry_ms", millis(retry));
        }
    });
}

/// The fields of the reply to `join`.
pub(crate) fn joined(o: &mut Text, snapshot: &Snapshot, created: bool) {
    room(o, &snapshot.room);
    o.str("you", snapshot.you.as_str());
    o.bool("created", created);
    o.object_in("cursor", |o| cursor(o, &snapshot.cursor));
    members_in(o, &snapshot.members);
    entries_in(o, &snapshot.entries);
    o.bool("resumed", snapshot.replay == Replay::Resumed);
    if let Replay::Lost(why) = snapshot.replay {
        o.plain("why", why.as_str());
    }
}

/// About how many bytes the reply to a `join` takes.
pub(crate) fn space_of(snapshot: &Snapshot) -> usize {
    600 + 80 * snapshot.members.len() + space_for(&snapshot.entries)
}

/// About how many bytes entries take.
pub(crate) fn space_for(entries: &[SharedEntry]) -> usize {
    entries.iter().map(|entry| 200 + entry.said().map_or(0, |said| said.body.len())).sum()
}

/// The fields of the reply to `say`.
pub(crate) fn spoken(o: &mut Text, spoken: &Spoken) {
    o.number("n", spoken.n);
    o.number("at", spoken.at.0);
    o.bool("dup", spoken.duplicate);
}

/// The fields of the reply to `history`.
pub(crate) fn history(o: &mut Text, page: &History) {
    entries_in(o, &page.entries);
    o.bool("more", page.more);
    epoch(o, page.epoch);
    o.number("first", page.first);
}

/// The fields of the reply to `members`.
pub(crate) fn members(o: &mut Text, page: &MembersPage) {
    members_in(o, &page.members);
    o.number("count", page.count.into());
    o.bool("more", page.more);
    o.object_in("cursor", |o| cursor(o, &page.cursor));
}

/// The fields of the reply to `rooms`.
pub(crate) fn rooms(o: &mut Text, page: &RoomPage) {
    rooms_in(o, &page.rooms);
    o.number("total", page.total);
}

/// The fields of the reply to `watch`.
pub(crate) fn watched(o: &mut Text, list: &ListSnapshot) {
    o.plain("list", list.watched.as_str());
    o.number("version", list.version);
    match list.online {
        Some(online) => o.number("online", online),
        None => rooms_in(o, &list.rooms),
    }
}

/// A field that is a room.
pub(crate) fn room(o: &mut Text, room: &RoomView) {
    o.object_in("room", |o| room_info(o, room));
}

/// The fields of a room.
pub(crate) fn room_info(o: &mut Text, room: &RoomView) {
    o.plain("id", room.id.as_str());
    o.plain("kind", room.kind.as_str());
    o.str("title", room.title.as_str());
    o.raw("meta", room.meta.as_ref().map_or(b"{}", Body::as_bytes));
    o.str_or_null("owner", room.owner.as_ref().map(AsRef::as_ref));
    o.number("capacity", room.policy.capacity.into());
    o.number("created", room.created.0);
    o.number("live", room.live.into());
    o.number("visitors", room.visitors.into());
    if room.visitors_capped {
        o.bool("visitors_capped", true);
    }
    match &room.last {
        Some(last) => o.raw("last", newest(last).as_json()),
        None => o.raw("last", b"null"),
    }
}

/// The newest thing said, in full where it is short.
fn newest(last: &SharedEntry) -> Frame {
    match last.said() {
        Some(said) if said.body.len() > LONGEST_LAST => Frame::kept(last.frame(*CUT, |entry| {
            let cut = cut(&said.body);
            encode(entry, Some(&cut)).into_bytes()
        })),
        _ => entry(last),
    }
}

/// What is left of a long body: a text's beginning; of anything else nothing, since part of it would mean something else.
fn cut(body: &Body) -> Body {
    let text: Option<String> = serde_json::from_slice(body.as_bytes()).ok();
    match text {
        Some(text) => Body::text(&text.chars().take(LAST_CHARACTERS).collect::<String>()),
        None => Body::json(&b"null"[..]),
    }
}

fn encode(entry: &Entry, cut: Option<&Body>) -> Frame {
    let said = entry.said().map_or(0, |said| said.body.len());
    let mut text = Text::with_space(200 + cut.map_or(said, Body::len));
    text.object(|o| {
        let ev = match &entry.what {
            What::Said(_) => "said",
            What::Joined { .. } => "joined",
            What::Left { .. } => "left",
            What::Renamed { .. } => "renamed",
            What::Closed { .. } => "closed",
            // A kind that came after this was written: its number still moves the cursor.
            _ => "other",
        };
        o.plain("ev", ev);
        o.plain("room", entry.room.as_str());
        o.number("n", entry.n);
        o.number("at", entry.at.0);
        match &entry.what {
            What::Said(said) => {
                o.str_or_null("by", said.by.as_ref().map(AsRef::as_ref));
                o.str_or_null("name", said.name.as_ref().map(Name::as_str));
                body(o, cut.unwrap_or(&said.body));
                if let Some(key) = &said.key {
                    o.str("key", key.as_str());
                }
                if cut.is_some() {
                    o.bool("cut", true);
                }
            }
            What::Joined { user, name, live } => {
                o.str("user", user.as_str());
                o.str("name", name.as_str());
                o.number("live", (*live).into());
            }
            What::Left { user, name, live, why } => {
                o.str("user", user.as_str());
                o.str("name", name.as_str());
                o.number("live", (*live).into());
                o.plain("why", why.as_str());
            }
            What::Renamed { user, name } => {
                o.str("user", user.as_str());
                o.str("name", name.as_str());
            }
            What::Closed { why } => o.plain("why", why.as_str()),
            _ => {}
        }
    });
    text.into_frame()
}

fn body(o: &mut Text, body: &Body) {
    o.raw("body", body.as_bytes());
}

fn epoch(o: &mut Text, epoch: Epoch) {
    o.plain("epoch", &epoch.to_string());
}

/// The fields of a cursor.
pub(crate) fn cursor(o: &mut Text, cursor: &Cursor) {
    epoch(o, cursor.epoch);
    o.number("n", cursor.n);
    if let Some(at) = cursor.at {
        o.number("at", at.0);
    }
}

/// The fields of a member.
pub(crate) fn member(o: &mut Text, member: &Member) {
    o.str("user", member.user.as_str());
    o.str("name", member.name.as_str());
    o.number("since", member.since.0);
}

fn members_in(o: &mut Text, members: &[Member]) {
    o.array("members", members, |t, one| t.object(|o| member(o, one)));
}

fn entries_in(o: &mut Text, entries: &[SharedEntry]) {
    o.array("entries", entries, |t, one| t.value(entry(one).as_json()));
}

fn rooms_in(o: &mut Text, rooms: &[RoomView]) {
    o.array("rooms", rooms, |t, room| t.object(|o| room_info(o, room)));
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// An error by itself, for HTTP.
pub(crate) fn error(refused: &Refused) -> Bytes {
    let mut text = Text::with_space(160);
    text.object(|o| error_in(o, refused));
    text.into_json()
}
