//! Lists of rooms: their orders, and pages of them.

use crate::room::RoomView;

/// By what rooms are ranked. Ties go by creation, the older first, then by id, so that pages do not flicker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Order {
    /// Distinct users now, most first.
    Live,
    /// Distinct users now and within the last half hour, most first.
    Visitors,
    /// The newest first.
    Newest,
    /// Where something was said last first; those where nothing was said at the end.
    Active,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Live, Self::Visitors, Self::Newest, Self::Active];

    /// The word for it on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Visitors => "visitors",
            Self::Newest => "newest",
            Self::Active => "active",
        }
    }
}

/// Which rows of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many rows come before.
    pub offset: u32,
    /// How many rows at the most.
    pub limit: u32,
}

impl Page {
    /// The first rows.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { offset: 0, limit }
    }

    /// The rows from this one on.
    #[must_use]
    pub fn from(self, offset: u32) -> Self {
        Self { offset, ..self }
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::first(50)
    }
}

/// Some rows of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomPage {
    /// The rows.
    pub rooms: Vec<RoomView>,
    /// How many rows the list has in all.
    pub total: u64,
}
