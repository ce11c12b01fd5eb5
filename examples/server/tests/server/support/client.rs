//! A client of chat.v1, as simple as one can be.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

const PATIENCE: Duration = Duration::from_secs(60);

/// What a WebSocket runs on.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection.
pub struct Client {
    socket: WebSocketStream<Box<dyn Stream>>,
    id: u64,
    events: VecDeque<Value>,
    /// What `hello` said.
    pub hello: Value,
}

impl Client {
    /// Connects and says hello.
    pub async fn hello(address: SocketAddr) -> Self {
        Self::hello_as(address, json!({})).await
    }

    /// Connects and says hello with these fields.
    pub async fn hello_as(address: SocketAddr, fields: Value) -> Self {
        let mut client = Self::open(address, &[]).await.unwrap();
        client.hello = client.ask("hello", fields).await.unwrap();
        client
    }

    /// Connects and says nothing; the status where that is refused.
    pub async fn open(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::open_on(Box::new(stream), &format!("ws://{address}/ws"), headers).await
    }

    /// The same on a stream that is there.
    pub async fn open_on(
        stream: Box<dyn Stream>,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        match timeout(PATIENCE, client_async(request, stream)).await.expect("an answer") {
            Ok((socket, _)) => {
                Ok(Self { socket, id: 0, events: VecDeque::new(), hello: Value::Null })
            }
            Err(Error::Http(reply)) => Err(reply.status().as_u16()),
            Err(_) => Err(0),
        }
    }

    /// Carries out a command; what it is answered.
    pub async fn ask(&mut self, verb: &str, fields: Value) -> Result<Value, Value> {
        let answer = self.ask_or_lost(verb, fields).await;
        let answer = answer.unwrap_or_else(|| panic!("{verb}: the connection has ended"));
        answer.get("ok").cloned().ok_or_else(|| answer["err"].clone())
    }

    /// The same, unless the connection has ended.
    pub async fn ask_or_lost(&mut self, verb: &str, fields: Value) -> Option<Value> {
        self.id += 1;
        let id = self.id;
        let mut command = fields;
        command["id"] = id.into();
        command["do"] = verb.into();
        self.send(&command.to_string()).await;
        loop {
            let frame = self.frame().await.ok()?;
            if frame["re"] == id {
                return Some(frame);
            }
            self.events.push_back(frame);
        }
    }

    /// Sends a text as it is.
    pub async fn send(&mut self, text: &str) {
        let _ = self.socket.send(Message::text(text)).await;
    }

    /// The next event of this kind; others before it are passed over.
    pub async fn event(&mut self, ev: &str) -> Value {
        loop {
            let frame = match self.events.pop_front() {
                Some(frame) => frame,
                None => self.frame().await.unwrap_or_else(|code| panic!("no {ev}: closed, {code}")),
            };
            if frame["ev"] == ev {
                return frame;
            }
        }
    }

    /// Reads until the connection is closed: the last event, and the code.
    pub async fn closed(&mut self) -> (Option<Value>, u16) {
        let mut last = self.events.pop_back();
        loop {
            match self.frame().await {
                Ok(frame) => last = Some(frame),
                Err(code) => return (last, code),
            }
        }
    }

    /// Reads for this long, so that pings are answered; nothing may come.
    pub async fn idle(&mut self, time: Duration) {
        let read = timeout(time, self.next()).await;
        assert!(read.is_err(), "while idle: {read:?}");
    }

    async fn frame(&mut self) -> Result<Value, u16> {
        timeout(PATIENCE, self.next()).await.expect("a frame")
    }

    /// The next frame; the code of its close, 0 where there is none.
    async fn next(&mut self) -> Result<Value, u16> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(close))) => {
                    return Err(close.map_or(0, |close| close.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    }
}
