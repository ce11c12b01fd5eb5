//! A server in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use chat_core::Engine;
use chat_ws::{Options, Rates};

/// Set for the process that serves.
const SERVES: &str = "CHAT_WS_MEMORY_TEST_SERVES";

pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start() -> Self {
        many_files();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server::serves_in_a_process_of_its_own", "--nocapture"])
            .env(SERVES, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| line.unwrap().strip_prefix("port ").map(str::to_owned));
        Self { child, port: port.unwrap().parse().unwrap() }
    }

    /// What it holds, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.read("VmRSS:")
    }

    /// The most that it has held.
    pub(crate) fn peak(&self) -> u64 {
        self.read("VmHWM:")
    }

    fn read(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Not a test: what [`Server::start`] runs. Ends at once where it is run among the others.
#[test]
fn serves_in_a_process_of_its_own() {
    if std::env::var_os(SERVES).is_none() {
        return;
    }
    many_files();
    // As quick as a server is, and with as much of a runtime.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        let options =
            Options { rates: Rates::unlimited(), waiting_in_all: 64 << 20, ..Options::default() };
        let limits = chat_core::RoomPolicy {
            capacity: 1_100,
            presence: chat_core::Presence::Count,
            ..chat_core::RoomPolicy::open_room()
        };
        let policies = chat_core::PolicyDefaults { public: limits, ..Default::default() };
        let engine = Engine::builder().with_policies(policies).build().unwrap();
        let server = chat_ws::Server::builder(engine).with_options(options).build();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        #[allow(clippy::print_stdout, reason = "how it is found")]
        {
            println!("port {}", listener.local_addr().unwrap().port());
        }
        // Ends with the process that started it, also where that was killed.
        let orphaned = tokio::task::spawn_blocking(|| std::io::stdin().lines().count());
        tokio::select! {
            served = server.serve(listener) => served.unwrap(),
            _ = orphaned => {}
        }
        std::process::exit(0);
    });
}

/// Both ends of thousands of connections: as many files as may be open, may be.
fn many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).unwrap();
}
