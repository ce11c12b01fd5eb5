//! Where a store is put to be tested.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::limits::StoreOptions;
use crate::store::Backend;
use crate::time::Timestamp;

/// Makes stores for the suite. Whoever writes a store writes one of these, and gets the suite by
/// [`store_suite!`](crate::store_suite).
#[async_trait]
pub trait Stand: Send + Sync + 'static {
    /// An empty store that shares nothing with any other.
    async fn stage(&self, options: StoreOptions) -> Arc<dyn Stage>;
}

/// One store under test.
#[async_trait]
pub trait Stage: Send + Sync + 'static {
    /// A way to the store as a process of its own would have it: for a store in memory the same each time, for
    /// one behind a network a connection of its own, all on the same data.
    async fn backend(&self) -> Backend;

    /// Moves the store's time forward by this much at once. Time may go on by itself beside that: the suite
    /// leaves a second of slack wherever it says that something has not happened yet.
    async fn advance(&self, by: Duration);

    /// The store's time now, by which the suite finds out how much has gone on by itself while it let much time pass.
    async fn now(&self) -> Timestamp;
}
