//! Nothing is unbounded: each limit has its error, and what was there stays as it was.

use chat_core::{
    Bound, ByeWhy, Engine, Error, Limits, MatchRules, Order, PoolName, Result, RoomSpec,
    StoreOptions, User,
};

use crate::support::{Stage, code, connect, told};

fn with(limits: Limits) -> Engine {
    Stage::new().builder().with_limits(limits).build().unwrap()
}

fn bound<T: std::fmt::Debug>(result: Result<T>) -> (Bound, usize) {
    match result.unwrap_err() {
        error @ Error::TooMany { bound, max } => {
            assert_eq!(error.code(), "too_many");
            (bound, max)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn sessions_are_bounded_in_all_and_by_user() {
    let engine = with(Limits { sessions: 3, sessions_of_user: 2, ..Limits::default() });
    let kim = User::named("kim", "Kim");
    let one = engine.connect(kim.clone()).await.unwrap();
    let _two = engine.connect(kim.clone()).await.unwrap();
    assert_eq!(bound(engine.connect(kim.clone()).await), (Bound::SessionsOfUser, 2));
    let _lee = engine.connect(User::anonymous()).await.unwrap();
    assert_eq!(bound(engine.connect(User::anonymous()).await), (Bound::Sessions, 3));
    drop(one);
    let _again = engine.connect(kim).await.unwrap();
    assert_eq!((engine.stats().sessions, engine.stats().users), (3, 2));
}

#[tokio::test]
async fn rooms_of_a_session_are_bounded() {
    let engine = with(Limits { rooms_of_session: 2, ..Limits::default() });
    let kim = connect(&engine, "kim").await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(engine.open(RoomSpec::public("r").with_id(format!("r{n}"))).await.unwrap().id);
    }
    kim.join(&ids[0]).await.unwrap();
    kim.join(&ids[1]).await.unwrap();
    assert_eq!(bound(kim.join(&ids[2]).await), (Bound::RoomsOfSession, 2));
    assert_eq!(bound(kim.seek("random", &[]).await), (Bound::RoomsOfSession, 2));
    kim.join(&ids[0]).await.unwrap();
    kim.leave(&ids[0]).await.unwrap();
    kim.join(&ids[2]).await.unwrap();
    engine.close(&ids[1]).await.unwrap();
    let mut kim = kim;
    told(&mut kim);
    kim.join(&ids[0]).await.unwrap();
}

#[tokio::test]
async fn rooms_of_the_store_are_bounded() {
    let stage = Stage::with(StoreOptions { rooms: 1, ..StoreOptions::default() });
    let engine = stage.engine();
    engine.open(RoomSpec::public("a").with_id("a")).await.unwrap();
    assert_eq!(bound(engine.open(RoomSpec::public("b")).await), (Bound::Rooms, 1));
    let kim = connect(&engine, "kim").await;
    assert_eq!(bound(kim.join_or_open(RoomSpec::public("b")).await), (Bound::Rooms, 1));
    assert_eq!(code(engine.open(RoomSpec::public("a").with_id("a")).await), "room_exists");
}

#[tokio::test]
async fn watched_lists_are_bounded_by_session_and_in_all() {
    let engine = with(Limits { watches_of_session: 2, lists: 3, ..Limits::default() });
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    kim.watch(Order::Live, 10).await.unwrap();
    kim.watch(Order::Live, 20).await.unwrap();
    kim.watch(Order::Newest, 10).await.unwrap();
    assert_eq!(bound(kim.watch(Order::Active, 10).await), (Bound::WatchesOfSession, 2));
    assert_eq!(bound(kim.watch_online().await), (Bound::WatchesOfSession, 2));
    lee.watch(Order::Live, 20).await.unwrap();
    lee.watch_online().await.unwrap();
    let may = connect(&engine, "may").await;
    assert_eq!(bound(may.watch(Order::Active, 10).await), (Bound::Lists, 3));
    assert!(kim.unwatch(Order::Newest) && !kim.unwatch(Order::Newest));
    may.watch(Order::Active, 10).await.unwrap();
    drop((kim, lee));
    may.watch(Order::Visitors, 10).await.unwrap();
}

#[tokio::test]
async fn pools_are_bounded_by_session_and_in_all_and_so_is_who_waits_in_one() {
    let options = StoreOptions {
        pools: 3,
        matching: MatchRules { waiting: 2, ..MatchRules::default() },
        ..StoreOptions::default()
    };
    let stage = Stage::with(options);
    let limits = Limits { pools_of_session: 2, ..Limits::default() };
    let engine = stage.builder().with_limits(limits).build().unwrap();
    let (kim, lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    let may = connect(&engine, "may").await;
    kim.seek("a", &["kim"]).await.unwrap();
    kim.seek("b", &["kim"]).await.unwrap();
    assert_eq!(bound(kim.seek("c", &[]).await), (Bound::PoolsOfSession, 2));
    kim.seek("a", &["kim", "again"]).await.unwrap();
    lee.seek("a", &["lee"]).await.unwrap();
    assert_eq!(bound(may.seek("a", &["may"]).await), (Bound::Waiting, 2));
    may.seek("c", &[]).await.unwrap();
    assert_eq!(bound(lee.seek("d", &[]).await), (Bound::Pools, 3));
    assert_eq!(lee.waiting().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_that_lets_too_much_of_its_own_wait_is_ended() {
    let engine = with(Limits { queue: 4, ..Limits::default() });
    let mut slow = connect(&engine, "slow").await;
    let partner = connect(&engine, "partner").await;
    for n in 0..8 {
        let pool = format!("p{n}");
        if slow.seek(&pool, &[]).await.is_err() {
            break;
        }
        partner.seek(&pool, &[]).await.unwrap();
    }
    assert!(slow.is_over());
    let told = told(&mut slow);
    assert_eq!((told.len(), told.last().unwrap().as_str()), (5, "bye slow"));
    assert_eq!(ByeWhy::Slow.as_str(), "slow");
}

#[tokio::test]
async fn policies_outside_their_bounds_make_no_engine() {
    let mut policies = chat_core::PolicyDefaults::default();
    policies.pair.capacity = 0;
    let refused = Engine::builder().with_policies(policies).build().unwrap_err();
    assert_eq!(refused.field(), "capacity");
}

#[tokio::test]
async fn defaults_by_kind_hold_where_a_room_does_not_ask_for_something_else() {
    let mut policies = chat_core::PolicyDefaults::default();
    policies.public.history = 7;
    policies.private.capacity = 3;
    let engine = Engine::builder().with_policies(policies).build().unwrap();
    let public = engine.open(RoomSpec::public("a")).await.unwrap();
    let private = engine.open(RoomSpec::private("b").with_history(9)).await.unwrap();
    assert_eq!((public.policy.history, public.policy.capacity), (7, 1_000));
    assert_eq!((private.policy.history, private.policy.capacity), (9, 3));
}

#[tokio::test]
async fn only_the_pools_that_the_host_named_are_sought_in() {
    let pools = [PoolName::new("en").unwrap(), PoolName::new("ko").unwrap()];
    let engine = Stage::new().builder().with_pools(pools).build().unwrap();
    let kim = connect(&engine, "kim").await;
    kim.seek("ko", &[]).await.unwrap();
    assert_eq!(code(kim.seek("other", &[]).await), "forbidden");
}
