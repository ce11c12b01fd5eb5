//! Where broken stores are put to be tested.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::limits::StoreOptions;
use crate::store::Backend;
use crate::testkit::{Stage, Stand, Tap, Twist};
use crate::time::Timestamp;

/// Makes the stores of another stand, with a fault in each.
pub struct BrokenStand {
    sound: Arc<dyn Stand>,
    fault: fn() -> Arc<dyn Twist>,
}

impl BrokenStand {
    /// Breaks the stores of this stand; what a fault remembers is of one store.
    #[must_use]
    pub fn new(sound: Arc<dyn Stand>, fault: fn() -> Arc<dyn Twist>) -> Self {
        Self { sound, fault }
    }
}

impl std::fmt::Debug for BrokenStand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrokenStand")
    }
}

#[async_trait]
impl Stand for BrokenStand {
    async fn stage(&self, options: StoreOptions) -> Arc<dyn Stage> {
        let sound = self.sound.stage(options).await;
        Arc::new(BrokenStage { sound, fault: (self.fault)() })
    }
}

struct BrokenStage {
    sound: Arc<dyn Stage>,
    fault: Arc<dyn Twist>,
}

#[async_trait]
impl Stage for BrokenStage {
    async fn backend(&self) -> Backend {
        Tap::backend(self.sound.backend().await, Arc::clone(&self.fault))
    }

    async fn advance(&self, by: Duration) {
        self.fault.advance(&*self.sound, by).await;
    }

    async fn now(&self) -> Timestamp {
        self.sound.now().await
    }
}
