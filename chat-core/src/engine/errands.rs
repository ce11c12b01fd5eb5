//! What has to be told to the store sooner or later, whoever no longer waits for it: lost connections, and joins whose answer
//! never came.
//!
//! *Bounded*: one errand per session, naming its rooms, and as many as there may be sessions; what does not fit is found by
//! the [audit](Inner::audit). *Ends* when the store has answered.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Inner, fenced};
use crate::error::{Error, Result};
use crate::id::{PoolName, RoomId, SessionId};
use crate::session::core::Core;

/// All errands of an engine.
#[derive(Debug)]
pub(crate) struct Errands {
    most: usize,
    list: Mutex<HashMap<SessionId, Errand>>,
    called: Arc<Notify>,
}

#[derive(Debug, Clone)]
struct Errand {
    core: Arc<Core>,
    /// Rooms it may be in without knowing, and has to be taken out of.
    leave: Vec<(RoomId, Owed)>,
    /// Rooms in which its connection was lost.
    lose: Vec<RoomId>,
    /// Pools in which it was lost.
    pools: Vec<PoolName>,
}

/// In what way a session is taken out of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owed {
    /// It said that it leaves.
    Leaving,
    /// It is not to have come in. In a pair room leaving would be the user's, and end the talk: there its connection counts
    /// as lost.
    Undoing,
}

impl Errands {
    pub(super) fn new(most: usize) -> Self {
        Self { most, list: Mutex::default(), called: Arc::default() }
    }

    /// The session leaves this room, and may be in it still.
    pub(crate) fn leave(&self, core: &Arc<Core>, room: &RoomId) {
        self.owe(core, room, Owed::Leaving);
    }

    /// The session may have come into this room without knowing.
    pub(crate) fn undo(&self, core: &Arc<Core>, room: &RoomId) {
        self.owe(core, room, Owed::Undoing);
    }

    fn owe(&self, core: &Arc<Core>, room: &RoomId, owed: Owed) {
        self.add(core, |errand| {
            errand.leave.retain(|(other, _)| other != room);
            errand.leave.push((room.clone(), owed));
        });
    }

    /// The session's connection was lost.
    pub(crate) fn lose(&self, core: &Arc<Core>, rooms: Vec<RoomId>, pools: Vec<PoolName>) {
        self.add(core, |errand| {
            errand.lose.extend(rooms);
            errand.pools.extend(pools);
        });
    }

    /// How many rooms the session may be in without knowing.
    pub(crate) fn owed(&self, core: &Core) -> usize {
        self.list.lock().get(&core.id).map_or(0, |errand| errand.leave.len())
    }

    /// The session asks for the room again: what becomes of that, counts.
    pub(crate) fn forget(&self, core: &Core, room: &RoomId) {
        let mut list = self.list.lock();
        if let Some(errand) = list.get_mut(&core.id) {
            errand.leave.retain(|(other, _)| other != room);
        }
    }

    /// Told whenever there is a new errand.
    pub(super) fn called(&self) -> Arc<Notify> {
        Arc::clone(&self.called)
    }

    fn add(&self, core: &Arc<Core>, change: impl FnOnce(&mut Errand)) {
        let mut list = self.list.lock();
        if list.len() >= self.most && !list.contains_key(&core.id) {
            return;
        }
        change(list.entry(core.id).or_insert_with(|| Errand {
            core: Arc::clone(core),
            leave: Vec::new(),
            lose: Vec::new(),
            pools: Vec::new(),
        }));
        drop(list);
        self.called.notify_one();
    }

    fn waits_to_leave(&self, core: &Core, room: &RoomId) -> bool {
        self.list
            .lock()
            .get(&core.id)
            .is_some_and(|errand| errand.leave.iter().any(|(other, _)| other == room))
    }

    fn any(&self) -> Option<Errand> {
        self.list.lock().values().next().cloned()
    }

    fn done(&self, done: &Errand) {
        let mut list = self.list.lock();
        if let Some(errand) = list.get_mut(&done.core.id) {
            errand.leave.retain(|room| !done.leave.contains(room));
            errand.lose.retain(|room| !done.lose.contains(room));
            errand.pools.retain(|pool| !done.pools.contains(pool));
            if errand.leave.is_empty() && errand.lose.is_empty() && errand.pools.is_empty() {
                list.remove(&done.core.id);
            }
        }
    }
}

impl Inner {
    /// Runs errands until none is left. `Err` where the store could not be asked: they stay.
    pub(crate) async fn run_errands(&self) -> Result<()> {
        while let Some(mut errand) = self.errands.any() {
            match self.run(&mut errand).await {
                Err(error @ Error::Store { retryable: true, .. }) => return Err(error),
                // What the store refuses for good is not repeated for ever.
                Ok(()) | Err(_) => self.errands.done(&errand),
            }
        }
        Ok(())
    }

    async fn run(&self, errand: &mut Errand) -> Result<()> {
        let core = &errand.core;
        while let Some((room, owed)) = errand.leave.first() {
            // A session that lives may be asking for the room again right now; one that is over cannot.
            let _changing =
                if core.outbox.is_over() { None } else { Some(core.changing.lock().await) };
            if self.errands.waits_to_leave(core, room) {
                if core.outbox.seat_in(room).is_none() {
                    self.take_out(core, room, *owed).await?;
                }
                // Before the next join may begin: what that comes to owe is another matter.
                self.errands.forget(core, room);
            }
            errand.leave.remove(0);
        }
        if !errand.lose.is_empty() {
            let wrote = fenced!(self, |by| self
                .backend
                .presence
                .lose(by, core.key(by), &errand.lose)
                .await)?;
            self.wrote(&wrote);
        }
        if !errand.pools.is_empty() {
            fenced!(self, |by| {
                let matching = &self.backend.matching;
                matching.lose_place(by, core.key(by), &core.user, &errand.pools).await
            })?;
        }
        Ok(())
    }

    async fn take_out(&self, core: &Core, room: &RoomId, owed: Owed) -> Result<()> {
        let presence = &self.backend.presence;
        if owed == Owed::Undoing && room.is_pair() {
            let rooms = std::slice::from_ref(room);
            let wrote = fenced!(self, |by| presence.lose(by, core.key(by), rooms).await)?;
            self.wrote(&wrote);
        } else {
            let left = fenced!(self, |by| presence.leave(by, room, core.key(by)).await)?;
            // Not having been in is as good as having left.
            let _ = self.departed(left);
        }
        Ok(())
    }
}
