//! The background tasks: a handful per engine, whatever the number of rooms and sessions.
//!
//! Each holds the engine only while it does something, so that an engine that is dropped ends them; shutting down aborts
//! them. Everything they do is a step of [`upkeep`](super::upkeep) that can be taken at any time.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::Inner;
use crate::why::ByeWhy;

/// The longest time without a look at what is due: a deadline that is set meanwhile waits for the next look.
const LOOK: Duration = Duration::from_millis(250);
/// How often counts and lists go out at the most.
const REFRESH: Duration = crate::hub::LOOK_EVERY;
/// How often the heads of all rooms are compared with the log.
const HEADS: Duration = Duration::from_secs(10);
/// How often the store's index of this node is compared with its sessions.
const AUDIT: Duration = Duration::from_secs(60);
/// How often mail is looked for while somebody waits for a partner.
const MAIL: Duration = Duration::from_secs(1);
/// How long after a failure the store is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a shutdown waits for the store.
const GOODBYE: Duration = Duration::from_secs(5);

impl Inner {
    pub(crate) fn start(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut tasks = self.tasks.lock();
        // They end with the runtime that they run on, which may not be this one.
        if self.alive().is_err() || tasks.iter().any(|task| !task.is_finished()) {
            return;
        }
        tasks.clear();
        let mut spawn = |task: BoxFuture<'static, ()>| {
            tasks.push(runtime.spawn(task).abort_handle());
        };
        let me = Arc::downgrade(self);
        spawn(beat(Weak::clone(&me), self.backend.expiry.lease() / 3).boxed());
        spawn(reap(Weak::clone(&me)).boxed());
        spawn(refresh(Weak::clone(&me)).boxed());
        spawn(audit(Weak::clone(&me)).boxed());
        let hub = Arc::clone(&self.hub);
        spawn({
            let (me, hub) = (Weak::clone(&me), Arc::clone(&hub));
            async move {
                loop {
                    hub.called.notified().await;
                    let Some(engine) = me.upgrade() else { return };
                    engine.heal_tails().await;
                }
            }
            .boxed()
        });
        spawn({
            let me = Weak::clone(&me);
            async move {
                loop {
                    hub.mailed.notified().await;
                    let Some(engine) = me.upgrade() else { return };
                    engine.read_mail().await;
                }
            }
            .boxed()
        });
        spawn(look_for_mail(Weak::clone(&me)).boxed());
        spawn(errands(Weak::clone(&me)).boxed());
        if let Some(observing) = &self.observing {
            let observing = Arc::clone(observing);
            let observe = async move {
                loop {
                    observing.called.notified().await;
                    observing.give().await;
                }
            };
            spawn(observe.boxed());
        }
    }

    pub(crate) async fn shutdown(&self) {
        // Again and again does no harm: one that was cancelled is gone on with.
        self.down.store(true, Ordering::Release);
        for core in self.all_sessions() {
            self.end_session(&core, ByeWhy::Drain);
        }
        let goodbye = async {
            let _ = self.run_errands().await;
            let present = self.writing.get();
            if let Some(by) = present {
                let _ = self.backend.expiry.detach(by).await;
            }
            if let Some(observing) = &self.observing {
                observing.give().await;
            }
        };
        if Handle::try_current().is_ok() {
            // What the store was not told in time it finds out by the lease.
            let _ = timeout(GOODBYE, goodbye).await;
        } else {
            goodbye.await;
        }
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
    }
}

/// Renews the lease, three times in its length.
async fn beat(me: Weak<Inner>, every: Duration) {
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            let Some(engine) = me.upgrade() else { return };
            if engine.renew().await.is_ok() {
                engine.hub.mail_waits();
                break;
            }
            drop(engine);
            // A lease is worth more than a tick: it is asked for again soon rather than at the next.
            sleep(AGAIN.min(every)).await;
        }
    }
}

/// Finds mail of which no word came.
async fn look_for_mail(me: Weak<Inner>) {
    loop {
        sleep(MAIL).await;
        let Some(engine) = me.upgrade() else { return };
        engine.look_for_mail();
    }
}

/// Does what is due, when it is due.
async fn reap(me: Weak<Inner>) {
    loop {
        let wait = {
            let Some(engine) = me.upgrade() else { return };
            engine.reap().await
        };
        match wait {
            Some(Duration::ZERO) => tokio::task::yield_now().await,
            wait => sleep(wait.unwrap_or(LOOK).clamp(Duration::from_millis(1), LOOK)).await,
        }
    }
}

/// Counts, lists, gaps that nothing else shows, subscriptions that nobody needs.
async fn refresh(me: Weak<Inner>) {
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut since_heads = Duration::ZERO;
    loop {
        ticks.tick().await;
        let Some(engine) = me.upgrade() else { return };
        since_heads += REFRESH;
        if since_heads >= HEADS {
            since_heads = Duration::ZERO;
            // Where this fails, the next look is soon enough.
            let _ = engine.compare_heads().await;
        }
        engine.heal_tails().await;
        engine.refresh_counts().await;
        engine.refresh_lists().await;
        engine.unsubscribe_quiet().await;
    }
}

async fn audit(me: Weak<Inner>) {
    loop {
        sleep(AUDIT).await;
        let Some(engine) = me.upgrade() else { return };
        engine.audit().await;
    }
}

async fn errands(me: Weak<Inner>) {
    loop {
        let waiting = {
            let Some(engine) = me.upgrade() else { return };
            engine.run_errands().await.is_err()
        };
        if waiting {
            sleep(AGAIN).await;
        } else {
            let Some(called) = me.upgrade().map(|engine| engine.errands.called()) else { return };
            called.notified().await;
        }
    }
}
