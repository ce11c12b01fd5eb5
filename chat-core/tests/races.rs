//! Readers, joins, leaves and kicks of the same sessions at once, on several threads.

#![allow(clippy::unwrap_used, reason = "a panic is how a test says that a claim does not hold")]

use std::collections::HashMap;
use std::time::Duration;

use chat_core::{Engine, Epoch, Event, Presence, RoomSpec, User};
use tokio::time::timeout;

const USERS: usize = 6;
const ROUNDS: usize = 400;

/// Whoever is in the room when all is quiet hears what is said then, and nobody ever misses or hears twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_whose_place_changes_while_it_reads_hears_everything_once() {
    for presence in [Presence::Log, Presence::Count] {
        let engine = Engine::in_memory();
        let spec = move || RoomSpec::public("r").with_id("r").with_presence(presence);
        let room = engine.open(spec()).await.unwrap().id;
        let mut readers = Vec::new();
        let mut movers = Vec::new();
        for user in 0..USERS {
            let user = format!("u{user}");
            let mut session = engine.connect(User::named(&user, &user)).await.unwrap();
            let (handle, id) = (session.handle(), session.user().clone());
            let (engine, room) = (engine.clone(), room.clone());
            movers.push(tokio::spawn(async move {
                for round in 0..ROUNDS {
                    let _ = handle.join_or_open(spec()).await;
                    let _ = handle.say(&room, "x").await;
                    match round % 5 {
                        0 => drop(handle.leave(&room).await),
                        1 => drop(engine.kick(&room, &id).await),
                        2 => drop(tokio::join!(handle.join(&room), engine.kick(&room, &id))),
                        3 if round % 50 == 3 => drop(engine.close(&room).await),
                        _ => tokio::task::yield_now().await,
                    }
                }
                handle
            }));
            readers.push(tokio::spawn(async move {
                let mut last: HashMap<Epoch, u64> = HashMap::new();
                loop {
                    let event = timeout(Duration::from_secs(5), session.next()).await;
                    let Some(event) = event.expect("it hears the last word") else { return };
                    if let Event::Entry(entry) = &event {
                        let before = last.insert(entry.epoch, entry.n).unwrap_or(0);
                        assert!(entry.n > before, "{} after {before}", entry.n);
                        if entry.said().is_some_and(|said| said.body.as_bytes() == br#""last""#) {
                            return;
                        }
                    }
                }
            }));
        }
        let mut handles = Vec::new();
        for mover in movers {
            handles.push(mover.await.unwrap());
        }
        for handle in &handles {
            handle.join_or_open(spec()).await.unwrap();
        }
        handles[0].say(&room, "last").await.unwrap();
        for reader in readers {
            reader.await.unwrap();
        }
        engine.shutdown().await;
    }
}
