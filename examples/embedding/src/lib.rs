//! The README, so that its programs are compiled and run as doctests. They live here and not in `chat-core`
//! because a packaged `chat-core` has its README elsewhere than the repository has.
#![doc = include_str!("../../../README.md")]
