//! Names of things. Each is checked once, where it comes in, and cannot be wrong afterwards.
//!
//! Ids are ASCII: they are keys, parts of URLs and of other stores' key names. What people read and
//! type (names, titles, tags) is Unicode and lives in [`crate::text`].

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Invalid, Problem};

/// 128 random bits, for ids that must not be guessed or met twice.
fn random_bits() -> u128 {
    let mut bytes = [0u8; 16];
    // The operating system's generator fails only on machines on which nothing else would work
    // either; an id that can be guessed would be worse than stopping.
    #[allow(clippy::expect_used)]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    u128::from_le_bytes(bytes)
}

fn random_u64() -> u64 {
    random_bits() as u64
}

/// 22 characters of `A–Z a–z 0–9 _ -`, carrying 128 random bits.
fn random_text() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bits = random_bits();
    (0..22)
        .map(|_| {
            let letter = ALPHABET[(bits & 63) as usize] as char;
            bits >>= 6;
            letter
        })
        .collect()
}

/// What every id that is a text has: parsing, showing, comparing with `&str`.
macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// The id as it is written.
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
        impl FromStr for $name {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::new(text)
            }
        }
        impl TryFrom<&str> for $name {
            type Error = Invalid;
            fn try_from(text: &str) -> Result<Self, Invalid> {
                Self::new(text)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
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
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Checks length and characters of an ASCII id.
fn check(
    field: &'static str,
    text: &str,
    max: usize,
    allowed: impl Fn(u8) -> bool,
) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::new(field, Problem::Empty));
    }
    if text.len() > max {
        return Err(Invalid::new(field, Problem::TooLong { max }));
    }
    if !text.bytes().all(allowed) {
        return Err(Invalid::new(field, Problem::Characters));
    }
    Ok(())
}

fn is_room_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-')
}

fn is_pool_byte(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-')
}

/// The name of a room: 1–64 of `A–Z a–z 0–9 _ . : -`.
///
/// A pair room's id is made by the store and begins with its pool and `~`, so that the pool (and in
/// a sharded store its place) is known from the id alone. Nobody can open a room of that form.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(Arc<str>);
text_id!(RoomId);

impl RoomId {
    /// Longest id, in characters.
    pub const MAX: usize = 64;

    /// Checks and takes over an id.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        const FIELD: &str = "room";
        match text.split_once('~') {
            None => check(FIELD, text, Self::MAX, is_room_byte)?,
            Some((pool, rest)) => {
                if text.len() > Self::MAX {
                    return Err(Invalid::new(FIELD, Problem::TooLong { max: Self::MAX }));
                }
                check(FIELD, pool, PoolName::MAX, is_pool_byte)?;
                check(FIELD, rest, Self::MAX, is_room_byte)?;
            }
        }
        Ok(Self(text.into()))
    }

    /// A new id with 128 random bits: whoever knows it was told.
    #[must_use]
    pub fn random() -> Self {
        Self(random_text().into())
    }

    /// A new id for a pair room of this pool.
    #[must_use]
    pub fn random_pair(pool: &PoolName) -> Self {
        Self(format!("{pool}~{}", random_text()).into())
    }

    /// The pool of a pair room; `None` for every other room.
    #[must_use]
    pub fn pool(&self) -> Option<PoolName> {
        self.0.split_once('~').map(|(pool, _)| PoolName(pool.into()))
    }

    /// Whether this names a pair room.
    #[must_use]
    pub fn is_pair(&self) -> bool {
        self.0.contains('~')
    }
}

/// The id of a user: 1–128 visible ASCII characters, the host's own or made for an anonymous user.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Arc<str>);
text_id!(UserId);

impl UserId {
    /// Longest id, in characters.
    pub const MAX: usize = 128;

    /// Checks and takes over an id.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        check("user", text, Self::MAX, |b| b.is_ascii_graphic())?;
        Ok(Self(text.into()))
    }

    /// A new id for a user without an account.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(format!("u_{}", random_text()).into())
    }

    /// A new id under which a user is seen in one pair room, and nowhere else.
    #[must_use]
    pub fn alias() -> Self {
        Self(format!("a_{}", random_text()).into())
    }
}

/// The name of a matching pool: 1–32 of `a–z 0–9 _ -`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolName(Arc<str>);
text_id!(PoolName);

impl PoolName {
    /// Longest name, in characters.
    pub const MAX: usize = 32;

    /// Checks and takes over a name.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        check("pool", text, Self::MAX, is_pool_byte)?;
        Ok(Self(text.into()))
    }
}

/// A sender's own name for one `say`, by which a repetition is recognised: 1–64 printable ASCII
/// characters, spaces included.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Arc<str>);
text_id!(Key);

impl Key {
    /// Longest key, in characters.
    pub const MAX: usize = 64;

    /// Checks and takes over a key.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        check("key", text, Self::MAX, |b| b.is_ascii_graphic() || b == b' ')?;
        Ok(Self(text.into()))
    }
}

/// What every id that is a number has: shown and parsed as hexadecimal digits.
macro_rules! number_id {
    ($name:ident, $field:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:x}", self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:x})"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                let lower = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
                check($field, text, 16, lower)?;
                u64::from_str_radix(text, 16)
                    .map(Self)
                    .map_err(|_| Invalid::new($field, Problem::Characters))
            }
        }
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Names one life of a room's log. Made at random when the room is opened; compared, never counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u64);
number_id!(Epoch, "epoch");

impl Epoch {
    /// A new epoch.
    #[must_use]
    pub fn random() -> Self {
        Self(random_u64())
    }
}

/// One process that runs an engine; random, so that a restarted process is another node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u64);
number_id!(NodeId, "node");

impl NodeId {
    /// A new id.
    #[must_use]
    pub fn random() -> Self {
        Self(random_u64())
    }
}

/// Which of its lives a node is in. A node whose lease ran out comes back as the next one; the
/// store refuses what earlier ones still try to write.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Incarnation(pub u64);
number_id!(Incarnation, "incarnation");

/// One connection of one user, unique within its node; with its [`Writer`], in the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);
number_id!(SessionId, "session");

/// Who writes: a node, in one of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Writer {
    /// The node.
    pub node: NodeId,
    /// Which of its lives.
    pub incarnation: Incarnation,
}

impl Writer {
    /// The name of a session of this writer.
    #[must_use]
    pub fn session(self, session: SessionId) -> SessionKey {
        SessionKey { writer: self, session }
    }
}

/// One session, by a name that is unique in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    /// The node that has the connection, in the life in which it entered.
    pub writer: Writer,
    /// The connection.
    pub session: SessionId,
}

/// One proposed match, unique within its pool.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MatchId(pub u64);
number_id!(MatchId, "match");

impl MatchId {
    /// A new id.
    #[must_use]
    pub fn random() -> Self {
        Self(random_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_ids_take_what_the_protocol_says() {
        for good in ["a", "film-1", "A.b:c_d-9", "random~abc", &"x".repeat(64)] {
            assert_eq!(RoomId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", " ", "a b", "ä", "a/b", "~x", "x~", "X~y", "a~b~c", &"x".repeat(65)] {
            assert!(RoomId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_pair_room_names_its_pool() {
        let pool = PoolName::new("music_2").unwrap();
        let room = RoomId::random_pair(&pool);
        assert_eq!(room.pool(), Some(pool));
        assert_eq!(RoomId::new(room.as_str()).unwrap(), room);
        assert_eq!(RoomId::random().pool(), None);
        let longest = PoolName::new(&"p".repeat(32)).unwrap();
        assert!(RoomId::random_pair(&longest).as_str().len() <= RoomId::MAX);
    }

    #[test]
    fn random_ids_are_valid_and_differ() {
        let (one, two) = (RoomId::random(), RoomId::random());
        assert_ne!(one, two);
        assert!(RoomId::new(one.as_str()).is_ok());
        assert!(UserId::new(UserId::anonymous().as_str()).is_ok());
    }

    #[test]
    fn numbers_are_read_back_as_they_are_shown() {
        let epoch = Epoch(0xdead_beef);
        assert_eq!(epoch.to_string().parse::<Epoch>().unwrap(), epoch);
        for bad in ["", "xyz", "+1", "00000000000000000", "DEAD"] {
            assert!(bad.parse::<Epoch>().is_err(), "{bad:?}");
        }
    }
}
