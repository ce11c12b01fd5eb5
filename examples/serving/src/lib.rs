//! Programs that serve chat.v1; see `examples/`, and `tests/run.rs`, which speaks to each of them.
