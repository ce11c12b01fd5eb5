//! A lobby: the busiest rooms, kept up to date by small differences.
//!
//! A list is computed once, whoever watches. Each watcher gets it whole at first and then what changed, at most four times
//! a second; the versions are contiguous, so a hole would be noticed.

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use chat_core::{
    Engine, Event, ListChange, ListOp, ListSnapshot, Order, Result, RoomSpec, RoomView, User,
};

/// How many rows the lobby shows.
const ROWS: u32 = 3;

/// What is shown, as a client would keep it.
struct Lobby {
    version: u64,
    rows: Vec<RoomView>,
}

impl Lobby {
    fn new(list: ListSnapshot) -> Self {
        Self { version: list.version, rows: list.rooms }
    }

    /// Takes a change in. `false` where a version is missing: then the list is to be watched again.
    fn take(&mut self, change: &ListChange) -> bool {
        if change.version != self.version + 1 {
            return false;
        }
        self.version = change.version;
        // How a client applies the steps is in the documentation of `ListChange`; in Rust it is there already.
        self.rows = change.apply(&self.rows);
        for op in &change.ops {
            match op {
                ListOp::At { at, room } => println!("  at {at}: {}", room.title),
                ListOp::Gone(room) => println!("  gone: {room}"),
            }
        }
        true
    }

    fn show(&self) {
        let rows: Vec<String> =
            self.rows.iter().map(|row| format!("{} ({})", row.title, row.live)).collect();
        println!("version {}: {}", self.version, rows.join(", "));
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let engine = Engine::in_memory();
    for title in ["Chess", "Films", "Music", "Rust"] {
        engine.open(RoomSpec::public(title).with_id(title)).await?;
    }
    let mut watcher = engine.connect(User::anonymous()).await?;
    let mut lobby = Lobby::new(watcher.watch(Order::Live, ROWS).await?);
    lobby.show();

    // People come: three to Rust, two to Music. Each sits in a session of their own.
    let mut people = Vec::new();
    for (n, title) in ["Rust", "Rust", "Music", "Rust", "Music"].into_iter().enumerate() {
        let person = engine.connect(User::named(format!("user-{n}"), format!("User {n}"))).await?;
        person.join_or_open(RoomSpec::public(title).with_id(title)).await?;
        people.push(person);
    }

    // However they came, the lobby ends up with what is true.
    while lobby.rows.first().is_none_or(|row| row.live < 3) || lobby.rows[1].live < 2 {
        match watcher.next().await {
            Some(Event::List(change)) => {
                if !lobby.take(&change) {
                    lobby = Lobby::new(watcher.watch(Order::Live, ROWS).await?);
                }
                lobby.show();
            }
            Some(_) => {}
            None => break,
        }
    }
    println!("online: {}", engine.online().await?);
    engine.shutdown().await;
    Ok(())
}
