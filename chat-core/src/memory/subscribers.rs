//! The nodes that are told what happens in one room.

use std::sync::Arc;

use super::nodes::Life;
use crate::entry::{SharedEntry, Signal};
use crate::id::{RoomId, Writer};
use crate::store::{Sink, Subscription};

/// At most one subscription per life of a node.
#[derive(Debug, Default)]
pub(super) struct Subscribers(Vec<(Arc<Life>, Subscription)>);

impl Subscribers {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The life of this writer, if it is told what happens here.
    pub(super) fn life(&self, by: Writer) -> Option<&Arc<Life>> {
        self.0.iter().map(|(life, _)| life).find(|life| life.writer == by)
    }

    /// Takes a subscription in, in place of an earlier one of the same life.
    pub(super) fn add(&mut self, life: &Arc<Life>, which: Subscription) {
        self.0.retain(|(other, _)| !Arc::ptr_eq(other, life) && !other.is_over());
        self.0.push((Arc::clone(life), which));
    }

    /// Ends this very subscription; whether it was there.
    pub(super) fn remove(&mut self, life: &Arc<Life>, which: Subscription) -> bool {
        let before = self.0.len();
        self.0.retain(|(other, theirs)| !(Arc::ptr_eq(other, life) && *theirs == which));
        self.0.len() < before
    }

    /// Ends what a life has here.
    pub(super) fn drop_life(&mut self, life: &Arc<Life>) {
        self.0.retain(|(other, _)| !Arc::ptr_eq(other, life));
    }

    pub(super) fn entry(&self, entry: &SharedEntry) {
        self.each(|sink| sink.entry(entry));
    }

    pub(super) fn signal(&self, signal: &Arc<Signal>) {
        self.each(|sink| sink.signal(signal));
    }

    pub(super) fn count(&self, room: &RoomId) {
        self.each(|sink| sink.count(room));
    }

    fn each(&self, tell: impl Fn(&dyn Sink)) {
        for (life, _) in &self.0 {
            life.tell(&tell);
        }
    }
}
