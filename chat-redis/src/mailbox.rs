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
        // A master that took over may not have what we have read last: numbers are given again then, and only what stands
        // behind our place in the stream is new.
        self.number = self.number.min(newest);
        // Where the stream is read from its start, only the number tells.
        let all_new = self.id != Id::default();
        let mut entries = Parts::of(entries)?;
        let count = entries.left();
        while entries.left() > 0 {
            let mut entry = entries.parts()?;
            let at = id(&entry.bytes()?)?;
            self.take_entry(writer, at, reply::pairs(entry.value()?)?, all_new, read)?;
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
        all_new: bool,
        read: &mut Read,
    ) -> Result<(), Corrupt> {
        let corrupt = Corrupt("mail");
        let mut fields = fields.into_iter();
        let (_, first) = fields.next().filter(|(name, _)| name == "i").ok_or(corrupt)?;
        let mut number: u64 = codec::read_number(&first, "mail")?;
        read.lose(number.saturating_sub(self.number.saturating_add(1)));
        while let Some((_, of)) = fields.next() {
            let (_, text) = fields.next().ok_or(corrupt)?;
            if all_new || number > self.number {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry at this place in the stream, with one piece for everybody.
    fn entry(at: u64, number: u64) -> Value {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let disconnect = format!("Dkicked\0user-{number}");
        let fields = ["i", &number.to_string(), "w", "", "m", &disconnect].map(text);
        Value::Array(vec![text(&format!("{at}-0")), Value::Array(fields.into())])
    }

    /// What is new of these entries, by the number of the user in it.
    fn take(place: &mut MailPlace, newest: u64, entries: &[(u64, u64)]) -> (Vec<u64>, u64, bool) {
        let entries = entries.iter().map(|(at, number)| entry(*at, *number)).collect();
        let mut read = Read::default();
        place.take(b"somebody", newest, Value::Array(entries), &mut read).unwrap();
        let (lost, more) = (read.lost, read.more);
        let number = |mail| match mail {
            Mail::Disconnect { user, .. } => user.as_str()[5..].parse().unwrap(),
            other => panic!("{other:?}"),
        };
        (read.news().into_iter().map(number).collect(), lost, more)
    }

    #[test]
    fn what_is_behind_the_place_is_new_and_what_is_missing_is_counted() {
        let mut place = MailPlace::read(b"0-0 2").unwrap();
        assert_eq!(take(&mut place, 4, &[(10, 3), (11, 4)]), (vec![3, 4], 0, false));
        assert_eq!(take(&mut place, 4, &[]), (vec![], 0, false));
        assert_eq!(take(&mut place, 8, &[(15, 7), (16, 8)]), (vec![7, 8], 2, false));
    }

    #[test]
    fn after_a_failover_nothing_is_given_again_and_nothing_is_passed_over() {
        // Up to 100 was read, and the new master stands at 95.
        let mut place = MailPlace::read(b"50-0 100").unwrap();
        assert_eq!(take(&mut place, 95, &[]), (vec![], 0, false));
        assert_eq!(take(&mut place, 96, &[(60, 96)]), (vec![96], 0, false));
        // The same where much has come before it was asked.
        let mut place = MailPlace::read(b"50-0 100").unwrap();
        let come: Vec<_> = (96..=101).map(|number| (number, number)).collect();
        let (news, lost, _) = take(&mut place, 101, &come);
        assert_eq!((news, lost), ((96..=101).collect(), 0));
    }

    #[test]
    fn a_stream_under_a_clock_that_was_set_back_is_read_from_its_start() {
        let mut place = MailPlace::read(b"50-0 3").unwrap();
        assert_eq!(take(&mut place, 5, &[]), (vec![], 0, true));
        let all = [(48, 2), (49, 3), (20, 4), (21, 5)];
        assert_eq!(take(&mut place, 5, &all), (vec![4, 5], 0, false));
    }
}
