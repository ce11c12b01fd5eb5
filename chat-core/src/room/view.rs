//! What is seen of a room, and of who is in it.

use std::sync::Arc;

use super::{NewRoom, RoomKind, RoomPolicy};
use crate::body::Body;
use crate::entry::Entry;
use crate::id::{Epoch, RoomId, UserId};
use crate::text::{Name, Title};
use crate::time::Timestamp;

/// What is seen of a room at one moment.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RoomView {
    /// Its id.
    pub id: RoomId,
    /// Which life of it.
    pub epoch: Epoch,
    /// Its kind.
    pub kind: RoomKind,
    /// Its title.
    pub title: Title,
    /// The host's own JSON object.
    pub meta: Option<Body>,
    /// Who may close it.
    pub owner: Option<UserId>,
    /// What holds in it.
    pub policy: Arc<RoomPolicy>,
    /// When it was opened.
    pub created: Timestamp,
    /// Distinct users now.
    pub live: u32,
    /// Distinct users now and within the visitors' window.
    pub visitors: u32,
    /// Whether there were more visitors than are kept, so that `visitors` is a lower bound.
    pub visitors_capped: bool,
    /// The newest thing said.
    pub last: Option<Arc<Entry>>,
}

impl RoomView {
    /// A view of a room that was just made; a store fills in the rest.
    #[must_use]
    pub fn new(room: &NewRoom, policy: Arc<RoomPolicy>, epoch: Epoch, created: Timestamp) -> Self {
        Self {
            id: room.id.clone(),
            epoch,
            kind: room.kind,
            title: room.title.clone(),
            meta: room.meta.clone(),
            owner: room.owner.clone(),
            policy,
            created,
            live: 0,
            visitors: 0,
            visitors_capped: false,
            last: None,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.id
    }
}

/// Somebody who is in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who; in a pair room their alias.
    pub user: UserId,
    /// Under what name.
    pub name: Name,
    /// Since when.
    pub since: Timestamp,
}
