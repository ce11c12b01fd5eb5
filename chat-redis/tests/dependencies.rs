//! What chat-redis must not know: other adapters, what they are made of, and other ways to do TLS than rustls with ring,
//! which need a library or a tool of the system's.

use std::collections::BTreeSet;
use std::process::Command;

/// Parts of names that no crate behind chat-redis may have.
const KEPT_OUT: &[&str] = &[
    // Other adapters, and what they stand on.
    "chat-ws",
    "axum",
    "hyper",
    "tower",
    "tungstenite",
    "websocket",
    "pyo3",
    // TLS and cryptography that are not built from Rust and ring alone.
    "native-tls",
    "openssl",
    "aws-lc",
];

/// The names of all crates that are built into a program which uses chat-redis.
fn crates_behind() -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--locked", "--edges", "normal,build", "--target", "all"])
        .args(["--prefix", "none", "--format", "{p}", "--package", "chat-redis", "--all-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree: {problem}");
    let names = String::from_utf8_lossy(&output.stdout);
    names.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn nothing_is_known_that_is_kept_out() {
    let there = crates_behind();
    for known in ["chat-core", "redis", "ring", "rustls"] {
        assert!(there.contains(known), "cargo tree was not understood: {there:?}");
    }
    // Finds where a system keeps its certificates; has nothing of OpenSSL's but the name.
    let there = there.into_iter().filter(|name| name != "openssl-probe");
    let wrong: Vec<_> =
        there.filter(|name| KEPT_OUT.iter().any(|part| name.contains(part))).collect();
    assert!(
        wrong.is_empty(),
        "chat-redis must not know {wrong:?}. Who brings them: `cargo tree -p chat-redis --target all -i NAME`"
    );
}
