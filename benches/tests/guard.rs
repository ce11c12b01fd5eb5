//! The guard as a program. That it fails where something is missed is told by its own tests, of its parts.

#![cfg(target_os = "linux")]

use std::process::Command;

const GUARD: &str = env!("CARGO_BIN_EXE_chat-guard");
const BOUNDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/guard.json");

#[test]
fn without_valgrind_nothing_is_counted_and_it_says_so() {
    let mut guard = Command::new(GUARD);
    guard.args(["--only", "instructions", "--bounds", BOUNDS]).env("PATH", "");
    let output = guard.output().expect("the guard starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("there is no valgrind"), "{said}");
    let steps = chat_benches::steps::ALL.len();
    let sum = format!("test result: ok. 0 passed; 0 failed; {steps} ignored; 0 measured;");
    assert!(said.contains(&sum), "{said}");
}

#[test]
fn without_bounds_nothing_is_checked() {
    let output = Command::new(GUARD).args(["--bounds", "/nowhere/at/all"]).output();
    let output = output.expect("the guard starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("reading the bounds"));
}
