//! What a server is spoken to in: chat.v1, or what a chat room on something else understands. All of them can do the same:
//! come into a room by its name, and say something that goes to all in it.
//!
//! Only chat.v1 answers commands and numbers what was said. So in the others nothing is known but what the load's own
//! marks tell.

mod plain;
mod socket_io;

use super::chat;
use super::fault::Fault;
use super::heard::{Ear, Heard};

/// A way to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// chat.v1.
    Chat,
    /// The path is the room, a text frame is what was said.
    Text {
        /// What goes before the room's name.
        path: &'static str,
    },
    /// The path is the room, and a frame is `{"message": …}`.
    Json {
        /// What goes before the room's name.
        path: &'static str,
    },
    /// Socket.IO, over WebSockets from the beginning: `join` with the room, `chat message` with room and text.
    SocketIo,
}

/// What is to be done next by one who wants into a room.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This is to be said.
    Say(String),
    /// Something else has to come.
    Wait,
    /// It is inside.
    Inside,
}

impl Dialect {
    /// The line of the upgrade that asks for a protocol, if one is asked for.
    pub(super) fn protocol(self) -> &'static str {
        if self == Self::Chat { "Sec-WebSocket-Protocol: chat.v1\r\n" } else { "" }
    }

    /// Where to connect to for a room. chat.v1 has one path, which its target knows.
    pub(super) fn path(self, room: &str) -> Option<String> {
        match self {
            Self::Chat => None,
            Self::Text { path } => Some(format!("{path}{room}")),
            // As Django's paths end.
            Self::Json { path } => Some(format!("{path}{room}/")),
            Self::SocketIo => Some("/socket.io/?EIO=4&transport=websocket".to_owned()),
        }
    }

    /// The way into a room of so many, after what was heard last.
    pub(super) fn enter(self, heard: &Heard<'_>, room: &str, members: usize) -> Step {
        match (self, heard) {
            (Self::Chat, Heard::Upgraded) => Step::Say(chat::hello()),
            (Self::Chat, Heard::Done { id: 0, .. }) => Step::Say(chat::join(1, room, members)),
            (Self::SocketIo, Heard::Greeted) => Step::Say(socket_io::join(room)),
            (Self::Chat | Self::SocketIo, Heard::Done { .. })
            | (Self::Text { .. } | Self::Json { .. }, Heard::Upgraded) => Step::Inside,
            _ => Step::Wait,
        }
    }

    /// Says something to a room. The number is the command's, where commands are answered.
    pub(super) fn say(self, number: u64, room: &str, body: &str) -> String {
        match self {
            Self::Chat => chat::say(number, room, body),
            Self::Text { .. } => body.to_owned(),
            Self::Json { .. } => plain::say(body),
            Self::SocketIo => socket_io::say(room, body),
        }
    }

    /// Whether what was said is answered, beside that it comes back.
    pub(super) fn answers(self) -> bool {
        self == Self::Chat
    }

    /// Reads a frame.
    pub(super) fn hear<'a>(self, ear: &mut Ear, payload: &'a [u8]) -> Result<Heard<'a>, Fault> {
        match self {
            Self::Chat => ear.hear(payload),
            Self::Text { .. } => plain::text(payload),
            Self::Json { .. } => plain::message(payload),
            Self::SocketIo => socket_io::hear(payload),
        }
    }
}

/// What could not be read, as far as it helps.
fn not_understood(payload: &[u8]) -> Fault {
    let text: String = String::from_utf8_lossy(payload).chars().take(80).collect();
    Fault::NotUnderstood(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does what a dialect asks for on the way into a room, and says how often it had to be told to.
    fn said_on_the_way(dialect: Dialect, frames: &[&str]) -> Vec<String> {
        let (mut ear, mut said) = (Ear::default(), Vec::new());
        let mut step = dialect.enter(&Heard::Upgraded, "r", 2);
        for frame in frames {
            match step {
                Step::Say(text) => said.push(text),
                Step::Inside => panic!("inside before `{frame}`"),
                Step::Wait => {}
            }
            step = match dialect.hear(&mut ear, frame.as_bytes()).unwrap() {
                Heard::Asked(answer) => Step::Say(answer.to_owned()),
                heard => dialect.enter(&heard, "r", 2),
            };
        }
        assert_eq!(step, Step::Inside, "after {frames:?}");
        said
    }

    #[test]
    fn each_has_its_way_into_a_room() {
        let chat = [r#"{"re":0,"ok":{"user":"u"}}"#, r#"{"re":1,"ok":{"room":{}}}"#];
        let said = said_on_the_way(Dialect::Chat, &chat);
        assert!(said[0].contains("hello") && said[1].contains(r#""do":"join","room":"r""#));

        let socket_io = [r#"0{"sid":"a","upgrades":[]}"#, r#"40{"sid":"b"}"#, "430[]"];
        let said = said_on_the_way(Dialect::SocketIo, &socket_io);
        assert_eq!(said, ["40", r#"420["join","r"]"#]);

        for dialect in [Dialect::Text { path: "/" }, Dialect::Json { path: "/" }] {
            assert!(said_on_the_way(dialect, &[]).is_empty(), "its path says all");
        }
    }

    #[test]
    fn what_is_said_comes_back_as_what_was_said() {
        let mut ear = Ear::default();
        let dialects = [
            (Dialect::Text { path: "/" }, "q0000000001 x"),
            (Dialect::Json { path: "/" }, r#"{"message": "q0000000001 x"}"#),
            (Dialect::SocketIo, r#"42["chat message","q0000000001 x"]"#),
        ];
        for (dialect, frame) in dialects {
            let heard = dialect.hear(&mut ear, frame.as_bytes()).unwrap();
            assert!(matches!(heard, Heard::Told { body: "q0000000001 x" }), "{heard:?}");
        }
        let text = Dialect::SocketIo.say(7, "r", "hello");
        assert_eq!(text, r#"42["chat message","r","hello"]"#);
        assert_eq!(Dialect::Json { path: "/" }.say(7, "r", "hello"), r#"{"message":"hello"}"#);
        assert_eq!(Dialect::Text { path: "/" }.say(7, "r", "hello"), "hello");
    }

    #[test]
    fn a_room_has_a_path_where_paths_are_rooms() {
        assert_eq!(Dialect::Chat.path("r"), None);
        assert_eq!(Dialect::Text { path: "/chat/" }.path("r").as_deref(), Some("/chat/r"));
        assert_eq!(Dialect::Json { path: "/chat/" }.path("r").as_deref(), Some("/chat/r/"));
    }
}
