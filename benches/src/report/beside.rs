//! What `chat-load peers --json` says: servers that people use instead, doing the same work.

use serde::{Deserialize, Serialize};

use super::Measured;

/// The engine's own server with its store in memory, among the programs.
const OURS: &str = "chat-server";

/// The same with its store on Redis.
const OURS_ON_REDIS: &str = "chat-server-redis";

/// What it could at best cost.
pub(super) const LIMIT: &str = "limit";

/// All programs and cases. Single runs are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// How often each was measured.
    #[serde(default)]
    pub repetitions: usize,
    /// What was started.
    pub programs: Vec<Peer>,
    /// One for each case.
    pub rows: Vec<BesideRow>,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Peer {
    /// For programs.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it is made of.
    #[serde(default)]
    pub versions: String,
}

/// One case, of all that did it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BesideRow {
    /// What was done.
    pub case: String,
    /// Of its figure.
    pub unit: String,
    /// The figure, by the name that a run has for it.
    pub figure: String,
    /// What measures it again.
    #[serde(default)]
    pub command: Option<String>,
    /// Who could not be measured is not among them.
    pub values: Vec<Taken>,
}

/// What one program needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// Its name.
    pub program: String,
    /// How much.
    #[serde(flatten)]
    pub measured: Measured,
}

impl Beside {
    /// Those that are neither the engine's server nor the limit.
    pub(super) fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.programs.iter().filter(|peer| peer.is_other())
    }
}

impl Peer {
    /// Whether it is the engine's server.
    pub(super) fn is_ours(&self) -> bool {
        [OURS, OURS_ON_REDIS].contains(&self.name.as_str())
    }

    /// Whether it is something that would be used instead.
    pub(super) fn is_other(&self) -> bool {
        self.name != LIMIT && !self.is_ours()
    }

    /// Whether what it does goes through Redis.
    pub(super) fn is_on_redis(&self) -> bool {
        self.name.ends_with("redis")
    }

    /// The engine's server that does the same work: what stands on Redis is compared with what does.
    fn ours(&self) -> &'static str {
        if self.is_on_redis() { OURS_ON_REDIS } else { OURS }
    }
}

impl BesideRow {
    /// Whether it is about Redis alone: then those without it are no part of it.
    pub(super) fn is_of_redis(&self) -> bool {
        self.figure.starts_with("store_")
    }

    /// What a program needed, if it was measured.
    pub(super) fn of(&self, program: &str) -> Option<Measured> {
        let taken = self.values.iter().find(|taken| taken.program == program);
        taken.map(|taken| taken.measured).filter(|measured| measured.is_there())
    }

    /// What the engine's server needed for a peer's work, on Redis where the peer is.
    pub(super) fn ours_for(&self, peer: &Peer) -> Option<Measured> {
        self.of(peer.ours())
    }

    /// How many times better the engine's server is than a peer; below one, the peer is the better one. Of most figures
    /// less is better, of what gets through in a second more.
    pub(super) fn advantage(&self, peer: &Peer) -> Option<Measured> {
        let (ours, theirs) = (self.ours_for(peer)?, self.of(&peer.name)?);
        let more_is_better = self.figure.contains("per_s");
        Some(if more_is_better { ours.times(theirs) } else { theirs.times(ours) })
    }

    pub(super) fn command(&self) -> String {
        let usual = || format!("target/release/chat-load peers --only '{}'", self.case);
        self.command.clone().unwrap_or_else(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_better_depends_on_the_figure() {
        let taken = |program: &str, value| Taken {
            program: program.to_owned(),
            measured: Measured::once(value),
        };
        let row = |figure: &str| BesideRow {
            case: "a case".to_owned(),
            unit: String::new(),
            figure: figure.to_owned(),
            command: None,
            values: vec![
                taken(OURS, 2.0),
                taken(OURS_ON_REDIS, 4.0),
                taken("ws", 8.0),
                taken("channels_redis", 8.0),
                taken("void", f64::NAN),
            ],
        };
        let median = |figure, name: &str| {
            let (name, title, versions) = (name.to_owned(), String::new(), String::new());
            row(figure).advantage(&Peer { name, title, versions }).map(|times| times.median)
        };
        assert_eq!(median("cpu_us_per_delivery", "ws"), Some(4.0));
        assert_eq!(median("deliveries_per_s", "ws"), Some(0.25));
        assert_eq!(median("cpu_us_per_delivery", "channels_redis"), Some(2.0), "both on Redis");
        assert_eq!(median("cpu_us_per_delivery", "void"), None);
        assert_eq!(median("cpu_us_per_delivery", "absent"), None);
    }
}
