//! Who chat-core knows: a list, so that whoever adds a crate has to write it down here and say what it is for.
//!
//! What it must not know is a transport, Redis, HTTP, Python, and (but for the feature `serde`) a JSON crate.
//! Cargo itself is asked, without the network, for everything that is built into a program that uses chat-core:
//! the crates it names and those that they bring along.

use std::collections::BTreeSet;
use std::process::Command;

/// What every program gets.
const ALWAYS: &[&str] = &[
    // The traits at the storage seam. With what procedural macros are made of.
    "async-trait",
    "proc-macro2",
    "quote",
    "syn",
    "unicode-ident",
    // Bodies and frames, shared.
    "bytes",
    // Rooms by id, behind a registry of closures.
    "dashmap",
    "cfg-if",
    "crossbeam-utils",
    "hashbrown",
    "once_cell",
    // `Stream`.
    "futures-core",
    "futures-task",
    "futures-util",
    "pin-project-lite",
    "slab",
    // Ids that cannot be guessed.
    "getrandom",
    "libc",
    "rand_core",
    // Locks.
    "parking_lot",
    "parking_lot_core",
    "lock_api",
    "scopeguard",
    "smallvec",
    // Errors.
    "thiserror",
    "thiserror-impl",
    // Tasks and waiting; neither its net nor its io, which would bring `mio` and `socket2`.
    "tokio",
    // Names, titles and tags in one form.
    "unicode-normalization",
    "tinyvec",
];

/// What the feature `serde` adds, and the only place where JSON is read or written by a crate.
const SERDE: &[&str] =
    &["serde", "serde_core", "serde_derive", "serde_json", "itoa", "memchr", "zmij"];

/// What the feature `testkit` adds: random schedules, paused time.
const TESTKIT: &[&str] = &[
    "proptest",
    "bit-set",
    "bit-vec",
    "bitflags",
    "chacha20",
    "core_detect",
    "cpufeatures",
    "num-traits",
    "rand",
    "rand_core",
    "rand_xorshift",
    "regex-syntax",
    "unarray",
    "tokio-macros",
];

/// What some of the above need on systems other than Linux, or on rarer processors.
const ELSEWHERE: &[&str] = &["r-efi", "rand_core", "redox_syscall", "windows-link"];

/// Parts of names that none of the lists above may have, `SERDE` aside, so that a line added there in a hurry is
/// still seen.
const KEPT_OUT: &[&str] = &[
    "redis",
    "valkey",
    "http",
    "hyper",
    "axum",
    "tower",
    "tungstenite",
    "websocket",
    "mio",
    "socket2",
    "rustls",
    "openssl",
    "json",
    "pyo3",
    "python",
];

/// The names of all crates that are built into a program which uses chat-core with these features.
fn crates_behind(features: &[&str]) -> BTreeSet<String> {
    crates_of("chat-core", features)
}

fn crates_of(package: &str, features: &[&str]) -> BTreeSet<String> {
    // The very cargo that runs this test; the one in the path where the test is started by hand.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--locked", "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{p}", "--package", package])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree {features:?}: {problem}");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != package)
        .map(str::to_owned)
        .collect()
}

/// Holds what cargo says against the lists, in both directions.
fn holds(features: &[&str], lists: &[&[&str]]) {
    let there = crates_behind(features);
    assert!(there.contains("bytes"), "cargo tree was not understood: {there:?}");
    let listed: BTreeSet<String> = lists.concat().into_iter().map(str::to_owned).collect();
    let elsewhere: BTreeSet<String> = ELSEWHERE.iter().map(|name| (*name).to_owned()).collect();

    let unlisted: Vec<_> =
        there.iter().filter(|c| !listed.contains(*c) && !elsewhere.contains(*c)).collect();
    assert!(
        unlisted.is_empty(),
        "with {features:?}, chat-core knows crates that are on no list: {unlisted:?}. Who brings them: \
         `cargo tree -p chat-core --edges normal{} -i NAME`. If one belongs here, list it with its reason; if it \
         is for a transport, a store or a host language, it belongs into the crate for that",
        features.iter().map(|f| format!(" {f}")).collect::<String>(),
    );

    // What each platform needs differs; the lists are exact where most of the work is done.
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let gone: Vec<_> =
            listed.iter().filter(|c| !there.contains(*c) && !elsewhere.contains(*c)).collect();
        assert!(gone.is_empty(), "with {features:?}, these are listed but not there: {gone:?}");
    }
}

#[test]
fn without_features_the_core_knows_only_what_is_listed() {
    holds(&[], &[ALWAYS]);
}

#[test]
fn json_comes_with_the_feature_serde_only() {
    holds(&["--features", "serde"], &[ALWAYS, SERDE]);
}

#[test]
fn the_testkit_brings_no_json_along() {
    holds(&["--features", "testkit"], &[ALWAYS, TESTKIT]);
}

#[test]
fn no_other_feature_brings_anything() {
    holds(&["--all-features"], &[ALWAYS, SERDE, TESTKIT]);
}

#[test]
fn the_lists_name_nothing_that_is_kept_out() {
    for name in [ALWAYS, TESTKIT, ELSEWHERE].concat() {
        let of = KEPT_OUT.iter().find(|part| name.contains(*part));
        assert_eq!(of, None, "{name} is what chat-core must not know");
    }
}

/// Both are built on the core, and a program takes either, both or none.
#[test]
fn the_store_and_the_adapter_do_not_know_each_other() {
    let holds = |package: &str, kept_out: &[&str]| {
        let there = crates_of(package, &["--all-features"]);
        assert!(there.contains("chat-core"), "cargo tree was not understood: {there:?}");
        let known: Vec<_> =
            there.iter().filter(|name| kept_out.iter().any(|part| name.contains(part))).collect();
        assert!(known.is_empty(), "{package} knows {known:?}");
    };
    holds("chat-redis", &["chat-ws", "axum", "hyper", "tungstenite", "http", "pyo3"]);
    holds("chat-ws", &["chat-redis", "redis", "pyo3"]);
}
