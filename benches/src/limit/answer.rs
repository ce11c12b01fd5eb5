//! What the limit answers: chat.v1 of the same shape and size as a real server's, mostly fixed.

/// A user id as long as a real one.
const USER: &str = "u_0000000000000000000000";

/// Somebody has said something.
#[derive(Debug)]
pub(super) struct Said<'a> {
    /// The number of the command.
    pub(super) ask: u64,
    /// Where.
    pub(super) room: &'a str,
    /// What, as JSON.
    pub(super) body: &'a str,
    /// When.
    pub(super) at: u64,
}

impl Said<'_> {
    /// To the one who said it.
    pub(super) fn reply(&self, n: u64) -> String {
        let Self { ask, at, .. } = self;
        format!(r#"{{"re":{ask},"ok":{{"n":{n},"at":{at},"dup":false}}}}"#)
    }

    /// To everybody.
    pub(super) fn entry(&self, n: u64) -> String {
        let Self { room, body, at, .. } = self;
        format!(
            r#"{{"ev":"said","room":"{room}","n":{n},"at":{at},"by":"{USER}","name":"Load","body":{body}}}"#
        )
    }
}

pub(super) fn hello(ask: u64) -> String {
    format!(
        r#"{{"re":{ask},"ok":{{"user":"{USER}","name":"Load","session":"0","rooms":[],"waiting":[],"limits":{{"frame":65536,"body":16384,"rooms":64}},"retry":{{"min_ms":500,"max_ms":15000}}}}}}"#
    )
}

fn room(name: &str, kind: &str, at: u64) -> String {
    format!(
        r#"{{"id":"{name}","kind":"{kind}","title":"load","meta":{{}},"owner":null,"capacity":1000,"created":{at},"live":0,"visitors":0,"last":null}}"#
    )
}

pub(super) fn opened(ask: u64, name: &str, at: u64) -> String {
    format!(r#"{{"re":{ask},"ok":{{"room":{}}}}}"#, room(name, "public", at))
}

pub(super) fn joined(ask: u64, name: &str, n: u64, at: u64) -> String {
    let room = room(name, "public", at);
    format!(
        r#"{{"re":{ask},"ok":{{"room":{room},"you":"{USER}","created":false,"cursor":{{"epoch":"0","n":{n},"at":{at}}},"members":[],"entries":[],"resumed":false}}}}"#
    )
}

pub(super) fn waiting(ask: u64) -> String {
    format!(r#"{{"re":{ask},"ok":{{"waiting":true}}}}"#)
}

pub(super) fn matched(name: &str, at: u64) -> String {
    let room = room(name, "pair", at);
    format!(
        r#"{{"ev":"matched","pool":"random","room":{room},"you":"{USER}","cursor":{{"epoch":"0","n":0,"at":{at}}},"members":[],"shared":[]}}"#
    )
}

/// A pair room whose other one has gone.
pub(super) fn closed(room: &str, n: u64, at: u64) -> String {
    format!(r#"{{"ev":"closed","room":"{room}","n":{n},"at":{at},"why":"partner_left"}}"#)
}

pub(super) fn done(ask: u64) -> String {
    format!(r#"{{"re":{ask},"ok":{{}}}}"#)
}

pub(super) fn unknown(ask: u64) -> String {
    format!(r#"{{"re":{ask},"err":{{"code":"unknown_command","message":"unknown command"}}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_is_json() {
        let said = Said { ask: 1, room: "r", body: r#""hi""#, at: 5 };
        let texts = [
            said.reply(2),
            said.entry(2),
            hello(1),
            opened(1, "r", 5),
            joined(1, "r", 2, 5),
            waiting(1),
            matched("random~1", 5),
            closed("random~1", 3, 5),
            done(1),
            unknown(1),
        ];
        for text in texts {
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(read.get("re").is_some() != read.get("ev").is_some(), "{text}");
        }
    }
}
