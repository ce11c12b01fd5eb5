//! A transport that knows who somebody is before the first frame: a framework looked their cookie up, and where their page is from.

use chat_core::{Clock, User};
use chat_ws::{Server, Tokens, Upgrade};
use serde_json::{Value, json};

use crate::support::{Setup, Solo, seconds, stand_secret};

fn known(server: &Server, user: User) -> Solo {
    let admission = server.admit(Upgrade::default()).unwrap();
    Solo::admitted(server, admission.with_user(user))
}

fn kim() -> User {
    User::named("kim", "Kim")
}

/// Who is let in with this `hello`.
fn who(server: &Server, user: User, hello: &Value) -> (Value, Value, bool) {
    let mut hello = hello.clone();
    hello["do"] = "hello".into();
    let ok = known(server, user).ok(hello);
    (ok["user"].clone(), ok["name"].clone(), ok.get("token").is_some())
}

/// A token that the server gave to somebody without an account.
fn given(server: &Server) -> String {
    let ok = Solo::of(server).ok(json!({"do": "hello", "name": "Guest"}));
    ok["token"].as_str().unwrap().to_owned()
}

fn site_token(clock: &Clock) -> String {
    let tokens = Tokens::new(stand_secret()).with_clock(clock.clone());
    tokens.issue(&"lee".parse().unwrap(), Some("Lee"), 60)
}

#[test]
fn whom_the_transport_knows_needs_no_token_and_gets_none() {
    let (server, _) = Setup::new().server();
    assert_eq!(who(&server, kim(), &json!({})), (json!("kim"), json!("Kim"), false));
    // Nor where everybody else does.
    let auth = Tokens::new(stand_secret()).without_anonymous();
    let (server, _) = Setup::new().with_auth(auth).server();
    assert_eq!(who(&server, kim(), &json!({})), (json!("kim"), json!("Kim"), false));
}

#[test]
fn the_sites_name_for_somebody_comes_before_their_own() {
    let (server, _) = Setup::new().server();
    let wish = json!({"name": "Admin"});
    assert_eq!(who(&server, kim(), &wish).1, "Kim");
    assert_eq!(who(&server, User::new("kim"), &wish).1, "Admin");
    let wrong = known(&server, User::new("kim")).err(json!({"do": "hello", "name": "\u{202e}"}));
    assert_eq!((&wrong["code"], &wrong["field"]), (&json!("bad_request"), &json!("name")));
}

#[tokio::test]
async fn who_logs_in_is_no_longer_who_they_were_without_an_account() {
    let (server, _) = Setup::new().server();
    let token = given(&server);
    let hello = json!({"token": token});
    assert_eq!(who(&server, kim(), &hello), (json!("kim"), json!("Kim"), false));
    // Its end changes nothing: it is of no account.
    server.engine().pass(seconds(31 * 24 * 3600)).await;
    assert_eq!(who(&server, kim(), &hello).0, "kim");
    assert_eq!(
        Solo::of(&server).err(json!({"do": "hello", "token": token}))["code"],
        "unauthorized"
    );
}

#[test]
fn where_nobody_may_be_without_an_account_an_old_token_of_one_does_not_keep_anybody_out() {
    let token = given(&Setup::new().server().0);
    let auth = Tokens::new(stand_secret()).without_anonymous();
    let (server, _) = Setup::new().with_auth(auth).server();
    assert_eq!(who(&server, kim(), &json!({"token": token})).0, "kim");
}

#[tokio::test]
async fn the_sites_own_token_outweighs_what_the_transport_knows() {
    let (server, clock) = Setup::new().server();
    let hello = json!({"token": site_token(&clock)});
    assert_eq!(who(&server, kim(), &hello), (json!("lee"), json!("Lee"), false));
    // One that is over, or no token at all, is not passed over in silence: its bearer meant to be somebody.
    server.engine().pass(seconds(61)).await;
    for bad in [hello, json!({"token": "x"}), json!({"token": ""})] {
        let mut solo = known(&server, kim());
        let err = solo.err(json!({"do": "hello", "token": bad["token"]}));
        assert_eq!(err["code"], "unauthorized", "{bad}");
        assert_eq!(solo.close().map(|close| close.code()), Some(4401));
    }
}

#[test]
fn who_is_known_is_known_at_a_second_try_too() {
    let (server, _) = Setup::new().server();
    let mut solo = known(&server, User::new("kim"));
    let name = "x".repeat(1_000);
    assert_eq!(solo.err(json!({"do": "hello", "name": name}))["field"], "name");
    assert_eq!(solo.ok(json!({"do": "hello"}))["user"], "kim");
}

#[test]
fn an_id_that_nobody_can_have_is_refused() {
    let (server, _) = Setup::new().server();
    for id in ["", "kim lee", "\u{ae40}", &"x".repeat(129)] {
        let err = known(&server, User::new(id)).err(json!({"do": "hello"}));
        assert_eq!(err["code"], "bad_request", "{id}");
    }
}

#[test]
fn an_origin_that_a_framework_has_looked_at_is_not_looked_at_again() {
    let (server, _) = Setup::new().with(|options| options.connections = 1).server();
    let upgrade = || {
        let mut upgrade = Upgrade::default();
        upgrade.headers.insert("host", "127.0.0.1:8000".parse().unwrap());
        upgrade.headers.insert("origin", "https://example.org".parse().unwrap());
        upgrade
    };
    assert_eq!(server.admit(upgrade()).unwrap_err().status(), 403);
    let place = server.admit_any_origin(upgrade()).unwrap();
    // All else is.
    assert_eq!(server.admit_any_origin(upgrade()).unwrap_err().status(), 503);
    drop(place);
}

#[test]
fn where_the_site_names_its_users_they_take_no_other_name_and_guests_still_do() {
    let rename = json!({"do": "rename", "name": "Lee"});
    let (server, _) = Setup::new().server();
    let mut solo = known(&server, kim());
    solo.ok(json!({"do": "hello"}));
    assert_eq!(solo.ok(rename.clone())["name"], "Lee");

    let (server, _) = Setup::new().with(|options| options.accounts_rename = false).server();
    let mut solo = known(&server, kim());
    solo.ok(json!({"do": "hello"}));
    assert_eq!(solo.err(rename.clone())["code"], "forbidden");
    let mut guest = Solo::of(&server);
    let token = guest.ok(json!({"do": "hello"}))["token"].clone();
    assert_eq!(guest.ok(rename.clone())["name"], "Lee");
    // Also when they come back with their token.
    let mut guest = Solo::of(&server);
    guest.ok(json!({"do": "hello", "token": token}));
    assert_eq!(guest.ok(rename)["name"], "Lee");
}
