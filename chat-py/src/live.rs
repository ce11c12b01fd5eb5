//! An engine that is made when it is first used.
//!
//! *Guarantees*: whoever asks at once gets the same engine; where it could not be made, the next one who asks tries again. What was made
//! before a fork belongs to the parent ([`Live::is_ours`]) and is not touched by a child, not even to be dropped. *How it ends*: with
//! [`Live::end`], or [`end_all`] when the process does: users are told, the store learns that this node is gone.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chat_core::{Engine, EngineBuilder};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use crate::first::{Begun, begin};
use crate::place::{NoStore, Place};
use crate::runtime::{self, Stopped};

/// What an engine is made of, again and again: each process makes its own.
pub struct Recipe {
    /// Where everything is kept.
    pub place: Place,
    /// All the rest.
    pub builder: Box<dyn Fn() -> EngineBuilder + Send + Sync>,
    /// Whether something beside the store may have to be waited for: a hook.
    pub asks: bool,
    /// Whether time is moved by hand: then nothing happens by itself.
    pub manual: bool,
}

/// An engine of this process.
pub struct Live {
    generation: u64,
    handle: Handle,
    recipe: Arc<Recipe>,
    engine: OnceCell<Engine>,
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The engine says so.
    #[error(transparent)]
    Engine(#[from] chat_core::Error),
    /// There is no engine, because there is no store.
    #[error(transparent)]
    NoStore(#[from] NoStore),
    /// A value is wrong.
    #[error(transparent)]
    Invalid(#[from] chat_core::Invalid),
}

/// Those that have to end with the process.
static ALL: Mutex<Vec<Weak<Live>>> = Mutex::new(Vec::new());

impl Live {
    /// Begins the life of an engine in this process.
    ///
    /// # Errors
    /// When the process is ending.
    pub fn new(recipe: Arc<Recipe>) -> Result<Arc<Self>, Stopped> {
        let live = Arc::new(Self {
            generation: runtime::generation(),
            handle: runtime::handle()?,
            recipe,
            engine: OnceCell::new(),
        });
        let mut all = all();
        all.retain(|each| each.strong_count() > 0);
        all.push(Arc::downgrade(&live));
        drop(all);
        Ok(live)
    }

    /// Whether this process made it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.generation == runtime::generation()
    }

    /// Whether an operation may have to wait for something outside of this process' memory.
    #[must_use]
    pub fn may_wait(&self) -> bool {
        self.recipe.asks || !self.recipe.place.is_here()
    }

    /// Where everything is kept.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.recipe.place
    }

    /// The runtime that it lives on.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The engine, if it was used already.
    #[must_use]
    pub fn made(&self) -> Option<&Engine> {
        self.engine.get()
    }

    /// The engine.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// Where the store cannot be had.
    pub async fn engine(&self) -> Result<&Engine, Fault> {
        self.engine.get_or_try_init(|| self.make()).await
    }

    async fn make(&self) -> Result<Engine, Fault> {
        let backend = self.recipe.place.open().await?;
        let engine = (self.recipe.builder)().with_backend(backend).build()?;
        if !self.recipe.manual {
            let _context = self.handle.enter();
            engine.start();
        }
        Ok(engine)
    }

    /// Begins an operation on the engine: polled once here; in the runtime as soon as it has to wait.
    pub fn begin<T, F>(
        self: &Arc<Self>,
        operation: impl FnOnce(Engine) -> F + Send + 'static,
    ) -> Begun<Result<T, Fault>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        if let Some(engine) = self.made() {
            return self.begin_now(operation(engine.clone()));
        }
        let live = Arc::clone(self);
        self.begin_now(async move {
            let engine = live.engine().await?.clone();
            operation(engine).await
        })
    }

    /// Begins something that has what it needs.
    pub fn begin_now<F>(&self, operation: F) -> Begun<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // An engine with a manual clock would start its tasks where it finds a runtime.
        begin(&self.handle, !self.recipe.manual, operation)
    }

    /// Runs something short, such as letting go of a session, where the engine can leave work for later.
    pub fn within<T>(&self, short: impl FnOnce() -> T) -> T {
        let _context = (!self.recipe.manual).then(|| self.handle.enter());
        short()
    }

    /// Ends the engine, gracefully.
    pub async fn end(&self) {
        if let Some(engine) = self.made() {
            engine.shutdown().await;
        }
    }
}

/// With whoever used it last: the others of its store learn of its end at once, rather than with its lease.
impl Drop for Live {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            if self.is_ours() && !runtime::is_stopped() {
                self.handle.spawn(async move { engine.shutdown().await });
            } else {
                // Another process', or there is nobody left to tell.
                std::mem::forget(engine);
            }
        }
    }
}

/// Ends all engines of this process, and then the runtime.
pub fn end_all(within: Duration) {
    let lives: Vec<_> = all().drain(..).filter_map(|live| live.upgrade()).collect();
    let ours = lives.into_iter().filter(|live| live.is_ours()).collect::<Vec<_>>();
    if let Some(handle) = ours.first().map(|live| live.handle.clone()) {
        let ending = async move {
            let all = futures_util::future::join_all(ours.iter().map(|live| live.end()));
            let _ = tokio::time::timeout(within, all).await;
        };
        let asked: Begun<()> = begin(&handle, true, ending);
        if let Begun::Asked(asked) = asked {
            let _ = asked.wait_parked();
        }
    }
    runtime::stop(within);
}

/// To be called in a child right after the fork: what the parent made is the parent's.
pub fn forked() {
    std::mem::take(&mut *all()).into_iter().for_each(std::mem::forget);
}

fn all() -> MutexGuard<'static, Vec<Weak<Live>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("place", self.place()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe").field("place", &self.place).finish_non_exhaustive()
    }
}
