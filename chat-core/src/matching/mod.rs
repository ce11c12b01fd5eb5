//! The rules of matching, as a value: no locks, no clock, nothing that waits.
//!
//! A [`Pool`] is everybody who waits in one place, the matches that are proposed to them, and who is in one of its pair
//! rooms. Its operations take values and the time, change the pool, and return an outcome and the mail to be sent: a
//! [`Step`]. A store calls them under the lock of the pool, delivers the mail, and opens and closes rooms.
//!
//! # What it guarantees
//!
//! - *No two who fit wait at once.* There is no tick: whatever can make two tickets fit is a flag, or an entry in a list,
//!   that changes only in a step which also runs the rule. That holds however late [`Pool::due`] is called; late is
//!   only when somebody widens. The one exception is a scan that stopped after [`MatchRules::scan`] misfits: it goes
//!   on in a next step, due at once.
//! - *Nobody is in two matches, or waits while in a room*: a user is in one place of one map.
//! - *The oldest first*, by time of entry, then in the order of arrival; those with a shared tag before others. Whoever
//!   is put back, replaced, or comes back from being lost keeps the time of entry.
//! - *Blocks are hard in both directions*: those made here, and those that come with a request. A match proposed to two
//!   is broken by a block between them.
//! - *Nothing is unbounded*: tickets by [`MatchRules::waiting`]; blocks by user and by pool, the oldest going for a new
//!   one; last partners two by user, for two generations, which turn early when they are as many as may wait. What is
//!   left when everybody has gone and time has passed is nothing, and [`Pool::is_empty`] says so.
//! - *No step is long*: a scan stops, what is due is done about a hundred deadlines at a time, a dead node's tickets as
//!   many as the caller says.
//!
//! # When two fit
//!
//! They are two users; they share a tag, or both are *open*: have widened (at once without tags, else after
//! [`MatchRules::widen`]) and are not strict; neither has blocked the other; and they are not last partners (if either
//! remembers the other), unless both have waited [`MatchRules::soft`]. Only who waits is looked at: not one whose
//! connection is lost, nor one with a match proposed.
//!
//! The rule runs for a ticket when it is added (also in place of an earlier one), widens, has waited `soft`, comes back
//! into the queue, or when a block of its user ends.
//!
//! # The life of a ticket
//!
//! ```text
//!                       ┌────────────── submit: a new content, the old time ─────────────┐
//!                       ▼                                                                │
//!            nobody   ┌─────────┐  lose_place            ┌─────────┐  place_kept         │
//! ── submit ────────► │ waiting │ ─────────────────────► │ dormant │ ───────────► gone   │
//!      │     fits     └─────────┘                        └─────────┘                     │
//!      │                │     ▲                               │ ▲                        │
//!      │ fits       fits│     │ the other one withdraws,      └─┼────────────────────────┤
//!      ▼                ▼     │ is replaced, lost or dead,      │                        │
//!    ┌───────────────────────────┐ or did not confirm           │ lose_place             │
//!    │         proposed          │ ─────────────────────────────┘                        │
//!    │  nobody, or this side, or │ ──────────────────────────────────────────────────────┘
//!    │  the other has confirmed  │ ── confirm ran out, and this side had not ──► gone: Unmatched(Lapsed)
//!    └───────────────────────────┘
//!                  │ both have: Ready, the caller opens the room, opened()
//!                  ▼
//!              engaged ── the room closes: closed() ──► free to submit again; the two are last partners
//!
//! from waiting, dormant and proposed: withdraw ──► gone;   drop_writer, expel ──► gone: Unmatched(Lapsed)
//! ```
//!
//! # How a match is made
//!
//! ```
//! use chat_core::MatchRules;
//! use chat_core::RoomPolicy;
//! use chat_core::id::{Incarnation, NodeId, PoolName, SessionId, UserId};
//! use chat_core::matching::{Confirming, Pool};
//! use chat_core::store::{Mail, Request, Writer};
//! use chat_core::time::Timestamp;
//!
//! let node = Writer { node: NodeId(1), incarnation: Incarnation(1) };
//! let request = |n, user| Request {
//!     pool: PoolName::new("random").unwrap(),
//!     user: UserId::new(user).unwrap(),
//!     session: node.session(SessionId(n)),
//!     tags: vec![],
//!     strict: false,
//!     blocked: vec![],
//!     policy: RoomPolicy::pair(),
//! };
//! let mut pool = Pool::new(PoolName::new("random").unwrap(), MatchRules::default());
//! assert!(pool.submit(request(1, "kim"), Timestamp(0))?.mail.is_empty());
//! let proposed = pool.submit(request(2, "lee"), Timestamp(5))?.mail;
//! let [Mail::Proposed { which, .. }, _] = proposed[..] else { panic!() };
//! assert_eq!(pool.confirm(which, node.session(SessionId(2))), Confirming::Half);
//! let Confirming::Ready(pairing) = pool.confirm(which, node.session(SessionId(1))) else { panic!() };
//! // Here the room is opened, with both inside.
//! assert_eq!(pool.opened(which).mail.len(), 2);
//! assert_eq!(pool.engaged(&UserId::new("kim").unwrap()), Some(&pairing.room));
//! # Ok::<(), chat_core::StoreError>(())
//! ```
//!
//! # What it costs
//!
//! Users, tickets and tags have small numbers; queues are ordered by numbers; a name is hashed once a step. Those who stand
//! in one queue are apart from one another (blocked, last partners), or they would have been matched: so queues are
//! short, and a scan looks at one or two.
//!
//! # Where things are
//!
//! | file | keeps |
//! |---|---|
//! | `pool` | the operations; `due`: those that come with time; `outcome`: what they return |
//! | `fit`, `scan` | whether two fit; looking for the one to take |
//! | `ticket`, `tickets`, `queue`, `proposed`, `timers` | who waits, by slot and writer; in which queues; in which matches; what is due when |
//! | `blocks`, `partners` | who does not meet whom |
//! | `slab`, `keyed` | things by small numbers; names that know their hash |
//!
//! [`MatchRules::scan`]: crate::MatchRules::scan
//! [`MatchRules::waiting`]: crate::MatchRules::waiting
//! [`MatchRules::widen`]: crate::MatchRules::widen
//! [`MatchRules::soft`]: crate::MatchRules::soft

mod blocks;
mod due;
mod fit;
mod keyed;
mod moves;
mod outcome;
mod partners;
mod pool;
mod proposed;
mod queue;
mod scan;
mod slab;
#[cfg(test)]
mod tests;
mod ticket;
mod tickets;
mod timers;

pub use outcome::{Confirming, Done, Judge, Pairing, Step};
pub use pool::Pool;
