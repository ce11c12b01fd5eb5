//! What is kept is read as it was written; what is cut short, or somebody else's, is an error and never a panic.

use proptest::prelude::{any, proptest};

use super::*;

const WRITER: Writer = Writer { node: NodeId(0x0102), incarnation: Incarnation(3) };

fn room() -> RoomId {
    RoomId::new("film").unwrap()
}

fn record(changed: &[(&'static str, &[u8])]) -> Result<Option<Record>> {
    let fields: [(&str, &[u8]); 6] = [
        ("p", b"00000000000000ff public 1000 50 1 5000 200 0 60000 0"),
        ("t", b"Film"),
        ("n", b"4"),
        ("a", b"1700"),
        ("o", b"kim"),
        ("i", b"00000000000000fe 9 900 idle"),
    ];
    let mut all: Vec<(Bytes, Bytes)> =
        fields.map(|(name, value)| (Bytes::from(name), Bytes::copy_from_slice(value))).into();
    for (name, value) in changed {
        all.retain(|(kept, _)| kept != name);
        all.push((Bytes::from(*name), Bytes::copy_from_slice(value)));
    }
    Record::read(&room(), &all)
}

/// Everything that reads bytes, on these.
fn read_as_all(bytes: &[u8]) {
    let _ = (read_entry(&room(), Epoch(1), 1, bytes), read_news(&room(), bytes));
    let _ = (read_member(bytes), read_mail(bytes), read_policy(bytes));
    let _ = (read_index_row(bytes), read_ticket_row(bytes), read_due(bytes));
    let _ = (read_writer(bytes), read_session(bytes), read_epoch(bytes), read_time(bytes));
    for field in ["p", "t", "n", "a", "o", "i", "x", "z", "w", "v"] {
        let _ = record(&[(field, bytes)]);
    }
}

#[test]
fn ids_come_back_as_they_were() {
    let key = WRITER.session(SessionId(u64::MAX));
    assert_eq!(read_writer(&writer(WRITER)), Ok(WRITER));
    assert_eq!(read_session(&session(key)), Ok(key));
    assert_eq!(read_epoch(epoch(Epoch(255)).as_bytes()), Ok(Epoch(255)));
    let kept = RoomPolicy::open_room();
    assert_eq!(read_policy(policy(&kept).as_bytes()), Ok(kept));
}

#[test]
fn what_was_said_may_hold_anything() {
    let body = b"\"a\0b\"";
    let kept = [&b"s1700\0kim\0Kim\0k1\0"[..], body].concat();
    let entry = read_entry(&room(), Epoch(1), 4, &kept).unwrap();
    let said = entry.said().unwrap();
    assert_eq!((entry.n, entry.at, said.body.as_bytes()), (4, Timestamp(1700), &body[..]));
    assert_eq!(said.by.as_ref().map(UserId::as_str), Some("kim"));
    let site = read_entry(&room(), Epoch(1), 4, b"s1700\0\0\0\0{}").unwrap();
    assert_eq!(site.said().map(|said| (&said.by, &said.key)), Some((&None, &None)));
}

#[test]
fn a_record_is_whole_or_an_error() {
    let whole = record(&[]).unwrap().unwrap();
    assert_eq!((whole.epoch, whole.head, whole.policy.history), (Epoch(255), 4, 200));
    assert_eq!(whole.ended.as_ref().map(|entry| entry.n), Some(9));
    assert!(Record::read(&room(), &[]).is_ok_and(|read| read.is_none()), "there is none");
    assert!(Record::read(&room(), &[(Bytes::from("p"), Bytes::new())]).is_err());
    let wrong: [(&str, &[u8]); 9] = [
        ("p", b""),
        ("p", b"00000000000000ff public 1000"),
        ("p", b"00000000000000ff public 1000 50 1 5000"),
        ("p", b"00000000000000ff somehow 1000 50 1 5000 200 0 60000 0"),
        ("n", b"many"),
        ("n", b"-1"),
        ("a", b"1e9"),
        ("i", b"00000000000000fe 9"),
        ("z", b"whim"),
    ];
    for (field, value) in wrong {
        assert!(record(&[(field, value)]).is_err(), "{field} {value:?}");
    }
}

#[test]
fn an_entry_that_was_cut_short_is_an_error() {
    let kinds: [&[u8]; 5] = [
        b"s1700\0kim\0Kim\0key\0",
        b"j1700\0kim\0Kim\x002",
        b"l1700\0kim\0Kim\x002\0lost",
        b"r1700\0kim\0K",
        b"c1700\0idle",
    ];
    for whole in kinds {
        assert!(read_entry(&room(), Epoch(1), 1, whole).is_ok(), "{whole:?}");
        let last_zero = whole.iter().rposition(|byte| *byte == 0).unwrap();
        for end in 0..=last_zero {
            let cut = &whole[..end];
            assert!(read_entry(&room(), Epoch(1), 1, cut).is_err(), "{cut:?}");
        }
    }
}

#[test]
fn news_that_were_cut_short_are_an_error() {
    let key = session(WRITER.session(SessionId(1)));
    let signal = [&b"s"[..], &key, b"kim\0{}"].concat();
    assert!(matches!(read_news(&room(), &signal), Ok(News::Signal(_))));
    let entry = b"e00000000000000ff4\0c1700\0idle";
    assert!(matches!(read_news(&room(), entry), Ok(News::Entry(entry)) if entry.n == 4));
    for cut in [&b""[..], b"e", b"e00ff", b"e00000000000000ff4", b"s", &signal[..24], b"cx", b"z"] {
        assert!(read_news(&room(), cut).is_err(), "{cut:?}");
    }
}

proptest! {
    #[test]
    fn nothing_that_is_kept_makes_a_panic(
        letter in "[sjlrcePMUKDpni]?",
        rest in proptest::collection::vec(any::<u8>(), 0..80),
        digits in "[0-9a-f \\x00~:-]{0,60}",
    ) {
        read_as_all(&[letter.as_bytes(), &rest].concat());
        read_as_all(&[letter.as_bytes(), digits.as_bytes()].concat());
        read_as_all(digits.as_bytes());
    }
}
