//! What can be asked for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_benches::load::{
    Compare, Fanout, Fault, Idle, Joins, Length, Matching, NAP, Pairs, Peers, Program, Resume,
    Storm, Target, Watching, Work,
};
use clap::{Args, Parser, Subcommand};

/// Longer than this is no measurement but a siege, in seconds.
const LONGEST: f64 = 600.0;

/// A chat-server lets in so many: more than are made here, fewer than it warns of on most systems.
const CONNECTIONS: &str = "19000";

/// What a chat server (chat.v1) costs under a load: CPU of each delivery and join, memory of each connection,
/// latencies. Of servers on this machine only.
#[derive(Debug, Parser)]
#[command(version)]
pub(super) struct Options {
    /// JSON instead of a table
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) mode: Mode,
}

/// What is done.
#[derive(Debug, Subcommand)]
pub(super) enum Mode {
    /// One room of many: each message goes to all of them
    Fanout {
        /// Who is in the room
        #[arg(long, default_value_t = 500)]
        members: usize,
        #[command(flatten)]
        talk: Talk,
        #[command(flatten)]
        server: Server,
    },
    /// Many rooms of two, made by matching: one asks, the other answers
    Pairs {
        /// How many
        #[arg(long, default_value_t = 500)]
        pairs: usize,
        #[command(flatten)]
        talk: Talk,
        #[command(flatten)]
        server: Server,
    },
    /// Connections that have joined and do nothing: the server's memory for each
    Idle {
        /// How many
        #[arg(long, default_value_t = 5_000)]
        connections: usize,
        /// How many are in a room together
        #[arg(long, default_value_t = 100)]
        room_of: usize,
        /// Seconds in which the server is left alone before it is looked at
        #[arg(long, default_value_t = 3.0, value_parser = seconds)]
        settle_s: f64,
        #[command(flatten)]
        server: Server,
    },
    /// Coming and going: CPU of each connection, opened room, join and leave
    Joins {
        /// How many connections
        #[arg(long, default_value_t = 500)]
        connections: usize,
        /// How many rooms each of them joins
        #[arg(long, default_value_t = 40)]
        rooms: usize,
        /// How many join each room
        #[arg(long, default_value_t = 1)]
        room_of: usize,
        #[command(flatten)]
        server: Server,
    },
    /// Many who connect at the same time, as fast as the server takes them
    Storm {
        /// How many
        #[arg(long, default_value_t = 2_000)]
        connections: usize,
        /// How many are on their way at once, at most
        #[arg(long, default_value_t = 128)]
        at_once: usize,
        #[command(flatten)]
        server: Server,
    },
    /// Strangers who are matched, part and seek again
    Matching {
        /// How many, an even number
        #[arg(long, default_value_t = 500)]
        connections: usize,
        #[command(flatten)]
        pace: Pace,
        #[command(flatten)]
        server: Server,
    },
    /// A list that many watch while a few others come and go in its rooms
    Watching {
        /// How many watch
        #[arg(long, default_value_t = 500)]
        watchers: usize,
        /// How many rooms change; twenty are in the list
        #[arg(long, default_value_t = 30)]
        rooms: usize,
        /// Changes a second
        #[arg(long, default_value_t = 50.0, value_parser = rate)]
        rate: f64,
        /// How long, in seconds
        #[arg(long, default_value_t = 5.0, value_parser = seconds)]
        seconds: f64,
        /// How many changes, instead of how long
        #[arg(long, visible_alias = "changes")]
        messages: Option<u64>,
        #[command(flatten)]
        server: Server,
    },
    /// All connections are cut at once, something is said meanwhile, and all come back
    Resume {
        /// How many are cut off
        #[arg(long, default_value_t = 1_000)]
        members: usize,
        /// How many are in a room together
        #[arg(long, default_value_t = 100)]
        room_of: usize,
        /// How many messages each misses
        #[arg(long, default_value_t = 20)]
        missed: usize,
        /// How many are on their way back at once, at most
        #[arg(long, default_value_t = 128)]
        at_once: usize,
        #[command(flatten)]
        server: Server,
    },
    /// The figures that are to be reached, of a server beside the limit, one after the other and again
    Compare(Both),
    /// A server beside the limit and beside what would be used instead (benches/peers), one after the other and again
    Peers(Others),
}

/// How much is said.
#[derive(Debug, Args)]
pub(super) struct Talk {
    #[command(flatten)]
    pace: Pace,
    /// The size of a body, at least
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(..=8_192))]
    bytes: u16,
}

/// How fast, and how long.
#[derive(Debug, Clone, Copy, Args)]
#[group(skip)]
pub(super) struct Pace {
    /// Messages (of pairs: questions; of those who seek: matches) a second; without it a closed loop, in which the next one
    /// waits for the last one
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// How long, in seconds
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// How many messages (or matches), instead of how long
    #[arg(long)]
    messages: Option<u64>,
    /// How many microseconds the load naps instead of being woken by deliveries, which the server would pay for; 0: it
    /// is woken, and latencies are exact
    #[arg(long, default_value_t = micros(NAP), value_parser = clap::value_parser!(u32).range(..=10_000))]
    nap_us: u32,
}

/// The server under test.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Server {
    /// Starts this chat-server, and stops it afterwards
    #[arg(long, value_name = "PATH", required_unless_present_any = ["limit", "url"])]
    server: Option<PathBuf>,
    /// One more argument for it, beside those that let a load in
    #[arg(long, value_name = "ARG", requires = "server", conflicts_with_all = ["limit", "url"], allow_hyphen_values = true)]
    server_arg: Vec<OsString>,
    /// Starts the limit: a bare epoll loop that sends ready frames
    #[arg(long, conflicts_with_all = ["server", "url"])]
    limit: bool,
    /// One that runs already: ws://127.0.0.1:8000/ws
    #[arg(long, requires = "pid", conflicts_with = "server")]
    url: Option<String>,
    /// Its process
    #[arg(long, requires = "url", conflicts_with_all = ["server", "limit"])]
    pid: Option<u32>,
}

/// A server and the limit.
#[derive(Debug, Args)]
pub(super) struct Both {
    /// The chat-server [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// One more argument for it, beside those that let a load in
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    server_arg: Vec<OsString>,
    /// How often everything is done
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    repetitions: u8,
    /// Times are as long as this part of the usual ones
    #[arg(long, default_value_t = 1.0, value_parser = scale)]
    scale: f64,
    /// Only what has this in its name
    #[arg(long)]
    only: Option<String>,
    /// Fails (3) where something is missed
    #[arg(long)]
    pub(super) check: bool,
}

/// A server and its peers.
#[derive(Debug, Args)]
pub(super) struct Others {
    /// The chat-server [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// One more argument for it, beside those that let a load in
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    server_arg: Vec<OsString>,
    /// Where the peers' sources are
    #[arg(long, value_name = "DIR", default_value = "benches/peers")]
    sources: PathBuf,
    /// Where ci/peers.sh has installed them
    #[arg(long, value_name = "DIR", default_value = ".cache/peers")]
    installed: PathBuf,
    /// Only this one, by its name: limit, chat-server, chat-server-redis, channels, channels_redis, fastapi, socketio, ws;
    /// may be given again
    #[arg(long, value_name = "NAME")]
    program: Vec<String>,
    /// How often everything is done
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    repetitions: u8,
    /// Times are as long as this part of the usual ones
    #[arg(long, default_value_t = 1.0, value_parser = scale)]
    scale: f64,
    /// Only what has this in its name
    #[arg(long)]
    only: Option<String>,
}

/// A server that is started, or one that runs.
pub(super) enum Under {
    Started(Program),
    Attached(Target),
}

impl Mode {
    /// What is done, and with which server; a comparison does many things and has servers of its own.
    pub(super) fn work(&self) -> Option<(Work, &Server)> {
        Some(match *self {
            Self::Fanout { members, ref talk, ref server } => {
                let (bytes, Pace { rate, .. }) = (talk.bytes.into(), talk.pace);
                let (length, nap) = (talk.pace.length(), talk.pace.nap());
                (Work::Fanout(Fanout { members, rate, length, bytes, nap }), server)
            }
            Self::Pairs { pairs, ref talk, ref server } => {
                let (bytes, Pace { rate, .. }) = (talk.bytes.into(), talk.pace);
                let (length, nap) = (talk.pace.length(), talk.pace.nap());
                (Work::Pairs(Pairs { pairs, rate, length, bytes, nap }), server)
            }
            Self::Idle { connections, room_of, settle_s, ref server } => {
                let settle = Duration::from_secs_f64(settle_s);
                (Work::Idle(Idle { connections, room_of, settle }), server)
            }
            Self::Joins { connections, rooms, room_of, ref server } => {
                (Work::Joins(Joins { connections, rooms, room_of }), server)
            }
            Self::Storm { connections, at_once, ref server } => {
                (Work::Storm(Storm { connections, at_once }), server)
            }
            Self::Matching { connections, pace, ref server } => {
                let (rate, length, nap) = (pace.rate, pace.length(), pace.nap());
                (Work::Matching(Matching { connections, rate, length, nap }), server)
            }
            Self::Watching { watchers, rooms, rate, seconds, messages, ref server } => {
                let length = length(seconds, messages);
                (Work::Watching(Watching { watchers, rooms, rate, length }), server)
            }
            Self::Resume { members, room_of, missed, at_once, ref server } => {
                (Work::Resume(Resume { members, room_of, missed, at_once }), server)
            }
            Self::Compare(_) | Self::Peers(_) => return None,
        })
    }
}

impl Pace {
    fn length(self) -> Length {
        length(self.seconds, self.messages)
    }

    fn nap(self) -> Duration {
        Duration::from_micros(self.nap_us.into())
    }
}

fn length(seconds: f64, messages: Option<u64>) -> Length {
    messages.map_or(Length::Time(Duration::from_secs_f64(seconds)), Length::Messages)
}

impl Server {
    pub(super) fn under(&self) -> Result<Under, Fault> {
        if let (Some(url), Some(pid)) = (&self.url, self.pid) {
            return Ok(Under::Attached(Target::attach(url, pid)?));
        }
        Ok(Under::Started(match &self.server {
            Some(path) => chat_server(path, &self.server_arg),
            None => limit()?,
        }))
    }
}

impl Both {
    pub(super) fn settings(&self) -> Result<Compare, Fault> {
        let beside = || sibling("chat-server");
        let path = self.server.clone().map_or_else(beside, Ok)?;
        let server = chat_server(&path, &self.server_arg);
        let (repetitions, scale, only) = (self.repetitions.into(), self.scale, self.only.clone());
        let (limit, server_arg) = (limit()?, self.server_arg.clone());
        Ok(Compare { limit, server, server_arg, repetitions, scale, only })
    }
}

impl Others {
    pub(super) fn settings(&self) -> Result<Peers, Fault> {
        let path = self.server.clone().map_or_else(|| sibling("chat-server"), Ok)?;
        Ok(Peers {
            limit: limit()?,
            server: chat_server(&path, &self.server_arg),
            sources: self.sources.clone(),
            installed: self.installed.clone(),
            programs: self.program.clone(),
            repetitions: self.repetitions.into(),
            scale: self.scale,
            only: self.only.clone(),
        })
    }
}

/// A chat-server that lets a load in: without a bound on commands, and with room for it. What is given goes before.
fn chat_server(path: &Path, args: &[OsString]) -> Program {
    let usual = [("--listen", "127.0.0.1:0"), ("--rate", "0"), ("--max-connections", CONNECTIONS)];
    let given = |flag: &str| args.iter().any(|arg| arg.to_string_lossy().starts_with(flag));
    let usual = usual.into_iter().filter(|(flag, _)| !given(flag));
    let usual = usual.flat_map(|(flag, value)| [OsString::from(flag), value.into()]);
    let args = usual.chain(args.iter().cloned()).collect();
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Program { name, path: path.to_owned(), args }
}

fn limit() -> Result<Program, Fault> {
    Ok(Program { name: "limit".to_owned(), path: sibling("chat-limit")?, args: Vec::new() })
}

/// A program that was built with this one.
fn sibling(name: &str) -> Result<PathBuf, Fault> {
    let here = std::env::current_exe();
    let here = here.map_err(|source| Fault::System { what: "finding this program", source })?;
    Ok(here.with_file_name(name))
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or_default()
}

fn seconds(text: &str) -> Result<f64, String> {
    within(text, 0.0, LONGEST)
}

fn scale(text: &str) -> Result<f64, String> {
    within(text, 0.01, 20.0)
}

fn rate(text: &str) -> Result<f64, String> {
    within(text, 0.01, 1e6)
}

fn within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("a number between {least} and {most} is wanted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from(["chat-load"].iter().chain(args))
    }

    #[test]
    fn exactly_one_server_is_named() {
        assert!(parse(&["fanout", "--limit"]).is_ok());
        assert!(parse(&["fanout", "--server", "x", "--server-arg", "--no-anonymous"]).is_ok());
        assert!(parse(&["idle", "--url", "ws://127.0.0.1/ws", "--pid", "1"]).is_ok());
        assert!(parse(&["compare"]).is_ok());
        for args in [
            &["fanout"][..],
            &["fanout", "--limit", "--server", "x"],
            &["pairs", "--url", "ws://127.0.0.1/ws"],
            &["joins", "--limit", "--pid", "1"],
            &["fanout", "--limit", "--server-arg", "x"],
        ] {
            assert!(parse(args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn what_is_given_goes_before_what_is_usual() {
        let args = |given: &[&str]| -> Vec<OsString> {
            let given: Vec<OsString> = given.iter().map(Into::into).collect();
            chat_server(Path::new("x/chat-server"), &given).args
        };
        let usual = ["--listen", "127.0.0.1:0", "--rate", "0", "--max-connections", CONNECTIONS];
        assert_eq!(args(&[]), usual);
        let given = args(&["--rate=5", "--max-connections", "9"]);
        assert_eq!(given, ["--listen", "127.0.0.1:0", "--rate=5", "--max-connections", "9"]);
    }

    #[test]
    fn the_command_of_a_figure_asks_for_what_was_measured() {
        let both = Both {
            server: None,
            server_arg: Vec::new(),
            repetitions: 1,
            scale: 0.37,
            only: None,
            check: false,
        };
        let all = both.settings().unwrap().commands();
        assert!(all.len() > 8);
        for (wanted, options) in all {
            let words: Vec<&str> = options.split(' ').chain(["--server", "x"]).collect();
            let parsed = parse(&words).unwrap();
            let (work, _) = parsed.mode.work().unwrap();
            assert_eq!(work, wanted, "{options}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        for args in
            [["--seconds", "601"], ["--seconds", "nan"], ["--rate", "0"], ["--bytes", "9000"]]
        {
            assert!(parse(&["fanout", "--limit", args[0], args[1]]).is_err(), "{args:?}");
        }
    }
}
