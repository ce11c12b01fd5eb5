//! What the fuzz targets do, on bytes at random and on bytes that are nearly right: so that it holds also where nobody fuzzes, and so
//! that the targets do not rot.

#![allow(missing_docs, clippy::expect_used, reason = "tests")]

#[path = "../fuzz/targets/bytes.rs"]
mod bytes;
#[path = "../fuzz/targets/frames.rs"]
mod frames;

use proptest::prelude::*;

/// Commands that are right, or nearly.
fn command() -> impl Strategy<Value = String> {
    const VERBS: &str = "(hello|ping|open|join|leave|say|signal|history|members|close|rename|rooms|watch|unwatch|match|unmatch|next|block|no)";
    const FIELDS: &[&str] = &[
        "room", "title", "kind", "meta", "policy", "create", "since", "recent", "before", "after",
        "limit", "offset", "order", "ids", "pool", "tags", "strict", "body", "key", "name",
        "token",
    ];
    let value = prop_oneof![
        Just("null".to_owned()),
        Just(r#""a""#.to_owned()),
        Just(r#""live""#.to_owned()),
        Just(r#""random~a""#.to_owned()),
        Just(r#"{"title":"A","policy":{"idle_s":null,"history":3}}"#.to_owned()),
        Just(r#"{"epoch":"1","n":0}"#.to_owned()),
        Just(r#"["a","b"]"#.to_owned()),
        Just(r#""\ud800""#.to_owned()),
        Just("1e999".to_owned()),
        Just("-1".to_owned()),
        Just("18446744073709551616".to_owned()),
        (0_u32..300).prop_map(|n| n.to_string()),
        "\"\\PC{0,40}\"",
    ];
    let fields = prop::collection::vec((prop::sample::select(FIELDS), value), 0..5);
    (0_u64..50, VERBS, fields).prop_map(|(id, verb, fields)| {
        let fields: String =
            fields.iter().map(|(name, value)| format!(r#","{name}":{value}"#)).collect();
        format!(r#"{{"id":{id},"do":"{verb}"{fields}}}"#)
    })
}

/// A frame as a client sends it, or with something wrong in it.
fn websocket() -> impl Strategy<Value = Vec<u8>> {
    let masked = |opcode: u8, text: &[u8]| {
        let mut frame = vec![opcode];
        match text.len() {
            len @ 0..=125 => frame.push(0x80 | len as u8),
            len => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(len as u16).to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text);
        frame
    };
    prop_oneof![
        8 => command().prop_map(move |text| masked(0x81, text.as_bytes())),
        1 => (any::<u8>(), prop::collection::vec(any::<u8>(), 0..200)).prop_map(move |(opcode, text)| masked(opcode, &text)),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #[test]
    fn whatever_is_said_is_answered_once(lines in prop::collection::vec(command(), 0..40)) {
        frames::run(lines.join("\n").as_bytes());
    }

    #[test]
    fn whatever_bytes_are_said_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        frames::run(&bytes);
    }

    #[test]
    fn whatever_comes_over_the_socket_the_connection_ends(parts in prop::collection::vec(websocket(), 0..12), cut in 0_usize..50) {
        let mut hello = vec![0x81, 0x80 | 21, 0, 0, 0, 0];
        hello.extend_from_slice(br#"{"id":0,"do":"hello"}"#);
        let mut all = [hello, parts.concat()].concat();
        all.truncate(all.len().saturating_sub(cut));
        bytes::run(&all);
    }
}
