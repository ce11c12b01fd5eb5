//! Counters of what should be rare.

use std::sync::atomic::{AtomicU64, Ordering};

/// What happened on the way to Redis since the start. Give one to [`Settings::with_stats`](crate::Settings::with_stats)
/// and read it whenever you like; nothing is ever subtracted.
#[derive(Debug, Default)]
pub struct Stats {
    reconnects: AtomicU64,
    missed: AtomicU64,
    deaf: AtomicU64,
    unreadable: AtomicU64,
    mail_lost: AtomicU64,
}

impl Stats {
    /// Connections that were lost and had to be made again.
    #[must_use]
    pub fn reconnects(&self) -> u64 {
        self.reconnects.load(Ordering::Relaxed)
    }

    /// How often subscriptions had to be made again, so that what was published in between has to be read from the logs.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    /// Subscriptions that were found to be dead although their connection was open; contained in
    /// [`missed`](Self::missed).
    #[must_use]
    pub fn deaf(&self) -> u64 {
        self.deaf.load(Ordering::Relaxed)
    }

    /// Published messages, and names of what is due, that were not of the form that they should have, and were dropped.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// News for sessions (matches, kicks) that were gone, or could not be read, when their node came for them: more than
    /// [`StoreOptions::mail`](chat_core::StoreOptions) were waiting, or Redis lost them.
    #[must_use]
    pub fn mail_lost(&self) -> u64 {
        self.mail_lost.load(Ordering::Relaxed)
    }

    pub(crate) fn lost_mail(&self, pieces: u64) {
        self.mail_lost.fetch_add(pieces, Ordering::Relaxed);
    }

    pub(crate) fn reconnecting(&self) {
        self.reconnects.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn has_missed(&self) {
        self.missed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn was_deaf(&self) {
        self.deaf.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn could_not_read(&self, many: u64) {
        self.unreadable.fetch_add(many, Ordering::Relaxed);
    }
}
