//! The way to Redis, for commands.
//!
//! ```text
//! run, run_all, together, together_all
//!      │  by the slot of the shard
//!   Places ── who serves which slot; found anew by the Finder when a server says "not me" or is lost
//!      │
//!   Server ── keeps one connection open, and greets on each new one (version, shards, format)
//!      │
//!    Wire  ── one connection; all calls go through it together
//! ```
//!
//! One server, Sentinel and Cluster are the same but for the Finder, since every step concerns one slot.
//!
//! *Waiting*: a call takes at most its time-out, then fails as retryable. *Again*: what certainly was not run (the server
//! is another one now, or is loading, or does not know the script, or there was no connection) is sent again within that
//! time. What may have been run is not; the caller finds out, by a repetition that is recognised.

pub(crate) mod fault;
mod greeting;
mod locate;
pub(crate) mod open;
pub(crate) mod server;
mod step;
pub(crate) mod task;
pub(crate) mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chat_core::StoreError;
use chat_core::store::StoreResult;
use futures_util::future::join_all;
use redis::{Cmd, Pipeline, Value};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use self::fault::Fault;
pub(crate) use self::greeting::Greeting;
use self::greeting::is_written;
pub(crate) use self::locate::Finder;
use self::locate::Places;
use self::server::Server;
use self::step::{Outcome, Step};
use self::task::{Pauses, Task};
use crate::codec::Corrupt;
use crate::script::{Call, Text};

/// The way to Redis, for commands. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Link {
    shared: Arc<Shared>,
    /// Looks for servers; none where there is nobody to ask.
    _seeker: Option<Arc<Task>>,
}

struct Shared {
    places: watch::Sender<Arc<Places>>,
    /// Told when servers are to be looked for.
    lost: Arc<Notify>,
    greeting: Arc<Greeting>,
    /// What loads all scripts.
    texts: Pipeline,
    /// By shard.
    slots: Vec<u16>,
    /// Of the key that all must agree on.
    meta_slot: u16,
    timeout: Duration,
    fixed: bool,
}

/// Steps of one server, by their numbers.
type Batch = (Arc<Server>, Vec<usize>);

impl Link {
    /// Runs one script.
    pub(crate) async fn run(&self, op: &'static str, call: Call) -> StoreResult<Value> {
        let mut all = self.run_all(op, vec![call]).await?;
        all.pop().ok_or_else(|| Fault::Odd.of(op))
    }

    /// Runs scripts, each a step of its own; their answers in the order of the calls. Those of one server go together, and
    /// all servers at once.
    pub(crate) async fn run_all(
        &self,
        op: &'static str,
        calls: Vec<Call>,
    ) -> StoreResult<Vec<Value>> {
        let steps = calls.into_iter().map(|call| {
            let slot = self.slot(call.shard);
            Step::one(slot, call.into_cmd())
        });
        let answers = self.all(op, steps.collect()).await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// Runs one command that is no script.
    pub(crate) async fn read(&self, op: &'static str, shard: u16, cmd: Cmd) -> StoreResult<Value> {
        let mut answers = self.all(op, vec![Step::one(self.slot(shard), cmd)]).await?;
        answers.pop().and_then(|mut answer| answer.pop()).ok_or_else(|| Fault::Odd.of(op))
    }

    /// Runs commands of one shard as one step (a MULTI), first of them a script if there is one; an answer for each.
    pub(crate) async fn together(
        &self,
        op: &'static str,
        shard: u16,
        call: Option<Call>,
        reads: Vec<Cmd>,
    ) -> StoreResult<Vec<Value>> {
        if call.is_none() {
            let mut answers = self.together_all(op, vec![(shard, reads)]).await?;
            return answers.pop().ok_or_else(|| Fault::Odd.of(op));
        }
        let step = Step::together(self.slot(shard), call.map(Call::into_cmd), reads);
        let mut answers = self.all(op, vec![step]).await?;
        answers.pop().ok_or_else(|| Fault::Odd.of(op))
    }

    /// Runs commands in several shards, those of each as one step; an answer for each, in the order given.
    pub(crate) async fn together_all(
        &self,
        op: &'static str,
        groups: Vec<(u16, Vec<Cmd>)>,
    ) -> StoreResult<Vec<Vec<Value>>> {
        let together = |(shard, reads): &(u16, Vec<Cmd>)| {
            Step::together(self.slot(*shard), None, reads.clone())
        };
        let answers = self.all(op, groups.iter().map(together).collect()).await;
        match answers {
            Err(StoreError::Failed { source, .. }) if is_full(&*source) => {
                self.beside_one_another(op, groups).await
            }
            answers => answers,
        }
    }

    /// The same commands without MULTI, which a full Redis refuses, reads and all. What they read is of one moment all the
    /// same but for what is freed in between; and a Redis that can be read is one that people can still leave.
    async fn beside_one_another(
        &self,
        op: &'static str,
        groups: Vec<(u16, Vec<Cmd>)>,
    ) -> StoreResult<Vec<Vec<Value>>> {
        let sizes: Vec<usize> = groups.iter().map(|(_, reads)| reads.len()).collect();
        let one = |(shard, reads): (u16, Vec<Cmd>)| {
            let slot = self.slot(shard);
            reads.into_iter().map(move |read| Step::one(slot, read))
        };
        let answers = self.all(op, groups.into_iter().flat_map(one).collect()).await?;
        let mut answers = answers.into_iter().flatten();
        Ok(sizes.into_iter().map(|size| answers.by_ref().take(size).collect()).collect())
    }

    /// Makes sure that all nodes agree, writing down what is not written any more.
    pub(crate) async fn agree(&self, op: &'static str) -> StoreResult<()> {
        let greeting = &self.shared.greeting;
        let written = Step::one(self.shared.meta_slot, greeting.written());
        let written = self.all(op, vec![written]).await?.pop().unwrap_or_default();
        if written.iter().all(is_written) {
            return greeting.agreed(written).map_err(|fault| fault.of(op));
        }
        let step = Step::together(self.shared.meta_slot, None, greeting.agreement());
        let values = self.all(op, vec![step]).await?.pop().unwrap_or_default();
        greeting.agreed(values).map_err(|fault| fault.of(op))
    }

    /// Runs one command on what all nodes share.
    pub(crate) async fn in_meta(&self, op: &'static str, cmd: Cmd) -> StoreResult<Value> {
        let mut answers = self.all(op, vec![Step::one(self.shared.meta_slot, cmd)]).await?;
        answers.pop().and_then(|mut answer| answer.pop()).ok_or_else(|| Fault::Odd.of(op))
    }

    /// The slot of a shard.
    pub(crate) fn slot(&self, shard: u16) -> u16 {
        self.shared.slots.get(usize::from(shard)).copied().unwrap_or(0)
    }

    /// The longest that a call takes.
    pub(crate) fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    /// Who serves what, now and whenever that changes.
    pub(crate) fn places(&self) -> watch::Receiver<Arc<Places>> {
        self.shared.places.subscribe()
    }

    /// Servers may be elsewhere now: have them looked for.
    pub(crate) fn seek(&self) {
        self.shared.lost.notify_one();
    }

    /// Runs steps, those of each server together, and those again that certainly were not run.
    async fn all(&self, op: &'static str, steps: Vec<Step>) -> StoreResult<Vec<Vec<Value>>> {
        let deadline = Instant::now() + self.shared.timeout;
        let mut answers: Vec<Option<Vec<Value>>> = steps.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..steps.len()).collect();
        let mut pauses = Pauses::new(Duration::from_millis(5), Duration::from_millis(200));
        while !open.is_empty() {
            let places = Arc::clone(&self.shared.places.borrow());
            let (batches, nowhere) = batches(&places, &steps, &open);
            let mut again = nowhere.first().map(|_| Fault::NoSlots);
            let mut pause = again.is_some();
            open = nowhere;
            let tried =
                batches.into_iter().map(|batch| self.attempt(&places, &steps, batch, deadline));
            for (which, outcome) in join_all(tried).await.into_iter().flatten() {
                match outcome {
                    Outcome::Done(values) => answers[which] = Some(values),
                    Outcome::Again { why, wait } => {
                        open.push(which);
                        pause |= wait;
                        again = Some(why);
                    }
                    Outcome::Failed(fault) => return Err(fault.of(op)),
                }
            }
            let Some(why) = again else { continue };
            if Instant::now() >= deadline {
                return Err(why.of(op));
            }
            if pause {
                self.wait(places.version, &mut pauses, deadline).await;
            }
        }
        let answers: Option<Vec<_>> = answers.into_iter().collect();
        answers.ok_or_else(|| Fault::Odd.of(op))
    }

    /// Sends steps to one server.
    async fn attempt(
        &self,
        places: &Places,
        steps: &[Step],
        (server, which): Batch,
        deadline: Instant,
    ) -> Vec<(usize, Outcome)> {
        let all = |outcome: Outcome| which.iter().map(|which| (*which, outcome.clone())).collect();
        let wire = match server.up() {
            Some(wire) => wire,
            None => {
                tokio::select! {
                    biased;
                    wire = server.until_up() => wire,
                    () = self.until_newer(places.version) => {
                        return all(Outcome::Again { why: Fault::Late, wait: false });
                    }
                    () = tokio::time::sleep_until(deadline) => {
                        let why = server.why().unwrap_or(Fault::Late);
                        return all(Outcome::Again { why, wait: false });
                    }
                }
            }
        };
        let loads = wire.loads();
        let mut pipe = Pipeline::new();
        for which in &which {
            steps[*which].put_into(&mut pipe);
        }
        let mut values = match wire.send(&pipe, deadline).await {
            Ok(values) => values.into_iter(),
            Err(fault) => return all(Outcome::Failed(fault)),
        };
        let mut unknown = false;
        let mut outcomes: Vec<(usize, Outcome)> = Vec::with_capacity(which.len());
        for which in &which {
            let (outcome, no_script) = steps[*which].outcome(&mut values);
            if let Outcome::Again { why: Fault::Said { code, .. }, .. } = &outcome
                && &**code == "READONLY"
            {
                // It is no master any more; whatever is behind its address now is asked anew.
                wire.close();
            }
            unknown |= no_script;
            outcomes.push((*which, outcome));
        }
        if unknown && let Err(fault) = wire.load(loads, &self.shared.texts, deadline).await {
            for (_, outcome) in &mut outcomes {
                if matches!(outcome, Outcome::Again { .. }) {
                    *outcome = Outcome::Failed(fault.clone());
                }
            }
        }
        outcomes
    }

    /// Until servers were looked for.
    async fn until_newer(&self, version: u64) {
        // An error means that nobody looks any more, and then nobody calls either.
        let _ = self.places().wait_for(|now| now.version > version).await;
    }

    /// Waits until servers were looked for, or for a while.
    async fn wait(&self, version: u64, pauses: &mut Pauses, deadline: Instant) {
        let pause = pauses.next();
        let until = deadline.min(Instant::now() + pause);
        if self.shared.fixed {
            return tokio::time::sleep_until(until).await;
        }
        self.seek();
        // Not at once either: who was asked may not know yet.
        let _ = tokio::join!(
            tokio::time::timeout_at(
                deadline.min(until + Duration::from_millis(100)),
                self.until_newer(version)
            ),
            tokio::time::sleep_until(until),
        );
    }
}

/// Whether this is what a full Redis says.
fn is_full(source: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(source.downcast_ref(), Some(Fault::Said { code, .. }) if &**code == "OOM")
}

/// Steps by server, and those that nobody serves.
fn batches(places: &Places, steps: &[Step], open: &[usize]) -> (Vec<Batch>, Vec<usize>) {
    let (mut batches, mut nowhere) = (Vec::<Batch>::new(), Vec::new());
    for &which in open {
        let Some(server) = places.of(steps[which].slot) else {
            nowhere.push(which);
            continue;
        };
        match batches.iter_mut().find(|(other, _)| Arc::ptr_eq(other, server)) {
            Some((_, all)) => all.push(which),
            None => batches.push((Arc::clone(server), vec![which])),
        }
    }
    (batches, nowhere)
}

/// What loads these scripts.
fn loading(texts: &[Arc<Text>]) -> Pipeline {
    let mut pipe = Pipeline::new();
    for text in texts {
        pipe.cmd("SCRIPT").arg("LOAD").arg(&text.code);
    }
    pipe
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&*self.shared.places.borrow()).finish()
    }
}

/// What was asked for could not be done, and asking again does not mend it.
pub(crate) fn failed(
    op: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Failed { op, retryable: false, source: source.into() }
}

/// What cannot be read is a fault of the store's, which asking again does not mend.
pub(crate) fn unreadable(op: &'static str) -> impl Fn(Corrupt) -> StoreError {
    move |corrupt| failed(op, corrupt)
}
