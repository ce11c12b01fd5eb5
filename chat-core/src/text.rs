//! What people type and read: names, titles, tags.
//!
//! All of it is trimmed and normalised to NFC (Korean typed on a Mac often comes decomposed, and would
//! not be equal to itself typed elsewhere), and refused where it holds control characters or those that
//! turn the direction of the text around it.

use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::error::{Invalid, Problem};

/// No character is written with more bytes than this before it is normalised; what is longer is
/// refused before any work is done for it.
const BYTES_PER_CHARACTER: usize = 64;

/// Trims, normalises and checks one line of text.
fn clean(field: &'static str, raw: &str, max: usize) -> Result<Arc<str>, Invalid> {
    let too_long = || Invalid::new(field, Problem::TooLong { max });
    if raw.len() > max.saturating_mul(BYTES_PER_CHARACTER) {
        return Err(too_long());
    }
    let mut text: String = raw.trim().nfc().collect();
    if text.chars().any(is_refused) {
        return Err(Invalid::new(field, Problem::Characters));
    }
    // Normalising may bring a space to the edge that was not one before.
    if text.trim().len() != text.len() {
        text = text.trim().to_owned();
    }
    if text.chars().count() > max {
        return Err(too_long());
    }
    Ok(text.into())
}

/// Control characters, line and paragraph separators, and what overrides the direction of text.
fn is_refused(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

macro_rules! text {
    ($name:ident, $field:literal) => {
        impl $name {
            /// Trims, normalises and checks; `max` counts characters.
            pub fn new(raw: &str, max: usize) -> Result<Self, Invalid> {
                let text = clean($field, raw, max)?;
                if text.is_empty() {
                    return Err(Invalid::new($field, Problem::Empty));
                }
                Ok(Self(text))
            }

            /// Takes over what a store has kept; it was checked when it came in.
            #[must_use]
            pub fn stored(text: &str) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }
        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                // A generous bound: the engine's own limits were applied when it was made.
                let clean = clean($field, &text, 1024).map_err(serde::de::Error::custom)?;
                Ok(Self(clean))
            }
        }
    };
}

/// The name by which others see a user.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);
text!(Name, "name");

impl Name {
    /// The name nearest to this text that may be one: without what is refused, cut to `max` characters. For names that a host
    /// has of its users, who cannot help it if theirs are longer. `None` where nothing is left.
    #[must_use]
    pub fn fitting(raw: &str, max: usize) -> Option<Self> {
        // What is far too long is cut before any work is done for it.
        let some = raw.chars().take(max.saturating_mul(BYTES_PER_CHARACTER));
        let text: String = some.filter(|c| !is_refused(*c)).nfc().collect();
        let text: String = text.trim().chars().take(max).collect();
        Self::new(&text, max).ok()
    }
}

/// The title of a room. Pair rooms have the empty one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Title(Arc<str>);
text!(Title, "title");

/// An interest by which people are matched. Compared without regard to case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);
text!(Tag, "tags");

impl Tag {
    /// The form under which tags are compared and kept: lower case, normalised.
    #[must_use]
    pub fn folded(&self) -> Self {
        let lower: String = self.0.to_lowercase().nfc().collect();
        if *lower == *self.0 { self.clone() } else { Self(lower.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decomposed_korean_is_the_same_name() {
        let decomposed = "\u{1100}\u{1161}\u{11a8}";
        assert_eq!(Name::new(decomposed, 1).unwrap(), Name::new("각", 1).unwrap());
    }

    #[test]
    fn edges_are_trimmed_and_length_counts_characters() {
        assert_eq!(Name::new("  Kim \n", 3).unwrap(), "Kim");
        assert!(Name::new("김철수", 3).is_ok());
        assert_eq!(Name::new("Kims", 3).unwrap_err().problem(), Problem::TooLong { max: 3 });
    }

    #[test]
    fn what_misleads_the_eye_is_refused() {
        for bad in ["a\u{0}b", "a\nb", "\u{202e}evil", "a\u{2066}b", "a\u{2028}b", "a\u{85}b"] {
            assert_eq!(Name::new(bad, 32).unwrap_err().problem(), Problem::Characters, "{bad:?}");
        }
        assert_eq!(Name::new("   ", 32).unwrap_err().problem(), Problem::Empty);
    }

    #[test]
    fn a_megabyte_is_refused_before_it_is_normalised() {
        let long = "\u{1100}".repeat(1 << 20);
        assert_eq!(Title::new(&long, 100).unwrap_err().problem(), Problem::TooLong { max: 100 });
    }

    #[test]
    fn tags_are_compared_without_case() {
        assert_eq!(Tag::new("Music", 32).unwrap().folded(), Tag::new("music", 32).unwrap());
    }

    #[test]
    fn a_hosts_name_is_made_to_fit_rather_than_refused() {
        let fitting = |raw: &str| Name::fitting(raw, 5).map(|name| name.as_str().to_owned());
        assert_eq!(fitting(" Kim ").as_deref(), Some("Kim"));
        assert_eq!(fitting("Maximilian").as_deref(), Some("Maxim"));
        assert_eq!(fitting("Kim  \t\n\u{202e}Lee").as_deref(), Some("Kim"));
        assert_eq!(
            fitting(&"\u{1100}\u{1161}".repeat(9)).as_deref(),
            Some("\u{ac00}".repeat(5).as_str())
        );
        assert_eq!(fitting("\n\u{2028} "), None);
        assert_eq!(fitting(""), None);
        assert_eq!(fitting(&"\u{301}".repeat(10_000)).map(|name| name.chars().count()), Some(5));
    }
}
