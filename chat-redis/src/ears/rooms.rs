//! Who listens to which room, and which channels are heard.
//!
//! By shard, as connections are by server and each shard is on one. What changes is put on a list, and the ear of that
//! server brings its channels in line, one batch after the other: so whatever order calls come in, the last one holds.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chat_core::RoomId;
use chat_core::store::Subscription;
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use crate::link::fault::Fault;
use crate::lives::Life;

/// All rooms that somebody here listens to.
#[derive(Debug)]
pub(super) struct Rooms {
    shards: Vec<Mutex<Shard>>,
    /// Told whenever a list of changes grows.
    changes: watch::Sender<()>,
    numbers: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    rooms: HashMap<RoomId, Room>,
    changed: HashSet<RoomId>,
    /// Those that were listened to when the connection was lost, or whose channel was taken away, and are not heard since.
    again: HashSet<RoomId>,
}

#[derive(Debug, Default)]
struct Room {
    /// At most one by life.
    subscribers: Vec<Subscriber>,
    /// Whether everything that is published from now on comes.
    heard: bool,
    waiting: Vec<oneshot::Sender<Result<(), Fault>>>,
}

#[derive(Debug)]
struct Subscriber {
    life: Arc<Life>,
    which: Subscription,
    /// Whether the server has answered since it came. What was on its way before is not for it: an earlier life of the
    /// same node may have listened until now.
    told: bool,
}

/// A channel that is to be brought in line.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) room: RoomId,
    pub(super) shard: u16,
    /// Whether anybody listens.
    pub(super) wanted: bool,
}

impl Rooms {
    pub(super) fn new(shards: u16) -> Self {
        Self {
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            changes: watch::Sender::new(()),
            numbers: AtomicU64::new(0),
        }
    }

    fn shard(&self, shard: u16) -> &Mutex<Shard> {
        &self.shards[usize::from(shard) % self.shards.len()]
    }

    /// Tells whoever brings channels in line that there are changes.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// A life listens to a room, in place of an earlier subscription of its own. The receiver is told when the room is
    /// heard, or why it cannot be; the server is asked also where it is heard already.
    pub(super) fn listen(
        &self,
        life: &Arc<Life>,
        shard: u16,
        room: &RoomId,
    ) -> (Subscription, oneshot::Receiver<Result<(), Fault>>) {
        let which = Subscription(self.numbers.fetch_add(1, Ordering::Relaxed) + 1);
        let mut here = self.shard(shard).lock();
        let place = here.rooms.entry(room.clone()).or_default();
        let again = |other: &Subscriber| Arc::ptr_eq(&other.life, life);
        // Whoever listens already goes on listening meanwhile.
        let told = place.heard && place.subscribers.iter().any(|other| again(other) && other.told);
        place.subscribers.retain(|other| !again(other) && !other.life.is_over());
        place.subscribers.push(Subscriber { life: Arc::clone(life), which, told });
        let (tell, heard) = oneshot::channel();
        place.waiting.retain(|waiting| !waiting.is_closed());
        place.waiting.push(tell);
        here.changed.insert(room.clone());
        drop(here);
        self.changes.send_replace(());
        (which, heard)
    }

    /// Ends this very subscription.
    pub(super) fn leave(&self, life: &Arc<Life>, shard: u16, room: &RoomId, which: Subscription) {
        self.take_out(shard, room, |other| Arc::ptr_eq(&other.life, life) && other.which == which);
    }

    /// Ends whatever lives have that are over.
    pub(super) fn sweep(&self) {
        for shard in 0..self.shards.len() as u16 {
            let rooms: Vec<RoomId> = self.shard(shard).lock().rooms.keys().cloned().collect();
            for room in rooms {
                self.take_out(shard, &room, |other| other.life.is_over());
            }
        }
    }

    fn take_out(&self, shard: u16, room: &RoomId, gone: impl Fn(&Subscriber) -> bool) {
        let mut here = self.shard(shard).lock();
        let Some(place) = here.rooms.get_mut(room) else { return };
        place.subscribers.retain(|subscriber| !gone(subscriber));
        if place.subscribers.is_empty() {
            here.rooms.remove(room);
            here.again.remove(room);
            here.changed.insert(room.clone());
            drop(here);
            self.changes.send_replace(());
        }
    }

    /// Calls whoever listens to a room, in the order in which this is called.
    pub(super) fn tell(&self, shard: u16, room: &RoomId, tell: impl Fn(&Life)) {
        let here = self.shard(shard).lock();
        let subscribers = here.rooms.get(room).into_iter().flat_map(|place| &place.subscribers);
        for subscriber in subscribers.filter(|subscriber| subscriber.told) {
            tell(&subscriber.life);
        }
    }

    /// A connection is new: nothing of these shards is heard, and everything is to be brought in line.
    pub(super) fn deafen(&self, shards: &[u16]) {
        for shard in shards {
            let mut here = self.shard(*shard).lock();
            let Shard { rooms, changed, again } = &mut *here;
            for list in [changed, again] {
                list.clear();
                list.extend(rooms.keys().cloned());
            }
            rooms.values_mut().for_each(|place| place.heard = false);
        }
    }

    /// Takes changes off the lists of these shards, as things stand now.
    pub(super) fn take(&self, shards: &[u16], most: usize) -> Vec<Change> {
        let mut taken = Vec::new();
        for &shard in shards {
            let mut here = self.shard(shard).lock();
            let some: Vec<RoomId> = here.changed.iter().take(most - taken.len()).cloned().collect();
            for room in some {
                here.changed.remove(&room);
                let wanted = here.rooms.contains_key(&room);
                taken.push(Change { room, shard, wanted });
            }
            if taken.len() == most {
                break;
            }
        }
        taken
    }

    /// Whether everything is heard again that was heard before.
    pub(super) fn are_heard_again(&self, shards: &[u16]) -> bool {
        shards.iter().all(|shard| self.shard(*shard).lock().again.is_empty())
    }

    /// Puts a change back on its list; nobody is told.
    pub(super) fn put_back(&self, change: &Change) {
        self.shard(change.shard).lock().put_back(&change.room);
    }

    /// A room is heard from now on.
    pub(super) fn heard(&self, change: &Change) {
        let mut here = self.shard(change.shard).lock();
        let Some(place) = here.rooms.get_mut(&change.room) else { return };
        place.heard = true;
        let room = &change.room;
        place.subscribers.iter_mut().for_each(|subscriber| subscriber.told = true);
        for waiting in place.waiting.drain(..) {
            let _ = waiting.send(Ok(()));
        }
        here.again.remove(room);
    }

    /// A room cannot be heard: whoever waits for it is told. Whether somebody is left who has heard it before; then it is
    /// tried again.
    pub(super) fn refused(&self, change: &Change, why: &Fault) -> bool {
        let mut here = self.shard(change.shard).lock();
        let Some(place) = here.rooms.get_mut(&change.room) else { return false };
        for waiting in place.waiting.drain(..) {
            let _ = waiting.send(Err(why.clone()));
        }
        let stands = place.subscribers.iter().any(|subscriber| subscriber.told);
        if stands {
            here.put_back(&change.room);
        } else {
            here.again.remove(&change.room);
        }
        stands
    }
}

impl Shard {
    fn put_back(&mut self, room: &RoomId) {
        self.changed.insert(room.clone());
        if self.rooms.contains_key(room) {
            self.again.insert(room.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lives::Lives;
    use chat_core::Writer;
    use chat_core::entry::{SharedEntry, Signal};
    use chat_core::id::{Incarnation, NodeId};
    use chat_core::store::Sink;

    struct Nobody;

    impl Sink for Nobody {
        fn entry(&self, _: &SharedEntry) {}
        fn signal(&self, _: &Arc<Signal>) {}
        fn count(&self, _: &RoomId) {}
        fn mail(&self) {}
        fn missed(&self) {}
    }

    fn life(lives: &Lives, node: u64) -> Arc<Life> {
        let writer = Writer { node: NodeId(node), incarnation: Incarnation(1) };
        lives.begin(writer, Arc::new(Nobody), Vec::new());
        lives.living(writer).unwrap()
    }

    fn wanted(rooms: &Rooms) -> Vec<bool> {
        rooms.take(&[0], 9).iter().map(|change| change.wanted).collect()
    }

    #[test]
    fn a_channel_is_wanted_as_long_as_anybody_listens() {
        let (rooms, lives) = (Rooms::new(1), Lives::default());
        let (one, two) = (life(&lives, 1), life(&lives, 2));
        let room = RoomId::new("tea").unwrap();
        let (first, told) = rooms.listen(&one, 0, &room);
        let mut changes = rooms.take(&[0], 9);
        assert!(changes[0].wanted && wanted(&rooms).is_empty());
        rooms.heard(&changes.remove(0));
        assert!(told.blocking_recv().unwrap().is_ok());
        let (second, told) = rooms.listen(&two, 0, &room);
        assert!(second > first);
        assert_eq!(wanted(&rooms), [true], "the server is asked again");
        drop(told);
        rooms.leave(&one, 0, &room, first);
        rooms.leave(&one, 0, &room, second);
        assert!(wanted(&rooms).is_empty());
        rooms.leave(&two, 0, &room, second);
        assert_eq!(wanted(&rooms), [false]);
    }

    #[test]
    fn an_earlier_subscription_ends_without_touching_a_later_one() {
        let (rooms, lives) = (Rooms::new(1), Lives::default());
        let one = life(&lives, 1);
        let room = RoomId::new("tea").unwrap();
        let (first, _) = rooms.listen(&one, 0, &room);
        let (_second, _) = rooms.listen(&one, 0, &room);
        rooms.leave(&one, 0, &room, first);
        assert_eq!(wanted(&rooms), [true]);
    }

    #[test]
    fn who_comes_back_while_a_channel_is_given_up_waits_for_the_next_answer() {
        let (rooms, lives) = (Rooms::new(1), Lives::default());
        let one = life(&lives, 1);
        let room = RoomId::new("tea").unwrap();
        let (first, _) = rooms.listen(&one, 0, &room);
        rooms.heard(&rooms.take(&[0], 9)[0]);
        rooms.leave(&one, 0, &room, first);
        assert_eq!(wanted(&rooms), [false]);
        // Its end is on the way.
        let (_, told) = rooms.listen(&one, 0, &room);
        drop(told);
        assert_eq!(wanted(&rooms), [true]);
    }

    #[test]
    fn what_an_ended_life_listened_to_is_given_up() {
        let (rooms, lives) = (Rooms::new(2), Lives::default());
        let (one, two) = (life(&lives, 1), life(&lives, 2));
        let (tea, rum) = (RoomId::new("tea").unwrap(), RoomId::new("rum").unwrap());
        for room in [&tea, &rum] {
            rooms.listen(&one, 1, room);
        }
        rooms.listen(&two, 1, &rum);
        rooms.take(&[1], 9);
        lives.end(one.writer);
        rooms.sweep();
        let left: Vec<_> = rooms.take(&[0, 1], 9).into_iter().map(|c| (c.room, c.wanted)).collect();
        assert_eq!(left, [(tea, false)]);
    }

    #[test]
    fn a_new_connection_hears_nothing_yet() {
        let (rooms, lives) = (Rooms::new(1), Lives::default());
        let one = life(&lives, 1);
        let room = RoomId::new("tea").unwrap();
        rooms.listen(&one, 0, &room);
        rooms.heard(&rooms.take(&[0], 9)[0]);
        rooms.deafen(&[0]);
        drop(rooms.listen(&life(&lives, 2), 0, &room));
        assert_eq!(wanted(&rooms), [true]);
    }
}
