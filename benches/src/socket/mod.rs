//! What both ends of a measurement stand on: an epoll, WebSocket frames, and enough open files.
//!
//! Made for being cheap and small, not for the open network: no fragments, no extensions, and whatever does not fit
//! ends the connection.

mod files;
mod frame;
mod line;
mod poll;

pub use files::open_files;
pub use frame::{Broken, Frame, Incoming, Opcode, Side, write_frame};
pub use line::Line;
pub use poll::{Poll, Ready};
