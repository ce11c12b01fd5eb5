//! The guard: whether the engine has become slower or larger than it was, seen so that it does not depend on the machine.
//!
//! | part | measures | is held to |
//! |---|---|---|
//! | `instructions` | what each step of [`steps`](crate::steps) takes, counted by callgrind | what was recorded, times a factor |
//! | `ratios` | CPU per delivery through the whole server, beside the limit in the same run | a ratio, generous: it is to notice what is grave, on a machine that does other things too |
//! | `memory` | an idle connection and an idle session | bytes |
//!
//! Bounds are in `benches/guard.json`; `ci/guard.sh --record` puts the counts of now there. A ratio or size that is missed is
//! measured a second time, for something else may have run just then; a count is not, for it does not hang on that. Where
//! there is no valgrind, instructions are not counted, and it is said so.

mod bounds;
mod checks;
mod fault;
mod held;
mod programs;
mod report;

pub use bounds::Bounds;
pub use checks::{Check, PARTS, Part, Verdict, check, record};
pub use fault::Fault;
pub use held::held;
pub use programs::Programs;
pub use report::Report;
