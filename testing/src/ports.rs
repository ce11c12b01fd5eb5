//! Ports for servers of tests.

use std::collections::HashSet;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::random;

/// A port of this range that serves: nobody listens there, and this program has not been given it before. So a server that
/// is away for a while finds nobody at its port when it comes back, and two of one server are never the same.
///
/// # Panics
/// If none is found: hardly any of the range is free.
pub fn free_port(range: Range<u16>, serves: impl Fn(u16) -> bool) -> u16 {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let given = given.get_or_insert_default();
    for _ in 0..100_000 {
        let port = range.start + (random() % range.len() as u64) as u16;
        if serves(port) && given.insert(port) {
            return port;
        }
    }
    panic!("no port of {range:?} is free");
}

/// Whether nobody listens there.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}
