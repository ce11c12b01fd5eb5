//! Random schedules: a pool and the naive model take the same steps and must tell and keep the same.

use proptest::prelude::*;

use super::naive::{Is, Naive, Told};
use super::setup::{
    Ask, Proposal, Short, at, millis, number, pool_of, proposals, session, user, writer,
};
use crate::limits::MatchRules;
use crate::matching::ticket::State;
use crate::matching::{Confirming, Judge, Pool};
use crate::store::{Mail, Submitted, Withdrawn};

#[derive(Debug, Clone)]
enum Op {
    Submit(Ask),
    Withdraw(u8, u8),
    Lose(u8, u8),
    /// Of the matches that were ever proposed, counted from the newest; which side; by which tab; and what the
    /// caller does with one that is ready.
    Confirm(usize, bool, Option<u8>, Ready),
    Block(u8, u8),
    /// Leaves, by count among those engaged, and perhaps asks again in the same step.
    Close(usize, Option<Ask>),
    DropWriter(u8, usize),
    Advance(u64, Option<u64>),
}

#[derive(Debug, Clone, Copy)]
enum Ready {
    Open,
    /// No room could be opened.
    Fail,
    /// The other side's lease is over.
    Dead,
}

fn ask(users: u8, tags: u8, blocked: usize) -> impl Strategy<Value = Ask> {
    let tags = proptest::collection::btree_set(0..tags, 0..3);
    let blocked = proptest::collection::vec(0..users, 0..=blocked);
    (0..users, 0..3u8, tags, prop::bool::weighted(0.25), blocked).prop_map(
        |(user, tab, tags, strict, blocked)| Ask {
            user,
            tab: if tab == 2 { 1 } else { 0 },
            tags: tags.into_iter().collect(),
            strict,
            blocked,
        },
    )
}

fn op(users: u8, tags: u8, blocked: usize) -> impl Strategy<Value = Op> {
    let ready = prop_oneof![6 => Just(Ready::Open), 1 => Just(Ready::Fail), 1 => Just(Ready::Dead)];
    let tab = prop::option::weighted(0.1, 0..2u8);
    let put_off = prop::option::weighted(0.2, 0..200u64);
    prop_oneof![
        8 => ask(users, tags, blocked).prop_map(Op::Submit),
        1 => (0..users, 0..2u8).prop_map(|(u, t)| Op::Withdraw(u, t)),
        2 => (0..users, 0..2u8).prop_map(|(u, t)| Op::Lose(u, t)),
        8 => (prop_oneof![4 => 0..2usize, 1 => 0..9usize], any::<bool>(), tab, ready)
            .prop_map(|(m, s, t, r)| Op::Confirm(m, s, t, r)),
        1 => (0..users, 0..users).prop_map(|(a, b)| Op::Block(a, b)),
        3 => (0..8usize, prop::option::of(ask(users, tags, blocked))).prop_map(|(n, a)| Op::Close(n, a)),
        1 => (0..2u8, 1..4usize).prop_map(|(w, n)| Op::DropWriter(w, n)),
        5 => (prop_oneof![0..20u64, 20..60u64, 60..400u64], put_off).prop_map(|(by, p)| Op::Advance(by, p)),
    ]
}

fn rules() -> MatchRules {
    MatchRules {
        widen: millis(30),
        soft: millis(50),
        confirm: millis(25),
        place_kept: millis(40),
        partners_kept: millis(150),
        block_kept: millis(300),
        blocks: 2,
        blocks_in_pool: 5,
        scan: 256,
        waiting: 7,
    }
}

/// A pool, what was told by it, and who is in which of its rooms.
struct Run {
    pool: Pool,
    now: u64,
    ever: Vec<Proposal>,
    rooms: Vec<Proposal>,
}

impl Run {
    fn new(rules: MatchRules) -> Self {
        Self { pool: pool_of(rules), now: 1_000, ever: vec![], rooms: vec![] }
    }

    /// Takes one step, in the model too where there is one; returns what was told.
    fn step(&mut self, op: &Op, mut naive: Option<&mut Naive>) -> Vec<Mail> {
        let (now, t) = (self.now, at(self.now));
        match op {
            Op::Submit(ask) => {
                let took = naive.as_mut().map(|naive| naive.submit(ask, now));
                let engaged = self.pool.engaged(&user(ask.user)).cloned();
                match self.pool.submit(ask.request(), t) {
                    Err(_) => {
                        assert_ne!(took, Some(true));
                        vec![]
                    }
                    Ok(step) => {
                        assert_ne!(took, Some(false));
                        let expected = match engaged {
                            Some(room) => Submitted::Engaged { room },
                            None => Submitted::Waiting,
                        };
                        assert_eq!(step.outcome, expected);
                        step.mail
                    }
                }
            }
            Op::Withdraw(who, tab) => {
                let waited = self.pool.is_waiting(&user(*who));
                let step = self.pool.withdraw(&user(*who), session(*who, *tab), t);
                match step.outcome {
                    Withdrawn::Withdrawn => assert!(waited),
                    Withdrawn::Engaged { ref room } => {
                        assert!(
                            self.rooms.iter().any(|r| r.room == *room && r.users.contains(who))
                        );
                    }
                    Withdrawn::NotWaiting => assert!(!waited),
                }
                assert!(!self.pool.is_waiting(&user(*who)));
                if let Some(naive) = naive {
                    naive.withdraw(*who, *tab, now);
                }
                step.mail
            }
            Op::Lose(who, tab) => {
                if let Some(naive) = naive {
                    naive.lose(*who, *tab, now);
                }
                self.pool.lose_place(&user(*who), session(*who, *tab), t).mail
            }
            Op::Confirm(back, second, tab, ready) => {
                let Some(at) = self.ever.len().checked_sub(1 + back) else { return vec![] };
                let side = usize::from(*second);
                let of = self.ever[at].clone();
                let mut key = of.sessions[side];
                if let Some(tab) = tab {
                    key = session(of.users[side], *tab);
                }
                let found = self.pool.confirm(of.which, key);
                if let Some(naive) = &mut naive {
                    // A later match of the same two has another name; and another tab does not speak for this one.
                    let newer = self.ever[at + 1..].iter().any(|p| {
                        let mut users = p.users;
                        users.sort_unstable();
                        let mut these = of.users;
                        these.sort_unstable();
                        users == these
                    });
                    let asked = naive.people.get(&of.users[side]).map(|p| p.ask.tab);
                    let named =
                        !newer && asked.map(|tab| session(of.users[side], tab)) == Some(key);
                    let expected = named.then(|| naive.confirm(of.users, of.users[side])).flatten();
                    let got = match found {
                        Confirming::Gone => None,
                        Confirming::Half => Some(false),
                        Confirming::Ready(_) => Some(true),
                    };
                    assert_eq!(got, expected);
                }
                let Confirming::Ready(pairing) = found else { return vec![] };
                assert_eq!(pairing.sides.each_ref().map(|(u, _)| number(u)), of.users);
                assert_eq!(
                    pairing.policy.history,
                    u32::from(of.users[0]),
                    "the policy of the older"
                );
                match ready {
                    Ready::Fail => vec![],
                    Ready::Dead => {
                        let (dead, key) = &pairing.sides[1 - side];
                        if let Some(naive) = naive {
                            naive.expel(number(dead), key.writer.node.0 as u8, now);
                        }
                        self.pool.expel(dead, *key, t).mail
                    }
                    Ready::Open => {
                        let mail = self.pool.opened(of.which).mail;
                        let told: Vec<_> = mail
                            .iter()
                            .map(|m| match m {
                                Mail::Matched { room, session, .. } => (room.clone(), *session),
                                other => panic!("{other:?}"),
                            })
                            .collect();
                        assert_eq!(told, of.sessions.map(|s| (of.room.clone(), s)));
                        if let Some(naive) = naive {
                            naive.opened(of.users);
                        }
                        self.rooms.push(of);
                        vec![]
                    }
                }
            }
            Op::Block(by, whom) => {
                if let Some(naive) = naive {
                    naive.block(*by, *whom, now);
                }
                self.pool.block(&user(*by), &user(*whom), t).mail
            }
            Op::Close(n, again) => {
                if self.rooms.is_empty() {
                    return vec![];
                }
                let gone = self.rooms.remove(n % self.rooms.len());
                let users = gone.users.map(user);
                for _ in 0..2 {
                    self.pool.closed(&gone.room, [&users[0], &users[1]], t);
                }
                if let Some(naive) = naive.as_mut() {
                    naive.closed(gone.users, now);
                }
                let Some(again) = again else { return vec![] };
                let again = Ask { user: gone.users[n % 2], ..again.clone() };
                self.step(&Op::Submit(again), naive)
            }
            Op::DropWriter(tab, most) => {
                let step = self.pool.drop_writer(writer(*tab), *most, t);
                if let Some(naive) = naive {
                    assert_eq!(step.outcome, naive.drop_writer(*tab, *most, now));
                }
                step.mail
            }
            Op::Advance(by, put_off) => {
                self.now += by;
                let put_off = put_off.map(|d| self.now + d);
                if let Some(naive) = naive {
                    naive.due(self.now, put_off);
                }
                self.drain(put_off)
            }
        }
    }

    fn drain(&mut self, put_off: Option<u64>) -> Vec<Mail> {
        let judge = put_off.map_or(Judge::Now, |until| Judge::PutOff { until: at(until) });
        let mut mail = vec![];
        for _ in 0..1_000 {
            let step = self.pool.due(at(self.now), judge);
            self.pool.check();
            mail.extend(step.mail);
            if !step.outcome.more {
                assert!(self.pool.next_deadline().is_none_or(|next| next > at(self.now)));
                return mail;
            }
        }
        panic!("due again and again")
    }
}

fn told(mail: &[Mail]) -> Vec<Told> {
    let mut told = vec![];
    let mut first = None;
    for one in mail {
        match one {
            Mail::Proposed { user, .. } => match first.take() {
                None => first = Some(number(user)),
                Some(other) => told.push(Told::Proposed([other, number(user)])),
            },
            Mail::Unmatched { session, why, .. } => told.push(Told::Unmatched(*session, *why)),
            other => panic!("{other:?}"),
        }
    }
    told
}

/// Everybody is where the model has them, with the same time of entry.
fn same(pool: &Pool, naive: &Naive) {
    let mut people = naive.people.clone();
    for (_, ticket) in pool.tickets.iter() {
        let person = people.remove(&number(&ticket.user)).expect("a ticket too many");
        assert_eq!((ticket.entered, ticket.arrival), (at(person.entered), person.arrival));
        assert_eq!(ticket.session, session(person.ask.user, person.ask.tab));
        assert_eq!((ticket.widened, ticket.released), (person.widened, person.released));
        match (ticket.state, person.is) {
            (State::Waiting, Is::Waiting) => {}
            (State::Dormant { until }, Is::Dormant { until: u }) => assert_eq!(until, at(u)),
            (State::Proposed { at: which }, Is::Proposed { with, confirmed, until }) => {
                let pair = pool.proposed.get(which).unwrap();
                let slot = pool.tickets.iter().find(|(_, t)| t.user == ticket.user).unwrap().0;
                assert_eq!(number(&pool.tickets[pair.other(slot).slot].user), with);
                assert_eq!(
                    pair.sides.iter().find(|s| s.slot == slot).unwrap().confirmed,
                    confirmed
                );
                assert_eq!(pair.until, at(until));
            }
            (state, is) => panic!("{state:?} is not {is:?}"),
        }
    }
    assert!(people.is_empty(), "lost: {people:?}");
    for one in naive.engaged.keys() {
        assert!(pool.engaged(&user(*one)).is_some());
    }
    assert_eq!(pool.users.len(), naive.people.len() + naive.engaged.len());
    assert_eq!(pool.next_deadline(), naive.next_deadline().map(at));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    /// Nobody is lost or doubled, the oldest who fits is taken, places keep their time: all as in the model, after each
    /// step; and no two who fit wait, as an O(n²) look at everybody tells.
    #[test]
    fn a_pool_does_what_the_naive_model_does(ops in proptest::collection::vec(op(9, 3, 1), 1..120)) {
        let mut naive = Naive::new(rules());
        let mut run = Run::new(rules());
        for op in &ops {
            let mail = run.step(op, Some(&mut naive));
            assert_eq!(told(&mail), std::mem::take(&mut naive.told), "{op:?}");
            run.ever.extend(proposals(&mail));
            run.pool.check();
            same(&run.pool, &naive);
            for (i, a) in naive.people.values().enumerate() {
                for b in naive.people.values().skip(i + 1) {
                    let wait = a.is == Is::Waiting && b.is == Is::Waiting;
                    assert!(!wait || !naive.fits(a, b), "the model is wrong");
                }
            }
        }
    }

    /// With scans that stop after one or two misfits, the same holds as soon as what is due at once was done.
    #[test]
    fn scans_that_stop_go_on_and_miss_nobody(
        ops in proptest::collection::vec(op(14, 2, 8), 1..100),
        scan in 0..3usize,
    ) {
        let rules = MatchRules { scan, waiting: 100, blocks: 9, blocks_in_pool: 99, ..rules() };
        let mut run = Run::new(rules);
        for op in &ops {
            let mail = run.step(op, None);
            run.ever.extend(proposals(&mail));
            run.pool.check();
            let before = run.pool.waiting();
            // Only what is due at once because a scan stopped: time stands still.
            let paused = run.pool.tickets.iter().any(|(_, t)| t.paused.is_some());
            assert!(!paused || run.pool.next_deadline().is_some_and(|next| next <= at(run.now)));
            let mail = run.drain(Some(run.now + 10));
            run.ever.extend(proposals(&mail));
            assert_eq!(run.pool.waiting(), before, "nobody is lost by looking on");
            assert!(run.pool.tickets.iter().all(|(_, t)| t.paused.is_none()));
        }
    }

    /// However long it goes on, a pool in which nobody is left and time has passed holds nothing.
    #[test]
    fn nothing_stays_behind(ops in proptest::collection::vec(op(9, 3, 1), 1..80)) {
        let mut run = Run::new(rules());
        for op in &ops {
            let mail = run.step(op, None);
            run.ever.extend(proposals(&mail));
        }
        for who in 0..9 {
            let mail = run.pool.withdraw(&user(who), session(who, 0), at(run.now)).mail;
            run.ever.extend(proposals(&mail));
        }
        while !run.rooms.is_empty() {
            run.step(&Op::Close(0, None), None);
        }
        for _ in 0..4 {
            run.now += 1_000;
            run.pool.tick(run.now);
        }
        assert!(run.pool.is_empty());
        assert_eq!(run.pool.next_deadline(), None);
        assert_eq!((run.pool.waiting(), run.pool.tags.len()), (0, 0));
    }
}
