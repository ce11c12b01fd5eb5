//! A host's own rules, and its archive.
//!
//! *Hooks* are asked before something happens, and may refuse it with a reason or say something else in its place. They have
//! a budget of time; what holds when one fails is the host's choice. The *observer* is told afterwards, in batches and
//! behind the hot path: an archive that is slow makes nobody wait.

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chat_core::{
    Body, Engine, HookOptions, HookResult, Hooks, Identity, Observation, Observer, ObserverOptions,
    OnFailure, Reason, Result, RoomId, RoomSpec, SayVerdict, User, Verdict, What,
};

/// Who is banned, and what is not said here. A real one would ask a database.
struct Rules;

#[async_trait]
impl Hooks for Rules {
    async fn may_join(&self, user: &Identity, _: &RoomId) -> HookResult<Verdict> {
        if user.id == "troll" {
            return Ok(Verdict::Deny(Reason::new("banned until Friday")));
        }
        Ok(Verdict::Allow)
    }

    async fn may_say(&self, _: &Identity, _: &RoomId, body: &Body) -> HookResult<SayVerdict> {
        let text = std::str::from_utf8(body.as_bytes())?;
        if text.contains("http://") {
            return Ok(SayVerdict::Deny(Reason::new("no links, please")));
        }
        if text.contains("darn") {
            return Ok(SayVerdict::Replace(Body::json(text.replace("darn", "d***"))));
        }
        Ok(SayVerdict::Allow)
    }
}

/// Keeps everything that was said. Room, epoch and number name an entry for good, so writing one twice does no harm.
#[derive(Clone, Default)]
struct Archive(Arc<Mutex<Vec<String>>>);

impl Archive {
    fn rows(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Observer for Archive {
    async fn observe(&self, batch: Vec<Observation>, dropped: u64) {
        let mut rows = self.rows();
        for observation in batch {
            if let Observation::Entry(entry) = observation
                && let What::Said(said) = &entry.what
            {
                let by = said.by.as_ref().map_or("the site", |by| by.as_str());
                let body = String::from_utf8_lossy(said.body.as_bytes());
                rows.push(format!("{} #{} {by}: {body}", entry.room, entry.n));
            }
        }
        if dropped > 0 {
            rows.push(format!("{dropped} not archived: too slow"));
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let archive = Archive::default();
    let options = HookOptions { budget: Duration::from_millis(200), on_failure: OnFailure::Refuse };
    let engine = Engine::builder()
        .with_hooks(Rules, options)
        .with_observer(archive.clone(), ObserverOptions::default())
        .build()?;

    let room = engine.open(RoomSpec::public("Rust").with_id("rust")).await?;
    let kim = engine.connect(User::named("kim", "Kim")).await?;
    let troll = engine.connect(User::named("troll", "Nobody")).await?;

    if let Err(refused) = troll.join(room.id()).await {
        println!("troll may not join [{}]: {refused}", refused.code());
    }
    kim.join(room.id()).await?;
    for text in ["hello", "buy at http://spam.example", "the darn borrow checker"] {
        match kim.say(room.id(), text).await {
            Ok(spoken) => println!("kim says #{}", spoken.n),
            Err(refused) => println!("kim may not say that [{}]: {refused}", refused.code()),
        }
    }

    // Whatever was observed has been handed over when this is done.
    engine.shutdown().await;
    println!("archive:");
    for row in archive.rows().iter() {
        println!("  {row}");
    }
    Ok(())
}
