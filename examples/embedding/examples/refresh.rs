//! A page is refreshed, or a phone goes through a tunnel: the connection is lost, and nobody notices.
//!
//! A session's drop is the loss of its connection. Its user stays in the room for the room's grace. Whoever comes back
//! within it, with the cursor of the last entry they saw, is given exactly what they missed; who stays away longer has
//! left, and is told so if what they missed is no longer known.

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use chat_core::{
    Clock, Cursor, Engine, Entry, Event, Replay, Result, RoomSpec, Session, Timestamp, User, What,
};

fn told(entry: &Entry) -> String {
    match &entry.what {
        What::Said(said) => String::from_utf8_lossy(said.body.as_bytes()).into_owned(),
        What::Joined { name, live, .. } => format!("{name} came ({live})"),
        What::Left { name, live, why, .. } => format!("{name} went: {why} ({live})"),
        other => format!("{other:?}"),
    }
}

/// Shows what a session is told until it was told this much, and returns how far it has read: a client keeps just that.
async fn read(who: &str, session: &mut Session, entries: usize) -> Option<Cursor> {
    let mut cursor = None;
    for _ in 0..entries {
        if let Some(Event::Entry(entry)) = session.next().await {
            println!("{who} #{}: {}", entry.n, told(&entry));
            cursor = Some(entry.cursor());
        }
    }
    cursor
}

#[tokio::main]
async fn main() -> Result<()> {
    // Time is moved by hand here, so that the example need not wait for the grace to pass.
    let engine = Engine::builder().with_clock(Clock::manual(Timestamp(0))).build()?;
    let room = engine.open(RoomSpec::public("Rust").with_grace(Duration::from_secs(5))).await?;
    let room = room.id();

    let mut lee = engine.connect(User::named("lee", "Lee")).await?;
    lee.join(room).await?;
    let mut kim = engine.connect(User::named("kim", "Kim")).await?;
    let mut cursor = kim.join(room).await?.cursor;
    lee.say(room, "hello Kim").await?;
    cursor = read("kim", &mut kim, 1).await.unwrap_or(cursor);

    println!("-- kim's connection is lost; lee goes on talking");
    drop(kim);
    lee.say(room, "are you there?").await?;
    engine.pass(Duration::from_secs(3)).await;
    lee.say(room, "well, I can wait").await?;

    println!("-- three seconds later kim is back, with the cursor {}", cursor.n);
    let mut kim = engine.connect(User::named("kim", "Kim")).await?;
    let snapshot = kim.join_since(room, cursor).await?;
    assert_eq!(snapshot.replay, Replay::Resumed);
    for entry in &snapshot.entries {
        println!("kim #{}: {}", entry.n, told(entry));
    }
    kim.say(room, "sorry, a tunnel").await?;
    read("kim", &mut kim, 1).await;

    println!("-- what lee saw of it: nothing but the talk");
    read("lee", &mut lee, 5).await;

    println!("-- kim is lost again, for longer than the grace");
    drop(kim);
    engine.pass(Duration::from_secs(6)).await;
    read("lee", &mut lee, 1).await;
    engine.shutdown().await;
    Ok(())
}
