//! What concerns this store alone: races, what is left behind, pair rooms and matching. What every
//! store must do is in the testkit.

mod leftovers;
mod matching;
mod pairs;
mod races;

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use parking_lot::Mutex;

use super::MemoryStore;
use crate::body::Body;
use crate::entry::{SharedEntry, Signal};
use crate::id::{Epoch, NodeId, RoomId, SessionId, SessionKey, UserId, Writer};
use crate::limits::StoreOptions;
use crate::room::{NewRoom, RoomKind, RoomPolicy, RoomView};
use crate::store::{
    Admission, Close, Enter, Entered, ExpiryStore, Happened, Opened, PresenceStore, Reaped,
    RoomStore, Say, Sink, Speaker, StoreResult,
};
use crate::text::{Name, Title};
use crate::time::{Clock, Timestamp};
use crate::why::CloseWhy;

/// Every future of this store is complete when it is polled first.
fn done<T: Debug>(future: impl Future<Output = StoreResult<T>>) -> T {
    future.now_or_never().expect("complete at the first poll").unwrap()
}

/// Keeps what a node was told.
#[derive(Default)]
struct Told {
    entries: Mutex<Vec<SharedEntry>>,
}

impl Sink for Told {
    fn entry(&self, entry: &SharedEntry) {
        self.entries.lock().push(SharedEntry::clone(entry));
    }
    fn signal(&self, _: &Arc<Signal>) {}
    fn count(&self, _: &RoomId) {}
    fn mail(&self) {}
    fn missed(&self) {}
}

/// A store with one node in it, and a clock that is moved by hand.
struct World {
    store: Arc<MemoryStore>,
    clock: Clock,
    by: Writer,
    told: Arc<Told>,
}

fn world() -> World {
    world_of(StoreOptions::default())
}

fn world_of(options: StoreOptions) -> World {
    let clock = Clock::manual(Timestamp(1_000_000));
    let store = MemoryStore::new(clock.clone(), options);
    let (by, told) = attach(&store, 1);
    World { store, clock, by, told }
}

fn attach(store: &MemoryStore, node: u64) -> (Writer, Arc<Told>) {
    let told = Arc::new(Told::default());
    let sink = Arc::clone(&told) as Arc<dyn Sink>;
    (done(store.attach(NodeId(node), sink)), told)
}

fn id(id: &str) -> RoomId {
    RoomId::new(id).unwrap()
}

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn new_room(room: &str) -> NewRoom {
    NewRoom {
        id: id(room),
        kind: RoomKind::Public,
        title: Title::stored("t"),
        meta: None,
        owner: None,
        policy: RoomPolicy::open_room(),
    }
}

fn entering(room: &str, session: SessionKey, who: &str) -> Enter {
    Enter {
        room: id(room),
        create: None,
        epoch: None,
        session,
        user: user(who),
        name: Name::stored(who),
        since: None,
        recent: 1_000,
        resume_max: 1_000,
        members: 1_000,
    }
}

fn saying(room: &str, epoch: Option<Epoch>) -> Say {
    let (author, body) = (Speaker::System, Body::text("x"));
    Say { room: id(room), epoch, author, body, key: None, attempt: 0.into() }
}

fn closing(room: &str) -> Close {
    Close { room: id(room), epoch: None, why: CloseWhy::Admin, owner: None }
}

impl World {
    fn session(&self, n: u64) -> SessionKey {
        self.by.session(SessionId(n))
    }

    fn open(&self, room: NewRoom) -> RoomView {
        match done(self.store.open(self.by, room)) {
            Opened::Opened(view) => view,
            Opened::Exists(view) => panic!("{view:?} is there"),
        }
    }

    fn enter(&self, room: &str, session: u64, who: &str) -> Admission {
        let enter = entering(room, self.session(session), who);
        match done(self.store.enter(self.by, enter)) {
            Entered::In(admission) => *admission,
            other => panic!("{other:?}"),
        }
    }

    /// Does everything that is due now.
    fn sweep(&self) -> Reaped {
        let mut all = Reaped::default();
        loop {
            let peeked = done(self.store.peek(0, 100));
            if peeked.due.is_empty() {
                return all;
            }
            for due in peeked.due {
                let reaped = done(self.store.reap(self.by, &due));
                all.happened.extend(reaped.happened);
                all.wrote.extend(reaped.wrote);
            }
        }
    }

    /// Lets time pass in small steps, with everything done when it is due.
    fn pass(&self, seconds: u64) -> Vec<Happened> {
        let mut happened = Vec::new();
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            done(self.store.renew(self.by, 0));
            happened.extend(self.sweep().happened);
        }
        happened
    }
}
