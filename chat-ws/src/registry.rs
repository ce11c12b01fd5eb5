//! Who is connected: places, counted in all and by address, and a way to tell each connection that it has to go.
//!
//! A [`Place`] is taken before the upgrade and given back by its drop, so that a connection that never comes about is not
//! counted either.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Waker;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// All connections of a server.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
    /// Told when the last connection has gone.
    empty: Notify,
    /// Told when nobody is let in any more.
    shut: Notify,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    remotes: HashMap<u64, Arc<Remote>>,
    addresses: HashMap<IpAddr, usize>,
    /// Nobody is let in any more.
    shut: bool,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    Shut,
    Full,
    AddressFull,
}

impl Registry {
    /// Takes a place.
    pub(crate) fn enter(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        most: usize,
        most_of_address: usize,
    ) -> Result<Place, NoPlace> {
        // Who is on this machine can do worse; and proxies that are not trusted would share one bound.
        let address = address.map(|address| address.to_canonical());
        let address = address.filter(|address| !address.is_loopback()).map(whole);
        let mut state = self.state.lock();
        if state.shut {
            return Err(NoPlace::Shut);
        }
        if state.remotes.len() >= most {
            return Err(NoPlace::Full);
        }
        if let Some(address) = address {
            let count = state.addresses.entry(address).or_default();
            if *count >= most_of_address {
                return Err(NoPlace::AddressFull);
            }
            *count += 1;
        }
        state.next += 1;
        let (id, remote) = (state.next, Arc::new(Remote::default()));
        state.remotes.insert(id, Arc::clone(&remote));
        Ok(Place { registry: Arc::clone(self), id, address, remote })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().remotes.len()
    }

    /// Lets nobody in any more.
    pub(crate) fn shut(&self) {
        self.state.lock().shut = true;
        self.shut.notify_waiters();
    }

    /// Waits until nobody is let in any more.
    pub(crate) async fn shutting(&self) {
        loop {
            let shut = self.shut.notified();
            if self.is_shut() {
                return;
            }
            shut.await;
        }
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.state.lock().shut
    }

    /// All connections there are.
    pub(crate) fn remotes(&self) -> Vec<Arc<Remote>> {
        self.state.lock().remotes.values().map(Arc::clone).collect()
    }

    /// Waits until there are none.
    pub(crate) async fn emptied(&self) {
        loop {
            let emptied = self.empty.notified();
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn leave(&self, id: u64, address: Option<IpAddr>) {
        let mut state = self.state.lock();
        state.remotes.remove(&id);
        if let Some(address) = address
            && let Some(count) = state.addresses.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                state.addresses.remove(&address);
            }
        }
        if state.remotes.is_empty() {
            self.empty.notify_waiters();
        }
    }
}

/// What is counted as one address: who has one of IPv6 has all that begin like it.
fn whole(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
    }
}

/// One connection's place; its drop gives it back.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Arc<Registry>,
    id: u64,
    address: Option<IpAddr>,
    remote: Arc<Remote>,
}

impl Place {
    pub(crate) fn remote(&self) -> &Remote {
        &self.remote
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.registry.leave(self.id, self.address);
    }
}

/// What a connection is told from outside.
#[derive(Debug, Default)]
pub(crate) struct Remote {
    asked: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

/// How urgently a connection has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    Nothing,
    /// As soon as what it asked for is answered.
    Soon,
    /// At once.
    Now,
}

impl Remote {
    pub(crate) fn ask(&self, asked: Asked) {
        self.asked.fetch_max(asked as u8, Ordering::AcqRel);
        let waker = self.waker.lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whom to wake when something is asked. Before looking at what was.
    pub(crate) fn wakes(&self, waker: &Waker) {
        let old = self.waker.lock().replace(waker.clone());
        // Not dropped under the lock: with it may end what wakes this.
        drop(old);
    }

    /// What is asked of the connection.
    pub(crate) fn asked(&self) -> Asked {
        match self.asked.load(Ordering::Acquire) {
            0 => Asked::Nothing,
            1 => Asked::Soon,
            _ => Asked::Now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn places_are_bounded_in_all_and_by_address_and_come_back() {
        let registry = Arc::new(Registry::default());
        let enter = |last| registry.enter(address(last), 3, 2);
        let one = enter(1).unwrap();
        let _two = enter(1).unwrap();
        assert_eq!(enter(1).unwrap_err(), NoPlace::AddressFull);
        let _three = enter(2).unwrap();
        assert_eq!(enter(3).unwrap_err(), NoPlace::Full);
        drop(one);
        assert_eq!(registry.len(), 2);
        let _again = enter(1).unwrap();
        registry.shut();
        assert_eq!(enter(2).unwrap_err(), NoPlace::Shut);
    }

    #[test]
    fn who_has_a_network_of_addresses_has_one() {
        let registry = Arc::new(Registry::default());
        let enter = |address: &str| registry.enter(Some(address.parse().unwrap()), 9, 1);
        let _one = enter("2001:db8:0:1::1").unwrap();
        assert_eq!(enter("2001:db8:0:1:ffff::2").unwrap_err(), NoPlace::AddressFull);
        let _other = enter("2001:db8:0:2::1").unwrap();
        let _four = enter("192.0.2.1").unwrap();
        assert_eq!(enter("::ffff:192.0.2.1").unwrap_err(), NoPlace::AddressFull);
    }

    #[test]
    fn this_machine_is_not_counted_by_address() {
        let registry = Arc::new(Registry::default());
        let own: Vec<_> =
            (0..10).map(|_| registry.enter(Some([127, 0, 0, 1].into()), 10, 1).unwrap()).collect();
        assert_eq!(registry.len(), own.len());
    }

    #[tokio::test]
    async fn who_waits_for_the_last_one_to_go_is_told() {
        let registry = Arc::new(Registry::default());
        registry.emptied().await;
        let place = registry.enter(None, 1, 1).unwrap();
        let waits = tokio::spawn({
            let registry = Arc::clone(&registry);
            async move { registry.emptied().await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(place);
        waits.await.unwrap();
    }
}
