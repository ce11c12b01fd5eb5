//! A chat-server in a process of its own, on a port of its own.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::http::{self, Reply};
use super::process::Process;

/// How long it may take to start, on a busy machine.
const STARTING: Duration = Duration::from_secs(60);

/// A server that is ready.
pub struct Node {
    pub process: Process,
    pub address: SocketAddr,
}

/// How a server ended that was not to start.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

fn program(flags: &[&str]) -> Vec<String> {
    let program = [env!("CARGO_BIN_EXE_chat-server")];
    program.iter().chain(flags).map(|word| (*word).to_owned()).collect()
}

impl Node {
    /// Starts one with these flags, and waits until it says that it is ready.
    pub async fn start(flags: &[&str]) -> Self {
        Self::start_with(flags, &[]).await
    }

    /// Starts one with these flags and variables.
    pub async fn start_with(flags: &[&str], vars: &[(&str, &str)]) -> Self {
        let listens =
            flags.contains(&"--listen") || vars.iter().any(|(name, _)| *name == "CHAT_LISTEN");
        let any: &[&str] = if listens { &[] } else { &["--listen", "127.0.0.1:0"] };
        Self::ready(Process::start(&program(&[any, flags].concat()), vars)).await
    }

    /// Starts one in a shell in which this was said before.
    pub async fn start_under(before: &str, flags: &[&str]) -> Self {
        let shell = ["sh", "-c", &format!("{before} && exec \"$@\""), "sh"].map(str::to_owned);
        let program = program(&[&["--listen", "127.0.0.1:0"], flags].concat());
        Self::ready(Process::start(&[&shell[..], &program].concat(), &[])).await
    }

    async fn ready(process: Process) -> Self {
        let until = Instant::now() + STARTING;
        loop {
            let out = process.out();
            if let Some(line) = out.strip_suffix('\n') {
                let address = line.strip_prefix("chat-server is listening on http://").unwrap();
                let address = address.parse().unwrap();
                return Self { process, address };
            }
            assert!(!process.has_ended(), "it does not start: {}", process.err());
            assert!(Instant::now() < until, "it does not start: {}", process.err());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Starts one that must not start.
    pub async fn refused(flags: &[&str], vars: &[(&str, &str)]) -> Ended {
        let process = Process::start(&program(flags), vars);
        let until = Instant::now() + STARTING;
        while !process.has_ended() {
            assert!(process.out().is_empty(), "{flags:?} was taken");
            assert!(Instant::now() < until, "{flags:?}: it has not ended");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (out, err) = (process.out(), process.err());
        let code = process.code(STARTING).await;
        Ended { code, out, err }
    }

    /// Asks for a page.
    pub async fn get(&self, path: &str) -> Reply {
        http::request(self.address, "GET", path, &[]).await
    }

    /// Asks for a page, with these headers.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        http::request(self.address, "GET", path, headers).await
    }

    /// Asks it to end; the code with which it does.
    pub async fn end(self, within: Duration) -> i32 {
        self.process.signal("TERM");
        self.process.code(within).await
    }
}
