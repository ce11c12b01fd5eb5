//! What is done for a name that is due: a room, or a node whose lease is over.

use std::collections::BTreeMap;

use bytes::Bytes;
use chat_core::id::{SessionKey, Writer};
use chat_core::store::{Happened, Reaped, StoreResult};
use chat_core::{CloseWhy, RoomId};
use redis::Value;

use crate::codec::{self, Corrupt};
use crate::keys::Whose;
use crate::link::unreadable;
use crate::reply::Parts;
use crate::script::{Call, reap_batch};
use crate::store::{RedisStore, first_word};

const OP: &str = "reap";

/// What a node that is over has left in a shard.
#[derive(Debug, Default)]
struct Left {
    /// Whether this shard was the first to find out, and nobody was told.
    first: bool,
    /// Its sessions, by room.
    sessions: BTreeMap<RoomId, Vec<SessionKey>>,
    /// Whether it waits in pools.
    waits: bool,
    more: bool,
    /// Rows that cannot be read.
    strange: Vec<Bytes>,
}

impl RedisStore {
    pub(crate) async fn reap_room(&self, by: Writer, room: &RoomId) -> StoreResult<Reaped> {
        let call = self
            .in_room(&self.scripts.reap_room, room)
            .arg(&codec::writer(by)[..])
            .arg(room.as_str());
        let (_, parts) = self.step(OP, call).await?;
        reaped_room(room, parts).map_err(unreadable(OP))
    }

    /// Judges a node shard by shard, and takes out a part of what it has left.
    pub(crate) async fn reap_node(&self, by: Writer, node: Writer) -> StoreResult<Reaped> {
        let batch = reap_batch(&self.options);
        let judge = |shard| {
            self.in_shard(&self.scripts.judge, shard)
                .arg(&codec::writer(by)[..])
                .arg(&codec::writer(node)[..])
                .arg(batch)
        };
        let shards = self.layout.shards();
        let answers = self.link.run_all(OP, (0..shards).map(judge).collect()).await?;
        let mut reaped = Reaped::default();
        let (mut room_left, mut calls, mut rooms) = (batch, Vec::new(), Vec::new());
        let (mut waits, mut first_error) = (Vec::new(), None);
        for (shard, answer) in answers.into_iter().enumerate() {
            let (word, parts) = first_word(OP, answer)?;
            if word != "over" {
                continue;
            }
            self.over(node);
            let shard = shard as u16;
            let mut left = left(parts).map_err(unreadable(OP))?;
            if !left.strange.is_empty() {
                self.forget_rows(shard, std::mem::take(&mut left.strange)).await?;
            }
            // Each shard finds out for itself; one of them tells.
            if left.first && u64::from(shard) == node.node.0 % u64::from(shards) {
                reaped.happened.push(Happened::Dead { writer: node });
            }
            reaped.more |= left.more;
            if left.waits {
                waits.push(shard);
            }
            for (room, mut sessions) in std::mem::take(&mut left.sessions) {
                sessions.truncate(room_left);
                room_left -= sessions.len();
                if sessions.is_empty() {
                    break;
                }
                let call = self.in_room(&self.scripts.dead, &room);
                let call = call.arg(&codec::writer(by)[..]).arg(room.as_str());
                let with =
                    |call: Call, session: &SessionKey| call.arg(&codec::session(*session)[..]);
                calls.push(sessions.iter().fold(call, with));
                rooms.push(room);
            }
        }
        for (room, answer) in rooms.iter().zip(self.each(calls).await) {
            let taken = answer.and_then(|answer| {
                let (word, parts) = first_word(OP, answer)?;
                if word != "ok" {
                    return Ok(());
                }
                taken_out(room, parts, &mut reaped).map_err(unreadable(OP))
            });
            // What is wrong with one room or pool is not to keep ghosts in all others.
            first_error = first_error.or(taken.err());
        }
        for shard in waits {
            if room_left == 0 {
                break;
            }
            match self.drop_tickets(by, shard, node, room_left).await {
                Ok((found, _)) => room_left = room_left.saturating_sub(found),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(reaped), Err)
    }

    /// Runs steps of which one may fail without the others.
    async fn each(&self, calls: Vec<Call>) -> Vec<StoreResult<Value>> {
        match self.link.run_all(OP, calls.clone()).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            // Once more, one by one: what was done already finds nothing left to do.
            Err(_) => {
                let mut answers = Vec::with_capacity(calls.len());
                for call in calls {
                    answers.push(self.link.run(OP, call).await);
                }
                answers
            }
        }
    }

    /// Takes rows out of an index that cannot be read: nobody could ever take out what they stand for.
    async fn forget_rows(&self, shard: u16, rows: Vec<Bytes>) -> StoreResult<()> {
        self.stats.could_not_read(rows.len() as u64);
        let mut rem = redis::cmd("ZREM");
        rem.arg(self.layout.key_named(shard, "INDEX", Whose::default()));
        for row in &rows {
            rem.arg(&row[..]);
        }
        self.link.read(OP, shard, rem).await.map(|_| ())
    }
}

fn left(mut parts: Parts) -> Result<Left, Corrupt> {
    let mut left = Left { first: parts.number()? == 1, ..Left::default() };
    left.more = parts.left() > 0;
    while parts.left() > 0 {
        let row = parts.bytes()?;
        if row.get(16) == Some(&b'r') {
            let read = codec::read_writer(&row[..16])
                .and_then(|writer| codec::read_index_row(&row).map(|row| (writer, row)));
            let Ok((writer, row)) = read else {
                left.strange.push(row);
                continue;
            };
            let session = writer.session(row.session);
            left.sessions.entry(row.room).or_default().push(session);
        } else {
            left.waits = true;
        }
    }
    Ok(left)
}

fn count(parts: &mut Parts) -> Result<u32, Corrupt> {
    parts.number().map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

fn reason(parts: &mut Parts) -> Result<Option<CloseWhy>, Corrupt> {
    let why = parts.bytes()?;
    if why.is_empty() { Ok(None) } else { codec::read_word(&why, "a reason").map(Some) }
}

fn reaped_room(room: &RoomId, mut parts: Parts) -> Result<Reaped, Corrupt> {
    let mut reaped = Reaped::default();
    let (visitors, users) = (count(&mut parts)?, count(&mut parts)?);
    let why = reason(&mut parts)?;
    let (forgotten, more) = (parts.number()? == 1, parts.number()? == 1);
    let room = || room.clone();
    if visitors > 0 {
        reaped.happened.push(Happened::Passed { room: room(), visitors });
    }
    if users > 0 {
        reaped.happened.push(Happened::Gone { room: room(), users });
    }
    if let Some(why) = why {
        reaped.happened.push(Happened::Closed { room: room(), why });
    }
    if forgotten {
        reaped.happened.push(Happened::Forgotten { room: room() });
    }
    reaped.more = more;
    if parts.left() > 0 {
        reaped.wrote = parts.wrote(&room())?;
    }
    Ok(reaped)
}

fn taken_out(room: &RoomId, mut parts: Parts, reaped: &mut Reaped) -> Result<(), Corrupt> {
    let users = count(&mut parts)?;
    if users > 0 {
        reaped.happened.push(Happened::Gone { room: room.clone(), users });
    }
    if let Some(why) = reason(&mut parts)? {
        reaped.happened.push(Happened::Closed { room: room.clone(), why });
    }
    reaped.wrote.append(&mut parts.wrote(room)?);
    Ok(())
}
