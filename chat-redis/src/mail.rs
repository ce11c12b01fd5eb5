//! News for a node's sessions, from every shard's stream.
//!
//! A node reads on from where it was. What it reads counts as read when it is handed out, and nothing is awaited behind that: a
//! future that is dropped before gives it once more. Every piece has a number; numbers that are missing were lost (the
//! stream is bounded, and ends where nothing is told for ten minutes), and are counted.

use bytes::Bytes;
use redis::Value;

use chat_core::StoreError;
use chat_core::Writer;
use chat_core::store::{Mail, StoreResult};

use crate::codec::{self, Corrupt};
use crate::keys::Whose;
use crate::link::failed;
use crate::reply::{self, Parts};
use crate::store::{RedisStore, unreadable};

/// Entries read of one shard at once.
const PAGE: usize = 500;

/// An entry's place in a stream.
type Id = (u64, u64);

/// How far a life has read the mail of one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MailPlace {
    /// The entry that it has read last.
    id: Id,
    /// The newest number that it has read.
    number: u64,
}

/// What was read in one go.
#[derive(Debug, Default)]
struct Read {
    mail: Vec<(Id, Mail)>,
    lost: u64,
    /// Whether there is more.
    more: bool,
}

impl MailPlace {
    /// A place, as a script says it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Corrupt> {
        let corrupt = Corrupt("a place in the mail");
        let space = bytes.iter().position(|byte| *byte == b' ').ok_or(corrupt)?;
        let number = codec::read_number(&bytes[space + 1..], "a place in the mail")?;
        Ok(Self { id: id(&bytes[..space])?, number })
    }

    /// Takes what a shard has behind this place: the newest number there, and entries of the stream.
    fn take(
        &mut self,
        writer: &[u8],
        newest: u64,
        entries: Value,
        read: &mut Read,
    ) -> Result<(), Corrupt> {
        if newest < self.number {
            // All that was kept is lost, and numbers have begun anew.
            *self = Self::default();
            read.more = true;
            return Ok(());
        }
        let mut entries = Parts::of(entries)?;
        let count = entries.left();
        while entries.left() > 0 {
            let mut entry = entries.parts()?;
            let at = id(&entry.bytes()?)?;
            self.take_entry(writer, at, reply::pairs(entry.value()?)?, read)?;
        }
        if count == PAGE {
            read.more = true;
        } else if self.number < newest && self.id == Id::default() {
            read.lost += newest - self.number;
            self.number = newest;
        } else if self.number < newest {
            // Either the rest is gone; or the stream began anew under a clock that was set back, and is read from its start.
            self.id = Id::default();
            read.more = true;
        }
        Ok(())
    }

    fn take_entry(
        &mut self,
        writer: &[u8],
        at: Id,
        fields: Vec<(Bytes, Bytes)>,
        read: &mut Read,
    ) -> Result<(), Corrupt> {
        let corrupt = Corrupt("mail");
        let mut fields = fields.into_iter();
        let (_, first) = fields.next().filter(|(name, _)| name == "i").ok_or(corrupt)?;
        let mut number: u64 = codec::read_number(&first, "mail")?;
        read.lost += number.saturating_sub(self.number + 1);
        while let Some((_, of)) = fields.next() {
            let (_, text) = fields.next().ok_or(corrupt)?;
            if number > self.number {
                self.number = number;
                if of.is_empty() || of == writer {
                    match codec::read_mail(&text) {
                        Ok(mail) => read.mail.push((at, mail)),
                        // It would be in the way of all that comes behind it.
                        Err(_) => read.lost += 1,
                    }
                }
            }
            number += 1;
        }
        self.id = at;
        Ok(())
    }
}

fn id(bytes: &[u8]) -> Result<Id, Corrupt> {
    const WHAT: &str = "a place in the mail";
    let dash = bytes.iter().position(|byte| *byte == b'-').ok_or(Corrupt(WHAT))?;
    let number = |bytes| codec::read_number(bytes, WHAT);
    Ok((number(&bytes[..dash])?, number(&bytes[dash + 1..])?))
}

impl RedisStore {
    /// The news for this node that it has not had, oldest first; at most a page of each shard, and the sink is told where
    /// there is more.
    pub(crate) async fn read_mail(&self, by: Writer) -> StoreResult<Vec<Mail>> {
        const OP: &str = "mail";
        let mut places = self.lives.mail_read(by).ok_or(StoreError::Fenced)?;
        let writer = codec::writer(by);
        let life = [b"W", &writer[..]].concat();
        let key = |shard, name| self.layout.key_named(shard, name, Whose::default());
        let groups = (0..self.layout.shards()).zip(&places).map(|(shard, place)| {
            let (mut book, mut news) = (redis::cmd("HMGET"), redis::cmd("XRANGE"));
            book.arg(key(shard, "BOOK")).arg(&life).arg("m");
            let behind = format!("({}-{}", place.id.0, place.id.1);
            news.arg(key(shard, "MAIL")).arg(behind).arg("+").arg("COUNT").arg(PAGE);
            (shard, vec![book, news])
        });
        let answers = self.link.together_all(OP, groups.collect()).await?;
        let mut read = Read::default();
        for (place, answer) in places.iter_mut().zip(answers) {
            let [book, news] = <[Value; 2]>::try_from(answer)
                .map_err(|_| failed(OP, Corrupt("an answer of two parts")))?;
            let take = || {
                let mut book = Parts::of(book)?;
                let lives = book.maybe()?.is_some();
                let newest =
                    book.maybe()?.map_or(Ok(0), |m| codec::read_number(&m, "a number of mail"))?;
                place.take(&writer, newest, news, &mut read)?;
                Ok(lives)
            };
            if !take().map_err(unreadable(OP))? {
                return Err(StoreError::Fenced);
            }
        }
        read.mail.sort_by_key(|(at, _)| *at);
        let mail: Vec<Mail> = read.mail.into_iter().map(|(_, mail)| mail).collect();
        for news in &mail {
            if let Mail::Proposed { pool, which, room, .. } = news {
                self.proposals.add(pool, *which, room);
            }
        }
        self.lives.read_mail(by, places, read.lost);
        if read.more
            && let Some(life) = self.lives.living(by)
        {
            life.tell(|sink| sink.mail());
        }
        Ok(mail)
    }
}
