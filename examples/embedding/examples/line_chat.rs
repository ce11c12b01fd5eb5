//! An own transport: a chat of lines over TCP, as one would type it into `nc`.
//!
//! A connection is one task with two halves: lines from the socket become commands, and batches of events become lines,
//! written with one flush per batch. The engine holds nothing for a client that does not read: the task just waits in
//! its `write`, and goes on from where it was.

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use chat_core::{Engine, Entry, Event, Result, RoomId, RoomSpec, Session, User, What};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What a connection writes for an entry.
fn line(entry: &Entry) -> String {
    match &entry.what {
        What::Said(said) => {
            let name = said.name.as_ref().map_or("*", |name| name.as_str());
            // A body is a JSON text. This chat writes nothing but plain strings, so the quotes can go.
            let body = String::from_utf8_lossy(said.body.as_bytes());
            format!("<{name}> {}", body.trim_matches('"'))
        }
        What::Joined { name, live, .. } => format!("* {name} is here ({live})"),
        What::Left { name, live, .. } => format!("* {name} is gone ({live})"),
        What::Renamed { name, .. } => format!("* somebody is {name} now"),
        What::Closed { why } => format!("* the room has ended: {why}"),
        _ => String::new(),
    }
}

/// One connection: its first line is a name, every further one is said in the one room there is.
async fn serve(engine: Engine, socket: TcpStream) -> io::Result<()> {
    let (from, mut to) = socket.into_split();
    let mut lines = BufReader::new(from).lines();
    let Some(name) = lines.next_line().await? else { return Ok(()) };
    let (mut session, room) = match come_in(&engine, &name).await {
        Ok(came) => came,
        Err(refused) => return to.write_all(format!("! {refused}\n").as_bytes()).await,
    };
    to.write_all(b"* welcome\n").await?;
    let mut events = Vec::new();
    loop {
        let mut text = String::new();
        tokio::select! {
            more = session.next_batch(&mut events) => {
                if !more { return Ok(()) }
                for event in events.drain(..) {
                    if let Event::Entry(entry) = event {
                        let _ = writeln!(text, "{}", line(&entry));
                    }
                }
            }
            said = lines.next_line() => {
                // The end of the lines is a lost connection: the session's drop tells the engine.
                let Some(said) = said? else { return Ok(()) };
                if let Err(refused) = session.say(&room, said).await {
                    let _ = writeln!(text, "! {refused}");
                }
            }
        }
        to.write_all(text.as_bytes()).await?;
    }
}

async fn come_in(engine: &Engine, name: &str) -> Result<(Session, RoomId)> {
    let session = engine.connect(User::anonymous().with_name(name)).await?;
    let lobby = RoomSpec::public("Lobby").with_id("lobby").with_grace(Duration::ZERO);
    let room = session.join_or_open(lobby).await?.room.id;
    Ok((session, room))
}

/// A scripted client.
struct Client {
    name: &'static str,
    from: Lines<BufReader<OwnedReadHalf>>,
    to: OwnedWriteHalf,
}

impl Client {
    async fn connect(at: SocketAddr, name: &'static str) -> io::Result<Self> {
        let (from, to) = TcpStream::connect(at).await?.into_split();
        let mut client = Self { name, from: BufReader::new(from).lines(), to };
        client.say(name).await?;
        client.read_until("welcome").await?;
        Ok(client)
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.to.write_all(format!("{line}\n").as_bytes()).await
    }

    /// Shows what comes, up to what is waited for.
    async fn read_until(&mut self, awaited: &str) -> io::Result<()> {
        while let Some(line) = self.from.next_line().await? {
            println!("{} reads  {line}", self.name);
            if line.contains(awaited) {
                break;
            }
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let engine = Engine::in_memory();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    let host = engine.clone();
    let accepting = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(host.clone(), socket));
        }
    });

    let mut kim = Client::connect(at, "Kim").await?;
    let mut lee = Client::connect(at, "Lee").await?;
    kim.read_until("Lee is here").await?;
    kim.say("hello Lee").await?;
    lee.read_until("hello Lee").await?;
    lee.say("hello Kim").await?;
    kim.read_until("hello Kim").await?;
    // The socket is closed, which is how people leave here.
    drop(lee);
    kim.read_until("Lee is gone").await?;

    accepting.abort();
    engine.shutdown().await;
    Ok(())
}
