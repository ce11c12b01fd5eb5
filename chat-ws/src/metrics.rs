//! Numbers for the operator, through the `metrics` facade: without a recorder they cost next to nothing.
//!
//! Handles are taken once, when a server is built, so a recorder has to be installed before that.

use metrics::{Counter, Gauge, Unit};

use crate::close::Close;

/// What is counted.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    /// Connections now.
    pub(crate) connections: Gauge,
    /// Connections that began.
    pub(crate) opened: Counter,
    /// Upgrades that were refused.
    pub(crate) refused: Counter,
    /// Commands that were carried out, or refused by the engine.
    pub(crate) commands: Counter,
    /// Commands that were refused, for whatever reason.
    pub(crate) errors: Counter,
    /// Commands that were refused by their rate.
    pub(crate) rate_limited: Counter,
    /// Events that were handed to connections.
    pub(crate) events: Counter,
    /// Bytes that were written.
    pub(crate) bytes: Counter,
    closed: Vec<(Close, Counter)>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        describe();
        let closed = Close::ALL.map(|close| {
            let counter = metrics::counter!("chat_ws_closed_total", "why" => close.as_str());
            (close, counter)
        });
        Self {
            connections: metrics::gauge!("chat_ws_connections"),
            opened: metrics::counter!("chat_ws_opened_total"),
            refused: metrics::counter!("chat_ws_refused_total"),
            commands: metrics::counter!("chat_ws_commands_total"),
            errors: metrics::counter!("chat_ws_errors_total"),
            rate_limited: metrics::counter!("chat_ws_rate_limited_total"),
            events: metrics::counter!("chat_ws_events_total"),
            bytes: metrics::counter!("chat_ws_sent_bytes_total"),
            closed: closed.to_vec(),
        }
    }

    pub(crate) fn closed(&self, why: Close) {
        if let Some((_, counter)) = self.closed.iter().find(|(close, _)| *close == why) {
            counter.increment(1);
        }
    }
}

fn describe() {
    metrics::describe_gauge!("chat_ws_connections", Unit::Count, "connections now");
    metrics::describe_counter!("chat_ws_opened_total", Unit::Count, "connections that began");
    metrics::describe_counter!("chat_ws_refused_total", Unit::Count, "upgrades that were refused");
    metrics::describe_counter!(
        "chat_ws_closed_total",
        Unit::Count,
        "connections closed by the server, by reason"
    );
    metrics::describe_counter!("chat_ws_commands_total", Unit::Count, "commands that were taken");
    metrics::describe_counter!("chat_ws_errors_total", Unit::Count, "commands that were refused");
    metrics::describe_counter!(
        "chat_ws_rate_limited_total",
        Unit::Count,
        "commands refused by their rate"
    );
    metrics::describe_counter!("chat_ws_events_total", Unit::Count, "events handed to connections");
    metrics::describe_counter!(
        "chat_ws_sent_bytes_total",
        Unit::Bytes,
        "bytes written to connections"
    );
}
