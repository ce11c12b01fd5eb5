//! A client that knows nothing but WebSocket and JSON. It keeps replies and events apart, and each in the order in which they came.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{check_frame, soon};

pub(crate) struct Client {
    ws: WebSocketStream<TcpStream>,
    next: u64,
    replies: HashMap<u64, Value>,
    /// Replies to what had no number.
    unnumbered: VecDeque<Value>,
    events: VecDeque<Value>,
    /// The texts of all frames, as they came.
    pub(crate) texts: Vec<String>,
    /// What `hello` was answered with.
    pub(crate) me: Value,
    closed: Option<(u16, String)>,
}

/// The number of a command that was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent(pub(crate) u64);

impl Client {
    pub(crate) async fn connect(to: SocketAddr) -> Self {
        Self::try_connect(to, &[]).await.expect("an upgrade").0
    }

    /// With further headers in its request.
    pub(crate) async fn try_connect(
        to: SocketAddr,
        headers: &[(&'static str, &str)],
    ) -> Result<(Self, Response), Box<Error>> {
        let stream = TcpStream::connect(to).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = Request::builder()
            .uri(format!("ws://{to}/ws"))
            .header("host", to.to_string())
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==");
        for (name, value) in headers {
            request = if *name == "host" {
                request.headers_mut().unwrap().insert("host", value.parse().unwrap());
                request
            } else {
                request.header(*name, *value)
            };
        }
        let request = request.body(()).unwrap();
        let upgrade = tokio_tungstenite::client_async(request, stream);
        let (ws, response) = soon("the upgrade", Box::pin(upgrade)).await?;
        Ok((Self::of(ws), response))
    }

    fn of(ws: WebSocketStream<TcpStream>) -> Self {
        Self {
            ws,
            next: 1,
            replies: HashMap::new(),
            unnumbered: VecDeque::new(),
            events: VecDeque::new(),
            texts: Vec::new(),
            me: Value::Null,
            closed: None,
        }
    }

    /// Says hello, with these fields, and is let in.
    pub(crate) async fn hello(&mut self, mut fields: Value) -> Value {
        fields["do"] = "hello".into();
        self.me = self.ok(fields).await;
        self.me.clone()
    }

    /// One's own id.
    pub(crate) fn user(&self) -> &str {
        self.me["user"].as_str().unwrap()
    }

    /// The token that brings the same user back.
    pub(crate) fn token(&self) -> &str {
        self.me["token"].as_str().unwrap()
    }

    pub(crate) async fn send_message(&mut self, message: Message) {
        soon("a write", self.ws.send(message)).await.unwrap();
    }

    /// Sends a text as it is.
    pub(crate) async fn send_text(&mut self, text: impl Into<String>) {
        self.send_message(Message::text(text.into())).await;
    }

    /// Sends a command under a number of its own.
    pub(crate) async fn send(&mut self, command: Value) -> Sent {
        let (id, text) = self.numbered(command);
        self.send_text(text).await;
        id
    }

    /// Sends many in one go.
    pub(crate) async fn send_all(
        &mut self,
        commands: impl IntoIterator<Item = Value>,
    ) -> Vec<Sent> {
        let mut sent = Vec::new();
        for command in commands {
            let (id, text) = self.numbered(command);
            soon("a write", self.ws.feed(Message::text(text))).await.unwrap();
            sent.push(id);
        }
        soon("a flush", self.ws.flush()).await.unwrap();
        sent
    }

    fn numbered(&mut self, mut command: Value) -> (Sent, String) {
        let id = self.next;
        self.next += 1;
        command["id"] = id.into();
        (Sent(id), command.to_string())
    }

    /// The whole reply to a command.
    pub(crate) async fn reply(&mut self, to: Sent) -> Value {
        loop {
            if let Some(reply) = self.replies.remove(&to.0) {
                return reply;
            }
            self.read(&format!("the reply to {}", to.0)).await;
        }
    }

    /// Sends a command and gets the whole reply.
    pub(crate) async fn ask(&mut self, command: Value) -> Value {
        let sent = self.send(command).await;
        self.reply(sent).await
    }

    /// Sends a command that is carried out.
    pub(crate) async fn ok(&mut self, command: Value) -> Value {
        let text = command.to_string();
        let mut reply = self.ask(command).await;
        assert!(reply.get("ok").is_some(), "{text} got {reply}");
        reply["ok"].take()
    }

    /// Sends a command that is refused; the error.
    pub(crate) async fn err(&mut self, command: Value) -> Value {
        let text = command.to_string();
        let mut reply = self.ask(command).await;
        assert!(reply.get("err").is_some(), "{text} got {reply}");
        reply["err"].take()
    }

    /// Sends a command that is refused; the code.
    pub(crate) async fn code(&mut self, command: Value) -> String {
        self.err(command).await["code"].as_str().unwrap().to_owned()
    }

    /// Sends a command that has a wrong field; its name.
    pub(crate) async fn wrong(&mut self, command: Value) -> String {
        let text = command.to_string();
        let err = self.err(command).await;
        assert_eq!(err["code"], "bad_request", "{text} got {err}");
        err["field"].as_str().unwrap_or_default().to_owned()
    }

    /// The next reply to what had no number.
    pub(crate) async fn unnumbered(&mut self) -> Value {
        loop {
            if let Some(reply) = self.unnumbered.pop_front() {
                return reply;
            }
            self.read("a reply without a number").await;
        }
    }

    /// The next event, whatever it is.
    pub(crate) async fn next_event(&mut self) -> Value {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            self.read("an event").await;
        }
    }

    /// The next event, which is of this kind.
    pub(crate) async fn event(&mut self, ev: &str) -> Value {
        let event = self.next_event().await;
        assert_eq!(event["ev"], ev, "{event}");
        event
    }

    /// The next event of this kind, whatever comes before.
    pub(crate) async fn event_past_others(&mut self, ev: &str) -> Value {
        loop {
            let event = self.next_event().await;
            if event["ev"] == ev {
                return event;
            }
        }
    }

    /// Everything that was done before has been told.
    pub(crate) async fn catch_up(&mut self) {
        // What is told of others' doings may come behind the first reply, but no later than the second one.
        for _ in 0..2 {
            self.ok(json!({"do": "ping"})).await;
        }
    }

    /// Everything that it was told and has not looked at.
    pub(crate) async fn events(&mut self) -> Vec<Value> {
        self.catch_up().await;
        self.events.drain(..).collect()
    }

    /// Nothing was told, and nothing will be for what was done before.
    pub(crate) async fn nothing(&mut self) {
        let events = self.events().await;
        assert!(events.is_empty(), "{events:?}");
    }

    /// Waits for the server's close; code and reason. Its last event was a `bye` with that reason, which is left in `events`.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        while self.closed.is_none() {
            self.read("a close").await;
        }
        self.closed.clone().unwrap()
    }

    /// Waits for the server's close with its word before; the code, and the `bye`.
    pub(crate) async fn bye(&mut self) -> (u16, Value) {
        let (code, reason) = self.closed().await;
        let bye = self.events.pop_back().expect("a last event");
        assert_eq!(bye["ev"], "bye", "{bye}");
        assert_eq!(bye["why"], reason);
        (code, bye)
    }

    /// How many replies came that nobody has looked at.
    pub(crate) fn replies_left(&self) -> usize {
        self.replies.len() + self.unnumbered.len()
    }

    /// Hangs up without a word, as one whose network is gone.
    pub(crate) fn vanish(self) {
        drop(self);
    }

    /// Closes as browsers do.
    pub(crate) async fn close(mut self, code: u16) {
        use tokio_tungstenite::tungstenite::protocol::CloseFrame;
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        let _ = self.ws.close(Some(frame)).await;
        while let Some(Ok(_)) = soon("the end", self.ws.next()).await {}
    }

    async fn read(&mut self, what: &str) {
        if let Some(closed) = &self.closed {
            panic!("closed with {closed:?} while waiting for {what}");
        }
        match soon(what, self.ws.next()).await {
            Some(Ok(Message::Text(text))) => self.take(text.as_str()),
            Some(Ok(Message::Close(Some(close)))) => {
                self.closed = Some((close.code.into(), close.reason.to_string()));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => panic!("{other:?} came instead of {what}"),
        }
    }

    fn take(&mut self, text: &str) {
        let frame: Value = serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(&without_halves(text)))
            .expect("JSON");
        check_frame(&frame);
        self.texts.push(text.to_owned());
        if frame.get("re").is_none() {
            self.events.push_back(frame);
        } else if let Some(re) = frame["re"].as_u64() {
            let twice = self.replies.insert(re, frame);
            assert!(twice.is_none(), "two replies to {re}");
        } else {
            self.unnumbered.push_back(frame);
        }
    }
}

/// Half a character is JSON, and JavaScript has it; Rust's texts do not.
fn without_halves(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\ud") {
        let (before, half) = rest.split_at(at);
        whole.push_str(before);
        whole.push_str("\\ufffd");
        rest = &half[6..];
    }
    whole + rest
}
