//! A way to a server on which things go wrong when the test wants them to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards every connection to a server.
#[derive(Debug)]
pub struct Proxy {
    at: SocketAddr,
    ways: Arc<Ways>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Ways {
    to: u16,
    /// Answers are held up by this many ms.
    delay: AtomicU64,
    /// Answers are thrown away.
    loses: AtomicBool,
    /// What is published is thrown away.
    deaf: AtomicBool,
    /// How many bytes of answers were thrown away.
    lost: AtomicU64,
    /// Nothing is read of the answers to commands.
    holds: watch::Sender<bool>,
    /// Nobody is let in.
    shut: AtomicBool,
    /// All connections of earlier numbers are cut.
    cuts: watch::Sender<u64>,
}

impl Proxy {
    /// A way to this port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let ways = Arc::new(Ways {
            to: port,
            delay: AtomicU64::new(0),
            loses: AtomicBool::new(false),
            deaf: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            holds: watch::Sender::new(false),
            shut: AtomicBool::new(false),
            cuts: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&ways)));
        Self { at, ways, accepting }
    }

    /// Its address in a URL.
    pub fn url(&self) -> String {
        format!("redis://{}", self.at)
    }

    /// Answers come later by this much from now on.
    pub fn delay(&self, by: Duration) {
        self.ways.delay.store(by.as_millis() as u64, Ordering::SeqCst);
    }

    /// From now on the server hears everything, and its answers are thrown away.
    pub fn lose_answers(&self) {
        self.ways.loses.store(true, Ordering::SeqCst);
    }

    /// Answers arrive again, on new connections: on one that lacks some, all others would be somebody else's.
    pub fn find_answers(&self) {
        self.ways.loses.store(false, Ordering::SeqCst);
        self.cut();
    }

    /// From now on nothing that is published is heard; all answers are.
    pub fn deafen(&self) {
        self.ways.deaf.store(true, Ordering::SeqCst);
    }

    /// What is said from now on is heard again, on the same connections.
    pub fn hear_again(&self) {
        self.ways.deaf.store(false, Ordering::SeqCst);
    }

    /// How many bytes of answers were thrown away.
    pub fn lost(&self) -> u64 {
        self.ways.lost.load(Ordering::SeqCst)
    }

    /// Answers to commands stay where they are, unread, or go on; what is published still comes.
    pub fn hold(&self, holds: bool) {
        self.ways.holds.send_replace(holds);
    }

    /// Cuts all connections there are.
    pub fn cut(&self) {
        self.ways.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts all connections, and lets nobody in until it opens again.
    pub fn shut(&self, shut: bool) {
        self.ways.shut.store(shut, Ordering::SeqCst);
        self.cut();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, ways: Arc<Ways>) {
    while let Ok((client, _)) = listener.accept().await {
        if !ways.shut.load(Ordering::SeqCst) {
            tokio::spawn(forward(client, Arc::clone(&ways)));
        }
    }
}

async fn forward(client: TcpStream, ways: Arc<Ways>) {
    let mut cuts = ways.cuts.subscribe();
    let Ok(server) = TcpStream::connect(("127.0.0.1", ways.to)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let listens = AtomicBool::new(false);
    tokio::select! {
        _ = cuts.changed() => {}
        _ = requests(from_client, to_server, &listens) => {}
        _ = answers(from_server, to_client, &ways, &listens) => {}
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    listens: &AtomicBool,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut bytes).await?;
        if read == 0 {
            return Ok(());
        }
        if bytes[..read].windows(10).any(|word| word == b"SSUBSCRIBE") {
            listens.store(true, Ordering::SeqCst);
        }
        to.write_all(&bytes[..read]).await?;
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    ways: &Ways,
    listens: &AtomicBool,
) -> std::io::Result<()> {
    let (mut bytes, mut holds) = (vec![0; 64 * 1024], ways.holds.subscribe());
    loop {
        // An error means that the proxy has gone, and its connections with it.
        let _ = holds.wait_for(|holds| !*holds || listens.load(Ordering::SeqCst)).await;
        let read = from.read(&mut bytes).await?;
        let _ = holds.wait_for(|holds| !*holds || listens.load(Ordering::SeqCst)).await;
        if read == 0 {
            return Ok(());
        }
        let is_published = || bytes[..read].windows(8).any(|word| word == b"smessage");
        let deaf = ways.deaf.load(Ordering::SeqCst) && is_published();
        if deaf || ways.loses.load(Ordering::SeqCst) {
            ways.lost.fetch_add(read as u64, Ordering::SeqCst);
            continue;
        }
        let delay = ways.delay.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        to.write_all(&bytes[..read]).await?;
    }
}
