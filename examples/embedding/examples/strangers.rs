//! Strangers talk in pairs: who shares an interest is brought together first, `next` goes on to somebody else, and when
//! one goes the talk is over for both.
//!
//! Nobody sees a real id or name: in the room of a pair both go by names made for that talk.

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use chat_core::{CloseWhy, Engine, Event, Result, RoomId, Session, User, What};

const POOL: &str = "strangers";

/// Waits until a partner is found, and says who it is.
async fn meet(who: &mut Session) -> Option<RoomId> {
    while let Some(event) = who.next().await {
        if let Event::Matched(matched) = event {
            let (you, members) = (&matched.snapshot.you, &matched.snapshot.members);
            let partner = members.iter().find(|member| member.user != *you)?;
            let shared: Vec<&str> = matched.shared.iter().map(|tag| tag.as_str()).collect();
            println!("{} meets {}, both like {shared:?}", who.user(), partner.name);
            return Some(matched.room().clone());
        }
    }
    None
}

/// Listens until the room is over, and says what was heard.
async fn listen(who: &mut Session, room: &RoomId) -> Option<CloseWhy> {
    while let Some(event) = who.next().await {
        let Event::Entry(entry) = event else { continue };
        match &entry.what {
            What::Said(said) if entry.room == *room => {
                let body = String::from_utf8_lossy(said.body.as_bytes());
                let name = said.name.as_ref().map_or("the site", |name| name.as_str());
                println!("{} hears {name}: {body}", who.user());
            }
            What::Closed { why } if entry.room == *room => {
                println!("{} sees the room end: {why}", who.user());
                return Some(*why);
            }
            _ => {}
        }
    }
    None
}

#[tokio::main]
async fn main() -> Result<()> {
    let engine = Engine::in_memory();
    let mut kim = engine.connect(User::named("kim", "Kim")).await?;
    let mut lee = engine.connect(User::named("lee", "Lee")).await?;
    let mut sam = engine.connect(User::named("sam", "Sam")).await?;

    // Kim waits; Sam shares nothing with Kim, so both wait; Lee does, and is not kept waiting.
    kim.seek(POOL, &["films", "music"]).await?;
    sam.seek(POOL, &["chess"]).await?;
    lee.seek(POOL, &["music"]).await?;

    if let (Some(room), Some(same)) = (meet(&mut kim).await, meet(&mut lee).await) {
        assert_eq!(room, same);
        kim.say(&room, "hello, stranger").await?;

        // Lee goes on to the next one, who plays chess too: leaving and looking again are one step.
        lee.seek_next(&room, Some(&["chess"])).await?;
        assert_eq!(listen(&mut kim, &room).await, Some(CloseWhy::PartnerLeft));
    }

    if let (Some(room), Some(_)) = (meet(&mut lee).await, meet(&mut sam).await) {
        sam.say(&room, "e4").await?;
        // A lost connection may come back for a few seconds. Leaving ends the talk at once.
        sam.leave(&room).await?;
        listen(&mut lee, &room).await;
    }

    // Kim had been left alone, but is in no queue: that would be Kim's own wish.
    println!("kim waits in {:?}", kim.waiting().await?);
    engine.shutdown().await;
    Ok(())
}
