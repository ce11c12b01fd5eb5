//! What one who comes back is given: the answer to `join` with a cursor, and whether it makes up for what was missed.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::Fault;

/// The answer to `join`.
#[derive(Debug, Deserialize)]
pub(super) struct Joined<'a> {
    #[serde(borrow)]
    pub(super) cursor: Cursor<'a>,
    #[serde(borrow)]
    pub(super) entries: Vec<Entry<'a>>,
    resumed: bool,
}

/// How far a log was read.
#[derive(Debug, Deserialize)]
pub(super) struct Cursor<'a> {
    #[serde(borrow)]
    epoch: Cow<'a, str>,
    pub(super) n: u64,
    /// Missing where nothing was written yet.
    at: Option<u64>,
}

/// An entry of a log.
#[derive(Debug, Deserialize)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    ev: Cow<'a, str>,
    n: u64,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// What the answer to `hello` has for one without an account.
#[derive(Debug, Deserialize)]
pub(super) struct Token<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
}

impl Token<'_> {
    pub(super) fn read(text: &str) -> Result<String, Fault> {
        let Token { token } = serde_json::from_str(text).map_err(Fault::NotChat)?;
        Ok(token.into_owned())
    }
}

/// The cursor, to be sent along when one comes back.
pub(super) fn since(joined: &Joined<'_>) -> String {
    let Cursor { epoch, n, at } = &joined.cursor;
    let at = at.map(|at| format!(r#","at":{at}"#)).unwrap_or_default();
    format!(r#"{{"epoch":"{epoch}","n":{n}{at}}}"#)
}

impl<'a> Joined<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(Fault::NotChat)
    }

    /// Whether this is everything behind an entry, without holes up to the cursor, with these bodies said, in this order.
    pub(super) fn made_up_for(
        &self,
        read: u64,
        bodies: impl IntoIterator<Item = String>,
    ) -> Result<(), &'static str> {
        if !self.resumed {
            return Err("could not resume");
        }
        let numbers = self.entries.iter().map(|entry| entry.n);
        if !numbers.eq(read + 1..=self.cursor.n) {
            return Err("was not given each entry once and in order");
        }
        let said = self.entries.iter().filter(|entry| entry.ev == "said");
        let said = said.map(|entry| entry.body.map_or("", RawValue::get).trim_matches('"'));
        if said.eq(bodies.into_iter().collect::<Vec<_>>().iter().map(String::as_str)) {
            Ok(())
        } else {
            Err("was not given what was said meanwhile")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(resumed: bool, entries: &[(u64, &str)], n: u64) -> String {
        let entries: Vec<String> = entries
            .iter()
            .map(|(n, body)| match *body {
                "" => format!(r#"{{"ev":"joined","room":"a","n":{n},"at":5,"user":"u"}}"#),
                body => format!(r#"{{"ev":"said","room":"a","n":{n},"at":5,"body":"{body}"}}"#),
            })
            .collect();
        let entries = entries.join(",");
        format!(
            r#"{{"room":{{}},"you":"u","cursor":{{"epoch":"e7","n":{n},"at":5}},"entries":[{entries}],"resumed":{resumed}}}"#
        )
    }

    fn missed(text: &str) -> Result<(), &'static str> {
        let bodies = ["m0", "m1"].map(str::to_owned);
        Joined::read(text).unwrap().made_up_for(3, bodies)
    }

    #[test]
    fn all_of_it_once_and_in_order_makes_up_for_it() {
        assert_eq!(missed(&answer(true, &[(4, "m0"), (5, "m1")], 5)), Ok(()));
        assert_eq!(missed(&answer(true, &[(4, "m0"), (5, ""), (6, "m1")], 6)), Ok(()));
    }

    #[test]
    fn anything_else_does_not() {
        type Answer<'a> = (bool, &'a [(u64, &'a str)], u64);
        let wrong: [Answer<'_>; 7] = [
            (false, &[(4, "m0"), (5, "m1")], 5),
            (true, &[(4, "m0")], 4),
            (true, &[(4, "m0"), (5, "m0"), (6, "m1")], 6),
            (true, &[(4, "m1"), (5, "m0")], 5),
            (true, &[(5, "m0"), (6, "m1")], 6),
            (true, &[(4, "m0"), (4, "m1")], 5),
            (true, &[(4, "m0"), (5, "m1")], 6),
        ];
        for (resumed, entries, n) in wrong {
            assert!(missed(&answer(resumed, entries, n)).is_err(), "{entries:?}");
        }
    }

    #[test]
    fn a_cursor_is_sent_as_it_came() {
        let text = answer(true, &[], 3);
        let joined = Joined::read(&text).unwrap();
        assert_eq!(since(&joined), r#"{"epoch":"e7","n":3,"at":5}"#);
        let empty = text.replace(r#""n":3,"at":5"#, r#""n":0"#);
        assert_eq!(since(&Joined::read(&empty).unwrap()), r#"{"epoch":"e7","n":0}"#);
        assert_eq!(Token::read(r#"{"user":"u","token":"a.b.c"}"#).unwrap(), "a.b.c");
        assert!(Token::read(r#"{"user":"u"}"#).is_err());
    }
}
