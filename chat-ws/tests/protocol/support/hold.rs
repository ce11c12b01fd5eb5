//! Things that take as long as the test wants: a host that has to be asked first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use chat_core::{Body, HookResult, Hooks, Identity, PoolName, RoomId, SayVerdict, User, Verdict};
use chat_ws::{Admitted, Authenticate, Credentials, Denied};
use tokio::sync::Semaphore;

/// Lets one through for each push.
#[derive(Clone)]
pub(crate) struct Turnstile(Arc<(Semaphore, AtomicUsize)>);

impl Turnstile {
    pub(crate) fn new() -> Self {
        Self(Arc::new((Semaphore::new(0), AtomicUsize::new(0))))
    }

    /// Lets so many through.
    pub(crate) fn open(&self, times: usize) {
        self.0.0.add_permits(times);
    }

    /// Lets all through from now on.
    pub(crate) fn open_for_good(&self) {
        self.open(1 << 20);
    }

    /// How many have come to it.
    pub(crate) fn came(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }

    /// Waits until so many have come to it.
    pub(crate) async fn until_came(&self, many: usize) {
        super::soon("those who are to come", async {
            while self.came() < many {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Waits to be let through.
    pub(crate) async fn pass(&self) {
        self.0.1.fetch_add(1, Ordering::SeqCst);
        self.0.0.acquire().await.unwrap().forget();
    }
}

/// What is said, joined, looked for, and who comes in, waits at a turnstile.
#[derive(Clone)]
pub(crate) struct Hold {
    pub(crate) say: Option<Turnstile>,
    pub(crate) join: Option<Turnstile>,
    pub(crate) seek: Option<Turnstile>,
    pub(crate) hello: Option<Turnstile>,
}

impl Hold {
    pub(crate) const NOTHING: Self = Self { say: None, join: None, seek: None, hello: None };
}

async fn pass(turnstile: Option<&Turnstile>) {
    if let Some(turnstile) = turnstile {
        turnstile.pass().await;
    }
}

#[async_trait]
impl Hooks for Hold {
    async fn may_say(&self, _: &Identity, _: &RoomId, _: &Body) -> HookResult<SayVerdict> {
        pass(self.say.as_ref()).await;
        Ok(SayVerdict::Allow)
    }

    async fn may_join(&self, _: &Identity, _: &RoomId) -> HookResult<Verdict> {
        pass(self.join.as_ref()).await;
        Ok(Verdict::Allow)
    }

    async fn may_seek(&self, _: &Identity, _: &PoolName) -> HookResult<Verdict> {
        pass(self.seek.as_ref()).await;
        Ok(Verdict::Allow)
    }
}

#[async_trait]
impl Authenticate for Hold {
    async fn authenticate(&self, who: Credentials<'_>) -> Result<Admitted, Denied> {
        pass(self.hello.as_ref()).await;
        match who.token {
            Some("bad") => Err(Denied::Unauthorized),
            Some("away") => Err(Denied::Unavailable),
            id => Ok(Admitted::new(User::named(
                id.unwrap_or("somebody"),
                who.name.unwrap_or("Somebody"),
            ))),
        }
    }
}
