//! Each program is started, and spoken to as its users would.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

/// A program that runs until it is dropped.
struct Program {
    child: Child,
    /// Where it listens.
    at: String,
}

impl Program {
    /// `cargo test` builds the examples before it runs this; `cargo test --test run` alone does not.
    fn start(name: &str) -> Self {
        let mut path: PathBuf = std::env::current_exe().unwrap();
        path.pop();
        path.pop();
        path.push("examples");
        path.push(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        assert!(path.exists(), "{} is not there: run `cargo test` without --test", path.display());
        let mut child =
            Command::new(path).arg("127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let at = line.trim().rsplit([' ', '/']).next().unwrap().to_owned();
        Self { child, at }
    }

    async fn get(&self, path: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(&self.at).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n",
            self.at
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn a_site_on_axum_lets_its_own_users_chat_and_knows_who_is_there() {
    let site = Program::start("axum_site");
    let login = site.get("/login/kim", "").await;
    assert!(
        login.starts_with("HTTP/1.1 303") && login.contains("set-cookie: user=kim;"),
        "{login}"
    );

    let connect = |cookie: Option<&str>| {
        let mut request = format!("ws://{}/ws", site.at).into_client_request().unwrap();
        request.headers_mut().insert("origin", format!("http://{}", site.at).parse().unwrap());
        if let Some(cookie) = cookie {
            request.headers_mut().insert("cookie", cookie.parse().unwrap());
        }
        tokio_tungstenite::connect_async(request)
    };
    let (mut kim, _) = connect(Some("theme=dark; user=kim")).await.unwrap();
    let mut ask = async |command: Value| -> Value {
        kim.send(Message::text(command.to_string())).await.unwrap();
        loop {
            let frame = kim.next().await.unwrap().unwrap().into_text().unwrap();
            let frame: Value = serde_json::from_str(&frame).unwrap();
            if frame["re"] == command["id"] {
                return frame;
            }
        }
    };
    assert_eq!(ask(json!({"id": 1, "do": "hello"})).await["ok"]["user"], "kim");
    let joined = ask(json!({"id": 2, "do": "join", "room": "film-496243"})).await;
    assert_eq!(joined["ok"]["room"]["title"], "Parasite (2019)");
    assert!(site.get("/", "").await.contains("film-496243: 1 people"));

    let (mut nobody, _) = connect(None).await.unwrap();
    nobody.send(Message::text(r#"{"id":1,"do":"hello"}"#)).await.unwrap();
    let refused = nobody.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(refused.contains("unauthorized"), "{refused}");

    let mut elsewhere = format!("ws://{}/ws", site.at).into_client_request().unwrap();
    elsewhere.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    let refused = tokio_tungstenite::connect_async(elsewhere).await.unwrap_err();
    assert!(matches!(refused, Error::Http(answer) if answer.status() == 403));
}

#[tokio::test]
async fn a_transport_of_ones_own_speaks_the_whole_protocol() {
    let program = Program::start("tcp_lines");
    let stream = TcpStream::connect(&program.at).await.unwrap();
    let (from, mut to) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(from).lines();
    // Without waiting for answers, and in pieces that are no lines.
    let all = concat!(
        r#"{"id":1,"do":"hello","name":"Kim"}"#,
        "\n",
        r#"{"id":2,"do":"join","room":"lobby","create":{"title":"Lobby"}}"#,
        "\n",
        r#"{"id":3,"do":"say","room":"lobby","body":"hello"}"#,
        "\n",
    );
    for piece in all.as_bytes().chunks(7) {
        to.write_all(piece).await.unwrap();
        to.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    let (mut replies, mut said) = (Vec::new(), None);
    while replies.len() < 3 || said.is_none() {
        let line = lines.next_line().await.unwrap().unwrap();
        let frame: Value = serde_json::from_str(&line).unwrap();
        if frame["ev"] == "said" {
            said = Some(frame["body"].clone());
        } else if frame["re"].is_u64() {
            assert!(frame["ok"].is_object(), "{frame}");
            replies.push(frame["re"].as_u64().unwrap());
        }
    }
    assert_eq!((replies, said), (vec![1, 2, 3], Some(json!("hello"))));

    // A line without an end is refused, not kept.
    let _ = to.write_all(&vec![b'x'; 70_000]).await;
    let mut last = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        last = line;
    }
    assert_eq!(last, "closed: 4413");
}
