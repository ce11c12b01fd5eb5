//! The rules of matching, as a value: no locks, no clock, nothing that waits.
mod blocks;
mod due;
mod fit;
mod keyed;
mod outcome;
mod partners;
mod pool;
mod proposed;
mod queue;
mod scan;
mod slab;
#[cfg(test)]
mod tests;
mod ticket;
mod tickets;
mod timers;

pub use outcome::{Confirming, Done, Judge, Pairing, Step};
pub use pool::Pool;
