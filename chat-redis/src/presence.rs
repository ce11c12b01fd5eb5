//! [`PresenceStore`] on Redis.

use async_trait::async_trait;
use bytes::Bytes;
use chat_core::id::{SessionKey, Writer};
use chat_core::store::{
    Departure, Enter, Entered, IndexRow, MembersPage, PresenceStore, StoreResult,
};
use chat_core::{ByeWhy, Member, Name, RoomId, SharedEntry, StoreError, UserId};
use redis::{Cmd, Value};

use crate::codec::{self, Corrupt};
use crate::keys::Whose;
use crate::link::unreadable;
use crate::read::Answers;
use crate::reply::{self, Parts};
use crate::script::Call;
use crate::store::{RedisStore, first_word};

#[async_trait]
impl PresenceStore for RedisStore {
    async fn enter(&self, by: Writer, enter: Enter) -> StoreResult<Entered> {
        self.enter_now(by, enter).await
    }

    async fn leave(
        &self,
        by: Writer,
        room: &RoomId,
        session: SessionKey,
    ) -> StoreResult<Departure> {
        let call = self.of_session(&self.scripts.leave, by, room, session);
        self.departure("leave", room, call).await
    }

    async fn lose(
        &self,
        by: Writer,
        session: SessionKey,
        rooms: &[RoomId],
    ) -> StoreResult<Vec<SharedEntry>> {
        let lose = |room: &RoomId| self.of_session(&self.scripts.lose, by, room, session);
        self.in_each("lose", rooms, lose).await
    }

    async fn rename(
        &self,
        by: Writer,
        user: &UserId,
        name: &Name,
        rooms: &[RoomId],
    ) -> StoreResult<Vec<SharedEntry>> {
        let rename = |room: &RoomId| {
            self.in_room(&self.scripts.rename, room)
                .arg(&codec::writer(by)[..])
                .arg(room.as_str())
                .arg(user.as_str())
                .arg(name.as_str())
        };
        self.in_each("rename", rooms, rename).await
    }

    async fn kick(&self, by: Writer, room: &RoomId, user: &UserId) -> StoreResult<Departure> {
        let call = self
            .in_room(&self.scripts.kick, room)
            .arg(&codec::writer(by)[..])
            .arg(room.as_str())
            .arg(user.as_str());
        self.departure("kick", room, call).await
    }

    async fn disconnect(&self, by: Writer, user: &UserId, why: ByeWhy) -> StoreResult<()> {
        let call = self
            .in_shard(&self.scripts.disconnect, self.layout.shard_by(user.as_str()))
            .arg(&codec::writer(by)[..])
            .arg(user.as_str())
            .arg(why.as_str());
        self.step("disconnect", call).await.map(|_| ())
    }

    async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> StoreResult<Option<MembersPage>> {
        const OP: &str = "members";
        let mut count = redis::cmd("ZCARD");
        count.arg(self.key_of(room, "MEMBERS"));
        let mut page = redis::cmd("ZRANGE");
        // Behind everything that begins with this id and a zero.
        let from = after.map_or_else(|| "-".to_owned(), |user| format!("({user}\u{1}"));
        page.arg(self.key_of(room, "MEMBERS")).arg(from).arg("+");
        page.arg("BYLEX").arg("LIMIT").arg(0).arg(u64::from(limit) + 1);
        let (shard, reads) = (self.layout.shard_of(room), vec![self.record_of(room), count, page]);
        let answers = self.link.together(OP, shard, None, reads).await?;
        members_page(room, limit, Answers::new(answers)).map_err(unreadable(OP))
    }

    async fn rooms_of(&self, user: &UserId, limit: u32) -> StoreResult<Vec<RoomId>> {
        const OP: &str = "rooms_of";
        let read = |shard| {
            let from = format!("[{user}\0");
            let range = Range {
                key: "USERS",
                from: from.into_bytes(),
                to: format!("({user}\u{1}").into_bytes(),
            };
            (shard, vec![self.range(shard, &range, limit)])
        };
        let answers = self.link.together_all(OP, (0..self.layout.shards()).map(read).collect());
        let mut rooms = Vec::new();
        for answer in answers.await? {
            for row in rows(answer).map_err(unreadable(OP))? {
                let room = row.get(user.as_str().len() + 1..).unwrap_or_default();
                rooms.push(codec::read_word(room, "a room of a user").map_err(unreadable(OP))?);
            }
        }
        rooms.sort_unstable();
        rooms.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(rooms)
    }

    async fn index(
        &self,
        by: Writer,
        after: Option<IndexRow>,
        limit: u32,
    ) -> StoreResult<Vec<IndexRow>> {
        const OP: &str = "index";
        let start = |mark: u8, last: u8| {
            let mut bound = vec![mark];
            bound.extend(codec::writer(by));
            bound.push(last);
            bound
        };
        let mut from = start(if after.is_some() { b'(' } else { b'[' }, b'r');
        if let Some(row) = &after {
            from.extend(row.room.as_str().as_bytes());
            from.push(0);
            from.extend(row.session.0.to_be_bytes());
        }
        let range = Range { key: "INDEX", from, to: start(b'(', b's') };
        let mut life = redis::cmd("HEXISTS");
        life.arg(self.layout.key_named(0, "BOOK", Whose::default()));
        life.arg([&b"W"[..], &codec::writer(by)].concat());
        let read = |shard| {
            let mut cmds = vec![self.range(shard, &range, limit)];
            cmds.extend((shard == 0).then(|| life.clone()));
            (shard, cmds)
        };
        let groups = (0..self.layout.shards()).map(read).collect();
        let mut rows = Vec::new();
        for mut answer in self.link.together_all(OP, groups).await? {
            if answer.len() == 2 && answer.pop() == Some(Value::Int(0)) {
                return Err(StoreError::Fenced);
            }
            for row in self::rows(answer).map_err(unreadable(OP))? {
                rows.push(codec::read_index_row(&row).map_err(unreadable(OP))?);
            }
        }
        rows.sort_unstable();
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(rows)
    }
}

/// A part of an ordered set of texts.
struct Range {
    key: &'static str,
    from: Vec<u8>,
    to: Vec<u8>,
}

impl RedisStore {
    fn range(&self, shard: u16, range: &Range, limit: u32) -> Cmd {
        let mut cmd = redis::cmd("ZRANGE");
        cmd.arg(self.layout.key_named(shard, range.key, Whose::default()));
        cmd.arg(&range.from[..]).arg(&range.to[..]);
        cmd.arg("BYLEX").arg("LIMIT").arg(0).arg(limit);
        cmd
    }

    fn of_session(
        &self,
        script: &crate::script::Script,
        by: Writer,
        room: &RoomId,
        session: SessionKey,
    ) -> Call {
        self.in_room(script, room)
            .arg(&codec::writer(by)[..])
            .arg(room.as_str())
            .arg(&codec::session(session)[..])
    }

    async fn departure(
        &self,
        op: &'static str,
        room: &RoomId,
        call: Call,
    ) -> StoreResult<Departure> {
        let (word, mut parts) = self.step(op, call).await?;
        let departure = match &word[..] {
            b"out" => parts.wrote(room).map(|wrote| Departure::Out { wrote }),
            b"notmember" => Ok(Departure::NotMember),
            b"closed" => parts.why().map(|why| Departure::Closed { why }),
            b"missing" => Ok(Departure::Missing),
            _ => Err(Corrupt("an answer")),
        };
        departure.map_err(unreadable(op))
    }

    /// Runs a step in each of these rooms; what was written.
    async fn in_each(
        &self,
        op: &'static str,
        rooms: &[RoomId],
        call: impl Fn(&RoomId) -> Call,
    ) -> StoreResult<Vec<SharedEntry>> {
        let answers = self.link.run_all(op, rooms.iter().map(call).collect()).await?;
        let mut wrote = Vec::new();
        for (room, answer) in rooms.iter().zip(answers) {
            let (word, mut parts) = first_word(op, answer)?;
            if word == "ok" {
                wrote.append(&mut parts.wrote(room).map_err(unreadable(op))?);
            }
        }
        Ok(wrote)
    }
}

fn rows(answer: Vec<Value>) -> Result<Vec<Bytes>, Corrupt> {
    let mut parts = Parts::of(answer.into_iter().next().unwrap_or(Value::Nil))?;
    let mut rows = Vec::with_capacity(parts.left());
    while parts.left() > 0 {
        rows.push(parts.bytes()?);
    }
    Ok(rows)
}

/// Members as they were read.
pub(crate) fn members(value: Value) -> Result<Vec<Member>, Corrupt> {
    let mut parts = Parts::of(value)?;
    let mut members = Vec::with_capacity(parts.left());
    while parts.left() > 0 {
        members.push(codec::read_member(&parts.bytes()?)?);
    }
    Ok(members)
}

fn members_page(
    room: &RoomId,
    limit: u32,
    mut answers: Answers,
) -> Result<Option<MembersPage>, Corrupt> {
    let record = answers.record(room)?;
    let (count, mut members) = (reply::number(&answers.value()?)?, members(answers.value()?)?);
    let Some(record) = record.filter(|record| record.closed.is_none()) else { return Ok(None) };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = members.len() > limit;
    members.truncate(limit);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Some(MembersPage { members, count, more, cursor: record.cursor() }))
}
