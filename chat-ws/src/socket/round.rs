//! A round: what one connection's turn has told others of is taken to them by the same thread, right behind it.
//!
//! A message to a room wakes all who are in it. To wake a task is to put it into a queue, to wake a thread for it maybe, and to find
//! one's way back into it there: more than the one write that it is about. So while a connection has its turn, those it wakes are
//! only noted down, and when it is over and nothing of it is held any more, each is handed what it has missed.
//!
//! *Guarantees*: who was noted down is visited, or its task is woken, also where the turn ends by a panic. *Under pressure*: at
//! most [`MOST`] are visited in a round; the tasks of the others are woken as ever, and go to whatever thread is free. *How it
//! ends*: with the turn. Wakes from elsewhere (other threads without a turn, other nodes, timers) wake tasks.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::task::unconstrained;
use tokio::time::Instant;

/// So many are visited by one thread, for one to three milliseconds: a larger room is the work of all.
const MOST: usize = 1024;

/// Somebody who can be visited.
pub(super) trait Visited: Send + Sync {
    /// Hands out what is new, if nobody else is at it; else whoever is at it will find it.
    fn visit(&self, now: Instant);

    /// Has the connection's own task do it.
    fn wake_task(&self);
}

thread_local! {
    static NOTED: RefCell<Noted> = const { RefCell::new(Noted { during: false, who: Vec::new() }) };
}

struct Noted {
    /// A round is under way on this thread.
    during: bool,
    who: Vec<Arc<dyn Visited>>,
}

/// A round on this thread, from its beginning to [`Round::visit_all`].
pub(super) struct Round {
    /// There may be one around it already; then that one visits.
    outermost: bool,
}

/// Notes somebody down, if this thread is in a round that has room; gives it back otherwise.
pub(super) fn note<V: Visited + 'static>(who: Arc<V>) -> Option<Arc<V>> {
    let mut who = Some(who);
    // On a thread that ends, there is no list any more.
    let _ = NOTED.try_with(|noted| {
        let mut noted = noted.borrow_mut();
        if noted.during
            && noted.who.len() < MOST
            && let Some(who) = who.take()
        {
            noted.who.push(who);
        }
    });
    who
}

impl Round {
    pub(super) fn begin() -> Self {
        let outermost = NOTED
            .try_with(|noted| !std::mem::replace(&mut noted.borrow_mut().during, true))
            .unwrap_or(false);
        Self { outermost }
    }

    /// Visits all who were noted down. `now` is the time of the turn: to ask for it once more costs a part of a visit.
    pub(super) fn visit_all(mut self, now: Instant) {
        if !self.outermost {
            return;
        }
        self.outermost = false;
        let mut rest = Rest(end());
        if !rest.0.is_empty() {
            rest.0.reverse(); // in the order in which they were noted down
            // This is the work of many tasks, each with a budget of its own. Out of that of one, most of it would be put off.
            let visits = unconstrained(std::future::poll_fn(|_| {
                while let Some(one) = rest.0.pop() {
                    one.visit(now);
                }
                Poll::Ready(())
            }));
            let _ = pin!(visits).poll(&mut Context::from_waker(Waker::noop()));
        }
        // The list is used again in the next round.
        let list = std::mem::take(&mut rest.0);
        let _ = NOTED.try_with(|noted| noted.borrow_mut().who = list);
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        if self.outermost {
            end().iter().for_each(|one| one.wake_task());
        }
    }
}

/// Ends the round of this thread.
fn end() -> Vec<Arc<dyn Visited>> {
    NOTED
        .try_with(|noted| {
            let mut noted = noted.borrow_mut();
            noted.during = false;
            std::mem::take(&mut noted.who)
        })
        .unwrap_or_default()
}

/// Who is still to be visited; where a visit panics, the tasks of the others are woken.
struct Rest(Vec<Arc<dyn Visited>>);

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.iter().for_each(|one| one.wake_task());
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use parking_lot::Mutex;

    use super::*;

    /// Who, and what became of them.
    type Seen = Arc<Mutex<Vec<(usize, &'static str)>>>;

    /// Writes down what becomes of it.
    struct Somebody {
        name: usize,
        seen: Seen,
        /// Panics when it is visited.
        bad: bool,
        /// Whom it tells of something when it is visited.
        tells: Mutex<Option<Arc<Self>>>,
    }

    impl Visited for Somebody {
        fn visit(&self, _: Instant) {
            self.seen.lock().push((self.name, "visited"));
            if let Some(other) = self.tells.lock().take() {
                tell(other);
            }
            assert!(!self.bad, "as it is asked to");
        }

        fn wake_task(&self) {
            self.seen.lock().push((self.name, "woken"));
        }
    }

    /// As a waker does.
    fn tell(who: Arc<Somebody>) {
        if let Some(who) = note(who) {
            who.wake_task();
        }
    }

    fn somebodies<const N: usize>() -> (Vec<Arc<Somebody>>, Seen) {
        let seen = Seen::default();
        let one = |name| {
            let (seen, tells) = (Arc::clone(&seen), Mutex::default());
            Arc::new(Somebody { name, seen, bad: name == 13, tells })
        };
        ((0..N).map(one).collect(), seen)
    }

    #[test]
    fn who_is_told_in_a_turn_is_visited_behind_it_in_that_order() {
        let (who, seen) = somebodies::<3>();
        let round = Round::begin();
        who.iter().for_each(|one| tell(Arc::clone(one)));
        assert!(seen.lock().is_empty(), "the turn is not over");
        round.visit_all(Instant::now());
        assert_eq!(*seen.lock(), [(0, "visited"), (1, "visited"), (2, "visited")]);
        // And behind it, as ever.
        tell(Arc::clone(&who[0]));
        assert_eq!(seen.lock().last(), Some(&(0, "woken")));
    }

    #[test]
    fn who_is_told_by_a_visit_has_its_task_woken() {
        let (who, seen) = somebodies::<2>();
        *who[0].tells.lock() = Some(Arc::clone(&who[1]));
        let round = Round::begin();
        tell(Arc::clone(&who[0]));
        round.visit_all(Instant::now());
        assert_eq!(*seen.lock(), [(0, "visited"), (1, "woken")], "a round ends");
    }

    #[test]
    fn beyond_what_one_thread_visits_tasks_are_woken() {
        let (who, seen) = somebodies::<{ MOST + 2 }>();
        let round = Round::begin();
        who.iter().filter(|one| !one.bad).for_each(|one| tell(Arc::clone(one)));
        round.visit_all(Instant::now());
        let seen = seen.lock();
        let count = |what| seen.iter().filter(|(_, became)| *became == what).count();
        assert_eq!((count("visited"), count("woken")), (MOST, 1));
    }

    #[test]
    fn a_round_within_a_round_leaves_the_visits_to_it() {
        let (who, seen) = somebodies::<1>();
        let outer = Round::begin();
        let inner = Round::begin();
        tell(Arc::clone(&who[0]));
        inner.visit_all(Instant::now());
        assert!(seen.lock().is_empty());
        outer.visit_all(Instant::now());
        assert_eq!(*seen.lock(), [(0, "visited")]);
    }

    #[test]
    fn nobody_is_forgotten_when_a_turn_or_a_visit_panics() {
        let (who, seen) = somebodies::<2>();
        let turn = catch_unwind(AssertUnwindSafe(|| {
            let _round = Round::begin();
            who.iter().for_each(|one| tell(Arc::clone(one)));
            panic!("in the turn");
        }));
        assert!(turn.is_err());
        assert_eq!(*seen.lock(), [(0, "woken"), (1, "woken")]);

        let (who, seen) = somebodies::<16>();
        let visits = catch_unwind(AssertUnwindSafe(|| {
            let round = Round::begin();
            who[12..].iter().for_each(|one| tell(Arc::clone(one)));
            round.visit_all(Instant::now());
        }));
        assert!(visits.is_err());
        assert_eq!(*seen.lock(), [(12, "visited"), (13, "visited"), (15, "woken"), (14, "woken")]);
        // The next round begins as if nothing had been.
        let round = Round::begin();
        tell(Arc::clone(&who[0]));
        round.visit_all(Instant::now());
        assert_eq!(seen.lock().last(), Some(&(0, "visited")));
    }
}
