//! Each example runs to its end, and shows what it is there to show.
//!
//! `cargo test` builds the examples before it runs this; `cargo test --test run` alone does not.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use chat_testing::Server;

/// Far longer than any of them takes.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs an example, and returns what it wrote.
fn run(name: &str, args: &[String]) -> String {
    // target/debug/deps/run-… lies beside target/debug/examples/.
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not there: run `cargo test` without --test", path.display());
    let mut child = Command::new(path).args(args).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (done, wait) = sync_channel(1);
    std::thread::spawn(move || {
        let mut out = String::new();
        let read = stdout.read_to_string(&mut out).map(|_| out);
        let _ = done.send(read);
    });
    // One that waits for what never comes fails alone, and by name.
    let Ok(out) = wait.recv_timeout(LONGEST) else {
        child.kill().unwrap();
        panic!("{name} does not end");
    };
    let (out, status) = (out.unwrap(), child.wait().unwrap());
    assert!(status.success(), "{name} failed: {status}\n{out}");
    out
}

fn shows(name: &str, lines: &[&str]) {
    shows_with(name, &[], lines);
}

fn shows_with(name: &str, args: &[String], lines: &[&str]) {
    let out = run(name, args);
    let mut rest = out.as_str();
    for line in lines {
        let Some(at) = rest.find(line) else {
            panic!("{line:?} is not there, or not in its place:\n{out}")
        };
        rest = &rest[at + line.len()..];
    }
}

#[test]
fn rooms_of_films_come_and_go_with_their_visitors() {
    shows(
        "rooms",
        &[
            "before anybody came:",
            "Parasite           no room",
            "kim and lee look at films:",
            "Parasite           2 in the room",
            "The Fifth Element  1 in the room",
            "Cinema Paradiso    no room",
            "busiest of 2: Parasite, with 2 users",
            "a minute after",
            "The Fifth Element  no room",
            "lee comes to The Fifth Element: 1 there",
        ],
    );
}

#[test]
fn strangers_meet_go_on_and_part() {
    shows(
        "strangers",
        &[
            "kim meets guest-",
            "both like [\"music\"]",
            "lee meets guest-",
            "\"hello, stranger\"",
            "kim sees the room end: partner_left",
            "lee meets guest-",
            "both like [\"chess\"]",
            "lee hears guest-",
            "\"e4\"",
            "lee sees the room end: partner_left",
            "kim waits in []",
        ],
    );
}

#[test]
fn a_lobby_follows_what_is_true() {
    let out = run("lobby", &[]);
    assert!(out.starts_with("version 1: Chess (0), Films (0), Music (0)"), "{out}");
    assert!(out.contains("Rust (3), Music (2), Chess (0)"), "{out}");
    assert!(out.trim_end().ends_with("online: 6"), "{out}");
}

#[test]
fn two_clients_talk_over_tcp() {
    let out = run("line_chat", &[]);
    for line in [
        "Kim reads  * Lee is here (2)",
        "Lee reads  <Kim> hello Lee",
        "Kim reads  <Kim> hello Lee",
        "Kim reads  <Lee> hello Kim",
        "Kim reads  * Lee is gone (1)",
    ] {
        assert!(out.contains(line), "{line:?} is not in\n{out}");
    }
}

#[test]
fn a_host_refuses_replaces_and_archives() {
    shows(
        "hooks",
        &[
            "troll may not join [forbidden]: not allowed: banned until Friday",
            "kim says #2",
            "kim may not say that [forbidden]: not allowed: no links, please",
            "kim says #3",
            "archive:\n",
            "rust #2 kim: \"hello\"\n",
            "rust #3 kim: \"the d*** borrow checker\"\n",
        ],
    );
}

#[test]
fn a_refresh_is_noticed_by_nobody_and_misses_nothing() {
    shows(
        "refresh",
        &[
            "kim #3: \"hello Kim\"",
            "back, with the cursor 3",
            "kim #4: \"are you there?\"",
            "kim #5: \"well, I can wait\"",
            "kim #6: \"sorry, a tunnel\"",
            "lee #2: Kim came (2)\nlee #3: \"hello Kim\"\nlee #4: \"are you there?\"",
            "lee #6: \"sorry, a tunnel\"",
            "lee #7: Kim went: lost (1)",
        ],
    );
}

#[test]
fn two_nodes_are_one_chat_and_one_of_them_may_be_killed() {
    let redis = Server::start();
    shows_with(
        "two_nodes",
        &[redis.url()],
        &[
            "kim: Lee is here, from another process",
            "kim: Lee has answered",
            "kim: matched with guest-",
            "-- the other process is killed",
            "kim: Lee has left (lost); 1 here",
        ],
    );
}
