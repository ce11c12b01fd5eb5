//! Two processes, one chat: the store is on Redis, and everything else is as it was.
//!
//! ```text
//! cargo run -p chat-embedding-examples --example two_nodes -- redis://127.0.0.1/?prefix=two-nodes
//! ```
//!
//! This program is one node; it starts itself once more as the other. The two talk in one room, two strangers on
//! different nodes are matched, and then the other process is killed in the midst of it: nobody cleans up for it, and
//! its user has left as soon as its lease is over.

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::process::{Child, Command};
use std::time::Duration;

use chat_core::{Engine, Event, RoomSpec, Session, Snapshot, StoreOptions, User, What};
use chat_redis::Settings;

/// The name of the room in which the two nodes meet.
const ROOM: &str = "two-nodes";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "redis://127.0.0.1/?prefix=two-nodes".to_owned());
    let engine = node(&url).await?;
    if args.next().is_some() {
        lee(&engine).await
    } else {
        let other = Other(Command::new(std::env::current_exe()?).args([&url, "other"]).spawn()?);
        let talked = kim(&engine, other).await;
        engine.shutdown().await;
        talked
    }
}

/// A node: with `memory://` in place of the URL it would be alone, and nothing else would change.
async fn node(url: &str) -> Result<Engine, Box<dyn Error>> {
    // Nobody wants to watch for 15 seconds how a dead node is noticed.
    let options = StoreOptions { lease: Duration::from_secs(2), ..StoreOptions::default() };
    let backend = Settings::from_url(url)?.with_store(options).connect().await?;
    Ok(Engine::builder().with_backend(backend).build()?)
}

/// The process that stays.
async fn kim(engine: &Engine, mut other: Other) -> Result<(), Box<dyn Error>> {
    let mut kim = engine.connect(User::named("kim", "Kim")).await?;
    let joined = kim.join_or_open(RoomSpec::public("Two nodes").with_id(ROOM)).await?;
    let room = joined.room.id;
    if joined.room.live == 1 {
        until(&mut kim, |what| matches!(what, What::Joined { name, .. } if name.as_str() == "Lee"))
            .await;
    }
    println!("kim: Lee is here, from another process");

    kim.say(&room, "hello over there").await?;
    until(&mut kim, |what| text(what).is_some_and(|text| text.contains("hello, Kim"))).await;
    println!("kim: Lee has answered");

    kim.seek("strangers", &[]).await?;
    while let Some(event) = kim.next().await {
        if let Event::Matched(matched) = event {
            let Snapshot { members, you, .. } = &matched.snapshot;
            let partner = members.iter().find(|member| member.user != *you);
            println!("kim: matched with {}", partner.map_or("nobody", |them| them.name.as_str()));
            break;
        }
    }

    other.0.kill()?;
    println!("-- the other process is killed");
    let left =
        until(&mut kim, |what| matches!(what, What::Left { name, .. } if name.as_str() == "Lee"))
            .await;
    if let Some(What::Left { name, why, live, .. }) = left {
        println!("kim: {name} has left ({why}); {live} here");
    }
    engine.close(&room).await?;
    Ok(())
}

/// The process that is killed.
async fn lee(engine: &Engine) -> Result<(), Box<dyn Error>> {
    let mut lee = engine.connect(User::named("lee", "Lee")).await?;
    let room = lee.join_or_open(RoomSpec::public("Two nodes").with_id(ROOM)).await?.room.id;
    until(&mut lee, |what| text(what).is_some_and(|text| text.contains("over there"))).await;
    lee.say(&room, "hello, Kim").await?;
    lee.seek("strangers", &[]).await?;
    while lee.next().await.is_some() {}
    Ok(())
}

/// Reads on until there is an entry of this kind.
async fn until(session: &mut Session, wanted: impl Fn(&What) -> bool) -> Option<What> {
    while let Some(event) = session.next().await {
        if let Event::Entry(entry) = event
            && wanted(&entry.what)
        {
            return Some(entry.what.clone());
        }
    }
    None
}

fn text(what: &What) -> Option<String> {
    let What::Said(said) = what else { return None };
    Some(String::from_utf8_lossy(said.body.as_bytes()).into_owned())
}

/// The other process; it does not outlive this one.
struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
