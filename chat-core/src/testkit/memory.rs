//! The stand of the store in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::stand::{Stage, Stand};
use crate::limits::StoreOptions;
use crate::memory::MemoryStore;
use crate::store::Backend;
use crate::time::{Clock, Timestamp};

/// Makes stores in memory, each with a clock that stands still until the case moves it.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryStand;

#[async_trait]
impl Stand for MemoryStand {
    async fn stage(&self, options: StoreOptions) -> Arc<dyn Stage> {
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        let backend = MemoryStore::backend(clock.clone(), options);
        Arc::new(MemoryStage { clock, backend })
    }
}

#[derive(Debug)]
struct MemoryStage {
    clock: Clock,
    backend: Backend,
}

#[async_trait]
impl Stage for MemoryStage {
    async fn backend(&self) -> Backend {
        self.backend.clone()
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
