//! Coming in: who somebody is, what they are told, and what is said before.

use async_trait::async_trait;
use chat_core::{ByeWhy, User};
use chat_ws::{Admitted, Authenticate, Credentials, Denied, JwtKey, Tokens};
use serde_json::{Value, json};

use crate::support::{Client, Hold, Setup, Stand, Turnstile, keys, seconds, stand_secret};

#[tokio::test]
async fn hello_tells_who_one_is_and_what_holds_here() {
    let stand = Stand::new().await;
    let mut client = stand.connect().await;
    let ok = client.hello(json!({"name": "Kim"})).await;
    let fields = ["limits", "name", "retry", "rooms", "session", "token", "user", "waiting"];
    assert_eq!(keys(&ok), fields);
    assert_eq!(ok["name"], "Kim");
    assert!(ok["user"].as_str().unwrap().starts_with("u_"), "{ok}");
    assert!(!ok["session"].as_str().unwrap().is_empty());
    assert_eq!((&ok["rooms"], &ok["waiting"]), (&json!([]), &json!([])));
    let limits = json!({"frame":65536,"body":16384,"name":32,"title":100,"meta":1024,"key":64,"tags":8,"tag":32,"rooms":64,"ping_ms":25000,"silent_ms":60000});
    assert_eq!(ok["limits"], limits);
    assert_eq!(ok["retry"], json!({"min_ms":500,"max_ms":15000}));
}

#[tokio::test]
async fn who_gives_no_name_has_one_nevertheless() {
    let stand = Stand::new().await;
    let mut client = stand.connect().await;
    assert!(!client.hello(json!({})).await["name"].as_str().unwrap().is_empty());
    let mut client = stand.connect().await;
    assert!(
        !client.hello(json!({"name": null, "token": null})).await["name"]
            .as_str()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn two_without_a_token_are_two() {
    let stand = Stand::new().await;
    let (one, two) = (stand.guest("Kim").await, stand.guest("Kim").await);
    assert_ne!(one.user(), two.user());
    assert_ne!(one.me["session"], two.me["session"]);
}

#[tokio::test]
async fn the_token_brings_the_same_user_back_under_the_same_name() {
    let stand = Stand::new().await;
    let one = stand.guest("Kim").await;
    let mut again = stand.connect().await;
    let ok = again.hello(json!({"token": one.token()})).await;
    assert_eq!((&ok["user"], &ok["name"]), (&one.me["user"], &json!("Kim")));
    assert_ne!(ok["session"], one.me["session"]);
    // It gets a token again, which does the same.
    let mut third = stand.connect().await;
    let ok = third.hello(json!({"token": again.token(), "name": "Lee"})).await;
    assert_eq!((&ok["user"], &ok["name"]), (&one.me["user"], &json!("Lee")));
}

#[tokio::test]
async fn a_refresh_is_not_a_second_person() {
    let stand = Stand::new().await;
    let [mut first, mut other] = stand.room_of("lobby").await;
    let mut kim = stand.guest("Kim").await;
    kim.ok(json!({"do": "join", "room": "lobby"})).await;
    first.event("joined").await;
    other.event("joined").await;
    let (token, user) = (kim.token().to_owned(), kim.user().to_owned());
    // As a browser does it.
    kim.close(1001).await;
    let mut kim = stand.connect().await;
    let ok = kim.hello(json!({"token": token})).await;
    assert_eq!((&ok["user"], &ok["rooms"]), (&json!(user), &json!(["lobby"])));
    let join = kim.ok(json!({"do": "join", "room": "lobby"})).await;
    assert_eq!(join["room"]["live"], 3);
    stand.pass(seconds(30)).await;
    first.nothing().await;
    other.nothing().await;
    assert_eq!(stand.live("lobby").await, 3);
}

#[tokio::test]
async fn rooms_and_pools_of_a_lost_connection_are_told_within_the_grace() {
    let stand = Stand::new().await;
    let mut kim = stand.guest("Kim").await;
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}})).await;
    kim.ok(json!({"do": "join", "room": "b", "create": {"title": "B"}})).await;
    kim.ok(json!({"do": "match", "pool": "films"})).await;
    let token = kim.token().to_owned();
    kim.vanish();
    let mut kim = stand.connect().await;
    let ok = kim.hello(json!({"token": token})).await;
    let mut rooms: Vec<_> = ok["rooms"].as_array().unwrap().clone();
    rooms.sort_by_key(Value::to_string);
    assert_eq!(rooms, ["a", "b"]);
    assert_eq!(ok["waiting"], json!(["films"]));
    kim.vanish();
    stand.pass(seconds(10)).await;
    let mut kim = stand.connect().await;
    let ok = kim.hello(json!({"token": token})).await;
    assert_eq!((&ok["rooms"], &ok["waiting"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn rooms_of_another_tab_are_told_and_are_not_ones_own() {
    let stand = Stand::new().await;
    let mut one = stand.guest("Kim").await;
    one.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}})).await;
    let mut two = stand.connect().await;
    let ok = two.hello(json!({"token": one.token()})).await;
    assert_eq!(ok["rooms"], json!(["a"]));
    assert_eq!(two.code(json!({"do": "say", "room": "a", "body": 1})).await, "not_member");
}

#[tokio::test]
async fn a_site_names_its_users_by_its_own_token() {
    let stand = Stand::new().await;
    let mut kim = stand.connect().await;
    let ok = kim.hello(json!({"token": stand.token("kim"), "name": "Somebody else"})).await;
    // The site's word for it comes first; and it has its own way to make tokens.
    assert_eq!((&ok["user"], &ok["name"], ok.get("token")), (&json!("kim"), &json!("kim"), None));
    let tokens = Tokens::new(stand_secret()).with_clock(stand.clock.clone());
    let nameless = tokens.issue(&"lee".parse().unwrap(), None, 60);
    let mut lee = stand.connect().await;
    let ok = lee.hello(json!({"token": nameless, "name": "Lee"})).await;
    assert_eq!((&ok["user"], &ok["name"]), (&json!("lee"), &json!("Lee")));
}

#[tokio::test]
async fn tokens_by_eddsa_are_taken_where_the_site_signs_so() {
    use data_encoding::BASE64URL_NOPAD as BASE64URL;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let auth =
        Tokens::new(stand_secret()).with_key(JwtKey::ed25519(pair.public_key().as_ref()).unwrap());
    let stand = Setup::new().with_auth(auth).stand().await;
    let token = |header: &str, claims: &str| {
        let message = [header, claims].map(|part| BASE64URL.encode(part.as_bytes())).join(".");
        let signature = BASE64URL.encode(pair.sign(message.as_bytes()).as_ref());
        format!("{message}.{signature}")
    };
    let good = token(
        r#"{"alg":"EdDSA","typ":"JWT","kid":"1"}"#,
        r#"{"sub":"kim","name":"Kim","aud":"x"}"#,
    );
    let mut kim = stand.connect().await;
    let ok = kim.hello(json!({"token": good})).await;
    assert_eq!((&ok["user"], &ok["name"]), (&json!("kim"), &json!("Kim")));
    // The secret is not the site's then: a token signed with it names nobody.
    let mut forged = stand.connect().await;
    assert_eq!(
        forged.code(json!({"do": "hello", "token": stand.token("kim")})).await,
        "unauthorized"
    );
    let mut none = stand.connect().await;
    let none_token = token(r#"{"alg":"none"}"#, r#"{"sub":"kim"}"#);
    assert_eq!(none.code(json!({"do": "hello", "token": none_token})).await, "unauthorized");
    // Those without an account still have theirs.
    let guest = stand.guest("Guest").await;
    let mut again = stand.connect().await;
    assert_eq!(again.hello(json!({"token": guest.token()})).await["user"], guest.user());
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_one_word_then_the_close() {
    let stand = Stand::new().await;
    let expired = Tokens::new(stand_secret()).with_clock(stand.clock.clone());
    let expired = expired.issue(&"kim".parse().unwrap(), None, 5);
    stand.pass(seconds(5)).await;
    let good = stand.token("kim");
    let mut garbled = good.clone();
    garbled.replace_range(
        good.len() - 5..good.len() - 4,
        if good.as_bytes()[good.len() - 5] == b'A' { "B" } else { "A" },
    );
    let other = Tokens::new(chat_ws::Secret::random()).with_clock(stand.clock.clone());
    let other = other.issue(&"kim".parse().unwrap(), None, 600);
    for token in [expired.as_str(), &garbled, &other, "", "x", "a.b.c", &"x".repeat(20_000)] {
        let mut client = stand.connect().await;
        let err = client.err(json!({"do": "hello", "token": token})).await;
        assert_eq!(err["code"], "unauthorized");
        let (code, bye) = client.bye().await;
        assert_eq!((code, &bye["why"]), (4401, &json!("unauthorized")));
    }
}

#[tokio::test]
async fn a_token_whose_sub_is_no_user_is_no_good_one() {
    use data_encoding::BASE64URL_NOPAD as BASE64URL;
    use ring::hmac;
    let stand = Stand::new().await;
    let long = format!(r#"{{"sub":"{}"}}"#, "x".repeat(129));
    for (claims, good) in [
        (r#"{"sub":"a@b.example/7"}"#, true),
        (r#"{"sub":""}"#, false),
        (r#"{"sub":"kim lee"}"#, false),
        (r#"{"sub":"김"}"#, false),
        (r#"{"sub":null}"#, false),
        (r#"{"name":"Kim"}"#, false),
        (r#"["kim"]"#, false),
        (&long, false),
    ] {
        let message = [r#"{"alg":"HS256"}"#, claims].map(|part| BASE64URL.encode(part.as_bytes()));
        let message = message.join(".");
        let key = hmac::Key::new(hmac::HMAC_SHA256, stand_secret().as_bytes());
        let signature = BASE64URL.encode(hmac::sign(&key, message.as_bytes()).as_ref());
        let mut client = stand.connect().await;
        let token = format!("{message}.{signature}");
        if good {
            client.hello(json!({"token": token})).await;
            continue;
        }
        let code = client.code(json!({"do": "hello", "token": token})).await;
        assert_eq!((code.as_str(), client.bye().await.0), ("unauthorized", 4401), "{claims}");
    }
}

#[tokio::test]
async fn an_open_connection_outlives_its_token() {
    let stand = Stand::new().await;
    let tokens = Tokens::new(stand_secret()).with_clock(stand.clock.clone());
    let token = tokens.issue(&"kim".parse().unwrap(), None, 5);
    let mut kim = stand.connect().await;
    kim.hello(json!({"token": token})).await;
    stand.pass(seconds(600)).await;
    kim.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}})).await;
    let mut again = stand.connect().await;
    assert_eq!(again.code(json!({"do": "hello", "token": token})).await, "unauthorized");
}

#[tokio::test]
async fn nobody_comes_in_without_a_token_where_that_is_not_allowed() {
    let auth = Tokens::new(stand_secret()).without_anonymous();
    let stand = Setup::new().with_auth(auth).stand().await;
    let mut nobody = stand.connect().await;
    assert_eq!(nobody.code(json!({"do": "hello", "name": "Kim"})).await, "unauthorized");
    assert_eq!(nobody.bye().await.0, 4401);
    // Not with a token that was given to somebody without an account, either.
    let elsewhere = Stand::new().await;
    let guest = elsewhere.guest("Kim").await;
    let mut nobody = stand.connect().await;
    assert_eq!(nobody.code(json!({"do": "hello", "token": guest.token()})).await, "unauthorized");
    assert_eq!(nobody.bye().await.0, 4401);
}

/// A site that knows its users by a cookie, as sites do.
struct Cookies;

#[async_trait]
impl Authenticate for Cookies {
    async fn authenticate(&self, who: Credentials<'_>) -> Result<Admitted, Denied> {
        let cookie = who.upgrade.header("cookie").and_then(|cookie| cookie.strip_prefix("user="));
        let id = cookie.ok_or(Denied::Unauthorized)?;
        Ok(Admitted::new(User::named(id, who.name.unwrap_or("Nameless"))))
    }
}

#[tokio::test]
async fn the_request_itself_may_name_the_user() {
    let stand = Setup::new().with_auth(Cookies).stand().await;
    let (mut kim, _) = Client::try_connect(stand.address, &[("cookie", "user=kim")]).await.unwrap();
    let ok = kim.hello(json!({"name": "Kim"})).await;
    assert_eq!((&ok["user"], &ok["name"], ok.get("token")), (&json!("kim"), &json!("Kim"), None));
    let mut nobody = stand.connect().await;
    assert_eq!(nobody.code(json!({"do": "hello"})).await, "unauthorized");
    assert_eq!(nobody.bye().await.0, 4401);
}

#[tokio::test]
async fn a_name_is_trimmed_and_composed() {
    let stand = Stand::new().await;
    // Korean as it is typed on a Mac: decomposed.
    for (said, is) in [
        ("  Kim ", "Kim"),
        ("\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}", "한글"),
        ("e\u{301}", "é"),
        ("👩\u{200d}👩\u{200d}👧", "👩\u{200d}👩\u{200d}👧"),
        ("a b", "a b"),
    ] {
        assert_eq!(stand.guest(said).await.me["name"], is);
    }
    assert_eq!(stand.guest(&"각".repeat(32)).await.me["name"], "각".repeat(32));
}

#[tokio::test]
async fn a_name_that_is_not_allowed_is_a_bad_request_and_hello_can_be_repeated() {
    let stand = Stand::new().await;
    let mut client = stand.connect().await;
    let bad = ["", "   ", "a\nb", "a\u{0}", "\u{202e}evil", "a\u{2066}b", "a\u{2028}b", "\u{7f}"];
    for name in bad.map(str::to_owned).into_iter().chain(["x".repeat(33)]) {
        let field = client.wrong(json!({"do": "hello", "name": name})).await;
        assert_eq!(field, "name", "{name:?}");
    }
    client.hello(json!({"name": "Kim"})).await;
    client.ok(json!({"do": "ping"})).await;
}

#[tokio::test]
async fn a_hello_of_the_wrong_type_is_a_bad_request_that_names_the_field() {
    let stand = Stand::new().await;
    let mut client = stand.connect().await;
    for wrong in [json!(7), json!(["x"]), json!({}), json!(true)] {
        assert_eq!(client.wrong(json!({"do": "hello", "name": wrong})).await, "name");
        assert_eq!(client.wrong(json!({"do": "hello", "token": wrong})).await, "token");
    }
    client.hello(json!({})).await;
}

#[tokio::test]
async fn before_hello_everything_else_is_unauthorized_under_its_number() {
    let stand = Stand::new().await;
    let mut client = stand.connect().await;
    for command in [
        json!({"do": "ping"}),
        json!({"do": "join", "room": "lobby", "create": {"title": "Lobby"}}),
        json!({"do": "rooms", "order": "live"}),
        json!({"do": "rooms"}),
        json!({"do": "say"}),
        json!({"do": "dance"}),
        json!({"do": ""}),
        json!({"do": "Hello"}),
    ] {
        assert_eq!(client.code(command).await, "unauthorized");
    }
    // They are no bad frames: more than five, and it may still come in.
    client.hello(json!({})).await;
    assert_eq!(client.code(json!({"do": "join", "room": "lobby"})).await, "no_such_room");
}

#[tokio::test]
async fn a_second_hello_is_a_bad_request_and_changes_nothing() {
    let stand = Stand::new().await;
    let mut client = stand.guest("Kim").await;
    assert_eq!(client.code(json!({"do": "hello"})).await, "bad_request");
    assert_eq!(client.code(json!({"do": "hello", "token": "garbage"})).await, "bad_request");
    client.ok(json!({"do": "join", "room": "a", "create": {"title": "A"}})).await;
    let members = client.ok(json!({"do": "members", "room": "a"})).await;
    assert_eq!(members["members"][0]["name"], "Kim");
}

#[tokio::test]
async fn commands_may_be_sent_behind_hello_without_waiting() {
    let hold = Hold { hello: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.hello.clone().unwrap();
    let stand = Setup::new().with_auth(hold).stand().await;
    let mut client = stand.connect().await;
    let sent = client
        .send_all([
            json!({"do": "hello", "name": "Kim"}),
            json!({"do": "join", "room": "a", "create": {"title": "A"}}),
            json!({"do": "say", "room": "a", "body": "first"}),
            json!({"do": "hello"}),
            json!({"do": "ping"}),
            json!({"do": "say", "room": "a", "body": "second"}),
        ])
        .await;
    turnstile.until_came(1).await;
    turnstile.open(1);
    let mut replies = Vec::new();
    for each in &sent {
        replies.push(client.reply(*each).await);
    }
    assert!(replies[0]["ok"]["user"].is_string());
    assert_eq!(replies[1]["ok"]["created"], true);
    assert_eq!((&replies[2]["ok"]["n"], &replies[5]["ok"]["n"]), (&json!(2), &json!(3)));
    assert_eq!(replies[3]["err"]["code"], "bad_request");
    assert_eq!(replies[4]["ok"], json!({}));
    assert_eq!(client.event("said").await["body"], "first");
    assert_eq!(client.event("said").await["body"], "second");
}

#[tokio::test]
async fn what_was_sent_behind_a_hello_that_fails_is_unauthorized() {
    let hold = Hold { hello: Some(Turnstile::new()), ..Hold::NOTHING };
    let turnstile = hold.hello.clone().unwrap();
    let stand = Setup::new().with_auth(hold).stand().await;
    let behind =
        || [json!({"do": "join", "room": "a", "create": {"title": "A"}}), json!({"do": "ping"})];
    for (hello, code) in [
        (json!({"do": "hello", "name": "\u{202e}"}), "bad_request"),
        (json!({"do": "hello", "token": "away"}), "unavailable"),
    ] {
        let mut client = stand.connect().await;
        let sent = client.send_all(std::iter::once(hello).chain(behind())).await;
        turnstile.open(1);
        assert_eq!(client.reply(sent[0]).await["err"]["code"], code);
        assert_eq!(client.reply(sent[1]).await["err"]["code"], "unauthorized");
        assert_eq!(client.reply(sent[2]).await["err"]["code"], "unauthorized");
        // Said again, it works.
        turnstile.open(1);
        client.hello(json!({})).await;
        assert_eq!(client.code(json!({"do": "join", "room": "a"})).await, "no_such_room");
    }
    let mut client = stand.connect().await;
    let bad = json!({"do": "hello", "token": "bad"});
    let sent = client.send_all(std::iter::once(bad).chain(behind())).await;
    turnstile.open(1);
    for each in sent {
        assert_eq!(client.reply(each).await["err"]["code"], "unauthorized");
    }
    assert_eq!(client.bye().await.0, 4401);
}

#[tokio::test]
async fn credentials_that_cannot_be_checked_now_are_worth_another_try() {
    let stand = Setup::new().with_auth(Hold::NOTHING).stand().await;
    let mut client = stand.connect().await;
    let err = client.err(json!({"do": "hello", "token": "away"})).await;
    assert_eq!(err["code"], "unavailable");
    assert!(err["retry_ms"].as_u64().unwrap() > 0);
    client.hello(json!({"token": "kim"})).await;
    assert_eq!(client.user(), "kim");
}

#[tokio::test]
async fn a_user_has_only_so_many_connections() {
    let mut setup = Setup::new();
    setup.limits.sessions_of_user = 2;
    let stand = setup.stand().await;
    let token = stand.token("kim");
    let (mut one, mut two) = (stand.user("kim").await, stand.user("kim").await);
    let mut three = stand.connect().await;
    assert_eq!(three.code(json!({"do": "hello", "token": token})).await, "too_many");
    // It may try again when one of the others has gone.
    one.ok(json!({"do": "ping"})).await;
    stand.server.engine().disconnect(&"kim".parse().unwrap(), ByeWhy::Gone).await.unwrap();
    one.bye().await;
    two.bye().await;
    three.hello(json!({"token": token})).await;
}
