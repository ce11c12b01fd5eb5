//! The store in memory passes the whole suite, in paused time.

use chat_core::store_suite;
use chat_core::testkit::MemoryStand;

store_suite!(memory, MemoryStand, cases(start_paused = true));
