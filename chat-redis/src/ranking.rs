//! [`RankingStore`] on Redis.

use async_trait::async_trait;
use bytes::Bytes;
use chat_core::store::{RankingStore, StoreResult, Versions};
use chat_core::{Order, Page, RoomId, RoomKind, RoomPage, RoomView};
use redis::{Cmd, Value};

use crate::codec::{self, Corrupt, Record};
use crate::keys::Whose;
use crate::link::unreadable;
use crate::read::Answers;
use crate::reply::{self, Parts};
use crate::store::RedisStore;

#[async_trait]
impl RankingStore for RedisStore {
    /// Each shard's first rows, merged exactly; then the rooms themselves. What changes in between shows in the rows,
    /// which are sorted by what they show, so that a page never contradicts itself.
    async fn page(&self, order: Order, page: Page) -> StoreResult<RoomPage> {
        const OP: &str = "page";
        let key = match order {
            Order::Live => "LIVE",
            Order::Visitors => "VISITED",
            Order::Newest => "NEWEST",
            Order::Active => "ACTIVE",
        };
        let wanted = u64::from(page.offset) + u64::from(page.limit);
        let read = |shard| {
            let key = self.layout.key_named(shard, key, Whose::default());
            let mut cmds = vec![cmd("ZCARD", &key)];
            if page.limit > 0 {
                let mut range = cmd("ZRANGE", &key);
                range.arg(0).arg(wanted - 1).arg("WITHSCORES");
                cmds.push(range);
            }
            (shard, cmds)
        };
        let answers = self.link.together_all(OP, (0..self.layout.shards()).map(read).collect());
        let (mut total, mut places) = (0, Vec::new());
        for answer in answers.await? {
            let mut answers = Answers::new(answer);
            let count = answers.value().and_then(|count| reply::number(&count));
            total = u64::saturating_add(total, count.map_err(unreadable(OP))?);
            if page.limit > 0 {
                let rows = answers.value().and_then(reply::scored).map_err(unreadable(OP))?;
                for (member, score) in rows {
                    places.push(place(&member, score).map_err(unreadable(OP))?);
                }
            }
        }
        let rooms = cut(places, page);
        let answers = self.of_each(OP, &rooms, |room| self.view_of(room)).await?;
        let mut views = Vec::with_capacity(rooms.len());
        for (room, answer) in rooms.iter().zip(answers) {
            // A room that cannot be read is told of to whoever asks for it, and keeps no other from being listed.
            let Ok(read) = Answers::new(answer).view(room) else { continue };
            // One of this id may have been opened since that is no public one.
            let listed = |(record, view): &(Record, RoomView)| {
                record.closed.is_none() && view.kind == RoomKind::Public
            };
            views.extend(read.filter(listed).map(|(_, view)| view));
        }
        views.sort_by_key(|view| {
            (std::cmp::Reverse(value(order, view)), view.created, view.id.clone())
        });
        Ok(RoomPage { rooms: views, total })
    }

    async fn versions(&self) -> StoreResult<Versions> {
        const OP: &str = "versions";
        let read = |shard| {
            let mut read = cmd("HMGET", &self.layout.key_named(shard, "BOOK", Whose::default()));
            read.arg("v").arg("w");
            (shard, vec![read])
        };
        let answers = self.link.together_all(OP, (0..self.layout.shards()).map(read).collect());
        let (mut changed, mut said) = (0u64, 0u64);
        for answer in answers.await? {
            let numbers = || {
                let mut parts = Answers::new(answer).value().and_then(Parts::of)?;
                Ok((counter(&mut parts)?, counter(&mut parts)?))
            };
            let (v, w) = numbers().map_err(unreadable(OP))?;
            (changed, said) = (changed.wrapping_add(v), said.wrapping_add(w));
        }
        let active = changed.wrapping_add(said);
        Ok(Versions { live: changed, visitors: changed, newest: changed, active })
    }

    async fn online(&self) -> StoreResult<u64> {
        const OP: &str = "online";
        let mut answer = self.link.together(OP, TOLD_IN, None, vec![self.told()]).await?;
        let book = answer.pop().ok_or(Corrupt("the book"));
        book.and_then(sum_of_told).map_err(unreadable(OP))
    }
}

/// Every shard has the same of every node; this one is asked.
pub(crate) const TOLD_IN: u16 = 0;

impl RedisStore {
    /// Reads how many users each node has online.
    pub(crate) fn told(&self) -> Cmd {
        cmd("HGETALL", &self.layout.key_named(TOLD_IN, "BOOK", Whose::default()))
    }
}

/// How many users all living nodes have online. Answers `told`.
pub(crate) fn sum_of_told(book: Value) -> Result<u64, Corrupt> {
    let mut online = 0u64;
    for (name, value) in reply::pairs(book)? {
        if name.len() == 17 && name[0] == b'W' {
            let told = value.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            online = online.saturating_add(codec::read_number(told, "a lease")?);
        }
    }
    Ok(online)
}

fn cmd(name: &str, key: &str) -> Cmd {
    let mut cmd = redis::cmd(name);
    cmd.arg(key);
    cmd
}

/// A counter of a list's changes; nothing where there were none.
fn counter(parts: &mut Parts) -> Result<u64, Corrupt> {
    let there = parts.maybe()?;
    there.map_or(Ok(0), |bytes| codec::read_number(&bytes, "a version of the lists"))
}

/// Where a room stands: the value turned around, when it was opened, its id.
type Place = (f64, u64, RoomId);

/// The page's rooms out of the first of every shard.
fn cut(mut places: Vec<Place>, page: Page) -> Vec<RoomId> {
    places.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| (a.1, &a.2).cmp(&(b.1, &b.2))));
    let clip = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let rooms = places.into_iter().skip(clip(page.offset)).take(clip(page.limit));
    rooms.map(|(_, _, room)| room).collect()
}

/// Reads a row of a list.
fn place(member: &Bytes, score: f64) -> Result<Place, Corrupt> {
    let corrupt = Corrupt("a row of a list");
    let colon = member.iter().position(|byte| *byte == b':').ok_or(corrupt)?;
    let created = codec::read_number(&member[..colon], "a row of a list")?;
    if score.is_nan() {
        return Err(corrupt);
    }
    // A -0 is no other place than 0: to Redis neither.
    let score = score + 0.0;
    Ok((score, created, codec::read_word(&member[colon + 1..], "a row of a list")?))
}

/// What a room is ranked by.
fn value(order: Order, view: &RoomView) -> u64 {
    match order {
        Order::Live => view.live.into(),
        Order::Visitors => view.visitors.into(),
        Order::Newest => view.created.0,
        Order::Active => view.last.as_ref().map_or(0, |entry| entry.at.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(rows: &[(&'static str, f64)], offset: u32, limit: u32) -> Vec<String> {
        let read = |(member, score): &(&'static str, f64)| {
            place(&Bytes::from_static(member.as_bytes()), *score).unwrap()
        };
        let page = Page { offset, limit };
        cut(rows.iter().map(read).collect(), page).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn pages_follow_on_one_another_across_shards() {
        let rows = [("7:b", -3.0), ("9:d", 0.0), ("7:a", -3.0), ("6:c", -3.0), ("1:e", -9.0)];
        assert_eq!(rooms(&rows, 0, 3), ["e", "c", "a"]);
        assert_eq!(rooms(&rows, 3, 3), ["b", "d"]);
        assert!(rooms(&rows, 5, 3).is_empty() && rooms(&rows, 0, 0).is_empty());
    }

    #[test]
    fn who_was_there_and_has_left_puts_no_room_ahead() {
        let rows = [("2:emptied", -0.0), ("1:older", 0.0)];
        assert_eq!(rooms(&rows, 0, 1), ["older"]);
    }

    #[test]
    fn what_is_no_row_is_no_room() {
        for member in ["", ":", "1:", ":a", "x:a", "-1:a", "17"] {
            assert!(place(&Bytes::from_static(member.as_bytes()), 0.0).is_err(), "{member}");
        }
        assert!(place(&Bytes::from_static(b"1:a"), f64::NAN).is_err());
    }
}
