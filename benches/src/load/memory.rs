//! What a server holds in memory: pages that are really there, of the process and its children.

use std::fs;

use super::fault::Fault;
use super::process::tree;

/// A reading, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// Resident pages, shared ones in full.
    pub rss: u64,
    /// Resident pages, shared ones by their part.
    pub pss: u64,
}

impl Memory {
    /// Reads off what a process and its children hold now.
    ///
    /// # Errors
    /// Where there is no such process, or it is somebody else's.
    pub fn of(pid: u32) -> Result<Self, Fault> {
        let all = tree(pid).into_iter().filter_map(|process| {
            read(&fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?)
        });
        let sum = all.reduce(|sum, one| Self { rss: sum.rss + one.rss, pss: sum.pss + one.pss });
        sum.ok_or(Fault::NoProcess(pid))
    }
}

fn read(text: &str) -> Option<Memory> {
    let field = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_suffix(" kB"))?;
        Some(line.trim().parse::<u64>().ok()? * 1024)
    };
    Some(Memory { rss: field("Rss:")?, pss: field("Pss:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kilobytes_are_read() {
        let text = "55b1-7ffe ---p 0 0 0 [rollup]\nRss:                1668 kB\nPss:                 267 kB\nPss_Dirty: 116 kB\n";
        assert_eq!(read(text), Some(Memory { rss: 1668 * 1024, pss: 267 * 1024 }));
        assert_eq!(read("Rss: x kB\n"), None);
    }

    #[test]
    fn what_is_held_shows() {
        let pid = std::process::id();
        let before = Memory::of(pid).unwrap();
        let held = vec![1_u8; 64 << 20];
        let after = Memory::of(pid).unwrap();
        // Others of these tests let go of theirs meanwhile.
        assert!(after.rss > before.rss + (32 << 20), "{before:?} {after:?}");
        assert!(std::hint::black_box(&held).len() == 64 << 20);
        assert!(Memory::of(u32::MAX).is_err());
    }
}
