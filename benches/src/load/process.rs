//! A process with all its children, as /proc tells of them.

use std::fs;

/// What a line of `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// Whose child it is.
    pub(super) parent: u32,
    /// User and system time of all its threads, those that have ended included, in hundredths of a second.
    pub(super) ticks: u64,
}

impl Stat {
    /// What the system says of a process, if there is one.
    pub(super) fn of(pid: u32) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn read(line: &str) -> Option<Self> {
        // The second field, a name in brackets, may hold anything: spaces and brackets too.
        let mut fields = line.rsplit_once(") ")?.1.split(' ');
        let parent = fields.nth(1)?.parse().ok()?;
        let user: u64 = fields.nth(9)?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        Some(Self { parent, ticks: user + system })
    }
}

/// A process and all that came from it, as of now.
#[must_use]
pub fn tree(root: u32) -> Vec<u32> {
    let all: Vec<(u32, u32)> =
        numbers("/proc").into_iter().filter_map(|pid| Some((pid, Stat::of(pid)?.parent))).collect();
    let mut tree = vec![root];
    let mut at = 0;
    while let Some(&parent) = tree.get(at) {
        tree.extend(all.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    tree
}

/// The threads of a process.
pub(super) fn threads(pid: u32) -> Vec<u32> {
    numbers(&format!("/proc/{pid}/task"))
}

/// The names in a directory that are numbers.
fn numbers(directory: &str) -> Vec<u32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let line = "42 (a) b (c) R 7 42 42 0 -1 4194560 90 0 0 0 11 22 5 6 20 0 1 0 1";
        assert_eq!(Stat::read(line), Some(Stat { parent: 7, ticks: 33 }));
        assert_eq!(Stat::read("42 (x"), None);
        assert_eq!(Stat::read("42 (x) R 7"), None);
    }

    #[test]
    fn children_belong_to_the_tree() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let tree = tree(std::process::id());
        let found = tree.contains(&child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found && tree[0] == std::process::id());
        assert!(threads(std::process::id()).contains(&std::process::id()));
        assert!(super::tree(u32::MAX).len() == 1 && threads(u32::MAX).is_empty());
    }
}
