//! A command, found by looking for its fields rather than by reading JSON.
//!
//! That is right for what `chat-load` writes and would be wrong for anybody else: a limit is allowed to know its load.

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ask<'a> {
    /// The client's number of it.
    pub(super) id: u64,
    /// What to do.
    pub(super) verb: &'a str,
    /// In which room.
    pub(super) room: Option<&'a str>,
    /// The body, as JSON: the last of the fields.
    pub(super) body: Option<&'a str>,
}

impl<'a> Ask<'a> {
    /// Reads `{"id":7,"do":"say","room":"…","body":…}`, its fields in this order.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("{\"id\":")?.strip_suffix('}')?;
        let (id, rest) = rest.split_once(",\"do\":\"")?;
        let (verb, rest) = rest.split_once('"')?;
        let (room, rest) = match rest.strip_prefix(",\"room\":\"") {
            Some(rest) => rest.split_once('"').map(|(room, rest)| (Some(room), rest))?,
            None => (None, rest),
        };
        let body = rest.strip_prefix(",\"body\":");
        Some(Self { id: id.parse().ok()?, verb, room, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_of_the_load_are_understood() {
        let say = Ask::read(r#"{"id":7,"do":"say","room":"r","body":"q0000000001 xx"}"#);
        let (room, body) = (Some("r"), Some(r#""q0000000001 xx""#));
        assert_eq!(say, Some(Ask { id: 7, verb: "say", room, body }));
        let hello = Ask::read(r#"{"id":1,"do":"hello","name":"Kim"}"#);
        assert_eq!(hello, Some(Ask { id: 1, verb: "hello", room: None, body: None }));
        let join = Ask::read(r#"{"id":2,"do":"join","room":"r","create":{"title":"load"}}"#);
        assert_eq!(join, Some(Ask { id: 2, verb: "join", room, body: None }));
        let ping = Ask::read(r#"{"id":3,"do":"ping"}"#);
        assert_eq!(ping, Some(Ask { id: 3, verb: "ping", room: None, body: None }));
    }

    #[test]
    fn what_is_no_command_is_none() {
        for text in ["", "{}", r#"{"id":1}"#, r#"{"id":x,"do":"say"}"#, r#"{"id":1,"do":"say""#] {
            assert_eq!(Ask::read(text), None, "{text}");
        }
    }
}
