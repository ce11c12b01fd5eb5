//! The whole engine on the store in memory, against a naive model.

use chat_core::testkit::{MemoryStand, model};
use proptest::prelude::*;

/// Plays a schedule under paused time: what waits is waited for at once.
fn play(schedule: &model::Schedule) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(model::play(&MemoryStand, schedule));
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_what_plain_lists_do(schedule in model::schedules(120)) {
        play(&schedule);
    }
}
