//! The suite rejects stores that are broken in one way each, and nothing else about them.

use std::sync::Arc;

use chat_core::testkit::broken::{BrokenStand, NoFault};
use chat_core::testkit::{MemoryStand, Stand, all, failures};

chat_core::rejection_suite!(rejected, Arc::new(MemoryStand) as Arc<dyn Stand>, start_paused = true);

#[tokio::test(start_paused = true)]
async fn without_a_fault_the_wrapped_store_passes() {
    let wrapped = BrokenStand::new(Arc::new(MemoryStand), || Arc::new(NoFault));
    let stand: Arc<dyn Stand> = Arc::new(wrapped);
    let failed = failures(&stand, &all()).await;
    assert!(failed.is_empty(), "{failed:?}");
}
