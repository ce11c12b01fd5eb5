//! A chat engine that knows no transport: rooms, presence, matching, ranking and expiry behind storage traits.
//!
//! ```
//! use chat_core::{Engine, Event, RoomSpec, User};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> chat_core::Result<()> {
//! let engine = Engine::in_memory();
//! let kim = engine.connect(User::named("kim", "Kim")).await?;
//! let mut lee = engine.connect(User::anonymous()).await?;
//!
//! let room = engine.open(RoomSpec::public("Rust")).await?;
//! kim.join(room.id()).await?;
//! let snapshot = lee.join(room.id()).await?; // members, recent entries, cursor: one consistent moment
//! assert_eq!(snapshot.members.len(), 2);
//! kim.say(room.id(), "hello").await?;
//!
//! while let Some(event) = lee.next().await {
//!     if let Event::Entry(entry) = event
//!         && let Some(said) = entry.said()
//!     {
//!         assert_eq!(said.body.as_bytes(), br#""hello""#);
//!         break;
//!     }
//! }
//! # engine.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Where things live
//!
//! **A room is a numbered log**: everything else follows from that. Read in this order:
//!
//! | module | what it holds |
//! |---|---|
//! | [`id`], [`text`], [`body`], [`time`], [`user`], [`room`], [`list`], [`why`], [`limits`], [`error`] | the vocabulary: checked once, where it comes in |
//! | [`entry`], [`event`] | the log of a room, and what a session is told |
//! | [`store`] | what a store must do: five small traits of whole operations |
//! | [`matching`] | the rules of matching, as a pure value |
//! | [`memory`] | the store in this process |
//! | `hub` | handing entries to sessions: tails, cursors, healing, watched lists |
//! | `engine`, `session` | what a host holds: [`Engine`], [`Session`], [`SessionHandle`] |
//! | [`hooks`] | what a host may decide, and watch |
//! | `testkit` (feature) | the suite that every store must pass |
//!
//! Nothing names what comes after it in this table, but for two things that events and entries borrow from [`store`] (a
//! snapshot, the key of a session). A store never names the engine, and what a store calls ([`store::Sink`]) never calls the
//! store. The map with all files, and the reasons, are in ARCHITECTURE.md.
//!
//! # For whom
//!
//! *A program with a transport of its own* needs what is given out at this level: [`Engine`], [`Session`], the values, and
//! [`Event`]. *An adapter* takes [`Session::next_batch`], keeps its ready frames with the entries ([`Entry::frame`]), and
//! answers with [`Error::code`]. *A store* implements the five traits of [`store`] and is done when it passes the suite
//! in `testkit`.
//!
//! # Features
//!
//! `serde`: ids, texts, bodies, cursors, times, orders and reasons can be written and read, and `Body::of`.
//! `testkit`: the suite. Neither changes what is there without it.

#![forbid(unsafe_code)]

pub mod body;
mod engine;
pub mod entry;
pub mod error;
pub mod event;
pub mod hooks;
mod hub;
pub mod id;
pub mod limits;
pub mod list;
pub mod matching;
pub mod memory;
pub mod room;
mod session;
pub mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod text;
pub mod time;
pub mod user;
pub mod why;
mod words;

pub use body::Body;
pub use engine::{Author, Engine, EngineBuilder, Stats};
pub use entry::{Cursor, Encoding, Entry, Said, SharedEntry, Signal, What};
pub use error::{Bound, Error, Invalid, Problem, Reason, Result, StoreError};
pub use event::{Event, Matched};
pub use hooks::{
    HookOptions, HookResult, Hooks, Observation, Observer, ObserverOptions, OnFailure, SayVerdict,
    Verdict,
};
pub use id::{
    Epoch, Incarnation, Key, MatchId, NodeId, PoolName, RoomId, SessionId, SessionKey, UserId,
    Writer,
};
pub use limits::{Limits, MatchRules, StoreOptions};
pub use list::{ListChange, ListOp, ListSnapshot, Order, Page, RoomPage, Watched};
pub use memory::MemoryStore;
pub use room::{
    Member, PolicyChange, PolicyDefaults, Presence, RoomKind, RoomPolicy, RoomSpec, RoomView,
};
pub use session::{Join, Rest, Seek, Session, SessionHandle, Spoken};
pub use store::{Backend, History, HistoryPage, MembersPage, Replay, Snapshot};
pub use text::{Name, Tag, Title};
pub use time::{Clock, Timestamp};
pub use user::{Identity, User};
pub use why::{ByeWhy, CloseWhy, LeftWhy, LostWhy, ResetWhy, UnmatchedWhy};
