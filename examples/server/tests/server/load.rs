//! The load generator's modes with this server, small. What the limit can do too is tested with that; here are those that need
//! a real one. No figure is asserted, only that a run is not void, and what can be counted.

use std::time::Duration;

use chat_benches::load::{
    Fault, Length, Matching, NAP, Program, Progress, Resume, Run, Storm, Watching, Work,
};

fn run(work: Work) -> Result<Run, Fault> {
    // By way of `env`, which becomes the server: what it logs is not for whoever reads the tests' output.
    let args = [
        "CHAT_LOG_LEVEL=error",
        env!("CARGO_BIN_EXE_chat-server"),
        "--listen",
        "127.0.0.1:0",
        "--rate",
        "0",
        "--max-connections",
        "500",
    ];
    let (name, path) = ("chat-server".to_owned(), "env".into());
    let server = Program { name, path, args: args.map(Into::into).into() };
    server.under(|target| work.run(target, &Progress::silent()))
}

fn figure(run: &Run, key: &str) -> f64 {
    run.figure(key).unwrap_or_else(|| panic!("{key} of {run:?}"))
}

#[test]
fn those_who_come_at_once_are_let_in() {
    let run = run(Work::Storm(Storm { connections: 60, at_once: 16 })).unwrap();
    assert!(figure(&run, "connections") == 60.0 && figure(&run, "cpu_us_per_connection") > 0.0);
}

#[test]
fn those_who_seek_again_and_again_are_matched_with_one_other_each() {
    // A few, so that there are often none but last partners left.
    for (rate, connections) in [(None, 6), (Some(200.0), 20)] {
        let matching = Matching { connections, rate, length: Length::Messages(60), nap: NAP };
        let run = run(Work::Matching(matching)).unwrap();
        assert!(figure(&run, "matches") >= 60.0 && figure(&run, "latency_p50_us") > 0.0);
    }
}

#[test]
fn changes_of_a_list_lead_to_the_list() {
    // More rooms than the list has rows; a few of them change from one version to the next.
    let (watchers, rooms, length) = (5, 30, Length::Messages(90));
    let watching = Watching { watchers, rooms, rate: 50.0, length };
    let run = run(Work::Watching(watching)).unwrap();
    assert_eq!(figure(&run, "changes"), 90.0);
    let told = figure(&run, "diffs");
    assert!(
        (10.0..90.0 * 5.0).contains(&told),
        "fewer than changes, four a second at most: {told}"
    );
    assert!(figure(&run, "latency_max_us") < Duration::from_secs(20).as_micros() as f64);
}

#[test]
fn those_who_are_cut_off_miss_nothing() {
    let resume = Resume { members: 25, room_of: 10, missed: 7, at_once: 8 };
    let run = run(Work::Resume(resume)).unwrap();
    assert_eq!(figure(&run, "entries"), 25.0 * 7.0);
    // Each alone in a room that keeps what is said, and nothing said.
    let resume = Resume { members: 3, room_of: 1, missed: 0, at_once: 3 };
    assert_eq!(figure(&self::run(Work::Resume(resume)).unwrap(), "entries"), 0.0);
}
