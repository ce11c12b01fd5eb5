//! What a frame has to look like, whatever it says.

use serde_json::Value;

const CODES: [&str; 17] = [
    "bad_request",
    "unknown_command",
    "unauthorized",
    "forbidden",
    "no_such_room",
    "room_exists",
    "room_full",
    "room_closed",
    "not_member",
    "not_waiting",
    "already_matched",
    "too_large",
    "too_many",
    "rate_limited",
    "overloaded",
    "unavailable",
    "internal",
];

/// The names of an object's fields, in the order in which they stand.
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        object.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// A frame is a reply with one of `ok` and `err`, or an event.
pub(crate) fn check_frame(frame: &Value) {
    let fields = keys(frame);
    if fields.contains(&"re") {
        assert!(fields == ["ok", "re"] || fields == ["err", "re"], "{frame}");
        assert!(
            frame["re"].is_u64() || (frame["re"].is_null() && frame["ok"].is_null()),
            "{frame}"
        );
        if let Some(ok) = frame.get("ok") {
            assert!(ok.is_object(), "{frame}");
        } else {
            check_error(&frame["err"]);
        }
        return;
    }
    let room = frame["room"].is_string();
    match frame["ev"].as_str().expect("a reply or an event") {
        "said" | "joined" | "left" | "renamed" | "closed" => is_entry(frame),
        "signal" => assert!(fields == ["body", "by", "ev", "room"] && room, "{frame}"),
        "count" => assert!(fields == ["ev", "live", "room"] && room, "{frame}"),
        "kicked" => assert!(fields == ["ev", "room"] && room, "{frame}"),
        "reset" => {
            assert!(fields == ["cursor", "ev", "room", "why"] && room, "{frame}");
            is_cursor(&frame["cursor"]);
            assert!(["slow", "fenced", "epoch"].iter().any(|why| frame["why"] == *why), "{frame}");
        }
        "bye" => {
            assert!(fields == ["ev", "why"] || fields == ["ev", "retry_ms", "why"], "{frame}");
            assert!(frame["why"].is_string(), "{frame}");
        }
        "list" if frame["list"] == "online" => {
            assert_eq!(fields, ["ev", "list", "online", "version"]);
            assert!(frame["online"].is_u64(), "{frame}");
        }
        "list" => {
            assert_eq!(fields, ["ev", "list", "ops", "version"]);
            for op in frame["ops"].as_array().expect("ops") {
                match keys(op)[..] {
                    ["at", "room"] => is_room(&op["room"]),
                    ["gone"] => assert!(op["gone"].is_string(), "{op}"),
                    _ => panic!("{op} is no op"),
                }
            }
        }
        "matched" => {
            assert_eq!(fields, ["cursor", "ev", "members", "pool", "room", "shared", "you"]);
            is_room(&frame["room"]);
            is_cursor(&frame["cursor"]);
            frame["members"].as_array().expect("members").iter().for_each(is_member);
        }
        "unmatched" => {
            assert_eq!(fields, ["ev", "pool", "why"]);
            assert!(["replaced", "lapsed"].iter().any(|why| frame["why"] == *why), "{frame}");
        }
        other => panic!("there is no event {other}"),
    }
}

fn check_error(err: &Value) {
    let code = err["code"].as_str().expect("a code");
    assert!(CODES.contains(&code), "{err}");
    assert!(err["message"].as_str().is_some_and(|message| !message.is_empty()), "{err}");
    for field in keys(err) {
        let goes_with = match field {
            "code" | "message" => true,
            "retry_ms" => ["rate_limited", "overloaded", "unavailable"].contains(&code),
            "field" => code == "bad_request",
            "why" => code == "room_closed",
            "room" => code == "already_matched",
            _ => false,
        };
        assert!(goes_with, "{field} in {err}");
    }
}

/// An entry has the fields of its kind, and no others.
pub(crate) fn is_entry(entry: &Value) {
    let of_kind: &[&str] = match entry["ev"].as_str() {
        Some("said") => &["body", "by", "name"],
        Some("joined") => &["live", "name", "user"],
        Some("left") => &["live", "name", "user", "why"],
        Some("renamed") => &["name", "user"],
        Some("closed") => &["why"],
        _ => panic!("{entry} is no entry"),
    };
    let mut fields: Vec<&str> = [&["at", "ev", "n", "room"], of_kind].concat();
    if entry["ev"] == "said" {
        fields.extend(["cut", "key"].iter().filter(|field| entry.get(**field).is_some()));
    }
    fields.sort_unstable();
    assert_eq!(keys(entry), fields, "{entry}");
    assert!(entry["n"].as_u64().is_some_and(|n| n > 0) && entry["at"].is_u64(), "{entry}");
    assert!(entry.get("cut").is_none_or(|cut| cut == true), "{entry}");
}

/// A `RoomInfo`, to the field.
pub(crate) fn is_room(room: &Value) {
    let fields =
        ["capacity", "created", "id", "kind", "last", "live", "meta", "owner", "title", "visitors"];
    assert_eq!(keys(room), fields, "{room}");
    for number in ["capacity", "created", "live", "visitors"] {
        assert!(room[number].is_u64(), "{number} of {room}");
    }
    assert!(room["id"].is_string() && room["title"].is_string() && room["meta"].is_object());
    assert!(["public", "private", "pair"].iter().any(|kind| room["kind"] == *kind), "{room}");
    assert!(room["owner"].is_string() || room["owner"].is_null(), "{room}");
    if !room["last"].is_null() {
        is_entry(&room["last"]);
        assert_eq!(room["last"]["ev"], "said");
    }
}

/// A cursor that the server made has all three.
pub(crate) fn is_cursor(cursor: &Value) {
    let fields = keys(cursor);
    let empty = cursor["n"] == 0 && fields == ["epoch", "n"];
    assert!(fields == ["at", "epoch", "n"] || empty, "{cursor}");
    assert!(cursor["epoch"].is_string() && cursor["n"].is_u64(), "{cursor}");
}

/// A member, to the field.
pub(crate) fn is_member(member: &Value) {
    assert_eq!(keys(member), ["name", "since", "user"], "{member}");
    assert!(member["user"].is_string() && member["name"].is_string() && member["since"].is_u64());
}
