//! lib
#![forbid(unsafe_code)]
pub mod body;
pub mod entry;
pub mod error;
pub mod id;
pub mod limits;
pub mod list;
pub mod matching;
pub mod memory;
pub mod room;
pub mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod text;
pub mod time;
pub mod user;
pub use body::Body;
pub use error::*;
pub use limits::*;
pub use room::*;
pub use store::LostWhy;
pub use time::Clock;
pub use user::*;
