//! A node as a process: a whole engine on Redis that does what it is told over a socket, and tells what its users hear.
//!
//! It is this very test program, started once more with nothing to run but [`is_a_program`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Mutex as AsyncMutex;

use chat_testing::{PATIENCE, Process, until};

use super::program;

/// The variables by which the program knows what it is to be.
const URL: &str = "CHAT_TEST_NODE_URL";
const TALK: &str = "CHAT_TEST_NODE_TALK";
const LEASE: &str = "CHAT_TEST_NODE_LEASE_MS";

/// A node in a process of its own.
#[derive(Debug)]
pub struct Node {
    process: Process,
    to: AsyncMutex<OwnedWriteHalf>,
    heard: Arc<Mutex<Vec<String>>>,
    asked: AtomicU64,
    listening: tokio::task::JoinHandle<()>,
}

impl Node {
    /// Starts one on the Redis at this URL; answers once it has begun its life.
    pub async fn start(url: &str, lease: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let exe = std::env::current_exe().unwrap().into_os_string().into_string().unwrap();
        let name = concat!(module_path!(), "::is_a_program");
        // Without the name of the crate, as tests are named.
        let name = name.split_once("::").unwrap().1;
        let program = [exe.as_str(), "--exact", name, "--nocapture"].map(str::to_owned);
        let vars = [
            (URL, url.to_owned()),
            (TALK, listener.local_addr().unwrap().to_string()),
            (LEASE, lease.as_millis().to_string()),
        ];
        let dir = chat_testing::fresh_dir();
        let process = Process::start(&dir, &program, &vars);
        let accepted = tokio::time::timeout(PATIENCE, listener.accept()).await;
        let Ok(Ok((socket, _))) = accepted else {
            panic!("the node says: {:?}", std::fs::read_to_string(dir.join("log")));
        };
        socket.set_nodelay(true).unwrap();
        let (from, to) = socket.into_split();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let listening = tokio::spawn(listen(BufReader::new(from).lines(), Arc::clone(&heard)));
        let to = AsyncMutex::new(to);
        let node = Self { process, to, heard, asked: AtomicU64::new(0), listening };
        node.must("alive").await;
        node
    }

    /// Asks for something and does not wait for the answer; its number.
    pub async fn send(&self, command: &str) -> u64 {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let line = format!("{number} {command}\n");
        self.to.lock().await.write_all(line.as_bytes()).await.unwrap();
        number
    }

    /// Asks for something: the words of the answer, or the code of the error.
    pub async fn ask(&self, command: &str) -> Result<String, String> {
        let begin = format!("= {} ", self.send(command).await);
        let find = || self.lines().into_iter().find(|line| line.starts_with(&begin));
        until(&format!("an answer to {command}"), async || find().is_some()).await;
        let answer = find().unwrap()[begin.len()..].to_owned();
        match answer.split_once(' ').unwrap_or((&answer, "")) {
            ("ok", words) => Ok(words.to_owned()),
            (_, code) => Err(code.to_owned()),
        }
    }

    /// Asks for something that must succeed.
    pub async fn must(&self, command: &str) -> String {
        self.ask(command).await.unwrap_or_else(|code| panic!("{command}: {code}"))
    }

    /// All lines that it has told so far.
    pub fn lines(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// What came behind these words, in order.
    pub fn told(&self, begin: &str) -> Vec<String> {
        self.lines().iter().filter_map(|line| line.strip_prefix(begin)).map(str::to_owned).collect()
    }

    /// Until it has told a line in which all of these words are.
    pub async fn tells(&self, words: &[&str]) {
        let told = |line: &String| words.iter().all(|word| line.contains(word));
        let begun = Instant::now();
        while !self.lines().iter().any(told) {
            assert!(begun.elapsed() < PATIENCE, "{words:?} were not told, but {:#?}", self.lines());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// `kill -9`. Everything that it had told arrives.
    pub async fn kill(self) -> Vec<String> {
        drop(self.process);
        // The end of the connection.
        let _ = tokio::time::timeout(PATIENCE, self.listening).await;
        self.heard.lock().unwrap().clone()
    }

    /// Stops the process where it is.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.process.resume();
    }
}

async fn listen(mut lines: Lines<BufReader<OwnedReadHalf>>, heard: Arc<Mutex<Vec<String>>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        heard.lock().unwrap().push(line);
    }
}

/// Started by [`Node::start`] it is the node; started as a test it sees that a node can be had.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_a_program() {
    let var = |name| std::env::var(name).unwrap();
    if std::env::var_os(TALK).is_some() {
        let lease = Duration::from_millis(var(LEASE).parse().unwrap());
        return program::run(&var(URL), lease, &var(TALK)).await;
    }
    let url = format!("{}?prefix={}", super::stand::server().url(), super::stand::fresh_prefix());
    let node = Node::start(&url, Duration::from_secs(5)).await;
    node.must("connect kim").await;
    assert_eq!(node.must("rooms kim").await, "");
    assert_eq!(node.ask("leave kim nowhere").await, Err("no_such_room".to_owned()));
}
