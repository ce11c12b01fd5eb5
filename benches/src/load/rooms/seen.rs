//! Which messages of its room each connection has: every one, once.
//!
//! Where only one is on its way they have to come in order. Where several are, some servers promise no order; then one
//! that is early is remembered until those before it have come.

use std::collections::BTreeSet;

use super::Order;

/// What each connection has.
#[derive(Debug)]
pub(super) struct Seen {
    links: Vec<Given>,
    order: Order,
    all: u64,
}

#[derive(Debug, Clone, Default)]
struct Given {
    next: usize,
    early: BTreeSet<usize>,
}

impl Seen {
    /// Nothing yet, for so many.
    pub(super) fn nothing(links: usize, order: Order) -> Self {
        Self { links: vec![Given::default(); links], order, all: 0 }
    }

    /// A connection is given a message, the so many-th of its room; what is wrong with that, if anything is.
    pub(super) fn given(&mut self, link: usize, index: usize) -> Result<(), &'static str> {
        let Some(given) = self.links.get_mut(link) else { return Err("and is unknown") };
        if index < given.next || given.early.contains(&index) {
            return Err("twice");
        }
        if index > given.next && self.order == Order::AsSaid {
            return Err("before one that was said earlier");
        }
        given.early.insert(index);
        while given.early.remove(&given.next) {
            given.next += 1;
        }
        self.all += 1;
        Ok(())
    }

    /// All deliveries.
    pub(super) fn delivered(&self) -> u64 {
        self.all
    }

    /// Whether each has as many as were due to it.
    pub(super) fn are(&self, due: impl Fn(usize) -> usize) -> bool {
        let whole =
            |(link, given): (usize, &Given)| given.next == due(link) && given.early.is_empty();
        self.links.iter().enumerate().all(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_twice_and_one_never_do_not_make_up_for_each_other() {
        for order in [Order::AsSaid, Order::Any] {
            let mut seen = Seen::nothing(2, order);
            seen.given(0, 0).unwrap();
            assert_eq!(seen.given(0, 0), Err("twice"));
            assert!(!seen.are(|_| 1) && seen.delivered() == 1);
            seen.given(1, 0).unwrap();
            assert!(seen.are(|_| 1) && !seen.are(|_| 2));
        }
    }

    #[test]
    fn order_counts_where_it_is_implied() {
        let mut strict = Seen::nothing(1, Order::AsSaid);
        assert_eq!(strict.given(0, 1), Err("before one that was said earlier"));
        let mut any = Seen::nothing(1, Order::Any);
        any.given(0, 1).unwrap();
        assert_eq!(any.given(0, 1), Err("twice"));
        assert!(!any.are(|_| 1), "the first one is still missing");
        any.given(0, 0).unwrap();
        assert!(any.are(|_| 2) && any.delivered() == 2);
        assert_eq!(any.given(0, 0), Err("twice"));
    }
}
