//! How many files may be open: as many as the system lets this process have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard one and says how many files may be open then.
///
/// What cannot be raised stays as it is: the answer is what counts, and who needs more says so.
#[must_use]
pub fn open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Refused only if the hard limit has changed meanwhile; then the soft one stands.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let now = getrlimit(Resource::Nofile).current;
    now.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_the_hard_one_then() {
        let files = open_files();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert!(files > 64);
    }
}
