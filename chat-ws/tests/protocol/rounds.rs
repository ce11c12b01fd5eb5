//! Many threads, connections that hand on to one another what their commands have told others: nothing is lost or out of its place.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Barrier;

use crate::support::{Client, Stand};

/// Says so many, at the same time as others, and reads until all that everybody says has come: one number behind the other.
async fn talk(mut one: Client, says: u64, all: u64, begin: Arc<Barrier>) -> Client {
    begin.wait().await;
    let sent =
        one.send_all((0..says).map(|at| json!({"do": "say", "room": "a", "body": at}))).await;
    let mut last = None;
    for _ in 0..all {
        let n = one.event("said").await["n"].as_u64().unwrap();
        assert!(last.is_none_or(|last| n == last + 1), "{n} behind {last:?}");
        last = Some(n);
    }
    for each in sent {
        one.reply(each).await;
    }
    one
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_talk_at_once_get_all_of_it_in_one_order() {
    const MEMBERS: u64 = 12;
    const EACH: u64 = 60;
    let stand = Stand::new().await;
    let mut members: Vec<Client> = stand.room_of::<12>("a").await.into();
    let begin = Arc::new(Barrier::new(members.len()));
    for one in &mut members {
        one.events().await;
    }
    let talks: Vec<_> = members
        .into_iter()
        .map(|one| tokio::spawn(talk(one, EACH, MEMBERS * EACH, Arc::clone(&begin))))
        .collect();
    for talk in talks {
        talk.await.unwrap().nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn those_who_go_in_the_middle_of_it_take_nothing_from_the_others() {
    const EACH: u64 = 100;
    let stand = Stand::new().await;
    let mut members: Vec<Client> = stand.room_of::<10>("a").await.into();
    for one in &mut members {
        one.events().await;
    }
    let goers = members.split_off(4);
    let begin = Arc::new(Barrier::new(members.len() + 1));
    let talks: Vec<_> = members
        .into_iter()
        .map(|one| tokio::spawn(talk(one, EACH, 4 * EACH, Arc::clone(&begin))))
        .collect();
    begin.wait().await;
    for (at, mut goer) in goers.into_iter().enumerate() {
        for _ in 0..at * 10 {
            goer.event("said").await;
        }
        goer.vanish();
    }
    for talk in talks {
        // Who has gone is in their grace: no `left` comes in between.
        talk.await.unwrap().nothing().await;
    }
}
