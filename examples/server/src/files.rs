//! How many files and sockets the process may have open: as many as the system allows it, since each connection is one.
//! Shells and systemd give less at first, for the sake of programs that use `select`.

/// Raises the bound to the most that is allowed, and says what it is; `None` where that is not known.
#[cfg(unix)]
pub(crate) fn raise() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    if now.current != now.maximum
        && let Err(error) =
            setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum })
    {
        tracing::warn!(%error, "the number of open files could not be raised");
    }
    most()
}

/// How many may be open now; `None` where that is not known, or unbounded.
#[cfg(unix)]
pub(crate) fn most() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
pub(crate) fn raise() -> Option<u64> {
    None
}

#[cfg(not(unix))]
pub(crate) fn most() -> Option<u64> {
    None
}
