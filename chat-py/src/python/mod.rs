//! The module `chat_engine._native`: convert, call, convert back.
//!
//! | file | what it holds |
//! |---|---|
//! | `engine`, `session` | what Python calls |
//! | `call` | an operation, for both of its names: the one that waits and the one that is awaited |
//! | `answer`, `waiting` | what an `a…` operation gives, and how it waits in whichever event loop |
//! | `reading` | a session's events, in batches |
//! | `events`, `values` | what is handed out |
//! | `server`, `served`, `peer`, `carried`, `auth` | what clients connect to: a listener, or frames that somebody else carries |
//! | `hooks`, `older`, `observer`, `jobs`, `pool` | what a host wrote, and the threads of Python's that call it |
//! | `body`, `options`, `serving`, `times`, `errors` | to Python and back |
//! | `kept` | what is asked of Python once |
//! | `process` | forks, and the end |

mod answer;
mod auth;
mod body;
mod call;
mod carried;
mod engine;
mod errors;
mod events;
mod hooks;
mod jobs;
mod kept;
mod observer;
mod older;
mod options;
mod peer;
mod pool;
mod process;
mod reading;
mod served;
mod server;
mod serving;
mod session;
mod times;
mod values;
mod waiting;

#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use super::answer::Answer;
    #[pymodule_export]
    use super::auth::Upgrade;
    #[pymodule_export]
    use super::engine::{Clock, Engine};
    #[pymodule_export]
    use super::events::{
        Bye, Closed, Count, Joined, Kicked, Left, ListChanged, Matched, Renamed, Reset, Said,
        Signal, Unmatched,
    };
    #[pymodule_export]
    use super::hooks::{Deny, Replace};
    #[pymodule_export]
    use super::jobs::{Jobs, Task};
    #[pymodule_export]
    use super::observer::{Opened, Paired, Wrote};
    #[pymodule_export]
    use super::peer::Peer;
    #[pymodule_export]
    use super::process::{after_fork_in_child, after_fork_in_parent, at_exit, before_fork, panic};
    #[pymodule_export]
    use super::reading::{Batches, Events};
    #[pymodule_export]
    use super::server::Server;
    #[pymodule_export]
    use super::session::Session;
    #[pymodule_export]
    use super::values::{
        Cursor, History, Member, Members, Room, RoomList, RoomPage, Snapshot, Spoken,
    };
    #[pymodule_export]
    use super::waiting::Inbox;

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        super::kept::fill_those_of_pyo3(module.py())
    }
}
