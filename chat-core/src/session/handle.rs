//! Commands of a session.

use std::fmt;
use std::sync::Arc;

use crate::engine::{Engine, Inner};
use crate::error::{Error, Result};
use crate::id::{PoolName, RoomId, SessionId, UserId};
use crate::session::core::Core;
use crate::text::Name;

/// What gives a session's commands. A cheap clone; it does not keep the session alive, and after the session has ended
/// every command says so.
#[derive(Clone)]
pub struct SessionHandle {
    engine: Arc<Inner>,
    core: Arc<Core>,
}

impl SessionHandle {
    pub(crate) fn new(engine: Arc<Inner>, core: Arc<Core>) -> Self {
        Self { engine, core }
    }

    pub(crate) fn engine(&self) -> &Arc<Inner> {
        &self.engine
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The session's id, unique within its node.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.core.id
    }

    /// Whose session this is.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.core.user
    }

    /// Under what name.
    #[must_use]
    pub fn name(&self) -> Name {
        self.core.name()
    }

    /// The engine of this session.
    #[must_use]
    pub fn of_engine(&self) -> Engine {
        Engine::from_inner(Arc::clone(&self.engine))
    }

    /// Whether the session has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.core.outbox.is_over()
    }

    /// Ends the session as [`Engine::disconnect`] does, for this one connection alone: its stream ends with
    /// [`Event::Bye`](crate::Event::Bye), its rooms begin their grace.
    pub fn end(&self) {
        self.engine.end_session(&self.core, crate::why::ByeWhy::Kicked);
    }

    /// Rooms in which this user is already: through another connection, or within the grace after one was lost.
    ///
    /// Cancel safe.
    pub async fn rooms(&self) -> Result<Vec<RoomId>> {
        let most = u32::try_from(self.engine.limits().rooms_of_session).unwrap_or(u32::MAX);
        Ok(self.engine.backend().presence.rooms_of(&self.core.user, most).await?)
    }

    /// Pools in which this user waits for a partner.
    ///
    /// Cancel safe.
    pub async fn waiting(&self) -> Result<Vec<PoolName>> {
        Ok(self.engine.backend().matching.waiting(&self.core.user).await?)
    }

    /// Refuses where the session has ended.
    pub(crate) fn alive(&self) -> Result<()> {
        self.engine.alive()?;
        if self.core.outbox.is_over() { Err(Error::SessionOver) } else { Ok(()) }
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionHandle").field(&self.core.id).finish()
    }
}
