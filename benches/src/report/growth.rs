//! How costs grow: which figures are the same thing at different sizes.

use super::results::{Found, Results};

/// Some lines over one size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    /// The plot's file.
    pub(super) file: &'static str,
    pub(super) title: &'static str,
    /// What grows.
    pub(super) size: &'static str,
    lines: &'static [(&'static str, &'static str)],
    /// What measures all of it again.
    pub(super) command: &'static str,
}

/// One line of them.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) label: &'static str,
    pub(super) points: Vec<(f64, Found<'a>)>,
}

impl Growth {
    /// Those lines of which anything was measured.
    pub(super) fn lines<'a>(&self, results: &'a Results) -> Vec<Line<'a>> {
        let lines = self.lines.iter();
        let lines = lines.map(|&(label, like)| Line { label, points: results.by_number(like) });
        lines.filter(|line| !line.points.is_empty()).collect()
    }
}

/// In the order in which they are told.
pub(super) const ALL: &[Growth] = &[
    Growth {
        file: "delivery-by-members",
        title: "A delivery through the whole server, closed loop",
        size: "members of the room",
        lines: &[
            ("chat-server", "a delivery, one room of *, closed loop"),
            ("the limit", "a delivery, one room of *, closed loop, limit"),
        ],
        command: "target/release/chat-load compare --only 'closed loop'",
    },
    Growth {
        file: "append-by-members",
        title: "One message: appended, and a cursor marked for each member",
        size: "members of the room",
        lines: &[
            ("nobody is woken", "append and mark/noop/*"),
            ("each is a tokio task, and woken", "append and mark/tokio/*"),
        ],
        command: "cargo bench -p chat-benches --bench append -- 'append and mark'",
    },
    Growth {
        file: "append-by-log",
        title: "One message in a room of ten, by what its log keeps",
        size: "entries kept",
        lines: &[("append", "append, by length of the log/*")],
        command: "cargo bench -p chat-benches --bench append -- 'by length'",
    },
    Growth {
        file: "drain",
        title: "One session's look at what is new",
        size: "how many",
        lines: &[
            ("sessions in the room", "drain/of * sessions/1"),
            ("entries", "drain/of 1000 sessions/*"),
            ("rooms of the session", "drain, by rooms of the session/*"),
        ],
        command: "cargo bench -p chat-benches --bench drain",
    },
    Growth {
        file: "join-by-members",
        title: "Coming and going",
        size: "members of the room",
        lines: &[
            ("the engine, with a snapshot", "join and leave/room of */50 messages"),
            ("in the store", "enter and leave the store/public/*"),
        ],
        command: "cargo bench -p chat-benches --bench join",
    },
    Growth {
        file: "resume-by-missed",
        title: "Coming back with a cursor, and going again, by what was missed",
        size: "entries missed",
        lines: &[("resume", "resume, and leave/* missed/1000 kept")],
        command: "cargo bench -p chat-benches --bench reading -- resume",
    },
    Growth {
        file: "signal-by-members",
        title: "A signal to all others in the room",
        size: "members of the room",
        lines: &[("signal", "signal/room of/*")],
        command: "cargo bench -p chat-benches --bench saying -- signal",
    },
    Growth {
        file: "watching",
        title: "A look at a watched list, once for all who watch it",
        size: "how many",
        lines: &[
            ("rooms in the list", "look at a watched list/50 of * rooms/1 watch"),
            ("who watch", "look at a watched list/50 of 1000 rooms/* watch"),
        ],
        command: "cargo bench -p chat-benches --bench watching -- look",
    },
    Growth {
        file: "matching-by-waiting",
        title: "One seeker, by how many wait",
        size: "waiting",
        lines: &[
            ("one step of the rule", "matching, the rule/strict/*"),
            ("delay of one, median", "one seeker's delay, * waiting, strict: p50"),
            ("delay of one, p99", "one seeker's delay, * waiting, strict: p99"),
        ],
        command: "cargo bench -p chat-benches --bench matching --bench matching_delay",
    },
    Growth {
        file: "lists-by-rooms",
        title: "The same steps in rooms that are listed, and in others",
        size: "rooms",
        lines: &[
            ("come and go, listed", "rank/come and go, public/*"),
            ("come and go", "rank/come and go, private/*"),
            ("a message, listed", "rank/say, public/*"),
            ("a message", "rank/say, private/*"),
        ],
        command: "cargo bench -p chat-benches --bench ranking -- 'rank/'",
    },
    Growth {
        file: "expiry-by-rooms",
        title: "Rooms that end at the same instant: how late",
        size: "rooms due at once",
        lines: &[
            ("the last one", "* rooms end at once: late at the most"),
            ("the median", "* rooms end at once: late at the median"),
            ("the longest say meanwhile", "* rooms end at once: the longest say meanwhile"),
        ],
        command: "cargo bench -p chat-benches --bench expiry -- 'same instant'",
    },
    Growth {
        file: "session-by-room",
        title: "Memory of an idle session, its user and its places",
        size: "members of its room",
        lines: &[
            ("idle", "a session in a room of *"),
            ("after talk in the room", "a session in a room of *, after talk"),
        ],
        command: "cargo bench -p chat-benches --bench memory -- 'an idle session'",
    },
    Growth {
        file: "redis-by-members",
        title: "CPU of Redis for one step, by who is in the room",
        size: "members of the room",
        lines: &[
            ("enter, with its snapshot", "redis CPU: enter with its snapshot, by members/*"),
            ("leave", "redis CPU: leave, by members/*"),
            ("append", "redis CPU: append, by members/*"),
        ],
        command: "cargo bench -p chat-benches --bench redis_growth -- 'by members'",
    },
    Growth {
        file: "redis-by-number",
        title: "CPU of Redis for one step, by what else there is",
        size: "how many",
        lines: &[
            ("append: entries kept", "redis CPU: append, by length of the log/*"),
            ("resume: entries missed", "redis CPU: resume, by what was missed/*"),
            ("submit: waiting", "redis CPU: submit, by waiting/*"),
            ("a list of 50: rooms", "redis CPU: a list of 50, by rooms/*"),
        ],
        command: "cargo bench -p chat-benches --bench redis_growth",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::tests::sample;
    use crate::report::plot::{LETTER, NAME};

    #[test]
    fn names_of_lines_fit_beside_them() {
        for (label, _) in ALL.iter().flat_map(|growth| growth.lines) {
            let width = label.chars().count() as f64 * LETTER;
            assert!(width <= NAME, "{label}");
        }
    }

    #[test]
    fn what_was_not_measured_is_no_line() {
        let results = sample();
        let lines = |file| {
            let growth = ALL.iter().find(|growth| growth.file == file).unwrap();
            growth.lines(&results).iter().map(|line| line.label).collect::<Vec<_>>()
        };
        assert_eq!(lines("append-by-members"), ["nobody is woken"]);
        assert!(lines("session-by-room").is_empty());
    }
}
