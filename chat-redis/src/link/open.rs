//! Making the way: finding the servers, and a first connection to each.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::fault::Fault;
use super::greeting::Greeting;
use super::locate::{Finder, Places};
use super::server::{Kit, Server};
use super::task::{Pauses, Task, jittered};
use super::wire::Dialer;
use super::{Link, Shared, loading};
use crate::address::Address;
use crate::keys::Layout;
use crate::script::Text;
use crate::stats::Stats;

/// How often servers are looked for without a reason: a master that was cut off from the others does not say so.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// What a way is made of.
pub(crate) struct Plan {
    pub(crate) finder: Finder,
    pub(crate) dialer: Dialer,
    pub(crate) greeting: Greeting,
    pub(crate) timeout: Duration,
    pub(crate) stats: Arc<Stats>,
}

impl Link {
    /// Finds the servers and connects to each. A server that is only just starting, or changing, is waited for as long as
    /// for an answer.
    pub(crate) async fn open(
        plan: Plan,
        layout: &Layout,
        texts: &[Arc<Text>],
    ) -> Result<Self, Fault> {
        let lost = Arc::new(Notify::new());
        let kit = Kit {
            dialer: plan.dialer,
            greeting: Arc::new(plan.greeting),
            lost: Arc::clone(&lost),
            stats: plan.stats,
        };
        let deadline = Instant::now() + plan.timeout;
        let mut pauses = Pauses::new(Duration::from_millis(50), Duration::from_millis(500));
        let places = loop {
            match places(&plan.finder, &kit).await {
                Ok(places) => break places,
                Err(fault) => {
                    let pause = pauses.next();
                    if !is_passing(&fault, &plan.finder) || Instant::now() + pause >= deadline {
                        return Err(fault);
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        };
        let shared = Arc::new(Shared {
            places: watch::Sender::new(Arc::new(places)),
            lost,
            greeting: Arc::clone(&kit.greeting),
            texts: loading(texts),
            slots: (0..layout.shards()).map(|shard| layout.slot(shard)).collect(),
            meta_slot: Layout::slot_of(&kit.greeting.meta),
            timeout: plan.timeout,
            fixed: plan.finder.is_fixed(),
        });
        let seeker = (!shared.fixed)
            .then(|| Arc::new(Task::spawn(seek(Arc::clone(&shared), plan.finder, kit))));
        Ok(Self { shared, _seeker: seeker })
    }
}

/// Whether it is worth waiting: a server is starting, or another one is just taking its place.
fn is_passing(fault: &Fault, finder: &Finder) -> bool {
    match fault {
        Fault::Said { code, .. } => {
            matches!(
                &**code,
                "LOADING" | "CLUSTERDOWN" | "MASTERDOWN" | "BUSY" | "READONLY" | "TRYAGAIN"
            )
        }
        Fault::Unreachable { .. } | Fault::NoSlots => !finder.is_fixed(),
        _ => false,
    }
}

/// The servers, each connected.
async fn places(finder: &Finder, kit: &Kit) -> Result<Places, Fault> {
    let found = finder.find(&[]).await?;
    let mut ranges: Vec<(u16, u16, Arc<Server>)> = Vec::with_capacity(found.len());
    for (first, last, address) in found {
        let known = ranges.iter().find(|(.., server)| server.address == address);
        let server = match known {
            Some((.., server)) => Arc::clone(server),
            None => {
                let wire = kit.dial(&address).await?;
                Arc::new(Server::keep(address, kit.clone(), Some(wire)))
            }
        };
        ranges.push((first, last, server));
    }
    Ok(Places::new(1, ranges))
}

/// Looks for servers whenever one is lost, and now and then.
async fn seek(shared: Arc<Shared>, finder: Finder, kit: Kit) {
    let mut pauses = Pauses::new(Duration::from_millis(50), Duration::from_secs(1));
    loop {
        tokio::select! {
            () = shared.lost.notified() => {}
            () = tokio::time::sleep(jittered(LOOK_AGAIN)) => {}
        }
        let before = Arc::clone(&shared.places.borrow());
        let servers = before.servers();
        let known: Vec<Address> = servers.iter().map(|server| server.address.clone()).collect();
        match finder.find(&known).await {
            Ok(found) => {
                let mut kept: Vec<Arc<Server>> = servers;
                let mut ranges = Vec::with_capacity(found.len());
                for (first, last, address) in found {
                    let known =
                        kept.iter().find(|server| server.address == address).map(Arc::clone);
                    let server = known.unwrap_or_else(|| {
                        let server = Arc::new(Server::keep(address, kit.clone(), None));
                        kept.push(Arc::clone(&server));
                        server
                    });
                    ranges.push((first, last, server));
                }
                shared.places.send_replace(Arc::new(Places::new(before.version + 1, ranges)));
                pauses.reset();
                // Whatever asks for it: not more often than this.
                tokio::time::sleep(jittered(Duration::from_millis(50))).await;
            }
            Err(_) => {
                tokio::time::sleep(pauses.next()).await;
                shared.lost.notify_one();
            }
        }
    }
}
