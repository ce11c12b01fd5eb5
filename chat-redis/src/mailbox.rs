//! What is decided about mail from what was read of it: how far a life has read, what is new to it, and what it was too late
//! for. Every piece has a number; numbers that are missing were lost (the stream is bounded, and ends where nothing is told for
//! ten minutes), and are counted.

use bytes::Bytes;
use chat_core::store::Mail;
use redis::Value;

use crate::codec::{self, Corrupt};
use crate::reply::{self, Parts};

/// Entries read of one shard at once.
pub(crate) const PAGE: usize = 500;

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
pub(crate) struct Read {
    mail: Vec<(Id, Mail)>,
    /// How many pieces were gone.
    pub(crate) lost: u64,
    /// Whether there is more.
    pub(crate) more: bool,
}

impl Read {
    fn lose(&mut self, pieces: u64) {
        self.lost = self.lost.saturating_add(pieces);
    }

    /// The news, oldest first.
    pub(crate) fn news(mut self) -> Vec<Mail> {
        self.mail.sort_by_key(|(at, _)| *at);
        self.mail.into_iter().map(|(_, mail)| mail).collect()
    }
}

impl MailPlace {
    /// What is behind it, as Redis is asked for it.
    pub(crate) fn behind(&self) -> String {
        format!("({}-{}", self.id.0, self.id.1)
    }

    /// A place, as a script says it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Corrupt> {
        let corrupt = Corrupt("a place in the mail");
        let space = bytes.iter().position(|byte| *byte == b' ').ok_or(corrupt)?;
        let number = codec::read_number(&bytes[space + 1..], "a place in the mail")?;
        Ok(Self { id: id(&bytes[..space])?, number })
    }

    /// Takes what a shard has behind this place: the newest number there, and entries of the stream.
    pub(crate) fn take(
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
            read.lose(newest - self.number);
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
        read.lose(number.saturating_sub(self.number.saturating_add(1)));
        while let Some((_, of)) = fields.next() {
            let (_, text) = fields.next().ok_or(corrupt)?;
            if number > self.number {
                self.number = number;
                if of.is_empty() || of == writer {
                    match codec::read_mail(&text) {
                        Ok(mail) => read.mail.push((at, mail)),
                        // It would be in the way of all that comes behind it.
                        Err(_) => read.lose(1),
                    }
                }
            }
            number = number.saturating_add(1);
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
