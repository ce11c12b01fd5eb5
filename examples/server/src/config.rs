//! What the program is told: flags, and the same from the environment. Everything is checked here, once, so that what is
//! wrong is said in one line before anything is opened.
//!
//! A store's URL may hold a password. So it is not read by clap, which repeats what it does not understand.

use std::path::PathBuf;
use std::time::Duration;

use chat_core::{PolicyDefaults, StoreOptions};
use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use clap::{Parser, ValueEnum};
use ipnet::IpNet;

use crate::failure::Failure;

/// How long the times of rooms may be: 30 days, as everywhere in the engine.
const LONGEST_S: u64 = 30 * 24 * 3600;
/// The greatest delay with which visitors pass, where the window is not shorter than some of these.
const VISITORS_STEP: Duration = Duration::from_secs(15);
/// Rooms that there may be where they are kept in memory: empty ones are forgotten after a day only.
const ROOMS_IN_MEMORY: usize = 100_000;

/// A chat server in one binary: rooms, strangers paired at random, and the web pages for both.
#[derive(Parser, Debug)]
#[command(
    name = "chat-server",
    version,
    max_term_width = 110,
    allow_negative_numbers = true,
    after_help = "Each flag can also be given in the environment; those that may be repeated, with commas.\n\
                  How much is logged is set by CHAT_LOG_LEVEL: info (the default), debug, or as chat_ws=debug,info."
)]
pub(crate) struct Config {
    /// Where to listen; port 0 is any that is free
    #[arg(
        long,
        env = "CHAT_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8000"
    )]
    #[arg(value_parser = address)]
    pub(crate) listen: String,

    /// Where rooms are kept: memory://, redis://, rediss://, redis+sentinel:// or redis+cluster://
    #[arg(long, env = "CHAT_STORE", value_name = "URL", default_value = "memory://")]
    #[arg(hide_env_values = true)]
    pub(crate) store: String,

    /// A file with the secret that tokens are signed with, at least 32 bytes; made if it is not there. Without it the
    /// secret is kept in Redis, where there is one, or made anew at each start
    #[arg(long, env = "CHAT_SECRET_FILE", value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,

    /// A file with the secret of a site's own tokens (JWT, HS256), if it is another one
    #[arg(long, env = "CHAT_JWT_SECRET_FILE", value_name = "FILE")]
    pub(crate) jwt_secret_file: Option<PathBuf>,

    /// A file with the public key of a site's own tokens (JWT, EdDSA with Ed25519; PEM)
    #[arg(long, env = "CHAT_JWT_PUBLIC_KEY_FILE", value_name = "FILE")]
    pub(crate) jwt_public_key_file: Option<PathBuf>,

    /// An origin (scheme, host and port) whose pages may connect, beside the server's own (repeatable)
    #[arg(long, env = "CHAT_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub(crate) allow_origin: Vec<String>,

    /// Let in only who has a token of the site's own
    #[arg(long, env = "CHAT_NO_ANONYMOUS", value_parser = BoolishValueParser::new())]
    pub(crate) no_anonymous: bool,

    /// How long a node that is not heard of is believed to live
    #[arg(long, env = "CHAT_LEASE_MS", value_name = "MS", default_value_t = 15_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1_000..=600_000))]
    pub(crate) lease_ms: u64,

    /// How long a lost connection may take to come back unnoticed
    #[arg(long, env = "CHAT_GRACE_MS", value_name = "MS", default_value_t = 5_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub(crate) grace_ms: u64,

    /// After how long without a word a pair is parted
    #[arg(long, env = "CHAT_IDLE_S", value_name = "S", default_value_t = 600)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=LONGEST_S))]
    pub(crate) idle_s: u64,

    /// After how long without anybody in it any other room goes
    #[arg(long, env = "CHAT_EMPTY_S", value_name = "S", default_value_t = 86_400)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=LONGEST_S))]
    pub(crate) empty_s: u64,

    /// How long who left a room counts among its visitors
    #[arg(long, env = "CHAT_VISITORS_WINDOW_S", value_name = "S", default_value_t = 1_800)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=LONGEST_S))]
    pub(crate) visitors_window_s: u64,

    /// How long a connection may take until its hello
    #[arg(long, env = "CHAT_HELLO_TIMEOUT_MS", value_name = "MS", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub(crate) hello_timeout_ms: u64,

    /// After how long a silence a connection is pinged; it is given up after 2.4 times this
    #[arg(long, env = "CHAT_PING_MS", value_name = "MS", default_value_t = 25_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub(crate) ping_ms: u64,

    /// Commands of one connection per second; 0 for as many as it likes
    #[arg(long, env = "CHAT_RATE", value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) rate: u32,

    /// Connections in all; without it 100000, or as many as the system's bound for open files leaves room for
    #[arg(long, env = "CHAT_MAX_CONNECTIONS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) max_connections: Option<u32>,

    /// Connections from one address; those from this machine are not counted
    #[arg(long, env = "CHAT_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N", default_value_t = 256)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) max_connections_per_address: u32,

    /// The address or network of a proxy whose X-Forwarded-… headers are believed (repeatable)
    #[arg(long, env = "CHAT_TRUSTED_PROXY", value_name = "ADDRESS[/BITS]", value_delimiter = ',')]
    #[arg(value_parser = network)]
    pub(crate) trusted_proxy: Vec<IpNet>,

    /// Where else /metrics is, for everybody who can connect there; otherwise it is for this machine only
    #[arg(long, env = "CHAT_METRICS_LISTEN", value_name = "ADDRESS:PORT", value_parser = address)]
    pub(crate) metrics_listen: Option<String>,

    /// How the log is written, on stderr
    #[arg(long, env = "CHAT_LOG", value_enum, default_value_t = Log::Pretty)]
    pub(crate) log: Log,

    /// Serve the pages from this directory instead of those that are built in
    #[arg(long, hide = true, value_name = "DIR")]
    pub(crate) pages: Option<PathBuf>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    /// For people.
    Pretty,
    /// An object per line, for what collects logs.
    Json,
}

impl Config {
    /// What was given. Who asked for help or the version is answered, and nothing else is to be done.
    pub(crate) fn read() -> Result<Option<Self>, Failure> {
        match Self::try_parse() {
            Ok(config) => Ok(Some(config)),
            Err(asked)
                if matches!(asked.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) =>
            {
                // Whoever asked and then closed the pipe has nothing more to be told.
                let _ = asked.print();
                Ok(None)
            }
            Err(wrong) => Err(Failure::wrong(line(&wrong.to_string()))),
        }
    }

    /// Times and bounds of the store.
    pub(crate) fn store_options(&self) -> StoreOptions {
        let window = Duration::from_secs(self.visitors_window_s);
        let mut options = StoreOptions {
            lease: Duration::from_millis(self.lease_ms),
            visitors_window: window,
            visitors_step: VISITORS_STEP.min(window / 10),
            ..StoreOptions::default()
        };
        if self.store.trim().starts_with("memory:") {
            options.rooms = ROOMS_IN_MEMORY;
        }
        options
    }

    /// What holds in rooms where nothing else is asked for.
    pub(crate) fn policies(&self) -> PolicyDefaults {
        let mut policies = PolicyDefaults::default();
        let grace = Duration::from_millis(self.grace_ms);
        for policy in [&mut policies.public, &mut policies.private] {
            policy.grace = grace;
            policy.empty = Some(Duration::from_secs(self.empty_s));
        }
        policies.pair.grace = grace;
        policies.pair.idle = Some(Duration::from_secs(self.idle_s));
        policies
    }
}

/// The first paragraph of clap's message as one line: behind it come usage and hints.
fn line(message: &str) -> String {
    let lines = message.lines().take_while(|line| !line.trim().is_empty());
    let text = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

/// `address:port`. Names are looked up when listening.
fn address(text: &str) -> Result<String, String> {
    let problem = "is not ADDRESS:PORT, such as 127.0.0.1:8000 or [::]:8000";
    let (host, port) = text.rsplit_once(':').ok_or(problem)?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bare {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', ' ']),
    };
    if !is_host || port.parse::<u16>().is_err() {
        return Err(problem.to_owned());
    }
    Ok(text.to_owned())
}

/// A network, or one address of it.
fn network(text: &str) -> Result<IpNet, String> {
    let one = |address: std::net::IpAddr| IpNet::from(address);
    text.parse::<IpNet>()
        .or_else(|_| text.parse().map(one))
        .map_err(|_| "is no IP address and no network such as 10.0.0.0/8".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn read(flags: &[&str]) -> Config {
        Config::try_parse_from([&["chat-server"], flags].concat()).unwrap()
    }

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Config::command().debug_assert();
    }

    #[test]
    fn every_flag_is_in_the_environment_under_its_name() {
        for flag in Config::command().get_arguments() {
            let name = flag.get_long().unwrap();
            if flag.is_hide_set() || ["help", "version"].contains(&name) {
                continue;
            }
            let expected = format!("CHAT_{}", name.to_uppercase().replace('-', "_"));
            assert_eq!(flag.get_env().and_then(|env| env.to_str()), Some(expected.as_str()));
        }
    }

    #[test]
    fn what_is_not_given_is_what_the_engine_has() {
        let config = read(&[]);
        assert_eq!(config.policies(), PolicyDefaults::default());
        let options = StoreOptions { rooms: ROOMS_IN_MEMORY, ..StoreOptions::default() };
        assert_eq!(config.store_options(), options);
        assert_eq!(
            read(&["--store", "redis://localhost"]).store_options(),
            StoreOptions::default()
        );
    }

    #[test]
    fn connections_are_held_as_chat_ws_does_it_by_itself() {
        let (config, usual) = (read(&[]), chat_ws::Options::default());
        assert_eq!(config.max_connections_per_address as usize, usual.connections_of_address);
        assert_eq!(chat_ws::Rates::per_second(config.rate), usual.rates);
        assert_eq!(Some(Duration::from_millis(config.ping_ms)), usual.ping);
        assert_eq!(Duration::from_millis(config.hello_timeout_ms), usual.hello_timeout);
    }

    #[test]
    fn pairs_end_by_idleness_and_other_rooms_by_emptiness() {
        let config = read(&["--idle-s", "2", "--empty-s", "3", "--grace-ms", "500"]);
        let policies = config.policies();
        assert_eq!(policies.pair.idle, Some(Duration::from_secs(2)));
        assert_eq!(policies.pair.empty, None);
        assert_eq!(policies.public.idle, None);
        assert_eq!(policies.private.empty, Some(Duration::from_secs(3)));
        for policy in [policies.public, policies.private, policies.pair] {
            assert_eq!(policy.grace, Duration::from_millis(500));
        }
    }

    #[test]
    fn a_short_window_is_looked_at_more_often() {
        let options = read(&["--visitors-window-s", "2"]).store_options();
        assert_eq!(options.visitors_step, Duration::from_millis(200));
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let config = read(&["--trusted-proxy", "10.0.0.0/8,::1", "--trusted-proxy", "127.0.0.1"]);
        let shown: Vec<String> = config.trusted_proxy.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.0/8", "::1/128", "127.0.0.1/32"]);
    }

    #[test]
    fn a_message_is_one_line() {
        let wrong = Config::try_parse_from(["chat-server", "--log", "xml"]).unwrap_err();
        let line = line(&wrong.to_string());
        assert!(line.contains("--log") && line.contains("json") && !line.contains('\n'), "{line}");
        assert!(!line.starts_with("error"), "{line}");
    }
}
