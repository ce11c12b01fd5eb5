//! What is kept, as bytes: the only file that knows these forms. [`FORMAT`] is their version, which all nodes of a store
//! must share.
//!
//! Ids and numbers are written so that Redis orders them as the engine does; texts are divided by a zero, which none of
//! them can hold (what is said comes last, and may hold anything).
//!
//! | | |
//! |---|---|
//! | writer | 16 bytes: node, incarnation, both big-endian |
//! | session | 24 bytes: writer, connection |
//! | epoch | 16 hexadecimal digits |
//! | time | milliseconds since 1970, decimal |
//! | what of a room never changes | `epoch kind created policy` |
//! | policy | `capacity presence grace history idle empty max_age`, presence 0 (log) or 1 (count), times in ms, 0 for never |
//! | the two of a pair room | `user \0 alias \0 name \0 user \0 alias \0 name` |
//! | entry, in a log and on a channel | a letter, its time, `\0`, and: `s` said: `by \0 name \0 key \0 body`; `j` joined: `user \0 name \0 live`; `l` left: the same `\0 why`; `r` renamed: `user \0 name`; `c` closed: `why` |
//! | member | `user \0 since \0 name` |
//! | mail | a letter, and: `P` proposed: session, match (16 digits), `pool \0 room \0 user`; `M` matched: session, `pool \0 room`, `\0 tag` for each; `U` unmatched: session, `why \0 pool`; `K` kicked: `room \0`, sessions; `D` disconnect: `why \0 user` |
//! | ticket, match, blocks of a user | MessagePack, by the scripts alone: `lua/lib/ticket.lua` and `blocks.lua` say what is in each |
//! | last partners of a user | `user`, or `user \0 user`, the newest first |
//! | a session's or ticket's place in the index | writer, and: `r` in a room: `room \0`, connection; `p` a ticket: `pool \0 user` |
//! | news of a room | `e` epoch, number, `\0`, entry; `s` session, `user \0 body`; `c` the number of users has changed |
//!
//! Fields of a room's record:
//!
//! | | |
//! |---|---|
//! | `p` `t` `x` `o` `w` | what never changes, see above; title; meta; owner; the two of a pair room |
//! | `n` `a` | the head: number and time of the newest entry |
//! | `y` `s` | when something was last said; since when nobody is in |
//! | `z` `i` | why it has closed; how the life before this one ended: `epoch n at why` |
//! | `v` `l` | until when the number of visitors is a lower bound; when it last fell |
//! | `g` `f` | the two generations of keys: since when the fresh one is it, and which one |
//!
//! Fields of a shard's book:
//!
//! | | |
//! |---|---|
//! | `t` `c` | the time last seen; what is added to the server's |
//! | `s` `u` | when something was last reaped; until when nobody is judged |
//! | `v` `w` | versions of the lists: by who is there and what there is; by what was said |
//! | `i` `m` `r` | the last incarnation; how much mail there was; how many rooms there are |
//! | `W` writer | a life that goes on: `until online` |
//! | `D` writer | a life that was ended, of which nobody has been told yet |
//!
//! Fields of a pool's record: `n` arrivals so far; `g` `w` the two generations of last partners: which one is young, and since
//! when; `d` the pool's deadline.
//!
//! What cannot be read is [`Corrupt`], with what it should have been: never a guess, and never a panic.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chat_core::entry::{Entry, Said, SharedEntry, Signal, What};
use chat_core::id::{
    Epoch, Incarnation, Key, MatchId, NodeId, PoolName, RoomId, SessionId, SessionKey, UserId,
    Writer,
};
use chat_core::room::NewRoom;
use chat_core::store::{Due, IndexRow, Mail};
use chat_core::text::{Name, Tag, Title};
use chat_core::time::Timestamp;
use chat_core::{Body, Member, Presence, RoomKind, RoomPolicy, RoomView};

/// The version of all of this.
pub(crate) const FORMAT: u32 = 1;

/// Something that is kept is not of the form that it should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is kept as {0} cannot be read")]
pub(crate) struct Corrupt(pub(crate) &'static str);

type Result<T> = std::result::Result<T, Corrupt>;

/// A writer as it is kept.
pub(crate) fn writer(writer: Writer) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&writer.node.0.to_be_bytes());
    bytes[8..].copy_from_slice(&writer.incarnation.0.to_be_bytes());
    bytes
}

/// A session as it is kept.
pub(crate) fn session(session: SessionKey) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&writer(session.writer));
    bytes[16..].copy_from_slice(&session.session.0.to_be_bytes());
    bytes
}

/// A writer that was kept.
pub(crate) fn read_writer(bytes: &[u8]) -> Result<Writer> {
    let corrupt = Corrupt("a writer");
    let (node, incarnation) = bytes.split_at_checked(8).ok_or(corrupt)?;
    let number = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).map_err(|_| corrupt);
    Ok(Writer { node: NodeId(number(node)?), incarnation: Incarnation(number(incarnation)?) })
}

/// A session that was kept.
pub(crate) fn read_session(bytes: &[u8]) -> Result<SessionKey> {
    let corrupt = Corrupt("a session");
    let (writer, session) = bytes.split_at_checked(16).ok_or(corrupt)?;
    let session = session.try_into().map(u64::from_be_bytes).map_err(|_| corrupt)?;
    Ok(read_writer(writer)?.session(SessionId(session)))
}

/// An epoch as it is kept.
pub(crate) fn epoch(epoch: Epoch) -> String {
    format!("{:016x}", epoch.0)
}

/// An epoch that was kept.
pub(crate) fn read_epoch(bytes: &[u8]) -> Result<Epoch> {
    let corrupt = Corrupt("an epoch");
    let text = std::str::from_utf8(bytes).map_err(|_| corrupt)?;
    u64::from_str_radix(text, 16).map(Epoch).map_err(|_| corrupt)
}

/// A number that was kept in decimal digits.
pub(crate) fn read_number<T: FromStr>(bytes: &[u8], what: &'static str) -> Result<T> {
    let text = std::str::from_utf8(bytes).map_err(|_| Corrupt(what))?;
    text.parse().map_err(|_| Corrupt(what))
}

/// A time that was kept.
pub(crate) fn read_time(bytes: &[u8]) -> Result<Timestamp> {
    read_number(bytes, "a time").map(Timestamp)
}

fn text<'a>(bytes: &'a [u8], what: &'static str) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|_| Corrupt(what))
}

/// An id or a word that was kept.
pub(crate) fn read_word<T: FromStr>(bytes: &[u8], what: &'static str) -> Result<T> {
    text(bytes, what)?.parse().map_err(|_| Corrupt(what))
}

fn read_name(bytes: &[u8]) -> Result<Name> {
    text(bytes, "a name").map(Name::stored)
}

/// A policy as it is kept.
pub(crate) fn policy(policy: &RoomPolicy) -> String {
    let ms = |time: Option<Duration>| time.map_or(0, |time| time.as_millis());
    format!(
        "{} {} {} {} {} {} {}",
        policy.capacity,
        u8::from(policy.presence == Presence::Count),
        policy.grace.as_millis(),
        policy.history,
        ms(policy.idle),
        ms(policy.empty),
        ms(policy.max_age),
    )
}

/// A policy that was kept.
pub(crate) fn read_policy(bytes: &[u8]) -> Result<RoomPolicy> {
    let corrupt = Corrupt("a policy");
    let numbers: Vec<u64> = bytes
        .split(|byte| *byte == b' ')
        .map(|number| read_number(number, "a policy"))
        .collect::<Result<_>>()?;
    let [capacity, presence, grace, history, idle, empty, max_age] = numbers[..] else {
        return Err(corrupt);
    };
    let small = |number: u64| u32::try_from(number).map_err(|_| corrupt);
    let time = |ms| (ms > 0).then(|| Duration::from_millis(ms));
    let mut policy = RoomPolicy::open_room();
    policy.capacity = small(capacity)?;
    policy.presence = if presence == 0 { Presence::Log } else { Presence::Count };
    policy.grace = Duration::from_millis(grace);
    policy.history = small(history)?;
    (policy.idle, policy.empty, policy.max_age) = (time(idle), time(empty), time(max_age));
    Ok(policy)
}

/// An entry that was kept.
pub(crate) fn read_entry(room: &RoomId, epoch: Epoch, n: u64, bytes: &[u8]) -> Result<SharedEntry> {
    const WHAT: &str = "an entry";
    let corrupt = Corrupt(WHAT);
    let (letter, rest) = bytes.split_first().ok_or(corrupt)?;
    let (at, rest) = split(rest).ok_or(corrupt)?;
    let at = read_time(at)?;
    let user = |bytes| read_word::<UserId>(bytes, WHAT);
    let what = match letter {
        b's' => {
            let (by, rest) = split(rest).ok_or(corrupt)?;
            let (name, rest) = split(rest).ok_or(corrupt)?;
            let (key, body) = split(rest).ok_or(corrupt)?;
            What::Said(Said {
                by: (!by.is_empty()).then(|| user(by)).transpose()?,
                name: (!name.is_empty()).then(|| read_name(name)).transpose()?,
                // A copy: a part of what was received would keep all of it.
                body: Body::json(Bytes::copy_from_slice(body)),
                key: (!key.is_empty()).then(|| read_word::<Key>(key, WHAT)).transpose()?,
            })
        }
        b'j' => {
            let (id, rest) = split(rest).ok_or(corrupt)?;
            let (name, live) = split(rest).ok_or(corrupt)?;
            What::Joined { user: user(id)?, name: read_name(name)?, live: read_number(live, WHAT)? }
        }
        b'l' => {
            let (id, rest) = split(rest).ok_or(corrupt)?;
            let (name, rest) = split(rest).ok_or(corrupt)?;
            let (live, why) = split(rest).ok_or(corrupt)?;
            let (live, why) = (read_number(live, WHAT)?, read_word(why, WHAT)?);
            What::Left { user: user(id)?, name: read_name(name)?, live, why }
        }
        b'r' => {
            let (id, name) = split(rest).ok_or(corrupt)?;
            What::Renamed { user: user(id)?, name: read_name(name)? }
        }
        b'c' => What::Closed { why: read_word(rest, WHAT)? },
        _ => return Err(corrupt),
    };
    Ok(Arc::new(Entry::new(room.clone(), epoch, n, at, what)))
}

/// What is before the next zero, and behind it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let zero = bytes.iter().position(|byte| *byte == 0)?;
    Some((&bytes[..zero], &bytes[zero + 1..]))
}

/// A member that was kept.
pub(crate) fn read_member(bytes: &[u8]) -> Result<Member> {
    const WHAT: &str = "a member";
    let (user, rest) = split(bytes).ok_or(Corrupt(WHAT))?;
    let (since, name) = split(rest).ok_or(Corrupt(WHAT))?;
    Ok(Member { user: read_word(user, WHAT)?, name: read_name(name)?, since: read_time(since)? })
}

/// A room's record: its fields as Redis gives them, name and value in turn.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: RoomId,
    pub(crate) epoch: Epoch,
    kind: RoomKind,
    title: Title,
    meta: Option<Body>,
    owner: Option<UserId>,
    pub(crate) policy: RoomPolicy,
    created: Timestamp,
    /// The newest number; 0 before the first.
    pub(crate) head: u64,
    pub(crate) head_at: Timestamp,
    /// Why it closed, where it has.
    pub(crate) closed: Option<chat_core::CloseWhy>,
    capped: bool,
    /// The last entry of the life before this one.
    pub(crate) ended: Option<SharedEntry>,
}

impl Record {
    /// A record that was kept; `None` where there is none.
    pub(crate) fn read(room: &RoomId, fields: &[(Bytes, Bytes)]) -> Result<Option<Self>> {
        if fields.is_empty() {
            return Ok(None);
        }
        const WHAT: &str = "a room's record";
        let corrupt = Corrupt(WHAT);
        let get = |name: &[u8]| fields.iter().find(|(n, _)| n == name).map(|(_, value)| &value[..]);
        let must = |name| get(name).ok_or(corrupt);
        let ended = |bytes: &[u8]| {
            let parts: Vec<&[u8]> = bytes.split(|byte| *byte == b' ').collect();
            let [epoch, n, at, why] = parts[..] else { return Err(corrupt) };
            let what = What::Closed { why: read_word(why, WHAT)? };
            let (epoch, n) = (read_epoch(epoch)?, read_number(n, WHAT)?);
            Ok(Arc::new(Entry::new(room.clone(), epoch, n, read_time(at)?, what)))
        };
        let mut fixed = must(b"p")?.splitn(4, |byte| *byte == b' ');
        let mut part = || fixed.next().ok_or(corrupt);
        let (epoch, kind, created, policy) = (part()?, part()?, part()?, part()?);
        Ok(Some(Self {
            id: room.clone(),
            epoch: read_epoch(epoch)?,
            kind: read_word(kind, WHAT)?,
            title: Title::stored(text(must(b"t")?, WHAT)?),
            meta: get(b"x").map(|meta| Body::json(Bytes::copy_from_slice(meta))),
            owner: get(b"o").map(|owner| read_word(owner, WHAT)).transpose()?,
            policy: read_policy(policy)?,
            created: read_time(created)?,
            head: read_number(must(b"n")?, WHAT)?,
            head_at: read_time(must(b"a")?)?,
            closed: get(b"z").map(|why| read_word(why, WHAT)).transpose()?,
            capped: get(b"v").is_some(),
            ended: get(b"i").map(ended).transpose()?,
        }))
    }

    /// The cursor of somebody who has read everything.
    pub(crate) fn cursor(&self) -> chat_core::Cursor {
        let at = (self.head > 0).then_some(self.head_at);
        chat_core::Cursor { epoch: self.epoch, n: self.head, at }
    }

    /// The room as it is shown, with numbers and newest talk that are kept beside the record.
    pub(crate) fn view(&self, live: u64, gone: u64, last: Option<SharedEntry>) -> RoomView {
        let new = NewRoom {
            id: self.id.clone(),
            kind: self.kind,
            title: self.title.clone(),
            meta: self.meta.clone(),
            owner: self.owner.clone(),
            policy: self.policy.clone(),
        };
        let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let mut view = RoomView::new(&new, Arc::new(new.policy.clone()), self.epoch, self.created);
        (view.live, view.visitors) = (count(live), count(live.saturating_add(gone)));
        view.visitors_capped = self.capped;
        view.last = last;
        view
    }
}

/// Mail that was kept.
pub(crate) fn read_mail(bytes: &[u8]) -> Result<Mail> {
    const WHAT: &str = "mail";
    let corrupt = Corrupt(WHAT);
    let (letter, rest) = bytes.split_first().ok_or(corrupt)?;
    let with_session = || {
        let (bytes, rest) = rest.split_at_checked(24).ok_or(corrupt)?;
        Ok((read_session(bytes)?, rest))
    };
    let pool = |bytes| read_word::<PoolName>(bytes, WHAT);
    let room = |bytes| read_word::<RoomId>(bytes, WHAT);
    Ok(match letter {
        b'P' => {
            let (session, rest) = with_session()?;
            let (which, rest) = rest.split_at_checked(16).ok_or(corrupt)?;
            let which = u64::from_str_radix(text(which, WHAT)?, 16).map_err(|_| corrupt)?;
            let (name, rest) = split(rest).ok_or(corrupt)?;
            let (id, user) = split(rest).ok_or(corrupt)?;
            Mail::Proposed {
                pool: pool(name)?,
                which: MatchId(which),
                room: room(id)?,
                session,
                user: read_word(user, WHAT)?,
            }
        }
        b'M' => {
            let (session, rest) = with_session()?;
            let mut parts = rest.split(|byte| *byte == 0);
            let name = pool(parts.next().ok_or(corrupt)?)?;
            let id = room(parts.next().ok_or(corrupt)?)?;
            let shared = parts.map(|tag| text(tag, WHAT).map(Tag::stored));
            // Scripts know no order of letters but that of the server's language.
            let mut shared = shared.collect::<Result<Vec<_>>>()?;
            shared.sort_unstable();
            Mail::Matched { pool: name, room: id, session, shared }
        }
        b'U' => {
            let (session, rest) = with_session()?;
            let (why, name) = split(rest).ok_or(corrupt)?;
            Mail::Unmatched { pool: pool(name)?, session, why: read_word(why, WHAT)? }
        }
        b'K' => {
            let (id, sessions) = split(rest).ok_or(corrupt)?;
            let sessions = sessions.chunks(24).map(read_session).collect::<Result<_>>()?;
            Mail::Kicked { room: room(id)?, sessions }
        }
        b'D' => {
            let (why, user) = split(rest).ok_or(corrupt)?;
            Mail::Disconnect { user: read_word(user, WHAT)?, why: read_word(why, WHAT)? }
        }
        _ => return Err(corrupt),
    })
}

/// Where a ticket is, from its place in the index: its pool, and whose it is.
pub(crate) fn read_ticket_row(bytes: &[u8]) -> Result<(PoolName, UserId)> {
    const WHAT: &str = "a ticket's place in the index";
    let row = bytes.get(16..).and_then(|row| row.strip_prefix(b"p"));
    let (pool, user) = row.and_then(split).ok_or(Corrupt(WHAT))?;
    Ok((read_word(pool, WHAT)?, read_word(user, WHAT)?))
}

/// What a room's readers are told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum News {
    Entry(SharedEntry),
    Signal(Arc<Signal>),
    Count,
}

/// News of a room, as they come on its channel.
pub(crate) fn read_news(room: &RoomId, bytes: &[u8]) -> Result<News> {
    const WHAT: &str = "news of a room";
    let corrupt = Corrupt(WHAT);
    let (letter, rest) = bytes.split_first().ok_or(corrupt)?;
    Ok(match letter {
        b'e' => {
            let (epoch, rest) = rest.split_at_checked(16).ok_or(corrupt)?;
            let (n, entry) = split(rest).ok_or(corrupt)?;
            News::Entry(read_entry(room, read_epoch(epoch)?, read_number(n, WHAT)?, entry)?)
        }
        b's' => {
            let (session, rest) = rest.split_at_checked(24).ok_or(corrupt)?;
            let (user, body) = split(rest).ok_or(corrupt)?;
            let body = Body::json(Bytes::copy_from_slice(body));
            let (user, session) = (read_word(user, WHAT)?, read_session(session)?);
            News::Signal(Arc::new(Signal::new(room.clone(), user, session, body)))
        }
        b'c' if rest.is_empty() => News::Count,
        _ => return Err(corrupt),
    })
}

/// A session in a room: the writer, `r`, the room, a zero, and the connection.
pub(crate) fn read_index_row(row: &[u8]) -> Result<IndexRow> {
    let corrupt = Corrupt("a row of the index");
    let rest = row.get(17..).ok_or(corrupt)?;
    let (room, session) = rest.split_at_checked(rest.len().wrapping_sub(9)).ok_or(corrupt)?;
    let session = session[1..].try_into().map(u64::from_be_bytes).map_err(|_| corrupt)?;
    Ok(IndexRow { room: read_word(room, "a row of the index")?, session: SessionId(session) })
}

/// A name that is due.
pub(crate) fn read_due(bytes: &[u8]) -> Result<Due> {
    const WHAT: &str = "a name that is due";
    let (letter, rest) = bytes.split_first().ok_or(Corrupt(WHAT))?;
    Ok(match letter {
        b'r' => Due::Room(read_word(rest, WHAT)?),
        b'p' => Due::Pool(read_word(rest, WHAT)?),
        b'n' => Due::Node(read_writer(rest)?),
        _ => return Err(Corrupt(WHAT)),
    })
}

#[cfg(test)]
mod tests;
