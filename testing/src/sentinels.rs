//! A master, a replica, and three Sentinels that watch them.

use crate::Server;
use crate::until;

/// The name by which the Sentinels know the master.
pub const MASTER: &str = "chat";

/// What fails over.
#[derive(Debug)]
pub struct Sentinels {
    /// The server that is master at first.
    pub master: Server,
    /// Its replica.
    pub replica: Server,
    /// Those who watch.
    pub sentinels: Vec<Server>,
}

impl Sentinels {
    /// Starts them; answers once the replica follows and the Sentinels know of it and of each other.
    pub async fn start() -> Self {
        let quick = "repl-diskless-sync-delay 0\nrepl-timeout 5";
        let master = Server::with(quick);
        let port = master.port;
        let replica = Server::with(&format!("{quick}\nreplicaof 127.0.0.1 {port}"));
        until("the replica follows", async || {
            let info: String = replica.ask(&["INFO", "replication"]).await;
            info.contains("master_link_status:up")
        })
        .await;
        let sentinels: Vec<Server> = (0..3).map(|_| sentinel(port)).collect();
        for sentinel in &sentinels {
            until("the Sentinels know each other", async || {
                let known: Vec<String> = sentinel.ask(&["SENTINEL", "MASTER", MASTER]).await;
                let value = |name: &str| {
                    known.iter().position(|field| field == name).map(|at| known[at + 1].as_str())
                };
                value("num-slaves") == Some("1") && value("num-other-sentinels") == Some("2")
            })
            .await;
        }
        Self { master, replica, sentinels }
    }

    /// Their address in a URL.
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port)).collect();
        format!("redis+sentinel://{}/?master={MASTER}", hosts.join(","))
    }

    /// Until the replica has taken over.
    pub async fn failed_over(&self) {
        until("the replica is master", async || {
            let info: Result<String, _> = self.replica.try_ask(&["INFO", "replication"]).await;
            info.is_ok_and(|info| info.contains("role:master"))
        })
        .await;
    }
}

fn sentinel(master: u16) -> Server {
    Server::sentinel(&format!(
        "sentinel monitor {MASTER} 127.0.0.1 {master} 2\n\
         sentinel down-after-milliseconds {MASTER} 500\n\
         sentinel failover-timeout {MASTER} 3000\n\
         sentinel parallel-syncs {MASTER} 1"
    ))
}
