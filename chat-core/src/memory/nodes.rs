//! Nodes and their lives: leases, sinks, mailboxes, and in which rooms each life has something.
//!
//! A life is *over* once its lease was judged, its node attached anew, or it was detached. That is said once, under
//! the life's own lock, and under that lock a life comes into rooms: so when it is over its index is complete, and
//! whoever takes its sessions out misses none. Every writing step asks [`Life::check`] with the room's lock held.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::mem;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::deadlines::{Deadlines, Timer};
use super::sorted::Sorted;
use crate::error::StoreError;
use crate::id::{Incarnation, NodeId, RoomId, Writer};
use crate::store::{Due, Mail, Sink, StoreResult};
use crate::time::Timestamp;

/// All lives that have anything left in the store.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    lives: RwLock<BTreeMap<Writer, Arc<Life>>>,
    /// Over all nodes: a node that was forgotten and comes back is not mistaken for its earlier self.
    incarnations: AtomicU64,
}

/// One life of one node.
pub(super) struct Life {
    pub(super) writer: Writer,
    over: AtomicBool,
    /// Users online, as the node says.
    online: AtomicU64,
    /// Held for reading while it is called: once it was taken out nobody is calling it any more.
    sink: RwLock<Option<Arc<dyn Sink>>>,
    mailbox: Mutex<VecDeque<Mail>>,
    mail_max: usize,
    /// Mail that was dropped because the node did not fetch it.
    mail_lost: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    until: Timestamp,
    timer: Timer,
    /// Whether somebody was told that it is over.
    told: bool,
    /// The rooms in which it has something.
    rooms: BTreeMap<Sorted, Has>,
}

/// What a life has in a room.
#[derive(Debug, Clone, Copy, Default)]
struct Has {
    sessions: bool,
    subscription: bool,
}

/// How a lease stands when it comes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// It holds, or nothing is judged now.
    Holds,
    /// It is over; `first`: nobody was told before.
    Over { first: bool },
}

impl Nodes {
    /// A node begins a life; its earlier ones are over.
    pub(super) fn attach(
        &self,
        node: NodeId,
        sink: Arc<dyn Sink>,
        until: Timestamp,
        mail_max: usize,
        now: Timestamp,
        deadlines: &Deadlines,
    ) -> Writer {
        let incarnation = Incarnation(self.incarnations.fetch_add(1, Ordering::AcqRel) + 1);
        let writer = Writer { node, incarnation };
        let mut timer = deadlines.timer();
        deadlines.set(&mut timer, Some(until), || Due::Node(writer));
        let life = Arc::new(Life {
            writer,
            over: AtomicBool::new(false),
            online: AtomicU64::new(0),
            sink: RwLock::new(Some(sink)),
            mailbox: Mutex::default(),
            mail_max,
            mail_lost: AtomicU64::new(0),
            state: Mutex::new(State { until, timer, told: false, rooms: BTreeMap::new() }),
        });
        let earlier: Vec<_> = {
            let mut lives = self.lives.write();
            lives.insert(writer, life);
            let first = Writer { node, incarnation: Incarnation(0) };
            lives.range(first..writer).map(|(_, life)| Arc::clone(life)).collect()
        };
        for life in earlier {
            life.end(now, deadlines);
        }
        writer
    }

    /// A life that is not over.
    pub(super) fn living(&self, writer: Writer) -> StoreResult<Arc<Life>> {
        let life = self.find(writer).ok_or(StoreError::Fenced)?;
        life.check()?;
        Ok(life)
    }

    /// A life, over or not.
    pub(super) fn find(&self, writer: Writer) -> Option<Arc<Life>> {
        self.lives.read().get(&writer).map(Arc::clone)
    }

    /// A life that is over has nothing left.
    pub(super) fn forget(&self, life: &Life, deadlines: &Deadlines) {
        self.lives.write().remove(&life.writer);
        deadlines.set(&mut life.state.lock().timer, None, || Due::Node(life.writer));
    }

    /// The sum of what each living node has told.
    pub(super) fn online(&self) -> u64 {
        let lives = self.lives.read();
        let living = lives.values().filter(|life| !life.is_over());
        living.map(|life| life.online.load(Ordering::Relaxed)).fold(0, u64::saturating_add)
    }

    /// Puts news into a node's mailbox and wakes it. A life that is over gets none.
    pub(super) fn post(&self, writer: Writer, mail: Mail) {
        if let Some(life) = self.find(writer) {
            life.post(mail);
        }
    }

    /// The same for every living node.
    pub(super) fn post_all(&self, mail: &Mail) {
        let lives: Vec<_> = self.lives.read().values().map(Arc::clone).collect();
        for life in lives {
            life.post(mail.clone());
        }
    }

    /// Mail that was dropped because nobody fetched it, by all lives that are known.
    pub(super) fn mail_lost(&self) -> u64 {
        self.lives.read().values().map(|life| life.mail_lost.load(Ordering::Relaxed)).sum()
    }
}

impl Life {
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Refuses a life that is over.
    pub(super) fn check(&self) -> StoreResult<()> {
        if self.is_over() { Err(StoreError::Fenced) } else { Ok(()) }
    }

    /// Calls the node's sink, if it still has one.
    pub(super) fn tell(&self, tell: impl FnOnce(&dyn Sink)) {
        if let Some(sink) = &*self.sink.read() {
            tell(&**sink);
        }
    }

    /// Puts news into the mailbox. Where too much waits the oldest goes: what is newest is what can still be acted
    /// on.
    pub(super) fn post(&self, mail: Mail) {
        if self.is_over() {
            return;
        }
        {
            let mut mailbox = self.mailbox.lock();
            while mailbox.len() >= self.mail_max.max(1) {
                mailbox.pop_front();
                self.mail_lost.fetch_add(1, Ordering::Relaxed);
            }
            mailbox.push_back(mail);
        }
        self.tell(|sink| sink.mail());
    }

    /// Takes all news out, oldest first.
    pub(super) fn take_mail(&self) -> Vec<Mail> {
        mem::take(&mut *self.mailbox.lock()).into()
    }

    /// The lease goes on until then. The deadline is not touched: it is looked at again when it comes due.
    pub(super) fn renew(&self, until: Timestamp, online: u64) -> StoreResult<()> {
        let mut state = self.state.lock();
        self.check()?;
        state.until = until;
        self.online.store(online, Ordering::Relaxed);
        Ok(())
    }

    /// Ends this life, and has its sessions taken out; whether it was this call that did.
    pub(super) fn end(&self, now: Timestamp, deadlines: &Deadlines) -> bool {
        {
            let mut state = self.state.lock();
            if self.over.swap(true, Ordering::AcqRel) {
                return false;
            }
            deadlines.set_earlier(&mut state.timer, Some(now), || Due::Node(self.writer));
        }
        *self.sink.write() = None;
        self.mailbox.lock().clear();
        true
    }

    /// Looks at a lease that may have run out, and sets the next deadline if it has not. `amnesty`: until then
    /// nothing is judged.
    pub(super) fn judge(
        &self,
        now: Timestamp,
        amnesty: Option<Timestamp>,
        deadlines: &Deadlines,
    ) -> Judged {
        {
            let mut state = self.state.lock();
            if !self.is_over() {
                let until = amnesty.map_or(state.until, |to| to.max(state.until));
                if until > now {
                    deadlines.set(&mut state.timer, Some(until), || Due::Node(self.writer));
                    return Judged::Holds;
                }
                self.over.store(true, Ordering::Release);
            }
        }
        *self.sink.write() = None;
        self.mailbox.lock().clear();
        let first = !mem::replace(&mut self.state.lock().told, true);
        Judged::Over { first }
    }

    /// This life has sessions in a room from now on; refused once it is over. Called with the room locked.
    pub(super) fn sessions_in(&self, room: &RoomId) -> StoreResult<()> {
        self.has(room, |has| has.sessions = true)
    }

    /// This life has a subscription to a room from now on; refused once it is over. Called with the room locked.
    pub(super) fn subscribed_to(&self, room: &RoomId) -> StoreResult<()> {
        self.has(room, |has| has.subscription = true)
    }

    fn has(&self, room: &RoomId, change: impl FnOnce(&mut Has)) -> StoreResult<()> {
        let mut state = self.state.lock();
        self.check()?;
        change(state.rooms.entry(Sorted::new(room)).or_default());
        Ok(())
    }

    /// This life has no session in a room any more. Called with the room locked.
    pub(super) fn no_sessions_in(&self, room: &RoomId) {
        self.lacks(room, |has| has.sessions = false);
    }

    /// This life has no subscription to a room any more. Called with the room locked.
    pub(super) fn not_subscribed_to(&self, room: &RoomId) {
        self.lacks(room, |has| has.subscription = false);
    }

    /// This life has nothing in a room any more. Called with the room locked, or where there is none.
    pub(super) fn nothing_in(&self, room: &RoomId) {
        self.lacks(room, |has| *has = Has::default());
    }

    fn lacks(&self, room: &RoomId, change: impl FnOnce(&mut Has)) {
        let (mut state, key) = (self.state.lock(), Sorted::new(room));
        if let Some(has) = state.rooms.get_mut(&key) {
            change(has);
            if !has.sessions && !has.subscription {
                state.rooms.remove(&key);
            }
        }
    }

    /// The first room in which this life has anything.
    pub(super) fn first_room(&self) -> Option<RoomId> {
        let state = self.state.lock();
        state.rooms.first_key_value().map(|(room, _)| room.id().clone())
    }

    /// The first room at or behind this one in which this life has sessions.
    pub(super) fn next_room(&self, from: Bound<&RoomId>) -> Option<RoomId> {
        let from = match from {
            Bound::Included(room) => Bound::Included(Sorted::new(room)),
            Bound::Excluded(room) => Bound::Excluded(Sorted::new(room)),
            Bound::Unbounded => Bound::Unbounded,
        };
        let state = self.state.lock();
        let mut rooms = state.rooms.range((from, Bound::Unbounded));
        rooms.find(|(_, has)| has.sessions).map(|(room, _)| room.id().clone())
    }
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_over() { "over" } else { "living" };
        write!(f, "Life({}, {}, {state})", self.writer.node, self.writer.incarnation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{SharedEntry, Signal};
    use crate::id::UserId;
    use crate::why::ByeWhy;

    #[derive(Default)]
    struct Counting(AtomicU64);

    impl Sink for Counting {
        fn entry(&self, _: &SharedEntry) {}
        fn signal(&self, _: &Arc<Signal>) {}
        fn count(&self, _: &RoomId) {}
        fn mail(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn missed(&self) {}
    }

    fn attach(nodes: &Nodes, node: u64, deadlines: &Deadlines) -> (Writer, Arc<Counting>) {
        let sink = Arc::new(Counting::default());
        let given = Arc::clone(&sink) as Arc<dyn Sink>;
        let now = Timestamp(100);
        let writer = nodes.attach(NodeId(node), given, Timestamp(15_100), 3, now, deadlines);
        (writer, sink)
    }

    fn mail(user: &str) -> Mail {
        Mail::Disconnect { user: UserId::new(user).unwrap(), why: ByeWhy::Kicked }
    }

    #[test]
    fn the_next_life_ends_the_earlier_one() {
        let (nodes, deadlines) = (Nodes::default(), Deadlines::default());
        let (first, sink) = attach(&nodes, 1, &deadlines);
        let (other, _) = attach(&nodes, 2, &deadlines);
        let (second, _) = attach(&nodes, 1, &deadlines);
        assert!(second.incarnation > first.incarnation);
        assert!(matches!(nodes.living(first), Err(StoreError::Fenced)));
        assert!(nodes.living(second).is_ok() && nodes.living(other).is_ok());
        assert_eq!(deadlines.peek(Timestamp(100), 9).due, [Due::Node(first)]);
        assert_eq!(Arc::strong_count(&sink), 1, "its sink is forgotten");
    }

    #[test]
    fn a_forgotten_node_does_not_come_back_as_itself() {
        let (nodes, deadlines) = (Nodes::default(), Deadlines::default());
        let (first, _) = attach(&nodes, 1, &deadlines);
        let life = nodes.living(first).unwrap();
        life.end(Timestamp(100), &deadlines);
        nodes.forget(&life, &deadlines);
        let (second, _) = attach(&nodes, 1, &deadlines);
        assert!(second.incarnation > first.incarnation);
        assert!(matches!(nodes.living(first), Err(StoreError::Fenced)));
        assert_eq!(deadlines.peek(Timestamp(99_999), 9).due, [Due::Node(second)]);
    }

    #[test]
    fn a_lease_is_judged_when_it_ran_out_and_told_once() {
        let (nodes, deadlines) = (Nodes::default(), Deadlines::default());
        let (writer, _) = attach(&nodes, 1, &deadlines);
        let life = nodes.living(writer).unwrap();
        life.renew(Timestamp(20_000), 7).unwrap();
        assert_eq!(nodes.online(), 7);
        let judge = |now, amnesty: Option<u64>| {
            life.judge(Timestamp(now), amnesty.map(Timestamp), &deadlines)
        };
        assert_eq!(judge(15_100, None), Judged::Holds);
        assert_eq!(judge(25_000, Some(30_000)), Judged::Holds);
        assert_eq!(deadlines.peek(Timestamp(30_000), 9).due, [Due::Node(writer)]);
        assert_eq!(judge(30_000, None), Judged::Over { first: true });
        assert_eq!(judge(30_000, None), Judged::Over { first: false });
        assert!(life.renew(Timestamp(99_000), 7).is_err());
        assert_eq!(nodes.online(), 0);
    }

    #[test]
    fn mail_is_bounded_and_what_was_lost_is_counted() {
        let (nodes, deadlines) = (Nodes::default(), Deadlines::default());
        let (writer, sink) = attach(&nodes, 1, &deadlines);
        for user in ["a", "b", "c", "d"] {
            nodes.post(writer, mail(user));
        }
        let life = nodes.living(writer).unwrap();
        assert_eq!(life.take_mail(), [mail("b"), mail("c"), mail("d")]);
        assert_eq!(life.take_mail(), []);
        assert_eq!(nodes.mail_lost(), 1);
        assert_eq!(sink.0.load(Ordering::Relaxed), 4);
        nodes.post_all(&mail("e"));
        assert_eq!(life.take_mail(), [mail("e")]);
        life.end(Timestamp(100), &deadlines);
        nodes.post(writer, mail("f"));
        assert_eq!(life.take_mail(), []);
    }

    #[test]
    fn nothing_is_added_to_a_life_that_is_over() {
        let (nodes, deadlines) = (Nodes::default(), Deadlines::default());
        let (writer, _) = attach(&nodes, 1, &deadlines);
        let life = nodes.living(writer).unwrap();
        let (a, b) = (RoomId::new("a").unwrap(), RoomId::new("b").unwrap());
        life.sessions_in(&b).unwrap();
        life.subscribed_to(&a).unwrap();
        life.subscribed_to(&b).unwrap();
        assert_eq!(life.next_room(Bound::Unbounded), Some(b.clone()));
        life.end(Timestamp(100), &deadlines);
        assert!(life.sessions_in(&a).is_err());
        life.not_subscribed_to(&a);
        life.no_sessions_in(&b);
        assert_eq!(life.first_room(), Some(b.clone()));
        life.not_subscribed_to(&b);
        assert_eq!(life.first_room(), None);
    }
}
