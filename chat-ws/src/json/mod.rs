//! The one place where chat.v1 is read and written as JSON.
//!
//! [`read`] turns a frame of a client into a [`read::Frame`], everything in it checked, or says what is wrong with it.
//! [`write`](mod@write) turns values of the engine into texts, through the [`Text`] below: fields are written one behind
//! the other into one buffer, bodies are taken over byte for byte, nothing is built up first.

pub(crate) mod depth;
mod plain;
pub(crate) mod read;
pub(crate) mod write;

use bytes::Bytes;

use crate::frame::{self, Frame};

/// A JSON text that is being written, behind room for the header of a WebSocket frame.
#[derive(Debug)]
pub(crate) struct Text {
    out: Vec<u8>,
    /// Whether a comma is due before what comes next.
    comma: bool,
}

impl Text {
    /// An empty text, with space for about this many bytes.
    pub(crate) fn with_space(bytes: usize) -> Self {
        let mut out = Vec::with_capacity(frame::HEADER_MAX + bytes);
        out.resize(frame::HEADER_MAX, 0);
        Self { out, comma: false }
    }

    /// The finished text in its frame.
    pub(crate) fn into_frame(self) -> Frame {
        Frame::around(self.out)
    }

    /// The finished text by itself.
    pub(crate) fn into_json(self) -> Bytes {
        Bytes::from(self.out).slice(frame::HEADER_MAX..)
    }

    #[inline]
    fn due(&mut self) {
        if std::mem::replace(&mut self.comma, true) {
            self.out.push(b',');
        }
    }

    fn nested(&mut self, open: u8, close: u8, inside: impl FnOnce(&mut Self)) {
        self.due();
        self.out.push(open);
        self.comma = false;
        inside(self);
        self.out.push(close);
        self.comma = true;
    }

    /// An object, as a value of its own.
    pub(crate) fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.nested(b'{', b'}', fields);
    }

    /// A field's name; its value comes next.
    #[inline]
    pub(crate) fn name(&mut self, name: &'static str) -> &mut Self {
        // Asked for once, so that what follows is only written.
        self.out.reserve(name.len() + 4);
        self.due();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.comma = false;
        self
    }

    /// A field that is an object.
    pub(crate) fn object_in(&mut self, name: &'static str, fields: impl FnOnce(&mut Self)) {
        self.name(name).object(fields);
    }

    /// A field that is an array; each item is written by `each`.
    pub(crate) fn array<T>(
        &mut self,
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.name(name).nested(b'[', b']', |text| {
            for item in items {
                each(text, item);
            }
        });
    }

    /// A string as a value.
    pub(crate) fn string(&mut self, value: &str) {
        self.due();
        // Nothing that is written into memory fails.
        let _ = serde_json::to_writer(&mut self.out, value);
    }

    /// A field that is a string.
    pub(crate) fn str(&mut self, name: &'static str, value: &str) {
        self.name(name).string(value);
    }

    /// A field that is a string of letters, digits and `_ . : ~ -` alone, which need no escapes.
    #[inline]
    pub(crate) fn plain(&mut self, name: &'static str, value: &str) {
        self.name(name).due();
        self.out.push(b'"');
        self.out.extend_from_slice(value.as_bytes());
        self.out.push(b'"');
    }

    /// A field that is a string, or null.
    pub(crate) fn str_or_null(&mut self, name: &'static str, value: Option<&str>) {
        match value {
            Some(value) => self.str(name, value),
            None => self.raw(name, b"null"),
        }
    }

    /// A field that is a number.
    pub(crate) fn number(&mut self, name: &'static str, value: u64) {
        self.name(name).due();
        // Nothing that is written into memory fails.
        let _ = serde_json::to_writer(&mut self.out, &value);
    }

    /// A field that is true or false.
    pub(crate) fn bool(&mut self, name: &'static str, value: bool) {
        self.raw(name, if value { b"true" } else { b"false" });
    }

    /// A field whose value is this JSON text.
    pub(crate) fn raw(&mut self, name: &'static str, json: &[u8]) {
        self.name(name).value(json);
    }

    /// A value that is this JSON text.
    pub(crate) fn value(&mut self, json: &[u8]) {
        self.due();
        self.out.extend_from_slice(json);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_by_any_reader() {
        let mut text = Text::with_space(10);
        text.object(|o| {
            o.str("a", "\"\n\u{0}각");
            o.array("list", [1_u64, 2], |t, n| t.object(|o| o.number("n", n)));
            o.array::<u64>("none", [], |_, _| {});
            o.object_in("o", |o| {
                o.bool("yes", true);
                o.str_or_null("nobody", None);
            });
            o.number("largest", u64::MAX);
            o.number("zero", 0);
            o.raw("raw", b"[1.50]");
        });
        let json = text.into_json();
        let read: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(read["a"], "\"\n\u{0}각");
        assert_eq!(read["list"][1]["n"], 2);
        assert_eq!(read["none"], serde_json::json!([]));
        assert_eq!(read["o"]["yes"], true);
        assert_eq!(read["largest"], u64::MAX);
        assert!(json.ends_with(b"\"zero\":0,\"raw\":[1.50]}"), "{json:?}");
    }
}
