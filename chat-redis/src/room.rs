//! [`RoomStore`] on Redis.

use std::sync::Arc;

use async_trait::async_trait;
use chat_core::entry::{Entry, Said, What};
use chat_core::id::{SessionKey, Writer};
use chat_core::room::NewRoom;
use chat_core::store::{
    Appended, Close, Closing, Existing, History, HistoryPage, Opened, Resumed, RoomStore, Say,
    Signalled, Speaker, StoreResult, Subscription,
};
use chat_core::{Body, Cursor, Epoch, LostWhy, RoomId, RoomKind, SharedEntry};
use redis::{Cmd, Value};

use crate::codec::{self, Corrupt};
use crate::link::{failed, unreadable};
use crate::read::Answers;
use crate::reply::{self, Parts};
use crate::store::{RedisStore, first_word};

#[async_trait]
impl RoomStore for RedisStore {
    async fn open(&self, by: Writer, room: NewRoom) -> StoreResult<Opened> {
        const OP: &str = "open";
        refuse_pair(OP, &room)?;
        let opening = |spare: bool| {
            self.in_room(&self.scripts.open, &room.id)
                .arg(&codec::writer(by)[..])
                .arg(room.id.as_str())
                .arg(codec::epoch(Epoch::random()))
                .arg(if spare { "1" } else { "" })
                .arg(room.kind.as_str())
                .arg(room.title.as_str())
                .arg(room.meta.as_ref().map_or(&b""[..], Body::as_bytes))
                .arg(room.owner.as_ref().map_or("", |owner| owner.as_str()))
                .arg(codec::policy(&room.policy))
        };
        let (shard, mut spare) = (self.layout.shard_of(&room.id), self.has_place());
        let (word, mut answers) = loop {
            let reads = self.view_of(&room.id);
            let answers = self.link.together(OP, shard, Some(opening(spare)), reads).await?;
            let mut answers = Answers::new(answers);
            let (word, _) = first_word(OP, answers.value().map_err(unreadable(OP))?)?;
            match &word[..] {
                // Of very many who were in it before, some are forgotten by each.
                b"again" => continue,
                b"noplace" if !spare => {}
                _ => break (word, answers),
            }
            self.find_place(OP).await?;
            spare = true;
        };
        let view = answers.view(&room.id).map_err(unreadable(OP))?;
        let (_, view) = view.ok_or(Corrupt("a room that was opened")).map_err(unreadable(OP))?;
        match &word[..] {
            b"opened" => Ok(Opened::Opened(view)),
            b"exists" => Ok(Opened::Exists(view)),
            _ => Err(failed(OP, Corrupt("an answer"))),
        }
    }

    async fn get(&self, rooms: &[RoomId]) -> StoreResult<Vec<Existing>> {
        const OP: &str = "get";
        let answers = self.of_each(OP, rooms, |room| self.view_of(room)).await?;
        let existing = |(room, answers): (&RoomId, Vec<Value>)| {
            Ok(match Answers::new(answers).view(room)? {
                None => Existing::Missing,
                Some((record, view)) => match record.closed {
                    Some(why) => Existing::Closed { why },
                    None => Existing::Open(Box::new(view)),
                },
            })
        };
        let all = rooms.iter().zip(answers).map(existing).collect::<Result<_, _>>();
        all.map_err(unreadable(OP))
    }

    async fn append(&self, by: Writer, say: Say) -> StoreResult<Appended> {
        const OP: &str = "append";
        let call = self
            .in_room(&self.scripts.append, &say.room)
            .arg(&codec::writer(by)[..])
            .arg(say.room.as_str())
            .arg(say.epoch.map(codec::epoch).unwrap_or_default());
        let call = match &say.author {
            Speaker::Session { session, user } => {
                call.arg("s").arg(&codec::session(*session)[..]).arg(user.as_str()).arg("")
            }
            Speaker::User { user, name } => {
                call.arg("u").arg("").arg(user.as_str()).arg(name.as_str())
            }
            Speaker::System => call.arg("-").arg("").arg("").arg(""),
        };
        let call = call
            .arg(say.key.as_ref().map_or("", |key| key.as_str()))
            .arg(&say.attempt.bytes()[..])
            .arg(say.body.as_bytes());
        let (word, parts) = self.step(OP, call).await?;
        appended(say, &word, parts).map_err(unreadable(OP))
    }

    async fn resume(&self, room: &RoomId, cursor: Cursor, max: u32) -> StoreResult<Resumed> {
        const OP: &str = "resume";
        let mut reads = vec![self.record_of(room)];
        reads.extend(self.log_from(room, cursor.n, max));
        let shard = self.layout.shard_of(room);
        let answers = self.link.together(OP, shard, None, reads).await?;
        resumed(room, cursor, max, Answers::new(answers)).map_err(unreadable(OP))
    }

    async fn history(&self, room: &RoomId, page: HistoryPage) -> StoreResult<Option<History>> {
        const OP: &str = "history";
        let mut reads = vec![self.record_of(room)];
        reads.extend(self.log_page(room, page));
        reads.push(self.forwards(room, "SAID", "-", 1));
        let shard = self.layout.shard_of(room);
        let answers = self.link.together(OP, shard, None, reads).await?;
        history(room, page, Answers::new(answers)).map_err(unreadable(OP))
    }

    async fn heads(&self, rooms: &[RoomId]) -> StoreResult<Vec<Option<Cursor>>> {
        const OP: &str = "heads";
        let read = |room: &RoomId| {
            let mut cmd = redis::cmd("HMGET");
            cmd.arg(self.key_of(room, "ROOM")).arg("p").arg("n").arg("a");
            vec![cmd]
        };
        let answers = self.of_each(OP, rooms, read).await?;
        answers.into_iter().map(head).collect::<Result<_, _>>().map_err(unreadable(OP))
    }

    async fn signal(
        &self,
        by: Writer,
        room: &RoomId,
        from: SessionKey,
        body: Body,
    ) -> StoreResult<Signalled> {
        const OP: &str = "signal";
        let call = self
            .in_room(&self.scripts.signal, room)
            .arg(&codec::writer(by)[..])
            .arg(&codec::session(from)[..])
            .arg(body.as_bytes());
        let (word, mut parts) = self.step(OP, call).await?;
        let signalled = match &word[..] {
            b"ok" => Ok(Signalled::Sent),
            b"notmember" => Ok(Signalled::NotMember),
            b"missing" => Ok(Signalled::Missing),
            b"closed" => parts.why().map(|why| Signalled::Closed { why }),
            _ => Err(Corrupt("an answer")),
        };
        signalled.map_err(unreadable(OP))
    }

    async fn close(&self, by: Writer, close: Close) -> StoreResult<Closing> {
        const OP: &str = "close";
        let call = self
            .in_room(&self.scripts.close, &close.room)
            .arg(&codec::writer(by)[..])
            .arg(close.room.as_str())
            .arg(close.epoch.map(codec::epoch).unwrap_or_default())
            .arg(close.why.as_str())
            .arg(close.owner.as_ref().map_or("", |owner| owner.as_str()));
        let (word, mut parts) = self.step(OP, call).await?;
        let closing = match &word[..] {
            b"ok" => {
                let mut wrote = parts.wrote(&close.room);
                wrote
                    .as_mut()
                    .ok()
                    .and_then(Vec::pop)
                    .map(Closing::Closed)
                    .ok_or(Corrupt("a close"))
            }
            b"closed" => parts.why().map(|why| Closing::Already { why }),
            b"notowner" => Ok(Closing::NotOwner),
            b"missing" => Ok(Closing::Missing),
            _ => Err(Corrupt("an answer")),
        };
        closing.map_err(unreadable(OP))
    }

    async fn subscribe(&self, by: Writer, room: &RoomId) -> StoreResult<Subscription> {
        self.listen(by, room).await
    }

    async fn unsubscribe(&self, by: Writer, room: &RoomId, which: Subscription) -> StoreResult<()> {
        self.leave_off(by, room, which)
    }
}

impl RedisStore {
    /// Reads of each room, those of one shard in one transaction; the answers for each in the order of the rooms.
    pub(crate) async fn of_each(
        &self,
        op: &'static str,
        rooms: &[RoomId],
        read: impl Fn(&RoomId) -> Vec<Cmd>,
    ) -> StoreResult<Vec<Vec<Value>>> {
        let mut groups: Vec<(u16, Vec<Cmd>)> = Vec::new();
        // For each room the group, and where in it its answers begin.
        let mut places = Vec::with_capacity(rooms.len());
        for room in rooms {
            let shard = self.layout.shard_of(room);
            let at = groups.iter().position(|(of, _)| *of == shard).unwrap_or_else(|| {
                groups.push((shard, Vec::new()));
                groups.len() - 1
            });
            let (from, cmds) = (groups[at].1.len(), read(room));
            places.push((at, from, cmds.len()));
            groups[at].1.extend(cmds);
        }
        let mut answers = self.link.together_all(op, groups).await?;
        let take = |(at, from, len): (usize, usize, usize)| {
            let part = answers.get_mut(at).and_then(|all| all.get_mut(from..from + len))?;
            Some(part.iter_mut().map(|value| std::mem::replace(value, Value::Nil)).collect())
        };
        let all: Option<Vec<Vec<Value>>> = places.into_iter().map(take).collect();
        all.ok_or_else(|| failed(op, Corrupt("an answer for each room")))
    }
}

/// Pair rooms are made by matching alone.
pub(crate) fn refuse_pair(op: &'static str, new: &NewRoom) -> StoreResult<()> {
    if new.kind == RoomKind::Pair || new.id.is_pair() {
        return Err(failed(op, "pair rooms are made by matching"));
    }
    Ok(())
}

fn appended(say: Say, word: &[u8], mut parts: Parts) -> Result<Appended, Corrupt> {
    Ok(match word {
        b"ok" => {
            let (epoch, n) = (codec::read_epoch(&parts.bytes()?)?, parts.number()?);
            let kept = codec::read_entry(&say.room, epoch, n, &parts.bytes()?)?;
            // The very body that was given, so that it is not kept twice.
            Appended::Written(with_body(&kept, say.body).unwrap_or(kept))
        }
        b"dup" => {
            let epoch = codec::read_epoch(&parts.bytes()?)?;
            let (n, at) = (parts.number()?, parts.number()?);
            Appended::Duplicate { epoch, n, at: chat_core::Timestamp(at) }
        }
        b"notmember" => Appended::NotMember,
        b"closed" => Appended::Closed { why: parts.why()? },
        b"missing" => Appended::Missing,
        _ => return Err(Corrupt("an answer")),
    })
}

fn with_body(entry: &Entry, body: Body) -> Option<SharedEntry> {
    let said = Said { body, ..entry.said()?.clone() };
    let what = What::Said(said);
    Some(Arc::new(Entry::new(entry.room.clone(), entry.epoch, entry.n, entry.at, what)))
}

fn resumed(
    room: &RoomId,
    cursor: Cursor,
    max: u32,
    mut answers: Answers,
) -> Result<Resumed, Corrupt> {
    let Some(record) = answers.record(room)? else { return Ok(Resumed::Missing) };
    let (log, head) = (answers.log(&record)?, record.cursor());
    Ok(match log.after(&record, cursor, max) {
        Ok(entries) => Resumed::Entries { entries, head },
        Err(why) => {
            let ended = record.ended.filter(|entry| entry.epoch == cursor.epoch);
            Resumed::Lost { why, head, ended: ended.filter(|_| why == LostWhy::Epoch) }
        }
    })
}

fn history(
    room: &RoomId,
    page: HistoryPage,
    mut answers: Answers,
) -> Result<Option<History>, Corrupt> {
    let Some(record) = answers.record(room)? else { return Ok(None) };
    let log = answers.log(&record)?;
    let oldest = answers.stream()?.first().map(|(n, _)| *n);
    let first =
        oldest.filter(|_| record.policy.history > 0).unwrap_or(record.head.saturating_add(1));
    let page = log.page(page);
    Ok(Some(History { entries: page.entries, more: page.more, epoch: record.epoch, first }))
}

fn head(answers: Vec<Value>) -> Result<Option<Cursor>, Corrupt> {
    let mut parts = Parts::of(Answers::new(answers).value()?)?;
    let Some(fixed) = parts.maybe()? else { return Ok(None) };
    let epoch = codec::read_epoch(fixed.split(|byte| *byte == b' ').next().unwrap_or_default())?;
    let (n, at) = (parts.number()?, chat_core::Timestamp(parts.number()?));
    Ok(Some(Cursor { epoch, n, at: (n > 0).then_some(at) }))
}

impl Parts {
    /// The next part as the reason of a close.
    pub(crate) fn why<T: std::str::FromStr>(&mut self) -> Result<T, Corrupt> {
        codec::read_word(&self.bytes()?, "a reason")
    }

    /// All that is left: an epoch, then number and entry for each entry that was written.
    pub(crate) fn wrote(&mut self, room: &RoomId) -> Result<Vec<SharedEntry>, Corrupt> {
        let epoch = codec::read_epoch(&self.bytes()?)?;
        self.entries(room, epoch)
    }

    /// All that is left: number and entry in turn.
    pub(crate) fn entries(
        &mut self,
        room: &RoomId,
        epoch: Epoch,
    ) -> Result<Vec<SharedEntry>, Corrupt> {
        let mut wrote = Vec::with_capacity(self.left() / 2);
        while self.left() > 0 {
            let n = reply::number(&self.value()?)?;
            wrote.push(codec::read_entry(room, epoch, n, &self.bytes()?)?);
        }
        Ok(wrote)
    }
}
