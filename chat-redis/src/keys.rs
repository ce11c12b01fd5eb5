//! The names of all keys: this is the only file that makes them.
//!
//! ```text
//! chat:{3-1}:r:film-7
//! ────  ───  ─ ──────
//! prefix │   │   └ a room's or pool's own name, where the key is one of theirs
//!        │   └ what it is: the letters of the table below
//!        └ the shard's hash tag: all keys of a shard are in one slot, so that one script can do a whole step
//! ```
//!
//! Which shard a room is in follows from its id alone, a pair room's from its pool: a pool and its rooms are one place.
//! The tags are chosen so that the shards' slots lie evenly over a cluster's.
//!
//! Scripts say in their first lines which keys they want, by the names in [`Key`]; `script` puts the two together.

use chat_core::id::{PoolName, RoomId};

/// Slots of a Redis Cluster.
const SLOTS: u16 = 16_384;

/// A kind of key. Where a script asks for keys it uses these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// What a script calls it.
    pub(crate) name: &'static str,
    /// What it is called in Redis.
    letters: &'static str,
    of: Of,
}

/// Whose a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Shard,
    Room,
    Pool,
}

const fn key(of: Of, name: &'static str, letters: &'static str) -> Key {
    Key { name, letters, of }
}

/// All kinds. ARCHITECTURE.md says what is in each.
pub(crate) const KEYS: &[Key] = &[
    key(Of::Shard, "BOOK", "book"),
    key(Of::Shard, "DUE", "due"),
    key(Of::Shard, "INDEX", "index"),
    key(Of::Shard, "USERS", "users"),
    key(Of::Shard, "MAIL", "mail"),
    key(Of::Shard, "LIVE", "live"),
    key(Of::Shard, "VISITED", "visited"),
    key(Of::Shard, "NEWEST", "newest"),
    key(Of::Shard, "ACTIVE", "active"),
    key(Of::Shard, "POOLS", "pools"),
    key(Of::Room, "ROOM", "r"),
    key(Of::Room, "MEMBERS", "m"),
    key(Of::Room, "SESSIONS", "s"),
    key(Of::Room, "SAID", "l"),
    key(Of::Room, "NOTICES", "n"),
    key(Of::Room, "GRACES", "g"),
    key(Of::Room, "VISITORS", "v"),
    key(Of::Room, "KEYS0", "k0"),
    key(Of::Room, "KEYS1", "k1"),
    key(Of::Pool, "POOL", "p"),
    key(Of::Pool, "TICKETS", "pt"),
    key(Of::Pool, "QUEUES", "pq"),
    key(Of::Pool, "MATCHES", "pm"),
    key(Of::Pool, "TIMERS", "pd"),
    key(Of::Pool, "ENGAGED", "pe"),
    key(Of::Pool, "BLOCKS", "pb"),
    key(Of::Pool, "BLOCKED", "px"),
    key(Of::Pool, "PARTNERS0", "p0"),
    key(Of::Pool, "PARTNERS1", "p1"),
];

/// The kind of this name.
pub(crate) fn named(name: &str) -> Option<Key> {
    KEYS.iter().find(|key| key.name == name).copied()
}

/// Where everything of one store is in Redis.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    prefix: String,
    /// Distinguishes the channels of databases: those are not a database's own, unlike keys.
    channels: String,
    /// By shard: `prefix:{tag}:`.
    shards: Vec<String>,
}

/// What a script's keys are the keys of.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Whose<'a> {
    pub(crate) room: Option<&'a RoomId>,
    pub(crate) pool: Option<&'a PoolName>,
}

impl Layout {
    /// The layout of `shards` shards under this prefix, in this database.
    pub(crate) fn new(prefix: &str, database: i64, shards: u16) -> Self {
        let shards = shards.max(1);
        let named = (0..shards).map(|shard| format!("{prefix}:{{{}}}:", tag(shard, shards)));
        let channels = if database == 0 { String::new() } else { format!("@{database}") };
        Self { prefix: prefix.to_owned(), channels, shards: named.collect() }
    }

    /// How many shards there are.
    pub(crate) fn shards(&self) -> u16 {
        self.shards.len() as u16
    }

    /// The one key that is no shard's: what all nodes must agree on.
    pub(crate) fn meta(prefix: &str) -> String {
        format!("{prefix}:meta")
    }

    /// The shard of a room.
    pub(crate) fn shard_of(&self, room: &RoomId) -> u16 {
        let text = room.as_str();
        // A pair room is where its pool is.
        self.shard_by(text.split_once('~').map_or(text, |(pool, _)| pool))
    }

    /// The shard of a pool.
    pub(crate) fn shard_of_pool(&self, pool: &PoolName) -> u16 {
        self.shard_by(pool.as_str())
    }

    /// The shard for anything else that is known by a text, such as what is told to all nodes about a user.
    pub(crate) fn shard_by(&self, text: &str) -> u16 {
        // The slot of the text, so that what Redis thinks is spread well is.
        crc16(text.as_bytes()) % self.shards()
    }

    /// The slot of a shard in a cluster.
    pub(crate) fn slot(&self, shard: u16) -> u16 {
        crc16(tag(shard, self.shards()).as_bytes()) % SLOTS
    }

    /// The slot of any key in a cluster: of its hash tag, where it has one.
    pub(crate) fn slot_of(key: &str) -> u16 {
        let tag =
            key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(tag, _)| tag);
        crc16(tag.filter(|tag| !tag.is_empty()).unwrap_or(key).as_bytes()) % SLOTS
    }

    /// The name of a key. Of a room or pool that is not given, the name is one that is never used.
    pub(crate) fn key(&self, shard: u16, key: Key, of: Whose<'_>) -> String {
        let base = &self.shards[usize::from(shard)];
        let own = match key.of {
            Of::Shard => return format!("{base}{}", key.letters),
            Of::Room => of.room.map_or("", RoomId::as_str),
            Of::Pool => of.pool.map_or("", PoolName::as_str),
        };
        format!("{base}{}:{own}", key.letters)
    }

    /// The same by the name that scripts use.
    ///
    /// # Panics
    /// Where there is no such kind; names are written in the source.
    pub(crate) fn key_named(&self, shard: u16, name: &str, of: Whose<'_>) -> String {
        let key = named(name).unwrap_or_else(|| panic!("there is no kind of key named {name}"));
        self.key(shard, key, of)
    }

    /// The channel on which a room's readers are told: named like its record.
    pub(crate) fn room_channel(&self, room: &RoomId) -> String {
        let of = Whose { room: Some(room), pool: None };
        format!("{}{}", self.key_named(self.shard_of(room), "ROOM", of), self.channels)
    }

    /// The channel on which nodes are told that there is mail: named like the stream.
    pub(crate) fn mail_channel(&self, shard: u16) -> String {
        format!("{}{}", self.key_named(shard, "MAIL", Whose::default()), self.channels)
    }

    /// The channel on which one process hears itself, to know that it hears at all.
    pub(crate) fn own_channel(&self, shard: u16, whose: u64) -> String {
        format!("{}own:{whose:016x}{}", self.shards[usize::from(shard)], self.channels)
    }

    /// What is behind each channel's name, for scripts.
    pub(crate) fn channels(&self) -> &str {
        &self.channels
    }

    /// The room that a channel is of, if it is one of ours.
    pub(crate) fn room_of_channel(&self, channel: &str) -> Option<RoomId> {
        let rest = channel.strip_prefix(&self.prefix)?.strip_prefix(":{")?;
        let (_, rest) = rest.split_once("}:r:")?;
        RoomId::new(rest.strip_suffix(&self.channels)?).ok()
    }
}

/// The hash tag of a shard: of those that begin with its number the first whose slot lies in its part of all slots.
fn tag(shard: u16, shards: u16) -> String {
    let part = |shard: u16| u32::from(SLOTS) * u32::from(shard) / u32::from(shards);
    let range = part(shard)..part(shard + 1);
    let mut attempt = 0;
    loop {
        let tag = format!("{shard}-{attempt}");
        if range.contains(&u32::from(crc16(tag.as_bytes()) % SLOTS)) {
            return tag;
        }
        attempt += 1;
    }
}

/// The checksum by which Redis Cluster finds slots (CRC-16/XMODEM).
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_redis() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
    }

    #[test]
    fn shards_lie_evenly_over_the_slots() {
        for shards in [1, 2, 3, 16, 64] {
            let layout = Layout::new("chat", 0, shards);
            for shard in 0..shards {
                let part = u32::from(layout.slot(shard)) * u32::from(shards) / u32::from(SLOTS);
                assert_eq!(part, u32::from(shard));
            }
        }
    }

    #[test]
    fn a_keys_slot_is_its_tags() {
        let layout = Layout::new("chat", 0, 16);
        for shard in 0..16 {
            assert_eq!(Layout::slot_of(&layout.mail_channel(shard)), layout.slot(shard));
            assert_eq!(Layout::slot_of(&layout.own_channel(shard, 7)), layout.slot(shard));
        }
        assert_eq!(Layout::slot_of("foo"), 12_182);
        assert_eq!(Layout::slot_of("{}foo"), Layout::slot_of("{}foo"));
        assert_ne!(Layout::slot_of("{}foo"), Layout::slot_of("{}bar"));
    }

    #[test]
    fn every_name_and_every_letter_is_of_one_kind() {
        let names: BTreeSet<_> = KEYS.iter().map(|key| key.name).collect();
        let letters: BTreeSet<_> = KEYS.iter().map(|key| key.letters).collect();
        assert_eq!((names.len(), letters.len()), (KEYS.len(), KEYS.len()));
    }

    #[test]
    fn a_pool_and_its_rooms_are_in_one_shard() {
        let layout = Layout::new("chat", 0, 16);
        for name in ["random", "music_2", "a"] {
            let pool = PoolName::new(name).unwrap();
            let room = RoomId::random_pair(&pool);
            assert_eq!(layout.shard_of(&room), layout.shard_of_pool(&pool));
        }
    }

    #[test]
    fn rooms_are_spread_over_the_shards() {
        let layout = Layout::new("chat", 0, 16);
        let mut rooms = [0; 16];
        for n in 0..16_000 {
            rooms[usize::from(layout.shard_of(&RoomId::new(&format!("film-{n}")).unwrap()))] += 1;
        }
        assert!(rooms.iter().all(|count| (800..1_200).contains(count)), "{rooms:?}");
    }

    #[test]
    fn a_channel_tells_its_room() {
        for database in [0, 3] {
            let layout = Layout::new("my.chat", database, 16);
            let room = RoomId::new("film:7").unwrap();
            assert_eq!(layout.room_of_channel(&layout.room_channel(&room)), Some(room));
            assert_eq!(layout.room_of_channel(&layout.mail_channel(2)), None);
        }
        assert_eq!(Layout::new("a", 0, 16).room_of_channel("b:{0-1}:r:x"), None);
    }
}
