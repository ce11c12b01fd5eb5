//! The CPU time of a server: what its work costs, which is not the same as how much of it was done in a second.
//!
//! Added up over all threads of the process and its children from `schedstat`, which counts nanoseconds. A thread that
//! ends in between takes its count along. Then the process's own count decides, which keeps those, in hundredths of a
//! second.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use super::fault::Fault;
use super::process::{Stat, threads, tree};

/// A reading.
#[derive(Debug, Clone, Default)]
pub struct Cpu {
    /// Nanoseconds, by process and thread.
    threads: HashMap<(u32, u32), u64>,
    /// Hundredths of a second, by process.
    processes: HashMap<u32, u64>,
}

impl Cpu {
    /// Reads off what a process and its children have used so far.
    ///
    /// # Errors
    /// Where there is no such process, or it is somebody else's.
    pub fn of(pid: u32) -> Result<Self, Fault> {
        let mut reading = Self::default();
        for process in tree(pid) {
            let Some(stat) = Stat::of(process) else { continue };
            reading.processes.insert(process, stat.ticks);
            for thread in threads(process) {
                let text = fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat"));
                // One that has just ended.
                let Some(used) = text.ok().as_deref().and_then(read_schedstat) else { continue };
                reading.threads.insert((process, thread), used);
            }
        }
        if reading.threads.is_empty() { Err(Fault::NoProcess(pid)) } else { Ok(reading) }
    }

    /// What was used since an earlier reading.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Duration {
        let grown = |thread: &(u32, u32), used: &u64| {
            used.saturating_sub(earlier.threads.get(thread).copied().unwrap_or(0))
        };
        let exact: u64 = self.threads.iter().map(|(thread, used)| grown(thread, used)).sum();
        let exact = Duration::from_nanos(exact);
        if earlier.threads.keys().all(|thread| self.threads.contains_key(thread)) {
            return exact;
        }
        let ticks: u64 = self
            .processes
            .iter()
            .map(|(pid, ticks)| {
                ticks - earlier.processes.get(pid).copied().unwrap_or(0).min(*ticks)
            })
            .sum();
        exact.max(Duration::from_millis(ticks * 10))
    }
}

/// The time on a CPU, the first of three numbers.
fn read_schedstat(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(threads: &[(u32, u32, u64)], processes: &[(u32, u64)]) -> Cpu {
        Cpu {
            threads: threads.iter().map(|&(pid, tid, used)| ((pid, tid), used)).collect(),
            processes: processes.iter().copied().collect(),
        }
    }

    #[test]
    fn all_threads_count_new_ones_from_their_beginning() {
        let before = reading(&[(1, 1, 1_000), (1, 2, 5_000)], &[(1, 0)]);
        let after =
            reading(&[(1, 1, 1_500), (1, 2, 5_000), (1, 3, 70), (9, 9, 7)], &[(1, 0), (9, 0)]);
        assert_eq!(after.since(&before), Duration::from_nanos(577));
    }

    #[test]
    fn a_thread_that_has_ended_is_not_forgotten() {
        let before = reading(&[(1, 1, 1_000), (1, 2, 5_000)], &[(1, 3)]);
        let after = reading(&[(1, 1, 2_000)], &[(1, 12)]);
        assert_eq!(after.since(&before), Duration::from_millis(90));
    }

    #[test]
    fn a_line_of_schedstat() {
        assert_eq!(read_schedstat("73993470 790480 12\n"), Some(73_993_470));
        assert_eq!(read_schedstat(""), None);
    }

    #[test]
    fn work_shows_and_nobody_is_nobody() {
        let pid = std::process::id();
        let before = Cpu::of(pid).unwrap();
        // Until the system's own count has grown, however slow the machine is.
        let mut sum = 0_u64;
        while Cpu::of(pid).unwrap().since(&before) < Duration::from_millis(1) {
            sum = (0..10_000).fold(sum, |sum, number| sum.wrapping_mul(31).wrapping_add(number));
        }
        assert!(std::hint::black_box(sum) != 1);
        assert!(matches!(Cpu::of(u32::MAX), Err(Fault::NoProcess(_))));
    }
}
