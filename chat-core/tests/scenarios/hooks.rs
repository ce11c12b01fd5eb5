//! What a host decides: allowed, denied with its words, said in another way; and what holds where it fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chat_core::room::NewRoom;
use chat_core::{
    Author, Body, Engine, Error, HookOptions, HookResult, Hooks, Identity, OnFailure, PoolName,
    Reason, RoomId, RoomSpec, SayVerdict, UserId, Verdict,
};

use crate::support::{Stage, code, connect, events, room, secs, text, told};

/// Does what the user's id asks for: `deny`, `slow`, `panic`, `fail`; otherwise allows.
#[derive(Default)]
struct ById(Arc<AtomicUsize>);

impl ById {
    async fn asked(&self, user: &Identity) -> HookResult<Verdict> {
        self.0.fetch_add(1, Ordering::SeqCst);
        match user.id.as_str() {
            "deny" => Ok(Verdict::Deny(Reason::new("not you\n"))),
            "silent" => Ok(Verdict::Deny(Reason::new(""))),
            "slow" => std::future::pending().await,
            "panic" => panic!("a hook's own fault"),
            "fail" => Err("its database is away".into()),
            _ => Ok(Verdict::Allow),
        }
    }
}

#[async_trait]
impl Hooks for ById {
    async fn may_open(&self, user: &Identity, room: &NewRoom) -> HookResult<Verdict> {
        if room.title == "forbidden" {
            return Ok(Verdict::Deny(Reason::new("no such title")));
        }
        self.asked(user).await
    }

    async fn may_join(&self, user: &Identity, _room: &RoomId) -> HookResult<Verdict> {
        self.asked(user).await
    }

    async fn may_say(
        &self,
        user: &Identity,
        _room: &RoomId,
        body: &Body,
    ) -> HookResult<SayVerdict> {
        let said = text(body);
        if said.contains("damn") {
            return Ok(SayVerdict::Replace(Body::text(&said.replace("damn", "****"))));
        }
        if said == "empty" {
            return Ok(SayVerdict::Replace(Body::json(Vec::new())));
        }
        if said == "grow" {
            return Ok(SayVerdict::Replace(Body::text(&"x".repeat(100_000))));
        }
        Ok(match self.asked(user).await? {
            Verdict::Allow => SayVerdict::Allow,
            Verdict::Deny(why) => SayVerdict::Deny(why),
        })
    }

    async fn may_seek(&self, user: &Identity, _pool: &PoolName) -> HookResult<Verdict> {
        self.asked(user).await
    }

    async fn blocks(&self, user: &Identity) -> HookResult<Vec<UserId>> {
        let blocked = if user.id == "kim" { vec!["lee".parse().unwrap()] } else { Vec::new() };
        Ok(blocked)
    }
}

fn engine(on_failure: OnFailure) -> (Stage, Engine, Arc<AtomicUsize>) {
    let (stage, asked) = (Stage::new(), Arc::<AtomicUsize>::default());
    let options = HookOptions { budget: secs(2), on_failure };
    let hooks = ById(Arc::clone(&asked));
    let engine = stage.builder().with_hooks(hooks, options).build().unwrap();
    (stage, engine, asked)
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_is_denied_with_the_hosts_words() {
    let (_stage, engine, _) = engine(OnFailure::Refuse);
    let id = engine.open(RoomSpec::public("r").with_id("r")).await.unwrap().id;
    let session = connect(&engine, "deny").await;
    let refusals = [
        session.join(&id).await.map(|_| ()),
        session.join_or_open(RoomSpec::public("new")).await.map(|_| ()),
        session.open(RoomSpec::public("new")).await.map(|_| ()),
        session.seek("random", &[]).await,
        session.say(&id, "x").await.map(|_| ()),
    ];
    for refused in refusals {
        let Err(Error::Forbidden { reason: Some(reason) }) = refused else { panic!("{refused:?}") };
        assert_eq!(reason.as_str(), "not you ");
    }
    assert_eq!(engine.room(&id).await.unwrap().live, 0);
    assert_eq!(
        engine.rooms(chat_core::Order::Live, chat_core::Page::default()).await.unwrap().total,
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_host_may_deny_without_a_word() {
    let (_stage, engine, _) = engine(OnFailure::Refuse);
    let id = engine.open(RoomSpec::public("r").with_id("r")).await.unwrap().id;
    let session = connect(&engine, "silent").await;
    for refused in [session.join(&id).await.map(|_| ()), session.say(&id, "x").await.map(|_| ())] {
        let Err(error @ Error::Forbidden { reason: None }) = refused else { panic!("{refused:?}") };
        assert_eq!(error.to_string(), "not allowed");
    }
}

#[tokio::test(start_paused = true)]
async fn opening_by_joining_is_asked_about_as_opening_only_where_it_would_open() {
    let (_stage, engine, _) = engine(OnFailure::Refuse);
    let kim = connect(&engine, "kim").await;
    let forbidden = || RoomSpec::public("forbidden").with_id("r");
    assert_eq!(code(kim.join_or_open(forbidden()).await), "forbidden");
    assert_eq!(code(engine.room(&room("r")).await), "no_such_room");
    engine.open(RoomSpec::public("allowed").with_id("r")).await.unwrap();
    assert_eq!(kim.join_or_open(forbidden()).await.unwrap().room.title, "allowed");
}

#[tokio::test(start_paused = true)]
async fn what_is_said_may_be_replaced() {
    let (_stage, engine, _) = engine(OnFailure::Refuse);
    let mut kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    kim.say(&id, "damn it").await.unwrap();
    assert_eq!(told(&mut kim), ["said kim **** it"]);
    assert_eq!(code(kim.say(&id, "grow").await), "too_large");
    assert_eq!(code(kim.say(&id, "empty").await), "bad_request");
    // What the host says itself is not asked about.
    engine.post(&id, "damn it", Author::System, None).await.unwrap();
    assert_eq!(told(&mut kim), ["said - damn it"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_panics_or_takes_too_long_refuses_or_allows_as_is_chosen() {
    for who in ["slow", "panic", "fail"] {
        let (_stage, engine, _) = engine(OnFailure::Refuse);
        let id = engine.open(RoomSpec::public("r").with_id("r")).await.unwrap().id;
        let session = connect(&engine, who).await;
        let began = tokio::time::Instant::now();
        let refused = session.join(&id).await.unwrap_err();
        assert!(matches!(refused, Error::Hook), "{who}");
        assert_eq!((refused.code(), refused.retry_after().is_some()), ("unavailable", true));
        assert_eq!(code(session.seek("random", &[]).await), "unavailable");
        assert_eq!(code(session.open(RoomSpec::public("x")).await), "unavailable");
        assert_eq!(engine.room(&id).await.unwrap().live, 0);
        assert!(began.elapsed() <= Duration::from_secs(7), "{who}: {:?}", began.elapsed());
    }
    for who in ["slow", "panic", "fail"] {
        let (_stage, engine, _) = engine(OnFailure::Allow);
        let mut session = connect(&engine, who).await;
        let id = session.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
        session.say(&id, "x").await.unwrap();
        session.seek("random", &[]).await.unwrap();
        assert_eq!(told(&mut session), [format!("said {who} x")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_hook_holds_up_nobody_else() {
    let (_stage, engine, _) = engine(OnFailure::Refuse);
    let (slow, kim) = (connect(&engine, "slow").await, connect(&engine, "kim").await);
    let id = engine.open(RoomSpec::public("r").with_id("r")).await.unwrap().id;
    let asking = tokio::spawn({
        let (handle, id) = (slow.handle(), id.clone());
        async move { handle.join(&id).await }
    });
    tokio::task::yield_now().await;
    let began = tokio::time::Instant::now();
    kim.join(&id).await.unwrap();
    kim.say(&id, "x").await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(code(asking.await.unwrap()), "unavailable");
}

#[tokio::test(start_paused = true)]
async fn those_whom_the_host_blocks_never_meet() {
    let (stage, engine, _) = engine(OnFailure::Refuse);
    let (mut kim, mut lee) = (connect(&engine, "kim").await, connect(&engine, "lee").await);
    for (first, second) in [(&kim, &lee), (&lee, &kim)] {
        first.seek("random", &[]).await.unwrap();
        second.seek("random", &[]).await.unwrap();
        crate::support::pass(&stage.clock, &[&engine], secs(20)).await;
        first.cancel_seek("random").await.unwrap();
        second.cancel_seek("random").await.unwrap();
    }
    assert!(events(&mut kim).is_empty() && events(&mut lee).is_empty());
    let may = connect(&engine, "may").await;
    may.seek("random", &[]).await.unwrap();
    kim.seek("random", &[]).await.unwrap();
    assert_eq!(told(&mut kim), ["matched random"]);
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_refused_before_the_host_is_asked() {
    let (_stage, engine, asked) = engine(OnFailure::Refuse);
    let kim = connect(&engine, "kim").await;
    let id = kim.join_or_open(RoomSpec::public("r")).await.unwrap().room.id;
    let before = asked.load(Ordering::SeqCst);
    assert_eq!(code(kim.say(&id, "x".repeat(100_000)).await), "too_large");
    assert_eq!(code(kim.join_or_open(RoomSpec::public("")).await), "bad_request");
    assert_eq!(code(kim.open(RoomSpec::public("")).await), "bad_request");
    assert_eq!(code(kim.seek("Bad Pool", &[]).await), "bad_request");
    assert_eq!(asked.load(Ordering::SeqCst), before);
}
