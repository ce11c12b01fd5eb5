//! Reading a log backwards.

use async_trait::async_trait;
use chat_core::{Body, Entry, Epoch, HookResult, Hooks, RoomId, Said, Timestamp, What};
use serde_json::{Value, json};

use crate::support::{Client, Setup, Stand, is_entry, keys};

/// A room in which 120 things were said, with somebody coming and going in the midst of it: 1 the opener comes, 2–61 said, 62 comes,
/// 63 leaves, 64–123 said, 124 renamed.
async fn room(stand: &Stand, history: u32) -> Client {
    let mut kim = stand.user("kim").await;
    let create = json!({"title": "A", "policy": {"history": history}});
    kim.ok(json!({"do": "join", "room": "a", "create": create})).await;
    for at in 0..120 {
        if at == 60 {
            let mut lee = stand.user("lee").await;
            lee.ok(json!({"do": "join", "room": "a"})).await;
            lee.ok(json!({"do": "leave", "room": "a"})).await;
        }
        kim.ok(json!({"do": "say", "room": "a", "body": at})).await;
    }
    kim.ok(json!({"do": "rename", "name": "Kim"})).await;
    kim
}

async fn page(client: &mut Client, fields: Value) -> (Vec<u64>, bool, Value) {
    let mut command = fields;
    command["do"] = "history".into();
    command["room"] = "a".into();
    let mut ok = client.ok(command).await;
    assert_eq!(keys(&ok), ["entries", "epoch", "first", "more"]);
    let entries = ok["entries"].take();
    entries.as_array().unwrap().iter().for_each(is_entry);
    let numbers: Vec<u64> =
        entries.as_array().unwrap().iter().map(|entry| entry["n"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted());
    (numbers, ok["more"].as_bool().unwrap(), ok)
}

#[tokio::test]
async fn neither_before_nor_after_is_the_newest() {
    let stand = Stand::new().await;
    let mut kim = room(&stand, 500).await;
    // Fifty that were said, and the notice behind them.
    let (numbers, more, ok) = page(&mut kim, json!({})).await;
    assert_eq!((numbers, more), ((74..=124).collect(), true));
    assert_eq!(ok["first"], 2);
    let cursor = kim.ok(json!({"do": "join", "room": "a"})).await["cursor"].take();
    assert_eq!(ok["epoch"], cursor["epoch"]);
    // The notices between are not counted.
    let (numbers, more, _) = page(&mut kim, json!({"limit": 61})).await;
    assert_eq!((numbers, more), ((61..=124).collect(), true));
    let (numbers, more, _) = page(&mut kim, json!({"limit": 1})).await;
    assert_eq!((numbers, more), (vec![123, 124], true));
    let (numbers, more, _) = page(&mut kim, json!({"limit": 200})).await;
    assert!(!more && numbers.ends_with(&[123, 124]) && numbers[0] <= 2, "{numbers:?}");
}

#[tokio::test]
async fn before_goes_back_page_by_page_to_the_first() {
    let stand = Stand::new().await;
    let mut kim = room(&stand, 500).await;
    let mut said: Vec<u64> = Vec::new();
    let (mut before, mut pages) = (None, 0);
    loop {
        let (numbers, more, _) = page(&mut kim, json!({"limit": 7, "before": before})).await;
        assert!(before.is_none_or(|before: u64| numbers.iter().all(|n| *n < before)));
        before = numbers.first().copied();
        said.splice(0..0, numbers);
        pages += 1;
        if !more {
            break;
        }
    }
    // Each once, in order; the notices that lie between what was said are there, too.
    let expected: Vec<u64> = (said[0]..=124).collect();
    assert!(said[0] <= 2, "{said:?}");
    assert_eq!((said, pages), (expected, 18));
}

#[tokio::test]
async fn after_goes_on_to_the_newest() {
    let stand = Stand::new().await;
    let mut kim = room(&stand, 500).await;
    let (numbers, more, _) = page(&mut kim, json!({"after": 0, "limit": 2})).await;
    assert!(more && numbers.ends_with(&[2, 3]), "{numbers:?}");
    let (numbers, more, _) = page(&mut kim, json!({"after": 60, "limit": 2})).await;
    assert_eq!((numbers, more), (vec![61, 62, 63, 64], true));
    let (numbers, more, _) = page(&mut kim, json!({"after": 121, "limit": 2})).await;
    assert!(!more && numbers.starts_with(&[122, 123]), "{numbers:?}");
    for after in [124, 1_000, (1_u64 << 53) - 1] {
        let (numbers, more, _) = page(&mut kim, json!({"after": after})).await;
        assert_eq!((numbers, more), (vec![], false));
    }
    for before in [0, 1, 2] {
        let (numbers, more, _) = page(&mut kim, json!({"before": before})).await;
        assert!(!more && numbers.iter().all(|n| *n < before), "{numbers:?}");
    }
}

#[tokio::test]
async fn what_is_no_longer_kept_is_not_there_and_first_says_so() {
    let stand = Stand::new().await;
    let mut kim = room(&stand, 10).await;
    let (numbers, more, ok) = page(&mut kim, json!({"limit": 200})).await;
    assert_eq!((numbers.contains(&114), numbers.contains(&113), more), (true, false, false));
    assert_eq!(ok["first"], 114);
    let (numbers, more, _) = page(&mut kim, json!({"before": 114})).await;
    assert!(!more && numbers.iter().all(|n| [1, 62, 63].contains(n)), "{numbers:?}");
}

/// A site that keeps what was said, and knows it without looking.
struct Archive;

#[async_trait]
impl Hooks for Archive {
    async fn older(
        &self,
        room: &RoomId,
        epoch: Epoch,
        before: u64,
        limit: u32,
    ) -> HookResult<Vec<Entry>> {
        let said = |n: u64| {
            let said = Said { by: None, name: None, body: Body::text(&n.to_string()), key: None };
            Entry::new(room.clone(), epoch, n, Timestamp(n), What::Said(said))
        };
        Ok((before.saturating_sub(limit.into()).max(2)..before).map(said).collect())
    }
}

#[tokio::test]
async fn what_a_site_keeps_beyond_the_log_is_read_as_if_it_were_kept() {
    let stand = Setup::new().with_hooks(Archive).stand().await;
    let mut kim = room(&stand, 10).await;
    let (numbers, more, ok) = page(&mut kim, json!({"before": 120, "limit": 20})).await;
    assert_eq!((numbers, more, &ok["first"]), ((100..=119).collect(), true, &json!(114)));
    let (numbers, more, _) = page(&mut kim, json!({"before": 10, "limit": 20})).await;
    assert_eq!((numbers, more), ((2..=9).collect(), false));
    let url = chat_ws::http::messages(stand.server.engine(), "a", "before=10&limit=20").await;
    let over_http: Value = serde_json::from_slice(&url.body).unwrap();
    let over_the_socket =
        kim.ok(json!({"do": "history", "room": "a", "before": 10, "limit": 20})).await;
    assert_eq!(over_http, over_the_socket);
}

#[tokio::test]
async fn a_page_has_its_bounds() {
    let stand = Stand::new().await;
    let mut kim = room(&stand, 500).await;
    let history = |fields: Value| {
        let mut command = fields;
        command["do"] = "history".into();
        command["room"] = "a".into();
        command
    };
    assert_eq!(kim.code(history(json!({"before": 5, "after": 2}))).await, "bad_request");
    for field in ["before", "after", "limit"] {
        for wrong in [json!(-1), json!("5"), json!(1.5), json!(1_u64 << 53), json!([]), json!(true)]
        {
            assert_eq!(kim.wrong(history(json!({field: wrong}))).await, field);
        }
    }
    assert_eq!(kim.wrong(history(json!({"limit": 0}))).await, "limit");
    // Null is as if it were not there.
    let (numbers, _, _) = page(&mut kim, json!({"before": 5, "after": null, "limit": null})).await;
    assert!(numbers.ends_with(&[2, 3, 4]));
    for at in 0..100 {
        kim.ok(json!({"do": "say", "room": "a", "body": at})).await;
    }
    for more in [200, 201, 4_294_967_297_u64] {
        let (numbers, more, _) = page(&mut kim, json!({"limit": more})).await;
        assert_eq!((numbers.first(), more), (Some(&22), true));
    }
}
