//! The peers as they are installed by `ci/peers.sh`, each small: that it starts as it is said to, is understood, and brings
//! everything to everybody. Without them these tests fail, and say what installs them.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chat_benches::load::{Fault, Length, Peers, Program, Progress, Rooms, Run, Stay};
use serde_json::Value;

const LOAD: &str = env!("CARGO_BIN_EXE_chat-load");
const LIMIT: &str = env!("CARGO_BIN_EXE_chat-limit");

fn peers() -> Peers {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let limit = Program { name: "limit".into(), path: LIMIT.into(), args: Vec::new() };
    Peers {
        server: limit.clone(),
        limit,
        sources: root.join("benches/peers"),
        installed: root.join(".cache/peers"),
        programs: Vec::new(),
        repetitions: 1,
        scale: 0.01,
        only: None,
    }
}

fn figure(run: &Run, key: &str) -> f64 {
    run.figure(key).unwrap_or_else(|| panic!("{key} of {run:?}"))
}

/// Rooms of more and of two, with and without a rate, and connections that stay.
fn each_member_gets_each_message(name: &str) {
    let (peers, progress) = (peers(), Progress::silent());
    let brief = |rooms: Rooms| Rooms { warm_up: Duration::from_millis(1), ..rooms };
    let rooms = [
        Rooms::closed(1, 12, Length::Messages(30)),
        Rooms::closed(4, 2, Length::Messages(30)),
        Rooms::at_rate(2, 3, 200.0, Length::Messages(30)),
    ];
    for rooms in rooms.map(brief) {
        let run = peers.under(name, |served| rooms.run(served, &progress));
        let run = run.unwrap_or_else(|fault| panic!("{name}, {rooms:?}: {fault}"));
        assert_eq!(figure(&run, "deliveries"), 30.0 * rooms.members as f64, "{name}");
        assert!(figure(&run, "cpu_us_per_delivery") > 0.0 && run.server == name);
    }
    let stay = Stay { connections: 20, room_of: 4, settle: Duration::ZERO };
    let run = peers.under(name, |served| stay.run(served, &progress));
    let run = run.unwrap_or_else(|fault| panic!("{name}, {stay:?}: {fault}"));
    assert!(figure(&run, "cpu_us_per_connection") > 0.0, "{name}");
}

#[test]
fn the_limit_takes_the_same_load() {
    each_member_gets_each_message("limit");
}

#[test]
fn channels_brings_everything_to_everybody() {
    each_member_gets_each_message("channels");
}

#[test]
fn channels_redis_brings_everything_to_everybody() {
    each_member_gets_each_message("channels_redis");
}

#[test]
fn fastapi_brings_everything_to_everybody() {
    each_member_gets_each_message("fastapi");
}

#[test]
fn socketio_brings_everything_to_everybody() {
    each_member_gets_each_message("socketio");
}

#[test]
fn ws_brings_everything_to_everybody() {
    each_member_gets_each_message("ws");
}

#[test]
fn what_redis_costs_is_a_part_of_what_the_server_does() {
    let rooms = Rooms::closed(1, 4, Length::Messages(50));
    let run = |name| peers().under(name, |served| rooms.run(served, &Progress::silent())).unwrap();
    let both = run("channels_redis");
    let (all, store) = ("cpu_us_per_delivery", "store_cpu_us_per_delivery");
    assert!(0.0 < figure(&both, store) && figure(&both, store) < figure(&both, all));
    assert_eq!(run("channels").figure(store), None, "it stands on itself");
}

#[test]
fn a_comparison_has_a_value_for_each_program_and_says_what_was_measured() {
    let output = Command::new(LOAD)
        .args(["--json", "peers", "--server", LIMIT, "--repetitions", "2", "--scale", "0.01"])
        .args(["--program", "limit", "--program", "ws", "--only", "room of 100"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let versions: Vec<&str> = told["programs"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|p| p["versions"].as_str())
        .collect();
    assert!(
        versions[0].starts_with("chat-benches ") && versions[1].starts_with("ws "),
        "{versions:?}"
    );
    assert_eq!(told["runs"].as_array().map(Vec::len), Some(4));
    for row in told["rows"].as_array().unwrap() {
        let programs: Vec<&str> = row["values"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|v| v["program"].as_str())
            .collect();
        let of_redis = row["figure"].as_str().is_some_and(|figure| figure.starts_with("store_"));
        assert_eq!(programs, if of_redis { vec![] } else { vec!["limit", "ws"] }, "{row}");
        assert!(
            row["command"]
                .as_str()
                .is_some_and(|command| command.contains("'room of 100' --scale"))
        );
    }
}

#[test]
fn what_is_not_installed_is_said_with_what_installs_it() {
    let nowhere = Peers { installed: "/nowhere/at/all".into(), ..peers() };
    let fault = nowhere.run().unwrap_err().to_string();
    assert!(fault.contains("ci/peers.sh") && fault.contains("/nowhere/at/all"), "{fault}");
    let unknown = Peers { programs: vec!["other".into()], ..peers() };
    assert!(matches!(unknown.run(), Err(Fault::Settings(_))));
}

#[test]
fn a_peer_that_cannot_has_no_figure_and_is_told() {
    // The sources of `fastapi` are not there: it does not start. The limit is measured all the same.
    let programs = vec!["limit".to_owned(), "fastapi".to_owned()];
    let only = Some("room of 100".to_owned());
    let sources =
        std::env::temp_dir().join(format!("peers-without-sources-{}", std::process::id()));
    std::fs::create_dir_all(sources.join("fastapi")).unwrap();
    let folder = sources.clone();
    let side_by_side = Peers { sources, programs, only, ..peers() }.run().unwrap();
    let told = side_by_side.json();
    assert_eq!(told["rows"][0]["values"].as_array().map(Vec::len), Some(1));
    assert!(told["runs"][1]["void"].is_string(), "{told}");
    let void = side_by_side.void();
    std::fs::remove_dir_all(folder).unwrap();
    assert!(void.len() == 1 && void[0].contains("main"), "{void:?}: what uvicorn has missed");
}
