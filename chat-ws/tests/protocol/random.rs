//! Whatever is said, in whatever order, by however many: each command is answered once, and what a member is told has no holes.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Setup, Solo};

/// One step of some client.
#[derive(Debug, Clone)]
enum Step {
    Say(String),
    Binary,
    /// Lets it do what it can, and reads what there is.
    Read,
    /// Hangs up and comes back as the same user.
    Refresh,
    /// Lets time pass.
    Wait(u64),
}

fn command() -> impl Strategy<Value = String> {
    let room = prop::sample::select(vec!["a", "b", "random~x", "not a room"]);
    let verb = prop::sample::select(vec![
        "join", "join", "join", "leave", "say", "say", "say", "signal", "history", "members",
        "close", "rename", "rooms", "watch", "unwatch", "match", "unmatch", "next", "block",
        "open", "ping", "hello", "dance",
    ]);
    let n = 0_u64..12;
    (verb, room, n, any::<bool>()).prop_map(|(verb, room, n, wrong)| {
        let mut command = json!({
            "do": verb, "room": room, "body": n, "title": "T", "create": {"title": "T", "policy": {"history": 4}},
            "name": "N", "order": "live", "limit": n, "tags": ["x"],
        });
        if verb == "rooms" && n > 6 {
            command["order"] = Value::Null;
            command["ids"] = json!(["a", "b"]);
        }
        if n % 3 == 0 {
            command["since"] = json!({"epoch": "1", "n": n});
        }
        if wrong && n == 5 {
            command["room"] = json!(5);
        }
        command.to_string()
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => command().prop_map(Step::Say),
        1 => "\\PC{0,30}".prop_map(Step::Say),
        1 => Just(Step::Binary),
        8 => Just(Step::Read),
        1 => Just(Step::Refresh),
        1 => (0_u64..4_000).prop_map(Step::Wait),
    ]
}

/// One client, and what it knows.
struct Told {
    solo: Solo,
    token: String,
    asked: HashMap<u64, &'static str>,
    unnumbered: usize,
    next: u64,
    /// The last number of each room that it is in.
    rooms: HashMap<String, u64>,
}

impl Told {
    fn new(server: &chat_ws::Server, token: Option<&str>) -> Self {
        let mut solo = Solo::of(server);
        let ok = solo.ok(json!({"do": "hello", "token": token}));
        let token = ok["token"].as_str().unwrap().to_owned();
        Self { solo, token, asked: HashMap::new(), unnumbered: 0, next: 100, rooms: HashMap::new() }
    }

    fn say(&mut self, text: &str) {
        let now = self.solo.now;
        if let Ok(mut command) = serde_json::from_str::<Value>(text)
            && command.is_object()
            && command.get("do").is_some()
        {
            self.next += 1;
            command["id"] = self.next.into();
            self.asked.insert(self.next, "");
            self.solo.peer.receive(&command.to_string(), now, &mut self.solo.out);
        } else {
            self.unnumbered += 1;
            self.solo.peer.receive(text, now, &mut self.solo.out);
        }
    }

    fn read(&mut self) {
        // Twice: what the first round does to others is told in the second one.
        for _ in 0..2 {
            for frame in self.solo.poll() {
                self.take(&frame);
            }
        }
    }

    fn take(&mut self, frame: &Value) {
        if let Some(re) = frame["re"].as_u64() {
            assert!(self.asked.remove(&re).is_some(), "a reply too many: {frame}");
            if frame["ok"]["cursor"].is_object() && frame["ok"]["you"].is_string() {
                let room = frame["ok"]["room"]["id"].as_str().unwrap().to_owned();
                self.rooms.insert(room, frame["ok"]["cursor"]["n"].as_u64().unwrap());
            }
        } else if frame.get("re").is_some() {
            assert!(self.unnumbered > 0, "a reply too many: {frame}");
            self.unnumbered -= 1;
        } else if frame["ev"] == "matched" {
            let room = frame["room"]["id"].as_str().unwrap().to_owned();
            self.rooms.insert(room, frame["cursor"]["n"].as_u64().unwrap());
        } else if let (Some(room), Some(n)) = (frame["room"].as_str(), frame["n"].as_u64()) {
            let last =
                self.rooms.get_mut(room).unwrap_or_else(|| panic!("not in that room: {frame}"));
            assert_eq!(n, *last + 1, "{frame}");
            *last = n;
        }
    }
}

fn run(steps: Vec<(usize, Step)>) {
    let (server, _) = Setup::new().server();
    let mut all: Vec<Told> = (0..3).map(|_| Told::new(&server, None)).collect();
    for (who, step) in steps {
        let told = &mut all[who];
        match step {
            Step::Say(text) => told.say(&text),
            Step::Binary => {
                told.unnumbered += 1;
                let now = told.solo.now;
                told.solo.peer.receive_binary(now, &mut told.solo.out);
            }
            Step::Read => told.read(),
            Step::Refresh => *told = Told::new(&server, Some(&told.token.clone())),
            Step::Wait(millis) => {
                let time = crate::support::millis(millis);
                let pass = server.engine().pass(time);
                // In memory everything is done at the first poll.
                futures_util::FutureExt::now_or_never(pass).unwrap();
            }
        }
        if all[who].solo.close().is_some() {
            let token = all[who].token.clone();
            all[who] = Told::new(&server, Some(&token));
        }
    }
    for told in &mut all {
        told.read();
        if told.solo.close().is_none() {
            assert!(
                told.asked.is_empty() && told.unnumbered == 0,
                "not answered: {:?}",
                told.asked
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn each_command_is_answered_once_and_no_log_has_holes(steps in prop::collection::vec((0_usize..3, step()), 0..120)) {
        run(steps);
    }
}
