//! Rooms: what is asked for ([`RoomSpec`]), what holds in them ([`RoomPolicy`]), and what others see of them
//! ([`RoomView`]).

mod policy;
mod spec;
mod view;

pub use policy::{PolicyChange, PolicyDefaults, Presence, RoomPolicy};
pub use spec::{NewRoom, RoomSpec};
pub use view::{Member, RoomView};

use crate::words::words;

/// Who may see a room, and who may join it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomKind {
    /// In the lists; open to all.
    Public,
    /// In no list; whoever has its id may join.
    Private,
    /// For two who were matched. Made by matching only.
    Pair,
}

words!(RoomKind, "kind", {
    Public => "public",
    Private => "private",
    Pair => "pair",
});
