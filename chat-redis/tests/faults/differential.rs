//! The same random operations have the same outcomes in memory and on Redis, since both do what the naive model does.

use chat_core::testkit::{MemoryStand, model};
use proptest::prelude::*;

use super::support::stand::RedisStand;

proptest! {
    // Each step compares everything there is to be asked, which is some hundred questions to Redis.
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_redis_do_the_same(schedule in model::schedules(40)) {
        let mut paused = tokio::runtime::Builder::new_current_thread();
        let paused = paused.enable_time().start_paused(true).build().unwrap();
        paused.block_on(model::play(&MemoryStand, &schedule));
        let real = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        real.block_on(model::play(&RedisStand(16), &schedule));
    }
}
