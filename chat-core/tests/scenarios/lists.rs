//! Lists of rooms: exact, stable, and never of rooms that are nobody's business.

use chat_core::{Engine, Order, Page, RoomPage, RoomSpec};

use crate::support::{code, connect, engine, room, secs};

async fn page(engine: &Engine, order: Order) -> RoomPage {
    engine.rooms(order, Page::default()).await.unwrap()
}

fn ids(page: &RoomPage) -> Vec<String> {
    page.rooms.iter().map(|room| room.id.to_string()).collect()
}

async fn open(engine: &Engine, ids: &[&str]) {
    for id in ids {
        engine.open(RoomSpec::public(*id).with_id(*id)).await.unwrap();
        engine.pass(secs(1)).await;
    }
}

#[tokio::test]
async fn each_order_is_what_it_says() {
    let engine = engine();
    open(&engine, &["a", "b", "c"]).await;
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    kim.join(&room("b")).await.unwrap();
    lee.join(&room("b")).await.unwrap();
    kim.join(&room("c")).await.unwrap();
    kim.say(&room("c"), "x").await.unwrap();
    engine.pass(secs(1)).await;
    lee.say(&room("b"), "y").await.unwrap();
    assert_eq!(ids(&page(&engine, Order::Live).await), ["b", "c", "a"]);
    assert_eq!(ids(&page(&engine, Order::Newest).await), ["c", "b", "a"]);
    assert_eq!(ids(&page(&engine, Order::Active).await), ["b", "c", "a"]);
    kim.leave(&room("b")).await.unwrap();
    lee.leave(&room("b")).await.unwrap();
    assert_eq!(ids(&page(&engine, Order::Live).await), ["c", "a", "b"]);
    assert_eq!(ids(&page(&engine, Order::Visitors).await), ["b", "c", "a"]);
    let row = &page(&engine, Order::Visitors).await.rooms[0];
    assert_eq!((row.live, row.visitors), (0, 2));
    assert_eq!(row.last.as_ref().unwrap().said().unwrap().body, "y".into());
}

#[tokio::test]
async fn visitors_fall_by_themselves_half_an_hour_after_they_left() {
    let engine = engine();
    open(&engine, &["a", "b"]).await;
    let kim = connect(&engine, "kim").await;
    let lee = connect(&engine, "lee").await;
    kim.join(&room("b")).await.unwrap();
    lee.join(&room("b")).await.unwrap();
    lee.say(&room("b"), "x").await.unwrap();
    kim.leave(&room("b")).await.unwrap();
    engine.pass(secs(1_799)).await;
    assert_eq!(engine.room(&room("b")).await.unwrap().visitors, 2);
    engine.pass(secs(16)).await;
    assert_eq!(engine.room(&room("b")).await.unwrap().visitors, 1, "who is in it stays");
    drop(lee);
    engine.pass(secs(5 + 1_800 + 15)).await;
    assert_eq!(engine.room(&room("b")).await.unwrap().visitors, 0);
    assert_eq!(ids(&page(&engine, Order::Visitors).await), ["a", "b"]);
}

#[tokio::test]
async fn pages_do_not_flicker_and_have_a_total() {
    let engine = engine();
    let names: Vec<String> = (0..25).map(|n| format!("r{n:02}")).collect();
    for name in names.iter().rev() {
        // All at the same moment: only the id tells them apart.
        engine.open(RoomSpec::public("r").with_id(name.as_str())).await.unwrap();
    }
    for order in Order::ALL {
        let mut all = Vec::new();
        for offset in (0..30).step_by(10) {
            let page = engine.rooms(order, Page::first(10).from(offset)).await.unwrap();
            assert_eq!(page.total, 25);
            all.extend(ids(&page));
        }
        assert_eq!(all, names, "{order:?}");
    }
}

#[tokio::test]
async fn private_and_pair_rooms_are_in_no_list_and_closed_ones_neither() {
    let engine = engine();
    open(&engine, &["a", "b"]).await;
    let private = engine.open(RoomSpec::private("p").with_id("p")).await.unwrap().id;
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    kim.seek("random", &[]).await.unwrap();
    lee.seek("random", &[]).await.unwrap();
    kim.join(&private).await.unwrap();
    kim.say(&private, "x").await.unwrap();
    engine.close(&room("a")).await.unwrap();
    for order in Order::ALL {
        let page = page(&engine, order).await;
        assert_eq!((ids(&page), page.total), (vec!["b".to_owned()], 1), "{order:?}");
    }
    let pair = kim.rooms().await.unwrap().into_iter().find(|room| room.is_pair()).unwrap();
    let found = engine.rooms_by_id(&[private.clone(), room("a"), room("no"), pair.clone()]).await;
    let found: Vec<_> = found.unwrap().into_iter().map(|room| room.id).collect();
    assert_eq!(found, [private, pair]);
}

#[tokio::test]
async fn a_room_without_talk_stands_behind_those_with() {
    let engine = engine();
    open(&engine, &["a", "b", "c"]).await;
    engine.post(&room("b"), "x", chat_core::Author::System, None).await.unwrap();
    assert_eq!(ids(&page(&engine, Order::Active).await), ["b", "a", "c"]);
    let kim = connect(&engine, "kim").await;
    kim.join(&room("c")).await.unwrap();
    assert_eq!(ids(&page(&engine, Order::Active).await), ["b", "a", "c"], "coming is no talk");
    assert_eq!(code(engine.rooms(Order::Active, Page::first(0)).await), "bad_request");
}

#[tokio::test]
async fn the_newest_thing_said_is_shown_also_where_no_history_is_kept() {
    let engine = engine();
    let kim = connect(&engine, "kim").await;
    let spec = RoomSpec::public("r").with_id("r").with_history(0);
    let id = kim.join_or_open(spec).await.unwrap().room.id;
    kim.say(&id, "gone").await.unwrap();
    assert!(engine.room(&id).await.unwrap().last.is_some());
    assert!(kim.join(&id).await.unwrap().entries.iter().all(|entry| entry.said().is_none()));
}
