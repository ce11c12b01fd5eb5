//! Asking the host's hooks: within their budget, whatever they do.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::Inner;
use crate::body::Body;
use crate::error::{Error, Reason, Result};
use crate::hooks::{HookOptions, HookResult, OnFailure, SayVerdict, Verdict};
use crate::id::{PoolName, RoomId, UserId};
use crate::room::NewRoom;
use crate::session::core::Core;
use crate::user::Identity;

impl Inner {
    pub(crate) async fn ask_may_open(&self, core: &Core, room: &NewRoom) -> Result<()> {
        let Some((hooks, options)) = &self.hooks else { return Ok(()) };
        let verdict = ask(options, hooks.may_open(&identity(core), room), Verdict::Allow).await?;
        allowed(verdict)
    }

    /// Whether there is somebody to ask.
    pub(crate) fn asks(&self) -> bool {
        self.hooks.is_some()
    }

    pub(crate) async fn ask_may_join(&self, core: &Core, room: &RoomId) -> Result<()> {
        let Some((hooks, options)) = &self.hooks else { return Ok(()) };
        let verdict = ask(options, hooks.may_join(&identity(core), room), Verdict::Allow).await?;
        allowed(verdict)
    }

    /// Whether a session may say this; what is said then.
    pub(crate) async fn ask_may_say(&self, core: &Core, room: &RoomId, body: Body) -> Result<Body> {
        let Some((hooks, options)) = &self.hooks else { return Ok(body) };
        let user = identity(core);
        let asked = hooks.may_say(&user, room, &body);
        match ask(options, asked, SayVerdict::Allow).await? {
            SayVerdict::Allow => Ok(body),
            SayVerdict::Deny(reason) => Err(denied(reason)),
            SayVerdict::Replace(body) => {
                self.check_body(&body)?;
                Ok(body)
            }
        }
    }

    pub(crate) async fn ask_may_seek(&self, core: &Core, pool: &PoolName) -> Result<()> {
        if self.pools.as_ref().is_some_and(|pools| !pools.contains(pool)) {
            return Err(Error::forbidden());
        }
        let Some((hooks, options)) = &self.hooks else { return Ok(()) };
        let verdict = ask(options, hooks.may_seek(&identity(core), pool), Verdict::Allow).await?;
        allowed(verdict)
    }

    /// With whom a user is never paired, as the host has it.
    pub(crate) async fn ask_blocks(&self, core: &Core) -> Result<Vec<UserId>> {
        let Some((hooks, options)) = &self.hooks else { return Ok(Vec::new()) };
        ask(options, hooks.blocks(&identity(core)), Vec::new()).await
    }
}

fn identity(core: &Core) -> Identity {
    Identity { id: core.user.clone(), name: core.name() }
}

fn allowed(verdict: Verdict) -> Result<()> {
    match verdict {
        Verdict::Allow => Ok(()),
        Verdict::Deny(reason) => Err(denied(reason)),
    }
}

/// With the host's words, where it has some.
fn denied(reason: Reason) -> Error {
    Error::Forbidden { reason: Some(reason).filter(|reason| !reason.as_str().is_empty()) }
}

/// A hook's answer, or what holds where it has none.
pub(super) async fn ask<T>(
    options: &HookOptions,
    asked: impl Future<Output = HookResult<T>>,
    open: T,
) -> Result<T> {
    // A hook that panics is the host's bug; it must not take the connection's task with it.
    let caught = AssertUnwindSafe(asked).catch_unwind();
    let answer = if tokio::runtime::Handle::try_current().is_ok() {
        tokio::time::timeout(options.budget, caught).await.ok()
    } else {
        Some(caught.await)
    };
    match answer {
        Some(Ok(Ok(answer))) => Ok(answer),
        _ => match options.on_failure {
            OnFailure::Allow => Ok(open),
            OnFailure::Refuse => Err(Error::Hook),
        },
    }
}
