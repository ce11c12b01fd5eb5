//! The chat engine over WebSocket: `chat.v1`.
//!
//! The protocol is spoken by a [`Peer`], which knows no socket: text frames go in, ready frames and a close code come out.
//! Around it are thin shells: [`Server::serve`] (a listener), [`Server::serve_stream`] (one stream that was upgraded
//! already), [`axum`](mod@axum) (a handler, with the feature of that name), and whatever a program brings itself
//! ([`Server::peer`]). What the frames say is in `PROTOCOL.md` beside this crate's manifest.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use chat_ws::{Options, Secret, Server, Tokens};
//!
//! let engine = chat_core::Engine::in_memory();
//! let secret = Secret::new(std::fs::read("secret")?)?;
//! let server = Server::builder(engine)
//!     .with_auth(Tokens::new(secret).without_anonymous())
//!     .with_options(Options { origins: vec!["https://example.org".parse()?], ..Options::default() })
//!     .build();
//! server.serve(tokio::net::TcpListener::bind("127.0.0.1:8000").await?).await?;
//! # Ok(()) }
//! ```
//!
//! # Where things live
//!
//! | module | what it does |
//! |---|---|
//! | `peer` | the protocol of one connection: `hello`, commands and their order, events, limits, time |
//! | `json` | the one place that reads and writes JSON |
//! | `server`, `registry`, `options`, `rates` | what connections share; who is connected; bounds |
//! | `auth`, `upgrade`, `origin` | who somebody is; where they come from |
//! | `frame`, `outgoing`, `close` | what goes out |
//! | `socket`, `listen`, `axum` | shells: WebSocket frames on a stream, a listener, a handler |
//! | [`http`](mod@http) | lists and history over plain HTTP |
//! | [`wire`](mod@wire) | what the engine hands out, as it is on the wire, for what shows it elsewhere |
//!
//! # Under pressure
//!
//! An entry is encoded once per node, however many get it. What waits for a connection goes out in one flush. A connection that does
//! not read holds at most [`Options::waiting`] bytes, most of them shared with others, and is closed if it takes nothing; everything
//! beyond stays a place in a log. A connection that asks for more than is carried out is not read from until it is.

#![forbid(unsafe_code)]

pub mod auth;
#[cfg(feature = "axum")]
pub mod axum;
mod close;
mod command;
mod frame;
pub mod http;
mod json;
mod listen;
mod metrics;
mod options;
mod origin;
mod outgoing;
mod peer;
mod rates;
mod refused;
mod registry;
mod server;
mod socket;
mod upgrade;
pub mod wire;

pub use auth::{Admitted, Authenticate, Credentials, Denied, JwtKey, Secret, Tokens};
pub use close::Close;
pub use command::Class;
pub use frame::Frame;
pub use options::{Options, Retry};
pub use origin::{NotAHost, NotAnOrigin, Origin};
pub use outgoing::Outgoing;
pub use peer::Peer;
pub use rates::{Rate, Rates};
pub use server::{Admission, Refusal, Server, ServerBuilder};
pub use upgrade::Upgrade;
