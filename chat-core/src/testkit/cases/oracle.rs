//! Matching against an oracle that looks at every pair, along random schedules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::matches::{Proposal, confirm, post};
use crate::id::{PoolName, RoomId};
use crate::store::{Blocked, Confirmed, Next, Request, Submitted, Withdrawn};
use crate::testkit::build::{pool, secs, tags};
use crate::testkit::{Dice, Guest, Node, Stand, World};
use crate::text::Tag;

const USERS: usize = 9;
const STEPS: usize = 300;
const WORDS: [&str; 5] = ["", "", "a", "b", "a b"];

/// After each step of a random schedule no two who fit wait beside one another; nobody is in two matches, no ticket
/// is lost or doubled, and whoever comes is given the one who has waited longest.
pub(super) async fn no_two_who_fit_ever_wait(stand: &dyn Stand) {
    for seed in 0..6 {
        let mut schedule = Schedule::new(stand, seed).await;
        for step in 0..STEPS {
            schedule.context = format!("seed {seed}, step {step}");
            schedule.step().await;
        }
    }
}

#[derive(Debug, Clone)]
struct Ticket {
    guest: Guest,
    tags: Vec<Tag>,
    strict: bool,
    entered: Duration,
    blocked: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
enum State {
    Idle,
    Waiting(Ticket),
    /// The connection was lost at this time.
    Lost(Ticket, Duration),
    /// With the other's number, since when, and whether it was confirmed.
    Proposed(Ticket, Proposal, usize, Duration, bool),
    In(Guest, RoomId, usize),
}

struct Schedule {
    world: World,
    nodes: [Arc<Node>; 2],
    pool: PoolName,
    dice: Dice,
    context: String,
    now: Duration,
    users: Vec<State>,
    /// Pairs that were partners at some time, the smaller first.
    partners: BTreeSet<(usize, usize)>,
    /// Pairs one of whom has blocked the other.
    blocks: BTreeSet<(usize, usize)>,
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl Schedule {
    async fn new(stand: &dyn Stand, seed: u64) -> Self {
        let world = World::new(stand).await;
        let nodes = [world.node().await, world.node().await];
        Self {
            world,
            nodes,
            pool: pool("p"),
            dice: Dice::new(seed),
            context: String::new(),
            now: Duration::ZERO,
            users: vec![State::Idle; USERS],
            partners: BTreeSet::new(),
            blocks: BTreeSet::new(),
        }
    }

    async fn step(&mut self) {
        let user = self.dice.below(USERS as u64) as usize;
        let roll = self.dice.below(20);
        match (self.users[user].clone(), roll) {
            (_, 0..=3) => self.pass().await,
            (State::Idle | State::Waiting(_) | State::Lost(..), 4..=11) => self.submit(user).await,
            (State::Waiting(ticket), 12..=13) => self.lose(user, ticket).await,
            (State::Proposed(ticket, ..), 4) => self.lose(user, ticket).await,
            (State::Proposed(..), 5) => self.submit(user).await,
            (State::Proposed(_, proposal, other, since, _), 6..=14) => {
                self.confirm(user, &proposal, other, since).await;
            }
            (State::In(guest, room, other), 4..=7) => self.next(user, &guest, &room, other).await,
            (State::In(guest, room, other), 8..=9) => {
                guest.leave(&room).await;
                self.part(user, other);
            }
            (State::In(guest, room, other), 10) if self.dice.once_in(4) => {
                self.block(user, &guest, &room, other).await;
            }
            (State::In(guest, room, _), 11) => {
                let submitted = guest.try_seek(guest.seeking(&self.pool)).await;
                assert_eq!(submitted, Submitted::Engaged { room }, "{}", self.context);
            }
            (State::Waiting(_) | State::Lost(..) | State::Proposed(..), 15) => {
                self.withdraw(user).await;
            }
            _ => return,
        }
        self.world.sweep().await;
        self.read(None).await;
        self.check().await;
    }

    fn guest(&mut self, user: usize) -> Guest {
        let node = self.dice.pick(&[0, 1]);
        self.nodes[*node].guest(&format!("u{user}"))
    }

    fn request(&mut self, user: usize, guest: &Guest) -> (Request, Ticket) {
        let words: &str = self.dice.pick::<&str>(&WORDS);
        let tags = tags(words);
        let strict = !tags.is_empty() && self.dice.once_in(4);
        let mut blocked = BTreeSet::new();
        if self.dice.once_in(4) {
            blocked.insert(self.dice.below(USERS as u64) as usize);
        }
        let ids = blocked.iter().map(|other| crate::testkit::build::user_id(&format!("u{other}")));
        let request = Request {
            strict,
            blocked: ids.collect(),
            ..guest.seeking_tags(&self.pool, tags.clone())
        };
        let entered = match &self.users[user] {
            State::Waiting(old) | State::Lost(old, _) | State::Proposed(old, ..) => old.entered,
            State::Idle | State::In(..) => self.now,
        };
        let ticket = Ticket { guest: guest.clone(), tags, strict, entered, blocked };
        (request, ticket)
    }

    async fn submit(&mut self, user: usize) {
        let guest = self.guest(user);
        let (request, ticket) = self.request(user, &guest);
        self.release(user);
        let candidates = self.waiting();
        self.users[user] = State::Waiting(ticket.clone());
        let submitted = guest.try_seek(request).await;
        assert_eq!(submitted, Submitted::Waiting, "{}", self.context);
        self.read(Some((user, ticket, candidates))).await;
    }

    /// Whoever was proposed to this user goes back into the queue.
    fn release(&mut self, user: usize) {
        if let State::Proposed(_, _, other, _, _) = self.users[user] {
            let State::Proposed(ticket, ..) = self.users[other].clone() else {
                panic!("{}: u{other} is not proposed to u{user}", self.context)
            };
            self.users[other] = State::Waiting(ticket);
        }
    }

    async fn lose(&mut self, user: usize, ticket: Ticket) {
        self.release(user);
        let guest = &ticket.guest;
        let (matching, by) = (&guest.node.backend.matching, guest.node.writer);
        let pools = std::slice::from_ref(&self.pool);
        matching.lose_place(by, guest.session, &guest.user, pools).await.unwrap();
        self.users[user] = State::Lost(ticket, self.now);
    }

    async fn withdraw(&mut self, user: usize) {
        self.release(user);
        let guest = self.guest(user);
        let (matching, by) = (&guest.node.backend.matching, guest.node.writer);
        let withdrawn =
            matching.withdraw(by, &self.pool, &guest.user, guest.session).await.unwrap();
        assert_eq!(withdrawn, Withdrawn::Withdrawn, "{}", self.context);
        self.users[user] = State::Idle;
    }

    async fn confirm(&mut self, user: usize, proposal: &Proposal, other: usize, since: Duration) {
        let State::Proposed(ticket, ..) = self.users[user].clone() else { return };
        let State::Proposed(theirs, _, _, _, confirmed) = self.users[other].clone() else {
            panic!("{}: u{other} is not proposed to u{user}", self.context)
        };
        match confirm(&ticket.guest, proposal).await {
            Confirmed::Half => {
                assert!(!confirmed, "{}: both have confirmed", self.context);
                self.users[user] = State::Proposed(ticket, proposal.clone(), other, since, true);
            }
            Confirmed::Opened { room, .. } => {
                assert!(confirmed, "{}: the other has not confirmed", self.context);
                self.users[user] = State::In(ticket.guest, room.clone(), other);
                self.users[other] = State::In(theirs.guest, room, user);
                self.partners.insert(pair(user, other));
            }
            Confirmed::Gone => panic!("{}: the match of u{user} is gone", self.context),
        }
    }

    fn part(&mut self, user: usize, other: usize) {
        self.users[user] = State::Idle;
        self.users[other] = State::Idle;
    }

    async fn next(&mut self, user: usize, guest: &Guest, room: &RoomId, other: usize) {
        self.part(user, other);
        let (request, ticket) = self.request(user, guest);
        let candidates = self.waiting();
        self.users[user] = State::Waiting(ticket.clone());
        let (matching, by) = (&guest.node.backend.matching, guest.node.writer);
        let next = matching.next(by, guest.breaking(room), request).await.unwrap();
        assert!(matches!(next, Next::Waiting { .. }), "{}: {next:?}", self.context);
        self.read(Some((user, ticket, candidates))).await;
    }

    async fn block(&mut self, user: usize, guest: &Guest, room: &RoomId, other: usize) {
        let (matching, by) = (&guest.node.backend.matching, guest.node.writer);
        let blocked = matching.block(by, guest.breaking(room)).await.unwrap();
        assert!(matches!(blocked, Blocked::Blocked { .. }), "{}: {blocked:?}", self.context);
        self.blocks.insert(pair(user, other));
        self.part(user, other);
    }

    async fn pass(&mut self) {
        let by = *self.dice.pick(&[secs(1), secs(2), secs(4)]);
        // In steps of a second, so that what comes about is known one second at a time.
        for _ in 0..by.as_secs() {
            self.world.pass(secs(1)).await;
            self.now += secs(1);
            self.lapse();
            self.read(None).await;
        }
    }

    fn lapse(&mut self) {
        let rules = &self.world.options.matching;
        for user in &mut self.users {
            *user = match user.clone() {
                State::Lost(_, since) if self.now >= since + rules.place_kept => State::Idle,
                State::Proposed(ticket, _, _, since, confirmed)
                    if self.now >= since + rules.confirm =>
                {
                    if confirmed {
                        State::Waiting(ticket)
                    } else {
                        State::Idle
                    }
                }
                other => other,
            };
        }
    }

    /// Takes in what the nodes are told. Who has just come is given, with those who waited then.
    async fn read(&mut self, came: Option<(usize, Ticket, BTreeMap<usize, Ticket>)>) {
        let post = post(&[&self.nodes[0], &self.nodes[1]]).await;
        let mut sides: BTreeMap<u64, Vec<(usize, Proposal)>> = BTreeMap::new();
        for proposal in post.proposed {
            let user: usize = proposal.user.as_str()[1..].parse().unwrap();
            if let State::Proposed(_, known, ..) = &self.users[user]
                && *known == proposal
            {
                continue;
            }
            sides.entry(proposal.which.0).or_default().push((user, proposal));
        }
        for (_, sides) in sides {
            let [(one, to_one), (two, to_two)] = &sides[..] else {
                panic!("{}: a match of two: {sides:?}", self.context)
            };
            assert_eq!(to_one.room, to_two.room, "{}", self.context);
            let (first, second) = (self.free(*one, to_one), self.free(*two, to_two));
            self.may_fit((*one, &first), (*two, &second));
            if let Some((user, ticket, candidates)) = &came
                && (user == one || user == two)
            {
                let other = if user == one { *two } else { *one };
                self.is_oldest((*user, ticket), other, candidates);
            }
            self.users[*one] = State::Proposed(first, to_one.clone(), *two, self.now, false);
            self.users[*two] = State::Proposed(second, to_two.clone(), *one, self.now, false);
        }
        for (session, why) in post.unmatched {
            let waits =
                |state: &State| matches!(state, State::Waiting(t) if t.guest.session == session);
            let still = self.users.iter().any(waits);
            assert!(!still, "{}: {session:?} was told {why:?} and waits", self.context);
        }
    }

    /// The ticket of a user to whom somebody is proposed: they wait, are not lost, and in no other match.
    fn free(&self, user: usize, proposal: &Proposal) -> Ticket {
        match &self.users[user] {
            State::Waiting(ticket) => {
                assert_eq!(ticket.guest.session, proposal.session, "{}", self.context);
                ticket.clone()
            }
            other => panic!("{}: proposed to u{user}, who is {other:?}", self.context),
        }
    }

    fn waiting(&self) -> BTreeMap<usize, Ticket> {
        let waits = |(user, state): (usize, &State)| match state {
            State::Waiting(ticket) => Some((user, ticket.clone())),
            _ => None,
        };
        self.users.iter().enumerate().filter_map(waits).collect()
    }

    fn shares(one: &Ticket, two: &Ticket) -> bool {
        one.tags.iter().any(|tag| two.tags.contains(tag))
    }

    fn apart(&self, one: (usize, &Ticket), two: (usize, &Ticket)) -> bool {
        one.0 == two.0
            || one.1.blocked.contains(&two.0)
            || two.1.blocked.contains(&one.0)
            || self.blocks.contains(&pair(one.0, two.0))
    }

    /// Whether both have waited for this long.
    fn waited(&self, one: &Ticket, two: &Ticket, long: Duration) -> bool {
        one.entered.max(two.entered) + long <= self.now
    }

    fn widened(&self, ticket: &Ticket, slack: Duration) -> bool {
        let widen = self.world.options.matching.widen;
        !ticket.strict && (ticket.tags.is_empty() || ticket.entered + widen <= self.now + slack)
    }

    /// Panics where these two must not have been paired.
    fn may_fit(&self, one: (usize, &Ticket), two: (usize, &Ticket)) {
        assert!(!self.apart(one, two), "{}: kept apart {one:?} {two:?}", self.context);
        let slack = secs(1);
        let widened = self.widened(one.1, slack) && self.widened(two.1, slack);
        let fit = Self::shares(one.1, two.1) || widened;
        assert!(fit, "{}: do not fit {one:?} {two:?}", self.context);
    }

    /// Whether these two fit beyond doubt.
    fn fit(&self, one: (usize, &Ticket), two: (usize, &Ticket)) -> bool {
        let soft = self.world.options.matching.soft;
        let partners = self.partners.contains(&pair(one.0, two.0));
        let widened = self.widened(one.1, Duration::ZERO) && self.widened(two.1, Duration::ZERO);
        !self.apart(one, two)
            && (Self::shares(one.1, two.1) || widened)
            && (!partners || self.waited(one.1, two.1, soft))
    }

    /// Panics where somebody else should have been chosen for one who has just come.
    fn is_oldest(&self, came: (usize, &Ticket), chosen: usize, waiting: &BTreeMap<usize, Ticket>) {
        let Some(taken) = waiting.get(&chosen) else { return };
        let shared = Self::shares(came.1, taken);
        for (other, ticket) in waiting {
            let rather = Self::shares(came.1, ticket);
            let before =
                (rather && !shared) || (rather == shared && ticket.entered < taken.entered);
            let better = before && self.fit(came, (*other, ticket));
            assert!(!better, "{}: u{other} rather than u{chosen} for {came:?}", self.context);
        }
    }

    async fn check(&self) {
        let waiting: Vec<(usize, Ticket)> = self.waiting().into_iter().collect();
        for (i, (a, one)) in waiting.iter().enumerate() {
            for (b, two) in &waiting[i + 1..] {
                let fit = self.fit((*a, one), (*b, two));
                assert!(!fit, "{}: u{a} and u{b} fit and wait: {one:?} {two:?}", self.context);
            }
        }
        for (user, state) in self.users.iter().enumerate() {
            let id = crate::testkit::build::user_id(&format!("u{user}"));
            let waits = self.nodes[0].backend.matching.waiting(&id).await.unwrap();
            let known = matches!(state, State::Waiting(_) | State::Lost(..) | State::Proposed(..));
            assert_eq!(waits.len(), usize::from(known), "{}: u{user} is {state:?}", self.context);
        }
    }
}
