//! One page of all figures: `benches/RESULTS.md`, its plots, and the table of the README.
//!
//! `chat-bench` runs everything as programs of their own and puts what they said into [`Results`]. From these alone follow
//! the page, the plots and the table, as functions of values: the same results are always the same bytes. What was not
//! measured is a gap that says so, never a zero, and what misses its target is shown as missed.
//!
//! ```text
//! criterion's files ─┐
//! tables' readings  ─┤
//! chat-load compare ─┼─► Results ─► results.json
//! chat-load peers   ─┤      ├─► page      RESULTS.md
//! Python's figures  ─┘      ├─► plots     *.svg
//!                           └─► short     the table in README.md
//! ```

mod amount;
mod beside;
mod claims;
mod compared;
mod criterion;
mod growth;
mod markdown;
mod measured;
mod missed;
mod page;
mod plot;
mod plots;
mod python;
mod readme;
mod results;
mod short;
mod verdict;

pub use beside::{Beside, BesideRow, Peer, Taken};
pub use compared::{Compared, ComparedRow};
pub use criterion::{Timed, timed};
pub use measured::Measured;
pub use page::page;
pub use plots::{Plot, plots};
pub use python::{Python, PythonFigure};
pub use readme::{NoMarkers, figures, renewed};
pub use results::{Again, Kind, Missing, Results, Told};
