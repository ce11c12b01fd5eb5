//! What a node in a process of its own does: a line is a command, answered by a line with its number; what users hear
//! are lines, too.
//!
//! ```text
//! 7 say kim film hello          = 7 ok 12
//!                               kim entry film 12 said kim hello
//! ```

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat_core::{
    Engine, Entry, Error, Event, Order, Page, Result, RoomId, RoomSpec, Session, SessionHandle,
    StoreOptions, User, UserId, What,
};
use chat_redis::Settings;
use chat_testing::PATIENCE;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// Rules that go with a short lease, and logs that keep all notices. All nodes of a store have the same.
pub fn options(lease: Duration) -> StoreOptions {
    StoreOptions { lease, notices: 100_000, ..StoreOptions::default() }
}

/// An engine on the Redis at this URL.
pub async fn engine(url: &str, lease: Duration) -> Engine {
    let mut settings = Settings::from_url(url).unwrap().with_store(options(lease));
    if !url.contains("timeout_ms") {
        // Where no time-out is what is looked at, none is to be in the way: on a busy machine two seconds, the usual one, may pass.
        settings = settings.with_timeout(PATIENCE / 4).with_connect_timeout(PATIENCE / 4);
    }
    let backend = settings.connect().await.unwrap();
    let engine = Engine::builder().with_backend(backend).build().unwrap();
    engine.start();
    engine
}

/// The room in which nodes meet: who is lost is gone at once.
pub fn spec(room: &str) -> RoomSpec {
    RoomSpec::public(room).with_id(room).with_grace(Duration::ZERO).with_history(10_000)
}

/// What a session was told, as a line.
pub fn line(event: &Event) -> String {
    match event {
        Event::Entry(entry) => format!("entry {} {} {}", entry.room, entry.n, what(entry)),
        Event::Matched(matched) => {
            let snapshot = &matched.snapshot;
            let partner = snapshot.members.iter().find(|member| member.user != snapshot.you);
            let partner = partner.map_or("nobody", |member| member.name.as_str());
            format!("matched {} {partner}", matched.room())
        }
        Event::Unmatched { pool, why } => format!("unmatched {pool} {why}"),
        Event::Reset { room, why, cursor } => format!("reset {room} {} {why}", cursor.n),
        Event::Kicked { room } => format!("kicked {room}"),
        Event::Bye { why } => format!("bye {why}"),
        other => format!("other {other:?}"),
    }
}

/// An entry as words.
pub fn what(entry: &Entry) -> String {
    match &entry.what {
        What::Said(said) => {
            let by = said.by.as_ref().map_or("-", UserId::as_str);
            let body = String::from_utf8_lossy(said.body.as_bytes());
            format!("said {by} {}", body.trim_matches('"'))
        }
        What::Joined { user, .. } => format!("joined {user}"),
        What::Left { user, why, .. } => format!("left {user} {why}"),
        What::Renamed { user, name } => format!("renamed {user} {name}"),
        What::Closed { why } => format!("closed {why}"),
        _ => "unknown".to_owned(),
    }
}

/// A node with its users.
#[derive(Clone)]
struct Host {
    engine: Engine,
    users: Arc<Mutex<HashMap<String, SessionHandle>>>,
    says: mpsc::Sender<String>,
}

/// Runs until the socket closes.
pub(super) async fn run(url: &str, lease: Duration, talk: &str) {
    let (from, mut to) = TcpStream::connect(talk).await.unwrap().into_split();
    let (says, mut told) = mpsc::channel::<String>(100_000);
    let host = Host { engine: engine(url, lease).await, users: Arc::default(), says };
    let write = async {
        while let Some(line) = told.recv().await {
            if to.write_all(format!("{line}\n").as_bytes()).await.is_err() {
                return;
            }
        }
    };
    let read = async {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let (number, command) = line.split_once(' ').unwrap();
            let answer = match host.obey(command).await {
                Ok(words) => format!("= {number} ok {words}"),
                Err(error) => format!("= {number} err {}", error.code()),
            };
            host.tell(answer).await;
        }
    };
    tokio::select! { () = write => {} () = read => {} }
}

impl Host {
    async fn tell(&self, line: String) {
        // Nobody listens any more: the end is near.
        let _ = self.says.send(line).await;
    }

    fn user(&self, user: &str) -> SessionHandle {
        self.users.lock().unwrap().get(user).cloned().unwrap()
    }

    async fn obey(&self, command: &str) -> Result<String> {
        let words: Vec<&str> = command.split(' ').collect();
        match words[..] {
            ["alive"] => self.engine.online().await.map(|online| online.to_string()),
            ["connect", user] => {
                let session = self.engine.connect(User::named(user, user)).await?;
                self.users.lock().unwrap().insert(user.to_owned(), session.handle());
                tokio::spawn(self.clone().listen(user.to_owned(), session));
                Ok(String::new())
            }
            ["drop", user] => {
                let handle = self.users.lock().unwrap().remove(user);
                handle.unwrap().end();
                Ok(String::new())
            }
            ["join", user, room] => {
                let snapshot = self.user(user).join_or_open(spec(room)).await?;
                Ok(format!("{} {}", snapshot.cursor.n, snapshot.room.live))
            }
            ["leave", user, room] => self.user(user).leave(&id(room)).await.map(|()| String::new()),
            ["say", user, room, text] => {
                self.user(user).say(&id(room), text).await.map(|spoken| spoken.n.to_string())
            }
            ["seek", user, pool] => self.user(user).seek(pool, &[]).await.map(|()| String::new()),
            ["rooms", user] => Ok(words_of(self.user(user).rooms().await?)),
            ["waiting", user] => Ok(words_of(self.user(user).waiting().await?)),
            ["members", room] => {
                let page = self.engine.members(&id(room), None, 200).await?;
                Ok(words_of(page.members.iter().map(|member| &member.user)))
            }
            ["list"] => {
                let page = self.engine.rooms(Order::Live, Page::first(50)).await?;
                let row = |text: String, room: &chat_core::RoomView| {
                    text + &format!("{}:{} ", room.id, room.live)
                };
                Ok(page.rooms.iter().fold(String::new(), row).trim_end().to_owned())
            }
            // Without end.
            ["talk", user, room, what] => {
                tokio::spawn(self.clone().talk(user.to_owned(), id(room), what.to_owned()));
                Ok(String::new())
            }
            ["churn", room, who] => {
                tokio::spawn(self.clone().churn(room.to_owned(), who.to_owned()));
                Ok(String::new())
            }
            ["meet", pool, who] => {
                tokio::spawn(self.clone().meet(pool.to_owned(), who.to_owned()));
                Ok(String::new())
            }
            _ => panic!("what is {command}?"),
        }
    }

    async fn listen(self, user: String, mut session: Session) {
        while let Some(event) = session.next().await {
            self.tell(format!("{user} {}", line(&event))).await;
        }
    }

    /// Says one thing after the other, each until it is answered.
    async fn talk(self, user: String, room: RoomId, what: String) {
        let user = self.user(&user);
        for number in 0.. {
            let text = format!("{what}-{number}");
            match user.say(&room, text.as_str()).await {
                Ok(spoken) => self.tell(format!("acked {room} {} {text}", spoken.n)).await,
                Err(Error::NoSuchRoom | Error::RoomClosed { .. } | Error::SessionOver) => return,
                Err(error) => {
                    self.tell(format!("unsure {room} {text} {}", error.code())).await;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Users come and go, each in a session of its own.
    async fn churn(self, room: String, who: String) {
        for number in 0.. {
            let name = format!("{who}{}", number % 20);
            let Ok(session) = self.engine.connect(User::named(&name, &name)).await else {
                continue;
            };
            if session.join_or_open(spec(&room)).await.is_ok() && number % 2 == 0 {
                let _ = session.leave(&id(&room)).await;
            }
        }
    }

    /// Users look for each other, talk a little and go on.
    async fn meet(self, pool: String, who: String) {
        for number in 0.. {
            let name = format!("{who}{}", number % 20);
            let Ok(mut session) = self.engine.connect(User::named(&name, &name)).await else {
                continue;
            };
            let _ = session.seek(&pool, &[]).await;
            // Some are matched, some go away while they wait or are about to be.
            let some = Duration::from_millis(number % 7 * 5);
            let _ = tokio::time::timeout(some, session.next()).await;
        }
    }
}

fn id(room: &str) -> RoomId {
    RoomId::new(room).unwrap()
}

fn words_of<T: std::fmt::Display>(all: impl IntoIterator<Item = T>) -> String {
    let mut words = String::new();
    for one in all {
        let _ = write!(words, "{one} ");
    }
    words.trim_end().to_owned()
}
