//! Reading what a client sends.
//!
//! *Guarantees*: what comes out as a [`Command`] has the fields that its verb needs, each of its type and within its bounds,
//! as far as that can be known without the engine. What is wrong is told by the name of the field. Unknown fields are
//! ignored. Nothing recurses, and nothing is copied but what is kept.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use chat_core::{
    Body, Cursor, Epoch, HistoryPage, Invalid, Join, Key, Order, Page, PolicyChange, PoolName,
    Problem, RoomId, RoomKind, RoomSpec, Seek, Timestamp, UserId,
};
use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::value::RawValue;

use super::{depth, plain};
use crate::command::{Command, Listed};

/// The largest number that every reader of JSON keeps exactly.
const LARGEST: u64 = (1 << 53) - 1;

/// A frame that is a command, right or wrong.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The client's own number for it.
    pub(crate) id: u64,
    /// What it asks for.
    pub(crate) what: Result<Command, Wrong>,
    /// Whether that is to come in, be it right or wrong.
    pub(crate) is_hello: bool,
}

/// A command that cannot be carried out.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// Nothing of this name can be done.
    Unknown,
    /// A field is missing or wrong.
    Field(Invalid),
}

impl From<Invalid> for Wrong {
    fn from(invalid: Invalid) -> Self {
        Self::Field(invalid)
    }
}

/// A frame that is no command at all: not a JSON object, nested too deeply, without `id` or `do`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotACommand;

/// Reads one frame. `deepest` is how deep its JSON may be nested.
pub(crate) fn frame(text: &str, deepest: usize) -> Result<Frame, NotACommand> {
    let plain = if deepest > 0 { Fields::plain(text) } else { None };
    let fields = match plain {
        Some(fields) => fields,
        None => Fields::of(text, deepest)?,
    };
    let id = fields.id.ok_or(NotACommand)?;
    let id = whole(id.get()).ok_or(NotACommand)?;
    let verb = fields.verb.and_then(|raw| string(raw.get())).ok_or(NotACommand)?;
    Ok(Frame { id, what: fields.command(&verb), is_hello: verb == "hello" })
}

/// Every field that some command has, not looked into yet.
#[derive(Debug, Default, PartialEq, Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    id: Option<Raw<'a>>,
    #[serde(borrow, rename = "do")]
    verb: Option<Raw<'a>>,
    #[serde(borrow)]
    token: Option<Raw<'a>>,
    #[serde(borrow)]
    name: Option<Raw<'a>>,
    #[serde(borrow)]
    room: Option<Raw<'a>>,
    /// Null is a body too.
    #[serde(borrow, default, deserialize_with = "even_null")]
    body: Option<Raw<'a>>,
    #[serde(borrow)]
    key: Option<Raw<'a>>,
    #[serde(borrow)]
    title: Option<Raw<'a>>,
    #[serde(borrow)]
    kind: Option<Raw<'a>>,
    #[serde(borrow)]
    meta: Option<Raw<'a>>,
    #[serde(borrow)]
    policy: Option<Raw<'a>>,
    #[serde(borrow)]
    create: Option<Raw<'a>>,
    #[serde(borrow)]
    since: Option<Raw<'a>>,
    #[serde(borrow)]
    recent: Option<Raw<'a>>,
    #[serde(borrow)]
    before: Option<Raw<'a>>,
    #[serde(borrow)]
    after: Option<Raw<'a>>,
    #[serde(borrow)]
    limit: Option<Raw<'a>>,
    #[serde(borrow)]
    offset: Option<Raw<'a>>,
    #[serde(borrow)]
    order: Option<Raw<'a>>,
    #[serde(borrow)]
    ids: Option<Raw<'a>>,
    #[serde(borrow)]
    pool: Option<Raw<'a>>,
    #[serde(borrow)]
    tags: Option<Raw<'a>>,
    #[serde(borrow)]
    strict: Option<Raw<'a>>,
}

/// A room that is to be opened.
#[derive(Deserialize)]
struct Spec<'a> {
    #[serde(borrow)]
    title: Option<Raw<'a>>,
    #[serde(borrow)]
    kind: Option<Raw<'a>>,
    #[serde(borrow)]
    meta: Option<Raw<'a>>,
    #[serde(borrow)]
    policy: Option<Raw<'a>>,
}

#[derive(Deserialize)]
struct Policy<'a> {
    #[serde(borrow)]
    capacity: Option<Raw<'a>>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    idle_s: Option<Raw<'a>>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    empty_s: Option<Raw<'a>>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    max_age_s: Option<Raw<'a>>,
    #[serde(borrow)]
    history: Option<Raw<'a>>,
    #[serde(borrow)]
    presence: Option<Raw<'a>>,
    #[serde(borrow)]
    grace_ms: Option<Raw<'a>>,
}

#[derive(Deserialize)]
struct Since<'a> {
    #[serde(borrow)]
    epoch: Option<Raw<'a>>,
    #[serde(borrow)]
    n: Option<Raw<'a>>,
    #[serde(borrow)]
    at: Option<Raw<'a>>,
}

/// Tells a field that is null from one that is not there.
fn even_null<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<Raw<'a>>, D::Error> {
    Raw::deserialize(from).map(Some)
}

/// A value as it is written: JSON that was read as such before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    fn get(self) -> &'a str {
        self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(from).map(|raw| Self(raw.get()))
    }
}

type Field<'a> = Option<Raw<'a>>;

impl<'a> Fields<'a> {
    /// Those of any object.
    fn of(text: &'a str, deepest: usize) -> Result<Self, NotACommand> {
        if !depth::is_within(text, deepest) || !is_object(text) {
            return Err(NotACommand);
        }
        serde_json::from_str(text).map_err(|_| NotACommand)
    }

    /// Those of an object that is written plainly. What is there twice is left to be refused.
    fn plain(text: &'a str) -> Option<Self> {
        let mut fields = Self::default();
        let plain = plain::each_field(text, |name, raw| match fields.place(name) {
            Some(Some(_)) => false,
            Some(place) => {
                *place = Some(Raw(raw));
                true
            }
            None => true,
        });
        plain.then_some(fields)
    }

    fn place(&mut self, name: &str) -> Option<&mut Field<'a>> {
        Some(match name {
            "id" => &mut self.id,
            "do" => &mut self.verb,
            "token" => &mut self.token,
            "name" => &mut self.name,
            "room" => &mut self.room,
            "body" => &mut self.body,
            "key" => &mut self.key,
            "title" => &mut self.title,
            "kind" => &mut self.kind,
            "meta" => &mut self.meta,
            "policy" => &mut self.policy,
            "create" => &mut self.create,
            "since" => &mut self.since,
            "recent" => &mut self.recent,
            "before" => &mut self.before,
            "after" => &mut self.after,
            "limit" => &mut self.limit,
            "offset" => &mut self.offset,
            "order" => &mut self.order,
            "ids" => &mut self.ids,
            "pool" => &mut self.pool,
            "tags" => &mut self.tags,
            "strict" => &mut self.strict,
            _ => return None,
        })
    }

    fn command(&self, verb: &str) -> Result<Command, Wrong> {
        Ok(match verb {
            "hello" => Command::Hello {
                token: optional("token", self.token, text)?,
                name: optional("name", self.name, text)?,
            },
            "ping" => Command::Ping,
            "open" => {
                let spec = Spec {
                    title: self.title,
                    kind: self.kind,
                    meta: self.meta,
                    policy: self.policy,
                };
                let spec = spec.read()?;
                Command::Open(Box::new(match optional("room", self.room, room)? {
                    Some(id) => spec.with_id(id.as_str()),
                    None => spec,
                }))
            }
            "join" => self.join()?,
            "leave" => Command::Leave(self.room()?),
            "say" => Command::Say {
                room: self.room()?,
                body: self.body()?,
                key: optional("key", self.key, key)?,
            },
            "signal" => Command::Signal { room: self.room()?, body: self.body()? },
            "history" => Command::History { room: self.room()?, page: self.history()? },
            "members" => Command::Members {
                room: self.room()?,
                after: optional("after", self.after, user)?,
                limit: at_most("limit", self.limit, 100, 200)?,
            },
            "close" => Command::Close(self.room()?),
            "rename" => Command::Rename(required("name", self.name, text)?),
            "rooms" => self.rooms()?,
            "watch" => match required("order", self.order, listed)? {
                Listed::Online => Command::WatchOnline,
                Listed::Rooms(order) => {
                    Command::Watch(order, at_most("limit", self.limit, 50, 100)?)
                }
            },
            "unwatch" => Command::Unwatch(required("order", self.order, listed)?),
            "match" => {
                let pool = self.pool()?;
                let tags = optional("tags", self.tags, texts)?.unwrap_or_default();
                let seek = Seek::new(pool.as_str()).with_tags(tags);
                let strict = optional("strict", self.strict, boolean)?.unwrap_or(false);
                Command::Match { pool, seek: if strict { seek.strict() } else { seek } }
            }
            "unmatch" => Command::Unmatch(self.pool()?),
            "next" => {
                Command::Next { room: self.room()?, tags: optional("tags", self.tags, texts)? }
            }
            "block" => Command::Block(self.room()?),
            _ => return Err(Wrong::Unknown),
        })
    }

    fn room(&self) -> Result<RoomId, Invalid> {
        required("room", self.room, room)
    }

    fn pool(&self) -> Result<PoolName, Invalid> {
        match optional("pool", self.pool, pool)? {
            Some(pool) => Ok(pool),
            None => PoolName::new("random"),
        }
    }

    /// Anything that is JSON. Copied: a part of the frame would keep all of it in memory.
    fn body(&self) -> Result<Body, Invalid> {
        let raw = self.body.ok_or(Invalid::new("body", Problem::Empty))?;
        Ok(Body::json(Bytes::copy_from_slice(raw.get().as_bytes())))
    }

    fn join(&self) -> Result<Command, Invalid> {
        let room = self.room()?;
        let mut join = Join::room(&room);
        if let Some(raw) = self.create {
            join = join.or_open(object::<Spec<'_>>("create", raw)?.read()?);
        }
        if let Some(raw) = self.since {
            join = join.since(cursor(raw)?);
        }
        // Cut to what the engine gives, by the engine.
        let recent = optional("recent", self.recent, number)?.unwrap_or(50);
        let join = join.recent(u32::try_from(recent).unwrap_or(u32::MAX));
        Ok(Command::Join { room, join: Box::new(join) })
    }

    fn history(&self) -> Result<HistoryPage, Invalid> {
        let limit = at_most("limit", self.limit, 50, 200)?;
        let before = optional("before", self.before, number)?;
        Ok(match (before, optional("after", self.after, number)?) {
            (None, None) => HistoryPage::Newest { limit },
            (Some(n), None) => HistoryPage::Before { n, limit },
            (None, Some(n)) => HistoryPage::After { n, limit },
            (Some(_), Some(_)) => return Err(Invalid::new("after", Problem::Contradiction)),
        })
    }

    fn rooms(&self) -> Result<Command, Invalid> {
        match (self.order, self.ids) {
            (None, Some(ids)) => {
                let ids: Vec<Cow<'_, str>> = serde_json::from_str(ids.get())
                    .map_err(|_| Invalid::new("ids", Problem::Form))?;
                let ids = ids.iter().map(|id| RoomId::new(id));
                let ids: Result<_, Invalid> = ids.collect();
                Ok(Command::RoomsById(ids.map_err(|wrong| Invalid::new("ids", wrong.problem()))?))
            }
            (Some(_), Some(_)) => Err(Invalid::new("ids", Problem::Contradiction)),
            (by, None) => {
                let order = required("order", by, order)?;
                let offset = optional("offset", self.offset, number)?.unwrap_or(0);
                let offset = u32::try_from(offset).unwrap_or(u32::MAX);
                let limit = at_most("limit", self.limit, 50, 100)?;
                Ok(Command::Rooms(order, Page { offset, limit }))
            }
        }
    }
}

impl Spec<'_> {
    fn read(&self) -> Result<RoomSpec, Invalid> {
        let title = required("title", self.title, text)?;
        let kind = optional("kind", self.kind, word::<RoomKind>)?.unwrap_or(RoomKind::Public);
        let mut spec = match kind {
            RoomKind::Public => RoomSpec::public(title),
            RoomKind::Private => RoomSpec::private(title),
            // Only matching makes these.
            RoomKind::Pair => return Err(Invalid::new("kind", Problem::Form)),
        };
        if let Some(raw) = self.meta {
            if !raw.get().starts_with('{') {
                return Err(Invalid::new("meta", Problem::Form));
            }
            spec = spec.with_meta(Body::json(Bytes::copy_from_slice(raw.get().as_bytes())));
        }
        if let Some(raw) = self.policy {
            spec = spec.with_policy(object::<Policy<'_>>("policy", raw)?.read()?);
        }
        Ok(spec)
    }
}

impl Policy<'_> {
    fn read(&self) -> Result<PolicyChange, Invalid> {
        Ok(PolicyChange {
            capacity: small("capacity", self.capacity)?,
            idle: time("idle_s", self.idle_s)?,
            empty: time("empty_s", self.empty_s)?,
            max_age: time("max_age_s", self.max_age_s)?,
            history: small("history", self.history)?,
            presence: optional("presence", self.presence, word)?,
            grace: optional("grace_ms", self.grace_ms, number)?.map(Duration::from_millis),
        })
    }
}

/// A field that has to be there.
fn required<T>(
    field: &'static str,
    raw: Field<'_>,
    read: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<T, Invalid> {
    optional(field, raw, read)?.ok_or(Invalid::new(field, Problem::Empty))
}

/// A field that may be there; null is as if it were not. What is wrong with it is told under its own name.
fn optional<T>(
    field: &'static str,
    raw: Field<'_>,
    read: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<Option<T>, Invalid> {
    raw.map(|raw| read(raw.get())).transpose().map_err(|wrong| Invalid::new(field, wrong.problem()))
}

fn form() -> Invalid {
    Invalid::new("", Problem::Form)
}

/// An array would do as well where fields are read by their place.
fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

fn object<'a, T: Deserialize<'a>>(field: &'static str, raw: Raw<'a>) -> Result<T, Invalid> {
    if !is_object(raw.get()) {
        return Err(Invalid::new(field, Problem::Form));
    }
    serde_json::from_str(raw.get()).map_err(|_| Invalid::new(field, Problem::Form))
}

/// A JSON string, unescaped.
///
/// This and the next are given what was read as JSON before, so that what has nothing special in it need not be read again.
fn string(json: &str) -> Option<Cow<'_, str>> {
    let within = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(within) = within.filter(|within| !within.as_bytes().contains(&b'\\')) {
        return Some(Cow::Borrowed(within));
    }
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Borrowed<'_>>(json).ok().map(|borrowed| borrowed.0)
}

/// A whole number that every reader keeps exactly.
fn whole(json: &str) -> Option<u64> {
    const SURELY_SMALLER: usize = 15;
    if json.len() <= SURELY_SMALLER && json.bytes().all(|byte| byte.is_ascii_digit()) {
        return json.parse().ok();
    }
    serde_json::from_str::<u64>(json).ok().filter(|n| *n <= LARGEST)
}

fn text(json: &str) -> Result<String, Invalid> {
    string(json).map(Cow::into_owned).ok_or_else(form)
}

fn texts(json: &str) -> Result<Vec<String>, Invalid> {
    serde_json::from_str(json).map_err(|_| form())
}

fn boolean(json: &str) -> Result<bool, Invalid> {
    serde_json::from_str(json).map_err(|_| form())
}

fn number(json: &str) -> Result<u64, Invalid> {
    whole(json).ok_or_else(|| {
        // A number, but not one of these: it is told from what is no number at all.
        let is_number = serde_json::from_str::<serde_json::Number>(json).is_ok();
        let range = Problem::OutOfRange { min: 0, max: LARGEST };
        if is_number { Invalid::new("", range) } else { form() }
    })
}

fn room(json: &str) -> Result<RoomId, Invalid> {
    RoomId::new(&string(json).ok_or_else(form)?)
}

fn pool(json: &str) -> Result<PoolName, Invalid> {
    PoolName::new(&string(json).ok_or_else(form)?)
}

fn user(json: &str) -> Result<UserId, Invalid> {
    UserId::new(&string(json).ok_or_else(form)?)
}

fn key(json: &str) -> Result<Key, Invalid> {
    Key::new(&string(json).ok_or_else(form)?)
}

fn word<T: std::str::FromStr<Err = Invalid>>(json: &str) -> Result<T, Invalid> {
    string(json).ok_or_else(form)?.parse()
}

fn order(json: &str) -> Result<Order, Invalid> {
    word(json)
}

fn listed(json: &str) -> Result<Listed, Invalid> {
    match string(json).as_deref() {
        Some("online") => Ok(Listed::Online),
        _ => order(json).map(Listed::Rooms),
    }
}

/// A number of rows: at least one, and cut to the most that is given.
fn at_most(field: &'static str, raw: Field<'_>, if_none: u32, most: u32) -> Result<u32, Invalid> {
    match optional(field, raw, number)? {
        None => Ok(if_none),
        Some(0) => Err(Invalid::new(field, Problem::OutOfRange { min: 1, max: most.into() })),
        Some(rows) => Ok(u32::try_from(rows).map_or(most, |rows| rows.min(most))),
    }
}

/// A number of a policy. Whether it is within the policy's bounds, the engine says; what is larger than it can be asked
/// about is outside of all of them.
fn small(field: &'static str, raw: Field<'_>) -> Result<Option<u32>, Invalid> {
    Ok(optional(field, raw, number)?.map(|n| u32::try_from(n).unwrap_or(u32::MAX)))
}

/// A time of a policy: null is never.
fn time(field: &'static str, raw: Field<'_>) -> Result<Option<Option<Duration>>, Invalid> {
    let Some(raw) = raw else { return Ok(None) };
    if raw.get() == "null" {
        return Ok(Some(None));
    }
    Ok(optional(field, Some(raw), number)?.map(|s| Some(Duration::from_secs(s))))
}

/// A cursor. An epoch that was not made here is one that no room has: opaque to the client, and no error.
fn cursor(raw: Raw<'_>) -> Result<Cursor, Invalid> {
    let since: Since<'_> = object("since", raw)?;
    let wrong = |invalid: Invalid| Invalid::new("since", invalid.problem());
    let epoch = required("since", since.epoch, text)?;
    Ok(Cursor {
        epoch: epoch.parse().unwrap_or(Epoch(0)),
        n: required("since", since.n, number).map_err(wrong)?,
        at: optional("since", since.at, number).map_err(wrong)?.map(Timestamp),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_frame_has_the_fields_that_a_reader_of_all_json_finds() {
        let names = [
            "id", "do", "token", "name", "room", "body", "key", "title", "kind", "meta", "policy",
            "create", "since", "recent", "before", "after", "limit", "offset", "order", "ids",
            "pool", "tags", "strict", "unknown",
        ];
        for name in names {
            let text = format!(r#"{{"{name}":"x","else":1,"else":2}}"#);
            let plain = Fields::plain(&text).unwrap();
            assert_eq!(plain, Fields::of(&text, 1).unwrap(), "{name}");
            assert_eq!(plain == Fields::default(), name == "unknown");
        }
        let all: Vec<String> = names.iter().map(|name| format!(r#""{name}":7"#)).collect();
        let all = format!("{{{}}}", all.join(","));
        assert_eq!(Fields::plain(&all).unwrap(), Fields::of(&all, 1).unwrap());
    }

    #[test]
    fn a_field_that_is_there_twice_is_refused() {
        let text = r#"{"id":1,"do":"ping","id":2}"#;
        assert!(Fields::plain(text).is_none() && frame(text, 32).is_err());
        assert!(frame(r#"{"id":1,"do":"ping"}"#, 32).is_ok());
        assert!(frame(r#"{"id":1,"do":"ping"}"#, 0).is_err(), "deeper than allowed");
    }
}
