//! A real cluster of three nodes.

use std::time::{Duration, Instant};

use crate::Server;

/// Three servers that share all slots.
#[derive(Debug)]
pub struct Cluster {
    /// Its nodes.
    pub nodes: Vec<Server>,
}

impl Cluster {
    /// Starts it; answers once all three agree that all is well.
    pub async fn start() -> Self {
        let lines = "cluster-enabled yes\ncluster-node-timeout 2000\ncluster-port {second}";
        let nodes: Vec<Server> = (0..3).map(|_| Server::with(lines)).collect();
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
        let until = Instant::now() + Duration::from_secs(30);
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

    /// Its address in a URL.
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.nodes.iter().map(|n| format!("127.0.0.1:{}", n.port)).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }
}
