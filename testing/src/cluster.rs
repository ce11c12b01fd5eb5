//! A real cluster of three nodes.

use std::time::{Duration, Instant};

use crate::Server;

/// Three servers that share all slots.
#[derive(Debug)]
pub struct Cluster {
    /// Its nodes.
    pub nodes: Vec<Server>,
}

const LINES: &str = "cluster-enabled yes\ncluster-node-timeout 2000\ncluster-port {second}";

impl Cluster {
    /// Starts it; answers once all three agree that all is well.
    pub async fn start() -> Self {
        let nodes: Vec<Server> = (0..3).map(|_| Server::with(LINES)).collect();
        for (at, node) in nodes.iter().enumerate() {
            let (from, to) = (at * 16_384 / 3, (at + 1) * 16_384 / 3 - 1);
            let range = [from.to_string(), to.to_string()];
            let _: () = node.ask(&["CLUSTER", "ADDSLOTSRANGE", &range[0], &range[1]]).await;
            // Distinct from the start, so that no two have to find out who yields.
            let _: () = node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()]).await;
        }
        for node in &nodes[1..] {
            let (port, bus) = (node.port.to_string(), node.second().to_string());
            let _: () = nodes[0].ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]).await;
        }
        let until = Instant::now() + crate::PATIENCE;
        for node in &nodes {
            loop {
                let info: String = node.ask(&["CLUSTER", "INFO"]).await;
                let well = ["cluster_state:ok", "cluster_known_nodes:3", "cluster_slots_ok:16384"];
                if well.iter().all(|word| info.contains(word)) {
                    break;
                }
                assert!(Instant::now() < until, "the cluster does not come together: {info}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Self { nodes }
    }

    /// A further server, which copies one of these and takes its place where that is gone; answers once it has its copy.
    pub async fn replica(&self, of: &Server) -> Server {
        let server = Server::with(LINES);
        let (port, bus) = (of.port.to_string(), of.second().to_string());
        let _: () = server.ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]).await;
        let id: String = of.ask(&["CLUSTER", "MYID"]).await;
        crate::until("the replica knows whom to copy", async || {
            server.try_ask::<()>(&["CLUSTER", "REPLICATE", &id]).await.is_ok()
        })
        .await;
        crate::until("the replica is known, and has its copy", async || {
            let info: String = server.ask(&["INFO", "replication"]).await;
            let mut known = true;
            for node in &self.nodes {
                let nodes: String = node.ask(&["CLUSTER", "NODES"]).await;
                known &= nodes.lines().any(|line| line.contains("slave") && line.contains(&id));
            }
            known && info.contains("master_link_status:up")
        })
        .await;
        server
    }

    /// Its address in a URL.
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.nodes.iter().map(|n| format!("127.0.0.1:{}", n.port)).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }
}
