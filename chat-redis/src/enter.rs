//! Entering a room, with the snapshot behind it: one round trip, one transaction.
//!
//! The step is a script; what it leaves is read natively behind it, in the same transaction, so that members, entries and
//! cursor are of one moment. Of the notices only the newest few are read: rarely more of them belong to what
//! was said last, and then those are read later, which is no other moment, since an entry never changes.

use chat_core::id::Writer;
use chat_core::store::{Admission, Enter, Entered, HistoryPage, Replay, Snapshot, StoreResult};
use chat_core::{Body, Epoch, Member, RoomId, RoomView, SharedEntry, UserId};
use redis::{Cmd, Value};

use crate::codec::{self, Corrupt, Record};
use crate::link::{failed, unreadable};
use crate::log::Log;
use crate::presence::members;
use crate::read::Answers;
use crate::reply::Parts;
use crate::room::refuse_pair;
use crate::script::Call;
use crate::store::{RedisStore, first_word};

const OP: &str = "enter";
/// Notices that are read with a snapshot at first.
const NOTICES: u64 = 50;

/// What the step and the reads behind it say.
struct Inside {
    created: bool,
    you: UserId,
    wrote: Vec<SharedEntry>,
    record: Record,
    view: RoomView,
    members: Vec<Member>,
    log: Log,
}

impl RedisStore {
    pub(crate) async fn enter_now(&self, by: Writer, enter: Enter) -> StoreResult<Entered> {
        if let Some(new) = &enter.create {
            refuse_pair(OP, new)?;
            if enter.room.is_pair() {
                return Err(failed(OP, "pair rooms are made by matching"));
            }
        }
        let (room, shard) = (&enter.room, self.layout.shard_of(&enter.room));
        let mut spare = enter.create.is_some() && self.has_place();
        let (word, mut parts, answers) = loop {
            let (call, reads) = (self.entering(by, &enter, spare), self.behind(&enter));
            let answers = self.link.together(OP, shard, Some(call), reads).await?;
            let mut answers = Answers::new(answers);
            let (word, parts) = first_word(OP, answers.value().map_err(unreadable(OP))?)?;
            match &word[..] {
                // Of very many who were in it before, some are forgotten by each.
                b"again" => continue,
                b"noplace" if !spare => {}
                _ => break (word, parts, answers),
            }
            self.find_place(OP).await?;
            spare = true;
        };
        let refused = match &word[..] {
            b"in" => None,
            b"full" => Some(Ok(Entered::Full)),
            b"forbidden" => Some(Ok(Entered::Forbidden)),
            b"closed" => Some(parts.why().map(|why| Entered::Closed { why })),
            b"missing" => Some(Ok(Entered::Missing)),
            _ => Some(Err(Corrupt("an answer"))),
        };
        if let Some(refused) = refused {
            return refused.map_err(unreadable(OP));
        }
        let inside = inside(room, parts, answers).map_err(unreadable(OP))?;
        let cursor = inside.record.cursor();
        let (entries, replay) = self.replay(&enter, &inside.record, inside.log).await?;
        let snapshot = Snapshot {
            room: inside.view,
            you: inside.you,
            cursor,
            members: inside.members,
            entries,
            replay,
        };
        let (created, wrote) = (inside.created, inside.wrote);
        Ok(Entered::In(Box::new(Admission { snapshot, created, wrote })))
    }

    /// What is read behind the step.
    fn behind(&self, enter: &Enter) -> Vec<Cmd> {
        let room = &enter.room;
        let mut reads = self.view_of(room);
        let mut range = redis::cmd("ZRANGE");
        // An end before the beginning: none.
        range.arg(self.key_of(room, "MEMBERS")).arg(i64::from(enter.members == 0));
        range.arg(i64::from(enter.members) - i64::from(enter.members > 0));
        reads.push(range);
        match enter.since {
            Some(since) => reads.extend(self.log_from(room, since.n, enter.resume_max)),
            None => {
                reads.push(self.backwards(room, "SAID", "+", u64::from(enter.recent)));
                reads.push(self.backwards(room, "NOTICES", "+", NOTICES));
            }
        }
        reads
    }

    fn entering(&self, by: Writer, enter: &Enter, spare: bool) -> Call {
        let scripts = &self.scripts;
        let script = if enter.create.is_some() { &scripts.enter_or_open } else { &scripts.enter };
        let call = self
            .in_room(script, &enter.room)
            .arg(&codec::writer(by)[..])
            .arg(enter.room.as_str())
            .arg(enter.epoch.map(codec::epoch).unwrap_or_default())
            .arg(&codec::session(enter.session)[..])
            .arg(enter.user.as_str())
            .arg(enter.name.as_str());
        match &enter.create {
            None => call,
            Some(new) => call
                .arg(codec::epoch(Epoch::random()))
                .arg(if spare { "1" } else { "" })
                .arg(new.kind.as_str())
                .arg(new.title.as_str())
                .arg(new.meta.as_ref().map_or(&b""[..], Body::as_bytes))
                .arg(new.owner.as_ref().map_or("", |owner| owner.as_str()))
                .arg(codec::policy(&new.policy)),
        }
    }

    /// What one who comes in is given to read.
    async fn replay(
        &self,
        enter: &Enter,
        record: &Record,
        log: Log,
    ) -> StoreResult<(Vec<SharedEntry>, Replay)> {
        let replay = match enter.since {
            Some(since) => match log.after(record, since, enter.resume_max) {
                Ok(entries) => return Ok((entries, Replay::Resumed)),
                Err(why) => Replay::Lost(why),
            },
            None if log.reaches(enter.recent, NOTICES) => {
                let page = log.page(HistoryPage::Newest { limit: enter.recent });
                return Ok((page.entries, Replay::Recent));
            }
            None => Replay::Recent,
        };
        let (room, page) = (&enter.room, HistoryPage::Newest { limit: enter.recent });
        let mut reads = vec![self.record_of(room)];
        reads.extend(self.log_page(room, page));
        let shard = self.layout.shard_of(room);
        let mut answers = Answers::new(self.link.together(OP, shard, None, reads).await?);
        let now = answers.record(room).map_err(unreadable(OP))?;
        let Some(now) = now.filter(|now| now.epoch == record.epoch) else {
            // It has ended since, and another one begun: nothing is left to read of the one that was entered.
            return Ok((Vec::new(), replay));
        };
        let mut log = answers.log(&now).map_err(unreadable(OP))?;
        log.cut(record.head);
        Ok((log.page(page).entries, replay))
    }
}

fn inside(room: &RoomId, mut parts: Parts, mut answers: Answers) -> Result<Inside, Corrupt> {
    let created = parts.number()? == 1;
    let you = codec::read_word(&parts.bytes()?, "a user")?;
    let wrote = parts.wrote(room)?;
    let (record, view) = answers.view(room)?.ok_or(Corrupt("a room that was entered"))?;
    let members = members(answers.value().unwrap_or(Value::Nil))?;
    let log = answers.log(&record)?;
    Ok(Inside { created, you, wrote, record, view, members, log })
}
