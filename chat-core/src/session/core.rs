//! What a session is, shared by its stream, its handles and the engine.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::hub::{Outbox, Pin};
use crate::id::{PoolName, RoomId, SessionId, SessionKey, UserId, Writer};
use crate::store::Request;
use crate::text::Name;

/// One connection of one user.
///
/// Kept lean: an idle session in one room is to cost less than a kilobyte in all. What few sessions have is in
/// [`Seeking`], behind a box.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    name: Mutex<Name>,
    pub(crate) outbox: Arc<Outbox>,
    /// Held while the session's memberships change, so that a join and a leave of the same room cannot
    /// overtake one another.
    pub(crate) changing: tokio::sync::Mutex<()>,
    seeking: Mutex<Option<Box<Seeking>>>,
}

/// Where a session waits for a partner.
#[derive(Debug, Default)]
pub(crate) struct Seeking {
    /// What was asked for, by pool.
    requests: Vec<Request>,
    /// What had been asked for where a partner was found: `seek_next` goes on with it.
    matched: Vec<Request>,
    /// Rooms to come that this node has confirmed; subscribed until it is known what became of them.
    pins: Vec<(PoolName, Pin)>,
    /// As whom it is seen, or was, in the newest of its pair rooms.
    aliases: Vec<(RoomId, UserId)>,
}

/// Pair rooms in which a session remembers who it was.
const ALIASES: usize = 8;

impl Seeking {
    fn is_empty(&self) -> bool {
        let Self { requests, matched, pins, aliases } = self;
        requests.is_empty() && matched.is_empty() && pins.is_empty() && aliases.is_empty()
    }
}

impl Core {
    pub(crate) fn new(id: SessionId, user: UserId, name: Name) -> Self {
        Self {
            id,
            user,
            name: Mutex::new(name),
            outbox: Arc::default(),
            changing: tokio::sync::Mutex::default(),
            seeking: Mutex::default(),
        }
    }

    pub(crate) fn key(&self, by: Writer) -> SessionKey {
        by.session(self.id)
    }

    pub(crate) fn name(&self) -> Name {
        self.name.lock().clone()
    }

    pub(crate) fn set_name(&self, name: Name) {
        *self.name.lock() = name;
    }

    /// Notes that the session waits. What it had asked for where a partner was found before stays known until it is
    /// matched again: where the user turns out to have that partner still, the next search goes on with it.
    pub(crate) fn seeks(&self, request: Request) {
        let mut seeking = self.seeking.lock();
        let seeking = seeking.get_or_insert_default();
        seeking.requests.retain(|other| other.pool != request.pool);
        seeking.requests.push(request);
    }

    /// Whether it waits for a partner.
    pub(crate) fn waits(&self) -> bool {
        self.seeking.lock().as_ref().is_some_and(|seeking| !seeking.requests.is_empty())
    }

    /// Notes under what name the session waits in its node's next life, if it still does.
    pub(crate) fn seeks_still(&self, request: &Request) {
        if let Some(seeking) = self.seeking.lock().as_mut()
            && let Some(there) = seeking.requests.iter_mut().find(|r| r.pool == request.pool)
        {
            there.session = request.session;
        }
    }

    /// Notes that the session no longer waits in this pool.
    pub(crate) fn seeks_no_more(&self, pool: &PoolName) {
        self.take_request(pool);
    }

    /// Notes that a partner was found in this pool.
    pub(crate) fn was_matched(&self, pool: &PoolName) {
        if let Some(request) = self.take_request(pool) {
            let mut place = self.seeking.lock();
            let matched = &mut place.get_or_insert_default().matched;
            matched.retain(|other| other.pool != request.pool);
            matched.push(request);
        }
    }

    fn take_request(&self, pool: &PoolName) -> Option<Request> {
        let mut place = self.seeking.lock();
        let seeking = place.as_mut()?;
        let at = seeking.requests.iter().position(|request| request.pool == *pool);
        let request = at.map(|at| seeking.requests.swap_remove(at));
        let pin = seeking.pins.iter().position(|(p, _)| p == pool);
        let pin = pin.map(|at| seeking.pins.swap_remove(at));
        if seeking.is_empty() {
            *place = None;
        }
        drop(place);
        // Letting go of a pin asks the hub: not under this lock.
        drop(pin);
        request
    }

    /// Keeps the room of a proposed match subscribed, in place of an earlier one of the pool.
    pub(crate) fn keep_pin(&self, pool: &PoolName, pin: Pin) {
        let mut place = self.seeking.lock();
        let seeking = place.get_or_insert_default();
        let old = seeking.pins.iter_mut().find(|(p, _)| p == pool);
        let old = match old {
            Some((_, kept)) => Some(std::mem::replace(kept, pin)),
            None => {
                seeking.pins.push((pool.clone(), pin));
                None
            }
        };
        drop(place);
        drop(old);
    }

    /// What the session asked for in this pool, whether it waits still or found a partner.
    pub(crate) fn request(&self, pool: &PoolName) -> Option<Request> {
        let seeking = self.seeking.lock();
        let seeking = seeking.as_ref()?;
        let mut all = seeking.requests.iter().chain(&seeking.matched);
        all.find(|request| request.pool == *pool).cloned()
    }

    /// Notes as whom the session is seen in a pair room.
    pub(crate) fn is_seen_as(&self, room: &RoomId, alias: &UserId) {
        let mut place = self.seeking.lock();
        let aliases = &mut place.get_or_insert_default().aliases;
        aliases.retain(|(other, _)| other != room);
        if aliases.len() == ALIASES {
            aliases.remove(0);
        }
        aliases.push((room.clone(), alias.clone()));
    }

    /// As whom the session was seen in a pair room, if it was there lately.
    pub(crate) fn alias_in(&self, room: &RoomId) -> Option<UserId> {
        let place = self.seeking.lock();
        let mut aliases = place.as_ref()?.aliases.iter();
        aliases.find(|(other, _)| other == room).map(|(_, alias)| alias.clone())
    }

    /// All that the session asked for.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seeking.lock().as_ref().map_or_else(Vec::new, |seeking| seeking.requests.clone())
    }

    /// Forgets where it waits, and returns the pools.
    pub(crate) fn stop_seeking(&self) -> Vec<PoolName> {
        let seeking = self.seeking.lock().take();
        seeking.map_or_else(Vec::new, |s| s.requests.iter().map(|r| r.pool.clone()).collect())
    }
}
