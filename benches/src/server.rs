//! A redis-server of a bench's own, and what it says of its work.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::aio::MultiplexedConnection;

/// A server on a port and in a directory of its own; it ends with this.
#[derive(Debug)]
pub struct Server {
    process: Child,
    port: u16,
    directory: PathBuf,
}

impl Server {
    /// Starts one, without any persistence.
    ///
    /// # Panics
    /// If there is no `redis-server` on this machine, or it does not answer within some seconds.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a bench without its server has to stop")]
    pub fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = free.expect("a free port").port();
        let directory =
            std::env::temp_dir().join(format!("chat-bench-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(&directory)
            .args(["--slowlog-log-slower-than", "1000", "--slowlog-max-len", "1024"])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed (Debian: apt-get install redis-server)");
        let server = Self { process, port, directory };
        for _ in 0..500 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not listen");
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection to ask it about itself.
    ///
    /// # Panics
    /// If there is none to be had.
    #[allow(clippy::expect_used, reason = "a bench without its server has to stop")]
    pub async fn ask(&self) -> Told {
        let client = redis::Client::open(self.url()).expect("a URL");
        let to = client.get_multiplexed_async_connection().await.expect("a connection");
        Told(to)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What a server says of itself.
#[derive(Debug)]
pub struct Told(MultiplexedConnection);

#[allow(clippy::expect_used, reason = "a bench without its server has to stop")]
impl Told {
    async fn text(&mut self, words: &[&str]) -> String {
        let mut cmd = redis::cmd(words[0]);
        for word in &words[1..] {
            cmd.arg(*word);
        }
        cmd.query_async(&mut self.0).await.expect("an answer")
    }

    /// Begins its counts anew.
    pub async fn reset(&mut self) {
        let _: String = self.text(&["CONFIG", "RESETSTAT"]).await;
        let _: String = self.text(&["SLOWLOG", "RESET"]).await;
    }

    /// Sets a setting of its own.
    pub async fn set(&mut self, name: &str, value: &str) {
        let _: String = self.text(&["CONFIG", "SET", name, value]).await;
    }

    /// How often a command was run since, and how many microseconds of CPU it took in all. What a script or a
    /// transaction runs is in its own time.
    pub async fn command(&mut self, name: &str) -> (u64, u64) {
        let info = self.text(&["INFO", "commandstats"]).await;
        let line =
            info.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
        let mut numbers = line.unwrap_or("0,usec=0").split([',', '=']);
        let calls = numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let usec = numbers.nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
        (calls, usec)
    }

    /// A number of its `INFO`.
    pub async fn info(&mut self, name: &str) -> f64 {
        let info = self.text(&["INFO", "all"]).await;
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
    }

    /// The longest that one command has held it, of those above a millisecond.
    pub async fn longest(&mut self) -> Duration {
        let log: Vec<Vec<redis::Value>> = redis::cmd("SLOWLOG")
            .arg("GET")
            .arg(-1)
            .query_async(&mut self.0)
            .await
            .expect("an answer");
        let took = |entry: &Vec<redis::Value>| match entry.get(2) {
            Some(redis::Value::Int(usec)) => u64::try_from(*usec).unwrap_or(0),
            _ => 0,
        };
        Duration::from_micros(log.iter().map(took).max().unwrap_or(0))
    }
}
