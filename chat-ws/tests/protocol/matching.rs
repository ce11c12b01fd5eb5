//! Looking for a partner.

use serde_json::{Value, json};

use crate::support::{Client, Hold, Setup, Stand, Turnstile, is_cursor, millis, seconds};

fn seek(fields: Value) -> Value {
    let mut command = fields;
    command["do"] = "match".into();
    command
}

/// Two who have found each other, and their room as either sees it.
pub(crate) async fn pair(stand: &Stand) -> (Client, Value, Client, Value) {
    let (mut kim, mut lee) = (stand.guest("Kim").await, stand.guest("Lee").await);
    assert_eq!(kim.ok(seek(json!({}))).await, json!({"waiting": true}));
    assert_eq!(lee.ok(seek(json!({}))).await, json!({"waiting": true}));
    let (one, two) = (kim.event("matched").await, lee.event("matched").await);
    assert_eq!(one["room"]["id"], two["room"]["id"]);
    (kim, one, lee, two)
}

#[tokio::test]
async fn two_who_look_are_put_into_a_room_of_their_own() {
    let stand = Stand::new().await;
    let (mut kim, one, mut lee, two) = pair(&stand).await;
    let room = one["room"]["id"].as_str().unwrap();
    assert!(room.starts_with("random~") && room.len() >= "random~".len() + 22, "{room}");
    for matched in [&one, &two] {
        assert_eq!((&matched["pool"], &matched["shared"]), (&json!("random"), &json!([])));
        let info = &matched["room"];
        assert_eq!(
            (&info["kind"], &info["capacity"], &info["live"]),
            (&json!("pair"), &json!(2), &json!(2))
        );
        is_cursor(&matched["cursor"]);
        let members = matched["members"].as_array().unwrap();
        assert_eq!(members.len(), 2);
        assert!(members.iter().any(|member| member["user"] == matched["you"]));
    }
    assert_ne!(one["you"], two["you"]);
    // They are in it already, right behind the cursor.
    let say = json!({"do": "say", "room": room, "body": "hi"});
    let n = kim.ok(say).await["n"].take();
    assert_eq!(n, one["cursor"]["n"].as_u64().unwrap() + 1);
    for client in [&mut kim, &mut lee] {
        let said = client.event("said").await;
        assert_eq!((&said["by"], &said["n"]), (&one["you"], &n));
    }
}

#[tokio::test]
async fn a_pool_has_its_name_and_random_is_the_usual_one() {
    let stand = Stand::new().await;
    let (mut kim, mut lee) = (stand.guest("Kim").await, stand.guest("Lee").await);
    let longest = "a_-0".repeat(8);
    kim.ok(seek(json!({"pool": longest}))).await;
    lee.ok(seek(json!({"pool": "random"}))).await;
    kim.nothing().await;
    lee.ok(seek(json!({"pool": longest}))).await;
    let matched = kim.event("matched").await;
    assert_eq!(matched["pool"], longest);
    assert!(matched["room"]["id"].as_str().unwrap().starts_with(&format!("{longest}~")));
    for wrong in [
        json!(""),
        json!("A"),
        json!("a b"),
        json!("a.b"),
        json!("x".repeat(33)),
        json!("방"),
        json!(1),
        json!("a~b"),
    ] {
        assert_eq!(kim.wrong(seek(json!({"pool": wrong}))).await, "pool", "{wrong}");
        assert_eq!(kim.wrong(json!({"do": "unmatch", "pool": wrong})).await, "pool", "{wrong}");
    }
}

#[tokio::test]
async fn tags_have_their_bounds() {
    let stand = Stand::new().await;
    let mut kim = stand.guest("Kim").await;
    let many = |count: usize| -> Vec<String> { (0..count).map(|at| format!("t{at}")).collect() };
    for good in [json!([]), json!(many(8)), json!(["각".repeat(32)]), Value::Null] {
        kim.ok(seek(json!({"tags": good}))).await;
    }
    for wrong in [
        json!(many(9)),
        json!(["x".repeat(33)]),
        json!([""]),
        json!([" "]),
        json!(["a\u{202e}"]),
        json!("music"),
        json!([1]),
        json!({}),
    ] {
        assert_eq!(kim.wrong(seek(json!({"tags": wrong}))).await, "tags", "{wrong}");
    }
    for wrong in [json!("true"), json!(1), json!([])] {
        assert_eq!(kim.wrong(seek(json!({"tags": ["a"], "strict": wrong}))).await, "strict");
    }
}

#[tokio::test]
async fn who_shares_a_tag_is_matched_at_once_and_told_which() {
    let stand = Stand::new().await;
    let [mut kim, mut lee, mut mia] =
        [stand.guest("Kim").await, stand.guest("Lee").await, stand.guest("Mia").await];
    kim.ok(seek(json!({"tags": ["films"]}))).await;
    lee.ok(seek(json!({"tags": [" Music ", "chess"]}))).await;
    mia.ok(seek(json!({"tags": ["chess", "MUSIC"]}))).await;
    for client in [&mut lee, &mut mia] {
        let mut shared: Vec<_> = client.event("matched").await["shared"]
            .as_array()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        shared.sort();
        assert_eq!(shared, [r#""chess""#, r#""music""#]);
    }
    kim.nothing().await;
}

#[tokio::test]
async fn who_shares_none_is_matched_after_three_seconds_and_strict_never() {
    let stand = Stand::new().await;
    let [mut kim, mut lee, mut mia] =
        [stand.guest("Kim").await, stand.guest("Lee").await, stand.guest("Mia").await];
    mia.ok(seek(json!({"tags": ["go"], "strict": true}))).await;
    kim.ok(seek(json!({"tags": ["films"]}))).await;
    stand.pass(seconds(2)).await;
    lee.ok(seek(json!({}))).await;
    stand.pass(millis(900)).await;
    for client in [&mut kim, &mut lee, &mut mia] {
        client.nothing().await;
    }
    stand.pass(millis(200)).await;
    assert_eq!(kim.event("matched").await["shared"], json!([]));
    lee.event("matched").await;
    // It binds if either side asks for it.
    let mut nia = stand.guest("Nia").await;
    nia.ok(seek(json!({}))).await;
    stand.pass(seconds(60)).await;
    mia.nothing().await;
    nia.nothing().await;
    let mut fan = stand.guest("Fan").await;
    fan.ok(seek(json!({"tags": ["go", "tea"]}))).await;
    assert_eq!(mia.event("matched").await["shared"], json!(["go"]));
    fan.event("matched").await;
    nia.nothing().await;
}

#[tokio::test]
async fn a_double_click_matches_nobody_with_themselves() {
    let stand = Stand::new().await;
    let mut kim = stand.guest("Kim").await;
    let mut tab = stand.connect().await;
    tab.hello(json!({"token": kim.token()})).await;
    let twice = kim.send_all([seek(json!({})), seek(json!({}))]).await;
    for each in twice {
        assert_eq!(kim.reply(each).await["ok"], json!({"waiting": true}));
    }
    kim.nothing().await;
    // From another tab it replaces the first, which is told.
    tab.ok(seek(json!({}))).await;
    assert_eq!(
        kim.next_event().await,
        json!({"ev": "unmatched", "pool": "random", "why": "replaced"})
    );
    tab.nothing().await;
    let mut lee = stand.guest("Lee").await;
    lee.ok(seek(json!({}))).await;
    tab.event("matched").await;
    kim.nothing().await;
}

#[tokio::test]
async fn a_second_search_takes_the_time_of_the_first_along() {
    let stand = Stand::new().await;
    let [mut kim, mut lee, mut mia] =
        [stand.guest("Kim").await, stand.guest("Lee").await, stand.guest("Mia").await];
    kim.ok(seek(json!({"tags": ["a"]}))).await;
    stand.pass(seconds(1)).await;
    lee.ok(seek(json!({"tags": ["b"]}))).await;
    kim.ok(seek(json!({"tags": ["c"]}))).await;
    mia.ok(seek(json!({"tags": ["b", "c"]}))).await;
    // Both share one tag with her: who has waited longer is first.
    kim.event("matched").await;
    lee.nothing().await;
}

#[tokio::test]
async fn unmatch_ends_the_search_and_says_what_was() {
    let stand = Stand::new().await;
    let [mut kim, mut lee, mut mia] =
        [stand.guest("Kim").await, stand.guest("Lee").await, stand.guest("Mia").await];
    assert_eq!(kim.code(json!({"do": "unmatch"})).await, "not_waiting");
    kim.ok(seek(json!({"pool": "films"}))).await;
    assert_eq!(kim.code(json!({"do": "unmatch"})).await, "not_waiting");
    assert_eq!(kim.ok(json!({"do": "unmatch", "pool": "films"})).await, json!({}));
    lee.ok(seek(json!({"pool": "films"}))).await;
    kim.nothing().await;
    mia.ok(seek(json!({"pool": "films"}))).await;
    let matched = mia.event("matched").await;
    for command in [json!({"do": "unmatch", "pool": "films"}), seek(json!({"pool": "films"}))] {
        let err = lee.err(command).await;
        assert_eq!(
            (&err["code"], &err["room"]),
            (&json!("already_matched"), &matched["room"]["id"])
        );
    }
    // In another pool it may look.
    lee.ok(seek(json!({}))).await;
}

#[tokio::test]
async fn a_lost_connection_keeps_its_place_for_five_seconds_and_is_not_matched() {
    let stand = Stand::new().await;
    let [kim, mut lee, mut mia] =
        [stand.guest("Kim").await, stand.guest("Lee").await, stand.guest("Mia").await];
    let mut kim = kim;
    kim.ok(seek(json!({"tags": ["x"]}))).await;
    let token = kim.token().to_owned();
    stand.pass(seconds(1)).await;
    lee.ok(seek(json!({"tags": ["y"]}))).await;
    kim.vanish();
    stand.until_sessions(2).await;
    let mut nobody = stand.guest("Nia").await;
    nobody.ok(seek(json!({"tags": ["x"], "strict": true}))).await;
    nobody.nothing().await;
    nobody.ok(json!({"do": "unmatch"})).await;
    stand.pass(seconds(4)).await;
    let mut kim = stand.connect().await;
    assert_eq!(kim.hello(json!({"token": token})).await["waiting"], json!(["random"]));
    lee.ok(json!({"do": "unmatch"})).await;
    lee.events().await;
    // Back in time, it has the time of its entry: the first in the queue, and widened at once.
    let ok = kim.send(seek(json!({"tags": ["x"]}))).await;
    kim.reply(ok).await;
    mia.ok(seek(json!({}))).await;
    kim.event("matched").await;
    mia.event("matched").await;
    // After five seconds there is nothing left of it.
    let mut late = stand.guest("Late").await;
    late.ok(seek(json!({"pool": "late"}))).await;
    let token = late.token().to_owned();
    late.vanish();
    stand.until_sessions(4).await;
    stand.pass(seconds(6)).await;
    let mut late = stand.connect().await;
    assert_eq!(late.hello(json!({"token": token})).await["waiting"], json!([]));
}

#[tokio::test]
async fn matched_never_comes_before_the_reply_to_the_search() {
    let stand = Stand::new().await;
    for _ in 0..50 {
        let (mut kim, mut lee) = (stand.guest("Kim").await, stand.guest("Lee").await);
        kim.ok(seek(json!({}))).await;
        let sent = lee.send(seek(json!({}))).await;
        let matched = lee.event("matched").await;
        // The reply is there already.
        assert_eq!(lee.replies_left(), 1);
        lee.reply(sent).await;
        // So it is with `next`.
        kim.event("matched").await;
        let room = &matched["room"]["id"];
        let mut mia = stand.guest("Mia").await;
        mia.ok(seek(json!({}))).await;
        let sent = lee.send(json!({"do": "next", "room": room})).await;
        let again = lee.event("matched").await;
        assert_eq!(lee.replies_left(), 1);
        lee.reply(sent).await;
        mia.event("matched").await;
        // Nothing is left of them for the next round.
        lee.ok(json!({"do": "leave", "room": again["room"]["id"]})).await;
    }
}

#[tokio::test]
async fn while_a_search_is_asked_about_what_else_happens_waits_and_is_not_lost() {
    let hold = Hold { seek: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.seek.clone().unwrap();
    let stand = Setup::new().with_hooks(hold).stand().await;
    let [mut kim, mut lee] = stand.room_of("a").await;
    let sent = lee.send(seek(json!({}))).await;
    turnstile.until_came(1).await;
    kim.ok(json!({"do": "say", "room": "a", "body": 1})).await;
    lee.ok(json!({"do": "ping"})).await;
    turnstile.open(1);
    assert_eq!(lee.reply(sent).await["ok"], json!({"waiting": true}));
    assert_eq!(lee.event("said").await["body"], 1);
}

#[tokio::test]
async fn pools_of_one_connection_are_bounded() {
    let stand = Stand::new().await;
    let mut kim = stand.guest("Kim").await;
    for at in 0..8 {
        kim.ok(seek(json!({"pool": format!("p{at}")}))).await;
    }
    assert_eq!(kim.code(seek(json!({"pool": "p8"}))).await, "too_many");
    kim.ok(seek(json!({"pool": "p7", "tags": ["x"]}))).await;
    kim.ok(json!({"do": "unmatch", "pool": "p0"})).await;
    kim.ok(seek(json!({"pool": "p8"}))).await;
}
