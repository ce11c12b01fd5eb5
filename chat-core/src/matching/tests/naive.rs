//! The rules once more, as plainly as possible: lists, and a look at everybody for everything.

use std::collections::BTreeMap;

use super::setup::{Ask, session};
use crate::id::SessionKey;
use crate::limits::MatchRules;
use crate::why::UnmatchedWhy;

/// What mail says, without names that are made at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Proposed([u8; 2]),
    Unmatched(SessionKey, UnmatchedWhy),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Waiting,
    Dormant { until: u64 },
    Proposed { with: u8, confirmed: bool, until: u64 },
}

#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) ask: Ask,
    pub(super) entered: u64,
    pub(super) arrival: u64,
    pub(super) is: Is,
    pub(super) widened: bool,
    pub(super) released: bool,
    partners: Vec<u8>,
    /// Counts tickets as they are made, replacements included.
    made: u64,
}

#[derive(Debug)]
pub(super) struct Naive {
    pub(super) rules: MatchRules,
    pub(super) people: BTreeMap<u8, Person>,
    pub(super) engaged: BTreeMap<u8, u8>,
    /// By whom, whom, until, oldest first.
    pub(super) blocks: Vec<(u8, u8, u64)>,
    /// One and the other, and in which generation.
    met: Vec<(u8, u8, u64)>,
    generation: u64,
    turned: u64,
    arrivals: u64,
    made: u64,
    pub(super) told: Vec<Told>,
}

impl Naive {
    pub(super) fn new(rules: MatchRules) -> Self {
        Self {
            rules,
            people: BTreeMap::new(),
            engaged: BTreeMap::new(),
            blocks: vec![],
            met: vec![],
            generation: 0,
            turned: 0,
            arrivals: 0,
            made: 0,
            told: vec![],
        }
    }

    fn ms(d: std::time::Duration) -> u64 {
        d.as_millis() as u64
    }

    fn shares(a: &Person, b: &Person) -> bool {
        a.ask.tags.iter().any(|tag| b.ask.tags.contains(tag))
    }

    pub(super) fn fits(&self, a: &Person, b: &Person) -> bool {
        let (x, y) = (a.ask.user, b.ask.user);
        let open = |p: &Person| p.widened && !p.ask.strict;
        let meet = Self::shares(a, b) || (open(a) && open(b));
        let last = a.partners.contains(&y) || b.partners.contains(&x);
        let blocked = self
            .blocks
            .iter()
            .any(|(by, whom, _)| (*by, *whom) == (x, y) || (*by, *whom) == (y, x))
            || a.ask.blocked.contains(&y)
            || b.ask.blocked.contains(&x);
        x != y && meet && !blocked && (!last || (a.released && b.released))
    }

    fn rule(&mut self, who: u8, now: u64) {
        let (widen, soft) = (Self::ms(self.rules.widen), Self::ms(self.rules.soft));
        let Some(me) = self.people.get_mut(&who) else { return };
        if me.is != Is::Waiting {
            return;
        }
        me.widened |= me.ask.tags.is_empty() || me.entered + widen <= now;
        me.released |= me.entered + soft <= now;
        let me = self.people[&who].clone();
        let fitting = self.people.values().filter(|p| p.is == Is::Waiting && self.fits(&me, p));
        let best = fitting.min_by_key(|p| (!Self::shares(&me, p), p.entered, p.arrival));
        let Some(other) = best.cloned() else { return };
        let until = now + Self::ms(self.rules.confirm);
        for (one, with) in [(who, other.ask.user), (other.ask.user, who)] {
            self.person(one).is = Is::Proposed { with, confirmed: false, until };
        }
        let me_first = (me.entered, me.arrival) < (other.entered, other.arrival);
        let pair = if me_first { [who, other.ask.user] } else { [other.ask.user, who] };
        self.told.push(Told::Proposed(pair));
    }

    fn person(&mut self, who: u8) -> &mut Person {
        self.people.get_mut(&who).unwrap()
    }

    /// Undoes the match of `who`; returns whoever was the other one, who has yet to look again: before anybody else does, or
    /// set aside meanwhile.
    fn break_off(&mut self, who: u8) -> Option<u8> {
        let Is::Proposed { with, .. } = self.people.get(&who)?.is else { return None };
        for one in [who, with] {
            self.person(one).is = Is::Waiting;
        }
        Some(with)
    }

    fn set_aside(&mut self, who: u8) -> Person {
        self.people.remove(&who).unwrap()
    }

    fn put_back(&mut self, person: Person, now: u64) {
        let who = person.ask.user;
        self.people.insert(who, person);
        self.rule(who, now);
    }

    fn unmatched(&mut self, who: u8, why: UnmatchedWhy) {
        let person = &self.people[&who];
        if !matches!(person.is, Is::Dormant { .. }) {
            let key = session(who, person.ask.tab);
            self.told.push(Told::Unmatched(key, why));
        }
    }

    /// Takes `who` out; whoever was proposed to them looks again.
    fn take_out(&mut self, who: u8, now: u64) -> Person {
        let other = self.break_off(who);
        let gone = self.set_aside(who);
        if let Some(other) = other {
            self.rule(other, now);
        }
        gone
    }

    fn last_partners(&self, who: u8) -> Vec<u8> {
        let mut last = Vec::new();
        for (a, b, generation) in self.met.iter().rev() {
            let other = if *a == who { *b } else { *a };
            let known = *generation + 1 >= self.generation;
            if known && (*a == who || *b == who) && last.len() < 2 && !last.contains(&other) {
                last.push(other);
            }
        }
        last
    }

    pub(super) fn submit(&mut self, ask: &Ask, now: u64) -> bool {
        let who = ask.user;
        if self.engaged.contains_key(&who) {
            return true;
        }
        let place = match self.people.get(&who) {
            None => {
                if self.people.len() >= self.rules.waiting {
                    return false;
                }
                self.arrivals += 1;
                (now, self.arrivals)
            }
            Some(old) => {
                if old.ask.tab != ask.tab {
                    self.unmatched(who, UnmatchedWhy::Replaced);
                }
                let old = self.take_out(who, now);
                (old.entered, old.arrival)
            }
        };
        self.made += 1;
        let person = Person {
            ask: ask.clone(),
            entered: place.0,
            arrival: place.1,
            is: Is::Waiting,
            widened: false,
            released: false,
            partners: self.last_partners(who),
            made: self.made,
        };
        self.put_back(person, now);
        true
    }

    pub(super) fn withdraw(&mut self, who: u8, tab: u8, now: u64) {
        if self.people.contains_key(&who) {
            if self.people[&who].ask.tab != tab {
                self.unmatched(who, UnmatchedWhy::Replaced);
            }
            self.take_out(who, now);
        }
    }

    pub(super) fn lose(&mut self, who: u8, tab: u8, now: u64) {
        let until = now + Self::ms(self.rules.place_kept);
        match self.people.get(&who) {
            Some(p) if p.ask.tab == tab && !matches!(p.is, Is::Dormant { .. }) => {}
            _ => return,
        }
        let other = self.break_off(who);
        self.person(who).is = Is::Dormant { until };
        if let Some(other) = other {
            self.rule(other, now);
        }
    }

    /// `None`: no such match; else whether it is ready.
    pub(super) fn confirm(&mut self, users: [u8; 2], who: u8) -> Option<bool> {
        let other = if users[0] == who { users[1] } else { users[0] };
        let ready = match self.people.get(&other)?.is {
            Is::Proposed { with, confirmed, .. } if with == who => confirmed,
            _ => return None,
        };
        if let Is::Proposed { confirmed, .. } = &mut self.person(who).is
            && !ready
        {
            *confirmed = true;
        }
        Some(ready)
    }

    pub(super) fn opened(&mut self, users: [u8; 2]) {
        for (one, with) in [(users[0], users[1]), (users[1], users[0])] {
            self.people.remove(&one).unwrap();
            self.engaged.insert(one, with);
        }
    }

    pub(super) fn closed(&mut self, users: [u8; 2], now: u64) {
        for one in users {
            self.engaged.remove(&one).unwrap();
        }
        if self.partners_next().is_none() {
            self.turned = now;
        }
        self.met.push((users[0], users[1], self.generation));
    }

    pub(super) fn expel(&mut self, who: u8, tab: u8, now: u64) {
        if self.people.get(&who).is_some_and(|p| p.ask.tab == tab) {
            self.unmatched(who, UnmatchedWhy::Lapsed);
            self.take_out(who, now);
        }
    }

    /// Takes out those of a tab's node, the newest tickets first.
    pub(super) fn drop_writer(&mut self, tab: u8, most: usize, now: u64) -> bool {
        let mut left = Vec::new();
        for _ in 0..most {
            let of = self.people.values().filter(|p| p.ask.tab == tab);
            let Some(who) = of.max_by_key(|p| p.made).map(|p| p.ask.user) else { break };
            let other = self.break_off(who);
            self.unmatched(who, UnmatchedWhy::Lapsed);
            self.set_aside(who);
            match other {
                Some(other) if self.people[&other].ask.tab == tab => {
                    self.unmatched(other, UnmatchedWhy::Lapsed);
                    self.set_aside(other);
                }
                Some(other) => left.push(self.set_aside(other)),
                None => {}
            }
        }
        for person in left {
            self.put_back(person, now);
        }
        self.people.values().any(|p| p.ask.tab == tab)
    }

    pub(super) fn block(&mut self, by: u8, whom: u8, now: u64) {
        if by == whom {
            return;
        }
        let mut lost = Vec::new();
        self.blocks.retain(|(b, w, _)| (*b, *w) != (by, whom));
        self.blocks.push((by, whom, now + Self::ms(self.rules.block_kept)));
        if self.blocks.iter().filter(|(b, ..)| *b == by).count() > self.rules.blocks {
            let oldest = self.blocks.iter().position(|(b, ..)| *b == by).unwrap();
            self.blocks.remove(oldest);
            lost.push(by);
        }
        if self.blocks.len() > self.rules.blocks_in_pool {
            lost.push(self.blocks.remove(0).0);
        }
        if let Some(Is::Proposed { with, .. }) = self.people.get(&by).map(|p| p.is)
            && with == whom
        {
            self.break_off(by);
            let mut both = [self.set_aside(by), self.set_aside(whom)];
            both.sort_by_key(|p| (p.entered, p.arrival));
            for person in both {
                self.put_back(person, now);
            }
        }
        for user in lost {
            self.rule(user, now);
        }
    }

    fn deadline(&self, p: &Person) -> Option<u64> {
        match p.is {
            Is::Dormant { until } => Some(until),
            Is::Proposed { .. } => None,
            Is::Waiting => {
                let widen = p.entered + Self::ms(self.rules.widen);
                let release = p.entered + Self::ms(self.rules.soft);
                let widen = (!p.widened && !p.ask.strict).then_some(widen);
                let release = (!p.released).then_some(release);
                widen.into_iter().chain(release).min()
            }
        }
    }

    /// Deadlines of tickets and matches: when, in which order, of whom.
    fn timers(&self) -> Vec<(u64, u64, u8)> {
        let mut all = Vec::new();
        for p in self.people.values() {
            if let Some(at) = self.deadline(p) {
                all.push((at, p.arrival, p.ask.user));
            }
            if let Is::Proposed { with, until, .. } = p.is {
                all.push((until, p.arrival.min(self.people[&with].arrival), p.ask.user));
            }
        }
        all.sort_unstable();
        all
    }

    fn partners_next(&self) -> Option<u64> {
        let some = self.met.iter().any(|(_, _, g)| g + 1 >= self.generation);
        some.then(|| self.turned + Self::ms(self.rules.partners_kept))
    }

    pub(super) fn next_deadline(&self) -> Option<u64> {
        let timer = self.timers().first().map(|t| t.0);
        let block = self.blocks.first().map(|b| b.2);
        [timer, block, self.partners_next()].into_iter().flatten().min()
    }

    pub(super) fn due(&mut self, now: u64, put_off: Option<u64>) {
        while let Some((_, _, who)) = self.timers().first().copied().filter(|t| t.0 <= now) {
            match (self.people[&who].is, put_off) {
                (Is::Waiting, _) => self.rule(who, now),
                (Is::Dormant { .. }, None) => {
                    self.people.remove(&who);
                }
                (Is::Dormant { .. }, Some(until)) => {
                    self.person(who).is = Is::Dormant { until: until.max(now + 1) };
                }
                (Is::Proposed { with, .. }, Some(later)) => {
                    for one in [who, with] {
                        if let Is::Proposed { until, .. } = &mut self.person(one).is {
                            *until = later.max(now + 1);
                        }
                    }
                }
                (Is::Proposed { with, .. }, None) => self.lapse(who, with, now),
            }
        }
        while let Some((by, ..)) = self.blocks.first().copied().filter(|b| b.2 <= now) {
            self.blocks.remove(0);
            self.rule(by, now);
        }
        while self.partners_next().is_some_and(|at| at <= now) {
            self.generation += 1;
            self.turned = now;
        }
    }

    fn lapse(&mut self, who: u8, with: u8, now: u64) {
        let mut both = [self.people[&who].clone(), self.people[&with].clone()];
        both.sort_by_key(|p| (p.entered, p.arrival));
        for p in &both {
            if let Is::Proposed { confirmed: false, .. } = p.is {
                self.unmatched(p.ask.user, UnmatchedWhy::Lapsed);
                self.people.remove(&p.ask.user);
            }
        }
        for p in both.iter().filter(|p| matches!(p.is, Is::Proposed { confirmed: true, .. })) {
            self.person(p.ask.user).is = Is::Waiting;
            self.rule(p.ask.user, now);
        }
    }
}
