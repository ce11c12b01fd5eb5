//! Enumerations whose values have a word each, the same in Rust, on the wire and in Python.
//!
//! A store or an adapter in another crate writes the word with `as_str` and reads it back with `parse`; a word that
//! is not known is [`Invalid`](crate::Invalid), never another value.

/// Gives an enumeration its words: `as_str`, `Display`, `FromStr`, and with the feature `serde` both its traits.
///
/// One list for both directions, so that what is written is what is read.
macro_rules! words {
    ($name:ident, $field:literal, { $($value:ident => $word:literal),+ $(,)? }) => {
        impl $name {
            /// The word for it on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::error::Invalid;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$value),)+
                    _ => Err($crate::error::Invalid::new($field, $crate::error::Problem::Form)),
                }
            }
        }
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use crate::error::{Invalid, Problem};
    use crate::{
        ByeWhy, CloseWhy, LeftWhy, LostWhy, Order, Presence, ResetWhy, RoomKind, UnmatchedWhy,
    };

    fn are_read_back<T: FromStr<Err = Invalid> + Display + Debug>(field: &str, words: &str) {
        for word in words.split(' ') {
            assert_eq!(word.parse::<T>().unwrap().to_string(), word);
        }
        for other in ["", "LIVE", "Left", "idle ", "something else"] {
            let refused = other.parse::<T>().unwrap_err();
            assert_eq!((refused.field(), refused.problem()), (field, Problem::Form));
        }
    }

    #[test]
    fn words_are_read_back_as_they_are_written() {
        are_read_back::<RoomKind>("kind", "public private pair");
        are_read_back::<Presence>("presence", "log count");
        are_read_back::<Order>("order", "live visitors newest active");
        are_read_back::<LeftWhy>("why", "left lost kicked");
        are_read_back::<CloseWhy>("why", "idle empty partner_left owner admin max_age");
        are_read_back::<LostWhy>("why", "epoch trimmed");
        are_read_back::<ResetWhy>("why", "slow fenced epoch");
        are_read_back::<ByeWhy>("why", "drain kicked replaced slow gone");
        are_read_back::<UnmatchedWhy>("why", "replaced lapsed");
    }
}
