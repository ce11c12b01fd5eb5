//! What is wrong is said in one line, at once, and never with a secret in it.

use std::net::TcpListener;

use crate::support::node::{Ended, Node};

fn is_one_line(ended: &Ended, of: &str) {
    let lines: Vec<&str> = ended.err.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), 1, "{of}: {}", ended.err);
    assert!(lines[0].starts_with("chat-server: "), "{of}: {}", ended.err);
    assert!(ended.out.is_empty(), "{of}: {}", ended.out);
}

#[tokio::test]
async fn bad_values_are_named_in_one_line() {
    let month = (30 * 24 * 3600 + 1).to_string();
    for (flag, value) in [
        ("--listen", "8000"),
        ("--listen", "127.0.0.1:99999"),
        ("--listen", ":8000"),
        ("--listen", "::1:8000:"),
        ("--store", "mysql://localhost"),
        ("--store", "localhost:6379"),
        ("--store", "redis://localhost/x"),
        ("--store", "redis://localhost?colour=red"),
        ("--store", "redis+sentinel://localhost"),
        ("--secret-file", "/nowhere/at/all"),
        ("--jwt-secret-file", "/nowhere/at/all"),
        ("--jwt-public-key-file", "/nowhere/at/all"),
        ("--allow-origin", "example.org"),
        ("--allow-origin", "https://example.org/path"),
        ("--lease-ms", "999"),
        ("--lease-ms", "soon"),
        ("--lease-ms", "-1"),
        ("--grace-ms", "60001"),
        ("--idle-s", "0"),
        ("--idle-s", &month),
        ("--empty-s", "0"),
        ("--empty-s", &month),
        ("--visitors-window-s", "0"),
        ("--hello-timeout-ms", "0"),
        ("--ping-ms", "0"),
        ("--rate", "-1"),
        ("--rate", "1.5"),
        ("--max-connections", "0"),
        ("--max-connections-per-address", "many"),
        ("--trusted-proxy", "10.0.0.0/33"),
        ("--trusted-proxy", "proxy.example.org"),
        ("--metrics-listen", "9100"),
        ("--log", "xml"),
        ("--no-anonymous", "--no-anonymous"),
        ("--colour", "red"),
        ("--pages", "/nowhere/at/all"),
    ] {
        let ended = Node::refused(&[flag, value], &[]).await;
        assert_eq!(ended.code, 2, "{flag} {value}: {}", ended.err);
        is_one_line(&ended, flag);
        assert!(ended.err.contains(flag), "{flag} {value}: {}", ended.err);
    }
}

#[tokio::test]
async fn bad_values_in_the_environment_are_too() {
    for (name, value, flag) in [
        ("CHAT_LEASE_MS", "5", "--lease-ms"),
        ("CHAT_STORE", "mysql://localhost", "--store"),
        ("CHAT_NO_ANONYMOUS", "perhaps", "--no-anonymous"),
        ("CHAT_TRUSTED_PROXY", "10.0.0.1,nonsense", "--trusted-proxy"),
        ("CHAT_LOG", "xml", "--log"),
        ("CHAT_LOG_LEVEL", "chat=loudly", "CHAT_LOG_LEVEL"),
    ] {
        let ended = Node::refused(&[], &[(name, value)]).await;
        assert_eq!(ended.code, 2, "{name}={value}: {}", ended.err);
        is_one_line(&ended, name);
        assert!(ended.err.contains(flag), "{name}={value}: {}", ended.err);
    }
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flags in [
        &["--listen", address.as_str()][..],
        &["--listen", "127.0.0.1:0", "--metrics-listen", &address],
    ] {
        let ended = Node::refused(flags, &[]).await;
        assert_eq!(ended.code, 1, "{}", ended.err);
        is_one_line(&ended, "--listen");
        assert!(ended.err.contains(&address) && ended.err.contains("in use"), "{}", ended.err);
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_named() {
    let ended = Node::refused(&["--store", "redis://127.0.0.1:1"], &[]).await;
    assert_eq!(ended.code, 1, "{}", ended.err);
    is_one_line(&ended, "--store");
    assert!(ended.err.contains("127.0.0.1:1 cannot be reached"), "{}", ended.err);
}

#[tokio::test]
async fn a_password_is_never_shown() {
    for url in [
        "redis://kim:hunter2@127.0.0.1:1",
        "redis://kim:hunter2@127.0.0.1/x",
        "redis://kim:hunter2@a,b",
        "mysql://kim:hunter2@127.0.0.1",
        "kim:hunter2@127.0.0.1",
        "redis://kim:hunter2%@127.0.0.1",
        "redis+sentinel://127.0.0.1:1?master=m&sentinel_password=hunter2",
    ] {
        for ended in [
            Node::refused(&["--store", url], &[]).await,
            Node::refused(&["--store", url, "--lease-ms", "5"], &[]).await,
            Node::refused(&["--log", "xml"], &[("CHAT_STORE", url)]).await,
        ] {
            is_one_line(&ended, url);
            assert!(!ended.err.contains("hunter2"), "{}", ended.err);
        }
    }
}

#[tokio::test]
async fn help_names_every_flag_and_shows_no_value_of_the_stores() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_chat-server"))
        .arg("--help")
        .env("CHAT_STORE", "redis://:hunter2@localhost")
        .output()
        .unwrap();
    assert!(help.status.success() && help.stderr.is_empty());
    let text = String::from_utf8(help.stdout).unwrap();
    for flag in [
        "listen",
        "store",
        "secret-file",
        "allow-origin",
        "no-anonymous",
        "lease-ms",
        "grace-ms",
        "idle-s",
        "empty-s",
        "visitors-window-s",
        "hello-timeout-ms",
        "ping-ms",
        "rate",
        "max-connections",
        "trusted-proxy",
        "metrics-listen",
        "log",
    ] {
        assert!(text.contains(&format!("--{flag}")), "{flag}: {text}");
        let env = format!("CHAT_{}", flag.to_uppercase().replace('-', "_"));
        assert!(text.contains(&env), "{env}: {text}");
    }
    assert!(!text.contains("hunter2") && !text.contains("--pages"), "{text}");
}
