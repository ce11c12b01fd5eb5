//! A real redis-server, on a port and in a directory of its own.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, RedisResult};

use crate::{Process, free_port, is_free};

/// How long a server may take until it serves.
const STARTING: Duration = Duration::from_secs(60);
/// Below the ports that systems give to whoever asks for any: so nothing else comes to be on a server's port while it is
/// away. The bus of a cluster's node is 10,000 above.
const PORTS: std::ops::Range<u16> = 10_000..20_000;
/// How far above its port the bus of a cluster's node is, and where a second port may be.
pub const BUS: u16 = 10_000;

/// A redis-server.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub port: u16,
    /// Where it keeps its files.
    pub dir: PathBuf,
    args: Vec<String>,
    running: Mutex<Option<Process>>,
}

/// Chance, without a crate for it.
pub fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A directory of its own for one process.
pub fn fresh_dir() -> PathBuf {
    let dir = std::env::temp_dir().join(format!("chat-test-{:016x}", random()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// There is no testing without a server; whoever skipped these tests would not be told.
fn must_be_installed() {
    static THERE: OnceLock<bool> = OnceLock::new();
    let there = || {
        let mut version = Command::new("redis-server");
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    };
    assert!(
        *THERE.get_or_init(there),
        "these tests need redis-server 7 or newer: `apt-get install redis-server` (Debian, Ubuntu), \
         `dnf install redis`, `brew install redis`; or ci/redis.sh"
    );
}

impl Server {
    /// A server that writes nothing to the disk.
    pub fn start() -> Self {
        Self::with("")
    }

    /// A server with these further lines in its configuration. `{second}` is a second port of its own.
    pub fn with(lines: &str) -> Self {
        Self::configured(&format!("save \"\"\n{lines}"), &[], &[])
    }

    /// A server with files beside its configuration.
    pub fn with_files(lines: &str, files: &[(&str, &str)]) -> Self {
        Self::configured(&format!("save \"\"\n{lines}"), &[], files)
    }

    /// A Sentinel.
    pub fn sentinel(lines: &str) -> Self {
        Self::configured(lines, &["--sentinel"], &[])
    }

    fn configured(lines: &str, args: &[&str], files: &[(&str, &str)]) -> Self {
        must_be_installed();
        // Somebody else may take the port in the meantime: then another one.
        for _ in 0..20 {
            // The one above it is for a bus.
            let port = free_port(PORTS, |port| is_free(port) && is_free(port + BUS));
            let dir = fresh_dir();
            let lines = lines.replace("{second}", &(port + BUS).to_string());
            let conf = format!("port {port}\nbind 127.0.0.1\n{lines}\n");
            for (name, content) in files.iter().chain([&("redis.conf", conf.as_str())]) {
                std::fs::write(dir.join(name), content).unwrap();
            }
            let args = [&["redis-server", "redis.conf"], args].concat();
            let args = args.into_iter().map(str::to_owned).collect();
            let server = Self { port, dir, args, running: Mutex::default() };
            if server.launch() {
                return server;
            }
        }
        panic!("no redis-server could be started");
    }

    fn launch(&self) -> bool {
        let log = self.dir.join("log");
        let _ = std::fs::remove_file(&log);
        *self.running.lock().unwrap() = Some(Process::start(&self.dir, &self.args, &[]));
        let until = Instant::now() + STARTING;
        while Instant::now() < until {
            // What it says itself: whoever answers at the port might be somebody else's.
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if said.contains("Ready to accept connections") || said.contains("+monitor master") {
                return true;
            }
            if said.contains("Failed listening") || said.contains("Address already in use") {
                return false;
            }
            assert!(!said.contains("FATAL CONFIG"), "redis-server does not start: {said}");
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("redis-server does not start: {:?}", std::fs::read_to_string(log));
    }

    /// Its address in a URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port that stands for `{second}`.
    pub fn second(&self) -> u16 {
        self.port + BUS
    }

    /// `kill -9`. Its files stay.
    pub fn kill(&self) {
        if let Some(process) = self.running.lock().unwrap().take() {
            process.kill();
        }
    }

    /// Starts it again on its port, with what its files hold; answers once it serves.
    pub fn restart(&self) {
        self.kill();
        assert!(self.launch(), "somebody else is on port {} now", self.port);
    }

    /// Stops the process where it is: connections stay open, and nobody answers.
    pub fn pause(&self) {
        self.process(Process::pause);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.process(Process::resume);
    }

    fn process(&self, with: impl Fn(&Process)) {
        with(self.running.lock().unwrap().as_ref().expect("it runs"));
    }

    /// A connection of the test's own, which asks for nothing twice.
    pub async fn connection(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// Runs a command on it, as `redis-cli` would.
    pub async fn try_ask<T: FromRedisValue>(&self, words: &[&str]) -> RedisResult<T> {
        let mut cmd = redis::Cmd::new();
        for word in words {
            cmd.arg(*word);
        }
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await?;
        cmd.query_async(&mut connection).await
    }

    /// Runs a command on it that must succeed.
    pub async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_ask(words).await.unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Until a replica has everything that this server has now.
    pub async fn is_copied(&self) {
        let number = |info: &str, name: &str| {
            let (_, behind) = info.split_once(name)?;
            behind.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
        };
        let info = async || self.ask::<String>(&["INFO", "replication"]).await;
        let all = number(&info().await, "master_repl_offset:").unwrap();
        // What `WAIT` counts is what its own connection has written.
        crate::until("a replica has all of it", async || {
            let info = info().await;
            let replica = info.lines().find(|line| line.starts_with("slave0:"));
            replica.and_then(|line| number(line, "offset=")).is_some_and(|has| has >= all)
        })
        .await;
    }

    /// All keys.
    pub async fn keys(&self, pattern: &str) -> Vec<String> {
        let mut keys: Vec<String> = self.ask(&["KEYS", pattern]).await;
        keys.sort();
        keys
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.running.lock().unwrap_or_else(PoisonError::into_inner).take());
        // Whoever was killed has left its files.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
