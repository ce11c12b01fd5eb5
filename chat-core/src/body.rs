//! What is said: one JSON text, carried as bytes that nobody here looks into.

use std::fmt;

use bytes::Bytes;

/// The content of a message, a signal, or a room's `meta`: one JSON text.
///
/// It is the same on every surface (Rust, the wire, Python), so that a body made on one is read on any
/// other. The engine never parses it: [`Body::text`] makes a JSON string, [`Body::json`] takes over
/// what an adapter has validated.
///
/// ```
/// # use chat_core::Body;
/// assert_eq!(Body::text("a \"b\"").as_bytes(), br#""a \"b\"""#);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Body(Bytes);

impl Body {
    /// A JSON string of this text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut json = String::with_capacity(text.len() + 2);
        json.push('"');
        for c in text.chars() {
            match c {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                '\n' => json.push_str("\\n"),
                '\r' => json.push_str("\\r"),
                '\t' => json.push_str("\\t"),
                c if c < ' ' => json.push_str(&format!("\\u{:04x}", c as u32)),
                c => json.push(c),
            }
        }
        json.push('"');
        Self(json.into())
    }

    /// Takes over one JSON text. The caller has validated it: it is handed on as it is, into other
    /// JSON texts too.
    #[must_use]
    pub fn json(json: impl Into<Bytes>) -> Self {
        Self(json.into())
    }

    /// The JSON text of a value.
    ///
    /// # Errors
    /// Where the value cannot be written as JSON.
    #[cfg(feature = "serde")]
    pub fn of<T: serde::Serialize + ?Sized>(value: &T) -> Result<Self, crate::Invalid> {
        serde_json::to_vec(value)
            .map(|json| Self(json.into()))
            .map_err(|_| crate::Invalid::new("body", crate::Problem::Form))
    }

    /// The JSON text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The JSON text, shared.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it, which no JSON text is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::text(&text)
    }
}

/// Only the length: what users say does not belong in logs.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

/// As the JSON text that it is, byte for byte: through a parsed value, keys would change their order and large numbers
/// their digits. Made for serde_json; other formats have no place for a JSON text and fail.
#[cfg(feature = "serde")]
impl serde::Serialize for Body {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let raw: &serde_json::value::RawValue =
            serde_json::from_slice(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(to)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Body {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(from)?;
        Ok(Self(String::from(Box::<str>::from(raw)).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_string_for_any_json_reader() {
        let all: String =
            (0u32..0x300).filter_map(char::from_u32).chain("각😀\u{2028}".chars()).collect();
        let body = Body::text(&all);
        let read: String = serde_json::from_slice(body.as_bytes()).unwrap();
        assert_eq!(read, all);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_body_goes_through_serde_byte_for_byte() {
        let text = r#"{"b":1.10,"a":12345678901234567890123, "b":[ ]}"#;
        let body: Body = serde_json::from_str(text).unwrap();
        assert_eq!(body.as_bytes(), text.as_bytes());
        assert_eq!(serde_json::to_string(&body).unwrap(), text);
        assert_eq!(Body::of(&vec![1, 2]).unwrap().as_bytes(), b"[1,2]");
    }

    #[test]
    fn debug_does_not_show_what_was_said() {
        assert_eq!(format!("{:?}", Body::text("secret")), "Body(8 bytes)");
    }
}
