//! What a redis-server says of its work.

use std::time::Duration;

use chat_testing::Server;
use redis::aio::MultiplexedConnection;

/// Of commands that took longer it tells for how long they held it.
pub const SLOW: Duration = Duration::from_millis(1);

/// A server for measuring: without persistence.
#[must_use]
pub fn server() -> Server {
    let lines = format!("slowlog-log-slower-than {}\nslowlog-max-len 1024", SLOW.as_micros());
    Server::with(&lines)
}

/// What a server says of itself.
#[derive(Debug)]
pub struct Told(MultiplexedConnection);

#[allow(clippy::expect_used, reason = "a bench without its server has to stop")]
impl Told {
    /// Begins to ask a server.
    pub async fn by(server: &Server) -> Self {
        Self(server.connection().await)
    }

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

    /// The same of scripts, of which there were to be so many: an operation is one.
    ///
    /// # Panics
    /// If there were others.
    pub async fn scripts(&mut self, operations: usize) -> (u64, u64) {
        let told = self.command("evalsha").await;
        assert_eq!(told.0, operations as u64, "each operation is one script, run once");
        told
    }

    /// A number of its `INFO`.
    pub async fn info(&mut self, name: &str) -> f64 {
        let info = self.text(&["INFO", "all"]).await;
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
    }

    /// The longest that one command has held it, if any was [`SLOW`].
    pub async fn longest(&mut self) -> Option<Duration> {
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
        log.iter().map(took).max().map(Duration::from_micros)
    }
}
