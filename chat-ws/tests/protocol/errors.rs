//! Codes that come from elsewhere than what was asked: the host, and how much there is to do.

use async_trait::async_trait;
use chat_core::{Body, HookResult, Hooks, Identity, PoolName, Reason, RoomId, SayVerdict, Verdict};
use serde_json::json;

use crate::support::{Setup, Solo, keys};

/// A host that forbids what is called so, fails where it is told to, and has its own words for others.
struct Host;

#[async_trait]
impl Hooks for Host {
    async fn may_open(&self, _: &Identity, room: &chat_core::room::NewRoom) -> HookResult<Verdict> {
        Ok(if room.title == "forbidden" { deny() } else { Verdict::Allow })
    }

    async fn may_join(&self, _: &Identity, room: &RoomId) -> HookResult<Verdict> {
        match room.as_str() {
            "forbidden" => Ok(deny()),
            "fails" => Err("the database is away".into()),
            _ => Ok(Verdict::Allow),
        }
    }

    async fn may_say(&self, _: &Identity, _: &RoomId, body: &Body) -> HookResult<SayVerdict> {
        Ok(match body.as_bytes() {
            b"\"forbidden\"" => SayVerdict::Deny(Reason::new("mind\nyour words")),
            b"\"damn\"" => SayVerdict::Replace(Body::text("d***")),
            _ => SayVerdict::Allow,
        })
    }

    async fn may_seek(&self, _: &Identity, pool: &PoolName) -> HookResult<Verdict> {
        Ok(if pool.as_str() == "forbidden" { deny() } else { Verdict::Allow })
    }
}

fn deny() -> Verdict {
    Verdict::Deny(Reason::new("not today"))
}

#[test]
fn what_the_host_denies_is_forbidden_in_its_own_words() {
    let mut solo = Solo::guest(&Setup::new().with_hooks(Host).server().0);
    solo.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}}));
    for command in [
        json!({"do": "open", "title": "forbidden"}),
        json!({"do": "join", "room": "b", "create": {"title": "forbidden"}}),
        json!({"do": "join", "room": "forbidden"}),
        json!({"do": "match", "pool": "forbidden"}),
    ] {
        let err = solo.err(command);
        assert_eq!((&err["code"], keys(&err)), (&json!("forbidden"), vec!["code", "message"]));
        assert!(err["message"].as_str().unwrap().contains("not today"), "{err}");
    }
    let err = solo.err(json!({"do": "say", "room": "a", "body": "forbidden"}));
    assert_eq!(err["code"], "forbidden");
    assert!(err["message"].as_str().unwrap().contains("mind your words"), "{err}");
    // What it says in somebody's place is what everybody is told.
    let frames = solo.tell(json!({"do": "say", "room": "a", "body": "damn"}));
    assert_eq!(frames.iter().find(|frame| frame["ev"] == "said").unwrap()["body"], "d***");
}

#[test]
fn what_the_host_cannot_say_now_is_unavailable_and_worth_another_try() {
    let mut solo = Solo::guest(&Setup::new().with_hooks(Host).server().0);
    let err = solo.err(json!({"do": "join", "room": "fails"}));
    assert_eq!(
        (&err["code"], keys(&err)),
        (&json!("unavailable"), vec!["code", "message", "retry_ms"])
    );
    assert!(err["retry_ms"].as_u64().unwrap() > 0);
    // What is behind it is nobody's business.
    assert!(!err.to_string().contains("database"), "{err}");
}

#[test]
fn where_too_much_waits_in_all_reading_is_overloaded_and_worth_another_try() {
    let (server, _) = Setup::new()
        .with(|options| {
            options.waiting = 10_000;
            options.waiting_in_all = 30_000;
        })
        .server();
    let mut kim = Solo::guest(&server);
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}}));
    for _ in 0..5 {
        kim.ok(json!({"do": "say", "room": "a", "body": "x".repeat(16_000)}));
    }
    let mut lee = Solo::guest(&server);
    lee.ok(json!({"do": "join", "room": "a", "recent": 0}));
    // One asks for more than may wait, and reads nothing.
    lee.peer.receive(r#"{"id":1,"do":"history","room":"a"}"#, lee.now, &mut lee.out);
    lee.poll_unread();
    assert!(lee.out.bytes() > 40_000);
    let err = kim.err(json!({"do": "rooms", "order": "live"}));
    assert_eq!(err["code"], "overloaded");
    assert!(err["retry_ms"].as_u64().unwrap() > 0);
    // Talking goes on, and so does reading as soon as it has read.
    kim.ok(json!({"do": "say", "room": "a", "body": 1}));
    lee.take();
    lee.poll();
    kim.ok(json!({"do": "rooms", "order": "live"}));
    // Or gone.
    lee.peer.receive(r#"{"id":2,"do":"history","room":"a"}"#, lee.now, &mut lee.out);
    lee.poll_unread();
    assert_eq!(kim.err(json!({"do": "history", "room": "a"}))["code"], "overloaded");
    drop(lee);
    kim.ok(json!({"do": "history", "room": "a"}));
}
