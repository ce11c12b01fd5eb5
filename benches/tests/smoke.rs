//! The load and the limit together, small and as programs: each mode once, counted by messages rather than by time. What
//! figures are is not asserted, only that they are there and that what can be counted adds up.

#![cfg(target_os = "linux")]

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};

use chat_benches::load::{Compare, Fanout, Fault, Length, NAP, Program, Progress, Target};
use serde_json::Value;

const LOAD: &str = env!("CARGO_BIN_EXE_chat-load");
const LIMIT: &str = env!("CARGO_BIN_EXE_chat-limit");

fn load(args: &[&str]) -> Output {
    Command::new(LOAD).args(args).output().expect("the load starts")
}

fn figures(args: &[&str]) -> Value {
    let output = load(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn figure(run: &Value, key: &str) -> f64 {
    run["figures"][key].as_f64().unwrap_or_else(|| panic!("{key} of {run}"))
}

#[test]
fn each_member_gets_each_message() {
    let args = ["--json", "fanout", "--limit", "--members", "12", "--messages", "30"];
    let run = figures(&args);
    assert_eq!(figure(&run, "deliveries"), 12.0 * 30.0);
    assert!(figure(&run, "cpu_us_per_delivery") > 0.0 && figure(&run, "latency_p50_us") > 0.0);
    assert_eq!(run["server"], "limit");

    let args = [&args[..], &["--rate", "500", "--nap-us", "0"]].concat();
    let run = figures(&args);
    assert_eq!(figure(&run, "deliveries"), 12.0 * 30.0);
    assert_eq!(figure(&run, "latency_since_due"), 1.0);
}

#[test]
fn pairs_get_what_either_says() {
    for rate in [&[][..], &["--rate", "300"]] {
        let args = [&["--json", "pairs", "--limit", "--pairs", "5", "--messages", "40"][..], rate]
            .concat();
        let run = figures(&args);
        // Each pair ends with an answer, so some talk a little longer than they were asked to.
        assert!(figure(&run, "messages") >= 40.0);
        assert_eq!(figure(&run, "deliveries"), 2.0 * figure(&run, "messages"));
    }
}

#[test]
fn coming_and_being_there_have_a_cost() {
    let args =
        ["--json", "joins", "--limit", "--connections", "7", "--rooms", "3", "--room-of", "2"];
    let run = figures(&args);
    assert!(figure(&run, "joins") == 21.0 && run["figures"]["cpu_us_per_join"].is_number());

    let args = ["--json", "idle", "--limit", "--connections", "20", "--settle-s", "0"];
    let run = figures(&args);
    assert!(figure(&run, "connections") == 20.0 && figure(&run, "rss_bytes") > 0.0);
}

#[test]
fn those_who_come_at_once_are_all_let_in() {
    let args = ["--json", "storm", "--limit", "--connections", "30", "--at-once", "7"];
    let run = figures(&args);
    assert!(figure(&run, "connections") == 30.0 && figure(&run, "connections_per_s") > 0.0);
    assert!(figure(&run, "latency_p50_us") > 0.0 && figure(&run, "load_cpu_share") > 0.0);
}

#[test]
fn those_who_seek_are_all_matched() {
    let args = ["--json", "matching", "--limit", "--connections", "12", "--messages", "40"];
    let run = figures(&args);
    assert!(figure(&run, "matches") >= 40.0 && figure(&run, "cpu_us_per_match") > 0.0);

    let run = figures(&[&args[..], &["--rate", "400", "--nap-us", "0"]].concat());
    assert_eq!((figure(&run, "matches"), figure(&run, "latency_since_due")), (40.0, 1.0));

    let output = load(&["matching", "--limit", "--connections", "5"]);
    assert!(!output.status.success(), "one would be left over");
}

#[test]
fn a_comparison_has_both_and_says_what_they_are_to_be() {
    // The limit beside itself: what the ratio is says nothing, that there is one does.
    let program = |name: &str| Program { name: name.into(), path: LIMIT.into(), args: Vec::new() };
    let (limit, server, only) = (program("limit"), program("server"), Some("of a join".to_owned()));
    let compare =
        Compare { limit, server, server_arg: Vec::new(), repetitions: 2, scale: 1.0, only };
    let comparison = compare.run().unwrap().json();
    assert_eq!(comparison["runs"].as_array().map(Vec::len), Some(4));
    let row = &comparison["rows"][0];
    assert_eq!((&row["case"], &row["must"]), (&"CPU of a join".into(), &60.0.into()));
    assert!(row["ratio"]["median"].as_f64() > Some(0.0) && row["verdict"].is_string());
    // A ratio is repeated by both, at this length; and whether the load was too busy can be seen.
    assert!(
        row["command"].as_str().unwrap().contains("compare --only 'CPU of a join' --scale 1 "),
        "{row}"
    );
    assert!(row["load_share"][0].as_f64() > Some(0.0) && row["load_share"][1].is_number(), "{row}");

    let output = load(&["compare", "--server", "/nowhere/at/all", "--only", "of a join"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("starting the server"));
}

#[test]
fn one_that_runs_is_left_running() {
    let target = Target::start(Path::new(LIMIT), &[]).unwrap();
    let (url, pid) = (format!("ws://{}/ws", target.address), target.pid.to_string());
    let args =
        ["--json", "fanout", "--url", &url, "--pid", &pid, "--members", "3", "--messages", "2"];
    for _ in 0..2 {
        assert_eq!(figure(&figures(&args), "deliveries"), 6.0);
    }
    target.stop().unwrap();

    let output = load(&args);
    assert_eq!(output.status.code(), Some(1), "it was stopped");
}

#[test]
fn a_server_that_dies_makes_a_run_void() {
    let target = Target::start(Path::new(LIMIT), &[]).unwrap();
    let fanout = |length| Fanout { members: 3, rate: None, length, bytes: 32, nap: NAP };
    let progress = Progress::silent();
    fanout(Length::Messages(5)).run(&target, &progress).unwrap();
    let pid = target.pid;
    let killer = std::thread::spawn(move || {
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    });
    let run = fanout(Length::Messages(u64::MAX)).run(&target, &progress);
    killer.join().unwrap();
    assert!(run.is_err(), "{run:?}");
    assert!(matches!(target.stop(), Err(Fault::Ended(_))));
}

#[test]
fn only_this_machine_is_loaded() {
    // Taken, so that nobody else can be there.
    let taken = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let (port, pid) = (taken.local_addr().unwrap().port(), std::process::id().to_string());
    for host in ["192.0.2.1", "example.invalid"] {
        let url = format!("ws://{host}:{port}/ws");
        let output = load(&["fanout", "--url", &url, "--pid", &pid, "--members", "1"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"), "{output:?}");
    }
}
