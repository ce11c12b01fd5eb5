//! One server, and the connection to it for commands: made at once, made again whenever it is lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::fault::Fault;
use super::greeting::Greeting;
use super::task::{Pauses, Task};
use super::wire::{Dialer, Wire};
use crate::address::Address;
use crate::stats::Stats;

/// A server that is kept connected as long as this is there.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: Address,
    state: watch::Receiver<State>,
    _keeper: Task,
}

#[derive(Debug, Clone)]
enum State {
    /// Not connected, and why the last attempt failed.
    Trying(Option<Fault>),
    Up(Wire),
}

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct Kit {
    pub(crate) dialer: Dialer,
    pub(crate) greeting: Arc<Greeting>,
    /// Told when a server is lost: it may be somewhere else now.
    pub(crate) lost: Arc<Notify>,
    pub(crate) stats: Arc<Stats>,
}

impl Kit {
    /// A connection for commands, to a server that is what it should be.
    pub(crate) async fn dial(&self, at: &Address) -> Result<Wire, Fault> {
        let deadline = Instant::now() + self.dialer.within;
        let wire = self.dialer.dial(at, None, deadline).await?;
        match self.greeting.hold(&wire, deadline).await {
            Ok(()) => Ok(wire),
            Err(fault) => Err(fault.at(at)),
        }
    }
}

impl Server {
    /// Keeps a server connected, for the start by this connection if there is one.
    pub(crate) fn keep(address: Address, kit: Kit, first: Option<Wire>) -> Self {
        let state = first.map_or(State::Trying(None), State::Up);
        let (says, state) = watch::channel(state);
        let keeper = Task::spawn(keep(address.clone(), kit, says));
        Self { address, state, _keeper: keeper }
    }

    /// The connection, if there is one now.
    pub(crate) fn up(&self) -> Option<Wire> {
        match &*self.state.borrow() {
            State::Up(wire) if wire.is_open() => Some(wire.clone()),
            _ => None,
        }
    }

    /// The connection, as soon as there is one.
    pub(crate) async fn until_up(&self) -> Wire {
        let mut state = self.state.clone();
        loop {
            if let Some(wire) = self.up() {
                return wire;
            }
            if state.changed().await.is_err() {
                // Nobody keeps it any more; so it never comes.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Why there is no connection.
    pub(crate) fn why(&self) -> Option<Fault> {
        match &*self.state.borrow() {
            State::Trying(why) => why.clone(),
            State::Up(_) => None,
        }
    }
}

async fn keep(address: Address, kit: Kit, says: watch::Sender<State>) {
    let mut pauses = Pauses::new(Duration::from_millis(10), Duration::from_secs(1));
    loop {
        let up = match &*says.borrow() {
            State::Up(wire) => Some(wire.clone()),
            State::Trying(_) => None,
        };
        if let Some(wire) = up {
            let before = wire.answered();
            wire.closed().await;
            // Whoever lets in and then cuts at once is not asked again and again without a pause.
            if wire.answered() > before {
                pauses.reset();
            }
            drop(wire);
            kit.stats.reconnecting();
            says.send_replace(State::Trying(None));
            kit.lost.notify_one();
            tokio::time::sleep(pauses.next()).await;
        }
        match kit.dial(&address).await {
            Ok(wire) => drop(says.send_replace(State::Up(wire))),
            Err(fault) => {
                says.send_replace(State::Trying(Some(fault)));
                kit.lost.notify_one();
                tokio::time::sleep(pauses.next()).await;
            }
        }
    }
}
