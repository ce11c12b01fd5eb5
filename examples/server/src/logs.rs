//! The log, on stderr: stdout is for the one line that says where the server listens.
//!
//! Nothing that users say, no token and no secret is ever logged, at any level: by whoever logs, since what is logged is chosen where
//! it happens.

use std::io::IsTerminal;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Log;
use crate::failure::Failure;

/// How much is logged.
const LEVEL: &str = "CHAT_LOG_LEVEL";

/// Begins logging.
pub(crate) fn begin(log: Log) -> Result<(), Failure> {
    let filter = filter(std::env::var(LEVEL).ok().as_deref().unwrap_or_default())?;
    let stderr = std::io::stderr;
    let layer = match log {
        Log::Pretty => tracing_subscriber::fmt::layer()
            .with_writer(stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .boxed(),
        Log::Json => {
            tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(stderr).boxed()
        }
    };
    // Only a second call could fail, and there is none.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    Ok(())
}

fn filter(text: &str) -> Result<Targets, Failure> {
    if text.trim().is_empty() {
        return Ok(Targets::new().with_default(LevelFilter::INFO));
    }
    text.parse().map_err(|_| {
        Failure::wrong(format!(
            "{LEVEL}: not a level (error, warn, info, debug, trace) or target=level,…"
        ))
    })
}
