//! What is done again and again in a running chat, one by one, so that the instructions each takes can be counted: by
//! callgrind, which counts the same on whatever machine and however busy it is.
//!
//! ```sh
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*steps*counted*' target/release/chat-steps drain 100
//! ```
//!
//! Only what happens inside [`counted`] is counted; what lies before and between (rooms that are filled, everybody reading
//! what was said) is not. One thread, and everything at a size that it keeps: a log that is full, a pool of as many. Hash
//! tables seed themselves at random, so counts differ in the third digit between runs.

mod lists;
mod matching;
mod rooms;
mod wire;

/// One of these.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What it is called on a command line.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// How often it is to be taken, so that the count is steady and nobody waits long.
    pub times: usize,
    run: fn(usize) -> usize,
}

impl Step {
    /// Takes it so many times; how many times it was in the end, for some come in groups.
    #[must_use]
    pub fn run(&self, times: usize) -> usize {
        (self.run)(times)
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|step| step.name == name)
    }
}

/// All of them.
pub const ALL: &[Step] = &[
    Step {
        name: "append-to-many",
        what: "a message: appended, 1,000 cursors marked",
        times: 30,
        run: rooms::append_to_many,
    },
    Step {
        name: "append-to-few",
        what: "a message: appended, 10 cursors marked",
        times: 1_000,
        run: rooms::append_to_few,
    },
    Step {
        name: "drain",
        what: "one entry drained by one session",
        times: 2_000,
        run: rooms::drain,
    },
    Step { name: "join", what: "a join and a leave, room of 10", times: 500, run: rooms::join },
    Step { name: "match", what: "a seeker, 10,000 waiting", times: 2_000, run: matching::seek },
    Step {
        name: "rank",
        what: "a visit to one of 10,000 listed rooms",
        times: 1_000,
        run: lists::visit,
    },
    Step {
        name: "read-say",
        what: "the JSON of a `say`, read and refused",
        times: 1_000,
        run: wire::read,
    },
    Step {
        name: "write-entry",
        what: "an entry, written as a frame",
        times: 1_000,
        run: wire::write,
    },
    Step {
        name: "peer-say",
        what: "a `say`, through both peers of a room",
        times: 500,
        run: wire::talk,
    },
];

/// What is counted: callgrind begins when this is entered, and stops when it is left.
///
/// Not generic and not inlined, so that there is one symbol of this name in the program.
#[inline(never)]
pub fn counted(run: &mut dyn FnMut()) {
    run();
    // A call in last place could be made a jump, behind which nobody sees this being left.
    std::hint::black_box(());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_taken_as_often_as_is_said() {
        for step in ALL {
            assert!(step.run(2) >= 2, "{}", step.name);
        }
    }

    #[test]
    fn a_name_is_one_step() {
        for step in ALL {
            assert!(Step::named(step.name).is_some_and(|found| found.what == step.what));
        }
        assert!(Step::named("other").is_none());
    }
}
