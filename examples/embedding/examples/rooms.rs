//! Rooms that belong to a site's own objects: here a film's page has a room under the film's own id.
//!
//! Nobody opens or deletes rooms. Whoever comes first opens the film's room in the step in which they join it; when it
//! has been empty for a while it goes. A page that lists many films asks once for all of them.

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::HashMap;
use std::time::Duration;

use chat_core::{Author, Clock, Engine, Order, Page, Result, RoomId, RoomSpec, Timestamp, User};

/// What the site has.
struct Film {
    number: u32,
    title: &'static str,
}

const FILMS: [Film; 3] = [
    Film { number: 496_243, title: "Parasite" },
    Film { number: 18, title: "The Fifth Element" },
    Film { number: 11_216, title: "Cinema Paradiso" },
];

impl Film {
    fn room(&self) -> RoomSpec {
        RoomSpec::public(self.title)
            .with_id(format!("film-{}", self.number))
            .with_empty(Duration::from_secs(60))
    }

    fn room_id(&self) -> Result<RoomId> {
        Ok(RoomId::new(&format!("film-{}", self.number))?)
    }
}

/// One question for the whole page. Films that nobody talks about have no room, and are simply not in the answer.
async fn show_page(engine: &Engine) -> Result<()> {
    let ids = FILMS.iter().map(Film::room_id).collect::<Result<Vec<_>>>()?;
    let open = engine.rooms_by_id(&ids).await?;
    let live: HashMap<&RoomId, u32> = open.iter().map(|room| (room.id(), room.live)).collect();
    for (film, id) in FILMS.iter().zip(&ids) {
        match live.get(id) {
            Some(users) => println!("  {:<18} {users} in the room", film.title),
            None => println!("  {:<18} no room", film.title),
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    // Time is moved by hand here, so that the example need not wait for a minute to pass.
    let clock = Clock::manual(Timestamp(0));
    let engine = Engine::builder().with_clock(clock).build()?;
    let kim = engine.connect(User::named("kim", "Kim")).await?;
    let lee = engine.connect(User::named("lee", "Lee")).await?;

    println!("before anybody came:");
    show_page(&engine).await?;

    let parasite = kim.join_or_open(FILMS[0].room()).await?;
    lee.join_or_open(FILMS[0].room()).await?;
    kim.join_or_open(FILMS[1].room()).await?;
    println!("kim and lee look at films:");
    show_page(&engine).await?;

    // The site itself says something, from wherever it likes: no session is needed.
    engine.post(parasite.id(), "4K version added", Author::System, None).await?;
    let busiest = engine.rooms(Order::Live, Page::first(1)).await?;
    for room in &busiest.rooms {
        println!("busiest of {}: {}, with {} users", busiest.total, room.title, room.live);
    }

    kim.leave(&FILMS[1].room_id()?).await?;
    engine.pass(Duration::from_secs(61)).await;
    println!("a minute after kim left the second one:");
    show_page(&engine).await?;

    // Who comes now opens it again: another room under the same id, with a log of its own.
    let again = lee.join_or_open(FILMS[1].room()).await?;
    println!("lee comes to {}: {} there", again.room.title, again.members.len());
    engine.shutdown().await;
    Ok(())
}
