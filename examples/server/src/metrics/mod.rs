//! What is counted, for Prometheus: everything that the crates tell the `metrics` facade, numbers of the engine and of the
//! process.
//!
//! Bounded: so many series, and no more. What would be beyond is not kept, and how much that was is itself counted. Names and labels come from
//! the source, never from users.

mod histogram;
mod process;
mod recorder;
mod text;

use std::sync::Arc;

use chat_core::Engine;

use self::recorder::{Recorder, Registry};
use self::text::Text;
use crate::store::Counted;

/// The type of what [`Metrics::render`] gives.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything that is counted.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
}

impl Metrics {
    /// From now on what the crates count is kept here. Once per process; later ones see nothing.
    pub(crate) fn install() -> Self {
        let registry = Arc::<Registry>::default();
        if metrics::set_global_recorder(Recorder(Arc::clone(&registry))).is_err() {
            tracing::warn!("somebody else counts already");
        }
        Self { registry }
    }

    /// All of it, as it is now.
    pub(crate) fn render(&self, engine: &Engine, store: &Counted) -> String {
        let mut text = Text::default();
        self.registry.render(&mut text);
        of_engine(engine, &mut text);
        of_store(store, &mut text);
        process::render(&mut text);
        text.finish()
    }
}

fn of_engine(engine: &Engine, text: &mut Text) {
    let stats = engine.stats();
    text.gauge("chat_sessions", "Sessions on this node now", stats.sessions as f64);
    text.gauge("chat_users", "Distinct users on this node now", stats.users as f64);
    text.gauge("chat_rooms_followed", "Rooms that this node has members in", stats.rooms as f64);
    text.counter("chat_resets_total", "Readers that lost their place in a log", stats.resets);
}

#[cfg(feature = "redis")]
fn of_store(store: &Counted, text: &mut Text) {
    let Some(stats) = &store.redis else { return };
    for (name, help, value) in [
        ("reconnects", "Connections to Redis made again after a loss", stats.reconnects()),
        ("missed", "Subscriptions made again, after which logs were read", stats.missed()),
        ("deaf", "Subscriptions found dead on an open connection", stats.deaf()),
        ("unreadable", "Published messages that could not be read", stats.unreadable()),
        ("mail_lost", "Matches and kicks that were gone when fetched", stats.mail_lost()),
    ] {
        text.counter(&format!("chat_redis_{name}_total"), help, value);
    }
}

#[cfg(not(feature = "redis"))]
fn of_store(_: &Counted, _: &mut Text) {}
