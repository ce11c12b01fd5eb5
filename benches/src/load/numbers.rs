//! Whether everybody got everything: entries of a room are numbered without holes, so nothing but the next number may
//! come. Then as many as were said are all of them, each once.

use super::fault::Fault;

/// What each connection has been given of its room.
#[derive(Debug)]
pub(super) struct Numbers {
    links: Vec<Given>,
    all: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Given {
    last: Option<u64>,
    said: u64,
}

impl Numbers {
    /// Nothing yet, for so many.
    pub(super) fn new(links: usize) -> Self {
        Self { links: vec![Given::default(); links], all: 0 }
    }

    /// The next entry of a connection, which may be a message.
    pub(super) fn given(&mut self, link: usize, n: u64, said: bool) -> Result<(), Fault> {
        let Some(given) = self.links.get_mut(link) else { return Ok(()) };
        if let Some(last) = given.last.replace(n)
            && n != last + 1
        {
            return Err(Fault::Hole { link, last, given: n });
        }
        given.said += u64::from(said);
        self.all += u64::from(said);
        Ok(())
    }

    /// All deliveries.
    pub(super) fn delivered(&self) -> u64 {
        self.all
    }

    /// Whether each connection was given as many messages as were due to it.
    pub(super) fn are(&self, due: impl Fn(usize) -> u64) -> Result<(), Fault> {
        let expected = (0..self.links.len()).map(&due).sum();
        let each = self.links.iter().enumerate().all(|(link, given)| given.said == due(link));
        if each { Ok(()) } else { Err(Fault::Void { expected, delivered: self.all }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_twice_and_one_never_do_not_make_up_for_each_other() {
        let mut numbers = Numbers::new(2);
        numbers.given(0, 8, true).unwrap();
        numbers.given(0, 9, true).unwrap();
        assert_eq!(numbers.delivered(), 2);
        assert!(matches!(numbers.are(|_| 1), Err(Fault::Void { expected: 2, delivered: 2 })));
        assert!(matches!(
            numbers.given(0, 9, true),
            Err(Fault::Hole { link: 0, last: 9, given: 9 })
        ));
    }

    #[test]
    fn a_notice_has_a_number_and_is_no_message() {
        let mut numbers = Numbers::new(1);
        numbers.given(0, 1, false).unwrap();
        numbers.given(0, 2, true).unwrap();
        assert!(numbers.are(|_| 1).is_ok());
        assert!(matches!(numbers.given(0, 4, true), Err(Fault::Hole { last: 2, given: 4, .. })));
    }
}
