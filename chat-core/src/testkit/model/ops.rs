//! What may happen in a schedule.

use proptest::prelude::*;

/// Users, connections at once, rooms, engines.
pub(super) const USERS: u8 = 4;
pub(super) const SLOTS: u8 = 6;
pub(super) const ROOMS: u8 = 4;

/// A random schedule: what happens, one after the other.
#[derive(Debug, Clone)]
pub struct Schedule(pub(super) Vec<Op>);

/// One thing that happens. Slots are connections; what names one that is not there is passed over.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// A connection of this user on this engine; what was in the slot is lost.
    Connect {
        slot: u8,
        user: u8,
        engine: u8,
    },
    /// A connection is lost.
    Drop {
        slot: u8,
    },
    /// The stream is read.
    Read {
        slot: u8,
    },
    Open {
        engine: u8,
        room: u8,
        spec: u8,
    },
    Join {
        slot: u8,
        room: At,
        create: Option<u8>,
        since: bool,
    },
    Leave {
        slot: u8,
        room: At,
    },
    Say {
        slot: u8,
        room: At,
        key: Option<u8>,
    },
    Post {
        engine: u8,
        room: u8,
        user: Option<u8>,
    },
    Rename {
        slot: u8,
        name: u8,
    },
    /// By a connection, as the owner.
    CloseOwn {
        slot: u8,
        room: At,
    },
    /// By the host.
    Close {
        engine: u8,
        room: At,
    },
    Kick {
        engine: u8,
        room: At,
        user: u8,
    },
    Disconnect {
        engine: u8,
        user: u8,
    },
    Seek {
        slot: u8,
        tags: u8,
    },
    Cancel {
        slot: u8,
    },
    Next {
        slot: u8,
        tags: u8,
    },
    Block {
        slot: u8,
    },
    Pass {
        seconds: u8,
    },
}

/// Which room: one of those with a name, or the pair room that was there last.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    Named(u8),
    Pair,
}

fn at() -> impl Strategy<Value = At> {
    prop_oneof![4 => (0..ROOMS).prop_map(At::Named), 1 => Just(At::Pair)]
}

fn op() -> impl Strategy<Value = Op> {
    let slot = 0..SLOTS;
    let (user, room, engine) = (0..USERS, 0..ROOMS, 0..2u8);
    prop_oneof![
        6 => (slot.clone(), user.clone(), engine.clone())
            .prop_map(|(slot, user, engine)| Op::Connect { slot, user, engine }),
        3 => slot.clone().prop_map(|slot| Op::Drop { slot }),
        6 => slot.clone().prop_map(|slot| Op::Read { slot }),
        2 => (engine.clone(), room.clone(), 0..4u8)
            .prop_map(|(engine, room, spec)| Op::Open { engine, room, spec }),
        14 => (slot.clone(), at(), proptest::option::of(0..4u8), any::<bool>())
            .prop_map(|(slot, room, create, since)| Op::Join { slot, room, create, since }),
        4 => (slot.clone(), at()).prop_map(|(slot, room)| Op::Leave { slot, room }),
        10 => (slot.clone(), at(), proptest::option::of(0..2u8))
            .prop_map(|(slot, room, key)| Op::Say { slot, room, key }),
        2 => (engine.clone(), room, proptest::option::of(user.clone()))
            .prop_map(|(engine, room, user)| Op::Post { engine, room, user }),
        2 => (slot.clone(), 0..3u8).prop_map(|(slot, name)| Op::Rename { slot, name }),
        1 => (slot.clone(), at()).prop_map(|(slot, room)| Op::CloseOwn { slot, room }),
        1 => (engine.clone(), at()).prop_map(|(engine, room)| Op::Close { engine, room }),
        2 => (engine.clone(), at(), user.clone())
            .prop_map(|(engine, room, user)| Op::Kick { engine, room, user }),
        1 => (engine, user).prop_map(|(engine, user)| Op::Disconnect { engine, user }),
        8 => (slot.clone(), 0..4u8).prop_map(|(slot, tags)| Op::Seek { slot, tags }),
        2 => slot.clone().prop_map(|slot| Op::Cancel { slot }),
        3 => (slot.clone(), 0..4u8).prop_map(|(slot, tags)| Op::Next { slot, tags }),
        1 => slot.prop_map(|slot| Op::Block { slot }),
        8 => (1..9u8).prop_map(|seconds| Op::Pass { seconds }),
        1 => (10..40u8).prop_map(|seconds| Op::Pass { seconds }),
    ]
}

/// Schedules of up to this many steps.
pub fn schedules(steps: usize) -> impl Strategy<Value = Schedule> {
    proptest::collection::vec(op(), 1..steps.max(2)).prop_map(Schedule)
}
