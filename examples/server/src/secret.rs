//! The secret that tokens are signed with, from a file. A file that is not there is made, for its owner's eyes only, so that
//! tokens outlive a restart without anybody having to think of one.
//!
//! It is made under another name and then linked to its own: of two that start at once both read the same, whole secret.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, chain};

/// The shortest: what HS256 asks for.
pub(crate) const SHORTEST: usize = 32;
/// More is no secret but another file.
const LONGEST: u64 = 64 * 1024;

/// What is in the file, made if it is not there.
pub(crate) fn read_or_make(flag: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    match read(flag, path) {
        Err(Unread::Missing) => {
            make(path).map_err(|error| cannot(flag, path, "be made", &error))?;
            tracing::info!(file = %path.display(), "made a secret");
            read(flag, path).map_err(|unread| unread.failure(flag, path))
        }
        read => read.map_err(|unread| unread.failure(flag, path)),
    }
}

/// What is in a file that somebody else has made.
pub(crate) fn read_given(flag: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    read(flag, path).map_err(|unread| unread.failure(flag, path))
}

/// The content of a small file.
pub(crate) fn read_small(flag: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    small(path).map_err(|error| cannot(flag, path, "be read", &error))
}

/// A new secret, as text.
pub(crate) fn random() -> io::Result<Vec<u8>> {
    let mut bytes = [0; SHORTEST];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect())
}

enum Unread {
    Missing,
    Short(usize),
    Failed(io::Error),
}

impl Unread {
    fn failure(self, flag: &str, path: &Path) -> Failure {
        let shown = path.display();
        match self {
            Self::Missing => Failure::wrong(format!("{flag} {shown}: there is no such file")),
            Self::Short(bytes) => Failure::wrong(format!(
                "{flag} {shown}: the secret has {bytes} bytes, and at least {SHORTEST} are needed"
            )),
            Self::Failed(error) => cannot(flag, path, "be read", &error),
        }
    }
}

fn cannot(flag: &str, path: &Path, what: &str, error: &io::Error) -> Failure {
    Failure::wrong(format!("{flag} {}: it cannot {what}: {}", path.display(), chain(error)))
}

/// The secret without the end of the line that editors put behind it.
fn read(flag: &str, path: &Path) -> Result<Vec<u8>, Unread> {
    let bytes = match small(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(Unread::Missing),
        Err(error) => return Err(Unread::Failed(error)),
    };
    let secret = bytes.trim_ascii_end();
    if secret.len() < SHORTEST {
        return Err(Unread::Short(secret.len()));
    }
    warn_if_others_may_read(flag, path);
    Ok(secret.to_vec())
}

fn small(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("it has more than {LONGEST} bytes")));
    }
    Ok(bytes)
}

fn make(path: &Path) -> io::Result<()> {
    let secret = random()?;
    let mut name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_owned();
    // Two processes may have the same number: each in a container of its own, on one volume.
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    name.push(format!(".{:016x}", u64::from_le_bytes(bytes)));
    let unfinished = path.with_file_name(name);
    let made = written(&unfinished, &secret).and_then(|()| link(&unfinished, path));
    let _ = fs::remove_file(&unfinished);
    made
}

fn written(path: &PathBuf, secret: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(secret)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// Unlike renaming, this leaves alone what somebody else has put there in the meantime.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

#[cfg(unix)]
fn warn_if_others_may_read(flag: &str, path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_or(0, |about| about.permissions().mode());
    // The group may be how a service is given its secrets; everybody cannot be.
    if mode & 0o007 != 0 {
        tracing::warn!(flag, file = %path.display(), "everybody on this machine may read this secret");
    }
}

#[cfg(not(unix))]
fn warn_if_others_may_read(_: &str, _: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> PathBuf {
        chat_testing::fresh_dir()
    }

    #[test]
    fn what_is_made_is_read_again() {
        let dir = fresh();
        let file = dir.join("secret");
        let made = read_or_make("--secret-file", &file).unwrap();
        assert!(made.len() >= SHORTEST);
        assert_eq!(read_or_make("--secret-file", &file).unwrap(), made);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing else is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn of_many_that_start_at_once_all_have_the_same() {
        let dir = fresh();
        let file = dir.join("secret");
        // As processes do: each under a name of its own, linked to one.
        let link_one = |n: usize| {
            let unfinished = dir.join(format!("secret.{n}"));
            written(&unfinished, &random().unwrap()).unwrap();
            link(&unfinished, &file).unwrap();
            read_given("--secret-file", &file).unwrap()
        };
        let all: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..8).map(|n| scope.spawn(move || link_one(n))).collect();
            started.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(all.iter().all(|one| *one == all[0]));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_short_one_is_refused_and_not_shown() {
        let dir = fresh();
        let file = dir.join("secret");
        fs::write(&file, "hunter2\n").unwrap();
        let refused = read_or_make("--secret-file", &file).unwrap_err().to_string();
        assert!(refused.contains("7 bytes") && !refused.contains("hunter2"), "{refused}");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_given_file_is_never_made() {
        let dir = fresh();
        let file = dir.join("secret");
        read_given("--jwt-secret-file", &file).unwrap_err();
        assert!(!file.exists());
        fs::remove_dir_all(dir).unwrap();
    }
}
