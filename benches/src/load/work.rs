//! What a load can do, one variant for each mode, and how it is asked for.

use std::time::Duration;

use super::fault::Fault;
use super::progress::Progress;
use super::run::Run;
use super::target::Target;
use super::{Fanout, Idle, Joins, Length, Matching, NAP, Pairs, Resume, Storm, Watching};

/// One mode with its settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work {
    /// One room of many.
    Fanout(Fanout),
    /// Many rooms of two.
    Pairs(Pairs),
    /// Connections that do nothing.
    Idle(Idle),
    /// Coming and going.
    Joins(Joins),
    /// Many who connect at once.
    Storm(Storm),
    /// Strangers who are matched.
    Matching(Matching),
    /// A list that is watched.
    Watching(Watching),
    /// Many who come back at once.
    Resume(Resume),
}

impl Work {
    /// Does it.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure.
    pub fn run(&self, target: &Target, progress: &Progress) -> Result<Run, Fault> {
        match self {
            Self::Fanout(work) => work.run(target, progress),
            Self::Pairs(work) => work.run(target, progress),
            Self::Idle(work) => work.run(target, progress),
            Self::Joins(work) => work.run(target, progress),
            Self::Storm(work) => work.run(target, progress),
            Self::Matching(work) => work.run(target, progress),
            Self::Watching(work) => work.run(target, progress),
            Self::Resume(work) => work.run(target, progress),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fanout(_) => "fanout",
            Self::Pairs(_) => "pairs",
            Self::Idle(_) => "idle",
            Self::Joins(_) => "joins",
            Self::Storm(_) => "storm",
            Self::Matching(_) => "matching",
            Self::Watching(_) => "watching",
            Self::Resume(_) => "resume",
        }
    }

    /// The options of `chat-load` that ask for it, the mode first. What is so without being asked for is left out,
    /// but for sizes and times.
    #[must_use]
    pub fn options(&self) -> String {
        let options = match *self {
            Self::Fanout(Fanout { members, rate, length, bytes, nap }) => {
                format!("--members {members}{}{}", talk(rate, length, nap), of(bytes))
            }
            Self::Pairs(Pairs { pairs, rate, length, bytes, nap }) => {
                format!("--pairs {pairs}{}{}", talk(rate, length, nap), of(bytes))
            }
            Self::Idle(Idle { connections, room_of, settle }) => {
                let settle = settle.as_secs_f64();
                format!("--connections {connections} --room-of {room_of} --settle-s {settle}")
            }
            Self::Joins(Joins { connections, rooms, room_of }) => {
                format!("--connections {connections} --rooms {rooms} --room-of {room_of}")
            }
            Self::Storm(Storm { connections, at_once }) => {
                format!("--connections {connections} --at-once {at_once}")
            }
            Self::Matching(Matching { connections, rate, length, nap }) => {
                format!("--connections {connections}{}", talk(rate, length, nap))
            }
            Self::Watching(Watching { watchers, rooms, rate, length }) => {
                let talk = talk(Some(rate), length, NAP);
                format!("--watchers {watchers} --rooms {rooms}{talk}")
            }
            Self::Resume(Resume { members, room_of, missed, at_once }) => {
                format!(
                    "--members {members} --room-of {room_of} --missed {missed} --at-once {at_once}"
                )
            }
        };
        format!("{} {options}", self.name())
    }
}

fn talk(rate: Option<f64>, length: Length, nap: Duration) -> String {
    let rate = rate.map(|rate| format!(" --rate {rate}")).unwrap_or_default();
    let length = match length {
        Length::Time(time) => format!(" --seconds {}", time.as_secs_f64()),
        Length::Messages(messages) => format!(" --messages {messages}"),
    };
    let nap = if nap == NAP { String::new() } else { format!(" --nap-us {}", nap.as_micros()) };
    format!("{rate}{length}{nap}")
}

fn of(bytes: usize) -> String {
    format!(" --bytes {bytes}")
}
